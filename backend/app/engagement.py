"""Engagement: what people did with what they were sent, from planned to converted. Reads tallies alone, so a look costs the same whatever was sent.

Messages are counted where they were born, as in analytics. Unique people stand beside them: of a campaign's run, each once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

import msgspec

from backend.app.base import Aggregate
from backend.app.engagement_views import (
    COMPARED,
    ENGAGEMENT_BYS,
    CampaignChoiceView,
    ComparedView,
    CompareIn,
    EngagedView,
    EngagementChoicesView,
    EngagementIn,
    EngagementView,
    FunnelView,
    HourFunnelView,
    PeopleView,
    TrendView,
)
from backend.app.shifting import Shifting
from backend.domain import spans
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, State
from backend.domain.errors import Invalid, UnknownChannel
from backend.domain.event import HOLDOUT
from backend.domain.measures import Measures, Rate
from backend.domain.tally import ARRIVED, PEOPLE, QUARTER, STAMP, TAKEN
from backend.security.roles import Actor, need
from backend.store import engaged, shifts, tallies
from backend.store.engaged import Engaged
from backend.store.port import Tx
from backend.store.tallies import Asked, Timed

PARTS = 50  # rows of a breakdown at most; the rest is one row
REST = "*"
WENT = (State.SENT, State.DELIVERED, State.BOUNCED)
OPENS = (STAMP["opened_human"], STAMP["read"])
BY_MESSAGE = ("channel", "provider")  # a person has several of these


class Engagement(Aggregate):
    """See the module."""

    async def report(self, actor: Actor, asked: EngagementIn) -> EngagementView:
        """Everything about one stretch of time. Errors: `Forbidden`, `Invalid`, `UnknownChannel`."""
        need(actor, "analytics.read")
        zone, now = spans.zone_of(asked.zone), self.app.clock.now()
        first, below = spans.quarters(asked.since, asked.until)
        asked_for = _units(actor.space, first, below, asked)
        axis = spans.axis(zone, first, below)
        week = spans.local_cut(zone, first, below, spans.HOUR)

        def read(tx: Tx) -> EngagementView:
            tallies.together(tx)
            known = engaged.campaigns_of(tx, actor.space)
            funnel = Funnels(known)
            units = _of_campaigns(asked_for, asked, known)
            rows = engaged.by_campaign(tx, units)
            begun, waiting = tallies.first(tx, actor.space), tallies.waiting_since(tx, actor.space)
            began = None if begun is None else float(begun * QUARTER)
            hours = [tallies.by_slot(tx, units, week, kinds) for kinds in ((TAKEN,) if asked.provider else WENT, OPENS, (STAMP["clicked"],))]
            said = Shifting(shifts.read(tx, actor.space, first, below, axis.cut), asked)
            return EngagementView(
                since=first * QUARTER, until=below * QUARTER, zone=asked.zone, grain=axis.grain, counted_from=began,
                upto=now if waiting is None else min(now, waiting * 60.0), whole=_carried(rows) if asked.provider else funnel(rows, people=not asked.channel),
                points=_points(axis, tallies.by_time(tx, units, axis.cut), said, began, now, _provided if asked.provider else _units_of),
                parts=_parts(rows, asked, known, funnel), hours=_hours(*hours), provider=asked.provider[:200],
                providers=tallies.providers(tx, actor.space, first, below), shifts=said.whole(), shifts_by_category=said.by_category(),
                shifts_by_channel=said.by_channel(), shifts_by_way=said.by_way(),
            )  # fmt: skip

        return await self.app.store.read(read)

    async def choices(self, actor: Actor) -> EngagementChoicesView:
        """What can be filtered by. Errors: `Forbidden`."""
        need(actor, "analytics.read")

        def read(tx: Tx) -> EngagementChoicesView:
            known = sorted(engaged.campaigns_of(tx, actor.space).items(), key=lambda one: (one[1].name.casefold(), one[0]))
            return EngagementChoicesView(
                [CampaignChoiceView(key, one.name, list(one.variants)) for key, one in known], sorted({one.audience for _, one in known} - {""}),
                tallies.names(tx, actor.space)["category"],
            )  # fmt: skip

        return await self.app.store.read(read)

    async def compare(self, actor: Actor, asked: CompareIn) -> list[ComparedView]:
        """Campaigns side by side, all that was ever sent of each, with their variants; in the order asked for. Errors: `Forbidden`, `Invalid`."""
        need(actor, "analytics.read")
        keys = list(dict.fromkeys(key[:128] for key in asked.campaigns))
        if not 1 <= len(keys) <= COMPARED:
            raise Invalid(f"Name 1 to {COMPARED} campaigns to compare.", field="campaigns", limit=COMPARED)
        now = int(self.app.clock.now() // QUARTER) + 1

        def read(tx: Tx) -> list[ComparedView]:
            tallies.together(tx)
            known = engaged.campaigns_of(tx, actor.space)
            if missing := [key for key in keys if key not in known]:
                raise Invalid(f"There is no campaign {missing[0]!r}. Take its key from the list of campaigns.", field="campaigns", given=missing)
            since, funnel = tallies.first(tx, actor.space) or 0, Funnels(known)
            rows = engaged.by_campaign(tx, Asked(actor.space, min(since, now - 1), now, campaigns=tuple(keys)))
            mine = {key: [row for row in rows if row.campaign == key] for key in keys}
            return [ComparedView(key, known[key].name, funnel(mine[key]), _grouped(mine[key], _variant_of, known, "variant", funnel)) for key in keys]

        return await self.app.store.read(read)


def _units(space: int, first: int, below: int, asked: EngagementIn) -> Asked:
    if asked.channel and asked.channel not in CHANNEL_NUMBER:
        raise UnknownChannel(given=asked.channel[:32], allowed=list(CHANNEL_NUMBER))
    if asked.by not in ENGAGEMENT_BYS:
        raise Invalid(f"Engagement is broken down by {', '.join(ENGAGEMENT_BYS)}.", field="by", allowed=list(ENGAGEMENT_BYS))
    if asked.variant is not None and not -10 <= asked.variant <= 100:
        raise Invalid("There is no such variant. Take its number from the parts of the campaign; the holdout is -2.", field="variant")
    return Asked(space, first, below, category=asked.category[:200], channel=CHANNEL_NUMBER.get(asked.channel, 0), provider=asked.provider[:200], variant=asked.variant)


def _of_campaigns(units: Asked, asked: EngagementIn, known: Mapping[str, engaged.CampaignName]) -> Asked:
    """Of one campaign, or of those for one audience."""
    if not asked.campaign and not asked.audience:
        return units
    keys = [asked.campaign[:128]] if asked.campaign else list(known)
    if asked.audience:
        keys = [key for key in keys if key in known and known[key].audience == asked.audience]
    return msgspec.structs.replace(units, campaigns=tuple(keys))


class Funnels:
    """The funnel of some rows. Converted are those of campaigns that have an event for it as they stand, or whose people did: of others nobody can."""

    def __init__(self, known: Mapping[str, engaged.CampaignName]) -> None:
        self._aiming = {key for key, one in known.items() if one.aims}

    def __call__(self, rows: Iterable[Engaged], people: bool = True) -> FunnelView:
        units, told, held_out = Measures(), Measures(), Measures()
        got: Counter[str] = Counter()
        aiming = set(self._aiming)
        for row in rows:
            side = units if row.kind not in PEOPLE.values() else held_out if row.variant == HOLDOUT else told
            side.count(row.channel, row.kind, row.n)
            if side is told and row.kind == PEOPLE["got"]:
                got[row.campaign] += row.n
            if row.kind == PEOPLE["converted"]:
                aiming.add(row.campaign)
        return _of(units, _people(told, held_out) if people else None, sum(got[key] for key in aiming))


def _people(told: Measures, held_out: Measures) -> PeopleView:
    return PeopleView(**{name: told.of(kind) for name, kind in PEOPLE.items()}, holdout_converted=held_out.of(PEOPLE["converted"]))


def _of(units: Measures, people: PeopleView | None, aimed: int = 0) -> FunnelView:
    """`aimed`: people who got a campaign that has an event for converting."""
    converted = Rate(people.converted, aimed, "") if people and aimed else Rate(why="no_signal" if people and people.got else "nothing")
    return FunnelView(
        planned=units.planned, sent=units.of(*WENT), delivered=units.delivered(), opened=units.opened(), opened_machine=units.of(STAMP["opened_machine"]),
        clicked=units.clicked(), unsubscribed=units.unsubscribed(), complained=units.of(STAMP["complained"]), bounced=units.of(State.BOUNCED), people=people,
        converted=converted,
    )  # fmt: skip


def _units_of(units: Measures) -> FunnelView:
    return _of(units, None)


def _carried(rows: Iterable[Engaged]) -> FunnelView:
    units = Measures()
    for row in rows:
        units.count(row.channel, row.kind, row.n)
    return _provided(units)


def _provided(units: Measures) -> FunnelView:
    """What one provider did: opens and clicks belong to a message, not to whoever carried it."""
    delivered, failed = units.provided()
    unheard = Rate(0, 0, "no_signal")
    return FunnelView(
        planned=failed.whole, sent=units.of(TAKEN), delivered=Rate(units.of(ARRIVED), delivered.whole, delivered.why), opened=unheard, opened_machine=0,
        clicked=unheard, unsubscribed=unheard, complained=0, bounced=failed.part,
    )  # fmt: skip


def _points(
    axis: spans.Axis, rows: Iterable[Timed], said: Shifting, began: float | None, now: float, of_one: Callable[[Measures], FunnelView]
) -> list[TrendView]:
    by = [Measures() for _ in axis.slots]
    for row in rows:
        by[axis.place[row.slot]].count(row.channel, row.kind, row.n)
    changed = said.by_place(axis.place, len(axis.slots))
    return [
        TrendView(slot.start, slot.end, began is not None and slot.end > began and slot.start < now, of_one(found), some.opted_in, some.opted_out, some)
        for slot, found, some in zip(axis.slots, by, changed, strict=True)
    ]


def _parts(rows: Iterable[Engaged], asked: EngagementIn, known: Mapping[str, engaged.CampaignName], funnel: "Funnels") -> list[EngagedView]:
    key_of: dict[str, Callable[[Engaged], str]] = {
        "campaign": lambda row: row.campaign, "variant": _variant_of, "audience": lambda row: known[row.campaign].audience if row.campaign in known else "",
        "channel": lambda row: CHANNEL_NAME.get(row.channel, ""), "category": lambda row: row.category, "provider": lambda row: row.provider,
    }  # fmt: skip
    if asked.by in ("campaign", "variant", "audience"):
        rows = [row for row in rows if row.campaign]
    if asked.by == "provider":
        rows = [row for row in rows if row.provider]  # states and stamps name none
    carried, people = asked.by == "provider" or bool(asked.provider), not asked.channel and asked.by not in BY_MESSAGE
    return _grouped(rows, key_of[asked.by], known, asked.by, _carried if carried else lambda some: funnel(some, people))


def _grouped(
    rows: Iterable[Engaged], key_of: Callable[[Engaged], str], known: Mapping[str, "engaged.CampaignName"], by: str, of: Callable[[list[Engaged]], FunnelView]
) -> list[EngagedView]:
    """By the most messages first; what comes behind the fiftieth is one row."""
    groups: dict[str, list[Engaged]] = defaultdict(list)
    for row in rows:
        groups[key_of(row)].append(row)
    found = [EngagedView(key, _name_of(mine[0], known, by), of(mine)) for key, mine in groups.items()]
    found = sorted((one for one in found if _anything(one.funnel)), key=lambda one: (-one.funnel.planned, one.key))
    if found[PARTS:]:
        found = [*found[:PARTS], EngagedView(REST, "", of([row for one in found[PARTS:] for row in groups[one.key]]))]
    return found


def _anything(funnel: FunnelView) -> bool:
    return bool(funnel.planned or (funnel.people and funnel.people != PeopleView()))


def _variant_of(row: Engaged) -> str:
    return f"{row.campaign}/{row.variant}"


def _name_of(row: Engaged, known: Mapping[str, "engaged.CampaignName"], by: str) -> str:
    if by not in ("campaign", "variant") or row.campaign not in known:
        return ""
    campaign = known[row.campaign]
    if by == "campaign":
        return campaign.name
    return campaign.variants[row.variant] if 0 <= row.variant < len(campaign.variants) else ""


def _hours(*by_kind: Mapping[int, int]) -> list[HourFunnelView]:
    """Slots are hours since 1970 of the zone's clock; day 0 was a Thursday."""
    found: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for n, slots in enumerate(by_kind):
        for slot, count in slots.items():
            found[(slot // 24 + 3) % 7, slot % 24][n] += count
    return [HourFunnelView(weekday, hour, *counts) for (weekday, hour), counts in sorted(found.items()) if any(counts)]
