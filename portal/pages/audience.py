"""One audience: its rule, built and counted at once, or the people on its list."""

from typing import Any

import reflex as rx

from portal.audience_rows import FormerRow, SomeoneRow
from portal.components.audience_parts import CHANGE, how_many, marked, rule_card, save_line, torn_card
from portal.components.controls import button, field, text_area
from portal.components.elements import a, div, icon, li, option, p, select_el, span, tbody, td, tr, ul
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card, empty, note
from portal.components.table import pager, table
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field, wrong_line
from portal.frame import on_page
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.states.audience import PATH, AudiencePage

page = AudiencePage


def _members() -> rx.Component:
    def one(user: Any) -> rx.Component:
        out = rx.cond(CHANGE, button("", "x", kind="ghost sm", name=t("aud.members.out", user=user), on_click=page.take_off(user)))
        return tr(td(a(user, href="/people/" + user.to(str), cls="strong rowlink")), td(out, cls="r out"))

    rows = rx.fragment(
        table([(t("aud.col.person"), ""), ("", "r")], tbody(rx.foreach(page.members, one)), name=t("aud.members.name"), tight=True),
        pager(page.place, on_prev=page.newer, on_next=page.older, first=page.first, last=page.last),
    )
    add = rx.cond(CHANGE, button(t("aud.members.add"), "plus", kind="sm", data_open="put-on"))
    return card(t("aud.members"), rx.cond(page.members.length() > 0, rows, p(t("aud.members.none"), cls="muted quiet")), sub=t("aud.members.sub"), actions=[add], flush=True)


def _out() -> rx.Component:
    def one(row: Choice) -> rx.Component:
        no = rx.cond(CHANGE, button("", "x", kind="ghost sm", name=t("aud.exclude.no", name=row.text), on_click=page.leave_out(row.value, False)))
        return li(icon("user-x", 14), a(row.text, href=f"{PATH}/" + row.value, cls="link grow"), no, cls="row", key=row.value)

    box = select_el(
        option(t("aud.exclude.add"), value=""), rx.foreach(page.others, lambda one: option(one.text, value=one.value)), id="aud-out", cls="select sm", value="",
        aria_label=t("aud.exclude.add"), on_change=lambda key: page.leave_out(key, True),
    )  # fmt: skip
    some = rx.cond(page.exclude.length() > 0, ul(rx.foreach(page.exclude, one), cls="col g1"), p(t("aud.exclude.none"), cls="muted"))
    keep = rx.cond(page.kind == "list", save_line())
    return card(t("aud.exclude"), div(some, rx.cond(CHANGE, div(box, cls="shortfield")), keep, cls="col g3"), sub=t("aud.exclude.sub"))


def _used() -> rx.Component:
    rows = ul(rx.foreach(page.used, lambda one: li(a(one.text, href=one.value, cls="link"), key=one.value)), cls="col g1")
    return rx.cond(page.used.length() > 0, card(t("aud.col.used"), rows, sub=t("aud.used.sub")))


def _number() -> rx.Component:
    n = div(span(page.people, cls="railnum num"), cls="row base", aria_live="polite")
    reach = ul(rx.foreach(page.reach, lambda one: li(span(one.word, cls="grow"), span(one.text, cls="num"), cls="row")), cls="col g1")
    some = div(n, p(page.share, cls="cap faint"), p(t("aud.reach"), cls="cap strong"), reach, cls="col g2")
    again = button("", "refresh-cw", kind="ghost sm", name=t("cedit.recount"), on_click=page.recount)
    return card(t("aud.count"), rx.cond(page.people != "", some, p("–", cls="muted")), actions=[again])


def _sample() -> rx.Component:
    def one(row: SomeoneRow) -> rx.Component:
        return tr(
            td(a(row.name, href="/people/" + row.user, cls="strong rowlink clip"), rx.cond(row.name != row.user, span(row.user, cls="cap faint mono clip")), cls="two"), td(span(row.known, cls="clip2 cap")),
            td(span(row.time, cls="num", title=row.zone), cls="r", custom_attrs={"data-l": t("aud.col.time")}), key=row.user,
        )  # fmt: skip

    heads = [(t("aud.col.person"), ""), (t("aud.col.known"), ""), (t("aud.col.time"), "r")]
    rows = table(heads, tbody(rx.foreach(page.sample, one)), name=t("aud.sample"))
    return rx.cond(page.sample.length() > 0, card(t("aud.sample"), rows, sub=t("aud.sample.sub"), flush=True), rx.cond(page.may_see, rx.fragment(), p(t("aud.sample.none"), cls="cap faint")))


def _former() -> rx.Component:
    def one(row: FormerRow) -> rx.Component:
        back = rx.cond(CHANGE, button(t("aud.version.back", version=row.number), kind="ghost sm", on_click=page.restore(row.number)))
        head = div(span(row.title, cls="strong"), rx.cond(row.now, span(t("aud.version.now"), cls="tag delivered")), cls="row grow")
        same = rx.cond(row.same, p(t("aud.version.same"), cls="cap faint"))
        return li(
            div(head, rx.cond(row.now, rx.fragment(), back), cls="row wrap"), p(row.by, cls="cap faint"), same, rx.cond(row.said != "", marked(row.marks, cls="cap")), cls="col g1", key=row.title,
        )  # fmt: skip

    return card(t("aud.versions"), ul(rx.foreach(page.former, one), cls="col g3"), sub=t("aud.versions.sub"))


def _dialogs() -> list[rx.Component]:
    rename = form_dialog(
        "aud-rename", t("aud.rename.title"), "", plain_field("name", t("aud.field.name"), prefix="ar", default_value=page.name, max_length=200, required=True),
        field(t("aud.description"), text_area("ar-description", 3, default_value=page.description, custom_attrs={"name": "description"}, max_length=2_000)),
        wrong=page.problem, act=t("aud.rename.act"), on_submit=page.rename, done=page.done, key="r" + page.revision.to_string(),
    )  # fmt: skip
    add = form_dialog(
        "put-on", t("aud.members.add.title"), t("aud.members.add.text"),
        field(t("aud.members.add.ids"), text_area("aud-users", 5, custom_attrs={"name": "users"}, cls="mono", spell_check=False)),
        wrong=page.problem, act=t("aud.members.add.act"), on_submit=page.put_on, done=page.done, key="m" + page.done.to_string(),
    )  # fmt: skip
    delete = modal(
        "aud-delete", t("aud.delete.title", name=page.name), t("aud.delete.text"),
        confirm=button(t("aud.delete.act"), kind="danger solid", on_click=page.delete, data_close="1"),
    )  # fmt: skip
    copy = form_dialog(
        "aud-copy", t("aud.copy.title", name=page.name), rx.cond(page.kind == "list", t("aud.copy.text.list"), t("aud.copy.text")),
        plain_field("name", t("aud.copy.field"), prefix="ac", default_value=page.copy, max_length=200, required=True),
        wrong=page.problem, act=t("aud.copy.act"), on_submit=page.duplicate, done=page.done, key="c" + page.copy,
    )  # fmt: skip
    return [rename, add, copy, delete]


def _notes() -> rx.Component:
    nobody = note("held", "user-x", t("aud.nobody"), t("aud.nobody.text"))
    everybody = note("held", "users", t("aud.everybody"), t("aud.everybody.text"))
    return rx.cond(page.torn.length() > 0, rx.fragment(), rx.cond(page.nobody, nobody, rx.cond(page.everybody, everybody)))


def _body() -> rx.Component:
    acts = [
        rx.cond(CHANGE, button(t("aud.delete"), "trash-2", data_open="aud-delete")), rx.cond(CHANGE, button(t("aud.copy"), "copy", data_open="aud-copy")), rx.cond(CHANGE, button(t("aud.rename"), "pencil", data_open="aud-rename")),
        rx.cond(CHANGE, button(t("aud.use"), "megaphone", href="/campaigns/new")),
    ]  # fmt: skip
    kind = rx.cond(page.kind == "list", span(t("aud.kind.list"), cls="tag"), span(t("aud.kind.rule"), cls="tag"))
    wrong = rx.cond(page.kind == "list", wrong_line(page.wrong))
    left = div(torn_card(page.settle), _notes(), wrong, rx.cond(page.kind == "list", _members(), rule_card(foot=how_many(cls="row only-phone"))), _sample(), cls="col g4 c8")
    whole = rx.fragment(
        page_head(page.name, rx.cond(page.description != "", page.description, page.key), *acts, badge=kind),
        div(left, div(_number(), _out(), _used(), _former(), cls="col g4 c4 rail"), cls="grid"), *_dialogs(),
    )  # fmt: skip
    missing = empty("target", t("aud.gone"), page.gone, button(t("nav.audiences"), href=PATH))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page(PATH + "/[audience]", title=t("aud.title") + " · Carillon", on_load=on_page(AudiencePage.load))
def audience() -> rx.Component:
    trail = [(t("nav.audiences"), PATH), (rx.cond(page.name != "", page.name, t("aud.title")), "")]
    return shell(PATH, trail, _body())
