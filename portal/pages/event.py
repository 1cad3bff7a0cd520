"""One event: its ledger with the sum written out, its deliveries by state, who it was decided for, what happened when."""

import json
from typing import Any

import msgspec
import reflex as rx

from backend.app.event_views import CourseView
from backend.app.views import EventView
from backend.domain.errors import Conflict, Invalid, NotFound, Unavailable
from portal.components.charts import shares
from portal.components.controls import button
from portal.components.elements import a, details, div, icon, li, ol, p, pre, span, summary, ul
from portal.components.overlays import modal, sheet
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, channel_word, hue_icon, look_of, pill_var
from portal.components.surfaces import card, empty, kv
from portal.components.text import t
from portal.components.trace import event as entry
from portal.components.trace import gate
from portal.figures import width_of
from portal.frame import Frame, on_page, tell
from portal.guard import caller, guarded
from portal.overview_rows import Part
from portal.pages.events import HUES, MANY, PATH, many_of
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import SumRow, TimeRow, UnitRow
from portal.shell import page_head, shell
from portal.staff_rows import CountRow, DecidedRow
from portal.telling import Teller
from portal.theme import count, day, moment
from portal.titles import called
from portal.wiring import app

SHOWN = 50  # units on the page
PEOPLE = 6  # people whose decisions are shown


class EventPage(rx.State):
    """One event as staff may see it."""

    key: str = ""
    gone: str = ""
    trouble: str = ""
    title: str = ""
    sub: str = ""
    parts: list[Part] = []
    sums: list[SumRow] = []
    sum: str = ""
    balances: bool = True
    counts: list[CountRow] = []
    decided: list[DecidedRow] = []
    decided_text: str = ""
    times: list[TimeRow] = []
    zone: str = ""
    raw: str = ""
    whom: str = ""
    whom_href: str = ""
    category: str = ""
    priority: str = ""
    source: str = ""
    template: str = ""
    producer: str = ""
    collapse: str = ""
    ahead: str = ""  # when it goes out, of one that still waits for its time
    would: str = ""  # whom calling it back would concern

    @guarded("events.read", page=True)
    async def load(self) -> None:
        """The event of the address."""
        self.key = last_part(self, 64)
        await _fill(self)

    @guarded("events.read")
    async def again(self) -> None:
        """After it did not load, or to see what has happened since."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("events.send")
    async def cancel(self) -> None:
        """Call it back before its time."""
        voice, frame = await teller(self), await self.get_state(Frame)
        try:
            await app().events.cancel(caller(), self.key)
        except (NotFound, Conflict) as refusal:
            tell(frame, "failed", in_words(refusal))
            await _fill(self)
        else:
            tell(frame, "delivered", voice.say("event.cancelled.done"), voice.say("event.cancelled.text"))
            await _fill(self)
            self.ahead = ""  # the line takes a moment to say so of everybody


async def _fill(page: EventPage) -> None:
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = ""
    try:
        view = await app().events.get(actor, page.key)
        course = await app().events.course(actor, view.id)
    except (NotFound, Invalid) as refusal:
        page.gone = in_words(refusal)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    at, language = view.accepted_at.timestamp(), voice.language
    page.title = await called(view.title or "", view.template or "", view.type)
    page.sub = voice.say("event.sub", type=view.type, when=f"{day(at, voice.zone, language)}, {voice.moment_of(at, at)}")
    page.sums, page.sum, page.balances = voice.sums(view.ledger)
    page.sum = page.sum if page.sums else voice.say("events.untold")
    page.parts = [
        Part(f"seg-{HUES[name]}", width_of(n, max(1, view.ledger.planned))) for name in HUES if (n := getattr(view.ledger, name))
    ]
    page.counts = [
        CountRow(one.channel, look_of(one.state), count(one.n, language), f"/deliveries?event={view.id}&channel={one.channel}&state={one.state}")
        for one in course.states
    ]
    page.decided, page.decided_text = _decided(voice, view)
    page.times, page.zone = _times(voice, view, course), voice.say("times.in", zone=voice.zone)
    page.ahead, page.would = _ahead(voice, view)
    page.raw = json.dumps(_raw(view), indent=2, ensure_ascii=False)
    page.whom, page.whom_href = _to(voice, view)
    page.category = view.category
    asked = voice.say(f"priority.{view.asked_priority}") if view.asked_priority else ""
    word = voice.say(f"priority.{view.priority}")
    page.priority = voice.say("event.lowered", priority=word, asked=asked) if asked and asked != word else word
    page.source = voice.say(f"source.{view.source}")
    version = voice.say("delivery.template.version", key=view.template, version=view.version or 0) if view.template else ""
    page.template = version or voice.say("delivery.template.none")
    page.producer, page.collapse = view.key or voice.say("event.key.none"), view.collapse_key or "–"


def _decided(voice: Teller, view: EventView) -> tuple[list[DecidedRow], str]:
    rows: list[DecidedRow] = []
    left = SHOWN
    for n, one in enumerate(view.decisions[:PEOPLE]):
        units: list[UnitRow] = [voice.unit(unit, one.user, f"{n} {k}") for k, unit in enumerate(one.units)][:left]
        left -= len(units)
        if units:
            rows.append(DecidedRow(one.user or "–", f"/people/{one.user}" if one.user else "", units))
    return rows, voice.say("event.people.sub", count=count(len(rows), voice.language)) if rows else ""


def _ahead(voice: Teller, view: EventView) -> tuple[str, str]:
    """(when it goes out, whom it is for) of an event that waits for its time; of any other nothing."""
    if view.send_at is None or view.decisions or view.ledger.pending < view.ledger.planned or view.send_at.timestamp() <= voice.now:
        return "", ""
    n = view.ledger.planned
    whom = voice.say("event.cancel.group", group=view.to["group"], count=n) if "group" in view.to else voice.say("event.cancel.people", count=n)
    return voice.when(view.send_at), whom


def _to(voice: Teller, view: EventView) -> tuple[str, str]:
    if many := next(iter(MANY.keys() & view.to.keys()), ""):
        return many_of(many, str(view.to[many]), voice)
    if user := view.to.get("user"):
        return str(user), f"/people/{user}"
    return voice.say("events.people", count=count(view.recipients, voice.language) if view.recipients != 1 else 1), ""


def _times(voice: Teller, view: EventView, course: CourseView) -> list[TimeRow]:
    """What is known of when, newest first; what lies ahead stands on top."""
    found = [
        (view.accepted_at, "queued", "accepted", voice.say("event.time.accepted.text")),
        (view.send_at, "queued", "send_at", voice.say("event.time.send_at.text")),
        (course.first_attempt, "sent", "first", ""),
        (course.last_answer, "sent", "answer", ""),
        (course.last_change, "delivered", "change", ""),
        (view.expires_at, "skipped", "expires", ""),
    ]
    rows = []
    known = sorted(((at.timestamp(), look, key, text) for at, look, key, text in found if at is not None), key=lambda one: one[0])
    for seconds, look, key, text in reversed(known):
        near = voice.moment_of(seconds, view.accepted_at.timestamp())
        rows.append(TimeRow(look, voice.say(f"event.time.{key}"), text, "", near, moment(seconds, voice.zone, voice.language)))
    return rows


def _raw(view: EventView) -> dict[str, Any]:
    """The event as JSON, without what the page shows better."""
    told = msgspec.to_builtins(view)
    return {name: value for name, value in told.items() if name not in ("ledger", "decisions") and value not in (None, "", [], {})}


def _ledger() -> rx.Component:
    even = rx.cond(
        EventPage.balances,
        span(icon("scale", 14), t("send.balances"), cls="row cap muted"),
        span(icon("triangle-alert", 14), t("send.off"), cls="row cap down"),
    )

    def part(row: SumRow) -> rx.Component:
        return li(i_dot(row.look), span(row.word, cls="muted"), span(row.count, cls="strong num"), cls="row")

    return card(
        t("event.ledger"),
        shares(EventPage.parts, EventPage.sum),
        ul(rx.foreach(EventPage.sums, part), cls="rest bare"),
        sub=t("event.ledger.sub"),
        foot=[span(EventPage.sum, cls="num strong"), span(cls="grow"), even],
    )


def i_dot(look: Any) -> rx.Component:
    return span(cls="dot seg-" + look)


def _counts() -> rx.Component:
    def line(row: CountRow) -> rx.Component:
        return li(
            a(span(channel_icon(row.channel, 14), channel_word(row.channel), cls="row"), pill_var(row.look), span(row.count, cls="num strong end"),
              href=row.href, cls="row grow countline"),
        )  # fmt: skip

    rows = rx.cond(
        EventPage.counts.length() > 0,
        ul(rx.foreach(EventPage.counts, line), cls="list hov"),
        p(t("event.deliveries.none"), cls="muted quiet"),
    )
    every = a(t("event.all"), href="/deliveries?event=" + EventPage.key, cls="link")
    return card(t("event.deliveries"), rows, sub=t("event.deliveries.sub"), foot=every, flush=True)


def _unit(unit: UnitRow) -> rx.Component:
    to = rx.cond(unit.address != "", span(unit.address, cls="cap faint clip"), rx.fragment())
    head = summary(
        hue_icon(unit.look),
        div(div(channel_icon(unit.channel, 14), span(channel_word(unit.channel), cls="strong"), to, cls="row"), p(unit.text, cls="cap muted"), cls="grow"),
        icon("chevron-right", 15, class_name="turn"),
        cls="unit",
    )
    open_ = rx.cond(unit.delivery != "", div(a(t("event.open"), href="/deliveries/" + unit.delivery, cls="link cap"), cls="unitfoot"))
    return details(head, ol(rx.foreach(unit.gates, lambda g: gate(g.result, g.rule, g.why)), cls="narrow"), open_)


def _decided_for(row: DecidedRow) -> rx.Component:
    name = rx.cond(row.href != "", a(row.user, href=row.href, cls="strong rowlink"), span(row.user, cls="strong"))
    return div(div(icon("user", 14), name, cls="row who"), rx.foreach(row.units, _unit), cls="units")


def _people() -> rx.Component:
    rows = rx.cond(EventPage.decided.length() > 0, rx.foreach(EventPage.decided, _decided_for), p(t("event.people.none"), cls="muted quiet"))
    return card(t("event.people"), div(rows), sub=EventPage.decided_text, flush=True)


def _facts() -> rx.Component:
    page = EventPage
    to = rx.cond(page.whom_href != "", a(page.whom, href=page.whom_href, cls="link"), span(page.whom))
    return card(
        t("event.facts"),
        kv(
            (t("events.col.to"), to),
            (t("col.category"), a(page.category, href="/categories/" + page.category, cls="link mono")),
            (t("delivery.priority"), page.priority),
            (t("events.col.source"), page.source),
            (t("delivery.template"), page.template),
            (t("event.key"), span(page.producer, cls="mono")),
            (t("event.collapse"), span(page.collapse, cls="mono")),
            (t("delivery.event"), span(page.key, cls="mono")),
        ),
    )


def _body() -> rx.Component:
    page = EventPage
    raw = button(t("event.raw"), "braces", data_open="raw")
    times = ol(rx.foreach(page.times, lambda e: entry(e.look, e.title, e.text, e.time, e.exact, e.raw)), cls="tl")
    shown = sheet(
        "raw", t("event.raw"), p(t("event.raw.text"), cls="muted"), pre(page.raw, id="raw-text", cls="well mono code", tab_index=0),
        foot=[button(t("copy"), "copy", data_copy="#raw-text")],
    )  # fmt: skip
    call_back = rx.cond(
        Frame.may.contains("events.send") & (page.ahead != ""), button(t("event.cancel"), "ban", kind="danger", data_open="cancel"), rx.fragment()
    )
    deed = button(t("event.cancel.act"), "ban", kind="danger solid", on_click=page.cancel, data_close="1")
    asked = modal(
        "cancel", t("event.cancel.title"), t("event.cancel.text", when=page.ahead), p(page.would, cls="strong", style={"margin_top": "14px"}), confirm=deed,
        leave=t("event.cancel.keep"),
    )  # fmt: skip
    whole = rx.fragment(
        page_head(page.title, page.sub, call_back, button(t("copy.link"), "link", data_copy="here"), raw),
        div(
            div(_ledger(), _people(), cls="col g4 c8"),
            div(_counts(), card(t("event.times"), times, sub=page.zone), _facts(), cls="col g4 c4"),
            cls="grid",
        ),
        shown,
        asked,
    )
    missing = empty("search-x", t("event.gone"), page.gone, button(t("nav.events"), href=PATH))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page(PATH + "/[fact]", title=t("event.title") + " · Carillon", on_load=on_page(EventPage.load))
def event() -> rx.Component:
    trail = [(t("nav.events"), PATH), (rx.cond(EventPage.title != "", EventPage.title, t("event.title")), "")]
    return shell(PATH, trail, _body())
