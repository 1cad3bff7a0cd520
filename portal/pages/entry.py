"""What stands before the house: the two-column page of sign-in and first account, a form left, the score right."""

from typing import Any

import reflex as rx

from portal.components.controls import button, text_input
from portal.components.elements import button_el, div, h1, h2, icon, label, main, native_form, p, section, span
from portal.components.text import t
from portal.shell import logo, speaks, theme_button


def _score() -> rx.Component:
    """Channels are staff lines, messages are notes; the lengths are drawn, not measured."""
    svg = rx.el.svg
    notes = []
    for line in range(8):
        y, x, k = 78 + line * 96, -20.0, line * 11 + 3
        notes.append(svg.path(d=f"M0 {y}H900", stroke="#ffffff", stroke_opacity=".12", stroke_width="2"))
        while x < 900:
            k = (k * 31 + 17) % 97
            width = (18, 18, 54, 92, 30, 132)[k % 6]
            hue = ("#5fb8af", "#5fb8af", "#d9a566", "#cfe3df")[k % 4]
            notes.append(
                svg.rect(
                    x=f"{x:.0f}", y=str(y - 9), width=str(width), height="18", rx="9", fill=hue, fill_opacity=(".85", ".55", ".3")[k % 3]
                )
            )
            x += width + 34 + (k * 13) % 120
    return svg(
        *notes,
        view_box="0 0 900 860",
        preserve_aspect_ratio="xMidYMin slice",
        class_name="score",
        custom_attrs={"aria-hidden": "true"},
        width="100%",
        height="100%",
    )


def entry_field(id: str, words: Any, problem: Any, **props: Any) -> rx.Component:
    """A required field of a native form; `problem` is a state var, shown under it when not empty."""
    said = rx.cond(problem != "", div(icon("circle-alert", 14), span(problem), cls="err", role="alert", id=f"{id}-problem"))
    control = text_input(id, name=id, required=True, aria_describedby=f"{id}-problem", **props)
    return div(label(words, html_for=id), control, said, cls=rx.cond(problem != "", "field bad", "field"))


def entry(title: Any, sub: Any, news: Any, act: Any, action: str, *fields: rx.Component, over: Any = False) -> rx.Component:
    """`news` is a state var shown above the form when not empty; `action` is where the form posts to. `over`: a way to sign in instead."""
    form: rx.Component = native_form(*fields, button_el(act, type="submit", cls="btn pri lg block"), action=action, method="post", cls="col g4")
    if over is not False:
        form = rx.cond(over, button(t("signin.act"), href="/sign-in"), form)
    left = div(
        speaks(),
        div(span(logo(26), span("Carillon"), cls="brand big"), span(cls="grow"), theme_button(), cls="row"),
        div(h1(title), p(sub, cls="muted"), cls="col g1"),
        rx.cond(news != "", div(icon("info", 17), p(news), cls="note sent", role="status")),
        form,
        cls="col g6 inner",
    )
    right = section(_score(), div(h2(t("signin.score")), p(t("signin.score.text")), cls="copy"), cls="sgr", aria_label="Carillon")
    return main(div(left, cls="sgl"), right, cls="signin", id="content")
