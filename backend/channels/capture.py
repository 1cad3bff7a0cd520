"""Capture: the provider of the embedded engines for e-mail, push and SMS. It keeps what it was given and shows it to people.

It can be told to misbehave as real providers do: slow, failing, refusing, hanging, bouncing. What it keeps is sealed, and
leaves nothing: no message that goes here ever reaches the outside.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Literal, Protocol

import msgspec

from backend.channels.base import Answer, Outgoing
from backend.channels.mail import mail_of
from backend.clock import Clock
from backend.domain.errors import HeaderUnsafe, Unavailable
from backend.domain.receipt import Receipt
from backend.domain.template import EmailMessage, Message
from backend.security.sealing import Sealer

log = logging.getLogger("carillon.channels")

Mode = Literal["ok", "slow", "fail", "refuse", "hang", "bounce"]
ONCE = 200  # messages kept in one transaction
AGAIN = 0.5  # seconds until a store that is away is asked again
TRIES = 10


class Behaviour(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the provider does with a message: `seconds` of slowness; `share` of the messages it does it to (0 to 1)."""

    mode: Mode = "ok"
    seconds: float = 1.0
    share: float = 1.0


class Captured(msgspec.Struct, frozen=True):
    """What was kept of one attempt, sealed as one blob. `mail` is the whole mail as a server would get it."""

    address: str
    message: Message
    attempt: int
    category: str
    sender: str = ""
    mail: str = ""


class Kept(msgspec.Struct, frozen=True):
    """One row to keep: a repeat of (space, delivery, attempt) is the same row."""

    space: int
    delivery: bytes
    channel: str
    person: int
    attempt: int
    at: float
    sealed: bytes


class Shelf(Protocol):
    """Where captures are kept (the store, behind the app)."""

    async def keep(self, rows: Sequence[Kept]) -> None: ...

    async def behaviour(self, channel: str) -> Behaviour: ...


class Capture:
    """The capture provider of one channel."""

    lanes, open_limit, patience, rate = 8, 256, 60.0, 0

    def __init__(self, channel: str, *, shelf: Shelf, sealer: Sealer, clock: Clock, report: Callable[[Receipt], Awaitable[None]]) -> None:
        self.key, self.channel, self.route = f"capture-{channel}", channel, channel
        self._shelf, self._sealer, self._clock, self._report = shelf, sealer, clock, report
        self._rows: list[tuple[Outgoing, str, Callable[[Answer], None]]] = []  # with the mail, of e-mail
        self._closing = asyncio.Event()
        self._flushing: asyncio.Task[None] | None = None
        self._late: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing to connect to."""

    async def close(self, patience: float | None = None) -> None:
        """Answer what waits without waiting any longer."""
        self._closing.set()
        if self._flushing:
            await self._flushing
        await asyncio.gather(*self._late)

    async def reachable(self) -> str:
        return "Capture keeps every message here and sends none."

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        try:
            mail = mail_of(outgoing, self._clock.now()).decode() if self.channel == "email" else ""
        except HeaderUnsafe as unsafe:  # as it would be refused on its way out
            done(Answer("refused", unsafe.code(), unsafe.detail))
            return
        self._rows.append((outgoing, mail, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """What is not being kept yet."""
        back = [row for row in self._rows if row[0].delivery in deliveries]
        self._rows = [row for row in self._rows if row[0].delivery not in deliveries]
        for _, _, done in back:
            done(answer)

    async def _flush(self) -> None:
        """Keep and answer in the order given, as many at once as stand there."""
        while self._rows:
            rows, self._rows = self._rows[:ONCE], self._rows[ONCE:]
            try:
                behaviour = await self._shelf.behaviour(self.channel)
                taken = [row for row in rows if self._takes(behaviour, row[0])]
                others = [row for row in rows if not self._takes(behaviour, row[0])]
                if behaviour.mode == "slow" and taken:
                    await self._wait(behaviour.seconds)
                kept = rows if behaviour.mode in ("ok", "slow", "bounce") else others
                if kept:
                    await self._shelf.keep([self._kept(outgoing, mail) for outgoing, mail, _ in kept])
            except Unavailable as away:
                for _, _, done in rows:
                    done(Answer("temporary", "capture_away", away.detail))
                continue
            except Exception as error:  # a mistake of ours must not leave messages without an answer
                log.exception("captures could not be kept")
                for _, _, done in rows:
                    done(Answer("temporary", "failed", f"{type(error).__name__}: {error}"))
                continue
            for outgoing, _, done in rows:
                self._answer(behaviour if self._takes(behaviour, outgoing) else Behaviour(), outgoing, done)

    @staticmethod
    def _takes(behaviour: Behaviour, outgoing: Outgoing) -> bool:
        """Whether a message is among the share that is treated badly: always the same answer for the same delivery."""
        return behaviour.mode != "ok" and int.from_bytes(outgoing.delivery[-4:], "big") < behaviour.share * 2**32

    def _kept(self, outgoing: Outgoing, mail: str) -> Kept:
        message = outgoing.message
        sender = f"{outgoing.sender.name} <{outgoing.sender.address}>" if isinstance(message, EmailMessage) else outgoing.sender.name
        captured = Captured(outgoing.address, message, outgoing.attempt, outgoing.category, sender, mail)
        sealed = self._sealer.seal("capture", msgspec.json.encode(captured))
        return Kept(outgoing.space, outgoing.delivery, outgoing.channel, outgoing.person, outgoing.attempt, self._clock.now(), sealed)

    def _answer(self, behaviour: Behaviour, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        match behaviour.mode:
            case "fail":
                done(Answer("temporary", "told_to_fail", "451 4.3.0 The capture provider was told to fail."))
            case "refuse":
                done(Answer("refused", "told_to_refuse", "550 5.7.1 The capture provider was told to refuse."))
            case "hang":
                self._later(self._hang(behaviour.seconds, done))
            case "bounce":
                done(Answer("accepted", "250", "kept"))
                self._later(self._bounce(outgoing))
            case _:
                done(Answer("accepted", "250", "kept"))

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _hang(self, seconds: float, done: Callable[[Answer], None]) -> None:
        await self._wait(seconds)
        done(Answer("unknown", "told_to_hang", "The capture provider was told not to answer."))

    async def _bounce(self, outgoing: Outgoing) -> None:
        receipt = Receipt(
            outgoing.space,
            outgoing.delivery,
            "bounced_hard",
            self._clock.now(),
            provider=self.key,
            code="5.1.1",
            raw="The capture provider was told to bounce.",
            person=outgoing.person,
        )
        for _ in range(TRIES):
            try:
                return await self._report(receipt)
            except Unavailable:
                await self._wait(AGAIN)
        return None

    async def _wait(self, seconds: float) -> None:
        """So long, or until we close."""
        waits = [asyncio.ensure_future(wait) for wait in (self._clock.sleep(seconds), self._closing.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
