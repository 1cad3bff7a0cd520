"""Everything that was meant for the caller, sent or not, with the reason on each channel."""

import reflex as rx

from backend.domain.delivery import CHANNELS
from portal.components.controls import button, select
from portal.components.elements import a, div, h1, h2, li, p, span, ul
from portal.components.places import page_body
from portal.components.status import channel_icon, channel_word, pill_var
from portal.components.surfaces import empty
from portal.components.text import t
from portal.frame import on_page
from portal.shell import recipient
from portal.states.history import FATES, PATH, History, Past, Way


def _way(way: Way) -> rx.Component:
    return li(
        span(channel_icon(way.channel, 14), channel_word(way.channel), cls="row cap muted way"),
        pill_var(way.look),
        span(way.text, cls="muted grow turnsafe"),
    )


def _past(row: Past) -> rx.Component:
    one = li(
        div(span(row.title, cls="strong turnsafe grow"), span(row.time, title=row.exact, cls="cap faint num nowrap"), cls="row top"),
        p(row.category, cls="cap faint turnsafe"),
        ul(rx.foreach(row.ways, _way), cls="ways"),
        cls="past",
    )
    return rx.fragment(rx.cond(row.day != "", li(h2(row.day, cls="cap strong"), cls="dayhead")), one, key=row.id)


def _tools() -> rx.Component:
    fates = div(
        *[
            a(
                t(f"hist.fate.{fate or 'all'}"),
                href=f"{PATH}?fate={fate}" if fate else PATH,
                aria_current=rx.cond(History.fate == fate, "page", "false"),
            )
            for fate in ("", *FATES)
        ],
        cls="seg views",
        role="group",
        aria_label=t("hist.fate"),
    )
    channels = [("", t("hist.channel.all")), *[(name, t(f"channel.{name}")) for name in CHANNELS]]
    by_channel = select("h-channel", channels, name=t("col.channel"), cls="sm", value=History.channel, on_change=lambda v: History.pick("channel", v))
    by_category = rx.el.select(
        rx.el.option(t("hist.category.all"), value=""),
        rx.foreach(History.categories, lambda c: rx.el.option(c.text, value=c.value)),
        id="h-category", class_name="select sm", value=History.category, on_change=lambda v: History.pick("category", v),
        custom_attrs={"aria-label": t("col.category")},
    )  # fmt: skip
    return div(fates, span(cls="grow"), div(by_channel, cls="narrow2"), div(by_category, cls="narrow2"), cls="row wrap inboxviews")


@rx.page(PATH, title=t("own.history") + " · Carillon", on_load=on_page(History.load))
def history() -> rx.Component:
    head = div(div(h1(t("hist.title")), p(t("hist.sub"), cls="sub"), cls="grow"), cls="head ownhead")
    bars = [div(cls="skel", style={"width": width, "margin": "6px 0"}) for width in ("40%", "70%", "52%")]
    waiting = div(*[div(*bars, cls="past") for _ in range(4)], cls="card flush late", aria_hidden="true")
    under = div(
        span(t("inbox.kept"), cls="grow"),
        rx.cond(History.first, rx.fragment(), button(t("hist.newer"), "arrow-up", kind="sm", on_click=History.turn(True))),
        rx.cond(History.more, button(t("inbox.older"), "arrow-down", kind="sm", on_click=History.turn(False))),
        cls="ft",
    )
    full = div(ul(rx.foreach(History.rows, _past), cls="msgs pasts"), under, cls="card flush")
    nothing = rx.cond(
        History.filtered,
        empty(
            "search-x",
            t("hist.none"),
            t("hist.none.text"),
            button(t("clear"), href=PATH),
            rx.cond(History.more, button(t("inbox.older"), "arrow-down", on_click=History.turn(False))),
        ),
        empty("history", t("hist.empty"), t("hist.empty.text")),
    )
    body = page_body(History.trouble, History.again, waiting, rx.cond(History.rows.length() > 0, full, div(nothing, cls="card")))
    return recipient(head, _tools(), body)
