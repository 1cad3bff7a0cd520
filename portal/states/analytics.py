"""State of the page Analytics: its filters in the address, and one report as it is shown."""

from typing import Any

import reflex as rx

from backend.app.analytics_views import BYS, AnalyticsIn, AnalyticsView, By
from backend.domain.delivery import CHANNELS, PRIORITIES
from portal import ranges
from portal.analysis import Analyst, PartRow
from portal.downloads import Cell, offer
from portal.figures import Figure
from portal.guard import guarded
from portal.rows import Choice
from portal.states.listing import ListSpec, listing
from portal.states.ranged import RANGE, ranged, show_report
from portal.telling import Teller
from portal.theme import iso
from portal.wiring import app

PATH = "/analytics"
SORTS = ("planned", "sent", "delivered", "opened", "clicked", "failed", "half", "nearly_all")
FILTERS = {
    **RANGE, "against": (), "category": (), "channel": CHANNELS, "template": (), "provider": (), "priority": PRIORITIES,
    "by": BYS, "sort": SORTS,
}  # fmt: skip
SPEC = ListSpec(PATH, "analytics.read", FILTERS)
TIME = ListSpec(f"{PATH}/time", "analytics.read", FILTERS)
NONE = "none"  # compared with nothing


def asked_for(wanted: dict[str, str | None], own_zone: str, now: float) -> tuple[AnalyticsIn, ranges.Range]:
    """What the filters of an address ask of the facade."""
    at = {name: value or "" for name, value in wanted.items()}
    span = ranges.read(at["range"], at["from"], at["to"], at["zone"], own_zone, now)
    by: By = at["by"] or "category"  # type: ignore[assignment]
    return (
        AnalyticsIn(
            span.since, span.until, span.zone, category=at["category"], channel=at["channel"], template=at["template"], priority=at["priority"],
            provider=at["provider"], by=by, against=_against(at["against"], span.zone),
        ),
        span,
    )  # fmt: skip


def _against(text: str, zone: str) -> float | None:
    """A day to compare from; nothing; or, for what cannot be read, the stretch just before."""
    if text == NONE:
        return -1.0
    try:
        return ranges.moment_of(text, zone) if text else None
    except ValueError:
        return None


class Analytics(ranged(SPEC), listing(SPEC), rx.State):
    """See the module."""

    against_day: str = ""
    against_kind: str = ""  # "", none, or day
    categories: list[Choice] = []
    templates: list[Choice] = []
    compared: str = ""
    written: str = ""
    volume: Figure = Figure()
    failures: Figure = Figure()
    times: Figure = Figure()
    parts: list[PartRow] = []
    lanes: list[PartRow] = []

    @guarded(SPEC.permission)
    async def compare(self, kind: str) -> Any:
        """With the stretch just before, or with nothing; a day is chosen in the dialog."""
        if kind not in ("", NONE):
            return None
        return rx.redirect(SPEC.address(SPEC.read({**self.query, "against": kind})))

    def _keys(self) -> list[str]:
        return []

    async def _before(self, actor: Any) -> None:
        found = await app().analytics.choices(actor)
        self.categories = [Choice(name, name) for name in found.categories[:50]]
        self.templates = [Choice(name, name) for name in found.templates[:50]]

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        asked, span = asked_for(wanted, voice.zone, voice.now)
        view = await app().analytics.report(actor, asked)
        _show(self, view, Analyst(view, Teller(voice.language, span.zone, voice.now), wanted["sort"] or "planned", asked.by), span)
        return None


def _show(page: Analytics, view: AnalyticsView, analyst: Analyst, span: ranges.Range) -> None:
    """Put a report on the page."""
    shown = analyst.shown()
    query = page.query
    show_report(page, (SPEC, TIME), span, analyst, view, shown)
    page.by, page.sort = analyst.by, analyst.sort
    page.against_kind = query["against"] if query["against"] in ("", NONE) else "day"
    page.against_day = query["against"] if page.against_kind == "day" else ""
    page.compared, page.written = analyst.compared(), shown.sum
    page.anything, page.some = view.counted_from is not None, view.whole.ledger.planned > 0
    page.tiles, page.steps, page.beside = shown.tiles, shown.steps, shown.beside
    page.volume, page.failures, page.times, page.heat = shown.volume, shown.failures, shown.times, shown.heat
    page.parts, page.lanes = shown.parts, shown.channels


NUMBERS = (
    "planned", "sent", "held", "skipped", "failed", "unknown", "pending", "folded", "delivered", "delivered.of", "opened", "opened.of", "clicked", "clicked.of",
    "machine", "half", "most", "nearly_all",
)  # fmt: skip
HEADS = tuple(f"analytics.csv.{name}" for name in NUMBERS)


def _numbers(figures: Any) -> list[Cell]:
    """Plain numbers; empty where there is none. Times in seconds."""
    ledger, cells = figures.ledger, []
    cells += [ledger.planned, ledger.sent, ledger.held, ledger.skipped, ledger.failed, ledger.unknown, ledger.pending, ledger.folded]
    for rate in (figures.delivered, figures.opened, figures.clicked):
        cells += ["", ""] if rate.why else [rate.part, rate.whole]
    times = [None if time is None else round(time, 3) for time in (figures.half, figures.most, figures.nearly_all)]
    return [*cells, figures.opened_machine, *times]


@offer(SPEC, "analytics.csv.by", "analytics.csv.part", *HEADS)
async def _parts_file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[Any], str | None]:
    asked, span = asked_for(wanted, voice.zone, voice.now)
    view = await app().analytics.report(actor, asked)
    analyst = Analyst(view, Teller(voice.language, span.zone, voice.now), wanted["sort"] or "planned", asked.by)
    rows = [[voice.say(f"analytics.by.{asked.by}"), analyst.name(part.key, asked.by), *_numbers(part.figures)] for part in analyst.sorted(view.parts, analyst.sort)]
    return rows, None


@offer(TIME, "analytics.csv.from", "analytics.csv.to", *HEADS)
async def _time_file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[Any], str | None]:
    asked, span = asked_for(wanted, voice.zone, voice.now)
    view = await app().analytics.report(actor, asked)
    return [[iso(point.start, span.zone), iso(point.end, span.zone), *_numbers(point.figures)] for point in view.points if point.known], None
