"""The hub: one look at the topic `live` for the whole process, handed to whoever listens for it.

A listener holds a bounded row of changes. When it overflows, or a record was lost, the listener is told to read the store again:
the cursor there knows everything that was missed.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterator

from backend.clock import Clock
from backend.domain.errors import Unavailable
from backend.ending import ended
from backend.live.records import AlertRaised, ChatSaid, InboxChanged, Live, OrderMoved
from backend.log import topics
from backend.log.codec import Unreadable, decode
from backend.log.port import Log, Tail

log = logging.getLogger("carillon.live")

HELD = 256  # changes a slow listener may be behind before it must read the store again
AGAIN = 1.0  # seconds until a log that is away is asked again

Topic = tuple[str, int, str | int]  # kind, space, whose


def inbox_of(space: int, person: int) -> Topic:
    """Changes of one inbox."""
    return ("inbox", space, person)


def chat_of(space: int, channel: str) -> Topic:
    """Messages of one chat channel."""
    return ("chat", space, channel)


def order_of(space: int, order: str) -> Topic:
    """States of one order."""
    return ("order", space, order)


def alerts_of(space: int) -> Topic:
    """System alerts of a space."""
    return ("alerts", space, "")


class Listener:
    """What one stream has not taken yet. `missed` is True when something was left out; `take` resets it."""

    def __init__(self) -> None:
        self._rows: deque[Live] = deque()
        self._there = asyncio.Event()
        self.missed = False

    def put(self, told: Live) -> None:
        """Called by the hub."""
        if len(self._rows) >= HELD:
            self._rows.clear()
            self.missed = True
        else:
            self._rows.append(told)
        self._there.set()

    def lose(self) -> None:
        """Something may have been missed."""
        self.missed = True
        self._there.set()

    async def take(self, seconds: float) -> tuple[list[Live], bool]:
        """What came, and whether the store must be read again; both empty after `seconds` of nothing."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._there.wait(), seconds)
        rows, missed = list(self._rows), self.missed
        self._rows.clear()
        self._there.clear()
        self.missed = False
        return rows, missed


class Hub:
    """Start it once per process that serves streams; `listen` is for one stream each."""

    def __init__(self, events: Log, clock: Clock) -> None:
        self._log, self._clock = events, clock
        self._listeners: dict[Topic, set[Listener]] = {}
        self._task: asyncio.Task[None] | None = None
        self._tail: Tail | None = None

    async def start(self) -> None:
        """Begin to listen; what is appended from now on is heard."""
        self._tail = await self._log.tail([topics.LIVE])
        self._task = asyncio.create_task(self._run(), name="live hub")

    async def close(self) -> None:
        """Listen no more."""
        if self._task:
            await ended(self._task)
        if self._tail:
            await self._tail.close()

    @property
    def streams(self) -> int:
        """How many listen now."""
        return sum(len(row) for row in self._listeners.values())

    @contextlib.contextmanager
    def listen(self, topic: Topic) -> Iterator[Listener]:
        """Hear of a topic for as long as the context lasts."""
        listener = Listener()
        self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            left = self._listeners[topic]
            left.discard(listener)
            if not left:
                del self._listeners[topic]

    async def _run(self) -> None:
        while True:
            try:
                if self._tail is None:
                    self._tail = await self._log.tail([topics.LIVE])
                    for listener in (one for row in self._listeners.values() for one in row):
                        listener.lose()
                async for records in self._tail:
                    for record in records:
                        self._tell(record.value)
                self._tail = None
            except Unavailable:
                self._tail = None
            await asyncio.sleep(AGAIN)

    def _tell(self, value: bytes) -> None:
        try:
            told: Live = decode(Live, value)  # type: ignore[arg-type]
        except Unreadable as error:
            log.warning("a live record is left out: %s", error)
            return
        for listener in self._listeners.get(_topic(told), ()):
            listener.put(told)


def _topic(told: Live) -> Topic:
    match told:
        case InboxChanged(row):
            return inbox_of(row.space, row.person)
        case ChatSaid():
            return chat_of(told.space, told.channel)
        case OrderMoved():
            return order_of(told.space, told.order)
        case AlertRaised():
            return alerts_of(told.space)
