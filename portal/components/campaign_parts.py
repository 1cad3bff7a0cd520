"""What several pages of campaigns show alike: the pill of a state, a bar of parts, pairs of fact and value."""

from typing import Any

import reflex as rx

from portal.components.elements import dd, div, dl, dt, i, icon, p, span
from portal.components.text import t

# state -> (icon, hue class): the life of a campaign borrows the hues of deliveries
STATES = {
    "draft": ("pencil", "queued"),
    "review": ("eye", "held"),
    "approved": ("badge-check", "engaged"),
    "scheduled": ("calendar-clock", "digested"),
    "running": ("loader", "sent"),
    "paused": ("circle-pause", "held"),
    "finished": ("check", "delivered"),
    "cancelled": ("circle-x", "failed"),
}


def state_pill(state: Any) -> rx.Component:
    """The pill of a campaign's state, known at run time."""

    def one(key: str) -> rx.Component:
        ico, hue = STATES[key]
        return span(icon(ico, 13), t(f"camp.state.{key}"), cls=f"pill {hue}")

    return rx.match(state, *[(key, one(key)) for key in STATES if key != "draft"], one("draft"))


def state_dot(state: Any) -> rx.Component:
    """A dot in the hue of a state; its word stands beside it."""
    return rx.match(state, *[(key, i(cls=f"dot {hue}", aria_hidden="true")) for key, (_, hue) in STATES.items() if key != "draft"], i(cls="dot queued", aria_hidden="true"))


def facts(rows: Any) -> rx.Component:
    """`rows`: a state var of FactRow."""

    def one(row: Any) -> rx.Component:
        return rx.fragment(dt(row.word), dd(span(row.text), rx.cond(row.note != "", p(row.note, cls="cap faint"))))

    return dl(rx.foreach(rows, one), cls="kv")


def sum_line(text: Any, holds: Any) -> rx.Component:
    """The sum written out, and whether it is true."""
    even = span(icon("scale", 14), text, cls="row cap muted num")
    odd = span(icon("triangle-alert", 14), text, cls="row cap down num")
    return div(rx.cond(holds, even, odd), cls="grow")
