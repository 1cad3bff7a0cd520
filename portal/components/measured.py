"""What the pages Analytics and Engagement are alike in: the answer, tiles, what stands beside a funnel, tables, definitions, and the page around them.

`page`: a state made with `states.ranged`, whose report `show_report` put there.
"""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from portal.components.charts import stat, stats
from portal.components.controls import button
from portal.components.elements import button_el, caption, dd, div, dl, dt, i, icon, li, p, span, table_el, tbody, th, thead, tr, ul
from portal.components.listing import list_actions
from portal.components.overlays import sheet
from portal.components.places import page_body, waiting_cards
from portal.components.ranged import looked_at, range_dialog
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.rows import StepRow
from portal.shell import page_head, shell


def answer_card(page: Any, ico: str, *facts: rx.Component) -> rx.Component:
    """The answer in a sentence, what it rests on, what to beware of, and which time it is about."""
    return div(
        span(icon(ico, 20), cls="ico engaged"),
        div(
            p(page.answer, cls="say"),
            rx.cond(page.proof != "", p(page.proof, cls="muted")),
            rx.cond(page.one != "", p(icon("funnel", 14), span(page.one), cls="row cap fewnote")),
            rx.cond(page.few != "", p(icon("circle-alert", 14), span(page.few), cls="row cap fewnote")),
            looked_at(page, *facts),
            cls="grow",
        ),
        cls="card verdict",
    )


def tile_row(page: Any, hues: Sequence[str]) -> rx.Component:
    """As many tiles as `hues`."""
    tiles = [(page.tiles[n], hue) for n, hue in enumerate(hues)]
    return stats(*[stat(one.name, one.value, one.unit, one.change, one.mood, one.note, one.spark, exact=one.exact, hue=hue) for one, hue in tiles])


def beside(rows: Any, *more: rx.Component) -> rx.Component:
    """Under a figure: counts that are no part of it."""

    def rest(row: StepRow) -> rx.Component:
        return li(i(cls="dot " + row.hue), span(row.word), span(row.count, cls="num strong"))

    return div(ul(rx.foreach(rows, rest), cls="legend"), *more, cls="grow")


def sort_head(page: Any, name: str, words: Any, *, sortable: bool = True) -> rx.Component:
    """A column's head that sorts by it."""
    if not sortable:
        return th(words, scope="col", cls="r")
    sorted_by = page.sort == name
    inner = button_el(words, rx.cond(sorted_by, icon("chevron-down", 13)), type="button", on_click=page.pick("sort", name))
    return th(inner, scope="col", cls="r", aria_sort=rx.cond(sorted_by, "descending", "none"))


def measure_table(first: Any, heads: Sequence[rx.Component], body: Any, name: Any) -> rx.Component:
    """`body`: its rows; the first column names them."""
    inner = table_el(caption(name, cls="sr"), thead(tr(th(first, scope="col"), *heads)), tbody(body), cls="table stack")
    return div(inner, cls="tw", tab_index=0, role="region", aria_label=name)


def measured(page: Any, path: str, first: rx.Component, *parts: rx.Component) -> rx.Component:
    """`parts` where something was counted in this time; else how to see more, or, where nothing was counted ever, `first`."""
    other = card(None, empty("calendar-x", t("analytics.none"), t("analytics.none.text"), button(t("analytics.none.act"), href=f"{path}?range=30")))
    return rx.cond(page.some, div(*parts, cls="col g4"), rx.cond(page.anything, other, card(None, first)))


def measure_page(
    page: Any, path: str, words: str, nav: Any, tools: rx.Component, body: rx.Component, defined: Sequence[str], *acts: rx.Component, against: bool
) -> rx.Component:
    """The page around it. `words`: with which the keys of its phrases begin; `defined`: what its sheet explains; `against`: as `range_dialog`."""
    head = page_head(
        t(f"{words}.title"), t(f"{words}.sub"), *list_actions(page, csv=False), button(t("analytics.defined"), "book-open", data_open="definitions"),
        button(t("copy.link"), "link", data_copy="#link"), *acts,
    )  # fmt: skip
    told = [part for word in defined for part in (dt(t(f"{words}.def.{word}")), dd(t(f"{words}.def.{word}.text")))]
    return shell(
        path,
        [(t("group.measure"), ""), (nav, "")],
        head,
        span(page.link, id="link", hidden=True),
        card(None, tools, flush=True, cls="toolcard"),
        rx.cond(page.unread != "", note("held", "calendar-x", t("analytics.unread.title"), page.unread)),
        page_body(page.trouble, page.again, waiting_cards(), body),
        range_dialog(page, against=against),
        sheet("definitions", t("analytics.defined"), dl(*told, cls="defs")),
    )
