"""What templates share: the brand, layouts and partials, pictures."""

from typing import Any

import reflex as rx

from portal.components.controls import button, field, segmented, text_input
from portal.components.editor import editor
from portal.components.elements import button_el, div, h2, icon, input_el, label, li, p, span, ul
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.states.layouts import Layouts
from portal.studio_rows import ImageRow, PartRow

WRITES = Frame.may.contains("content.write")


def _brand() -> rx.Component:
    def one(name: str, hint: bool = False, **props: Any) -> rx.Component:
        box = text_input(f"brand-{name}", name=name, default_value=Layouts.brand[name], disabled=~WRITES, **props)
        return field(t(f"parts.brand.{name}"), box, t(f"parts.brand.{name}.hint") if hint else None)

    wrong = rx.cond(Layouts.brand_fault != "", p(icon("circle-alert", 14), span(Layouts.brand_fault), cls="err", role="alert"))
    form = rx.el.form(
        div(one("name", max_length=80), one("color", max_length=7, cls="mono", spell_check=False), cls="grid2"),
        one("address", hint=True, max_length=300),
        div(one("logo", hint=True, max_length=500), one("url", max_length=500), cls="grid2"),
        wrong,
        rx.cond(WRITES, div(button(t("parts.brand.save"), type="submit"), cls="row end")),
        on_submit=Layouts.save_brand,
        class_name="col g3",
        key=Layouts.round.to_string(),
    )
    return card(t("parts.brand"), form, sub=t("parts.brand.sub"))


def _part(row: PartRow) -> rx.Component:
    pressed = rx.cond(Layouts.picked == row.name, "true", "false")
    words = [span(row.key, cls="strong mono"), span(row.facts, cls="cap faint"), span(row.used, cls="cap faint")]
    return li(button_el(*words, type="button", aria_pressed=pressed, on_click=Layouts.pick(row.name)))


def _parts() -> rx.Component:
    name = Layouts.picked.split(":")[1]
    source = editor(
        Layouts.source, Layouts.doc, t("parts.editing", name=name), Layouts.typed, lang="html", offers=Layouts.offers, read_only=~WRITES, problems=[]
    )
    wrong = rx.cond(Layouts.fault != "", p(icon("circle-alert", 14), span(Layouts.fault), cls="err grow", role="alert"))
    acts = rx.cond(
        WRITES,
        div(
            wrong,
            span(cls="grow"),
            rx.cond(~Layouts.picked_used, button(t("parts.delete"), "trash-2", data_open="part-delete")),
            button(t("parts.save"), kind="pri", on_click=Layouts.save),
            cls="ft",
        ),
    )
    full = div(ul(rx.foreach(Layouts.parts, _part), cls="partlist"), div(source, acts, cls="partedit"), cls="parted")
    nothing = empty("layers", t("parts.none"), t("parts.none.text"))
    new = rx.cond(WRITES, button(t("parts.new"), "plus", kind="sm", data_open="part-new"))
    return card(t("parts.list"), rx.cond(Layouts.parts.length() > 0, full, nothing), sub=t("parts.list.sub"), actions=[new], flush=True)


def _image(row: ImageRow) -> rx.Component:
    return div(
        rx.el.img(src=row.src, alt=row.label, loading="lazy"),
        div(
            div(p(row.label, cls="cap strong clip"), p(row.facts, cls="cap faint num"), cls="grow clip"),
            button("", "copy", kind="ghost sm", name=t("images.copy", label=row.label), data_copy="#u-" + row.name.split(".")[0].to(str)),
            span(row.url, id="u-" + row.name.split(".")[0].to(str), hidden=True),
            cls="row",
        ),
        cls="pic",
    )  # fmt: skip


def _images() -> rx.Component:
    box = input_el(
        id="upload", type="file", accept="image/png,image/jpeg,image/gif,image/webp", multiple=True, cls="sr", data_upload="/v1/images",
        data_said="upload-said", data_then="upload-done", data_failed=t("images.failed"), aria_describedby="upload-hint upload-said",
    )  # fmt: skip
    add = rx.cond(
        WRITES,
        div(
            label(icon("image-plus", 15), span(t("images.add")), html_for="upload", cls="btn filebtn"),
            box,
            span(t("images.hint"), cls="cap faint", id="upload-hint"),
            button(t("images.refresh"), "refresh-cw", kind="ghost sm", id="upload-done", on_click=Layouts.look_again),
            cls="row wrap uploads",
        ),
    )
    said = div(id="upload-said", cls="err", role="alert")
    shown = rx.cond(
        Layouts.images.length() > 0,
        div(rx.foreach(Layouts.images, _image), cls="pics"),
        empty("image", t("images.none"), t("images.none.text")),
    )
    return card(t("images.title"), div(add, said, cls="uploading"), shown, sub=t("images.sub"), flush=True)


def _dialogs() -> rx.Component:
    kinds = segmented([("layout", t("parts.layout")), ("partial", t("parts.partial"))], Layouts.new_kind, Layouts.kind, t("parts.kind"))
    new = rx.el.dialog(
        rx.el.form(
            h2(t("parts.new.title"), id="part-new-t"),
            p(t("parts.new.text"), cls="muted"),
            kinds,
            field(t("parts.key"), text_input("part-key", name="key", max_length=64, cls="mono", spell_check=False, auto_complete="off"), None, Layouts.new_fault),
            div(button(t("act.cancel"), data_close="1"), button(t("parts.new.act"), kind="pri", type="submit"), cls="acts"),
            on_submit=Layouts.create,
            class_name="col g3",
        ),
        id="part-new",
        class_name="modal",
        custom_attrs={"aria-labelledby": "part-new-t", "data-done": Layouts.made.to_string()},
    )  # fmt: skip
    name = Layouts.picked.split(":")[1]
    delete = modal(
        "part-delete", t("parts.delete.title", name=name), t("parts.delete.text"),
        confirm=button(t("parts.delete.act"), "trash-2", kind="danger solid", on_click=Layouts.delete, data_close="1"),
    )  # fmt: skip
    return rx.fragment(new, delete)


@rx.page("/layouts", title=t("parts.title") + " · Carillon", on_load=on_page(Layouts.load))
def layouts() -> rx.Component:
    body = div(_parts(), div(_brand(), _images(), cls="col g4"), cls="col g4")
    return shell(
        "/templates",
        [(t("nav.templates"), "/templates"), (t("parts.title"), "")],
        page_head(t("parts.title"), t("parts.sub")),
        page_body(Layouts.trouble, Layouts.again, waiting_cards(), body),
        _dialogs(),
    )
