"""One connection to a mail server, once it is open: mails in order, each answered (RFC 5321; PIPELINING, RFC 2920; CHUNKING, RFC 3030).

Where the server offers PIPELINING, the envelope goes in one write, and the next envelope rides behind the body of the mail
before it. Where it offers CHUNKING too, mails go whole, several in one write: BDAT says how long a body is, so nothing waits for a go-ahead. Not so the
first one after a silence, when the connection may have ended unseen.
The promise is about the end of the body: before it has been written, nothing of a mail was taken; after it, and before the answer, nobody knows.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import cast

from backend.channels.base import Answer
from backend.channels.smtp_parcel import Parcel, Timing, Unreachable
from backend.channels.smtp_replies import Phase, answer_of, words

BIG = 65_536  # bytes; the dot of a longer body is written when the body has left, so that a break amid it is no riddle
AHEAD = 4  # mails on their way whole at once: so many nobody knows of if the connection breaks (8 are no quicker)
SLOW = 0.1  # seconds for a mail: a server that takes longer has one at a time, for what was begun cannot be called back
LIVE = 1.0  # seconds after its last word in which a server is thought to be there
UNKNOWN_COMMAND = (b"500", b"502", b"504")
LINE, LINES = 8_192, 100  # of one reply; a server that says more is cut off
DOT = b".\r\n"
QUICKACK = getattr(socket, "TCP_QUICKACK", 0)  # Linux


# what the next reply answers; plain numbers, because members of an enum take longer to look up than a reply to read
MAIL, RCPT, DATA, FINAL, RSET = range(5)
PHASES: tuple[Phase, ...] = ("mail", "rcpt", "data", "final")


class Link(asyncio.Protocol):
    """See the module. First `ask` (opening), then `serve`: from there on `take` gives the next mail, `gone` gets what nobody
    has heard of when the connection ends."""

    def __init__(self, timing: Timing) -> None:
        self._loop, self._timing = asyncio.get_running_loop(), timing
        self.extensions: dict[str, str] = {}
        self.greeting = ""
        self.served = 0  # mails that got a word of their own
        self._transport: asyncio.Transport | None = None
        self._tail, self._lines = b"", list[bytes]()
        self._early: deque[list[bytes]] = deque()  # replies while opening
        self._asked: asyncio.Future[None] | None = None
        self._expect: deque[int] = deque()
        self._flight: deque[Parcel] = deque()  # mails that are not answered yet: the one being sent and the one whose envelope rides behind it, or those that went whole
        self.taken = 0  # mails begun
        self._pipelining, self._chunking, self._dsn, self._size = False, False, False, 0
        self.cut = False  # it ended with whole mails on their way, or the server does not know them
        self._soon = False  # mails are taken when whoever brings them has brought all
        self._heard = 0.0  # when the server last said something
        self._since = 0.0  # when it could begin with the mail that it has to answer next
        self._most = 1  # mails on their way whole; how quick it is shows with the first
        self._old = float("inf")  # when it is closed for its age
        self._reset = self._paused = self._over = False
        self._ending = False  # we are closing
        self._leaving = False  # the server is
        self._owed: Parcel | None = None  # its body is on the way, its dot follows
        self._deadline = 0.0
        self._looks = float("inf")  # when the timer looks at it
        self._timer: asyncio.TimerHandle | None = None
        self._take: Callable[[], Parcel | None] | None = None
        self._gone: Callable[[Link, Sequence[Parcel]], None] | None = None
        self._why = ("connection_lost", "The mail server closed the connection.")
        self.closed = self._loop.create_future()

    # ---- opening
    @property
    def transport(self) -> asyncio.Transport:
        """Of the open connection. Raises `Unreachable` when it is gone."""
        if self._transport is None or self._over:
            raise Unreachable(*self._why)
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    async def ask(self, line: bytes = b"") -> list[bytes]:
        """Write a command (none: wait for the greeting), return the lines of its reply. Raises `Unreachable`."""
        if line:
            self.transport.write(line + b"\r\n")
        try:
            async with asyncio.timeout(self._timing.answer):
                while not self._early:
                    if self._over:
                        raise Unreachable(*self._why)
                    self._asked = self._loop.create_future()
                    await self._asked
        except TimeoutError:
            raise Unreachable("timeout", f"The mail server did not answer within {self._timing.answer:g} seconds.") from None
        return self._early.popleft()

    @property
    def clean(self) -> bool:
        """Nothing stands unread: what was said before TLS must not count after it."""
        return not (self._early or self._tail or self._lines)

    def serve(self, take: Callable[[], Parcel | None], gone: "Callable[[Link, Sequence[Parcel]], None]", *, whole: bool = False) -> None:
        """The connection is ready for mail. `whole`: mails may go so where the server offers it."""
        self._take, self._gone = take, gone
        self._pipelining, self._dsn = "PIPELINING" in self.extensions, "DSN" in self.extensions
        self._chunking = bool(whole and QUICKACK) and self._pipelining and "CHUNKING" in self.extensions
        self._old = self._loop.time() + self._timing.age
        size = self.extensions.get("SIZE", "")
        self._size = int(size) if size.isdigit() and len(size) < 16 else 0
        self._until(self._timing.idle)
        if self._over:  # lost between the last reply and now
            gone(self, ())
        else:
            self.pump()

    # ---- sending
    def pump(self) -> None:
        """There may be a mail to take."""
        if self._over or self._ending or self._leaving:
            return
        if self._chunking:
            if not self._soon:
                self._soon = True
                self._loop.call_soon(self._pump_soon)
            return
        if not self._flight or (self._pipelining and len(self._flight) == 1 and self._flight[0].dotted):
            envelope = self._next()
            if envelope:
                self._write(envelope)
        if not self._flight and self._spent():
            self.quit()

    def _pump_soon(self) -> None:
        self._soon = False
        if self._over or self._ending or self._leaving:
            return
        if mails := self._ahead():
            self._write(mails)
        if not self._flight and self._spent():
            self.quit()

    def _ahead(self) -> bytes:
        """Take as many as may be on their way: what to write for them."""
        mails: list[bytes] = []
        size = 0
        while len(self._flight) < self._most and size < BIG and not self._paused and (not self._flight or self._flight[-1].dotted):
            mail = self._next()
            if not mail:
                break
            mails.append(mail)
            size += len(mail)
        return b"".join(mails)

    def _spent(self) -> bool:
        """It has carried as much as one connection shall."""
        return self.taken >= self._timing.most or (self.taken > 0 and self._loop.time() >= self._old)

    def _next(self) -> bytes:
        """Take the next mail: what to write for it, empty when there is none."""
        assert self._take is not None
        while not (self._spent() or self._ending or self._leaving) and (parcel := self._take()) is not None:
            if self._size and len(parcel.body) > self._size:
                parcel.answer(
                    Answer("refused", "5.3.4", f"The mail has {len(parcel.body)} bytes; the server takes {self._size}. Make it smaller.")
                )
                continue
            self.taken += 1
            if not self._flight:
                self._since = monotonic()
            self._flight.append(parcel)
            if self._chunking and len(parcel.body) <= BIG and (len(self._flight) > 1 or monotonic() - self._heard < LIVE):
                return self._whole(parcel)
            before = b""
            if self._reset or (self._chunking and len(self._flight) > 1):
                self._reset, before = False, b"RSET\r\n"
                self._expect.append(RSET)
                if not self._pipelining:
                    return before
            self._expect.append(MAIL)
            if not self._pipelining:
                return parcel.mail_from(self._dsn)
            self._expect += (RCPT, DATA)
            return b"%b%b%bDATA\r\n" % (before, parcel.mail_from(self._dsn), parcel.rcpt_to(self._dsn))
        return b""

    def _whole(self, parcel: Parcel) -> bytes:
        """All of a mail. How the one before it ends is not known yet, and one that failed would leave its envelope behind: RSET."""
        parcel.dotted = parcel.whole = True
        before = b""
        if self._reset or len(self._flight) > 1:
            self._reset, before = False, b"RSET\r\n"
            self._expect.append(RSET)
        self._expect += (MAIL, RCPT, FINAL)
        return b"%b%b%bBDAT %d LAST\r\n%b" % (before, parcel.mail_from(self._dsn), parcel.rcpt_to(self._dsn), len(parcel.body), parcel.body)

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._until(self._timing.answer)
        self._transport.write(data)

    def _send(self, parcel: Parcel) -> None:
        """The body, and where there is room the next envelope."""
        self._expect.append(FINAL)
        body = parcel.body.replace(b"\r\n.", b"\r\n..")  # RFC 5321, 4.5.2; a mail begins with a header, never with a dot
        if len(body) > BIG:
            self._owed = parcel
            self._write(body)
            if not self._paused:
                self._dot()
            return
        parcel.dotted = True
        behind = self._ahead() if self._chunking else self._next() if self._pipelining else b""
        self._write(b"%b%b%b" % (body, DOT, behind))

    def _dot(self) -> None:
        parcel, self._owed = self._owed, None
        if parcel is not None:
            parcel.dotted = True
            self._write(DOT)
            self.pump()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._dot()

    # ---- replies
    def data_received(self, data: bytes) -> None:
        self._heard = monotonic()  # the loop's time stands still for a millisecond, in which several are answered
        lines = (self._tail + data if self._tail else data).split(b"\n")
        self._tail = lines.pop()
        for line in lines:
            if self._over:
                return None
            line = line.rstrip(b"\r")  # noqa: PLW2901
            if len(line) > LINE or len(self._lines) >= LINES or not line[:3].isdigit():
                return self._end("protocol", f"The mail server said what is no reply: {words([line[:200]])}")
            if line[3:4] == b"-":
                self._lines.append(line)
                continue
            if self._lines:
                whole, self._lines = [*self._lines, line], []
            else:
                whole = [line]
            self._reply(line[:3], whole)
        if len(self._tail) > LINE:
            self._end("protocol", "The mail server said a line that does not end.")
        if self._chunking and self._flight:
            self._hurry()
        return None

    def _hurry(self) -> None:
        """Servers say that they take the envelope, and then (RFC 896) wait until we have got that before they say what became of the mail; our machine would
        wait 40 ms, for something of ours to ride on (RFC 1122, 4.2.3.2). The system forgets this at its next chance."""
        if not self._over and self._transport is not None and (sock := self._transport.get_extra_info("socket")) is not None:
            with contextlib.suppress(OSError):  # it ends just now
                sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)

    def _reply(self, code: bytes, lines: list[bytes]) -> None:
        if self._take is None:
            self._early.append(lines)
            if self._asked and not self._asked.done():
                self._asked.set_result(None)
            return
        if not self._expect:  # "421 idle too long" and the like
            self._end(code.decode(), f"The mail server ended the connection: {words(lines)}")
            return
        self._until(self._timing.answer)
        step, kind = self._expect.popleft(), code[:1]
        parcel = self._flight[0]
        self._leaving = code == b"421"
        if step == RSET:
            if not self._pipelining and not self._leaving:
                self._expect.append(MAIL)
                self._write(parcel.mail_from(self._dsn))
        elif step == FINAL and parcel.whole and parcel.trouble is None and code in UNKNOWN_COMMAND:
            self._end("chunking", f"The mail server offers CHUNKING and does not know BDAT: {words(lines)}")
            return
        elif step == FINAL:
            early = not parcel.dotted and parcel.trouble is None  # a word amid the body: no mail was taken
            if early and kind not in b"45":
                self._end("protocol", f"The mail server answered before the end of the mail: {words(lines)}")
                return
            self._leaving = self._leaving or early
            self._land(parcel, parcel.trouble or answer_of("final", lines))
            if early:
                self._end("protocol", "The mail server did not take the whole mail.")
                return
        elif step == DATA and kind == b"3":
            if parcel.trouble is None:
                self._send(parcel)
            else:  # refused, and yet it waits for a body: an empty one for nobody (RFC 2920, 3.1)
                self._expect.append(FINAL)
                self._write(DOT)
        elif step == DATA or kind != b"2":
            parcel.trouble = parcel.trouble or answer_of(PHASES[step], lines)
            if step == DATA or not self._pipelining or self._leaving:
                self._reset = True
                self._land(parcel, parcel.trouble)
        elif not self._pipelining:
            self._expect.append(RCPT if step == MAIL else DATA)
            self._write(parcel.rcpt_to(self._dsn) if step == MAIL else b"DATA\r\n")
        if self._leaving:
            self._end("421", f"The mail server ended the connection: {words(lines)}")

    def _land(self, parcel: Parcel, answer: Answer) -> None:
        self._flight.popleft()
        self._owed = None
        if self._heard > self._since:  # else it came in one with the answer before it
            self._most = AHEAD if self._heard - self._since < SLOW else 1
            self._since = self._heard
        self.served += not self._leaving
        parcel.answer(answer)
        if not self._flight:
            self._until(self._timing.idle)
            if self._ending:
                self.quit()
                return
        self.pump()

    # ---- ending
    def _until(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds
        if self._deadline < self._looks:
            if self._timer:
                self._timer.cancel()
            self._look_in(seconds)

    def _look_in(self, seconds: float) -> None:
        self._looks = self._loop.time() + seconds
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """The one timer: it looks again when the deadline has moved, which it does with every reply; a new timer each time would cost more."""
        left = self._deadline - self._loop.time()
        if left > 0.001:
            self._look_in(left)
        elif self._flight:
            self._end("timeout", f"The mail server did not answer within {self._timing.answer:g} seconds.")
        else:
            self.quit()

    def quit(self) -> None:
        """Say goodbye and close; nothing may fly any more."""
        if self._transport is not None and not self._over:
            self._transport.write(b"QUIT\r\n")
            self._end("closed", "Carillon closed the connection.", gently=True)

    async def finish(self, patience: float) -> None:
        """Take no further mail; return when what flies was answered, or so many seconds are over."""
        self._ending = True
        if not self._flight:
            self.quit()
        await asyncio.wait([self.closed], timeout=patience)
        self._end("closed", "Carillon stopped before the mail server answered.")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(self._why[0], f"{self._why[1]} {exc}" if exc else self._why[1])

    def _end(self, code: str, why: str, gently: bool = False) -> None:
        if self._over:
            return
        self._over, self._why = True, (code, why)
        if self._timer:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close() if gently else self._transport.abort()
        if self._asked and not self._asked.done():
            self._asked.set_result(None)
        answers: list[tuple[Parcel, Answer]] = []
        back: list[Parcel] = []
        if code in ("421", "chunking"):  # it said so before it came to any of these
            for parcel in self._flight:
                parcel.dotted = False
        self.cut = code == "chunking" or sum(parcel.whole and parcel.dotted for parcel in self._flight) > 1
        for n, parcel in enumerate(self._flight):
            if parcel.dotted:
                answers.append((parcel, Answer("unknown", code, why)))
            elif parcel.trouble:
                answers.append((parcel, parcel.trouble))
            elif (self.served or code == "chunking") and not parcel.again and not self._ending and not (code == "timeout" and n == 0):
                parcel.again, parcel.whole = True, False  # an old connection that had ended unseen: nothing of the mail was taken
                back.append(parcel)
            else:
                answers.append((parcel, Answer("temporary", code, why)))
        self._flight.clear()
        if not self.closed.done():
            self.closed.set_result(None)
        if self._gone is not None:
            self._gone(self, back)
        for parcel, answer in answers:
            parcel.answer(answer)
