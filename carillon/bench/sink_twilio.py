"""Twilio's answer to a message, as quickly as a process can say it: the document it answers with, and nothing is looked at.

`python -m carillon.bench.sink_twilio PORT`. Port 0 takes a free one; the port is printed as the first line.
"""

import asyncio
import signal
import sys
from typing import cast

import uvloop

DOCUMENT = (
    b'{"account_sid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "api_version": "2010-04-01", "body": "Sent from your Twilio account", "date_created": '
    b'"Thu, 24 Aug 2023 05:01:45 +0000", "date_sent": null, "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000", "direction": "outbound-api", "error_code": null, '
    b'"error_message": null, "from": null, "num_media": "0", "num_segments": "1", "price": null, "price_unit": null, "messaging_service_sid": '
    b'"MGbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "sid": "SMaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "status": "accepted", "subresource_uris": {}, "to": "+4915112345678"}'
)
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(DOCUMENT), DOCUMENT)


class Sink(asyncio.Protocol):
    """One connection; requests follow each other on it."""

    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own kind of one

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end].lower()
            _, _, after = head.partition(b"content-length:")
            whole = end + 4 + int(after.split(b"\r\n", 1)[0] or 0)
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            self._transport.write(ANSWER)


async def serve(port: int) -> None:
    """Until it is told to stop."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    server = await loop.create_server(Sink, "127.0.0.1", port)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await over.wait()
    server.close()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
