"""Campaigns side by side: every measure with what it is of, their messages beneath, and what may not be concluded from it."""

from typing import Any

import reflex as rx

from portal.components.controls import button
from portal.components.elements import a, caption, div, i, icon, li, option, p, select_el, span, table_el, tbody, td, th, thead, tr, ul
from portal.components.places import page_body, waiting_cards
from portal.components.ranged import rate_cell
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.engagement_rows import ComparedCell, ComparedHead, ComparedRow, EngagedRow
from portal.frame import on_page
from portal.pages.engagement import COLUMNS, named, number_cell
from portal.shell import page_head, shell
from portal.states.engagement import COMPARE, PATH
from portal.states.engagement_compare import EngagementCompare as Compare


def _answer() -> rx.Component:
    return div(
        span(icon("scale", 20), cls="ico engaged"), div(p(Compare.answer, cls="say"), p(t("eng.compare.caution"), cls="muted"), cls="grow"), cls="card verdict",
    )  # fmt: skip


def _add() -> rx.Component:
    picks = select_el(
        option(t("eng.compare.add"), value=""), rx.foreach(Compare.offered, lambda one: option(one.text, value=one.value)), id="f-add", cls="select sm",
        aria_label=t("eng.compare.add"), value="", on_change=Compare.add,
    )  # fmt: skip
    return rx.cond(Compare.offered.length() > 0, div(picks, cls="narrow1 addone"), rx.cond(Compare.full, span(t("eng.compare.full"), cls="cap faint")))


def _picked(one: ComparedHead) -> rx.Component:
    off = a(icon("x", 14), href=one.without, cls="btn ghost sm icon", aria_label=t("eng.compare.without", name=one.name), title=t("eng.compare.without", name=one.name))
    return li(a(one.name, href=one.href, cls="clip"), off, cls="tag skipped")


def _cell(cell: ComparedCell) -> rx.Component:
    bar = rx.cond(cell.width != "", div(i(cls="engaged", style={"width": cell.width}), cls="track", aria_hidden="true"))
    return td(span(cell.value, cls="num strong"), rx.cond(cell.of != "", p(cell.of, cls="cap faint num")), bar, cls="r", title=cell.tip, custom_attrs={"data-l": cell.head})


def _row(row: ComparedRow) -> rx.Component:
    return tr(th(row.name, scope="row"), rx.foreach(row.cells, _cell))


def _table() -> rx.Component:
    head = thead(tr(th(t("eng.compare.measure"), scope="col"), rx.foreach(Compare.heads, lambda one: th(one.name, scope="col", cls="r"))))
    inner = table_el(caption(t("eng.compare.table"), cls="sr"), head, tbody(rx.foreach(Compare.rows, _row)), cls="table stack beside")
    body = div(inner, cls="tw", tab_index=0, role="region", aria_label=t("eng.compare.table"))
    return card(t("eng.compare.table"), ul(rx.foreach(Compare.heads, _picked), cls="row wrap picked", aria_label=t("eng.compare.picked")), body, sub=t("eng.compare.sub"), actions=[_add()], flush=True, cls="cutcard")


def _variant(row: EngagedRow) -> rx.Component:
    rates: list[tuple[Any, Any, str]] = [(row.delivered, row.delivered_tip, "delivered"), (row.opened, row.opened_tip, "opened")]
    more: list[tuple[Any, Any, str]] = [(row.clicked, row.clicked_tip, "clicked"), (row.unsubscribed, row.unsubscribed_tip, "unsubscribed"), (row.converted, row.converted_tip, "converted")]
    return tr(
        td(named(row.name, row.facts)), number_cell(row.planned, "planned"), number_cell(row.sent, "sent"), *[rate_cell(value, tip, t(f"eng.col.{name}")) for value, tip, name in rates],
        number_cell(row.machine, "machine"), *[rate_cell(value, tip, t(f"eng.col.{name}")) for value, tip, name in more], key=row.key,
    )  # fmt: skip


def _variants() -> rx.Component:
    heads = [th(t("eng.by.variant"), scope="col"), *[th(t(f"eng.col.{name}"), scope="col", cls="r") for name in COLUMNS]]
    inner = table_el(caption(t("eng.compare.variants"), cls="sr"), thead(tr(*heads)), tbody(rx.foreach(Compare.variants, _variant)), cls="table stack")
    body = div(inner, cls="tw", tab_index=0, role="region", aria_label=t("eng.compare.variants"))
    return rx.cond(Compare.variants.length() > 0, card(t("eng.compare.variants"), body, sub=t("eng.compare.variants.sub"), flush=True))


@rx.page(COMPARE, title=t("eng.compare.title") + " · Carillon", on_load=on_page(Compare.load))
def engagement_compare() -> rx.Component:
    choose = card(None, empty("scale", t("eng.compare.choose"), t("eng.compare.choose.text"), _add()), flush=True)
    none = card(None, empty("megaphone", t("eng.compare.none"), t("eng.compare.none.text"), button(t("nav.campaigns"), href="/campaigns")), flush=True)
    full = div(_answer(), _table(), _variants(), cls="col g4")
    body = rx.cond(Compare.heads.length() > 0, full, rx.cond(Compare.any, choose, none))
    lost = rx.cond(Compare.lost != "", note("held", "search-x", t("eng.compare.lost.title"), Compare.lost))
    head = page_head(t("eng.compare.title"), t("eng.compare.page.sub"), button(t("nav.engagement"), "arrow-left", href=PATH))
    crumbs = [(t("nav.engagement"), PATH), (t("eng.compare.title"), "")]
    return shell(PATH, crumbs, head, lost, page_body(Compare.trouble, Compare.again, waiting_cards(), body))
