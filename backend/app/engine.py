"""The engine as operators see it: what is stuck, why and what to do, and the lanes, stages and counts that prove it.

Whoever operates the main space runs the installation and sees what waits in all spaces; others see their own. Stages, lanes' ages and engines
are the installation's. A look is shared for a moment; what is away is named, and never waited for longer than `PATIENCE`.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

import msgspec

from backend.app.accounts import MAIN
from backend.app.base import Aggregate
from backend.app.engine_views import CountView, EngineView, FindingView, LaneLook, StageView, TookView
from backend.app.provider_views import ProviderView
from backend.app.views import moment, moment_or_none
from backend.domain import engine
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.domain.engine import FRESH, LATE, STAGES, TARGETS, Engine, Finding, Halted, Lane, Source, StageLook
from backend.domain.engine_words import WELL
from backend.domain.errors import Unavailable
from backend.log import topics
from backend.security.roles import Actor, need
from backend.store import beats, engine_rows, halts, parked
from backend.store.beats import Beat
from backend.store.engine_rows import Bounded, ByLane
from backend.store.port import Tx
from backend.telemetry import TAKEN

T = TypeVar("T")
KEPT = 2.0  # seconds a look is shared
PATIENCE = 5.0  # seconds an engine may take
HOUR, DAY = 3_600.0, 86_400.0
GROUPS: dict[str, list[str]] = {  # group of the line -> its lanes
    "expand": [topics.fanouts(priority) for priority in PRIORITIES],
    "decide": [topics.events(priority) for priority in PRIORITIES],
    **{f"deliver.{channel}": [topics.deliveries(channel, priority) for priority in PRIORITIES] for channel in CHANNELS},
}


class Rows(msgspec.Struct):
    """What the store knows."""

    waiting: ByLane = {}
    went: ByLane = {}
    due: Bounded = Bounded()
    parked: Bounded = Bounded()
    late: Bounded = Bounded()
    first: float | None = None
    dead: Bounded = Bounded()
    dead_new: Bounded = Bounded()
    missed: Bounded = Bounded()
    unbalanced: int = 0
    halts: list[Halted] = []
    beats: list[Beat] = []


class EngineLook(Aggregate):
    """See the module."""

    _kept: dict[int, tuple[float, EngineView]]

    async def now(self, actor: Actor) -> EngineView:
        """This moment. Never raises for an engine that is away: it says so."""
        need(actor, "operate")
        kept, now = self.__dict__.setdefault("_kept", {}), self.app.clock.now()
        at, view = kept.get(actor.space, (float("-inf"), None))
        if view is None or not 0 <= now - at < KEPT:
            view = await self._look(actor, now)
            kept[actor.space] = (now, view)
        return view  # type: ignore[no-any-return]

    async def _look(self, actor: Actor, now: float) -> EngineView:
        app, away = self.app, list[str]()
        none: tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]] = ({}, {})
        ((lags, ages), rows, sources), _ = await asyncio.gather(
            asyncio.gather(
                _asked("log", away, self._lags(), none),
                _asked("store", away, app.store.read(lambda tx: _rows(tx, actor.space, now)), Rows()),
                _asked("cache", away, self._sources(actor), []),
            ),
            asyncio.gather(
                _asked("log", away, app.log.reachable(), None),
                _asked("store", away, app.store.reachable(), None),
                _asked("cache", away, app.cache.reachable(), None),
            ),
        )
        lanes = _lanes(actor.space, lags, ages, rows, now)
        stages = _stages(rows.beats, now)
        facts = Engine(
            away=sorted(set(away)), free=await asyncio.to_thread(free_of, str(app.settings.home)), stages=stages, halts=rows.halts, providers=sources,
            lanes=lanes, late=rows.late.n, late_for=max(0.0, now - rows.first) if rows.first else 0.0, dead=rows.dead.n, dead_new=rows.dead_new.n,
            missed=rows.missed.n, unbalanced=rows.unbalanced,
            more=frozenset(name for name in ("late", "dead_new", "missed") if getattr(rows, name).more),
        )  # fmt: skip
        found = engine.findings(facts)
        return EngineView(
            at=moment(now), sentence=engine.headline(found, engine.english, WELL), well=not found, findings=[_finding(one) for one in found],
            away=list(facts.away), lanes=[_lane(one) for one in lanes], took=_took(rows.beats, now),
            stages=[StageView(one.name, one.processes, moment_or_none(None if one.last is None else now - one.last)) for one in stages],
            due=_count(rows.due), late=_count(rows.late), parked=_count(rows.parked), dead=_count(rows.dead),
        )  # fmt: skip

    async def _lags(self) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
        """Records before each group, and when the oldest of each lane that has some came. One group after the other: a look is no load."""
        lags, ages = {}, {}
        for group, lanes in GROUPS.items():
            lags[group] = await self.app.log.lag(group, lanes)
            behind = [lane for lane, n in lags[group].items() if n]
            ages[group] = await self.app.log.oldest(group, behind) if behind else {}
        return lags, ages

    async def _sources(self, actor: Actor) -> list[Source]:
        every = [one for one in (await self.app.providers.list(actor)).items if one.breaker in ("closed", "trying", "open")]
        sent = {one.channel for one in every if not one.key.startswith("capture-")}  # there capture stands in for nobody
        some = [one for one in every if not (one.key.startswith("capture-") and one.channel in sent)]
        return [_source(one) for one in some if not one.halted]  # of a halted one the halt is told


async def _asked(name: str, away: list[str], question: Awaitable[T], instead: T) -> T:
    """The answer, or `instead` of what does not come: then its engine is away."""
    try:
        return await asyncio.wait_for(question, PATIENCE)
    except Unavailable as refusal:
        away.append(_engine_of(refusal, name))
    except TimeoutError:
        away.append(name)
    return instead


def _engine_of(refusal: Unavailable, asked: str) -> str:
    """Who is really away: what is asked of one may need another."""
    return next((name for name in ("store", "log", "cache") if type(refusal).__name__.lower().startswith(name)), asked)


def _rows(tx: Tx, space: int, now: float) -> Rows:
    seen = None if space == MAIN else [space]
    late, first = engine_rows.late(tx, seen, now - LATE)
    return Rows(
        engine_rows.waiting(tx, seen), engine_rows.went(tx, seen, now), engine_rows.waits_for_time(tx, seen), engine_rows.parked(tx, seen), late, first,
        engine_rows.letters(tx, seen), engine_rows.letters_since(tx, seen, now - HOUR), engine_rows.missed(tx, seen, now - DAY), engine_rows.faults(tx, seen),
        [Halted(row.scope, row.by, max(0.0, now - row.at), parked.count(tx, space, row.scope)) for row in halts.pulled(tx, space)], beats.every(tx),
    )  # fmt: skip


def _lanes(space: int, lags: Mapping[str, Mapping[str, int]], ages: Mapping[str, Mapping[str, float]], rows: Rows, now: float) -> list[Lane]:
    """By priority, then along the line."""
    lanes = []
    for n, priority in enumerate(PRIORITIES):
        for group, names in GROUPS.items():
            channel, lane = group.partition(".")[2], names[n]
            waiting = rows.waiting.get((channel, priority), 0) if channel else lags.get(group, {}).get(lane, 0) if space == MAIN else 0
            at = ages.get(group, {}).get(lane)
            oldest = max(0.0, now - at) if at is not None and waiting else None
            lanes.append(Lane(group, priority, channel, waiting, oldest, rows.went.get((channel, priority), 0) / (60 * engine_rows.MINUTES)))
    return lanes


def _stages(said: Sequence[Beat], now: float) -> list[StageLook]:
    looks = []
    for name in STAGES:
        of = [beat for beat in said if name in beat.stages]
        looks.append(StageLook(name, sum(_lives(beat, now) for beat in of), min((max(0.0, now - beat.at) for beat in of), default=None)))
    return looks


def _lives(beat: Beat, now: float) -> bool:
    return not beat.ended and now - beat.at <= FRESH


def _took(said: Sequence[Beat], now: float) -> list[TookView]:
    whole = engine.added(beat.took for beat in said if _lives(beat, now))
    views = []
    for priority in PRIORITIES:
        counts = whole.get(priority, [])
        counts = counts if len(counts) == len(TAKEN) + 1 else []
        views.append(TookView(priority, sum(counts), engine.quantile(TAKEN, counts, 0.5), engine.quantile(TAKEN, counts, 0.99)))
    return views


def free_of(home: str) -> tuple[int, float] | None:
    """Bytes of the disk that are free, and their share of it."""
    try:
        disk = shutil.disk_usage(home)
    except OSError:
        return None
    return disk.free, disk.free / max(1, disk.total)


def _source(one: ProviderView) -> Source:
    return Source(one.key, one.channel, one.breaker, one.code, one.waiting, one.rate, one.slow, one.points, one.route)


def _finding(one: Finding) -> FindingView:
    return FindingView(sentence=engine.english(one), **msgspec.structs.asdict(one))


def _lane(one: Lane) -> LaneLook:
    return LaneLook(one.stage, one.channel, one.priority, one.waiting, one.oldest, one.per_second, TARGETS[one.priority])


def _count(one: Bounded) -> CountView:
    return CountView(one.n, one.more)
