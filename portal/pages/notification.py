"""Why somebody got a notification, waits for it, or got nothing: what was decided on every channel. It needs no delivery, so that a skip has a place of its own."""

from typing import Any

import reflex as rx

from backend.app.views import NotificationView
from backend.domain.errors import Invalid, NotFound, Unavailable
from portal.access import MAY
from portal.campaign_plan import letter
from portal.components.controls import button
from portal.components.elements import a, dd, div, dl, dt, icon, p, span
from portal.components.places import page_body, waiting_cards
from portal.components.status import pill_var
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.components.trace import traced
from portal.frame import Frame, on_page
from portal.guard import caller, guarded
from portal.reading import last_part, teller
from portal.refusals import in_words
from portal.rows import GateRow, UnitRow
from portal.shell import page_head, shell
from portal.telling import Teller
from portal.theme import day
from portal.wiring import app

HELD_OUT, UNASSIGNED = -2, -3


class NotificationPage(rx.State):
    """One notification as its reader may see it. `name`: of its person, their id where no name may be seen."""

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
    decided: str = ""
    delivery: str = ""  # of the channel that is looked at, "" where none was made
    user: str = ""
    category: str = ""
    priority: str = ""
    template: str = ""
    campaign: str = ""
    campaign_name: str = ""
    variant: str = ""
    event_id: str = ""
    _decided: list[str] = []  # of each channel

    @guarded("deliveries.read", page=True)
    async def load(self) -> None:
        """The notification of the address."""
        self.key = last_part(self, 64)
        await _fill(self)

    @guarded("deliveries.read")
    async def again(self) -> None:
        """After it did not load."""
        await _fill(self)
        (await self.get_state(Frame)).loaded = True

    @guarded("deliveries.read")
    async def look_at(self, index: int) -> None:
        """The trace of another channel."""
        if 0 <= int(index) < len(self.units):
            _look_at(self, int(index))


def _look_at(page: NotificationPage, index: int) -> None:
    unit = page.units[index]
    page.shown, page.gates, page.delivery, page.decided = index, unit.gates, unit.delivery, page._decided[index]  # noqa: SLF001 - the page's own


async def _fill(page: NotificationPage) -> None:
    voice, actor = await teller(page), caller()
    page.gone = page.trouble = ""
    try:
        view = await app().deliveries.notification(actor, page.key)
        person = await app().people.get(actor, view.user) if view.user and actor.role in MAY["people.read"] else None
    except (NotFound, Invalid) as refusal:
        page.gone = in_words(refusal)
        return
    except Unavailable as away:
        page.trouble = in_words(away)
        return
    name = (person.name if person else "") or view.user or "–"
    page.title = view.campaign_name or view.title or view.type or view.category
    page.sub = voice.say("note.to", name=name, when=_moment(voice, view.accepted_at.timestamp()))
    page.units = [voice.unit(unit, view.user, str(n)) for n, unit in enumerate(view.units)][:50]
    page._decided = [voice.say("delivery.trace.foot", when=_moment(voice, unit.decided_at.timestamp())) if unit.decided_at else "" for unit in view.units][:50]  # noqa: SLF001
    page.gates, page.decided, page.delivery = [], "", ""
    if page.units:
        _look_at(page, 0)
    fate, page.verdict, page.rest = voice.fates(view.units, name)
    page.look = {"arrived": "sent", "waiting": "queued", "none": "skipped"}[fate]
    page.user, page.category, page.priority = view.user, view.category, voice.say(f"priority.{view.priority}")
    page.template = voice.say("delivery.template.version", key=view.template, version=view.version) if view.template else voice.say("delivery.template.none")
    page.campaign, page.campaign_name, page.variant = view.campaign, view.campaign_name or view.campaign, await _message(view, voice)
    page.event_id = view.event


def _moment(voice: Teller, at: float) -> str:
    return f"{day(at, voice.zone, voice.language)}, {voice.moment_of(at, at)}"


async def _message(view: NotificationView, voice: Teller) -> str:
    """Which of the campaign's messages it was: A, B ..."""
    if view.variant in (HELD_OUT, UNASSIGNED):
        return voice.say("cplan.split.held" if view.variant == HELD_OUT else "cplan.split.rest")
    try:
        several = len((await app().campaigns.get(caller(), view.campaign)).draft.variants) > 1 if view.campaign else False
    except NotFound:
        return ""
    return letter(view.variant) if several and view.variant is not None and view.variant >= 0 else ""


def _facts() -> rx.Component:
    page = NotificationPage
    person = rx.cond(
        Frame.may.contains("people.read") & (page.user != ""), a(page.user, href="/people/" + page.user, cls="link anywhere"), a(page.user, href="/deliveries?user=" + page.user, cls="link anywhere"),
    )  # fmt: skip
    def fact(word: rx.Component, value: Any) -> rx.Component:
        return rx.fragment(dt(word), dd(value))

    campaign = rx.cond(page.campaign != "", fact(t("note.campaign"), a(page.campaign_name, href="/campaigns/" + page.campaign, cls="link")))
    message = rx.cond(page.variant != "", fact(t("crun.message"), page.variant))
    return card(
        t("delivery.facts"),
        dl(
            campaign, message, fact(t("col.person"), person), fact(t("col.category"), span(page.category, cls="mono")), fact(t("delivery.priority"), page.priority),
            fact(t("delivery.template"), page.template), fact(t("delivery.event"), a(page.event_id, href="/events/" + page.event_id, cls="link mono")),
            fact(t("delivery.notification"), span(page.key, cls="mono")), cls="kv",
        ),
    )  # fmt: skip


def _body() -> rx.Component:
    page = NotificationPage
    told = div(
        span(icon("route", 18), cls="ico accent"), div(p(page.verdict, cls="lead"), rx.cond(page.rest != "", p(page.rest, cls="muted"))), cls="card verdict",
    )  # fmt: skip
    whole = rx.fragment(
        page_head(page.title, page.sub, button(t("copy.link"), "link", data_copy="here"), badge=pill_var(page.look)),
        div(div(told, traced(page.units, page.shown, page.gates, page.decided, page.delivery, page.look_at), cls="col g4 c8"), div(_facts(), cls="col g4 c4"), cls="grid"),
    )
    missing = empty("search-x", t("note.gone"), page.gone, button(t("nav.deliveries"), href="/deliveries"))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page("/notifications/[notification]", title=t("note.title") + " · Carillon", on_load=on_page(NotificationPage.load))
def notification() -> rx.Component:
    trail = [(t("nav.deliveries"), "/deliveries"), (rx.cond(NotificationPage.title != "", NotificationPage.title, t("note.title")), "")]
    return shell("/deliveries", trail, _body())
