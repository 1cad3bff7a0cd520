"""The typed filters of a list with days among them: one form, because its button sends all of them together."""

from typing import Any

import reflex as rx

from portal.components.controls import button
from portal.components.elements import input_el, span
from portal.components.listing import box
from portal.components.text import t


def typed_and_dated(page: Any, texts: list[tuple[str, Any]], days: list[tuple[str, Any]]) -> rx.Component:
    """`texts` and `days` are (filter, words); a day is a native date field with its words before it."""
    boxes = [box(page, name, words) for name, words in texts]
    dates = [
        rx.el.label(
            span(words, cls="cap faint nowrap"),
            input_el(id=f"f-{name}", type="date", name=name, cls="input sm num", default_value=page.query[name], key=f"{name}" + page.query[name]),
            class_name="row dayfield",
        )
        for name, words in days
    ]
    go = button(t("list.filter"), "list-filter", type="submit")
    return rx.el.form(*boxes, *dates, go, on_submit=page.look_for, class_name="row wrap typed dated")
