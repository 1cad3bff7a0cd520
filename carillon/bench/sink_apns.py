"""Apple as cheap as it gets: HTTP/2 over TLS that takes every message. `python -m carillon.bench.sink_apns PORT --file CERTIFICATE`, key and
certificate in one file.

It knows just enough of HTTP/2 to answer what Carillon writes, and is no server for anybody else: headers are not looked at.
"""

import asyncio
import ssl
import struct
import sys
from typing import cast

from carillon.bench.sinks import serve

PREFACE = 24  # bytes
_head = struct.Struct(">HBBBL")
_long = struct.Struct(">L")


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._inbox, self._begun, self._eaten = bytearray(), False, 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one that does not say so
        self._transport.write(_head.pack(0, 6, 4, 0, 0) + struct.pack(">HL", 3, 1_000))  # as many streams as Apple allows

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        at, out = 0, bytearray()
        if not self._begun:
            if len(self._inbox) < PREFACE:
                return
            self._begun, at = True, PREFACE
        while len(self._inbox) - at >= 9:
            high, low, kind, flags, stream = _head.unpack_from(self._inbox, at)
            size = (high << 8) + low
            if len(self._inbox) - at < 9 + size:
                break
            at += 9 + size
            if kind == 4 and not flags & 1:
                out += _head.pack(0, 0, 4, 1, 0)
            elif kind == 6 and not flags & 1:
                out += _head.pack(0, 8, 6, 1, 0) + bytes(8)
            elif kind == 0:
                self._eaten += size
                if flags & 1:
                    out += _head.pack(0, 1, 1, 5, stream) + b"\x88"  # :status 200 of the static table
        if self._eaten >= 16_384:
            out += _head.pack(0, 4, 8, 0, 0) + _long.pack(self._eaten)
            self._eaten = 0
        del self._inbox[:at]
        assert self._transport is not None
        self._transport.write(bytes(out))


def _context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(sys.argv[sys.argv.index("--file") + 1])
    made.set_alpn_protocols(["h2"])
    return made


if __name__ == "__main__":
    serve(Session, _context())
