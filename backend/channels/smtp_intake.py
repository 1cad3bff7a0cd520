"""A mail server for what comes back, and for nothing else: it takes reports with the null sender to addresses that we signed (verp.py), relays nothing,
and keeps nothing: a report is answered with 250 once its receipt is in the log.

Anybody may connect: what is long, slow or wrong is cut off, and few are served at a time.
"""

import asyncio
import contextlib
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from backend.channels.reports import LARGEST
from backend.domain.errors import Unavailable

log = logging.getLogger("carillon.channels")

AT_ONCE, OF_ONE = 50, 10  # connections, and those of one peer
LINE = 2_048  # bytes of a command
READ = 65_536  # bytes read at once
LINE_TIME = 30.0  # seconds until a command must be there
MAIL_TIME = 120.0  # seconds for a whole report
WRONG = 10  # commands we do not take before we hang up
RECIPIENTS = 10  # of one report; each mail of ours has one
COMMANDS = 200  # of one connection

_PATH = re.compile(r"<([^<>\s]{0,320})>")

Take = Callable[[bytes, Sequence[str]], Awaitable[None]]


class Cut(Exception):
    """This connection is over; said to the other side."""


class Intake:
    """`known`: whether an address is one that we signed. `take`: a report and whom it is for; raises `Unavailable` when it shall come again."""

    def __init__(self, host: str, port: int, *, known: Callable[[str], bool], take: Take, line_time: float = LINE_TIME, mail_time: float = MAIL_TIME) -> None:
        self._host, self._port, self._known, self._take = host, port, known, take
        self._line_time, self._mail_time = line_time, mail_time
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], str] = {}
        self.port = port

    async def start(self) -> None:
        """Listen. Several processes share the port: each can read what comes back to any. Raises `OSError`."""
        self._server = await asyncio.start_server(self._serve, self._host or None, self._port, limit=READ, reuse_port=True, backlog=64)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up: who was not answered comes again."""
        if self._server:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._server:
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, peer = asyncio.current_task(), str((writer.get_extra_info("peername") or ("?",))[0])
        assert task is not None
        busy = len(self._open) >= AT_ONCE or Counter(self._open.values())[peer] >= OF_ONE
        self._open[task] = peer
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                if busy:
                    writer.write(b"421 4.7.0 too many connections; come again\r\n")
                else:
                    await _Talk(self, reader, writer).run()
        finally:
            del self._open[task]
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)


class _Talk:
    """One connection."""

    def __init__(self, intake: Intake, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._intake, self._reader, self._writer = intake, reader, writer
        self._held = bytearray()  # read and not used yet
        self._from: str | None = None
        self._to: list[str] = []

    async def run(self) -> None:
        await self._say("220 Carillon takes reports of its own mails")
        wrong = 0
        try:
            for _ in range(COMMANDS):
                verb, rest = await self._command()
                if verb == "QUIT":
                    await self._say("221 2.0.0 bye")
                    return
                answer = await self._answer(verb, rest)
                wrong += answer[:1] == "5"
                await self._say(answer)
                if wrong >= WRONG:
                    raise Cut("421 4.7.0 too much that is not taken here")
            raise Cut("421 4.7.0 enough for one connection")
        except Cut as cut:
            await self._say(str(cut))

    async def _command(self) -> tuple[str, str]:
        held = self._held
        try:
            async with asyncio.timeout(self._intake._line_time):  # noqa: SLF001 - two halves of one thing
                while (end := held.find(b"\n", 0, LINE)) < 0:
                    if len(held) >= LINE:
                        raise Cut("500 5.5.2 that line is too long")
                    await self._more()
        except TimeoutError:
            raise Cut("421 4.4.2 you are slow; come again") from None
        line = bytes(held[:end])
        del held[: end + 1]
        verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        return verb.upper(), rest.strip()

    async def _answer(self, verb: str, rest: str) -> str:
        match verb:
            case "EHLO":
                self._from, self._to = None, []
                return f"250-Carillon\r\n250-SIZE {LARGEST}\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES"
            case "HELO" | "RSET":
                self._from, self._to = None, []
                return "250 2.0.0 ok"
            case "NOOP":
                return "250 2.0.0 ok"
            case "MAIL":
                return self._mail(rest)
            case "RCPT":
                return self._rcpt(rest)
            case "DATA":
                return await self._data()
            case _:
                return "502 5.5.1 not known here"

    def _mail(self, rest: str) -> str:
        found = _PATH.search(rest) if rest[:5].upper() == "FROM:" else None
        if not found:
            return "501 5.5.4 write it like MAIL FROM:<>"
        size = re.search(r"(?i)\bSIZE=(\d{1,20})\b", rest)
        if size and int(size[1]) > LARGEST:
            return "552 5.3.4 larger than a report may be"
        if found[1]:
            return "550 5.7.1 only reports are taken here, and those have no sender"
        self._from, self._to = "", []
        return "250 2.1.0 ok"

    def _rcpt(self, rest: str) -> str:
        if self._from is None:
            return "503 5.5.1 MAIL comes first"
        found = _PATH.search(rest) if rest[:3].upper() == "TO:" else None
        if not found or not found[1]:
            return "501 5.5.4 write it like RCPT TO:<address>"
        if len(self._to) >= RECIPIENTS:
            return "452 4.5.3 too many recipients"
        if not self._intake._known(found[1]):  # noqa: SLF001
            return "550 5.1.1 no such address here"
        self._to.append(found[1])
        return "250 2.1.5 ok"

    async def _data(self) -> str:
        if not self._to:
            return "503 5.5.1 RCPT comes first"
        await self._say("354 go on, end with a dot")
        try:
            async with asyncio.timeout(self._intake._mail_time):  # noqa: SLF001
                raw = await self._body()
        except TimeoutError:
            raise Cut("421 4.4.2 you are slow; come again") from None
        to, self._from, self._to = self._to, None, []
        try:
            await self._intake._take(raw, to)  # noqa: SLF001
        except Unavailable:
            return "451 4.3.0 it cannot be kept now; come again"
        except Exception:
            log.exception("a report could not be taken")
            return "451 4.3.0 it cannot be kept now; come again"
        return "250 2.0.0 taken"

    async def _body(self) -> bytes:
        """Up to CRLF dot CRLF and nothing else (a bare LF ends no mail, or one could hide another), its doubled dots single again."""
        held, seen = self._held, 0
        while True:
            if held[:3] == b".\r\n":
                del held[:3]
                return b""
            if (end := held.find(b"\r\n.\r\n", max(0, seen - 4))) >= 0:
                break
            seen = len(held)
            if seen > LARGEST:
                raise Cut("552 5.3.4 larger than a report may be")
            await self._more()
        body = bytes(held[: end + 2]).replace(b"\r\n..", b"\r\n.")
        del held[: end + 5]  # what stands behind it is the next command: servers write it in one go (RFC 2920)
        return body

    async def _more(self) -> None:
        more = await self._reader.read(READ)
        if not more:
            raise asyncio.IncompleteReadError(b"", None)
        self._held += more

    async def _say(self, text: str) -> None:
        self._writer.write(text.encode() + b"\r\n")
        async with asyncio.timeout(self._intake._line_time):  # noqa: SLF001
            await self._writer.drain()
