"""Engine: what is stuck, why and what to do, in one sentence; below it lanes, stages and what waits, live."""

import reflex as rx

from portal.components.controls import button
from portal.components.elements import a, div, icon, li, p, span, tbody, td, th, tr, ul
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card
from portal.components.table import table
from portal.components.text import t
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.engine import PATH, STAGES, CellRow, CountRow, Engine, FoundRow, LaneRow, StageRow

ICONS = ("check", "circle-pause")


def _icon(name: rx.Var, size: int = 18) -> rx.Component:
    return rx.match(name, *[(one, icon(one, size)) for one in ICONS], icon("triangle-alert", size))


def _act(row: rx.Var, cls: str) -> rx.Component:
    return rx.cond(row.href != "", a(span(row.act), href=row.href, cls=cls))


def _lead() -> rx.Component:
    row = Engine.lead
    said = div(p(row.text, cls="lead"), p(Engine.looked, cls="cap faint", aria_live="off"), cls="grow")
    return div(span(_icon(row.icon), cls="ico " + row.hue), said, _act(row, "btn"), cls="card verdict enginelead " + row.hue, role="status")


def _also(row: FoundRow) -> rx.Component:
    return li(span(_icon(row.icon, 15), cls="ico " + row.hue), div(p(row.text), cls="grow"), _act(row, "link cap nowrap"), key=row.key, cls="top")


def _found() -> rx.Component:
    return rx.cond(Engine.found.length() > 0, card(t("engine.also"), ul(rx.foreach(Engine.found, _also), cls="list"), flush=True))


def _cell(cell: CellRow) -> rx.Component:
    late = span(icon("triangle-alert", 13), span(t("engine.late"), cls="sr"), cls="bad")
    waiting = span(rx.cond(cell.late, late), span(cell.waiting, cls=rx.cond(cell.idle, "num faint", "num strong")), cls="row enginewait")
    return td(div(waiting, rx.cond(cell.text != "", span(cell.text, cls="cap muted num")), cls="col enginecell"), cls="r", custom_attrs={"data-l": cell.label}, key=cell.key)


def _lane(row: LaneRow) -> rx.Component:
    took = div(span(row.took, cls="num strong"), rx.cond(row.took_text != "", span(row.took_text, cls="cap muted num")), cls="col enginecell")
    return tr(
        th(div(span(row.word, cls="strong"), span(row.aim, cls="cap faint"), cls="col"), scope="row"),
        rx.foreach(row.cells, _cell),
        td(took, cls="r", custom_attrs={"data-l": t("engine.took")}),
        key=row.priority,
    )


def _lanes() -> rx.Component:
    heads = [(t("engine.priority"), ""), *[(t(f"engine.lane.{stage}"), "r") for stage in STAGES], (t("engine.took"), "r")]
    return card(t("engine.lanes"), table(heads, tbody(rx.foreach(Engine.lanes, _lane)), name=t("engine.lanes")), sub=t("engine.lanes.sub"), flush=True, cls="enginelanes")


def _stage(row: StageRow) -> rx.Component:
    return tr(
        td(div(span(cls="dot " + row.hue), div(span(row.word, cls="strong"), span(row.name, cls="cap faint mono"), cls="col"), cls="row")),
        td(row.processes, cls="r num", custom_attrs={"data-l": t("engine.processes")}),
        td(span(row.last, title=row.exact), cls="r num", custom_attrs={"data-l": t("engine.last")}),
        key=row.name,
    )


def _stages() -> rx.Component:
    heads = [(t("engine.stage"), ""), (t("engine.processes"), "r"), (t("engine.last"), "r")]
    rows = table(heads, tbody(rx.foreach(Engine.stages, _stage)), name=t("engine.stages"), tight=True)
    body = rx.cond(Engine.stages.length() > 0, rows, p(t("engine.stages.none"), cls="muted quiet"))
    return card(t("engine.stages"), body, sub=t("engine.stages.sub"), flush=True, cls="c8")


def _count(row: CountRow) -> rx.Component:
    word = rx.cond(row.href != "", a(row.word, href=row.href, cls="strong rowlink"), span(row.word, cls="strong"))
    return li(div(word, p(row.text, cls="cap muted"), cls="grow"), span(row.count, cls="strong num"), key=row.key)


def _counts() -> rx.Component:
    return card(t("engine.counts"), ul(rx.foreach(Engine.counts, _count), cls="list"), sub=t("engine.counts.sub"), flush=True, cls="c4")


def _sight() -> list[rx.Component]:
    """What assets/carillon.js presses when the tab is hidden or seen again."""
    return [rx.el.button(hidden=True, id="tab-hidden", on_click=Engine.rest), rx.el.button(hidden=True, id="tab-seen", on_click=[Engine.again, Engine.follow])]


@rx.page(PATH, title=t("engine.title") + " · Carillon", on_load=on_page(Engine.load, Engine.follow))
def engine() -> rx.Component:
    missing = rx.cond(Engine.away != "", p(Engine.away, cls="cap muted"))
    body = div(_lead(), missing, _found(), _lanes(), div(_stages(), _counts(), cls="grid"), cls="col g4 engine")
    head = page_head(t("engine.title"), t("engine.sub"), button(t("engine.refresh"), "refresh-cw", on_click=Engine.again))
    return shell(PATH, [(t("group.operate"), ""), (t("nav.engine"), "")], head, page_body(Engine.trouble, Engine.again, waiting_cards(), body), *_sight())
