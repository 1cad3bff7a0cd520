"""Native dialogs and popovers: focus, Escape and backdrop come from the browser; assets/carillon.js opens them."""

from typing import Any

import reflex as rx

from portal.components.controls import button
from portal.components.elements import dialog_el, div, h2, p
from portal.components.text import t


def modal(id: str, title: Any, text: Any, *body: Any, confirm: rx.Component, shown: Any = None) -> rx.Component:
    """Opened by `data_open=id`, or by the state var `shown` ("true" opens, "false" closes)."""
    steer = {"data_shown": shown} if shown is not None else {}
    return dialog_el(
        h2(title, id=f"{id}-t"),
        p(text, cls="muted", style={"margin_top": "6px"}),
        *body,
        div(button(t("act.cancel"), data_close="1"), confirm, cls="acts"),
        id=id,
        cls="modal",
        aria_labelledby=f"{id}-t",
        **steer,
    )


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
