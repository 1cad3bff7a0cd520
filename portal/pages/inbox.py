"""The inbox of the person who is signed in; what comes appears without a reload."""

import reflex as rx

from portal.components.controls import button
from portal.components.elements import a, button_el, div, h1, icon, input_el, li, p, plain_link, span, ul
from portal.components.overlays import menu
from portal.components.places import page_body
from portal.components.status import tag
from portal.components.surfaces import empty
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.rows import InboxRow
from portal.shell import recipient
from portal.states.inbox import VIEWS, Inbox

EMPTY = {"all": "inbox", "unread": "check-check", "archived": "archive", "snoozed": "alarm-clock"}


def _why(row: InboxRow) -> rx.Component:
    told = div(
        icon("circle-help", 16),
        div(
            p(Inbox.why_title, cls="strong"),
            rx.cond(Inbox.why_text != "", p(Inbox.why_text, cls="muted")),
            a(t("inbox.why.all"), href=row.why, cls="link cap"),
            cls="col g1 grow",
        ),
        cls="well row top whybox",
    )
    return rx.cond(Inbox.why_of == row.id, told)


def _acts(row: InboxRow) -> rx.Component:
    later = rx.cond(
        row.snoozed != "",
        button(t("inbox.wake"), "alarm-clock-off", kind="sm", on_click=Inbox.do("wake", row.id)),
        rx.fragment(
            button(t("inbox.snooze.hour"), "alarm-clock", kind="sm", on_click=Inbox.snooze("hour", row.id)),
            button(t("inbox.snooze.tomorrow"), "sunrise", kind="sm", on_click=Inbox.snooze("tomorrow", row.id)),
        ),
    )
    away = rx.cond(
        row.archived,
        button(t("inbox.unarchive"), "inbox", kind="sm", on_click=Inbox.do("unarchive", row.id)),
        button(t("inbox.archive"), "archive", kind="sm", on_click=Inbox.do("archive", row.id)),
    )
    leads = rx.cond(
        row.link != "",
        plain_link(
            icon("external-link", 15), span(t("inbox.open")), href=row.link, target="_blank", rel="noopener noreferrer", cls="btn sm pri"
        ),
    )
    others = rx.foreach(row.actions, lambda x: plain_link(x.text, href=x.value, target="_blank", rel="noopener noreferrer", cls="btn sm"))
    return div(
        leads,
        others,
        away,
        button(t("inbox.mark.unread"), "mail", kind="sm", on_click=Inbox.do("unread", row.id)),
        later,
        cls="row wrap unfolded",
    )


def _item(row: InboxRow) -> rx.Component:
    is_open = Inbox.opened == row.id
    box = input_el(
        type="checkbox",
        cls="check",
        aria_label=t("inbox.select", title=row.title),
        checked=Inbox.chosen.contains(row.id),
        on_change=lambda on: Inbox.choose(row.id, on),
    )
    head = button_el(
        rx.cond(row.unread, span(t("inbox.unread"), cls="sr")),
        span(row.title, cls="title"),
        type="button",
        cls="fold",
        aria_expanded=rx.cond(is_open, "true", "false"),
        on_click=Inbox.open(row.id),
    )
    below = div(
        span(row.category, cls="cap faint"),
        rx.cond(row.snoozed != "", tag(row.snoozed, "held", "alarm-clock")),
        rx.cond(row.silent, tag(t("inbox.silent"), "", "bell-off")),
        rx.cond(row.why != "", button_el(t("inbox.why"), type="button", cls="lnk cap", on_click=Inbox.why(row.id))),
        cls="row wrap facts",
    )
    return li(
        box,
        span(cls=rx.cond(row.unread, "dot accent", "dot gone")),
        div(
            head,
            rx.cond(row.text != "", p(row.text, cls=rx.cond(is_open, "muted whole", "muted clip2"))),
            below,
            _why(row),
            rx.cond(is_open, _acts(row)),
            cls="grow col g1",
        ),
        span(row.time, title=row.exact, cls="cap faint num nowrap"),
        cls=rx.cond(row.unread, "msg unread", "msg"),
    )


def _bulk() -> rx.Component:
    bar = div(
        span(Inbox.chosen_text, cls="num"),
        button(t("inbox.mark.read"), "check", kind="sm", on_click=Inbox.do("read", "")),
        rx.cond(
            Inbox.view == "archived",
            button(t("inbox.unarchive"), "inbox", kind="sm", on_click=Inbox.do("unarchive", "")),
            button(t("inbox.archive"), "archive", kind="sm", on_click=Inbox.do("archive", "")),
        ),
        button(t("inbox.snooze"), "alarm-clock", kind="sm", popover_target="snoozes"),
        button("", "x", kind="sm", name=t("inbox.select.none"), on_click=Inbox.choose_none),
        menu(
            "snoozes",
            button_el(t("inbox.snooze.hour"), type="button", on_click=Inbox.snooze("hour", "")),
            button_el(t("inbox.snooze.tomorrow"), type="button", on_click=Inbox.snooze("tomorrow", "")),
        ),
        cls="bulk",
        role="group",
    )
    return rx.cond(Inbox.chosen.length() > 0, bar)


def _empty() -> rx.Component:
    def one(view: str) -> rx.Component:
        return empty(EMPTY[view], t(f"inbox.empty.{view}"), t(f"inbox.empty.{view}.text"))

    return rx.match(Inbox.view, *[(view, one(view)) for view in VIEWS if view != "all"], one("all"))


def _waiting() -> rx.Component:
    bars = [div(cls="skel", style={"width": width, "margin": "6px 0"}) for width in ("40%", "78%", "24%")]
    return div(*[div(*bars, cls="msg col") for _ in range(4)], cls="card flush msgs late", aria_hidden="true")


@rx.page("/inbox", title=t("inbox.title") + " · Carillon", on_load=on_page(Inbox.load))
def inbox() -> rx.Component:
    views = div(
        *[
            a(
                t(f"inbox.{view}"),
                href=f"/inbox?view={view}" if view != "all" else "/inbox",
                aria_current=rx.cond(Inbox.view == view, "page", "false"),
            )
            for view in VIEWS
        ],
        cls="seg views",
        role="group",
        aria_label=t("inbox.views"),
    )
    head = div(
        h1(t("inbox.title")),
        rx.cond(Frame.unread > 0, span(t("inbox.count", count=Frame.unread_text), cls="tag engaged num")),
        span(cls="grow"),
        rx.cond(Frame.unread > 0, button(t("inbox.read_all"), "check-check", on_click=Inbox.read_all)),
        cls="row wrap inboxhead",
    )
    under = div(
        span(t("inbox.kept"), cls="grow"),
        rx.cond(Inbox.later, button(t("inbox.newest"), "arrow-up", kind="sm", on_click=Inbox.turn(True))),
        rx.cond(Inbox.older, button(t("inbox.older"), "arrow-down", kind="sm", on_click=Inbox.turn(False))),
        cls="ft",
    )
    full = div(ul(rx.foreach(Inbox.rows, _item), cls="msgs"), under, cls="card flush")
    body = page_body(Inbox.trouble, Inbox.again, _waiting(), rx.cond(Inbox.rows.length() > 0, full, div(_empty(), cls="card")))
    live = span(span(cls="dot live delivered"), t("inbox.live"), cls="row cap faint")
    return recipient(
        head,
        div(views, span(cls="grow"), live, cls="row wrap", style={"margin_bottom": "12px"}),
        body,
        _bulk(),
        undo=button(t("inbox.undo"), "undo-2", kind="sm", on_click=Inbox.undo, data_hush="1"),
    )
