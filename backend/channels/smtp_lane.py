"""A lane of mail: first in, first out, urgent ones before the others, over one connection that is opened when there is something to send.

A server that cannot be reached answers everything that waits with temporary; after that the lane pauses before it tries
again, longer each time, and what arrives meanwhile waits. So an outage costs few attempts, and the rest stays in the log.
"""

import asyncio
import logging
import random
import ssl
from collections import deque
from collections.abc import Collection, Sequence
from typing import Protocol

from backend.channels.base import Answer
from backend.channels.smtp_link import Link
from backend.channels.smtp_open import Target, open_link
from backend.channels.smtp_parcel import Parcel, Timing, Unreachable

log = logging.getLogger("carillon.channels")

CLOSING = Answer("temporary", "closing", "Carillon stopped before the mail was sent.")


class Among(Protocol):
    """The other lanes, as one of them sees them."""

    def elsewhere(self, lane: "Lane", parcels: Sequence[Parcel], why: Unreachable) -> bool:
        """Whether others have taken what waits in this one, which found no connection; then it is one of them no more."""
        ...

    def whole(self) -> bool:
        """Whether mails may go whole, several at once."""
        ...

    def cut(self) -> None:
        """A connection ended amid them."""
        ...

    def idle(self, lane: "Lane") -> None:
        """It has no connection any more and nothing to send."""
        ...


class Lane:
    """See the module. `load`: mails it has, `busy_since`: since when it is at the first of them; kept by whoever gives it some."""

    def __init__(self, target: Target, timing: Timing, context: ssl.SSLContext, among: Among) -> None:
        self.load, self.busy_since, self._among = 0, 0.0, among
        self._target, self._timing, self._context = target, timing, context
        self._waiting: deque[Parcel] = deque()
        self._link: Link | None = None
        self._opening: asyncio.Task[None] | None = None
        self._failed = 0  # times in a row that no mail got through
        self._closed = False

    def put(self, parcel: Parcel) -> None:
        """Send it after those before it; an urgent one after the urgent ones alone."""
        if self._closed:
            parcel.answer(CLOSING)
            return
        if parcel.urgent:
            self._waiting.insert(next((n for n, other in enumerate(self._waiting) if not other.urgent), len(self._waiting)), parcel)
        else:
            self._waiting.append(parcel)
        if self._link is not None:
            self._link.pump()
        elif self._opening is None:
            self._opening = asyncio.create_task(self._open())

    @property
    def connected(self) -> bool:
        """It has a connection that takes mails."""
        return self._link is not None

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """Answer so what of these waits."""
        back = [parcel for parcel in self._waiting if parcel.delivery in deliveries]
        if back:
            self._waiting = deque(parcel for parcel in self._waiting if parcel.delivery not in deliveries)
        for parcel in back:
            parcel.answer(answer)

    async def close(self, patience: float) -> None:
        """Answer what waits, wait for what flies, so many seconds at most."""
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        self._answer_all(CLOSING)
        if self._link is not None:
            await self._link.finish(patience)

    async def _open(self) -> None:
        try:
            while self._waiting and self._link is None:
                if self._failed:
                    longest = self._timing.pauses[min(self._failed, len(self._timing.pauses)) - 1]
                    await asyncio.sleep(longest * random.uniform(0.75, 1.0))  # noqa: S311 - lanes shall not all knock at once
                try:
                    link = await open_link(self._target, self._timing, self._context)
                except Unreachable as away:
                    waiting = list(self._waiting)
                    if not self._closed and self._among.elsewhere(self, waiting, away):
                        self._waiting.clear()
                        return
                    self._fail(Answer("temporary", away.code, away.why))
                except Exception as error:  # a mistake of ours must not leave mails without an answer
                    log.exception("a connection to the mail server could not be opened")
                    self._fail(Answer("temporary", "failed", f"{type(error).__name__}: {error}"))
                else:
                    self._link = link
                    link.serve(self._take, self._gone, whole=self._among.whole())
        finally:
            self._opening = None

    def _fail(self, answer: Answer) -> None:
        if not self._failed:
            log.warning("Mail cannot be sent: %s", answer.raw)
        self._failed += 1
        self._answer_all(answer)

    def _answer_all(self, answer: Answer) -> None:
        waiting, self._waiting = self._waiting, deque()
        for parcel in waiting:
            parcel.answer(answer)

    def _take(self) -> Parcel | None:
        if self._failed and self._link is not None and self._link.served:
            self._failed = 0
        return self._waiting.popleft() if self._waiting else None

    def _gone(self, link: Link, back: Sequence[Parcel]) -> None:
        """The connection ended; `back` was not sent and comes first on the next one."""
        self._failed = 0 if link.served else self._failed + (link.taken > 0)
        self._link = None
        if link.cut:
            self._among.cut()
        self._waiting.extendleft(reversed(back))
        if self._closed:
            self._answer_all(CLOSING)
        elif not self._waiting:
            self._among.idle(self)
        elif self._opening is None:
            self._opening = asyncio.create_task(self._open())
