"""State of the page Analytics: its filters in the address, and one report as it is shown."""

from typing import Any

import reflex as rx

from backend.app.analytics_views import BYS, AnalyticsIn, AnalyticsView, By
from backend.domain.delivery import CHANNELS, PRIORITIES
from portal import ranges
from portal.analysis import Analyst, HeatRow, PartRow
from portal.downloads import Cell, offer
from portal.figures import Figure
from portal.guard import guarded
from portal.reading import teller
from portal.rows import Choice, StepRow, Tile
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import clock, iso, moment
from portal.wiring import app

PATH = "/analytics"
SORTS = ("planned", "sent", "delivered", "opened", "clicked", "failed", "half", "nearly_all")
FILTERS = {
    "range": ranges.PRESETS, "from": (), "to": (), "zone": (), "against": (), "category": (), "channel": CHANNELS, "template": (), "provider": (), "priority": PRIORITIES,
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


class Analytics(listing(SPEC), rx.State):
    """See the module."""

    preset: str = ranges.USUAL
    first_day: str = ""  # of the dialog
    last_day: str = ""
    against_day: str = ""
    against_kind: str = ""  # "", none, or day
    range_problem: str = ""
    range_done: int = 0
    categories: list[Choice] = []
    templates: list[Choice] = []
    providers: list[Choice] = []  # who answered in this range
    one: str = ""  # what is left out where one provider is looked at
    by: str = "category"
    sort: str = "planned"
    when: str = ""
    zone_note: str = ""
    fresh: str = ""
    fresh_exact: str = ""
    unread: str = ""  # the address's dates cannot be read
    compared: str = ""
    link: str = ""
    time_file: str = ""
    anything: bool = False  # something was counted, ever
    some: bool = False  # in this range
    answer: str = ""
    proof: str = ""
    few: str = ""
    written: str = ""
    tiles: list[Tile] = [Tile(), Tile(), Tile(), Tile()]
    steps: list[StepRow] = []
    beside: list[StepRow] = []
    volume: Figure = Figure()
    failures: Figure = Figure()
    times: Figure = Figure()
    heat: list[HeatRow] = []
    parts: list[PartRow] = []
    lanes: list[PartRow] = []

    @guarded(SPEC.permission)
    async def days(self, preset: str) -> Any:
        """A range that moves with the clock."""
        return rx.redirect(SPEC.address(SPEC.read({**self.query, "range": preset, "from": "", "to": "", "zone": "", "against": ""})))

    @guarded(SPEC.permission)
    async def choose_range(self, form: dict[str, Any]) -> Any:
        """Days of one's own, and what to compare them with."""
        voice = await teller(self)
        given = {name: str(form.get(name, ""))[:16].strip() for name in ("first", "last", "against")}
        zone = self.query["zone"] or voice.zone
        try:
            since, until = ranges.moment_of(given["first"], zone), ranges.moment_of(given["last"], zone, end=True)
            if given["against"]:
                ranges.moment_of(given["against"], zone)
        except ValueError:
            self.range_problem = voice.say("analytics.range.unread")
            return None
        if since >= until:
            self.range_problem = voice.say("analytics.range.turned")
            return None
        self.range_problem, self.range_done = "", self.range_done + 1
        asked = {**self.query, "range": "", "from": given["first"], "to": given["last"], "zone": zone, "against": given["against"]}
        return rx.redirect(SPEC.address(SPEC.read(asked)))

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
        _show(self, view, Analyst(view, Teller(voice.language, span.zone, voice.now), wanted["sort"] or "planned", asked.by), voice, span)
        return None


def _show(page: Analytics, view: AnalyticsView, analyst: Analyst, voice: Teller, span: ranges.Range) -> None:
    """Put a report on the page."""
    shown = analyst.shown()
    query = page.query
    names = sorted({*view.providers[:50], view.provider} - {""})
    page.providers = [Choice(name, name) for name in names]
    page.one = voice.say("analytics.given", provider=view.provider) if view.provider else ""
    page.preset, page.by, page.sort = span.preset, analyst.by, analyst.sort
    page.first_day, page.last_day = span.first[:10], span.last[:10]
    page.against_kind = query["against"] if query["against"] in ("", NONE) else "day"
    page.against_day = query["against"] if page.against_kind == "day" else ""
    page.when, page.compared = analyst.range(), analyst.compared()
    own = span.zone == voice.zone
    page.zone_note = voice.say("analytics.zone.own" if own else "analytics.zone.link", zone=span.zone)
    page.fresh = voice.say("analytics.fresh", at=clock(view.upto, span.zone)[:5])
    page.fresh_exact = moment(view.upto, span.zone, voice.language)
    page.unread = voice.say("analytics.unread") if span.usual else ""
    absolute = {**query, "range": "", "from": span.first, "to": span.last, "zone": span.zone}
    page.link = app().settings.base_url.rstrip("/") + SPEC.address(absolute)
    page.time_file = TIME.address(query, f"/download/{TIME.name}.csv")
    page.anything, page.some = view.counted_from is not None, view.whole.ledger.planned > 0
    page.answer, page.proof, page.few, page.written = shown.answer, shown.proof, shown.few, shown.sum
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
