"""Engagement: what people did with what they were sent, from planned to converted; a link reproduces what is seen."""

from typing import Any

import reflex as rx

from backend.app.engagement_views import ENGAGEMENT_BYS
from backend.domain.delivery import CHANNELS
from portal.components.charts import chart_card, funnel
from portal.components.controls import button, segmented
from portal.components.elements import a, div, input_el, option, p, select_el, span, td, tr
from portal.components.listing import bulk, choice, list_tools
from portal.components.measured import answer_card, beside, measure_page, measure_table, measured, sort_head, tile_row
from portal.components.ranged import csv_link, heat_map, range_tools, rate_cell
from portal.components.shifts import shift_cards
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.engagement_rows import EngagedRow
from portal.engagement_words import HEATS, SORTS
from portal.frame import Frame, on_page
from portal.states.engagement import COMPARE, PATH, Engagement

COLUMNS = ("planned", "sent", "delivered", "opened", "machine", "clicked", "unsubscribed", "converted")
DEFINED = ("planned", "opened", "machine", "clicked", "converted", "people", "unsubscribed", "answers", "channels", "ways", "born", "audience", "provider", "few", "fresh")


def _tools() -> rx.Component:
    campaign = select_el(
        option(t("eng.every.campaign"), value=""), rx.foreach(Engagement.campaigns, lambda o: option(o.text, value=o.value)), id="f-campaign", cls="select sm",
        aria_label=t("eng.by.campaign"), value=Engagement.query["campaign"], on_change=Engagement.of_campaign,
    )  # fmt: skip
    variant = choice(Engagement, "variant", t("eng.by.variant"), Engagement.variants, every=t("eng.every.variant"))
    return list_tools(
        Engagement,
        *range_tools(Engagement),
        div(campaign, cls="narrow1"),
        rx.cond(Engagement.variants.length() > 0, variant),
        choice(Engagement, "audience", t("eng.by.audience"), Engagement.audiences, every=t("eng.every.audience")),
        choice(Engagement, "category", t("col.category"), Engagement.categories, every=t("analytics.every.category")),
        choice(Engagement, "channel", t("col.channel"), [(c, t(f"channel.{c}")) for c in CHANNELS], every=t("analytics.every.channel")),
        choice(Engagement, "provider", t("analytics.by.provider"), Engagement.providers, every=t("analytics.every.provider")),
    )


def _people() -> rx.Component:
    foot = beside(Engagement.beside, rx.cond(Engagement.holdout != "", p(Engagement.holdout, cls="cap faint num")))
    body = rx.cond(Engagement.people_note != "", p(Engagement.people_note, cls="muted"), funnel(Engagement.people))
    return card(t("eng.people"), body, sub=t("eng.people.sub"), foot=foot, cls="c5")


def _charts() -> rx.Component:
    file = csv_link(Engagement.time_file, t("analytics.csv.time"))
    return div(
        card(t("eng.funnel"), funnel(Engagement.steps), sub=t("eng.funnel.sub"), cls="c5"),
        chart_card(t("eng.course"), t("eng.course.sub"), Engagement.course, file, height=430, none=t("eng.course.none"), cls="c7"),
        _people(),
        chart_card(t("shift.answers"), t("shift.answers.sub"), Engagement.answers, file, height=340, none=t("shift.answers.none"), cls="c7"),
        cls="grid stretch",
    )


def named(name: Any, facts: Any, href: Any = None) -> rx.Component:
    """A part's name, with what stands under it."""
    link = span(name, cls="clip strong", title=name) if href is None else rx.cond(href != "", a(name, href=href, cls="clip strong", title=name), span(name, cls="clip strong", title=name))
    return div(link, rx.cond(facts != "", span(facts, cls="cap faint clip")), cls="col g0")


def number_cell(value: Any, name: str) -> rx.Component:
    return td(value, cls="r num", data_l=t(f"eng.col.{name}"))


def _row(row: EngagedRow) -> rx.Component:
    box = input_el(
        type="checkbox", cls="check", aria_label=t("eng.compare.pick", name=row.name), checked=Engagement.chosen.contains(row.key),
        on_change=lambda on: Engagement.choose(row.key, on),
    )  # fmt: skip
    first = div(rx.cond((Engagement.by == "campaign") & (row.key != "*"), box), named(row.name, row.facts, row.href), cls="row")
    return tr(
        td(first, cls="full"),
        number_cell(row.planned, "planned"),
        number_cell(row.sent, "sent"),
        rate_cell(row.delivered, row.delivered_tip, t("eng.col.delivered")),
        rate_cell(row.opened, row.opened_tip, t("eng.col.opened")),
        number_cell(row.machine, "machine"),
        rate_cell(row.clicked, row.clicked_tip, t("eng.col.clicked")),
        rate_cell(row.unsubscribed, row.unsubscribed_tip, t("eng.col.unsubscribed")),
        rate_cell(row.converted, row.converted_tip, t("eng.col.converted")),
        key=row.key,
    )


def _parts() -> rx.Component:
    ways = segmented([(by, t(f"eng.by.{by}")) for by in ENGAGEMENT_BYS], Engagement.by, lambda by: Engagement.pick("by", by), t("analytics.by"))
    first = rx.match(Engagement.by, *[(by, t(f"eng.by.{by}")) for by in ENGAGEMENT_BYS if by != "campaign"], t("eng.by.campaign"))
    heads = [sort_head(Engagement, name, t(f"eng.col.{name}"), sortable=name in SORTS) for name in COLUMNS]
    table = measure_table(first, heads, rx.foreach(Engagement.parts, _row), t("eng.parts"))
    body = rx.cond(Engagement.parts.length() > 0, table, p(t("eng.parts.none"), cls="muted quiet"))
    return card(t("eng.parts"), body, sub=t("eng.parts.sub"), actions=[ways, csv_link(Engagement.download, t("list.csv"))], flush=True, cls="cutcard")


def _heat() -> rx.Component:
    ways = segmented([(one, t(f"eng.heat.{one}")) for one in HEATS], Engagement.heat_of, lambda one: Engagement.pick("heat", one), t("eng.heat.of"))
    return card(t("eng.heat"), heat_map(Engagement.heat, t("eng.heat"), Engagement.heat_none), sub=Engagement.heat_sub, actions=[rx.cond(Engagement.one == "", ways)], cls="cutcard")


@rx.page(PATH, title=t("eng.title") + " · Carillon", on_load=on_page(Engagement.load))
def engagement() -> rx.Component:
    add = rx.cond(Frame.may.contains("content.write"), button(t("camp.add"), "plus", kind="pri", href="/campaigns/new"))
    side = bulk(Engagement, button(t("eng.compare.act"), "scale", kind="sm", on_click=Engagement.compare))
    body = measured(
        Engagement, PATH, empty("mouse-pointer-click", t("eng.empty"), t("eng.empty.text"), add), answer_card(Engagement, "mouse-pointer-click"),
        tile_row(Engagement, ("engaged", "engaged", "delivered", "skipped")), _charts(), shift_cards(Engagement), _parts(), side, _heat(),
    )  # fmt: skip
    compare = button(t("eng.compare.title"), "scale", href=COMPARE)
    return measure_page(Engagement, PATH, "eng", t("nav.engagement"), _tools(), body, DEFINED, compare, against=False)
