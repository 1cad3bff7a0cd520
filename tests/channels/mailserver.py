"""A mail server on a real socket that does what a script says, one step at a time; and hands to post mails with."""

import asyncio
from contextlib import asynccontextmanager, suppress

from backend.channels.base import Outgoing
from backend.channels.smtp import Smtp
from backend.channels.smtp_parcel import Timing
from backend.clock import HeldClock
from backend.domain.space import Sender
from backend.domain.template import EmailMessage

NOON = 1_795_608_000.0
DROP, HANG = object(), object()
QUICK = Timing(connect=5.0, answer=5.0, idle=5.0, close=0.5, pauses=(0.0,), most=100)
SENDER = Sender(address="bells@example.com", name="Carillon")
GOOD = {
    "greet": b"220 here\r\n",
    "EHLO": b"250-here\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n",
    "HELO": b"250 here\r\n",
    "MAIL": b"250 2.1.0 ok\r\n",
    "RCPT": b"250 2.1.5 ok\r\n",
    "DATA": b"354 go on\r\n",
    "final": b"250 2.0.0 queued as 4711\r\n",
    "RSET": b"250 2.0.0 ok\r\n",
    "QUIT": b"221 2.0.0 bye\r\n",
}
WHOLE = b"250-here\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE 1000000\r\n"  # as EHLO's answer: mails may come whole


def outgoing(n=1, *, to="mia@example.com", subject="Hello", text="Hi\n", html="<p>Hi</p>", sender=SENDER, headers=None, priority="normal"):
    return Outgoing(n.to_bytes(16, "big"), 1, n, "email", 1, to, EmailMessage(subject, html, text), sender, headers=headers or {}, priority=priority)


def number(mail: bytes) -> int:
    """Which `outgoing(n)` this mail is."""
    return int(mail.split(b"Message-ID: <")[1][:32], 16)


class MailServer:
    """`script(step, n)` may give the reply to a step (greet, EHLO, MAIL, RCPT, DATA, final ...) of the n-th mail of all, counted
    from 1; `DROP` closes, `HANG` says nothing more; None is the good reply, and a 421 is the last one. Replies are written in chunks of `chunk` bytes.
    As in Postfix a mail that failed without a recipient leaves its envelope open, and MAIL within one is refused."""

    def __init__(self, script=lambda step, n: None, chunk=0):
        self.script, self.chunk = script, chunk
        self.heard = []  # whole mails, dots still doubled
        self.taken = []  # those that were answered with 2xx
        self.verbs = []
        self.envelopes = []
        self.connections = 0
        self.nested = 0  # MAIL within an envelope
        self.mails = 0
        self._tasks = set()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 22)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._talk(reader, writer)
        writer.close()
        with suppress(Exception, asyncio.CancelledError):
            await writer.wait_closed()

    async def _say(self, writer, step, n):
        what = self.script(step, n)
        if what is DROP:
            raise ConnectionResetError
        if what is HANG:
            await asyncio.Event().wait()
        what = GOOD[step] if what is None else what
        for at in range(0, len(what), self.chunk or len(what)):
            writer.write(what[at : at + (self.chunk or len(what))])
            await writer.drain()
            if self.chunk:
                await asyncio.sleep(0)
        if what.startswith(b"421"):
            raise ConnectionAbortedError
        return what

    async def _talk(self, reader, writer):
        await self._say(writer, "greet", 0)
        n = 0
        valid = begun = False
        while True:
            line = await reader.readuntil(b"\r\n")
            verb = line.split()[0].decode().upper()
            self.verbs.append(verb)
            if verb == "MAIL" and begun:
                self.nested += 1
                writer.write(b"503 5.5.1 nested MAIL command\r\n")
                continue
            if verb == "MAIL":
                self.mails += 1
                n, valid = self.mails, True
            if verb in ("MAIL", "RCPT"):
                self.envelopes.append(line)
                good = (await self._say(writer, verb, n)).startswith(b"2")
                begun, valid = begun or (verb == "MAIL" and good), good and valid
            elif verb in ("DATA", "BDAT"):
                if verb == "DATA":
                    if not (await self._say(writer, verb, n)).startswith(b"3"):
                        continue
                    body = await reader.readuntil(b"\r\n.\r\n") if valid else await reader.readuntil(b".\r\n")
                else:
                    body = await reader.readexactly(int(line.split()[1]))
                    body = body.replace(b"\r\n.", b"\r\n..") + b".\r\n"
                begun = begun and verb == "BDAT" and not valid
                if not valid:
                    writer.write(b"554 5.5.1 nobody to take it\r\n")
                    continue
                self.heard.append(body)
                if (await self._say(writer, "final", n)).startswith(b"2"):
                    self.taken.append(body)
            else:
                begun = begun and verb != "RSET"
                await self._say(writer, verb, n)
                if verb == "QUIT":
                    return


@asynccontextmanager
async def server(script=lambda step, n: None, chunk=0):
    made = MailServer(script, chunk)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def provider(port, *, timing=QUICK, query="lanes=1", user=""):
    made = Smtp(f"smtp://{user}127.0.0.1:{port}?{query}", clock=HeldClock(NOON), timing=timing)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


class Answers:
    """Collects what `done` was called with, by number."""

    def __init__(self):
        self.of = {}
        self.order = []
        self._more = asyncio.Event()

    def post(self, made, mail, lane=0):
        n = int.from_bytes(mail.delivery, "big")

        def done(answer):
            self.of.setdefault(n, []).append(answer)
            self.order.append(n)
            self._more.set()

        made.post(lane, mail, done)

    async def all(self, count):
        async with asyncio.timeout(20):
            while len(self.order) < count:
                self._more.clear()
                await self._more.wait()
        assert all(len(answers) == 1 for answers in self.of.values())
        return {n: answers[0] for n, answers in self.of.items()}


async def send(port, *mails, **how):
    """The answers, by number."""
    answers = Answers()
    async with provider(port, **how) as made:
        for mail in mails:
            answers.post(made, mail)
        return await answers.all(len(mails))
