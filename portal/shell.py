"""The frame around every page: sidebar, top bar, navigation by role, bell, account, and the recipient's frame."""

import functools
import operator
from typing import Any

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from portal.access import AT_WORK, SIGNED_IN
from portal.account import account, own_dialog
from portal.components.controls import button
from portal.components.elements import (
    a,
    aside,
    button_el,
    dialog_el,
    div,
    h1,
    header,
    icon,
    li,
    main,
    native_form,
    nav,
    ol,
    p,
    plain_link,
    span,
)
from portal.components.surfaces import empty, note
from portal.components.text import t
from portal.frame import Frame, Reader
from portal.frames import Frames, Later, Slot, Trail, TrailPlace, is_here, where
from portal.navigation import OWN as OWN_PLACES
from portal.navigation import Place, groups, places
from portal.palette import palette, seek_box
from portal.routes import STRANGERS, routes


def logo(size: int = 22) -> rx.Component:
    """Three bells of falling size under one beam."""
    bells = (
        "M2.17 9.72C2.17 5.94 3.54 5.6 5.6 5.6S9.03 5.94 9.03 9.72C9.03 12.32 9.34 14.34 10.8 16.8H.4C1.86 14.34 2.17 12.32 2.17 9.72Z",
        "M12.62 8.45C12.62 5.84 13.57 5.6 15 5.6S17.38 5.84 17.38 8.45C17.38 10.4 17.59 11.84 18.6 13.6H11.4C12.41 11.84 12.62 10.4 12.62 8.45Z",
        "M19.68 7.42C19.68 5.75 20.29 5.6 21.2 5.6S22.72 5.75 22.72 7.42C22.72 8.84 22.86 9.81 23.5 11H18.9C19.54 9.81 19.68 8.84 19.68 7.42Z",
    )
    svg = rx.el.svg
    return svg(
        svg.path(d="M1.4 2.9h21.2", stroke="currentColor", stroke_width="2.1", stroke_linecap="round"),
        *[svg.path(d=d, fill="currentColor") for d in bells],
        *[
            svg.circle(cx=x, cy=y, r=r, fill="currentColor")
            for x, y, r in (("5.6", "18.9", "1.7"), ("15", "15.4", "1.3"), ("21.2", "12.5", ".95"))
        ],
        width=str(size),
        height=str(size),
        view_box="0 0 24 22",
        custom_attrs={"aria-hidden": "true"},
    )


def _is_at(path: str) -> Any:
    """Whether the browser is at this place or below it."""
    at = (where == path) | where.startswith(f"{path}/")
    return at | (where == "/layouts") if path == "/templates" else at


def _links() -> list[rx.Component]:
    """A group's name stands where somebody may use one of its places. Whoever uses none has their own here, which others have in the account's menu."""

    def link(place: Place) -> rx.Component:
        name = t(f"nav.{place.word}")
        current = rx.cond(_is_at(place.path), "page", "false")
        return rx.cond(
            Reader.may.contains(place.permission),
            a(icon(place.icon, 16), span(name, cls="lbl"), href=place.path, cls="nav", title=name, aria_current=current, custom_attrs={"prefetch": "intent"}),
        )

    found = []
    for group, some in groups():
        usable = functools.reduce(operator.or_, [Reader.may.contains(one) for one in sorted({place.permission for place in some})])
        name = [p(t(f"group.{group}"))] if group != "start" else []
        found.append(rx.cond(usable, div(*name, *[link(place) for place in some], cls="navg")))
    own = div(*[link(place) for place in places() if place in OWN_PLACES], cls="navg")
    return [*found, rx.cond(Reader.may.contains(SIGNED_IN) & ~Reader.may.contains(AT_WORK), own)]


def sidebar(suffix: str = "") -> rx.Component:
    """Rendered twice, as column and as the phone's drawer: `suffix` keeps the menu ids unique."""
    return aside(
        a(logo(), span("Carillon", cls="lbl"), href=Frame.home, cls="brand", aria_label="Carillon"),
        _space(),
        nav(*_links(), aria_label=t("menu.main" if not suffix else "menu.name")),
        div(cls="grow"),
        *account(suffix),
        cls="side",
    )


def _space() -> rx.Component:
    """Where one is: the space, and whether it is the demo, in which nothing leaves the house."""
    demo = rx.cond(Frame.demo, span(t("space.demo"), cls="tag held", title=t("space.demo.text")))
    return div(
        span(cls=rx.cond(Frame.demo, "dot held", "dot delivered")), span(Frame.space, cls="lbl clip grow"), demo, cls="env", title=t("space", name=Frame.space)
    )


def theme_button() -> rx.Component:
    face = rx.color_mode_cond(light=icon("moon", 16), dark=icon("sun", 16))
    return button_el(face, type="button", cls="btn ghost icon", aria_label=t("theme"), title=t("theme"), data_theme_turn="1", on_click=rx.toggle_color_mode)


def bell() -> rx.Component:
    """The unread count; it moves without a reload and swings when something arrives."""
    count = rx.cond(Frame.unread > 0, span(Frame.unread_text, cls="badge num", aria_hidden="true"))
    swing = rx.cond(Frame.rang > 0, rx.cond(Frame.rang % 2 == 0, "swing-a", "swing-b"), "")
    return a(
        span(icon("bell", 16), cls=swing),
        count,
        href="/inbox",
        cls="btn ghost icon bell",
        aria_label=Frame.bell_name,
        title=Frame.bell_name,
    )


def speaks() -> rx.Component:
    """The language of the page, for assets/carillon.js to write where screen readers look for it."""
    return span(id="speaks", data_lang=Frame.language, hidden=True)


def voice() -> rx.Component:
    """What the page says to people and to assets/carillon.js: toast, lost connection, and the way out."""
    return div(
        speaks(),
        div(
            icon("circle-check", 17, class_name="good"),
            icon("triangle-alert", 17, class_name="bad"),
            div(p(Frame.said_title, cls="strong"), p(Frame.said_text, cls="muted cap"), cls="grow"),
            rx.cond(Frame.said_undo, button(t("act.undo"), "undo-2", kind="sm", cls="undo", on_click=Frame.take_back, data_hush="1")),
            button("", "x", kind="ghost sm", name=t("act.close"), data_hush="1"),
            cls=rx.cond(Frame.said_hue == "failed", "toast failed", "toast delivered"),
            id="toast",
            role="status",
            aria_live="polite",
            data_said=Frame.said.to_string(),
        ),
        div(
            rx.cond(has_connection_errors, note("held", "plug-zap", t("offline.title"), t("offline.text")), note("delivered", "plug", t("online.title"), t("online.text"))),
            id="offline",
            cls="offline",
            data_lost=rx.cond(has_connection_errors, "true", "false"),
        ),
        div(
            note("held", "refresh-cw", t("updated.title"), t("updated.text"), button(t("updated.act"), kind="sm", data_act="reload")), id="updated", cls="offline"
        ),
        div(id="leave", data_leave=Frame.leave, hidden=True),
    )


def _bars() -> list[rx.Component]:
    return [div(cls="skel", style={"width": width, "max_width": "100%", "margin_bottom": "14px"}) for width in ("220px", "380px", "100%", "100%", "82%")]


def _waiting() -> rx.Component:
    """The frame before the caller is known: shapes only, nothing of anybody's."""
    return div(
        aside(span(logo(), span("Carillon", cls="lbl"), cls="brand"), cls="side"),
        div(header(cls="bar"), main(*_bars(), id="content", cls="main", aria_busy="true"), style={"min_width": "0"}),
        cls="shell",
    )


def _closed() -> rx.Component:
    return empty("lock", t("closed.title"), t("closed.text"), button(t("closed.act"), href=Frame.home))


def _halted() -> rx.Component:
    """Above every page while something is halted: nobody shall wonder why nothing goes out."""
    act = rx.cond(Frame.may.contains("operate"), button(t("brakes.banner.act"), "circle-pause", kind="sm", href="/providers"))
    return rx.cond(Frame.halted != "", div(note("held", "circle-pause", Frame.halted, Frame.halted_text, act), cls="haltline"))


def _tested() -> rx.Component:
    """Above every page while nothing leaves the house."""
    act = rx.cond(Frame.may.contains("operate"), button(t("mode.banner.act"), "plug-zap", kind="sm", href="/providers"))
    return rx.cond(Frame.test, div(note("held", "flask-conical", t("mode.banner"), t("mode.banner.text"), act), cls="haltline"))


def shell(place: str, crumbs: list[tuple[Any, str]], *body: Any) -> rx.Component:
    """Product page: what differs between pages; the frame around it stays. `place` is its entry in the sidebar.

    `crumbs` are (words, path), the last one is the page itself.
    """
    last = len(crumbs) - 1
    trail = [
        li(span(text, aria_current="page")) if k == last else li(a(text, href=path) if path else span(text), icon("chevron-right", 13))
        for k, (text, path) in enumerate(crumbs)
    ]
    return rx.fragment(Trail.create(ol(*trail, cls="crumbs")), _open_only(*body))


def _open_only(*body: Any) -> rx.Component:
    return rx.cond(Frame.closed & is_here, _closed(), rx.fragment(*body))


def _content(*children: Any, cls: str) -> rx.Component:
    """The page's place in a frame; busy from a click on a link until the server knows where we are."""
    return main(*children, id="content", cls=cls, tab_index=-1, aria_busy=rx.cond(is_here, rx.Var("undefined"), "true"))


def _later(*children: Any) -> rx.Component:
    return Later.create(rx.fragment(*children), when=is_here & Frame.loaded)


def _staff() -> rx.Component:
    """The frame of product pages. The page waits until the caller is known."""
    bar = header(
        button("", "panel-left", kind="ghost only-d", name=t("side.collapse"), data_act="side"),
        button("", "menu", kind="ghost only-m", name=t("menu.open"), data_open="drawer"),
        TrailPlace.create(custom_attrs={"aria-label": t("crumbs")}, class_name="grow"),
        seek_box(),
        bell(),
        theme_button(),
        cls="bar",
    )
    full = div(
        plain_link(t("skip"), href="#content", cls="skip"),
        sidebar(),
        div(bar, _tested(), _halted(), _content(Slot.create(), cls="main"), style={"min_width": "0"}),
        _later(dialog_el(sidebar("-m"), id="drawer", cls="drawer", aria_label=t("menu.name")), palette(), own_dialog()),
        cls="shell",
    )
    return rx.cond(Frame.ready, full, _waiting())


def frames() -> rx.Component:
    """Around every page, mounted once. Pages for people who are not signed in have no frame."""
    own = [path for path, _, _ in OWN]
    staff = [route for route in routes() if route not in own and route not in STRANGERS]
    theirs = Frame.ready & ~Frame.may.contains("deliveries.read")
    return Frames.create(_staff(), _own(), voice(), staff=staff, own=own, theirs=theirs & where.startswith("/deliveries/"))


def page_head(title: Any, sub: Any = None, *actions: Any, badge: Any = None) -> rx.Component:
    return div(
        div(
            div(h1(title), *([badge] if badge is not None else []), cls="row wrap", style={"gap": "10px"}),
            *([p(sub, cls="sub")] if sub is not None else []),
            cls="grow",
        ),
        *([div(*actions, cls="acts")] if actions else []),
        cls="head",
    )


OWN = [("/inbox", "inbox", "inbox"), ("/preferences", "preferences", "sliders-horizontal"), ("/history", "history", "history"), ("/my-data", "data", "shield")]


def _own_pages() -> rx.Component:
    links = [
        a(icon(ico, 15), span(t(f"own.{word}")), href=path, aria_current=rx.cond(where == path, "page", rx.Var("undefined"))) for path, word, ico in OWN
    ]
    return nav(*links, cls="tabs owntabs", aria_label=t("own.nav"))


def recipient(*body: Any) -> rx.Component:
    """Page for the person a notification is for; see `_own` for its frame."""
    return _open_only(*body)


def _own() -> rx.Component:
    """The frame of pages for the person a notification is for: one column, no product navigation."""
    full = div(
        plain_link(t("skip"), href="#content", cls="skip"),
        header(
            a(
                rx.cond(Frame.brand != "", span(Frame.brand, cls="strong clip"), rx.fragment(logo(), span("Carillon", cls="strong"))),
                href=Frame.home, cls="brand",
            ),
            span(cls="grow"),
            seek_box(),
            rx.cond(
                Frame.home != "/inbox",
                button(t("back"), "arrow-left", kind="ghost backto", name=t("back"), href=Frame.home),
                a(icon("circle-user", 16), href="/account", cls="btn ghost icon", aria_label=t("nav.account"), title=t("nav.account")),
            ),
            bell(),
            theme_button(),
            native_form(
                button_el(
                    icon("log-out", 16), type="submit", cls="btn ghost icon", aria_label=t("account.sign_out"), title=t("account.sign_out")
                ),
                action="/session/end",
                method="post",
                cls="leaving",
            ),
            cls="bar own",
        ),
        _content(_own_pages(), Slot.create(), cls="own"),
        div(t("sent_with"), cls="cap faint tail"),
        _later(palette(), own_dialog()),
        cls=rx.cond(where.startswith("/deliveries/"), "ownpage wide", "ownpage"),
    )  # fmt: skip
    waiting = div(header(cls="bar own"), main(*_bars(), id="content", cls="own", aria_busy="true"), cls="ownpage")
    return rx.cond(Frame.ready, full, waiting)
