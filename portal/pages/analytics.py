"""Analytics: the answer first, then what proves it; a link reproduces what is seen."""


import reflex as rx

from backend.app.analytics_views import BYS
from backend.domain.delivery import CHANNELS, PRIORITIES
from portal.analysis import PartRow
from portal.components.charts import chart_card, funnel
from portal.components.controls import button, segmented
from portal.components.elements import div, p, select_el, span, td, tr
from portal.components.listing import choice, list_tools
from portal.components.measured import answer_card, beside, measure_page, measure_table, measured, sort_head, tile_row
from portal.components.ranged import csv_link, heat_map, range_tools, rate_cell
from portal.components.status import channel_icon
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.frame import Frame, on_page
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


def _funnel() -> rx.Component:
    foot = beside(Analytics.beside, p(Analytics.written, cls="cap faint num", title=t("analytics.sum")))
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


def _channels() -> rx.Component:
    heads = [sort_head(Analytics, name, t(f"analytics.col.{name}"), sortable=False) for name in COLUMNS]
    table = measure_table(t("col.channel"), heads, rx.foreach(Analytics.lanes, lambda row: _row(row, lane=True)), t("analytics.channels"))
    return card(t("analytics.channels"), table, sub=t("analytics.channels.sub"), flush=True)


def _parts() -> rx.Component:
    ways = segmented([(by, t(f"analytics.by.{by}")) for by in BYS if by != "channel"], Analytics.by, lambda by: Analytics.pick("by", by), t("analytics.by"))
    first = rx.match(Analytics.by, *[(by, t(f"analytics.by.{by}")) for by in BYS if by != "category"], t("analytics.by.category"))
    heads = [sort_head(Analytics, name, t(f"analytics.col.{name}")) for name in COLUMNS]
    table = measure_table(first, heads, rx.foreach(Analytics.parts, lambda row: _row(row, lane=False)), t("analytics.parts"))
    body = rx.cond(Analytics.parts.length() > 0, table, p(t("analytics.parts.none"), cls="muted quiet"))
    return card(t("analytics.parts"), body, sub=t("analytics.parts.sub"), actions=[ways, csv_link(Analytics.download, t("list.csv"))], flush=True, cls="parts")


def _heat() -> rx.Component:
    return card(t("analytics.heat"), heat_map(Analytics.heat, t("analytics.heat")), sub=t("analytics.heat.sub"))


@rx.page(PATH, title=t("analytics.title") + " · Carillon", on_load=on_page(Analytics.load))
def analytics() -> rx.Component:
    first = empty(
        "chart-line", t("analytics.empty"), t("analytics.empty.text"), rx.cond(Frame.may.contains("events.send"), button(t("nav.send"), "send", kind="pri", href="/send")),
    )  # fmt: skip
    answer = answer_card(Analytics, "chart-line", rx.cond(Analytics.compared != "", span(Analytics.compared)))
    body = measured(Analytics, PATH, first, answer, tile_row(Analytics, ("sent", "delivered", "accent", "failed")), _charts(), _channels(), _parts(), _heat())
    return measure_page(Analytics, PATH, "analytics", t("nav.analytics"), _tools(), body, DEFINED, against=True)
