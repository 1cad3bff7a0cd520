"""Firebase as cheap as it gets: takes every message and every assertion. `python -m carillon.bench.sink_fcm PORT`; 0 takes a free one.

It reads what Carillon writes (HTTP/1.1, one Content-Length) and is no server for anybody else.
"""

import asyncio
from typing import cast

from carillon.bench.sinks import serve

TOKEN = b'{"access_token":"ya29.sink","expires_in":3600,"token_type":"Bearer"}'
TAKEN = b'{"name":"projects/bench/messages/0:1795608000000000%0000000000000000"}'


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


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
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._inbox) < end + 4 + size:
                return
            del self._inbox[: end + 4 + size]
            assert self._transport is not None
            self._transport.write(_answer(TOKEN if head.startswith(b"post /token") else TAKEN))


if __name__ == "__main__":
    serve(Session)
