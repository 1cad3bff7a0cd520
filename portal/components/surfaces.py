"""What content stands on: cards, notes, empty and waiting places, pairs of fact and value."""

from typing import Any

import reflex as rx

from portal.components.elements import dd, div, dl, dt, h2, h3, i, icon, p, section, tbody, td, tr


def card(
    title: Any = None, *body: Any, sub: Any = None, actions: Any = (), foot: Any = None, flush: bool = False, cls: str = "", **props: Any
) -> rx.Component:
    """`flush` lets the body touch the edges (lists, tables)."""
    parts: list[Any] = []
    if title is not None:
        under = [p(sub, cls="cap faint")] if sub is not None else []
        parts.append(div(div(h2(title), *under, cls="grow"), div(*actions, cls="end"), cls="hd"))
    parts += list(body) if flush else [div(*body, cls="bd")]
    if foot is not None:
        parts.append(div(*(foot if isinstance(foot, list) else [foot]), cls="ft"))
    return section(*parts, cls=f"card {'flush' if flush else ''} {cls}".strip(), **props)


def note(hue: str, ico: str, title: Any, text: Any = None, *acts: Any, **props: Any) -> rx.Component:
    """At most one per page: bold fact, one sentence, one action."""
    under = [p(text, cls="muted")] if text is not None else []
    return div(icon(ico, 17), div(p(title, cls="strong"), *under, cls="grow"), *acts, cls=f"note {hue}", role="status", **props)


def empty(ico: str, title: Any, text: Any, *acts: Any) -> rx.Component:
    return div(div(icon(ico, 20), cls="ico"), h3(title), p(text), *acts, cls="empty")


def skeleton_rows(rows: int, widths: tuple[str, ...]) -> rx.Component:
    """Waiting rows in the columns' real widths; hidden from screen readers."""
    return tbody(*[tr(*[td(i(cls="skel", style={"width": w})) for w in widths]) for _ in range(rows)], aria_hidden="true")


def kv(*pairs: tuple[Any, Any]) -> rx.Component:
    return dl(*[x for k, v in pairs for x in (dt(k), dd(v))], cls="kv")
