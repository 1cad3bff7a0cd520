"""What people press and fill in: buttons, fields, choices."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from portal.components.elements import a, button_el, div, icon, input_el, label, option, p, select_el, span, textarea


def button(text: Any = "", ico: str = "", *, kind: str = "", href: Any = "", name: Any = "", **props: Any) -> rx.Component:
    """`kind`: "" | pri | ghost | danger | danger solid, plus sm | lg | block. An icon-only button needs `name`."""
    bare = isinstance(text, str) and not text
    inner = [icon(ico, 15)] if ico else []
    if not bare:
        inner.append(span(text))
    props["cls"] = f"btn {kind}{' icon' if bare else ''}{' ' + props.pop('cls') if 'cls' in props else ''}".strip()
    if not (isinstance(name, str) and not name):
        props |= {"aria_label": name, "title": name}
    if isinstance(href, str) and not href:
        return button_el(*inner, type=props.pop("type", "button"), **props)
    return a(*inner, href=href, **props)


def field(text: Any, control: rx.Component, hint: Any = None, error: Any = None) -> rx.Component:
    """A label, its control, and under it the error (a state var, shown when not empty) or the hint."""
    below = [p(hint, cls="hint")] if hint is not None else []
    name = label(text, html_for=control.id)
    if error is None:
        return div(name, control, *below, cls="field")
    said = div(icon("circle-alert", 14), span(error), cls="err", role="alert")
    return div(name, control, rx.cond(error != "", said, rx.fragment(*below)), cls=rx.cond(error != "", "field bad", "field"))


def text_input(id: str, **props: Any) -> rx.Component:
    return input_el(id=id, cls=f"input {props.pop('cls', '')}".strip(), **props)


def text_area(id: str, rows: int = 4, **props: Any) -> rx.Component:
    return textarea(id=id, rows=str(rows), cls=f"input {props.pop('cls', '')}".strip(), **props)


def select(id: str, options: Any, *, name: Any = None, **props: Any) -> rx.Component:
    """`options`: pairs (value, words), or a state var of objects with `value` and `text`."""
    if name is not None:
        props["aria_label"] = name
    if isinstance(options, rx.Var):
        choices = [rx.foreach(options, lambda o: option(o.text, value=o.value))]
    else:
        choices = [option(text, value=value) for value, text in options]
    return select_el(*choices, id=id, cls=f"select {props.pop('cls', '')}".strip(), **props)


def search(id: str, hint: Any, width: str = "260px", **props: Any) -> rx.Component:
    box = input_el(id=id, type="search", placeholder=hint, aria_label=hint, cls="input sm", **props)
    return div(icon("search", 15), box, cls="with-ico", style={"width": width, "max_width": "100%", "flex": "0 1 auto"})


def check(text: Any, **props: Any) -> rx.Component:
    return input_el(type=props.pop("type", "checkbox"), cls="check", aria_label=text, **props)


def segmented(items: list[tuple[str, Any]], value: Any, on_pick: Callable[[str], Any], name: Any) -> rx.Component:
    """One of few views; `items` are (value, words)."""
    return div(
        *[
            button_el(span(text), type="button", aria_pressed=rx.cond(value == key, "true", "false"), on_click=on_pick(key))
            for key, text in items
        ],
        cls="seg",
        role="group",
        aria_label=name,
    )
