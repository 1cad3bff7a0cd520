"""Deliver: recheck, render, put the attempt on record, hand it to the provider, write how it ended.

One `Deliver` per channel, with its own reader and marks, so that a provider that hangs costs the other channels nothing.
A chunk is one transaction: outcomes of what finished, starts of what may fly next. At most `open_limit` attempts of a
provider are open in this process (open: started, and its outcome not durable yet); those alone can be heard twice after a
crash. The map of this path with its figures: docs/decisions/0006-order-of-writes.md.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

import msgspec

from backend.channels.base import Answer, Outgoing
from backend.clock import Clock
from backend.domain import gates
from backend.domain.decision import Unit
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, PRIORITIES, STATE_NAME, Delivery, State
from backend.domain.errors import Refusal, Unavailable
from backend.domain.ids import bucket_of
from backend.log import topics
from backend.log.codec import Unreadable, decode
from backend.log.port import Log, Reader, Record
from backend.store import hot
from backend.store.port import Tx
from backend.store.suppress import suppress
from backend.telemetry import DELIVERIES, DELIVERY_SECONDS, PROVIDER_ANSWERS, RETRIES
from workers.commit import Commit
from workers.faults import Faults
from workers.items import Item, anew, following_try, left_open, start_of, unknown
from workers.outcomes import After, after, given_up, may_repeat
from workers.ports import FactsOf, Renderer, Router
from workers.refusals import Refused, refused, write_stops
from workers.stage import BATCH, IDLE, PAUSES, Dead, bury, cause_of, detail_of
from workers.watermark import Watermark, place_of

log = logging.getLogger("carillon.line")

SLICE = 16  # messages rendered before the loop gets a turn: under 10 ms
LINGER = 0.005  # seconds to let half a window finish: a commit for every few answers would cost more than it gains
LINGER_BEHIND = 0.025  # the same while more waits than may fly: then nothing is late but what every window is late for


class Deliver:
    """Runs one channel until `stop`. `busy` is True while anything is in hand."""

    def __init__(
        self, channel: str, *, events: Log, commit: Commit, clock: Clock, facts: FactsOf, router: Router, renderer: Renderer,
        rnd: Callable[[], float], faults: Faults | None = None, lanes: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        self.name = f"deliver.{channel}"
        self.lanes = lanes or [topics.deliveries(channel, priority) for priority in PRIORITIES]
        self._channel, self._log, self._commit, self._clock = CHANNEL_NUMBER[channel], events, commit, clock
        self._facts, self._router, self._renderer, self._rnd = facts, router, renderer, rnd
        self._faults = faults or Faults("deliver")
        self._waiting: dict[str, deque[Item]] = {lane: deque() for lane in self.lanes}
        self._open: dict[str, int] = {}  # provider key -> attempts whose outcome is not durable
        self._flying = 0
        self._ids: set[bytes] = set()  # deliveries open in this process: a record appended twice is recognised by it
        self._finished: list[Item] = []
        self._aloft: dict[bytes, Item] = {}  # given to a provider, and the outcome is not durable
        self._changed: list[tuple[int, int]] = []  # persons whose facts a write changed
        self._spoiled: list[tuple[Record, Dead]] = []  # records that nobody can read
        self._broken: list[tuple[Item, Exception]] = []  # deliveries whose own facts or provider make us fail
        self._watermark = Watermark()
        self._unmarked = False  # some record ended after the last mark was written
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        self._reading: asyncio.Task[list[Record]] | None = None

    @property
    def busy(self) -> bool:
        return bool(len(self._watermark) or self._flying or self._finished)

    def stop(self) -> None:
        """Take nothing new, let what flies land, write it, return from `run`."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Raises only what is a mistake of ours."""
        reader = await self._join()
        if reader is None:
            return
        try:
            while not (self._stopping.is_set() and not self._flying and not self._finished):
                await self._fill(reader)
                worked = await self._chunk(reader)
                if not worked or (self._flying and not self._enough()):
                    await self._rest()
        except Exception:
            self._begin_anew()
            raise
        finally:
            if self._reading:
                self._reading.cancel()
                await asyncio.gather(self._reading, return_exceptions=True)
                self._reading = None  # whoever runs us again must not meet its cancellation
            with contextlib.suppress(Unavailable):
                await reader.close()

    def _begin_anew(self) -> None:
        """After a mistake of ours: what no provider has is read again from the marks; what one has (had) keeps its place until its
        outcome is written, or its record would be taken for a twin and never be sent."""
        aloft = self._aloft
        self._ids = set(aloft)
        self._open = dict(Counter(item.key for item in aloft.values() if item.provider is not None))
        self._finished = [item for item in aloft.values() if item.answer is not None]
        self._flying = len(aloft) - len(self._finished)
        for row in self._waiting.values():
            row.clear()
        self._spoiled, self._broken, self._watermark = [], [], Watermark()

    async def _join(self) -> Reader | None:
        tries = 0
        while not self._stopping.is_set():
            try:
                return await self._log.reader(self.name, self.lanes)
            except Unavailable:
                await self._pause(tries)
                tries += 1
        return None

    # ---- reading
    async def _fill(self, reader: Reader) -> None:
        """Keep one read under way for the lanes that have room; a full lane never keeps a more urgent one from being read."""
        if self._reading is None and not self._stopping.is_set():
            room = [lane for lane, row in self._waiting.items() if len(row) < BATCH]
            if room:
                self._reading = asyncio.create_task(reader.read(BATCH, IDLE, room))
                self._reading.add_done_callback(lambda _: self._wake.set())
                await asyncio.sleep(0)
        if self._reading is not None and self._reading.done():
            reading, self._reading = self._reading, None
            try:
                records = reading.result()
            except Unavailable:
                await self._pause(0)
                return
            if records:
                self._faults.at("after_read")
            for position in reader.lost():
                self._watermark.forget(position)
                row = self._waiting[position[0]]  # what was not begun is left to the new owner
                kept = [item for item in row if item.record.partition != position[1]]
                row.clear()
                row.extend(kept)
            for record in records:
                self._watermark.add(record)
                try:
                    self._waiting[record.topic].append(Item(record, decode(Delivery, record.value)))
                except Unreadable as error:
                    self._spoiled.append((record, Dead(0, "unreadable", str(error))))

    def _take(self) -> tuple[list[Item], list[Item]]:
        """What may fly next, most urgent first, and records that repeat something open here."""
        take: list[Item] = []
        twins: list[Item] = []
        if self._stopping.is_set():
            return take, twins
        for row in self._waiting.values():
            while row:
                item = row[0]
                if item.delivery.id in self._ids:
                    row.popleft()
                    first = self._aloft.get(item.delivery.id)
                    if first is None or place_of(first.record) != place_of(item.record):
                        twins.append(item)
                    continue  # else it is the very record, read again: it ends with its outcome
                try:
                    provider = self._router.choose(item.delivery)
                except Exception as error:
                    log.exception("nobody can take a delivery")
                    self._broken.append((row.popleft(), error))
                    continue
                if self._open.get(provider.key, 0) >= provider.open_limit:
                    break
                item.provider, item.key = provider, provider.key
                self._open[provider.key] = self._open.get(provider.key, 0) + 1
                self._ids.add(item.delivery.id)
                take.append(row.popleft())
        return take, twins

    def _free(self, item: Item) -> None:
        if item.provider is not None:
            self._open[item.provider.key] -= 1
            item.provider = None

    def _let_go(self, item: Item) -> None:
        self._ids.discard(item.delivery.id)
        self._aloft.pop(item.delivery.id, None)
        self._free(item)

    # ---- one transaction
    async def _chunk(self, reader: Reader) -> bool:
        done, self._finished = self._finished, []
        for item in done:
            self._free(item)  # its outcome and the start that takes its place are one transaction
        spoiled, self._spoiled = self._spoiled, []
        take, twins = self._take()
        if not (done or take or twins or spoiled or self._broken or self._unmarked):
            return False
        now = self._clock.now()
        afters = [self._after(item, now) for item in done]
        go, stopped = await self._recheck(take, now)
        broken, self._broken = self._broken, []
        ended = (*done, *twins, *(i for i, _ in stopped), *(i for i, _ in broken))
        for record in [*(i.record for i in ended), *(record for record, _ in spoiled)]:
            self._watermark.end(record)
        self._unmarked = False
        starts = [start_of(item) for item in go]
        fresh: set[bytes] = set()

        def write(tx: Tx) -> Sequence[Record]:
            fresh.clear()
            fresh.update(hot.write_attempts(tx, [a.outcome for a in afters], starts, now))
            write_stops(tx, [refusal for _, refusal in stopped], now)
            hot.write_moves(tx, [given_up(item.delivery) for item, _ in broken], now)
            letters = [*spoiled, *((item.record, Dead(item.delivery.space, cause_of(error), detail_of(error))) for item, error in broken)]
            return [*self._consequences(tx, done, afters, now), *(bury(tx, "deliver", record, dead, now) for record, dead in letters)]

        writing = asyncio.ensure_future(self._write(write, reader))
        ready = await self._render(go)  # while the store writes
        if not await writing:
            return True  # stopping, with the store away: nothing flies
        if self._changed:
            changed, self._changed = self._changed, []
            with contextlib.suppress(Unavailable):  # their cached facts end by themselves
                await self._facts.forget(changed)
        for item in [*done, *(item for item, _ in stopped), *(item for item, _ in broken)]:
            self._let_go(item)
        self._count(done, afters, now)
        repeated = [item for item in go if item.delivery.id not in fresh]
        for item in go:
            if item.delivery.id in fresh:
                self._fly(item, ready[item.delivery.id])
        if repeated:
            await self._repeated(repeated, ready, reader)
        return True

    async def _write(self, write: Callable[[Tx], Sequence[Record]], reader: Reader) -> bool:
        """Until it is done; False when it was given up because we stop and an engine is away."""
        upto, tries = self._watermark.upto(), 0
        while True:
            try:
                await self._commit.step(self.name, write, reader, self.name, upto, self._faults, short=True)
            except Unavailable as away:
                if tries == 0:
                    log.warning("%s waits: %s", self.name, away.detail)
                if self._stopping.is_set():
                    return False
                await self._pause(tries)
                tries += 1
            else:
                return True

    async def _recheck(self, take: Sequence[Item], now: float) -> tuple[list[Item], list[tuple[Item, Refused]]]:
        """The first eight gates once more, at the last moment. While the facts cannot be read nothing goes."""
        if not take:
            return [], []
        tries, broken = 0, list(self._broken)
        while True:
            try:
                return await self._recheck_among(take, now)
            except Unavailable:
                self._broken[:] = broken
                if self._stopping.is_set():
                    for item in take:
                        self._let_go(item)
                    return [], []
                await self._pause(tries)
                tries += 1

    async def _recheck_among(self, take: Sequence[Item], now: float) -> tuple[list[Item], list[tuple[Item, Refused]]]:
        """One whose own facts make us fail costs the others nothing."""
        go: list[Item] = []
        stopped: list[tuple[Item, Refused]] = []
        try:
            facts = await self._facts.of_deliveries([item.delivery for item in take], now)
            await self._renderer.prepare([item.delivery for item in take])
            for item, fact in zip(take, facts, strict=True):
                item.facts = fact
                unit: Unit = gates.recheck(fact, CHANNEL_NAME[item.delivery.channel], item.delivery.address)
                if unit.outcome != "send":
                    stopped.append((item, refused(item.delivery, unit, now)))
                    continue
                if fact.person.demo:
                    self._keep_here(item)
                go.append(item)
        except Unavailable:
            raise
        except Exception as error:
            if len(take) == 1:
                log.exception("a delivery cannot be carried out")
                self._broken.append((take[0], error))
                return [], []
            half = len(take) // 2
            parts = [await self._recheck_among(take[:half], now), await self._recheck_among(take[half:], now)]
            return [i for found, _ in parts for i in found], [s for _, found in parts for s in found]
        return go, stopped

    def _keep_here(self, item: Item) -> None:
        """Nobody of the demo is written to outside. Who is meant is known only now, so the provider is taken anew."""
        assert item.provider is not None
        kept = self._router.choose(item.delivery, demo=True)
        self._open[item.provider.key] -= 1
        self._open[kept.key] = self._open.get(kept.key, 0) + 1
        item.provider, item.key = kept, kept.key

    def _after(self, item: Item, now: float) -> After:
        assert item.answer is not None
        assert item.facts is not None
        return after(item.delivery, item.answer, item.facts.category, now, self._rnd, item.key)

    def _consequences(self, tx: Tx, done: Sequence[Item], afters: Sequence[After], now: float) -> list[Record]:
        later = [a.later for a in afters if a.later]
        if later:
            hot.write_due(tx, later)
        out = []
        for item, a in zip(done, afters, strict=True):
            if a.suppress:
                d = item.delivery
                self._changed.extend((d.space, p) for p in suppress(tx, d.space, d.channel, d.address, a.suppress, "provider", now))
            if a.letter:
                out.append(bury(tx, "deliver", item.record, Dead(item.delivery.space, a.letter), now))
        return out

    def _count(self, done: Sequence[Item], afters: Sequence[After], now: float) -> None:
        states = Counter((item.key, a.outcome.move.state) for item, a in zip(done, afters, strict=True))
        for (key, state), n in states.items():
            DELIVERIES.labels(CHANNEL_NAME[self._channel], key, STATE_NAME[State(state)]).inc(n)
            if state == State.RETRYING:
                RETRIES.labels(CHANNEL_NAME[self._channel]).inc(n)
        for (key, meaning), n in Counter((item.key, item.answer.meaning) for item in done if item.answer).items():
            PROVIDER_ANSWERS.labels(key, meaning).inc(n)
        for item, a in zip(done, afters, strict=True):
            d = item.delivery
            if a.outcome.move.state == State.SENT:
                DELIVERY_SECONDS.labels(CHANNEL_NAME[d.channel], d.priority).observe(max(0.0, now - max(d.accepted, d.released)))

    # ---- rendering and flight
    async def _render(self, go: Sequence[Item]) -> dict[bytes, Outgoing | Answer]:
        ready: dict[bytes, Outgoing | Answer] = {}
        for n, item in enumerate(go):
            if n and n % SLICE == 0:
                await asyncio.sleep(0)
            assert item.facts is not None
            try:
                ready[item.delivery.id] = self._renderer.outgoing(item.delivery, item.facts)
            except Refusal as refusal:
                ready[item.delivery.id] = Answer("refused", refusal.code(), refusal.detail)
            except Exception as error:
                log.exception("a message could not be rendered")
                ready[item.delivery.id] = Answer("refused", "render_failed", f"{type(error).__name__}: {error}")
        return ready

    def _fly(self, item: Item, ready: Outgoing | Answer) -> None:
        self._flying += 1
        self._aloft[item.delivery.id] = item
        if isinstance(ready, Answer):
            self._land(item, ready)
            return
        assert item.provider is not None
        lane = bucket_of(item.delivery.space, item.delivery.person) % item.provider.lanes
        item.provider.post(lane, ready, lambda answer: self._land(item, answer))

    def _land(self, item: Item, answer: Answer) -> None:
        item.answer = answer
        self._flying -= 1
        self._finished.append(item)
        if self._enough():
            self._wake.set()

    def _enough(self) -> bool:
        return not self._flying or len(self._finished) * 2 >= self._flying + len(self._finished)

    # ---- what a dead process left
    async def _repeated(self, items: Sequence[Item], ready: Mapping[bytes, Outgoing | Answer], reader: Reader) -> None:
        """These attempts were on record already: by a dead process, by a record that came twice, or by an earlier generation.

        What goes on gets its next attempt in the transaction that closes the one before: a crash between the two would leave a
        closed attempt that nobody follows up.
        """
        now = self._clock.now()
        again: list[Item] = []

        def write(tx: Tx) -> Sequence[Record]:
            again.clear()
            for space in {item.delivery.space for item in items}:
                mine = [item for item in items if item.delivery.space == space]
                places = hot.attempts_of(tx, space, [item.delivery.id for item in mine])
                mine = [item for item in mine if item.delivery.id in places]  # of a day that was dropped meanwhile nothing is left to do
                left = [i for i in mine if left_open(i.delivery, places[i.delivery.id])]
                if left:
                    hot.close_unknown(tx, space, [i.delivery.id for i in left], now + 1, now)
                unsure = [i for i in left if i.facts and not may_repeat(i.facts.category, self._channel)]
                if unsure:
                    hot.write_moves(tx, [unknown(i.delivery) for i in unsure], now)
                following = [i for i in left if i not in unsure] + [i for i in mine if anew(i.delivery, places[i.delivery.id])]
                for item in following:
                    item.delivery = following_try(item.delivery, places[item.delivery.id].n + 1)
                hot.write_attempts(tx, [], [start_of(item) for item in following], now)
                again.extend(following)
            return []

        if not await self._write(write, reader):
            return
        for item in items:
            if item in again:
                message = ready[item.delivery.id]
                self._fly(
                    item, msgspec.structs.replace(message, attempt=item.delivery.attempt) if isinstance(message, Outgoing) else message
                )
            else:
                self._let_go(item)
                self._watermark.end(item.record)
                self._unmarked = True

    # ---- waiting
    async def _rest(self) -> None:
        """Until half a window finished (at most `LINGER`), or records were read."""
        self._wake.clear()
        if self._enough() and self._finished:
            return
        if self._reading is not None and self._reading.done() and not self._finished:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._linger() if self._finished else IDLE)

    def _linger(self) -> float:
        return LINGER_BEHIND if any(self._waiting.values()) else LINGER

    async def _pause(self, tries: int) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), PAUSES[min(tries, len(PAUSES) - 1)])
