"""State of the page Engagement: its filters in the address, and one report as it is shown."""

from typing import Any

import reflex as rx

from backend.app.engagement_views import COMPARED, ENGAGEMENT_BYS, EngagementBy, EngagementChoicesView, EngagementIn, FunnelView, ShiftsView
from backend.domain.delivery import CHANNELS
from backend.domain.event import HOLDOUT
from portal import ranges
from portal.downloads import Cell, offer
from portal.engagement_rows import EngagedRow
from portal.engagement_words import HEATS, SORTS, Engager, variant_name
from portal.figures import Figure
from portal.guard import guarded
from portal.reading import teller
from portal.rows import Choice, StepRow
from portal.shift_words import COUNTS, Shifter, ShiftFigures
from portal.states.listing import ListSpec, listing
from portal.states.ranged import RANGE, ranged, show_report
from portal.telling import Teller
from portal.theme import iso
from portal.wiring import app

PATH = "/engagement"
COMPARE = f"{PATH}/compare"
FILTERS = {
    **RANGE, "campaign": (), "variant": (), "audience": (), "category": (), "channel": CHANNELS, "provider": (), "by": ENGAGEMENT_BYS, "sort": SORTS, "heat": HEATS,
}  # fmt: skip
SPEC = ListSpec(PATH, "analytics.read", FILTERS)
TIME = ListSpec(f"{PATH}/time", "analytics.read", FILTERS)
SHIFTS = ListSpec(f"{PATH}/shifts", "analytics.read", FILTERS)


def asked_for(wanted: dict[str, str | None], own_zone: str, now: float) -> tuple[EngagementIn, ranges.Range]:
    """What the filters of an address ask of the facade. A variant is one of the campaign that is picked."""
    at = {name: value or "" for name, value in wanted.items()}
    span = ranges.read(at["range"], at["from"], at["to"], at["zone"], own_zone, now)
    by: EngagementBy = at["by"] or ("variant" if at["campaign"] else "campaign")  # type: ignore[assignment]
    variant = number_of(at["variant"]) if at["campaign"] else None
    asked = EngagementIn(
        span.since, span.until, span.zone, campaign=at["campaign"], category=at["category"], channel=at["channel"], by=by, audience=at["audience"], variant=variant,
        provider=at["provider"],
    )  # fmt: skip
    return asked, span


def number_of(text: str) -> int | None:
    """A variant's number; None for what is none."""
    try:
        found = int(text)
    except ValueError:
        return None
    return found if -10 <= found <= 100 else None


class Engagement(ranged(SPEC), listing(SPEC), rx.State):
    """See the module."""

    campaigns: list[Choice] = []
    variants: list[Choice] = []  # of the campaign that is picked
    audiences: list[Choice] = []
    categories: list[Choice] = []
    heat_of: str = "opened"
    people: list[StepRow] = []
    people_note: str = ""
    holdout: str = ""
    course: Figure = Figure()
    answers: Figure = Figure()
    heat_sub: str = ""
    heat_none: str = ""  # why no hour has a shade
    shifted: ShiftFigures = ShiftFigures()
    parts: list[EngagedRow] = []
    _names: dict[str, str] = {}

    @guarded(SPEC.permission)
    async def of_campaign(self, key: str) -> Any:
        """Another campaign: a variant or a way to break down that was of the one before is none of it."""
        by = "" if self.query["by"] in ("variant", "campaign") else self.query["by"]
        return rx.redirect(SPEC.address(SPEC.read({**self.query, "campaign": key, "variant": "", "by": by})))

    @guarded(SPEC.permission)
    async def compare(self) -> Any:
        """The campaigns that are chosen, side by side."""
        return rx.redirect(f"{COMPARE}?campaigns={','.join(self.chosen[:COMPARED])}") if self.chosen else None

    def _keys(self) -> list[str]:
        """Rows that can be compared."""
        return [row.key for row in self.parts if row.key in self._names] if self.by == "campaign" else []

    async def _before(self, actor: Any) -> None:
        found = await app().engagement.choices(actor)
        self._names = {one.key: one.name for one in found.campaigns}
        self.campaigns = [Choice(one.key, one.name or one.key) for one in found.campaigns]
        self.audiences = [Choice(key, key) for key in found.audiences]
        self.categories = [Choice(key, key) for key in found.categories[:50]]
        self.variants = variants_of(found, self.query["campaign"], await teller(self))

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        asked, span = asked_for(wanted, voice.zone, voice.now)
        view = await app().engagement.report(actor, asked)
        told = Engager(view, Teller(voice.language, span.zone, voice.now), by=asked.by, sort=wanted["sort"] or "planned", heat=wanted["heat"] or "opened", names=self._names)
        shown, changes = told.shown(), Shifter(view, told.voice)
        show_report(self, (SPEC, TIME), span, told, view, shown)
        self.by, self.sort, self.heat_of = asked.by, told.sort, told.heat_of
        self.anything = view.counted_from is not None or changes.any
        self.some = bool(view.whole.planned or view.parts) or changes.any
        self.people_note, self.holdout, self.heat_sub, self.heat_none = shown.people_note, shown.holdout, shown.heat_sub, shown.heat_none
        self.tiles, self.steps, self.people, self.beside = told.tiles(), told.funnel(), told.people(), told.beside()
        self.course, self.answers, self.heat, self.parts = told.course(), changes.answers(), told.heat(), told.rows()
        self.shifted = changes.shown(SHIFTS.address(self.query, f"/download/{SHIFTS.name}.csv"))
        return None


def variants_of(found: EngagementChoicesView, campaign: str, voice: Teller) -> list[Choice]:
    """What a campaign's people were divided into, the holdout last."""
    names = next((one.variants for one in found.campaigns if one.key == campaign), [])
    if len(names) < 2:
        return []
    return [Choice(str(n), variant_name(names[n] if n >= 0 else "", str(n), voice)) for n in (*range(len(names)), HOLDOUT)]


RATES = ("delivered", "opened", "clicked", "unsubscribed", "converted")
HEADS = (
    "eng.csv.planned", "eng.csv.sent", "eng.csv.machine", "eng.csv.complained", "eng.csv.bounced", *(f"eng.csv.{name}{part}" for name in RATES for part in ("", ".of")),
)  # fmt: skip


SHIFT_HEADS = tuple(f"shift.csv.{name}" for name in COUNTS)


def _changes(shifts: ShiftsView) -> list[Cell]:
    return [getattr(shifts, name) for name in COUNTS]


def _numbers(funnel: FunnelView) -> list[Cell]:
    """Plain numbers; empty where there is none."""
    cells: list[Cell] = [funnel.planned, funnel.sent, funnel.opened_machine, funnel.complained, funnel.bounced]
    for name in RATES:
        rate = getattr(funnel, name)
        cells += ["", ""] if rate.why else [rate.part, rate.whole]
    return cells


@offer(SPEC, "analytics.csv.by", "analytics.csv.part", "eng.csv.key", *HEADS)
async def _parts_file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[Any], str | None]:
    asked, span = asked_for(wanted, voice.zone, voice.now)
    view, found = await app().engagement.report(actor, asked), await app().engagement.choices(actor)
    names = {one.key: one.name for one in found.campaigns}
    told = Engager(view, Teller(voice.language, span.zone, voice.now), by=asked.by, sort=wanted["sort"] or "planned", heat="sent", names=names)
    return [[voice.say(f"eng.by.{asked.by}"), told.name(part)[0], part.key, *_numbers(part.funnel)] for part in told.sorted(view.parts)], None


@offer(TIME, "analytics.csv.from", "analytics.csv.to", *HEADS, *SHIFT_HEADS)
async def _time_file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[Any], str | None]:
    asked, span = asked_for(wanted, voice.zone, voice.now)
    view = await app().engagement.report(actor, asked)
    return [
        [iso(point.start, span.zone), iso(point.end, span.zone), *_numbers(point.funnel), *_changes(point.shifts)] for point in view.points if point.known
    ], None


@offer(SHIFTS, "analytics.csv.by", "analytics.csv.part", "eng.csv.key", *SHIFT_HEADS)
async def _shifts_file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[Any], str | None]:
    asked, span = asked_for(wanted, voice.zone, voice.now)
    told = Shifter(await app().engagement.report(actor, asked), Teller(voice.language, span.zone, voice.now))
    return [[head, name, part.key, *_changes(part.shifts)] for head, name, part in told.every()], None
