"""What is kept of the caller: a copy of everything, the recorded answers, and erasure."""

import reflex as rx

from portal.components.controls import button, field
from portal.components.elements import a, div, h1, icon, input_el, li, p, plain_link, span, ul
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import tag
from portal.components.surfaces import card, kv
from portal.components.text import t
from portal.frame import on_page
from portal.shell import recipient
from portal.states.own_data import Answer, OwnData

PATH = "/my-data"


def _answer(one: Answer) -> rx.Component:
    return li(
        rx.cond(one.yes, tag(t("data.yes"), "delivered", "check"), tag(t("data.no"), "skipped", "x")),
        div(
            p(one.category, cls="strong turnsafe"),
            p(span(one.at, cls="num"), span(", "), span(one.way), cls="cap faint"),
            rx.cond(one.words != "", p(one.words, cls="cap muted turnsafe")),
            cls="grow",
        ),
    )


def _erase() -> rx.Component:
    box = input_el(id="erase-id", cls="input", value=OwnData.typed, on_change=OwnData.type, auto_complete="off", spell_check=False)
    typed = field(t("data.erase.type", user=OwnData.user), box, error=OwnData.problem)
    confirm = button(t("data.erase.act"), "trash-2", kind="danger solid", disabled=OwnData.typed == "", on_click=OwnData.erase)
    return modal(
        "erase", t("data.erase.title"), t("data.erase.text"), div(typed, style={"margin_top": "16px"}), confirm=confirm
    )


@rx.page(PATH, title=t("own.data") + " · Carillon", on_load=on_page(OwnData.load))
def own_data() -> rx.Component:
    page = OwnData
    head = div(div(h1(t("data.title")), p(t("data.sub"), cls="sub"), cls="grow"), cls="head ownhead")
    kept = card(
        t("data.kept"),
        kv(
            (t("data.name"), span(page.name, cls="turnsafe")), (t("data.user"), span(page.user, cls="mono")), (t("pref.zone"), page.zone),
            (t("pref.language"), page.tongue), (t("data.groups"), span(page.groups, cls="turnsafe")), (t("data.addresses"), page.addresses),
        ),
        actions=[a(t("own.preferences"), href="/preferences", cls="link")],
    )  # fmt: skip
    copy = card(
        t("data.copy"),
        div(
            p(t("data.copy.text"), cls="muted"),
            plain_link(icon("download", 15), span(t("data.copy.act")), href=page.copy, download="my-data.json", cls="btn pri"),
            cls="col g3 start",
        ),
    )
    none = div(p(t("data.answers.none"), cls="muted"), cls="bd")
    answers = card(
        t("data.answers"),
        rx.cond(page.answers.length() > 0, ul(rx.foreach(page.answers, _answer), cls="list answers"), none),
        sub=t("data.answers.text"),
        flush=True,
    )
    gone = card(
        t("data.erase"),
        div(
            p(t("data.erase.what"), cls="muted"),
            button(t("data.erase.open"), "trash-2", kind="danger", data_open="erase", on_click=OwnData.ask),
            cls="col g3 start",
        ),
    )
    body = div(div(kept, div(copy, gone, cls="col g4"), cls="owngrid"), answers, cls="col g4")
    return recipient(head, page_body(page.trouble, page.again, waiting_cards(), body), _erase())
