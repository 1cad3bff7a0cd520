"""Every event, newest first, with its ledger as a bar."""

from typing import Any

import reflex as rx

from backend.app.event_views import EventLine
from backend.domain.delivery import PRIORITIES
from backend.domain.event import SOURCES
from portal import days
from portal.components.charts import shares
from portal.components.controls import button
from portal.components.dated import typed_and_dated
from portal.components.elements import a, div, span, td, tr
from portal.components.listing import choice, list_actions, list_card
from portal.components.surfaces import empty
from portal.components.text import t
from portal.downloads import Cell, offer
from portal.figures import width_of
from portal.frame import Frame, on_page
from portal.overview_rows import Part
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.staff_rows import EventRow
from portal.states.listing import ListSpec, listing
from portal.telling import COLUMNS, Teller
from portal.theme import ago, count, iso, moment
from portal.wiring import app

PATH = "/events"
SPEC = ListSpec(
    PATH,
    "events.read",
    {"category": (), "priority": PRIORITIES, "source": tuple(SOURCES), "type": (), "since": (), "until": ()},
    typed=("type", "since", "until"),
)
HUES = {**COLUMNS, "sent": "sent"}
MANY = {"group": "/groups", "audience": "/audiences", "campaign": "/campaigns"}  # what an event for many names, and where its page is


class Events(listing(SPEC), rx.State):
    """One page of events, the categories the filter offers, and what the templates are called."""

    rows: list[EventRow] = []
    categories: list[Choice] = []
    _names: dict[str, str] = {}

    async def _before(self, actor: Any) -> None:
        if not self.categories:
            self.categories = [Choice(c.key, c.name) for c in (await app().categories.list(actor)).items]
            self._names = {one.key: one.name for one in (await app().templates.list(actor, limit=50)).items}

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().events.list(actor, **_asked(wanted, voice), after=after, limit=SPEC.rows)
        self.rows = [shown(line, voice, self._names) for line in found.items]
        return found.next


def _asked(wanted: dict[str, str | None], voice: Teller) -> dict[str, Any]:
    times = {"since": days.begins(wanted["since"], voice.zone), "until": days.ends(wanted["until"], voice.zone)}
    return {**wanted, **times}


def many_of(kind: str, key: str, voice: Teller) -> tuple[str, str]:
    """(in words, address of its page) of what an event for many is for: a group, an audience, or whom a campaign is for."""
    return voice.say(f"events.{kind if kind in MANY else 'group'}", key=key), f"{MANY.get(kind, '/groups')}/{key}"


def to_of(line: EventLine, voice: Teller) -> str:
    """Whom it is for."""
    if line.to:
        return many_of(line.kind, line.to, voice)[0]
    return line.user or voice.say("events.people", count=count(line.recipients, voice.language) if line.recipients != 1 else 1)


def shown(line: EventLine, voice: Teller, names: dict[str, str]) -> EventRow:
    """A row of the list. `names`: of templates, for what has no title of its own."""
    sums, said, _ = voice.sums(line.ledger)
    at, planned = line.accepted_at.timestamp(), max(1, line.ledger.planned)
    parts = [Part(f"seg-{HUES[name]}", width_of(n, planned)) for name in HUES if (n := getattr(line.ledger, name))]
    return EventRow(
        line.id, line.title or names.get(line.template or "") or line.template or line.type, line.type, to_of(line, voice), f"/people/{line.user}" if line.user else many_of(line.kind, line.to, voice)[1] if line.to else "",
        line.category, voice.say(f"priority.{line.priority}"), voice.say(f"source.{line.source}"), parts, count(line.ledger.planned, voice.language),
        said if sums else voice.say("events.untold"), ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language),
    )  # fmt: skip


@offer(SPEC, "csv.id", "events.col.event", "delivery.type", "events.col.to", "col.category", "delivery.priority", "events.col.source", "csv.accepted",
       *[f"sum.{name}" for name in COLUMNS])  # fmt: skip
async def _file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[list[Cell]], str | None]:
    found = await app().events.list(actor, **_asked(wanted, voice), after=after, limit=limit)
    rows: list[list[Cell]] = [
        [
            line.id, line.title, line.type, to_of(line, voice), line.category, line.priority, line.source, iso(line.accepted_at.timestamp(), voice.zone),
            *[getattr(line.ledger, name) for name in COLUMNS],
        ]
        for line in found.items
    ]  # fmt: skip
    return rows, found.next


def _row(row: EventRow) -> rx.Component:
    to = rx.cond(row.whom_href != "", a(row.whom, href=row.whom_href, cls="rowlink clip"), span(row.whom, cls="clip"))
    ledger = div(shares(row.parts, row.sum), span(row.sum, cls="cap faint num clip"), cls="col ledgerbar", title=row.sum)
    return tr(
        td(a(row.title, href=f"{PATH}/" + row.id, cls="strong rowlink clip"), span(row.type, cls="cap faint mono clip"), cls="two"),
        td(to, custom_attrs={"data-l": t("events.col.to")}),
        td(span(row.category, cls="mono")),
        td(span(row.priority), cls="hide-s"),
        td(span(row.source), cls="hide-s"),
        td(ledger, cls="full"),
        td(span(row.time, title=row.exact), cls="r"),
    )


@rx.page(PATH, title=t("events.title") + " · Carillon", on_load=on_page(Events.load))
def events() -> rx.Component:
    heads = [
        (t("events.col.event"), ""), (t("events.col.to"), ""), (t("col.category"), ""), (t("delivery.priority"), "hide-s"), (t("events.col.source"), "hide-s"),
        (t("events.col.ledger"), ""), (t("col.when"), "r"),
    ]  # fmt: skip
    nothing = empty(
        "zap", t("events.empty"), t("events.empty.text"),
        rx.cond(Frame.may.contains("events.send"), button(t("nav.send"), "send", kind="pri", href="/send")),
    )  # fmt: skip
    rows = list_card(
        Events, heads=heads, row=_row, name=t("events.name"), widths=("140px", "72px", "70px", "60px", "60px", "200px", "48px"), nothing=nothing,
        filters=[
            choice(Events, "category", t("col.category"), Events.categories, every=t("deliveries.filter.category")),
            choice(Events, "priority", t("delivery.priority"), [(p, t(f"priority.{p}")) for p in PRIORITIES], every=t("events.filter.priority")),
            choice(Events, "source", t("events.col.source"), [(s, t(f"source.{s}")) for s in SOURCES], every=t("events.filter.source")),
            typed_and_dated(
                Events, [("type", t("events.filter.type"))], [("since", t("events.filter.since")), ("until", t("events.filter.until"))]
            ),
        ],
    )  # fmt: skip
    head = page_head(t("events.title"), t("events.sub"), *list_actions(Events))
    return shell(PATH, [(t("group.measure"), ""), (t("nav.events"), "")], head, rows)
