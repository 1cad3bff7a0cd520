"""Native dialogs and popovers: focus, Escape and backdrop come from the browser; assets/carillon.js opens them."""

from typing import Any

import reflex as rx

from portal.components.controls import button
from portal.components.elements import dialog_el, div, h2, input_el, label, p
from portal.components.text import t


def modal(id: str, title: Any, text: Any, *body: Any, confirm: rx.Component, leave: Any = None) -> rx.Component:
    """Opened by `data_open=id`. `leave`: the words of the button that changes nothing, where "Cancel" would be taken for the deed."""
    return dialog_el(
        h2(title, id=f"{id}-t"),
        p(text, cls="muted", style={"margin_top": "6px"}),
        *body,
        div(button(leave if leave is not None else t("act.cancel"), data_close="1"), confirm, cls="acts"),
        id=id,
        cls="modal",
        aria_labelledby=f"{id}-t",
    )


def ask(id: str, title: Any, text: Any, act: Any, *, must: Any = None, danger: bool = True, **props: Any) -> rx.Component:
    """Asks before something that cannot be taken back. `text` says the exact count, `act` names the deed. `must`: for a great number,
    its digits, which have to be typed before the button works; the facade checks the number again."""
    typed = []
    if must is not None:
        box = input_el(id=f"{id}-must", cls="input", input_mode="numeric", auto_complete="off", data_must=must)
        typed = [div(label(t("ask.must", count=must), html_for=f"{id}-must"), box, cls="field", style={"margin_top": "14px"})]
    waits = {"data_waits": "1"} if must is not None else {}
    deed = button(act, kind="danger solid" if danger else "pri", data_close="1", **waits, **props)
    return modal(id, title, text, *typed, confirm=deed)


def sheet(id: str, title: Any, *body: Any, foot: list[Any] | None = None) -> rx.Component:
    return dialog_el(
        div(h2(title, id=f"{id}-t", cls="grow"), button("", "x", kind="ghost sm", name=t("act.close"), data_close="1"), cls="hd"),
        div(*body, cls="bd"),
        *([div(*foot, cls="ft")] if foot else []),
        id=id,
        cls="sheet",
        aria_labelledby=f"{id}-t",
    )


def menu(id: str, *items: Any, end: bool = False) -> rx.Component:
    return div(*items, id=id, cls="menu", popover="auto", data_align="end" if end else "start")
