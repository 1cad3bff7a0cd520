"""One group: members by the page, and what it wishes."""

from typing import Any

import reflex as rx

from portal.components.controls import button, field, text_area
from portal.components.elements import a, div, label, li, option, p, select_el, span, tbody, td, tr, ul
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card, empty
from portal.components.table import pager, table
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.staff_rows import WishRow
from portal.states.group import PATH, GroupPage

CHANGE = Frame.may.contains("people.write")


def _member(user: Any) -> rx.Component:
    out = rx.cond(CHANGE, button("", "x", kind="ghost sm", name=t("group.members.remove", user=user), on_click=GroupPage.remove(user)))
    return tr(td(a(user, href="/people/" + user.to(str), cls="strong rowlink")), td(out, cls="r out"))


def _members() -> rx.Component:
    page = GroupPage
    heads = [(t("people.id"), ""), ("", "r")]
    rows = rx.fragment(
        table(heads, tbody(rx.foreach(page.members, _member)), name=t("group.members.name"), tight=True),
        pager(page.place, on_prev=page.newer, on_next=page.older, first=page.first, last=page.last),
    )
    add = rx.cond(CHANGE, button(t("group.members.add"), "plus", kind="sm", data_open="add-members"))
    body = rx.cond(page.members.length() > 0, rows, p(t("group.members.none"), cls="muted quiet"))
    return card(t("group.members"), body, sub=t("group.members.sub"), actions=[add], flush=True)


def _wish(kind: str) -> Any:
    def line(row: WishRow) -> rx.Component:
        choices = [option(t(f"group.wishes.{word}"), value=value) for word, value in (("unset", ""), ("on", "on"), ("off", "off"))]
        said = rx.match(row.value, ("on", t("group.wishes.on")), ("off", t("group.wishes.off")), t("group.wishes.unset"))
        box = select_el(
            *choices, cls="select sm", id=f"{kind}-" + row.key, value=row.value, on_change=lambda value: GroupPage.wish(kind, row.key, value)
        )
        return li(label(row.name, html_for=f"{kind}-" + row.key, cls="grow"), rx.cond(CHANGE, box, span(said, cls="muted")))

    return line


def _wishes() -> rx.Component:
    page = GroupPage
    body = div(
        p(t("group.wishes.channels"), cls="cap faint pad"),
        ul(rx.foreach(page.channels, _wish("channels")), cls="list wishes"),
        p(t("group.wishes.categories"), cls="cap faint pad"),
        ul(rx.foreach(page.categories, _wish("categories")), cls="list wishes"),
    )
    return card(t("group.wishes"), body, sub=t("group.wishes.sub"), flush=True)


def _dialogs() -> list[rx.Component]:
    page = GroupPage
    rename = form_dialog(
        "rename", t("group.rename.title"), t("group.rename.text", group=page.key),
        plain_field("name", t("groups.field.name"), prefix="g", default_value=page.name, max_length=200, required=True),
        wrong=page.wrong, act=t("group.rename.act"), on_submit=page.rename, done=page.done, key="r" + page.revision.to_string(),
    )  # fmt: skip
    add = form_dialog(
        "add-members", t("group.members.add.title"), t("group.members.add.text"),
        field(t("group.members.add.ids"), text_area("g-users", 5, custom_attrs={"name": "users"}, cls="mono", spell_check=False)),
        wrong=page.wrong, act=t("group.members.add.act"), on_submit=page.add, done=page.done, key="m" + page.done.to_string(),
    )  # fmt: skip
    delete = modal(
        "delete", t("group.delete.title", name=page.name), t("group.delete.text", count=page.size),
        confirm=button(t("group.delete.act"), kind="danger solid", on_click=page.delete, data_close="1"),
    )  # fmt: skip
    return [rename, add, delete]


def _body() -> rx.Component:
    page = GroupPage
    acts = [
        rx.cond(CHANGE, button(t("group.delete"), "trash-2", data_open="delete")),
        rx.cond(CHANGE, button(t("group.rename"), "pencil", data_open="rename")),
    ]
    whole = rx.fragment(
        page_head(page.name, page.sub, *acts),
        div(div(_members(), cls="col g4 c7"), div(_wishes(), cls="col g4 c5"), cls="grid"),
        *_dialogs(),
    )
    missing = empty("users-round", t("group.gone"), page.gone, button(t("nav.groups"), href=PATH))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page(PATH + "/[band]", title=t("group.title") + " · Carillon", on_load=on_page(GroupPage.load))
def group() -> rx.Component:
    trail = [(t("nav.groups"), PATH), (rx.cond(GroupPage.name != "", GroupPage.name, t("group.title")), "")]
    return shell(PATH, trail, _body())
