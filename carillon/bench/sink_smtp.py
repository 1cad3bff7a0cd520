"""A mail server that takes everything, cheaply, and writes down the delivery id of each mail it took; it can be told to misbehave.

`python -m carillon.bench.sink_smtp PORT --file IDS`. Port 0 takes a free one; the port is printed as the first line.
It reads what Carillon writes (the Message-ID is <delivery>@<domain>) and is no mail server for anybody else.
"""

import asyncio
import contextlib
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

import click
import msgspec
import uvloop

MESSAGE_ID = re.compile(rb"\r\nMessage-ID:(?:\r\n)? <([0-9a-f]+)@", re.IGNORECASE)
ONCE = 0.2  # seconds between writes of the file


class Manner(msgspec.Struct, frozen=True):
    """How it behaves. `delay` seconds before the answer to a mail; `refuse` whole replies by verb (mail, rcpt, data, final);
    `hang`: take the mail and never answer; `drop`: take it and close instead of answering. `every`: only each n-th mail."""

    delay: float = 0.0
    refuse: Mapping[str, str] = {}
    hang: bool = False
    drop: bool = False
    every: int = 1
    pipelining: bool = True
    chunking: bool = True
    greeting: str = "220 sink ESMTP"


class Sink:
    """One server. `ids` are kept when no file is given; `connections` counts all that were ever opened."""

    def __init__(self, file: Path | None = None, manner: Manner | None = None) -> None:
        self.manner = manner or Manner()
        self.ids: list[str] = []
        self.count = self.connections = 0
        self._file: IO[bytes] | None = file.open("ab", 1 << 16) if file else None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    async def start(self, port: int = 0) -> int:
        """Listen on the loopback; returns the port."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Session(self), "127.0.0.1", port, backlog=1024)
        return int(self._server.sockets[0].getsockname()[1])

    def flush(self) -> None:
        """Write to the file what was taken so far."""
        if self._file:
            self._file.flush()

    async def close(self) -> None:
        """Stop, dropping what is connected."""
        if self._server:
            self._server.close()
        for transport in tuple(self._open):
            transport.abort()
        if self._server:
            await self._server.wait_closed()
        if self._file:
            self._file.close()
            self._file = None

    def took(self, mail: bytes) -> None:
        """One mail was heard."""
        self.count += 1
        found = MESSAGE_ID.search(mail)
        made = found[1] if found else b"?"
        if self._file:
            self._file.write(made + b"\n")
        else:
            self.ids.append(made.decode())


class _Session(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink, self._buf, self._data = sink, b"", False
        self._chunk = -1  # bytes of the mail that come now (BDAT)
        self._odd = False  # this mail is one of those treated badly
        self._void = False  # nobody is there to take it
        self._mute = False
        self._n = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sink.connections += 1
        self._sink._open.add(self._transport)  # noqa: SLF001 - two halves of one thing
        self._transport.write(self._sink.manner.greeting.encode() + b"\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink._open.discard(self._transport)  # noqa: SLF001

    def data_received(self, data: bytes) -> None:
        self._buf += data
        if self._mute:
            return
        out: list[bytes] = []
        while True:
            if self._chunk >= 0:
                if len(self._buf) < self._chunk:
                    break
                mail, self._buf, self._chunk = self._buf[: self._chunk], self._buf[self._chunk :], -1
                refused = self._refused("data")
                if refused:
                    out.append(refused + b"\r\n")
                elif not self._final(mail, out):
                    return
                continue
            if self._data:
                end = self._buf.find(b"\r\n.\r\n")
                if end < 0:
                    break
                mail, self._buf, self._data = self._buf[:end], self._buf[end + 5 :], False
                if not self._final(mail, out):
                    return
                continue
            end = self._buf.find(b"\r\n")
            if end < 0:
                break
            line, self._buf = self._buf[:end], self._buf[end + 2 :]
            verb = line[:4].upper()
            if verb == b"BDAT" and self._sink.manner.chunking:
                self._chunk = int(line.split()[1])
                continue
            out.append(self._reply(verb) + b"\r\n")
        if out:
            self._transport.write(b"".join(out))

    def _reply(self, verb: bytes) -> bytes:
        manner = self._sink.manner
        if verb == b"EHLO":
            offers = [b"PIPELINING"] * manner.pipelining + [b"CHUNKING"] * (manner.pipelining and manner.chunking) + [b"8BITMIME"]
            return b"250-sink\r\n" + b"".join(b"250-%b\r\n" % one for one in offers[:-1]) + b"250 " + offers[-1]
        if verb == b"QUIT":
            asyncio.get_running_loop().call_soon(self._transport.close)
            return b"221 2.0.0 bye"
        if verb == b"MAIL":
            self._n += 1
            self._odd, self._void = self._n % manner.every == 0, False
        if refused := self._refused(verb.decode("ascii", "replace").lower()):
            return refused
        self._data = verb == b"DATA"
        return b"354 go on" if self._data else b"250 2.0.0 ok"

    def _refused(self, word: str) -> bytes:
        """What is said instead; empty when it is taken."""
        manner = self._sink.manner
        if self._odd and word in manner.refuse:
            self._void = True
            return manner.refuse[word].encode()
        return b"554 5.5.1 no valid recipients" if word == "data" and self._void else b""

    def _final(self, mail: bytes, out: list[bytes]) -> bool:
        """Answer a mail; False when nothing more is said on this connection."""
        manner = self._sink.manner
        refused = manner.refuse.get("final") if self._odd else None
        if refused:
            out.append(refused.encode() + b"\r\n")
            return True
        self._sink.took(mail)
        if self._odd and (manner.hang or manner.drop):
            if out:
                self._transport.write(b"".join(out))
            self._mute = True
            if manner.drop:
                self._transport.close()
            return False
        out.append(b"250 2.0.0 taken\r\n")
        if self._odd and manner.delay:
            self._transport.pause_reading()
            answer = b"".join(out)
            asyncio.get_running_loop().call_later(manner.delay, self._late, answer)
            return False
        return True

    def _late(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)
            self._transport.resume_reading()
            self.data_received(b"")  # what came with the mail


@click.command()
@click.argument("port", type=click.IntRange(0, 65535))
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Append each delivery id here.")
@click.option("--delay", default=0.0, help="Seconds before the answer to a mail.")
@click.option(
    "--refuse", multiple=True, metavar="VERB=REPLY", help='For example rcpt="550 5.1.1 no such user"; verbs mail, rcpt, data, final.'
)
@click.option("--hang", is_flag=True, help="Take a mail and never answer.")
@click.option("--drop", is_flag=True, help="Take a mail and close instead of answering.")
@click.option("--every", default=1, type=click.IntRange(1), help="Misbehave with each n-th mail of a connection only.")
@click.option("--pipelining/--no-pipelining", default=True)
@click.option("--chunking/--no-chunking", default=True)
def main(port: int, file: Path | None, delay: float, refuse: tuple[str, ...], hang: bool, drop: bool, every: int, pipelining: bool, chunking: bool) -> None:
    """A mail server that takes everything."""
    manner = Manner(delay, dict(one.split("=", 1) for one in refuse), hang, drop, every, pipelining, chunking)
    uvloop.run(_open(port, file, manner))


async def serve(sink: Sink, port: int) -> None:
    """Until SIGTERM or Ctrl-C; prints the port."""
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    print(await sink.start(port), flush=True)
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), ONCE)
        sink.flush()
    await sink.close()


async def _open(port: int, file: Path | None, manner: Manner) -> None:
    await serve(Sink(file, manner), port)


if __name__ == "__main__":
    main()
