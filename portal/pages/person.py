"""One person: addresses, groups, what reaches them and why, what was sent, and their consent."""

import reflex as rx

from backend.domain.delivery import CHANNELS
from portal.components.controls import button, field, select
from portal.components.elements import a, b, button_el, div, icon, li, option, p, pre, select_el, small, span, tbody, td, th, thead, tr, ul
from portal.components.elements import table_el as bare_table
from portal.components.overlays import menu, modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, channel_word, hue_icon, pill_var
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field, wrong_line
from portal.frame import Frame, on_page
from portal.rows import Choice
from portal.shell import page_head, shell
from portal.staff_rows import AddressRow, CellRow, ConsentRow, MatrixRow, PastRow
from portal.states.person import PATH, PersonPage

CHANGE = Frame.may.contains("people.write")


def _address(row: AddressRow) -> rx.Component:
    state = rx.cond(
        row.blocked != "",
        span(icon("ban", 13), row.blocked, cls="pill failed"),
        span(icon("check", 13), t("person.address.ok"), cls="pill delivered"),
    )
    remove = rx.cond(
        CHANGE,
        button("", "trash-2", kind="ghost sm", name=t("person.address.remove", address=row.address), data_open="drop-address", on_click=PersonPage.leave(row.id)),
    )  # fmt: skip
    return li(
        span(channel_icon(row.channel, 15), cls="ico sm"),
        div(
            div(span(row.address, cls="strong anywhere"), rx.cond(row.label != "", span(row.label, cls="cap faint")), cls="row wrap"),
            div(span(channel_word(row.channel)), span(row.since), cls="row wrap cap faint"),
            cls="grow",
        ),
        state,
        remove,
    )


def _addresses() -> rx.Component:
    page = PersonPage
    rows = rx.cond(page.addresses.length() > 0, ul(rx.foreach(page.addresses, _address), cls="list"), p(t("person.addresses.none"), cls="muted quiet"))
    add = rx.cond(CHANGE, button(t("person.address.add"), "plus", kind="sm", data_open="add-address", on_click=page.anew))
    part = rx.cond(page.masked, p(t("person.addresses.masked"), cls="cap faint quiet"))
    return card(t("person.addresses"), rows, part, sub=t("person.addresses.sub"), actions=[add], flush=True)


def _cell(cell: CellRow) -> rx.Component:
    face = rx.match(
        cell.look,
        ("on", span(icon("check", 14), t("person.wishes.on"), cls="row on")),
        ("off", span(icon("x", 14), t("person.wishes.off"), cls="row off")),
        span(t("person.wishes.none"), cls="faint"),
    )
    return td(face, rx.cond(cell.why != "", small(cell.why, cls="cap faint")), custom_attrs={"data-l": channel_word(cell.channel)})


def _category(row: MatrixRow) -> rx.Component:
    lock = rx.cond(row.locked, icon("lock", 12), rx.fragment())
    return tr(
        th(a(row.name, href="/categories/" + row.key, cls="strong rowlink"), lock, scope="row"),
        rx.foreach(row.cells, _cell),
    )


def _wishes() -> rx.Component:
    page = PersonPage
    head = thead(tr(th(t("col.category"), scope="col"), *[th(t(f"channel.{one}"), scope="col") for one in CHANNELS]))
    table = bare_table(head, tbody(rx.foreach(page.matrix, _category)), cls="matrix why")
    box = div(table, cls="mtw tw", tab_index=0, role="region", aria_label=t("person.wishes"))
    pause = rx.cond(page.paused != "", span(icon("circle-pause", 13), page.paused, cls="pill held"))
    foot = div(icon("moon", 14), span(t("person.quiet")), b(page.quiet), pause, cls="row wrap")
    return card(t("person.wishes"), box, sub=t("person.wishes.sub"), foot=foot, flush=True)


def _sent(row: PastRow) -> rx.Component:
    return li(
        div(a(row.title, href="/notifications/" + row.id, cls="strong rowlink clip"), p(row.said, cls="cap faint turnsafe"), cls="grow two", style={"min_width": "0"}),
        pill_var(row.look),
        span(row.time, title=row.exact, cls="cap faint num nowrap"),
        cls="pastrow",
    )


def _history() -> rx.Component:
    page = PersonPage
    rows = rx.cond(page.history.length() > 0, ul(rx.foreach(page.history, _sent), cls="list hov"), p(t("person.history.none"), cls="muted quiet"))
    every = a(t("person.history.all"), href="/deliveries?user=" + page.key, cls="link")
    return card(t("person.history"), rows, sub=t("person.history.sub"), foot=every, flush=True)


def _answer(row: ConsentRow) -> rx.Component:
    return li(
        hue_icon(row.look),
        div(p(row.title, cls="strong"), p(row.source, rx.cond(row.evidence != "", ", " + row.evidence, ""), cls="cap muted anywhere"), cls="grow"),
        span(row.time, title=row.exact, cls="cap faint num nowrap"),
    )


def _consents() -> rx.Component:
    page = PersonPage
    rows = rx.cond(page.consents.length() > 0, ul(rx.foreach(page.consents, _answer), cls="list"), p(t("person.consents.none"), cls="muted quiet"))
    return card(t("person.consents"), rows, sub=t("person.consents.sub"), flush=True)


def _group(key: rx.Var) -> rx.Component:
    out = rx.cond(CHANGE, button("", "x", kind="ghost sm", name=t("person.groups.leave", group=key), on_click=PersonPage.part(key)))
    return li(icon("users-round", 15), a(key, href="/groups/" + key.to(str), cls="rowlink grow"), out)


def _groups() -> rx.Component:
    page = PersonPage
    into = select_el(
        option(t("person.groups.add"), value=""), rx.foreach(page.other_groups, lambda one: option(one.text, value=one.value)), cls="select sm",
        value="", on_change=page.join, aria_label=t("person.groups.add"), id="join",
    )  # fmt: skip
    rows = rx.cond(page.groups.length() > 0, ul(rx.foreach(page.groups, _group), cls="list"), p(t("person.groups.none"), cls="muted quiet"))
    foot = rx.cond(CHANGE & (page.other_groups.length() > 0), div(into, cls="ft"))
    return card(t("person.groups"), rows, foot, flush=True)


def _facts() -> rx.Component:
    page = PersonPage

    def fact(one: Choice) -> rx.Component:
        return rx.fragment(rx.el.dt(one.value), rx.el.dd(one.text))

    attributes = rx.cond(
        page.attributes != "",
        pre(page.attributes, cls="well mono code", tab_index=0),
        p(t("person.attributes.none"), cls="muted"),
    )
    return card(
        t("person.facts"),
        rx.el.dl(rx.foreach(page.facts, fact), class_name="kv"),
        p(t("person.attributes"), cls="strong", style={"margin": "14px 0 6px"}),
        attributes,
    )


def _dialogs() -> list[rx.Component]:
    page = PersonPage

    def filled(name: str, words: rx.Var, hint: rx.Var | None = None, **props: str | int) -> rx.Component:
        return plain_field(name, words, hint, prefix="e", default_value=page.form[name], **props)

    edit = form_dialog(
        "edit", t("person.edit.title", name=page.name), t("person.edit.text"),
        filled("name", t("people.field.name"), max_length=200),
        div(
            filled("email", t("people.field.email"), max_length=254),
            filled("phone", t("people.field.phone"), max_length=32),
            filled("timezone", t("people.field.timezone"), t("people.field.timezone.hint"), max_length=64),
            filled("locale", t("people.field.locale"), t("people.field.locale.hint"), max_length=35),
            cls="grid2",
        ),
        wrong=page.wrong, act=t("person.edit.act"), on_submit=page.save, done=page.done, key=page.revision.to_string(),
    )  # fmt: skip
    channels = [(name, t(f"channel.{name}")) for name in ("email", "sms", "push")]
    add = form_dialog(
        "add-address", t("person.address.add.title"), t("person.address.add.text"),
        field(t("person.address.channel"), select("a-channel", channels, custom_attrs={"name": "channel"})),
        plain_field("address", t("person.address.address"), t("person.address.address.hint"), prefix="a", required=True, max_length=4096),
        plain_field("label", t("person.address.label"), prefix="a", max_length=200),
        wrong=page.wrong, act=t("person.address.add.act"), on_submit=page.add_address, done=page.done, key="a" + page.done.to_string(),
    )  # fmt: skip
    leave = modal(
        "drop-address", t("person.address.remove.title"), t("person.address.remove.text", address=page.leaving), wrong_line(page.wrong),
        confirm=button(t("person.address.remove.act"), kind="danger solid", on_click=page.remove_address, data_close="1"),
    )  # fmt: skip
    erase = form_dialog(
        "erase", t("person.erase.title", name=page.name), t("person.erase.text"), p(page.counts, cls="well", aria_live="polite"),
        plain_field("confirm", t("person.erase.type", id=page.key), prefix="x", required=True, max_length=200, spell_check=False, auto_capitalize="none"),
        wrong=page.wrong, act=t("person.erase.act"), on_submit=page.erase, done=page.done, kind="danger solid",
    )  # fmt: skip
    return [edit, add, leave, erase]


def _body() -> rx.Component:
    page, may = PersonPage, Frame.may
    more = menu(
        "person-more",
        rx.cond(may.contains("people.reveal"), button_el(icon("download", 15), span(t("person.export")), type="button", on_click=page.export)),
        rx.cond(
            may.contains("people.erase"),
            button_el(icon("user-x", 15), span(t("person.erase")), type="button", data_open="erase", on_click=page.weigh, cls="bad"),
        ),
        end=True,
    )
    opener = rx.cond(may.contains("people.reveal"), rx.fragment(button(t("person.more"), "ellipsis", popover_target="person-more"), more))
    acts = [
        opener,
        rx.cond(CHANGE, button(t("person.edit"), "pencil", data_open="edit", on_click=page.anew)),
        rx.cond(may.contains("events.send"), button(t("person.send"), "send", kind="pri", href="/send?user=" + page.key)),
    ]
    whole = rx.fragment(
        page_head(page.name, page.sub, *acts),
        div(
            div(_wishes(), _history(), _consents(), cls="col g4 c8"),
            div(_addresses(), _groups(), _facts(), cls="col g4 c4"),
            cls="grid",
        ),
        *_dialogs(),
    )
    missing = empty("user-x", t("person.gone"), page.gone, button(t("nav.people"), href=PATH))
    return page_body(page.trouble, page.again, waiting_cards(), rx.cond(page.gone != "", missing, whole))


@rx.page(PATH + "/[someone]", title=t("person.title") + " · Carillon", on_load=on_page(PersonPage.load))
def person() -> rx.Component:
    trail = [(t("nav.people"), PATH), (rx.cond(PersonPage.name != "", PersonPage.name, t("person.title")), "")]
    return shell(PATH, trail, _body())
