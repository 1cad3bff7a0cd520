"""Deliver: recheck, render, put the attempt on record, hand it to the provider, write how it ended.

One `Deliver` per channel, with its own reader and marks, so that a provider that hangs costs the other channels nothing.
A chunk is one transaction: outcomes of what finished, starts of what may fly next; only what is in one may have been sent twice after a
crash. The map of this path with its figures: docs/decisions/0006-order-of-writes.md.
"""

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from backend.channels.base import Answer, Outgoing, Provider
from backend.channels.router import CAPTURE
from backend.clock import Clock
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, PRIORITIES, STATE_NAME, State
from backend.domain.errors import Refusal, Unavailable
from backend.log import topics
from backend.log.port import Log, Reader, Record
from backend.store.port import Tx
from backend.telemetry import DELIVERIES, DELIVERY_SECONDS, PROVIDER_ANSWERS, RETRIES
from workers import repeats
from workers.brake import Brake
from workers.chunk import Chunk
from workers.commit import Commit, Write
from workers.faults import Faults
from workers.inhand import InHand
from workers.items import Item, lane_of
from workers.lastcheck import LastCheck
from workers.marks import Marks
from workers.ordered import Ordered
from workers.outcomes import After, after, withheld
from workers.ports import FactsOf, Renderer, Router
from workers.reads import Reads
from workers.refusals import Refused
from workers.stage import IDLE, PAUSES, of_the_house

log = logging.getLogger("carillon.line")

SLICE = 16  # messages rendered before the loop gets a turn: under 10 ms
LINGER = 0.005  # seconds to let most of a window finish: a commit for every few answers would cost more than it gains
LINGER_BEHIND = 0.025  # the same while more waits than may fly: then nothing is late but what every window is late for


class Deliver:
    """Runs one channel until `stop`. `busy` is True while anything is in hand."""

    def __init__(
        self, channel: str, *, events: Log, commit: Commit, clock: Clock, facts: FactsOf, router: Router, renderer: Renderer,
        rnd: Callable[[], float], faults: Faults | None = None, lanes: Sequence[str] | None = None, brake: Brake | None = None, ordered: Ordered | None = None,
    ) -> None:  # fmt: skip
        self.name = f"deliver.{channel}"
        self.lanes = lanes or [topics.deliveries(channel, priority) for priority in PRIORITIES]
        self._channel, self._log, self._commit, self._clock = CHANNEL_NUMBER[channel], events, commit, clock
        self._facts, self._router, self._renderer, self._rnd = facts, router, renderer, rnd
        self._faults = faults or Faults("deliver")
        self._hand = InHand(self.lanes, router)
        self._unmarked = False  # some record ended after the last mark was written
        self._at_work = False  # a transaction is under way, or what follows from it
        self._wake, self._stopping = asyncio.Event(), asyncio.Event()
        self._marks = Marks(commit.alone, self._wake.set)
        self._reads = Reads(self.lanes, self._wake.set)
        router.watchers.append(self._wake.set)
        router.leavers.append(self._leave)
        self._brake, self._ordered = brake, ordered
        self._check = LastCheck(self._hand, facts=facts, renderer=renderer, router=router, ordered=ordered)
        if brake:
            brake.watchers.append(self._call_back)

    @property
    def busy(self) -> bool:
        return self._hand.busy or self._at_work or self._marks.busy

    def stop(self) -> None:
        """Take nothing new, let what flies land, write it, return from `run`."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Until `stop`. Raises only what is a mistake of ours."""
        reader = await self._join()
        if reader is None:
            return
        hand = self._hand
        try:
            while not (self._stopping.is_set() and not hand.flying and not hand.finished):
                await self._fill(reader)
                self._at_work = True
                worked = await self._chunk(reader)
                self._at_work = False
                self._marks.turn(reader, hurry=not hand.flying and not any(hand.waiting.values()))
                if not worked or (hand.flying and not hand.enough):
                    await self._rest()
        except Exception:
            self._at_work = False
            hand.begin_anew()
            self._marks.begin_anew()
            raise
        finally:
            await self._reads.close()
            await self._marks.finish(reader)
            with contextlib.suppress(Unavailable):
                await reader.close()

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
        """A full lane never keeps a more urgent one from being read."""
        if not self._stopping.is_set() and self._reads.ask(reader, self._hand.room(), LINGER_BEHIND):
            await asyncio.sleep(0)  # what stands ready is had at once
        if not self._reads.ended:
            return
        try:
            records = self._reads.take()
        except Unavailable:
            await self._pause(0)
            return
        if records:
            self._faults.at("after_read")
        self._marks.lose(lost := reader.lost())
        self._hand.lose(lost)
        self._hand.put(records, self._clock.now())

    # ---- one transaction
    async def _chunk(self, reader: Reader) -> bool:
        hand = self._hand
        done, hand.finished = hand.finished, []
        for item in done:
            hand.free(item)  # its outcome and the start that takes its place are one transaction
        spoiled, hand.spoiled = hand.spoiled, []
        now = self._clock.now()
        take, twins = ([], []) if self._stopping.is_set() else hand.take(now)
        away, hand.away = hand.away, []
        if not (done or take or twins or spoiled or away or hand.broken or self._unmarked):
            return False
        afters = self._afters(done, now)
        go, stopped = await self._recheck(take, now)
        stopped += [(item, withheld(item.delivery, answer, now)) for item, answer in away]
        broken, hand.broken = hand.broken, []
        chunk = Chunk(now, afters, go, stopped, broken, spoiled)
        for record in (*(item.record for item in twins), *chunk.ended()):
            hand.watermark.end(record)
        self._unmarked = False
        if self._ordered and any(a.later for _, a in afters):
            self._ordered.written()
        writing = asyncio.ensure_future(self._write_chunk(chunk, reader))
        ready = await self._render(go)  # while the store writes
        await self._check.look_ahead(len(go), now)  # likewise
        if not await writing:
            return True  # stopping, with the store away: nothing flies
        if chunk.changed:
            self._check.forget()
            with contextlib.suppress(Unavailable):  # their cached facts end by themselves
                await self._facts.forget(chunk.changed)
        for item in (*done, *(item for item, _ in stopped), *(item for item, _ in broken)):
            hand.let_go(item)
        self._end_without(chunk.lost)
        self._count(afters, now)
        fresh = chunk.fresh
        repeated = [item for item in go if item.delivery.id not in fresh]
        for item in go:
            if item.delivery.id in fresh:
                self._fly(item, ready[item.delivery.id])
        if repeated := [item for item in repeated if item not in chunk.lost]:
            await self._repeated(repeated, ready, reader)
        return True

    async def _write_chunk(self, chunk: Chunk, reader: Reader, mark: bool = True) -> bool:
        """As `_write`. What cannot be written is found by halves and becomes a letter, and the rest is written."""
        try:
            return await self._write(chunk.write, reader, mark)
        except Exception as error:
            if of_the_house(error):
                raise
            parts = chunk.parts()
            if not parts:
                log.exception("%s cannot write what became of one delivery", self.name)
                instead = chunk.instead(error)
                if instead is None:
                    raise
                parts = [instead]
        for part in parts:
            if not await self._write_chunk(part, reader, mark=False):
                return False
            chunk.absorb(part)
        self._unmarked = True  # its marks go with the next write
        return True

    async def _write(self, write: Write, reader: Reader, mark: bool = True) -> bool:
        """Until it is done; False when it was given up because we stop and an engine is away."""
        if mark:
            self._marks.add(self._hand.watermark.upto())
        upto, tries = (self._marks.row() if mark else {}), 0
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
                if mark:
                    self._marks.written()
                return True

    def _end_without(self, items: Sequence[Item]) -> None:
        """Nobody sends them: their records have ended."""
        for item in items:
            self._hand.let_go(item)
            self._hand.watermark.end(item.record)
            self._unmarked = True

    async def _recheck(self, take: Sequence[Item], now: float) -> tuple[list[Item], list[tuple[Item, Refused]]]:
        """What may fly and what is stopped, asked at the last moment. While that cannot be read nothing goes."""
        if not take:
            return [], []
        tries, broken = 0, list(self._hand.broken)
        while True:
            try:
                return await self._check.among(take, now)
            except Unavailable:
                self._hand.broken[:] = broken
                if self._stopping.is_set():
                    for item in take:
                        self._hand.let_go(item)
                    return [], []
                await self._pause(tries)
                tries += 1

    def _afters(self, done: Sequence[Item], now: float) -> list[tuple[Item, After]]:
        out: list[tuple[Item, After]] = []
        for item in done:
            assert item.answer is not None
            assert item.facts is not None
            try:
                out.append((item, after(item.delivery, item.answer, item.facts.category, now, self._rnd, item.key)))
            except Exception as error:
                log.exception("nothing follows from a provider's answer")
                self._hand.broken.append((item, error))
        return out

    def _count(self, done: Sequence[tuple[Item, After]], now: float) -> None:
        channel = CHANNEL_NAME[self._channel]
        met: Counter[tuple[str, int, str, str]] = Counter()
        took: defaultdict[str, float] = defaultdict(float)  # seconds
        seconds = {priority: DELIVERY_SECONDS.labels(channel, priority) for priority in {item.delivery.priority for item, _ in done}}
        for item, a in done:
            assert item.answer is not None
            d, state = item.delivery, a.outcome.move.state
            met[item.key, state, item.answer.meaning, item.answer.code] += 1
            if item.flew:
                took[item.key] += max(0.0, now - item.flew)
            if state == State.SENT:
                seconds[d.priority].observe(max(0.0, now - max(d.accepted, d.released)))
        told: dict[str, Counter[tuple[str, str]]] = {}
        for (key, state, meaning, code), n in met.items():
            DELIVERIES.labels(channel, key, STATE_NAME[State(state)]).inc(n)
            if state == State.RETRYING:
                RETRIES.labels(channel).inc(n)
            PROVIDER_ANSWERS.labels(key, meaning).inc(n)
            told.setdefault(key, Counter())[meaning, code] += n
        for key, answers in told.items():
            self._router.heard(key, answers, took[key])

    # ---- rendering and flight
    async def _render(self, go: Sequence[Item]) -> dict[bytes, Outgoing | Answer]:
        ready: dict[bytes, Outgoing | Answer] = {}
        for n, item in enumerate(go):
            if n and n % SLICE == 0:
                await asyncio.sleep(0)
            assert item.facts is not None
            try:
                ready[item.delivery.id] = self._renderer.outgoing(item.delivery, item.facts, leaves=not item.key.startswith(CAPTURE))
            except Refusal as refusal:
                ready[item.delivery.id] = Answer("refused", refusal.code(), refusal.detail)
            except Exception as error:
                log.exception("a message could not be rendered")
                ready[item.delivery.id] = Answer("refused", "render_failed", f"{type(error).__name__}: {error}")
        return ready

    def _fly(self, item: Item, ready: Outgoing | Answer) -> None:
        self._hand.launch(item)
        if isinstance(ready, Answer):
            self._land(item, ready)
            return
        assert item.provider is not None
        if self._brake and self._brake.on and (scope := self._brake.holds(item.delivery, item.key)):
            self._land(item, Answer("withheld", "halted", scope))  # the last step before the provider
            return
        if self._router.retired and item.provider in self._router.retired:
            self._land(item, Answer("withheld", "provider_changed", item.key))
            return
        item.flew = self._clock.now()
        lane = lane_of(item.delivery, item.provider.lanes)
        item.provider.post(lane, ready, lambda answer: self._land(item, answer))

    def _call_back(self) -> None:
        """Halts came: what waits at a provider and was not begun comes back."""
        assert self._brake is not None
        called: dict[tuple[str, str], tuple[Provider, set[bytes]]] = {}
        for item in self._hand.aloft():
            if item.provider is not None and (scope := self._brake.holds(item.delivery, item.key)):
                called.setdefault((item.key, scope), (item.provider, set()))[1].add(item.delivery.id)
        for (_, scope), (provider, ids) in called.items():
            provider.recall(ids, Answer("withheld", "halted", scope))

    def _leave(self, provider: Provider, answer: Answer) -> None:
        """This provider's breaker opened, or it is one no more: what waits there and was not begun comes back, and goes to another or waits
        for one."""
        if mine := {item.delivery.id for item in self._hand.aloft() if item.provider is provider}:
            provider.recall(mine, answer)

    def _land(self, item: Item, answer: Answer) -> None:
        item.answer = answer
        self._hand.land(item)
        if len(self._hand.finished) == 1 or self._hand.enough:
            self._wake.set()

    # ---- what was begun before
    async def _repeated(self, items: Sequence[Item], ready: Mapping[bytes, Outgoing | Answer], reader: Reader) -> None:
        """Their attempts could not be started: see `workers.repeats`. One that makes us fail costs the others nothing."""
        now, again = self._clock.now(), list[Item]()

        def write(tx: Tx) -> Sequence[Record]:
            again[:] = repeats.settle(tx, items, now, self._commit.alone)
            return ()

        try:
            if not await self._write(write, reader):
                return
        except Exception as error:
            if of_the_house(error):
                raise
            if len(items) > 1:
                half = len(items) // 2
                await self._repeated(items[:half], ready, reader)
                await self._repeated(items[half:], ready, reader)
            else:
                log.exception("%s cannot settle a delivery that was begun before", self.name)
                self._hand.broken.append((items[0], error))
            return
        for item in again:
            message = ready[item.delivery.id]
            self._fly(item, msgspec.structs.replace(message, attempt=item.delivery.attempt) if isinstance(message, Outgoing) else message)
        self._end_without([item for item in items if item not in again])

    # ---- waiting
    async def _rest(self) -> None:
        """Until most of a window finished (at most `LINGER` after the first of it), or records were read."""
        self._wake.clear()
        hand = self._hand
        if not hand.finished:
            if self._reads.urgent or self._reads.ended or not await self._woken(IDLE) or not hand.finished:
                return
            self._wake.clear()
        if not (hand.enough or self._reads.urgent):
            await self._woken(self._linger())

    async def _woken(self, seconds: float) -> bool:
        """Whether that came before so many seconds were over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # `wait_for` makes a task each time
                await self._wake.wait()
                return True
        return False

    def _linger(self) -> float:
        return LINGER_BEHIND if any(self._hand.waiting.values()) else LINGER

    async def _pause(self, tries: int) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), PAUSES[min(tries, len(PAUSES) - 1)])
