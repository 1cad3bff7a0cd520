"""What one channel has in hand: records that wait, attempts that providers have, and which records have ended.

Open is an attempt from its start until its outcome is durable; at most `open_limit` of a provider are, and those alone can be heard
twice after a crash.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from backend.channels.base import Answer, Provider
from backend.domain.delivery import Delivery
from backend.log.codec import Unreadable, decode
from backend.log.port import Position, Record
from workers.items import Item
from workers.ports import Router
from workers.stage import BATCH, Dead
from workers.watermark import Watermark, place_of

log = logging.getLogger("carillon.line")

ENOUGH = 0.9  # of what flew: of half, deliver and PostgreSQL took 15 % more CPU a delivery, of three quarters an embedded one 8 %
SHORT = 64  # attempts of less urgent lanes that a provider may have open, or a quarter of its places, while urgent ones come, which find no more before them
URGENT = 2.0  # seconds behind an urgent one in which the next is expected

Key = tuple[int, int, str, str]


def key_of(delivery: Delivery) -> Key:
    """Whose order it has a place in, within its channel."""
    return delivery.space, delivery.person, delivery.priority, delivery.category


def attempt_of(delivery: Delivery) -> tuple[int, int]:
    """Which attempt of which generation a record of a delivery is for; the newest is the one that counts."""
    return delivery.generation, delivery.attempt


class InHand:
    """Of one `Deliver`, on its loop."""

    def __init__(self, lanes: Sequence[str], router: Router) -> None:
        self._router = router
        self.waiting: dict[str, deque[Item]] = {lane: deque() for lane in lanes}
        self.watermark = Watermark()
        self.flying = 0  # given to a provider and not answered
        self.finished: list[Item] = []  # answered, and the outcome is not written
        self.spoiled: list[tuple[Record, Dead]] = []  # records that nobody can read
        self.broken: list[tuple[Item, Exception]] = []  # deliveries whose own facts, provider or rows make us fail
        self.away: list[tuple[Item, Answer]] = []  # nobody can take these now
        self._open: dict[str, int] = {}  # provider key -> attempts whose outcome is not durable
        self._ids: dict[bytes, tuple[int, int]] = {}  # deliveries open in this process, and for which attempt: a record appended twice is recognised by it
        self._aloft: dict[bytes, Item] = {}  # given to a provider, and the outcome is not durable
        self.held: dict[Key, bytes] = {}  # of ordered categories: whose turn it is
        self._first, self._urgent = lanes[0], 0.0  # the most urgent lane, and when something came there last

    @property
    def busy(self) -> bool:
        return bool(len(self.watermark) or self.flying or self.finished)

    @property
    def enough(self) -> bool:
        """Most of what flew has landed: time to write. A transaction costs the same for many; the last few, who may take long, are not waited for."""
        return not self.flying or len(self.finished) >= ENOUGH * (self.flying + len(self.finished))

    def aloft(self) -> list[Item]:
        """What providers have and have not answered."""
        return [item for item in self._aloft.values() if item.answer is None]

    def room(self) -> list[str]:
        """Lanes that may be read."""
        return [lane for lane, row in self.waiting.items() if len(row) < BATCH]

    def put(self, records: Sequence[Record], now: float) -> None:
        """They were read."""
        for record in records:
            if record.topic == self._first:
                self._urgent = now
            self.watermark.add(record)
            try:
                self.waiting[record.topic].append(Item(record, decode(Delivery, record.value)))
            except Unreadable as error:
                self.spoiled.append((record, Dead(0, "unreadable", str(error))))

    def lose(self, positions: Iterable[Position]) -> None:
        """They have a new owner: what was not begun is left to it."""
        for position in positions:
            self.watermark.forget(position)
            row = self.waiting[position[0]]
            kept = [item for item in row if item.record.partition != position[1]]
            row.clear()
            row.extend(kept)

    def take(self, now: float) -> tuple[list[Item], list[Item]]:
        """What may fly next, most urgent first, and records that repeat something open here."""
        take: list[Item] = []
        twins: list[Item] = []
        down, limited = self._router.down, self._router.limited
        short = abs(now - self._urgent) < URGENT
        for lane, row in self.waiting.items():
            places: dict[str, int] = {}  # by provider: how many may be open for this lane
            passed: list[Item] = []
            while row:
                item = row[0]
                if self.held and key_of(item.delivery) in self.held:
                    passed.append(row.popleft())  # its turn comes when the one before has its outcome
                    continue
                if item.delivery.id in self._ids:
                    row.popleft()
                    if attempt_of(item.delivery) > self._ids[item.delivery.id]:
                        passed.append(item)  # what is in hand is an older one come late, and nothing will come of it
                        continue
                    first = self._aloft.get(item.delivery.id)
                    if first is None or place_of(first.record) != place_of(item.record):
                        twins.append(item)
                    continue  # else it is the very record, read again: it ends with its outcome
                try:
                    provider = self._router.choose(item.delivery)
                except Exception as error:
                    log.exception("nobody can take a delivery")
                    self.broken.append((row.popleft(), error))
                    continue
                if down and (away := self._router.away(item.delivery)):
                    self.away.append((row.popleft(), away))
                    continue
                if (most := places.get(provider.key)) is None:
                    most = provider.open_limit
                    places[provider.key] = most = min(most, max(SHORT, most // 4)) if short and lane != self._first else most
                if self._open.get(provider.key, 0) >= most or (limited and not self._router.spend(provider.key)):
                    break
                item.provider, item.key, item.spent = provider, provider.key, provider.key in limited
                self._open[provider.key] = self._open.get(provider.key, 0) + 1
                self._ids[item.delivery.id] = attempt_of(item.delivery)
                take.append(row.popleft())
            row.extendleft(reversed(passed))
        return take, twins

    def coming(self, most: int) -> list[Item]:
        """Who may be taken next, most urgent first."""
        return list(islice(chain.from_iterable(self.waiting.values()), most))

    def put_back(self, items: Sequence[Item]) -> None:
        """They were taken and may not fly yet."""
        for item in reversed(items):
            self.let_go(item)
            self.waiting[item.record.topic].appendleft(item)

    def hand_over(self, item: Item, provider: Provider) -> None:
        """Another provider takes it."""
        assert item.provider is not None
        self._give_back(item)
        self._open[item.provider.key] -= 1
        self._open[provider.key] = self._open.get(provider.key, 0) + 1
        item.provider, item.key = provider, provider.key

    def launch(self, item: Item) -> None:
        """Its provider is given it."""
        self.flying += 1
        self._aloft[item.delivery.id] = item

    def land(self, item: Item) -> None:
        """Its provider has answered."""
        self.flying -= 1
        self.finished.append(item)
        if item.answer is not None and item.answer.meaning == "withheld":
            self._give_back(item)

    def _give_back(self, item: Item) -> None:
        """Its provider has not seen it."""
        if item.spent:
            item.spent = False
            self._router.give_back(item.key)

    def free(self, item: Item) -> None:
        """Its place at the provider may be taken by another."""
        if item.provider is not None:
            self._open[item.provider.key] -= 1
            item.provider = None

    def let_go(self, item: Item) -> None:
        """Its outcome is durable, or nobody will send it."""
        self._ids.pop(item.delivery.id, None)
        if self.held and self.held.get(key := key_of(item.delivery)) == item.delivery.id:
            del self.held[key]
        if self._aloft.pop(item.delivery.id, None) is None and item.provider is not None:
            self._give_back(item)
        self.free(item)

    def begin_anew(self) -> None:
        """After a mistake of ours: what no provider has is read again from the marks; what one has (had) keeps its place until its
        outcome is written, or its record would be taken for a twin and never be sent."""
        aloft = self._aloft
        self.held = {key: made for key, made in self.held.items() if made in aloft}
        self._ids = {made: attempt_of(item.delivery) for made, item in aloft.items()}
        self._open = dict(Counter(item.key for item in aloft.values() if item.provider is not None))
        self.finished = [item for item in aloft.values() if item.answer is not None]
        self.flying = len(aloft) - len(self.finished)
        for row in self.waiting.values():
            row.clear()
        self.spoiled, self.broken, self.away, self.watermark = [], [], [], Watermark()
