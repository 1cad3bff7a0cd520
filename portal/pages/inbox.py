"""The inbox of the person who is signed in; what comes appears without a reload."""

import reflex as rx

from portal.components.controls import button, search
from portal.components.elements import a, button_el, div, h1, h2, icon, input_el, label, li, p, plain_link, span, ul
from portal.components.overlays import modal
from portal.components.places import page_body
from portal.components.status import tag
from portal.components.surfaces import empty
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.rows import InboxRow
from portal.shell import recipient
from portal.states.inbox import VIEWS, Inbox

EMPTY = {"all": "inbox", "unread": "check-check", "archived": "archive", "snoozed": "alarm-clock"}
ICONS = {
    "SECURITY": "shield-check",
    "TRANSACTION": "credit-card",
    "ORDER": "package",
    "CHAT": "message-circle",
    "PRODUCT": "sparkles",
    "MARKETING": "tag",
    "DIGEST": "layers",
}


def _why(row: InboxRow) -> rx.Component:
    acts = div(
        rx.cond(Inbox.why_fewer, button(t("inbox.fewer"), "volume-1", kind="sm", on_click=Inbox.fewer(row.id))),
        rx.cond(Inbox.why_off != "", button(Inbox.why_off, "bell-off", kind="sm", on_click=Inbox.turn_off(row.id))),
        a(t("inbox.why.all"), href=row.why, cls="link cap"),
        cls="row wrap",
    )
    told = div(
        icon("circle-help", 16),
        div(
            p(Inbox.why_title, cls="strong"),
            rx.cond(Inbox.why_text != "", p(Inbox.why_text, cls="muted")),
            rx.cond(Inbox.why_off == "", p(t("inbox.why.locked"), cls="muted")),
            acts,
            cls="col g2 grow",
        ),
        cls="well row top whybox",
    )
    return rx.cond(Inbox.why_of == row.id, told)


def _away(row: InboxRow, *, quick: bool = False) -> rx.Component:
    if quick:
        return rx.cond(
            row.archived,
            button("", "inbox", kind="ghost sm", name=t("inbox.unarchive"), on_click=Inbox.do("unarchive", row.id), data_key="e"),
            button("", "archive", kind="ghost sm", name=t("inbox.archive"), on_click=Inbox.do("archive", row.id), data_key="e"),
        )
    return rx.cond(
        row.archived,
        button(t("inbox.unarchive"), "inbox", kind="sm", on_click=Inbox.do("unarchive", row.id)),
        button(t("inbox.archive"), "archive", kind="sm", on_click=Inbox.do("archive", row.id)),
    )


def _acts(row: InboxRow) -> rx.Component:
    later = rx.cond(
        row.snoozed != "",
        button(t("inbox.wake"), "alarm-clock-off", kind="sm", on_click=Inbox.do("wake", row.id)),
        button(t("inbox.snooze.ask"), "alarm-clock", kind="sm", data_open="snoozer", on_click=Inbox.ask_snooze(row.id)),
    )
    leads = rx.cond(
        row.link != "",
        plain_link(
            icon("external-link", 15), span(t("inbox.open")), href=row.link, target="_blank", rel="noopener noreferrer", cls="btn sm pri"
        ),
    )
    others = rx.foreach(row.actions, lambda x: plain_link(x.text, href=x.value, target="_blank", rel="noopener noreferrer", cls="btn sm"))
    unread = button(t("inbox.mark.unread"), "mail", kind="sm", on_click=Inbox.do("unread", row.id))
    return div(leads, others, _away(row), rx.cond(row.unread, rx.fragment(), unread), later, cls="row wrap unfolded")


def _quick(row: InboxRow) -> rx.Component:
    read = rx.cond(
        row.unread,
        button("", "mail-open", kind="ghost sm", name=t("inbox.mark.read"), on_click=Inbox.do("read", row.id), data_key="u"),
        button("", "mail", kind="ghost sm", name=t("inbox.mark.unread"), on_click=Inbox.do("unread", row.id), data_key="u"),
    )
    return div(read, _away(row, quick=True), cls="row quick")


def _tile(row: InboxRow) -> rx.Component:
    face = rx.match(row.kind, *[(kind, icon(ico, 15)) for kind, ico in ICONS.items()], icon("bell", 15))
    return span(face, cls="ico only-d " + row.hue)


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
        span(row.category, cls="cap faint turnsafe"),
        rx.cond(row.snoozed != "", tag(row.snoozed, "held", "alarm-clock")),
        rx.cond(row.silent, tag(t("inbox.silent"), "", "bell-off")),
        rx.cond(row.why != "", button_el(t("inbox.why"), type="button", cls="lnk cap", on_click=Inbox.why(row.id))),
        cls="row wrap facts",
    )
    one = li(
        box,
        span(cls=rx.cond(row.unread, "dot accent", "dot gone")),
        _tile(row),
        div(
            head,
            rx.cond(row.text != "", p(row.text, cls=rx.cond(is_open, "muted whole", "muted clip2"))),
            below,
            _why(row),
            rx.cond(is_open, _acts(row)),
            cls="grow col g1",
        ),
        div(_quick(row), span(row.time, title=row.exact, cls="cap faint num nowrap"), cls="row aside"),
        cls=rx.cond(row.unread, "msg unread", "msg"),
    )
    return rx.fragment(rx.cond(row.day != "", li(h2(row.day, cls="cap strong"), cls="dayhead")), one, key=row.id)


def _bulk() -> rx.Component:
    bar = div(
        span(Inbox.chosen_text, cls="num"),
        button(t("inbox.mark.read"), "check", kind="sm", on_click=Inbox.do("read", "")),
        rx.cond(
            Inbox.view == "archived",
            button(t("inbox.unarchive"), "inbox", kind="sm", on_click=Inbox.do("unarchive", "")),
            button(t("inbox.archive"), "archive", kind="sm", on_click=Inbox.do("archive", "")),
        ),
        rx.cond(
            Inbox.view == "snoozed",
            button(t("inbox.wake"), "alarm-clock-off", kind="sm", on_click=Inbox.do("wake", "")),
            button(t("inbox.snooze.ask"), "alarm-clock", kind="sm", data_open="snoozer", on_click=Inbox.ask_snooze("")),
        ),
        button("", "x", kind="sm", name=t("inbox.select.none"), on_click=Inbox.choose_all(False)),
        cls="bulk ownbulk",
        role="group",
        aria_label=t("list.bulk"),
    )
    return rx.cond(Inbox.chosen.length() > 0, bar)


def _snoozer() -> rx.Component:
    usual = rx.foreach(
        Inbox.snoozes, lambda x: button(x.text, "alarm-clock", kind="block", data_close="1", on_click=Inbox.snooze(x.value, ""))
    )
    own = div(
        label(t("inbox.snooze.day"), html_for="snooze-day"),
        input_el(type="datetime-local", id="snooze-day", cls="input num", value=Inbox.snooze_day, on_change=Inbox.set_snooze_day),
        rx.cond(Inbox.snooze_problem != "", div(icon("circle-alert", 14), span(Inbox.snooze_problem), cls="err", role="alert")),
        cls=rx.cond(Inbox.snooze_problem != "", "field bad", "field"),
    )
    go = button(t("inbox.snooze"), kind="pri", disabled=Inbox.snooze_day == "", data_close="1", on_click=Inbox.snooze(Inbox.snooze_day, ""))
    return modal(
        "snoozer", t("inbox.snooze.title"), t("inbox.snooze.text"), div(div(usual, cls="col g2"), own, cls="col g4 snoozes"), confirm=go
    )


def _empty() -> rx.Component:
    def one(view: str) -> rx.Component:
        return empty(EMPTY[view], t(f"inbox.empty.{view}"), t(f"inbox.empty.{view}.text"))

    nothing = empty("search-x", t("inbox.empty.search"), t("inbox.empty.search.text", search=Inbox.search))
    views = rx.match(Inbox.view, *[(view, one(view)) for view in VIEWS if view != "all"], one("all"))
    return rx.cond(Inbox.search != "", nothing, views)


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
    full = div(ul(rx.foreach(Inbox.rows, _item), cls="msgs", data_keys="1"), under, cls="card flush")
    body = page_body(Inbox.trouble, Inbox.again, _waiting(), rx.cond(Inbox.rows.length() > 0, full, div(_empty(), cls="card")))
    live = [span(span(cls="dot live delivered"), t("inbox.live"), cls=f"row cap faint {where}") for where in ("only-d", "only-m")]
    whole = label(
        input_el(type="checkbox", cls="check", checked=Inbox.all_chosen, on_change=Inbox.choose_all), span(t("inbox.select.all")), cls="row cap muted"
    )
    find = search("find", t("inbox.find"), "230px", default_value=Inbox.search, key=Inbox.view, on_change=Inbox.look_for.debounce(300))
    news = button(t("inbox.news"), "arrow-up", kind="sm block", on_click=Inbox.turn(True), cls="news")
    return recipient(
        head,
        div(views, span(cls="grow"), live[0], cls="row wrap inboxviews"),
        div(rx.cond(Inbox.rows.length() > 0, whole), span(cls="grow"), live[1], span(t("inbox.keys"), cls="cap faint only-d"), find, cls="row wrap inboxtools"),
        rx.cond(Inbox.news, news),
        _bulk(),
        body,
        _snoozer(),
    )
