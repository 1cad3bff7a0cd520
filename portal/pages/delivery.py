"""Why one delivery arrived, waits, or did not."""

import reflex as rx

from backend.app.views import DeliveryView
from backend.domain.errors import Invalid, NotFound, Refusal, Unavailable
from portal.access import MAY
from portal.components.controls import button
from portal.components.elements import a, div, icon, ol, p, span, tbody, td, tr
from portal.components.places import page_body, waiting_cards
from portal.components.status import pill_var
from portal.components.surfaces import card, empty, kv
from portal.components.table import table
from portal.components.text import t
from portal.components.trace import event, traced
from portal.frame import Frame, on_page
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import AttemptRow, GateRow, TimeRow, UnitRow
from portal.shell import page_head, shell
from portal.theme import day
from portal.titles import called
from portal.wiring import app


class DeliveryPage(rx.State):
    """One delivery as its reader may see it."""

    key: str = ""
    gone: str = ""
    trouble: str = ""
    title: str = ""
    sub: str = ""
    look: str = "queued"
    verdict: str = ""
    rest: str = ""
    units: list[UnitRow] = []
    shown: int = 0
    gates: list[GateRow] = []
    other: str = ""  # the delivery of the channel that is looked at, when it is not this one
    decided: str = ""
    times: list[TimeRow] = []
    zone: str = ""
    attempts: list[AttemptRow] = []
    user: str = ""
    address: str = ""
    category: str = ""
    priority: str = ""
    type: str = ""
    template: str = ""
    event_id: str = ""
    notification: str = ""
    captured: str = ""

    @guarded("inbox.own", page=True)
    async def load(self) -> None:
        """Everybody may read about what went to themselves; the facade refuses the rest to those who may not."""
        self.key = last_part(self, 64)
        await _fill(self)

    @guarded("inbox.own")
    async def again(self) -> None:
        """After it did not load, or to see what has happened since."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("inbox.own")
    async def look_at(self, index: int) -> None:
        """The trace of another channel."""
        if 0 <= int(index) < len(self.units):
            _look_at(self, int(index))


def _look_at(page: DeliveryPage, index: int) -> None:
    unit = page.units[index]
    page.shown, page.gates = index, unit.gates
    page.other = unit.delivery if unit.delivery != page.key else ""


async def _fill(page: DeliveryPage) -> None:
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = ""
    try:
        view = await app().deliveries.get(actor, page.key)
    except (NotFound, Invalid) as refusal:
        page.gone = in_words(refusal)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    at = view.accepted_at.timestamp()
    when = f"{day(at, voice.zone, voice.language)}, {voice.moment_of(at, at)}"
    staff = actor.role in MAY["deliveries.read"]
    page.title = await called(await _title(view), view.template or "" if staff else "", view.type or view.category)
    page.sub = (
        voice.say("delivery.to", user=view.user or "–", type=view.type or view.category, when=when)
        if staff
        else voice.say("delivery.to.own", when=when)
    )
    page.units = [voice.unit(unit, view.user, str(n)) for n, unit in enumerate(view.units or [])][:50]
    mine = next((n for n, unit in enumerate(page.units) if unit.delivery == view.id), 0)
    page.look = page.units[mine].look if page.units else "queued"
    if page.units:
        _look_at(page, mine)
    else:
        page.gates, page.other = voice.gates(view.trace or []), ""
    page.verdict, page.rest = voice.verdict(view)
    page.decided = voice.say("delivery.trace.foot", when=when)
    page.times, page.attempts = voice.timeline(view), voice.attempts(view)
    page.zone = voice.say("times.in", zone=voice.zone)
    page.user, page.address, page.category, page.type = view.user, view.address or "–", view.category, view.type or "–"
    page.priority = voice.say(f"priority.{view.priority}")
    page.template = (
        voice.say("delivery.template.version", key=view.template, version=view.version)
        if view.template
        else voice.say("delivery.template.none")
    )
    page.event_id, page.notification = view.event, view.notification
    page.captured = ""
    if actor.role in MAY["captures.read"] and view.channel != "web":
        kept = await app().captures.list(actor, delivery=view.id, limit=1)
        page.captured = kept.items[0].id if kept.items else ""


async def _title(view: DeliveryView) -> str:
    """What it was called: as the event says, or as its person has it in the inbox."""
    actor = caller()
    try:
        if actor.role in MAY["deliveries.read"]:
            return (await app().events.get(actor, view.event)).title or ""
        return (await app().inbox.get(actor, actor.subject, view.notification)).title
    except Refusal:
        return ""


def _attempt(row: AttemptRow) -> rx.Component:
    return tr(
        td(span(row.number, cls="num strong"), span(row.provider, cls="mono"), cls="pair"),
        td(pill_var(row.look), cls="st"),
        td(span(row.time, cls="num"), custom_attrs={"data-l": t("delivery.started")}),
        td(span(row.took, cls="num"), cls="r", custom_attrs={"data-l": t("delivery.took")}),
        td(span(row.answer, cls="strong mono"), span(row.raw, cls="muted mono raw"), cls="full said"),
    )


def _attempts() -> rx.Component:
    heads = [
        (t("delivery.attempt"), ""), (t("col.state"), ""), (t("delivery.started"), ""), (t("delivery.took"), "r"), (t("delivery.answer"), ""),
    ]  # fmt: skip
    rows = table(heads, tbody(rx.foreach(DeliveryPage.attempts, _attempt)), name=t("delivery.attempts"))
    return rx.cond(DeliveryPage.attempts.length() > 0, card(t("delivery.attempts"), rows, sub=t("delivery.attempts.sub"), flush=True))


def _known(user: rx.Var) -> rx.Component:
    """The person's page for whoever may see it, else what went to them."""
    return rx.cond(
        Frame.may.contains("people.read"), a(user, href="/people/" + user, cls="link"), a(user, href="/deliveries?user=" + user, cls="link")
    )


def _facts() -> rx.Component:
    page = DeliveryPage
    staff = Frame.may.contains("deliveries.read")
    person = rx.cond(staff, _known(page.user), span(page.user))
    caused = rx.cond(staff, a(page.event_id, href="/events/" + page.event_id, cls="link mono"), span(page.event_id, cls="mono"))
    return card(
        t("delivery.facts"),
        kv(
            (t("col.person"), person),
            (t("delivery.address"), page.address),
            (t("col.category"), span(page.category, cls="mono")),
            (t("delivery.priority"), page.priority),
            (t("delivery.template"), page.template),
            (t("delivery.type"), span(page.type, cls="mono")),
            (t("delivery.event"), caused),
            (t("delivery.notification"), span(page.notification, cls="mono")),
            (t("delivery.id"), span(page.key, cls="mono")),
        ),
    )


def _body() -> rx.Component:
    page = DeliveryPage
    see = rx.cond(page.captured != "", button(t("delivery.captured"), "mail-open", kind="pri", href="/captured/" + page.captured))
    told = div(
        span(icon("route", 18), cls="ico accent"),
        div(p(page.verdict, cls="lead"), rx.cond(page.rest != "", p(page.rest, cls="muted"))),
        cls="card verdict",
    )
    times = ol(rx.foreach(page.times, lambda e: event(e.look, e.title, e.text, e.time, e.exact, e.raw)), cls="tl")
    whole = rx.fragment(
        page_head(page.title, page.sub, button(t("copy.link"), "link", data_copy="here"), see, badge=pill_var(page.look)),
        div(
            div(told, traced(page.units, page.shown, page.gates, page.decided, page.other, page.look_at), _attempts(), cls="col g4 c8"),
            div(card(t("delivery.timeline"), times, sub=page.zone), _facts(), cls="col g4 c4"),
            cls="grid",
        ),
    )
    missing = empty("search-x", t("delivery.gone"), page.gone, button(t("nav.deliveries"), href=Frame.home))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page("/deliveries/[delivery]", title=t("delivery.title") + " · Carillon", on_load=on_page(DeliveryPage.load))
def delivery() -> rx.Component:
    trail = [(t("nav.deliveries"), "/deliveries"), (rx.cond(DeliveryPage.title != "", DeliveryPage.title, t("delivery.title")), "")]
    own = div(button(t("delivery.inbox"), "arrow-left", kind="ghost sm", href="/inbox"), style={"margin_bottom": "8px"})
    theirs = Frame.ready & ~Frame.may.contains("deliveries.read")
    return shell("/deliveries", trail, rx.cond(theirs, own), _body())
