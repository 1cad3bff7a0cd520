"""Differences between two texts, line by line: removed and added lines say so in words too, not by hue alone."""

from typing import Any

import reflex as rx

from portal.components.elements import div, h3, span
from portal.components.surfaces import empty
from portal.components.text import t
from portal.studio_rows import ChangeRow, LineRow


def _line(line: LineRow) -> rx.Component:
    sign = rx.match(
        line.mark,
        ("gone", span(span("−", aria_hidden="true"), span(t("diff.gone"), cls="sr"), cls="sign")),
        ("new", span(span("+", aria_hidden="true"), span(t("diff.new"), cls="sr"), cls="sign")),
        span(cls="sign"),
    )
    text = rx.cond(line.mark == "gap", "⋯", line.text)
    return div(span(rx.cond(line.new != "", line.new, line.old), cls="no num"), sign, span(text, cls="tx"), cls="dl " + line.mark)


def _change(change: ChangeRow) -> rx.Component:
    lines = div(rx.foreach(change.lines, _line), cls="difflines mono", tab_index=0, role="region", aria_label=change.title)
    return div(h3(change.title), lines, cls="col g2")


def differences(changes: Any) -> rx.Component:
    """`changes`: a state var of ChangeRow."""
    same = empty("equal", t("versions.same"), "")
    return rx.cond(changes.length() > 0, div(rx.foreach(changes, _change), cls="col g4"), same)
