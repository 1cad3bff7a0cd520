"""Why something happened: the lines of a decision, and a timeline."""

from typing import Any

import reflex as rx

from portal.components.elements import a, button_el, div, icon, li, ol, p, span
from portal.components.status import channel_icon, channel_word, hue_icon, pill_var
from portal.components.surfaces import card
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


def traced(units: Any, shown: Any, gates: Any, decided: Any, delivery: Any, look_at: Any) -> rx.Component:
    """The channels of one notification as tabs, each with its pill and its trace. `delivery`: id of the one to open, "" for none; `look_at`: handler of an index."""

    def tab(unit: Any, index: Any) -> rx.Component:
        return button_el(
            channel_icon(unit.channel), span(channel_word(unit.channel)), pill_var(unit.look), type="button", role="tab", id=f"tab-{index}",
            aria_selected=rx.cond(shown == index, "true", "false"), aria_controls="trace", on_click=look_at(index),
        )  # fmt: skip

    tabs = div(rx.foreach(units, tab), cls="tabs", role="tablist", aria_label=t("delivery.trace"))
    lines = ol(rx.foreach(gates, lambda one: gate(one.result, one.rule, one.why)))
    foot = div(
        icon("git-commit-horizontal", 14), span(decided, cls="grow"),
        rx.cond(delivery != "", a(t("delivery.other"), href="/deliveries/" + delivery, cls="link")), cls="ft",
    )  # fmt: skip
    return card(None, tabs, div(lines, id="trace", role="tabpanel", aria_label=t("delivery.trace")), foot, flush=True, cls="traced")
