"""Audiences: rules and lists of people, with how many each names."""

import reflex as rx

from portal.components.controls import button
from portal.components.elements import a, div, input_el, label, span, td, tr
from portal.components.listing import list_card, typed
from portal.components.surfaces import empty
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.states.audiences import PATH, AudienceRow, Audiences


def _row(row: AudienceRow) -> rx.Component:
    return tr(
        td(a(row.name, href=f"{PATH}/" + row.id, cls="strong rowlink clip"), span(row.id, cls="cap faint mono clip"), cls="two"),
        td(rx.cond(row.kind == "list", span(t("aud.kind.list"), cls="tag"), span(t("aud.kind.rule"), cls="tag")), custom_attrs={"data-l": t("aud.col.kind")}),
        td(span(row.people, cls="num", title=row.counted), cls="r", custom_attrs={"data-l": t("aud.col.people")}),
        td(span(row.used), custom_attrs={"data-l": t("aud.col.used")}),
        td(span(row.time, title=row.exact), cls="r"),
    )


def _kind(value: str, words: rx.Component, *, first: bool = False) -> rx.Component:
    box = input_el(type="radio", name="kind", value=value, cls="check", default_checked=first, id=f"kind-{value}")
    return label(box, span(words), cls="row", html_for=f"kind-{value}")


@rx.page(PATH, title=t("aud.page") + " · Carillon", on_load=on_page(Audiences.load))
def audiences() -> rx.Component:
    heads = [(t("aud.col.audience"), ""), (t("aud.col.kind"), ""), (t("aud.col.people"), "r"), (t("aud.col.used"), ""), (t("aud.col.changed"), "r")]
    may_add = Frame.may.contains("content.write")
    nothing = empty("target", t("aud.empty"), t("aud.empty.text"), rx.cond(may_add, button(t("aud.add"), "plus", data_open="add-audience")))
    rows = list_card(
        Audiences, heads=heads, row=_row, name=t("aud.name"), widths=("160px", "48px", "60px", "80px", "60px"), nothing=nothing,
        filters=[typed(Audiences, ("text", t("aud.find")))],
    )  # fmt: skip
    add = rx.cond(may_add, button(t("aud.add"), "plus", kind="pri", data_open="add-audience"))
    dialog = form_dialog(
        "add-audience", t("aud.add.title"), t("aud.add.text"), plain_field("name", t("aud.field.name"), prefix="a", max_length=200, required=True),
        plain_field("key", t("aud.key"), t("aud.key.hint"), prefix="a", max_length=128, required=True),
        div(_kind("rule", t("aud.kind.rule"), first=True), _kind("list", t("aud.kind.list")), cls="row wrap", role="radiogroup", aria_label=t("aud.col.kind")),
        wrong=Audiences.wrong, act=t("aud.add"), on_submit=Audiences.add,
    )  # fmt: skip
    return shell(PATH, [(t("group.reach"), ""), (t("nav.audiences"), "")], page_head(t("aud.page"), t("aud.sub"), add), rows, dialog)
