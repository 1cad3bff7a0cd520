"""The overview: what a day brought against the day before, what goes on now, what is wrong, and what comes next.

Numbers come from what the rollup keeps and never from rows, so a look costs the same whatever was sent. Looks are shared by everybody
of a space for a moment.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from backend.app import troubles
from backend.app.base import Aggregate
from backend.app.explain import ledger_view, title_of
from backend.app.overview_views import (
    AheadView,
    ChannelView,
    CountTrend,
    FlowView,
    LaneView,
    NowView,
    OverviewView,
    RateTrend,
    SendView,
    StepView,
    TimeTrend,
)
from backend.app.views import moment
from backend.domain.delivery import CHANNEL_NUMBER, CHANNELS, LEDGER_OF, PRIORITIES, State
from backend.domain.event import Body, Event, FanOut
from backend.domain.latency import quantile
from backend.domain.ledger import ledger_of
from backend.domain.tally import QUARTER, STAMP, STEP, Cut
from backend.log.codec import Unreadable, decode
from backend.security.roles import Actor, need
from backend.store import categories, counted, history, tallies, watch
from backend.store.counted import Counts
from backend.store.port import Tx
from backend.store.tallies import Asked, Timed

T = TypeVar("T")
HOUR, DAY = 3_600.0, 86_400.0
DAY_QUARTERS = 96  # quarters of an hour: what tallies are kept by
SLOTS = 24  # parts of a day in a course
KEPT = 20.0  # seconds a look at the day is shared
KEPT_NOW = 2.0  # seconds a look at the moment is shared
SENDS = 5
AHEAD = 6
OPEN = (State.PENDING, State.SENDING, State.RETRYING)
WENT = (State.SENT, State.DELIVERED)
TAKEN = (*WENT, State.BOUNCED)
OPENED, CLICKED = (STAMP["opened_human"], STAMP["read"]), (STAMP["clicked"],)
LOST = (State.FAILED, State.BOUNCED, State.DEAD)


class Overview(Aggregate):
    """See the module."""

    _kept: dict[tuple[str, int], tuple[float, object]]

    async def day(self, actor: Actor) -> OverviewView:
        """The last 24 hours against the 24 before."""
        need(actor, "analytics.read")
        return await self._shared("day", actor.space, KEPT, lambda: self._day(actor.space))

    async def now(self, actor: Actor) -> NowView:
        """This moment: what is sent, how fast, what waits, what is wrong, what comes next."""
        need(actor, "analytics.read")
        return await self._shared("now", actor.space, KEPT_NOW, lambda: self._now(actor.space))

    async def _shared(self, what: str, space: int, seconds: float, look: Callable[[], Awaitable[T]]) -> T:
        kept = self.__dict__.setdefault("_kept", {})
        at, view = kept.get((what, space), (float("-inf"), None))
        now = self.app.clock.now()
        if not 0 <= now - at < seconds:
            view = await look()
            kept[what, space] = (now, view)
        return view  # type: ignore[no-any-return]

    async def _day(self, space: int) -> OverviewView:
        now = self.app.clock.now()
        until = int(now // QUARTER) + 1
        since = until - DAY_QUARTERS

        def read(tx: Tx) -> OverviewView:
            cut = Cut(DAY_QUARTERS // SLOTS, -since % (DAY_QUARTERS // SLOTS))
            today = tallies.by_time(tx, Asked(space, since, until), cut)
            before = tallies.by_time(tx, Asked(space, since - DAY_QUARTERS, since), Cut(DAY_QUARTERS))
            stands = counted.now_standing(tx, space)
            noes = watch.opted_out(tx, space, now - 2 * DAY, now + 1)
            first = (since + cut.ahead) // cut.width
            sent = [_of(half, WENT) for half in (before, today)]
            went = _course(today, first, WENT)
            return OverviewView(
                at=moment(now),
                since=moment(since * QUARTER),
                accepted=CountTrend(_of(today), _of(before), _course(today, first)),
                delivered=_delivered(today, before, first),
                times=_times(today, before, first),
                unsubscribed=RateTrend(
                    sum(at >= now - DAY for at in noes), sent[1], sum(at < now - DAY for at in noes), sent[0],
                    [(sum(now - DAY + n * HOUR <= at < now - DAY + (n + 1) * HOUR for at in noes), went[n]) for n in range(SLOTS)],
                ),
                flow=_flow(today),
                channels=_channels(today, stands, first),
                steps=[] if tallies.first(tx, space) is not None else _steps(tx, space),
            )  # fmt: skip

        return await self.app.store.read(read)

    async def _now(self, space: int) -> NowView:
        now = self.app.clock.now()
        minute = int(now // 60)

        def read(tx: Tx) -> NowView:
            moves = counted.moved(tx, space, minute - 1, minute + 1, 1)
            stands = counted.now_standing(tx, space, ("cohort", "channel", "state"), states=OPEN)
            part = now / 60 - minute
            last, this = (sum(n for (slot, _, state), n in moves.items() if slot == which and state in WENT) for which in (0, 1))
            return NowView(
                at=moment(now),
                per_second=max(0.0, last * (1 - part) + this) / 60,
                lanes=_lanes(tx, space, stands),
                sends=_sends(tx, space),
                problems=troubles.found(tx, space, now, stands),
                ahead=_ahead(tx, space, now),
            )

        return await self.app.store.read(read)


# ---- the day, by when a unit was born: where it is now
def _of(found: Sequence[Timed], states: Sequence[int] | None = None, channel: int | None = None) -> int:
    """Units in these states, or all there are."""
    wanted = LEDGER_OF.keys() if states is None else states
    return sum(one.n for one in found if one.kind in wanted and channel in (None, one.channel))


def _course(found: Sequence[Timed], first: int, states: Sequence[int] | None = None, channels: Sequence[int] | None = None) -> list[int]:
    course, wanted = [0] * SLOTS, LEDGER_OF.keys() if states is None else states
    for one in found:
        if one.kind in wanted and (channels is None or one.channel in channels):
            course[min(SLOTS - 1, one.slot - first)] += one.n
    return course


def _delivered(today: Sequence[Timed], before: Sequence[Timed], first: int) -> RateTrend:
    """Of the channels that confirm: where none does, sent says nothing about arriving."""
    sure = [sorted({one.channel for one in half if one.kind == State.DELIVERED and one.n > 0}) for half in (before, today)]
    n = [sum(_of(half, (State.DELIVERED,), channel) for channel in some) for half, some in zip((before, today), sure, strict=True)]
    of = [sum(_of(half, TAKEN, channel) for channel in some) for half, some in zip((before, today), sure, strict=True)]
    pairs = list(zip(_course(today, first, (State.DELIVERED,), sure[1]), _course(today, first, TAKEN, sure[1]), strict=True))
    return RateTrend(n[1], of[1], n[0], of[0], pairs)


def _steps_of(found: Sequence[Timed], *, channel: int | None = None, slot: int | None = None) -> Counter[int]:
    """Steps of time -> units."""
    steps: Counter[int] = Counter()
    for one in found:
        if one.kind >= STEP and channel in (None, one.channel) and slot in (None, one.slot):
            steps[one.kind - STEP] += one.n
    return steps


def _times(today: Sequence[Timed], before: Sequence[Timed], first: int) -> TimeTrend:
    now, then = _steps_of(today), _steps_of(before)
    series = [quantile(_steps_of(today, slot=first + n), 0.5) for n in range(SLOTS)]
    return TimeTrend(quantile(now, 0.5), quantile(now, 0.99), quantile(then, 0.5), sum(now.values()), series)


def _flow(today: Sequence[Timed]) -> FlowView:
    """Where what came in a day is now; the columns are those of the ledger."""
    columns: Counter[str] = Counter()
    for one in today:
        if one.kind in LEDGER_OF:
            columns[LEDGER_OF[one.kind]] += one.n
    seen = {name: sum(one.n for one in today if one.kind in kinds) for name, kinds in (("opened", OPENED), ("clicked", CLICKED))}
    names = ("sent", "skipped", "failed", "folded", "unknown", "held", "pending")
    return FlowView(accepted=sum(columns.values()), delivered=_of(today, (State.DELIVERED,)), **seen, **{name: columns[name] for name in names})


def _channels(today: Sequence[Timed], stands: Counts, first: int) -> list[ChannelView]:
    rows = []
    for name in CHANNELS:
        number = CHANNEL_NUMBER[name]
        waiting = sum(n for (channel, state), n in stands.items() if channel == number and state in (*OPEN, State.HELD, State.UNKNOWN))
        steps, delivered = _steps_of(today, channel=number), _of(today, (State.DELIVERED,), number)
        counts = (_of(today, None, number), _of(today, WENT, number), delivered, _of(today, LOST, number), waiting, delivered > 0)
        rows.append(ChannelView(name, *counts, quantile(steps, 0.5), sum(steps.values()), _course(today, first, None, [number])))
    return rows


def _steps(tx: Tx, space: int) -> list[StepView]:
    """Of an installation from which nothing was sent yet."""
    changed = any(row.revision > 1 for row in categories.every(tx, space))
    return [StepView("person", watch.others(tx, space) > 0), StepView("category", changed), StepView("event", done=False)]


# ---- the moment
def _lanes(tx: Tx, space: int, stands: Counts) -> list[LaneView]:
    waiting: Counter[int] = Counter()
    for (cohort, _, _), n in stands.items():
        waiting[cohort] += n
    known = watch.priorities(tx, space, [cohort for cohort, n in waiting.items() if n])
    lanes: Counter[str] = Counter()
    for cohort, n in waiting.items():
        lanes[known.get(cohort, "normal")] += n
    return [LaneView(priority, max(0, lanes[priority])) for priority in PRIORITIES]


def _sends(tx: Tx, space: int) -> list[SendView]:
    found = watch.fanouts_on_their_way(tx, space, SENDS)
    stands = counted.by_state(counted.now_standing(tx, space, ("cohort", "state"), cohorts=[row.cohort for row in found]))
    events = history.events_of(tx, space, [row.event for row in found])
    views = []
    for row in found:
        event = events.get(row.event)
        if event is None:
            continue
        states = stands[(row.cohort,)]
        told = watch.told(tx, space, row.event)
        ledger = ledger_of(sum(states.values()), states, 0, max(event.recipients, told), told)
        if not (ledger.pending or told < event.recipients):
            continue
        views.append(
            SendView(row.event.hex(), title_of(event) or event.type, event.category, event.target.partition(":")[2], event.recipients, told, ledger_view(ledger))
        )
    return views


def _ahead(tx: Tx, space: int, now: float) -> list[AheadView]:
    rows = watch.ahead(tx, space, now)
    full = len(rows) >= watch.DUE
    held = Counter(int(row.at // 60) for row in rows if row.kind.startswith("release."))
    last = max(held, default=0)
    found = [AheadView(moment(minute * 60.0 + 60), "held", n, more=full and minute == last) for minute, n in held.items()]
    planned: dict[bytes, tuple[float, int]] = {}
    for row in rows:
        if row.kind.startswith("scheduled"):
            at, n = planned.get(row.id, (row.at, 0))
            planned[row.id] = (at, n + 1)
    records = watch.records(tx, space, list(planned)[:AHEAD])
    found += [_scheduled(made, at, n, records[made]) for made, (at, n) in list(planned.items())[:AHEAD] if made in records]
    return sorted(found, key=lambda one: one.at)[:AHEAD]


def _scheduled(made: bytes, at: float, n: int, record: bytes) -> AheadView:
    try:
        event, many = decode(Event, record), False
    except Unreadable:
        fanout = decode(FanOut, record)
        event, many = fanout.event, True
    title = msgspec.json.decode(event.body, type=Body).title
    return AheadView(moment(at), "scheduled", 0 if many else max(n, event.recipients), event=made.hex(), title=title or event.type, category=event.category)
