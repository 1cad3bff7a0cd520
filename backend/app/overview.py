"""The overview: what a day brought against the day before, what goes on now, what is wrong, and what comes next.

Numbers come from what the rollup keeps, times from bounded samples: whatever was sent, a look costs the same. Looks are shared by
everybody of a space for a moment.
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
from backend.domain.delivery import CHANNEL_NAME, CHANNELS, LEDGER_OF, PRIORITIES, State
from backend.domain.event import Body, Event, FanOut
from backend.domain.ledger import ledger_of
from backend.log.codec import Unreadable, decode
from backend.security.roles import Actor, need
from backend.store import categories, counted, history, watch
from backend.store.counted import Counts
from backend.store.port import Tx

T = TypeVar("T")
HOUR, DAY = 3_600.0, 86_400.0
SLOTS = 24  # parts of a day in a course
TIMES = 12  # parts of a day that are sampled for their times
SAMPLE = 100  # deliveries of each
KEPT = 20.0  # seconds a look at the day is shared
KEPT_NOW = 2.0  # seconds a look at the moment is shared
SENDS = 5
AHEAD = 6
OPEN = (State.PENDING, State.SENDING, State.RETRYING)
WENT = (State.SENT, State.DELIVERED)
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
        minute = int(now // 60) + 1
        first = minute - 2 * 1440

        def read(tx: Tx) -> OverviewView:
            moves = counted.moved(tx, space, first, minute, 1440 // SLOTS)
            stands = counted.now_standing(tx, space)
            times = [watch.delivered(tx, space, now - (n + 1) * DAY / TIMES, now - n * DAY / TIMES, SAMPLE) for n in range(2 * TIMES)][::-1]
            noes = watch.opted_out(tx, space, now - 2 * DAY, now + 1)
            steps = [] if stands else _steps(tx, space)
            halves = _halves(moves)
            sent = [_of(half, WENT) for half in halves]
            went = _course(moves, WENT)
            return OverviewView(
                at=moment(now),
                since=moment(now - DAY),
                accepted=CountTrend(_of(halves[1]), _of(halves[0]), _course(moves)),
                delivered=_delivered(moves, halves),
                times=_times(times),
                unsubscribed=RateTrend(
                    sum(at >= now - DAY for at in noes), sent[1], sum(at < now - DAY for at in noes), sent[0],
                    [(sum(now - DAY + n * HOUR <= at < now - DAY + (n + 1) * HOUR for at in noes), went[n]) for n in range(SLOTS)],
                ),
                flow=_flow(halves[1], stands),
                channels=_channels(halves[1], stands, [pair for some in times[TIMES:] for pair in some]),
                steps=steps,
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


# ---- the day
def _halves(moves: Counts) -> tuple[Counts, Counts]:
    """Moves by (channel, state) of the day before and of the day."""
    halves: tuple[Counts, Counts] = (Counter(), Counter())
    for (slot, channel, state), n in moves.items():
        halves[slot >= SLOTS][channel, state] += n
    return halves


def _of(moves: Counts, states: Sequence[int] | None = None, channel: int | None = None) -> int:
    """Units that came into these states, or came at all."""
    return sum(n for (c, state), n in moves.items() if (states is None or state in states) and channel in (None, c))


def _course(moves: Counts, states: Sequence[int] | None = None, channels: Sequence[int] | None = None) -> list[int]:
    course = [0] * SLOTS
    for (slot, channel, state), n in moves.items():
        if slot >= SLOTS and (states is None or state in states) and (channels is None or channel in channels):
            course[slot - SLOTS] += n
    return course


def _delivered(moves: Counts, halves: tuple[Counts, Counts]) -> RateTrend:
    """Of the channels that confirm: where none does, sent says nothing about arriving."""
    taken = (*WENT, State.BOUNCED)
    sure = [{channel for channel, state in half if state == State.DELIVERED and half[channel, state] > 0} for half in halves]
    n = [sum(_of(half, (State.DELIVERED,), channel) for channel in some) for half, some in zip(halves, sure, strict=True)]
    of = [sum(_of(half, taken, channel) for channel in some) for half, some in zip(halves, sure, strict=True)]
    pairs = list(zip(_course(moves, (State.DELIVERED,), list(sure[1])), _course(moves, taken, list(sure[1])), strict=True))
    return RateTrend(n[1], of[1], n[0], of[0], pairs)


def _times(slots: Sequence[Sequence[tuple[int, float]]]) -> TimeTrend:
    seconds = [sorted(second for _, second in slot) for slot in slots]
    before, today = (sorted(second for slot in half for second in slot) for half in (seconds[:TIMES], seconds[TIMES:]))
    return TimeTrend(_at(today, 0.5), _at(today, 0.99), _at(before, 0.5), len(today), [_at(slot, 0.5) for slot in seconds[TIMES:]])


def _at(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def _flow(day: Counts, stands: Counts) -> FlowView:
    """What came and what was open before, against what became of it. An end that lost units (a dead letter sent again) counts as carried."""
    ends: Counter[str] = Counter()
    for (_, state), n in day.items():
        if (column := LEDGER_OF[state]) not in ("held", "pending", "unknown"):
            ends[column] += n
    opened: Counter[str] = Counter()
    for (_, state), n in stands.items():
        if (column := LEDGER_OF[state]) in ("held", "pending", "unknown"):
            opened[column] += n
    accepted = _of(day)
    carried = sum(ends.values()) + sum(opened.values()) - accepted
    for column, n in ends.items():
        if n < 0:
            carried, ends[column] = carried - n, 0
    delivered = max(0, _of(day, (State.DELIVERED,)))
    return FlowView(accepted=accepted, carried=carried, delivered=min(delivered, ends["sent"]), **{k: ends[k] for k in ("sent", "skipped", "failed", "folded")},
                    **{k: opened[k] for k in ("unknown", "held", "pending")})  # fmt: skip


def _channels(day: Counts, stands: Counts, times: Sequence[tuple[int, float]]) -> list[ChannelView]:
    rows = []
    for number, name in CHANNEL_NAME.items():
        waiting = sum(n for (channel, state), n in stands.items() if channel == number and state in (*OPEN, State.HELD, State.UNKNOWN))
        mine = sorted(second for channel, second in times if channel == number)
        delivered = max(0, _of(day, (State.DELIVERED,), number))
        rows.append(
            ChannelView(
                name, _of(day, None, number), max(0, _of(day, WENT, number)), delivered, max(0, _of(day, LOST, number)), waiting, delivered > 0,
                _at(mine, 0.5), len(mine),
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: CHANNELS.index(row.channel))


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
