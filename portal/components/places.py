"""What a page shows while its rows come, when there are none, and when they did not come."""

from typing import Any

import reflex as rx

from portal.components.controls import button
from portal.components.elements import div
from portal.components.surfaces import empty, skeleton_rows
from portal.components.text import t
from portal.frame import Frame
from portal.frames import is_here, where_filtered


def broken(trouble: Any, again: Any) -> rx.Component:
    """`trouble` says what happened; nothing was changed by looking."""
    return div(empty("unplug", t("error.title"), trouble, button(t("act.again"), "refresh-cw", on_click=again)), role="alert")


def page_body(trouble: Any, again: Any, waiting: rx.Component, body: rx.Component, kept: Any = None) -> rx.Component:
    """Error, skeleton or body. `trouble` is a state var, "" when all is well. `kept`: a state var, the address whose body the page still
    holds: who comes back to it sees that until what is new came."""
    stands = (is_here & Frame.loaded) | (where_filtered == kept) if kept is not None else is_here & Frame.loaded
    return rx.cond(stands, rx.cond(trouble != "", broken(trouble, again), body), waiting)


def waiting_rows(rows: int, widths: tuple[str, ...]) -> rx.Component:
    """The body of a table whose rows are on their way; after a moment, so that quick answers do not flash."""
    return skeleton_rows(rows, widths)


def waiting_cards() -> rx.Component:
    """Two columns of shapes."""
    bars = [div(cls="skel", style={"width": width, "margin_bottom": "14px"}) for width in ("38%", "100%", "92%", "100%", "64%")]
    return div(div(*bars, cls="card c8 waitcard"), div(*bars, cls="card c4 waitcard"), cls="grid late", aria_hidden="true")
