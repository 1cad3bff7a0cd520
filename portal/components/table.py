"""Data tables that become stacked rows on a phone, and their pager."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from portal.components.controls import button
from portal.components.elements import caption, div, span, table_el, th, thead, tr
from portal.components.text import t


def table(heads: list[tuple[Any, str]], body: Any, *, name: Any, tight: bool = False, before: Sequence[Any] = ()) -> rx.Component:
    """`heads`: (words, class); class "r" aligns a column and its head to the right. `before`: cells in front of them."""
    cells = [*before] + [th(text, scope="col", cls=kind) for text, kind in heads]
    inner = table_el(caption(name, cls="sr"), thead(tr(*cells)), body, cls=f"table stack{' tight' if tight else ''}")
    return div(inner, cls="tw", tab_index=0, role="region", aria_label=name)


def pager(text: Any, *, on_prev: Any, on_next: Any, first: Any, last: Any) -> rx.Component:
    return div(
        span(text, cls="num", aria_live="polite"),
        div(
            button("", "chevron-left", kind="sm", name=t("page.previous"), disabled=first, on_click=on_prev),
            button("", "chevron-right", kind="sm", name=t("page.next"), disabled=last, on_click=on_next),
            cls="row end",
        ),
        cls="pager",
    )
