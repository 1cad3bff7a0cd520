"""Engagement: what people did with what they were sent, from planned to converted; a link reproduces what is seen."""

from typing import Any

import reflex as rx

from backend.app.engagement_views import ENGAGEMENT_BYS
from backend.domain.delivery import CHANNELS
from portal.components.charts import chart_card, funnel, stat, stats
from portal.components.controls import button, segmented
from portal.components.elements import (
    a,
    button_el,
    caption,
    dd,
    div,
    dl,
    dt,
    i,
    icon,
    input_el,
    li,
    option,
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
from portal.components.listing import bulk, choice, list_actions, list_tools
from portal.components.overlays import sheet
from portal.components.places import page_body, waiting_cards
from portal.components.ranged import csv_link, heat_map, looked_at, range_dialog, range_tools, rate_cell
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.engagement_rows import EngagedRow
from portal.engagement_words import HEATS, SORTS
from portal.frame import Frame, on_page
from portal.rows import StepRow
from portal.shell import page_head, shell
from portal.states.engagement import COMPARE, PATH, Engagement

COLUMNS = ("planned", "sent", "delivered", "opened", "machine", "clicked", "unsubscribed", "converted")
DEFINED = ("planned", "opened", "machine", "clicked", "converted", "people", "unsubscribed", "answers", "born", "audience", "provider", "few", "fresh")


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


def _answer() -> rx.Component:
    return div(
        span(icon("mouse-pointer-click", 20), cls="ico engaged"),
        div(
            p(Engagement.answer, cls="say"),
            rx.cond(Engagement.proof != "", p(Engagement.proof, cls="muted")),
            rx.cond(Engagement.one != "", p(icon("funnel", 14), span(Engagement.one), cls="row cap fewnote")),
            rx.cond(Engagement.few != "", p(icon("circle-alert", 14), span(Engagement.few), cls="row cap fewnote")),
            looked_at(Engagement),
            cls="grow",
        ),
        cls="card verdict",
    )


def _tiles() -> rx.Component:
    hues = ("engaged", "engaged", "delivered", "skipped")
    return stats(
        *[
            stat(one.name, one.value, one.unit, one.change, one.mood, one.note, one.spark, exact=one.exact, hue=hue)
            for one, hue in ((Engagement.tiles[n], hue) for n, hue in enumerate(hues))
        ]
    )


def _people() -> rx.Component:
    def rest(row: StepRow) -> rx.Component:
        return li(i(cls="dot " + row.hue), span(row.word), span(row.count, cls="num strong"))

    foot = div(
        ul(rx.foreach(Engagement.beside, rest), cls="legend"), rx.cond(Engagement.holdout != "", p(Engagement.holdout, cls="cap faint num")), cls="grow",
    )  # fmt: skip
    body = rx.cond(Engagement.people_note != "", p(Engagement.people_note, cls="muted"), funnel(Engagement.people))
    return card(t("eng.people"), body, sub=t("eng.people.sub"), foot=foot, cls="c5")


def _charts() -> rx.Component:
    file = csv_link(Engagement.time_file, t("analytics.csv.time"))
    return div(
        card(t("eng.funnel"), funnel(Engagement.steps), sub=t("eng.funnel.sub"), cls="c5"),
        chart_card(t("eng.course"), t("eng.course.sub"), Engagement.course, file, height=430, none=t("eng.course.none"), cls="c7"),
        _people(),
        chart_card(t("eng.answers"), t("eng.answers.sub"), Engagement.answers, file, height=340, none=t("eng.answers.none"), cls="c7"),
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


def _column(name: str) -> rx.Component:
    if name not in SORTS:
        return th(t(f"eng.col.{name}"), scope="col", cls="r")
    sorted_by = Engagement.sort == name
    inner = button_el(t(f"eng.col.{name}"), rx.cond(sorted_by, icon("chevron-down", 13)), type="button", on_click=Engagement.pick("sort", name))
    return th(inner, scope="col", cls="r", aria_sort=rx.cond(sorted_by, "descending", "none"))


def _parts() -> rx.Component:
    ways = segmented([(by, t(f"eng.by.{by}")) for by in ENGAGEMENT_BYS], Engagement.by, lambda by: Engagement.pick("by", by), t("analytics.by"))
    first = rx.match(Engagement.by, *[(by, t(f"eng.by.{by}")) for by in ENGAGEMENT_BYS if by != "campaign"], t("eng.by.campaign"))
    heads = thead(tr(th(first, scope="col"), *[_column(name) for name in COLUMNS]))
    inner = table_el(caption(t("eng.parts"), cls="sr"), heads, tbody(rx.foreach(Engagement.parts, _row)), cls="table stack")
    table = div(inner, cls="tw", tab_index=0, role="region", aria_label=t("eng.parts"))
    body = rx.cond(Engagement.parts.length() > 0, table, p(t("eng.parts.none"), cls="muted quiet"))
    return card(t("eng.parts"), body, sub=t("eng.parts.sub"), actions=[ways, csv_link(Engagement.download, t("list.csv"))], flush=True, cls="cutcard")


def _heat() -> rx.Component:
    ways = segmented([(one, t(f"eng.heat.{one}")) for one in HEATS], Engagement.heat_of, lambda one: Engagement.pick("heat", one), t("eng.heat.of"))
    return card(t("eng.heat"), heat_map(Engagement.heat, t("eng.heat")), sub=Engagement.heat_sub, actions=[rx.cond(Engagement.one == "", ways)], cls="cutcard")


def _definitions() -> rx.Component:
    return sheet("definitions", t("analytics.defined"), dl(*[part for word in DEFINED for part in (dt(t(f"eng.def.{word}")), dd(t(f"eng.def.{word}.text")))], cls="defs"))


def _body() -> rx.Component:
    nothing = rx.cond(
        Engagement.anything,
        card(None, empty("calendar-x", t("analytics.none"), t("analytics.none.text"), button(t("analytics.none.act"), href=f"{PATH}?range=30"))),
        card(None, empty(
            "mouse-pointer-click", t("eng.empty"), t("eng.empty.text"), rx.cond(Frame.may.contains("content.write"), button(t("camp.add"), "plus", kind="pri", href="/campaigns/new")),
        )),
    )  # fmt: skip
    side = bulk(Engagement, button(t("eng.compare.act"), "scale", kind="sm", on_click=Engagement.compare))
    full = div(_answer(), _tiles(), _charts(), _parts(), side, _heat(), cls="col g4")
    return rx.cond(Engagement.some, full, nothing)


@rx.page(PATH, title=t("eng.title") + " · Carillon", on_load=on_page(Engagement.load))
def engagement() -> rx.Component:
    head = page_head(
        t("eng.title"), t("eng.sub"), *list_actions(Engagement, csv=False), button(t("analytics.defined"), "book-open", data_open="definitions"),
        button(t("copy.link"), "link", data_copy="#link"), button(t("eng.compare.title"), "scale", href=COMPARE),
    )  # fmt: skip
    warn = rx.cond(Engagement.unread != "", note("held", "calendar-x", t("analytics.unread.title"), Engagement.unread))
    return shell(
        PATH,
        [(t("group.measure"), ""), (t("nav.engagement"), "")],
        head,
        span(Engagement.link, id="link", hidden=True),
        card(None, _tools(), flush=True, cls="toolcard"),
        warn,
        page_body(Engagement.trouble, Engagement.again, waiting_cards(), _body()),
        range_dialog(Engagement, against=False),
        _definitions(),
    )
