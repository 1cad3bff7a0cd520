"""Fields of the builder: each is kept as soon as it is left, and says what is wrong under itself."""

from typing import Any

import reflex as rx

from portal.components.controls import field, text_input
from portal.components.elements import div, icon, input_el, label, option, p, select_el, span
from portal.states.campaign_edit import Builder
from portal.states.campaign_reach import Reach


def typed(name: str, words: Any, hint: Any = None, *, kind: str = "text", after: Any = (), **props: Any) -> rx.Component:
    """A text that is typed."""
    box = text_input(
        f"c-{name}", type=kind, default_value=Builder.form[name], key=f"{name}-" + Builder.round.to_string(), on_blur=[lambda v: Builder.write(name, v), *after], auto_complete="off",
        aria_invalid=rx.cond(Builder.problems[name] != "", "true", "false"), **props,
    )  # fmt: skip
    return field(words, box, hint, Builder.problems[name])


def numeric(name: str, words: Any, unit: Any, hint: Any = None, *, after: Any = ()) -> rx.Component:
    """A number with its unit behind it."""
    box = text_input(
        f"c-{name}", default_value=Builder.form[name], key=f"{name}-" + Builder.round.to_string(), on_blur=[lambda v: Builder.write(name, v), *after], input_mode="decimal", auto_complete="off",
        cls="num", aria_describedby=f"c-{name}-unit", aria_invalid=rx.cond(Builder.problems[name] != "", "true", "false"),
    )  # fmt: skip
    both = div(box, span(unit, id=f"c-{name}-unit", cls="faint nowrap"), cls="row unitfield")
    wrong = Builder.problems[name]
    said, under = div(icon("circle-alert", 14), span(wrong), cls="err", role="alert"), [p(hint, cls="hint")] if hint is not None else []
    return div(label(words, html_for=f"c-{name}"), both, rx.cond(wrong != "", said, rx.fragment(*under)), cls=rx.cond(wrong != "", "field bad", "field"))


def picked(name: str, words: Any, options: Any, hint: Any = None, *, first: Any = None, other: Any = None, after: Any = ()) -> rx.Component:
    """One of some. `options`: pairs (value, words), or a state var of Choice; `first`: words of the empty one; `other`: of a value that is none of them."""
    some = [rx.foreach(options, lambda one: option(one.text, value=one.value))] if isinstance(options, rx.Var) else [option(text, value=value) for value, text in options]
    none = [option(first, value="")] if first is not None else []
    more = [rx.cond(other != "", option(other, value=Builder.form[name]))] if other is not None else []
    box = select_el(*none, *some, *more, id=f"c-{name}", cls="select", value=Builder.form[name], on_change=[lambda v: Builder.write(name, v), *after])
    return field(words, box, hint, Builder.problems[name])


def choice_card(name: str, value: str, words: Any, text: Any, on: Any, pick: Any) -> rx.Component:
    """A large radio with what it leads to."""
    return label(
        input_el(type="radio", cls="check", name=name, value=value, checked=on, on_change=pick), div(span(words, cls="strong"), span(text, cls="cap faint"), cls="col grow"), cls="opt top",
    )  # fmt: skip


def turn(words: Any, text: Any, on: Any, pick: Any, *more: Any) -> rx.Component:
    """A switch with its sentence."""
    box = input_el(type="checkbox", cls="switch", role="switch", checked=on, on_change=pick, aria_label=words)
    return div(box, div(span(words, cls="strong"), span(text, cls="cap faint"), cls="col grow"), *more, cls="row top turnline")


RECOUNT = [Reach.count]
