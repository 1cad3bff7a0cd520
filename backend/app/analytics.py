"""Analytics: what became of what was planned in a stretch of time. Reads tallies alone, so a look costs the same whatever was sent.

Units are counted where they were born: a message planned on Monday and read on Friday is Monday's, planned, sent, delivered and
opened. So every column adds up, for any range and any filter, also when history is dropped by age.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from backend.app.analytics_views import BYS, AnalyticsIn, AnalyticsView, ChoicesView, FiguresView, HourView, PartView, PointView
from backend.app.base import Aggregate
from backend.domain import spans
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, PRIORITIES, State
from backend.domain.errors import Invalid, UnknownChannel
from backend.domain.ledger import Ledger
from backend.domain.measures import Measures
from backend.domain.tally import QUARTER, STAMP, TAKEN
from backend.security.roles import Actor, need
from backend.store import tallies
from backend.store.port import Tx
from backend.store.tallies import Asked, Tally, Timed

PARTS = 50  # rows of a breakdown at most; the rest is one row
REST = "*"
WENT = (State.SENT, State.DELIVERED, State.BOUNCED)
Of = Callable[[Measures], FiguresView]


class Analytics(Aggregate):
    """See the module."""

    async def report(self, actor: Actor, asked: AnalyticsIn) -> AnalyticsView:
        """Everything about one stretch of time. Errors: `Forbidden`, `Invalid`, `UnknownChannel`."""
        need(actor, "analytics.read")
        zone, now = spans.zone_of(asked.zone), self.app.clock.now()
        first, below = spans.quarters(asked.since, asked.until)
        if asked.by not in BYS:
            raise Invalid(f"Analytics is broken down by {', '.join(BYS)}.", field="by", allowed=list(BYS))
        units = _units(actor.space, first, below, asked)
        past = min(below, max(first, math.ceil(now / QUARTER))) - first
        earlier = _earlier(actor.space, asked, zone, first, past)
        axis = spans.axis(zone, first, below)
        hours = spans.local_cut(zone, first, below, spans.HOUR)

        def read(tx: Tx) -> AnalyticsView:
            tallies.together(tx)
            timed, parts = tallies.by_time(tx, units, axis.cut), tallies.by_parts(tx, units)
            begun, waiting = tallies.first(tx, actor.space), tallies.waiting_since(tx, actor.space)
            began = None if begun is None else float(begun * QUARTER)
            # where counting began later there is nothing to compare with
            before = tallies.by_parts(tx, earlier) if earlier and begun is not None and begun <= earlier.since else None
            of = provided if asked.provider else figures
            then = of(_whole(before)) if before is not None else None
            return AnalyticsView(
                since=first * QUARTER, until=below * QUARTER, zone=asked.zone, grain=axis.grain, counted_from=began,
                upto=now if waiting is None else min(now, waiting * 60.0), elapsed=past * QUARTER,
                against=earlier.since * QUARTER if earlier else None, whole=of(_whole(parts)),
                before=then if then and then.ledger.planned else None,
                points=_points(axis, timed, began, now, of), parts=_parts(parts, before, asked.by, provided if asked.by == "provider" else of),
                channels=_parts(parts, before, "channel", of), hours=_hours(tallies.by_slot(tx, units, hours, (TAKEN,) if asked.provider else WENT)),
                provider=units.provider, providers=tallies.providers(tx, actor.space, first, below),
            )  # fmt: skip

        return await self.app.store.read(read)

    async def choices(self, actor: Actor) -> ChoicesView:
        """The categories and templates that anything was counted under."""
        need(actor, "analytics.read")
        found = await self.app.store.read(lambda tx: tallies.names(tx, actor.space))
        return ChoicesView(found["category"], found["template"])


def _units(space: int, since: int, until: int, asked: AnalyticsIn) -> Asked:
    """Which units; refused where a filter names what cannot be."""
    if asked.channel and asked.channel not in CHANNEL_NUMBER:
        raise UnknownChannel(given=asked.channel[:32], allowed=list(CHANNEL_NUMBER))
    if asked.priority and asked.priority not in PRIORITIES:
        raise Invalid(f"There is no priority {asked.priority[:32]!r}. There are {', '.join(PRIORITIES)}.", field="priority")
    channel = CHANNEL_NUMBER[asked.channel] if asked.channel else 0
    return Asked(space, since, until, asked.category[:200], asked.priority, asked.template[:200], channel, asked.provider[:200])


def _earlier(space: int, asked: AnalyticsIn, zone: ZoneInfo, first: int, past: int) -> Asked | None:
    """What it is compared with: nothing, when none of the range is past or nothing is wanted."""
    if past <= 0 or (asked.against is not None and asked.against < 0):
        return None
    start = spans.before(zone, asked.since, asked.until) if asked.against is None else asked.against
    if not 0 <= start <= asked.until:
        return None
    since = int(start // QUARTER)
    return _units(space, since, since + past, asked)


def figures(of: Measures) -> FiguresView:
    """Measures as they are given out."""
    return FiguresView(
        ledger=of.ledger(), delivered=of.delivered(), failed=of.failed(), opened=of.opened(), clicked=of.clicked(),
        unsubscribed=of.unsubscribed(), opened_machine=of.of(STAMP["opened_machine"]), bounced=of.of(State.BOUNCED), half=of.time(0.5),
        most=of.time(0.95), nearly_all=of.time(0.99), timed=of.timed,
    )  # fmt: skip


def provided(of: Measures) -> FiguresView:
    """What one provider did: it was given, took, or failed; what waits or was held never came to it."""
    delivered, failed = of.provided()
    ledger = Ledger(planned=failed.whole, sent=failed.whole - failed.part, failed=failed.part)
    return FiguresView(ledger, delivered, failed, half=of.time(0.5), most=of.time(0.95), nearly_all=of.time(0.99), timed=of.timed)


def _whole(rows: Iterable[Tally]) -> Measures:
    found = Measures()
    for row in rows:
        found.count(row.channel, row.kind, row.n)
    return found


def _points(axis: spans.Axis, rows: Iterable[Timed], began: float | None, now: float, of_one: Of) -> list[PointView]:
    by = [Measures() for _ in axis.slots]
    for row in rows:
        by[axis.place[row.slot]].count(row.channel, row.kind, row.n)
    return [
        PointView(slot.start, slot.end, began is not None and slot.end > began and slot.start < now, of_one(found))
        for slot, found in zip(axis.slots, by, strict=True)
    ]


def _parts(rows: Iterable[Tally], before: Iterable[Tally] | None, by: str, of_one: Of) -> list[PartView]:
    """By the most units first; what comes behind the fiftieth is one row."""
    now, then = _grouped(rows, by), _grouped(before or (), by)
    size = {key: of_one(found).ledger.planned for key, found in now.items()}
    order = sorted(now, key=lambda key: (-size[key], key))
    parts = [PartView(key, of_one(now[key]), of_one(then[key]) if key in then else None) for key in order[:PARTS]]
    if order[PARTS:]:
        rest = Measures()
        for key in order[PARTS:]:
            rest.add(now[key])
        parts.append(PartView(REST, of_one(rest)))
    return [part for part in parts if part.figures.ledger.planned]


def _grouped(rows: Iterable[Tally], by: str) -> dict[str, Measures]:
    found: dict[str, Measures] = defaultdict(Measures)
    for row in rows:
        if by == "provider" and not row.provider:
            continue  # states and stamps name none
        key = CHANNEL_NAME.get(row.channel, "") if by == "channel" else str(getattr(row, by))
        found[key].count(row.channel, row.kind, row.n)
    return found


def _hours(slots: dict[int, int]) -> list[HourView]:
    """Slots are hours since 1970 of the zone's clock; day 0 was a Thursday."""
    found: dict[tuple[int, int], int] = defaultdict(int)
    for slot, n in slots.items():
        found[(slot // 24 + 3) % 7, slot % 24] += n
    return [HourView(weekday, hour, n) for (weekday, hour), n in sorted(found.items()) if n]
