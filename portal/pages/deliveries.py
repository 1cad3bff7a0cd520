"""Every delivery, newest first: the list page as `portal.states.listing` makes one."""

from typing import Any

import reflex as rx

from backend.app.views import DeliveryView
from backend.domain.delivery import CHANNELS, STATE_NAME
from portal import days
from portal.components.controls import button
from portal.components.dated import typed_and_dated
from portal.components.elements import a, span, td, tr
from portal.components.listing import choice, list_actions, list_card
from portal.components.status import channel_icon, channel_word, look_of, pill_var
from portal.components.surfaces import empty
from portal.components.text import t
from portal.downloads import Cell, offer
from portal.frame import Frame, on_page
from portal.rows import Choice, DeliveryRow
from portal.shell import page_head, shell
from portal.states.listing import ListSpec, listing
from portal.telling import Teller
from portal.theme import ago, iso, moment
from portal.wiring import app

PATH = "/deliveries"
REASONS = (
    "quiet_hours", "cap", "digest", "paused_by_person", "send_window", "halted", "plan_later", "expired", "cancelled", "superseded", "suppressed", "preference_off", "category_off",
    "no_consent", "unsubscribed", "provider_refused", "retry_exhausted", "breaker_open", "no_provider", "law", "spend_cap",
    "country_not_allowed", "number_unfit", "erased",
)  # fmt: skip
SPEC = ListSpec(
    PATH,
    "deliveries.read",
    {
        "state": tuple(STATE_NAME.values()), "channel": CHANNELS, "category": (), "template": (), "reason": tuple(REASONS), "user": (), "event": (),
        "provider": (), "since": (), "until": (),
    },
    typed=("user", "event", "provider", "since", "until"),
)  # fmt: skip


class Deliveries(listing(SPEC), rx.State):
    """One page of deliveries, and the categories the filter offers."""

    rows: list[DeliveryRow] = []
    categories: list[Choice] = []
    templates: list[Choice] = []

    async def _before(self, actor: Any) -> None:
        if not self.categories:
            self.categories = [Choice(c.key, c.name) for c in (await app().categories.list(actor)).items]
            self.templates = [Choice(one.key, one.name) for one in (await app().templates.list(actor, limit=50)).items]

    async def _read(self, actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None) -> str | None:
        found = await app().deliveries.list(actor, **_asked(wanted, voice), after=after, limit=SPEC.rows)
        names = {one.value: one.text for one in self.templates}
        self.rows = [_shown(view, voice, names) for view in found.items]
        return found.next


def _asked(wanted: dict[str, str | None], voice: Teller) -> dict[str, Any]:
    """The filters as the facade takes them: days become seconds in the reader's zone."""
    return {**wanted, "since": days.begins(wanted["since"], voice.zone), "until": days.ends(wanted["until"], voice.zone)}


def _why(view: DeliveryView, voice: Teller) -> str:
    said = voice.because([view.reason]) if view.reason else ""
    return said[:1].upper() + said[1:]


def _shown(view: DeliveryView, voice: Teller, names: dict[str, str]) -> DeliveryRow:
    """A row of the list. `names`: of templates, for what has no title of its own. A reason that only says the state again is left out."""
    at, why = view.accepted_at.timestamp(), _why(view, voice)
    title = view.title or names.get(view.template or "") or view.type or view.category
    return DeliveryRow(
        view.id, title, view.user or "–", view.address, view.channel, view.category, look_of(view.state),
        "" if why == voice.say(f"state.{view.state}") else why, ago(at, voice.now, voice.zone, voice.language), moment(at, voice.zone, voice.language),
    )  # fmt: skip


@offer(SPEC, "csv.id", "col.notification", "col.person", "csv.address", "col.channel", "col.category", "col.state", "col.reason", "csv.accepted")
async def _file(actor: Any, voice: Teller, wanted: dict[str, str | None], after: str | None, limit: int) -> tuple[list[list[Cell]], str | None]:
    found = await app().deliveries.list(actor, **_asked(wanted, voice), after=after, limit=limit)
    rows: list[list[Cell]] = [
        [
            view.id, view.title or view.type, view.user, view.address, voice.channel(view.channel), view.category, voice.say(f"state.{view.state}"),
            _why(view, voice), iso(view.accepted_at.timestamp(), voice.zone),
        ]
        for view in found.items
    ]  # fmt: skip
    return rows, found.next


def _row(row: DeliveryRow) -> rx.Component:
    return tr(
        td(
            a(row.title, href=f"{PATH}/{row.id}", cls="strong rowlink clip"),
            span(rx.cond(row.address == "", row.user, row.user + ", " + row.address), cls="cap faint clip"),
            cls="two",
        ),
        td(pill_var(row.look), cls="st"),
        td(span(channel_icon(row.channel, 14), channel_word(row.channel), cls="row")),
        td(span(row.category, cls="mono")),
        td(span(row.reason, cls="muted"), cls=rx.cond(row.reason == "", "hide", "")),
        td(span(row.time, title=row.exact), cls="r"),
    )


@rx.page(PATH, title=t("deliveries.title") + " · Carillon", on_load=on_page(Deliveries.load))
def deliveries() -> rx.Component:
    heads = [
        (t("col.notification"), ""), (t("col.state"), ""), (t("col.channel"), ""), (t("col.category"), ""), (t("col.reason"), ""), (t("col.when"), "r"),
    ]  # fmt: skip
    states = [(name, t(f"state.{name}")) for name in STATE_NAME.values()]
    nothing = empty(
        "route",
        t("deliveries.empty"),
        t("deliveries.empty.text"),
        rx.cond(Frame.may.contains("events.send"), button(t("nav.send"), "send", kind="pri", href="/send")),
    )
    rows = list_card(
        Deliveries, heads=heads, row=_row, name=t("deliveries.name"), widths=("140px", "72px", "80px", "70px", "160px", "48px"), nothing=nothing,
        filters=[
            choice(Deliveries, "state", t("col.state"), states, every=t("deliveries.filter.state")),
            choice(Deliveries, "channel", t("col.channel"), [(c, t(f"channel.{c}")) for c in CHANNELS], every=t("deliveries.filter.channel")),
            choice(Deliveries, "category", t("col.category"), Deliveries.categories, every=t("deliveries.filter.category")),
            choice(Deliveries, "template", t("delivery.template"), Deliveries.templates, every=t("deliveries.filter.template")),
            choice(
                Deliveries, "reason", t("col.reason"), [(code, t(f"deliveries.reason.{code}")) for code in REASONS], every=t("deliveries.filter.reason")
            ),
            typed_and_dated(
                Deliveries,
                [("user", t("deliveries.filter.user")), ("event", t("deliveries.filter.event")), ("provider", t("deliveries.filter.provider"))],
                [("since", t("events.filter.since")), ("until", t("events.filter.until"))],
            ),
        ],
    )  # fmt: skip
    head = page_head(t("deliveries.title"), t("deliveries.sub"), *list_actions(Deliveries))
    return shell(PATH, [(t("group.measure"), ""), (t("nav.deliveries"), "")], head, rows)
