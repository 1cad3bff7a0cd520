"""One import: what its columns are, what would happen, the start, and what happened."""

from typing import Any

import reflex as rx

from backend.domain.importing import IGNORE, KINDS, TARGETS
from portal.components.controls import button, field, text_input
from portal.components.elements import a, div, i, icon, input_el, label, li, option, p, plain_link, select_el, span, tbody, td, tr, ul
from portal.components.overlays import ask, modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import hue_icon
from portal.components.surfaces import card, empty, kv, note
from portal.components.table import table
from portal.components.text import t
from portal.components.typed_form import wrong_line
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.imports import PATH, ColumnRow, ImportPage, PreviewRow, ReasonRow

page = ImportPage


def _column(row: ColumnRow) -> rx.Component:
    box = select_el(
        *[option(t(f"imp.as.{kind}"), value=kind) for kind in (*TARGETS, *KINDS, IGNORE)], id=row.field, name=row.field, cls="select sm", default_value=row.kind,
        aria_label=t("imp.column", name=row.name), disabled=~page.open,
    )  # fmt: skip
    return tr(td(span(row.name, cls="strong clip")), td(box), td(span(row.cells, cls="cap muted clip")))


def _opt(name: str) -> rx.Component:
    box = input_el(type="checkbox", cls="check", name=name, value="1", default_checked=page.form[name] == "1", id=f"i-{name}")
    return label(box, div(span(t(f"imp.{name}")), span(t(f"imp.{name}.text"), cls="cap faint"), cls="col grow"), cls="opt", html_for=f"i-{name}")


def _choices() -> rx.Component:
    def some(choices: Any) -> rx.Component:
        return rx.foreach(choices, lambda one: option(one.text, value=one.value))

    lists = select_el(option(t("imp.list.none"), value=""), some(page.lists), id="i-list", cls="select", value=page.form["audience"], on_change=page.pick_list)
    consent = select_el(option(t("imp.consent.none"), value=""), some(page.categories), id="i-consent", cls="select", value=page.form["consent"], on_change=page.pick_consent)
    new = div(
        field(t("imp.list.name"), text_input("i-name", name="list_name", default_value=page.form["list_name"], max_length=200)),
        field(t("imp.list.key"), text_input("i-key", name="key", default_value=page.form["key"], max_length=128, cls="mono"), t("imp.list.key.hint")), cls="grid2",
    )  # fmt: skip
    why = div(
        field(t("imp.consent.source"), text_input("i-source", name="source", default_value=page.form["source"], max_length=200)),
        field(t("imp.consent.evidence"), text_input("i-evidence", name="evidence", default_value=page.form["evidence"], max_length=1000), t("imp.consent.hint")), cls="grid2",
    )  # fmt: skip
    return div(
        div(_opt("email_is_id"), _opt("overwrite"), cls="grid2"), rx.cond(page.lists.length() > 0, field(t("imp.list"), lists)), rx.cond(page.new_list, new),
        field(t("imp.consent"), consent), rx.cond(page.asks, why), cls="col g4",
    )  # fmt: skip


def _columns() -> rx.Component:
    rows = table([(t("imp.col.column"), ""), (t("imp.col.is"), ""), (t("imp.col.cells"), "")], tbody(rx.foreach(page.columns, _column)), name=t("imp.columns"), tight=True)
    acts = div(button(t("imp.cancel"), "x", kind="danger", data_open="give-up"), button(t("imp.check"), "list-checks", type="submit"), cls="row wrap between")
    form = rx.el.form(rows, div(_choices(), wrong_line(page.wrong), acts, cls="col g4 pad"), on_submit=page.check, class_name="col", custom_attrs={"noValidate": True})
    return card(t("imp.columns"), div(form, key=page.round.to_string()), sub=t("imp.columns.sub"), flush=True)


def _reason(row: ReasonRow) -> rx.Component:
    return li(span(row.count, cls="num strong"), span(row.text, cls="muted grow"), cls="row top")


def _result() -> rx.Component:
    facts = kv((t("imp.new"), span(page.fresh, cls="num")), (t("imp.changed"), span(page.changed, cls="num")), (t("imp.same"), span(page.same, cls="num")), (t("imp.refused"), span(page.refused, cls="num")))
    file = plain_link(icon("download", 15), span(t("imp.errors")), href="/v1/imports/" + page.id + "/errors?language=" + page.language, cls="btn sm", download=True)
    why = div(p(t("imp.reasons"), cls="strong"), ul(rx.foreach(page.reasons, _reason), cls="col g2"), div(file), cls="col g2")
    listed = rx.cond(page.audience != "", p(t("imp.listed"), " ", a(page.audience, href="/audiences/" + page.audience, cls="link")))
    go = rx.cond(page.can_start, button(t("imp.start", count=page.rows), "play", kind="pri", data_open="begin"))
    body = div(facts, rx.cond(page.opted != "", p(page.opted, cls="muted")), listed, rx.cond(page.reasons.length() > 0, why), go, cls="col g4")
    return card(rx.cond(page.over, t("imp.did"), t("imp.dry")), body, sub=rx.cond(page.over, t("imp.did.sub"), t("imp.dry.sub")))


def _progress() -> rx.Component:
    bar = div(i(cls="sent", style={"width": page.width}), cls="track lg", role="progressbar", aria_label=t("imp.progress"), aria_valuetext=page.said)
    return card(None, div(bar, p(page.said, cls="muted num", aria_live="polite"), cls="col g2"))


def _preview() -> rx.Component:
    def row(one: PreviewRow) -> rx.Component:
        return tr(td(span(one.line.to_string(), cls="num")), td(span(one.error, cls="cap muted")), rx.foreach(one.cells, lambda cell: td(span(cell, cls="clip"))))

    heads = rx.el.tr(rx.el.th(t("imp.line"), scope="col"), rx.el.th(t("imp.reason"), scope="col"), rx.foreach(page.heads, lambda head: rx.el.th(head, scope="col")))
    inner = rx.el.table(rx.el.caption(t("imp.first"), class_name="sr"), rx.el.thead(heads), tbody(rx.foreach(page.preview, row)), class_name="table tight")
    return card(t("imp.first"), div(inner, cls="tw", tab_index=0, role="region", aria_label=t("imp.first")), sub=t("imp.first.sub"), flush=True)


@rx.page(f"{PATH}/[import_id]", title=t("imp.title") + " · Carillon", on_load=on_page(ImportPage.load, ImportPage.follow))
def import_file() -> rx.Component:
    unmapped = rx.cond((page.state == "ready") & ~page.checked, note("held", "table-properties", t("imp.unmapped"), t("imp.unmapped.text")))
    failed = rx.cond(page.state == "failed", note("failed", "circle-alert", t("imp.failed"), page.detail))
    left = div(rx.cond(page.moving, _progress()), rx.cond(page.open, _columns()), rx.cond(page.preview.length() > 0, _preview()), cls="col g4 c8")
    right = div(unmapped, failed, rx.cond(page.checked | page.over, _result()), cls="col g4 c4")
    gone = card(None, empty("upload", t("imp.gone"), page.gone, button(t("imp.all"), href=PATH)), flush=True)
    head = page_head(rx.cond(page.name != "", page.name, t("imp.title")), page.about, rx.cond(page.word != "", span(hue_icon(page.look), page.word, cls="row")))
    begin = ask("begin", t("imp.start.ask", count=page.rows), t("imp.start.text"), t("imp.start", count=page.rows), must=page.digits, danger=False, on_click=page.start)
    give_up = modal("give-up", t("imp.cancel.ask"), t("imp.cancel.text"), confirm=button(t("imp.cancel"), "x", kind="danger solid", on_click=page.cancel, data_close="1"))
    body = page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", gone, div(left, right, cls="grid")))
    return shell(PATH, [(t("group.reach"), ""), (t("nav.imports"), PATH), (t("imp.title"), "")], head, body, begin, give_up)
