"""The account menu, and the dialog for one's own language and time zone."""

from typing import Any

import reflex as rx
from reflex.style import color_mode, set_color_mode

from backend.app.views import PersonIn
from backend.domain.errors import Invalid
from portal.access import SIGNED_IN
from portal.components.controls import button, field, select, text_input
from portal.components.elements import a, button_el, dialog_el, div, h2, icon, native_form, p, span
from portal.components.overlays import menu
from portal.components.text import t
from portal.frame import Frame
from portal.guard import caller, guarded
from portal.navigation import OWN
from portal.refusals import in_words
from portal.routes import routes
from portal.wiring import app
from portal.words import LANGUAGES

SCHEMES = (("light", "sun"), ("dark", "moon"), ("system", "monitor"))


class Own(rx.State):
    """What somebody changes about how they read."""

    problem: str = ""  # with the zone

    @guarded(SIGNED_IN)
    async def ask(self) -> None:
        """The dialog opens."""
        self.problem = ""

    @guarded(SIGNED_IN)
    async def keep(self, form: dict[str, Any]) -> None:
        """Language and zone together; the page loads anew, for every word and time on it is another."""
        actor, frame = caller(), await self.get_state(Frame)
        language, zone = str(form.get("language", ""))[:16], str(form.get("zone", "")).strip()[:64]
        self.problem = ""
        if language not in LANGUAGES:
            raise Invalid(field="language", allowed=list(LANGUAGES))
        kept = actor.locale if actor.locale.split("-")[0] == language else language
        try:
            await app().people.put(actor, actor.subject, PersonIn(locale=kept, timezone=zone))
        except Invalid as refusal:
            self.problem = in_words(refusal)
            return
        frame.leave = str(self.router.url.path) + (f"?{query}" if (query := str(self.router.url.query)) else "")


def account(suffix: str) -> list[rx.Component]:
    """The button at the sidebar's foot and its menu; `suffix` keeps the ids of the drawer's apart."""
    links = [a(icon(place.icon, 15), span(t(f"nav.{place.word}")), href=place.path) for place in OWN if place.path in routes()]
    schemes = div(
        *[
            button_el(
                icon(ico, 15), type="button", aria_pressed=rx.cond(color_mode == name, "true", "false"), aria_label=t(f"theme.{name}"),
                title=t(f"theme.{name}"), on_click=set_color_mode(name),
            )
            for name, ico in SCHEMES
        ],
        cls="seg",
        role="group",
        aria_label=t("theme.name"),
    )  # fmt: skip
    return [
        button_el(
            span(Frame.initials, cls="avatar"),
            span(
                span(Frame.name, cls="strong clip", style={"display": "block", "line_height": "16px"}),
                span(Frame.role_word, cls="cap faint", style={"line_height": "15px"}),
                cls="lbl grow clip",
            ),
            span(t("account.open"), cls="sr"),
            icon("chevrons-up-down", 14),
            cls="me",
            type="button",
            popover_target=f"me{suffix}",
        ),
        menu(
            f"me{suffix}",
            *links,
            button_el(icon("languages", 15), span(t("lang.open")), type="button", data_open="own", on_click=Own.ask),
            button_el(icon("keyboard", 15), span(t("keys")), type="button", data_open="keys"),
            div(span(t("theme.name"), cls="grow"), schemes, cls="row schemes"),
            rx.el.hr(),
            native_form(
                button_el(icon("log-out", 15), span(t("account.sign_out")), type="submit"), action="/session/end", method="post", cls="leaving"
            ),
        ),
    ]


def own_dialog() -> rx.Component:
    """One per page."""
    words = [("en", "English"), ("de", "Deutsch")]
    zone = text_input("own-zone", name="zone", default_value=Frame.timezone, key=Frame.timezone, max_length=64, auto_complete="off", spell_check=False)
    here = button_el(t("lang.zone.here"), " ", span(data_zone="1", cls="mono"), type="button", cls="lnk cap", data_fill="own-zone")
    return dialog_el(
        rx.el.form(
            h2(t("lang.title"), id="own-t"),
            field(t("lang.language"), select("own-language", words, name=None, default_value=Frame.language, key=Frame.language, custom_attrs={"name": "language"})),
            div(field(t("lang.zone"), zone, error=Own.problem), here, cls="col g1"),
            p(t("lang.text"), cls="cap faint"),
            div(button(t("act.cancel"), data_close="1"), button(t("lang.act"), kind="pri", type="submit"), cls="acts"),
            on_submit=Own.keep,
            class_name="col g3",
        ),
        id="own",
        cls="modal",
        aria_labelledby="own-t",
    )
