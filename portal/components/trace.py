"""Why something happened: the lines of a decision, and a timeline."""

from typing import Any

import reflex as rx

from portal.components.elements import div, icon, li, p, span
from portal.components.status import hue_icon
from portal.components.text import t

_RESULTS = {
    "pass": ("circle-check", "delivered"),
    "stop": ("circle-x", "failed"),
    "hold": ("circle-pause", "held"),
    "na": ("circle-minus", "skipped"),
    "off": ("circle-dashed", "skipped"),
}


def gate(result: Any, rule: Any, why: Any) -> rx.Component:
    """One line of a trace; `result` is pass, stop, hold, na or off, known at run time."""

    def line(key: str) -> rx.Component:
        ico, hue = _RESULTS[key]
        word = t(f"gate.{key}")
        return li(
            icon(ico, 16),
            span(rule, cls="strong"),
            span(why, cls="muted why"),
            span(word, cls="cap faint nowrap only-d"),
            span(word, cls="sr only-m"),
            cls=f"gate {hue} {key}",
        )

    return rx.match(result, *[(k, line(k)) for k in _RESULTS if k != "off"], line("off"))


def event(look: Any, title: Any, text: Any, time: Any, exact: Any, raw: Any) -> rx.Component:
    """One entry of a timeline: what, with which fact, when; and a provider's own words when there are some."""
    return li(
        hue_icon(look),
        div(
            p(title, cls="strong"),
            rx.cond(text != "", p(text, cls="cap muted")),
            rx.cond(raw != "", p(raw, cls="cap mono muted raw")),
            style={"min_width": "0"},
        ),
        span(time, title=exact, cls="cap faint num nowrap"),
    )
