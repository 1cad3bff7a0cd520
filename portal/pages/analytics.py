"""Analytics: the answer first, then what proves it; a link reproduces what is seen."""

from typing import Any

import reflex as rx

from backend.app.analytics_views import BYS
from backend.domain.delivery import CHANNELS, PRIORITIES
from portal.analysis import PartRow
from portal.components.charts import chart_card, funnel, stat, stats
from portal.components.controls import button, segmented
from portal.components.elements import (
    button_el,
    caption,
    dd,
    div,
    dl,
    dt,
    i,
    icon,
    li,
    p,
    select_el,
    span,
    table_el,
    tbody,
    td,
    th,
    thead,
    tr,
    ul,
)
from portal.components.listing import choice, list_actions, list_tools
from portal.components.overlays import sheet
from portal.components.places import page_body, waiting_cards
from portal.components.ranged import csv_link, heat_map, looked_at, range_dialog, range_tools, rate_cell
from portal.components.status import channel_icon
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.rows import StepRow
from portal.shell import page_head, shell
from portal.states.analytics import NONE, PATH, Analytics

COLUMNS = ("planned", "sent", "delivered", "opened", "clicked", "failed", "half", "nearly_all")
DEFINED = (
    "planned", "sent", "delivered", "opened", "clicked", "failed", "held", "skipped", "unknown", "pending", "time", "provider", "born", "compared", "few", "fresh",
)  # fmt: skip


def _tools() -> rx.Component:
    kinds = [("", t("analytics.against.before")), (NONE, t("analytics.against.none")), ("day", t("analytics.against.day"))]
    against = select_el(
        *[rx.el.option(words, value=kind, disabled=kind == "day") for kind, words in kinds], id="f-against", cls="select sm", value=Analytics.against_kind,
        aria_label=t("analytics.against"), on_change=Analytics.compare,
    )  # fmt: skip
    return list_tools(
        Analytics,
        *range_tools(Analytics),
        div(against, cls="narrow1"),
        choice(Analytics, "category", t("col.category"), Analytics.categories, every=t("analytics.every.category")),
        choice(Analytics, "channel", t("col.channel"), [(c, t(f"channel.{c}")) for c in CHANNELS], every=t("analytics.every.channel")),
        choice(Analytics, "template", t("analytics.by.template"), Analytics.templates, every=t("analytics.every.template")),
        choice(Analytics, "provider", t("analytics.by.provider"), Analytics.providers, every=t("analytics.every.provider")),
        choice(Analytics, "priority", t("analytics.by.priority"), [(one, t(f"priority.{one}")) for one in PRIORITIES], every=t("analytics.every.priority")),
    )


def _answer() -> rx.Component:
    return div(
        span(icon("chart-line", 20), cls="ico engaged"),
        div(
            p(Analytics.answer, cls="say"),
            rx.cond(Analytics.proof != "", p(Analytics.proof, cls="muted")),
            rx.cond(Analytics.one != "", p(icon("funnel", 14), span(Analytics.one), cls="row cap fewnote")),
            rx.cond(Analytics.few != "", p(icon("circle-alert", 14), span(Analytics.few), cls="row cap fewnote")),
            looked_at(Analytics, rx.cond(Analytics.compared != "", span(Analytics.compared))),
            cls="grow",
        ),
        cls="card verdict",
    )


def _tiles() -> rx.Component:
    hues = ("sent", "delivered", "accent", "failed")
    return stats(
        *[
            stat(one.name, one.value, one.unit, one.change, one.mood, one.note, one.spark, exact=one.exact, hue=hue)
            for one, hue in ((Analytics.tiles[n], hue) for n, hue in enumerate(hues))
        ]
    )


def _funnel() -> rx.Component:
    def rest(row: StepRow) -> rx.Component:
        return li(i(cls="dot " + row.hue), span(row.word), span(row.count, cls="num strong"))

    foot = div(
        ul(rx.foreach(Analytics.beside, rest), cls="legend"),
        p(Analytics.written, cls="cap faint num", title=t("analytics.sum")),
        cls="grow",
    )
    return card(t("analytics.funnel"), funnel(Analytics.steps), sub=t("analytics.funnel.sub"), foot=foot, cls="c5")


def _charts() -> rx.Component:
    file = csv_link(Analytics.time_file, t("analytics.csv.time"))
    return div(
        _funnel(),
        chart_card(t("analytics.volume"), t("analytics.volume.sub"), Analytics.volume, file, height=330, cls="c7"),
        chart_card(t("analytics.failures"), t("analytics.failures.sub"), Analytics.failures, file, height=220, none=t("analytics.failures.none"), cls="c6"),
        chart_card(t("analytics.times"), t("analytics.times.sub"), Analytics.times, file, height=220, none=t("analytics.untimed"), cls="c6"),
        cls="grid stretch",
    )


def _row(row: PartRow, *, lane: bool) -> rx.Component:
    name = span(channel_icon(row.channel, 14), span(row.name), cls="row") if lane else span(row.name, cls="clip strong", title=row.name)
    return tr(
        td(name),
        td(
            span(row.planned, cls="num"),
            rx.cond(row.change != "", span(row.change, cls="cap faint num change")),
            cls="r",
            data_l=t("analytics.col.planned"),
        ),
        td(row.sent, cls="r num", data_l=t("analytics.col.sent")),
        rate_cell(row.delivered, row.delivered_tip, t("analytics.col.delivered")),
        rate_cell(row.opened, row.opened_tip, t("analytics.col.opened")),
        rate_cell(row.clicked, row.clicked_tip, t("analytics.col.clicked")),
        rate_cell(row.failed, row.failed_tip, t("analytics.col.failed")),
        td(row.half, cls="r num", data_l=t("analytics.col.half")),
        td(row.nearly_all, cls="r num", data_l=t("analytics.col.nearly_all")),
    )


def _sortable(name: str) -> rx.Component:
    sorted_by = Analytics.sort == name
    inner = button_el(t(f"analytics.col.{name}"), rx.cond(sorted_by, icon("chevron-down", 13)), type="button", on_click=Analytics.pick("sort", name))
    return th(inner, scope="col", cls="r", aria_sort=rx.cond(sorted_by, "descending", "none"))


def _grid_table(first: Any, heads: list[rx.Component], rows: Any, name: Any, *, lane: bool) -> rx.Component:
    inner = table_el(
        caption(name, cls="sr"), thead(tr(th(first, scope="col"), *heads)), tbody(rx.foreach(rows, lambda row: _row(row, lane=lane))), cls="table stack"
    )
    return div(inner, cls="tw", tab_index=0, role="region", aria_label=name)


def _channels() -> rx.Component:
    heads = [th(t(f"analytics.col.{name}"), scope="col", cls="r") for name in COLUMNS]
    table = _grid_table(t("col.channel"), heads, Analytics.lanes, t("analytics.channels"), lane=True)
    return card(t("analytics.channels"), table, sub=t("analytics.channels.sub"), flush=True)


def _parts() -> rx.Component:
    ways = segmented([(by, t(f"analytics.by.{by}")) for by in BYS if by != "channel"], Analytics.by, lambda by: Analytics.pick("by", by), t("analytics.by"))
    first = rx.match(Analytics.by, *[(by, t(f"analytics.by.{by}")) for by in BYS if by != "category"], t("analytics.by.category"))
    table = _grid_table(first, [_sortable(name) for name in COLUMNS], Analytics.parts, t("analytics.parts"), lane=False)
    nothing = p(t("analytics.parts.none"), cls="muted quiet")
    body = rx.cond(Analytics.parts.length() > 0, table, nothing)
    return card(t("analytics.parts"), body, sub=t("analytics.parts.sub"), actions=[ways, csv_link(Analytics.download, t("list.csv"))], flush=True, cls="parts")


def _heat() -> rx.Component:
    return card(t("analytics.heat"), heat_map(Analytics.heat, t("analytics.heat")), sub=t("analytics.heat.sub"))


def _definitions() -> rx.Component:
    return sheet("definitions", t("analytics.defined"), dl(*[part for word in DEFINED for part in (dt(t(f"analytics.def.{word}")), dd(t(f"analytics.def.{word}.text")))], cls="defs"))


def _body() -> rx.Component:
    nothing = rx.cond(
        Analytics.anything,
        card(None, empty("calendar-x", t("analytics.none"), t("analytics.none.text"), button(t("analytics.none.act"), href=f"{PATH}?range=30"))),
        card(None, empty(
            "chart-line", t("analytics.empty"), t("analytics.empty.text"),
            rx.cond(Frame.may.contains("events.send"), button(t("nav.send"), "send", kind="pri", href="/send")),
        )),
    )  # fmt: skip
    full = div(_answer(), _tiles(), _charts(), _channels(), _parts(), _heat(), cls="col g4")
    return rx.cond(Analytics.some, full, nothing)


@rx.page(PATH, title=t("analytics.title") + " · Carillon", on_load=on_page(Analytics.load))
def analytics() -> rx.Component:
    head = page_head(
        t("analytics.title"), t("analytics.sub"), *list_actions(Analytics, csv=False),
        button(t("analytics.defined"), "book-open", data_open="definitions"), button(t("copy.link"), "link", data_copy="#link"),
    )  # fmt: skip
    warn = rx.cond(Analytics.unread != "", note("held", "calendar-x", t("analytics.unread.title"), Analytics.unread))
    return shell(
        PATH,
        [(t("group.measure"), ""), (t("nav.analytics"), "")],
        head,
        span(Analytics.link, id="link", hidden=True),
        card(None, _tools(), flush=True, cls="toolcard"),
        warn,
        page_body(Analytics.trouble, Analytics.again, waiting_cards(), _body()),
        range_dialog(Analytics, against=True),
        _definitions(),
    )
