"""HTML elements with short names: `cls=` for classes, `aria_*`, `data_*` and popover attributes passed through."""

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router.dom import ReactRouterLink

_PASSED = {"popover": "popover", "popover_target": "popoverTarget"}


def attributes(props: dict[str, Any]) -> dict[str, Any]:
    """Reflex turns unknown keyword arguments into CSS; these belong on the element instead."""
    given = {k.replace("_", "-"): props.pop(k) for k in list(props) if k.startswith(("data_", "aria_"))}
    given |= {html: props.pop(name) for name, html in _PASSED.items() if name in props}
    if given:
        props["custom_attrs"] = {**given, **props.pop("custom_attrs", {})}
    if "cls" in props:
        props["class_name"] = props.pop("cls")
    return props


def _element(name: str) -> Callable[..., rx.Component]:
    make = getattr(rx.el, name)
    return lambda *children, **props: make(*children, **attributes(props))


class NativeForm(BaseHTML):
    """A form that really posts: Reflex's own form always prevents it, and an HttpOnly cookie needs a response."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


def native_form(*children: Any, **props: Any) -> rx.Component:
    return NativeForm.create(*children, **attributes(props))


class NativeLink(BaseHTML):
    """A link the browser itself follows: Reflex's own asks the router, which knows no files and forgets the filters before a "#"."""

    tag = "a"
    href: rx.Var[str]
    download: rx.Var[str | bool]
    target: rx.Var[str]
    rel: rx.Var[str]


def plain_link(*children: Any, **props: Any) -> rx.Component:
    return NativeLink.create(*children, **attributes(props))


div, span, p, b, small, section = map(_element, ("div", "span", "p", "b", "small", "section"))
main, nav, aside, header, footer = map(_element, ("main", "nav", "aside", "header", "footer"))
h1, h2, h3, ul, ol, li, dl, dt, dd = map(_element, ("h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd"))
i, kbd, label, legend, strong = map(_element, ("i", "kbd", "label", "legend", "strong"))
button_el, input_el, textarea, select_el, option = map(_element, ("button", "input", "textarea", "select", "option"))
fieldset, dialog_el, details, summary, iframe = map(_element, ("fieldset", "dialog", "details", "summary", "iframe"))
table_el, thead, tbody, tr, th, td, caption = map(_element, ("table", "thead", "tbody", "tr", "th", "td", "caption"))
pre, time_el, hr, code = map(_element, ("pre", "time", "hr", "code"))


def a(*children: Any, href: Any = "#", **props: Any) -> rx.Component:
    """In-app link: moves on the page that is open, no load of a new one."""
    return ReactRouterLink.create(*children, to=href, **attributes(props))


def icon(name: str, size: int = 16, **props: Any) -> rx.Component:
    """Decoration from lucide; the words beside it carry the meaning."""
    return rx.icon(name, size=size, custom_attrs={"aria-hidden": "true"}, **props)


def row(*children: Any, cls: str = "", **props: Any) -> rx.Component:
    return div(*children, cls=f"row {cls}".strip(), **props)


def col(*children: Any, cls: str = "g2", **props: Any) -> rx.Component:
    return div(*children, cls=f"col {cls}".strip(), **props)
