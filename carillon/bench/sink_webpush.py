"""A push service as cheap as it gets: takes every message, over TLS. `python -m carillon.bench.sink_webpush PORT PEM`; port 0 takes a free one.

It reads what Carillon writes (HTTP/1.1, one Content-Length) and is no server for anybody else.
"""

import asyncio
import signal
import ssl
import sys
from typing import cast

import uvloop

TAKEN = b"HTTP/1.1 201 Created\r\nLocation: /m/1\r\nContent-Length: 0\r\n\r\n"


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._inbox = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one that does not say so

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        while (end := self._inbox.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._inbox[:end]).lower()
            size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
            if len(self._inbox) < end + 4 + size:
                return
            del self._inbox[: end + 4 + size]
            assert self._transport is not None
            self._transport.write(TAKEN)


async def main(port: int, pem: str) -> None:
    """Until SIGTERM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    server = await loop.create_server(Session, "127.0.0.1", port, ssl=context)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    loop.add_signal_handler(signal.SIGTERM, over.set)
    await over.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
