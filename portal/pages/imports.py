"""Imports: files of people that were sent, and the place to send one."""

import reflex as rx

from portal.components.controls import button
from portal.components.elements import a, div, icon, input_el, label, span, td, tr
from portal.components.listing import list_card
from portal.components.status import hue_icon
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.imports import PATH, ImportLine, Imports


def _row(row: ImportLine) -> rx.Component:
    return tr(
        td(a(row.name, href=f"{PATH}/" + row.id, cls="strong rowlink clip")),
        td(hue_icon(row.look), span(row.state), custom_attrs={"data-l": t("imp.col.state")}),
        td(span(row.total, cls="num"), cls="r", custom_attrs={"data-l": t("imp.col.rows")}),
        td(span(row.refused, cls="num"), cls="r", custom_attrs={"data-l": t("imp.col.refused")}),
        td(span(row.time, title=row.exact), cls="r"),
    )


def _send() -> rx.Component:
    box = input_el(
        id="import-file", type="file", accept=".csv,.txt,.tsv,text/csv", cls="sr", data_upload="/v1/imports", data_said="import-said", data_told="import-told", data_then="import-done",
        data_failed=t("imp.send.failed"), aria_describedby="import-hint import-said",
    )  # fmt: skip
    row = div(
        box, label(icon("upload", 15), span(t("imp.send")), html_for="import-file", cls="btn pri filebtn"), span(t("imp.send.hint"), cls="cap faint grow", id="import-hint"),
        button(t("imp.open"), "arrow-right", kind="ghost sm", id="import-done", on_click=Imports.sent), cls="row wrap uploads",
    )  # fmt: skip
    told = input_el(id="import-told", type="text", cls="sr", tab_index=-1, aria_hidden="true", on_change=Imports.refused)
    return card(None, div(row, told, div(id="import-said", cls="err", role="alert"), rx.cond(Imports.wrong != "", div(icon("circle-alert", 14), span(Imports.wrong), cls="err row")), cls="uploading", aria_live="assertive"))


@rx.page(PATH, title=t("imp.page") + " · Carillon", on_load=on_page(Imports.load))
def imports() -> rx.Component:
    heads = [(t("imp.col.file"), ""), (t("imp.col.state"), ""), (t("imp.col.rows"), "r"), (t("imp.col.refused"), "r"), (t("imp.col.sent"), "r")]
    rows = list_card(Imports, heads=heads, row=_row, name=t("imp.name"), widths=("160px", "80px", "60px", "60px", "60px"), nothing=empty("upload", t("imp.empty"), t("imp.empty.text")))
    return shell(PATH, [(t("group.reach"), ""), (t("nav.imports"), "")], page_head(t("imp.page"), t("imp.sub")), div(_send(), rows, cls="col g4"))
