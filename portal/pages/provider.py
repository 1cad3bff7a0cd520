"""One provider: what it is reached with, how it does, its address for receipts, a test to oneself; and choosing a kind for a new one."""

import reflex as rx

from portal.components.controls import button, field, text_area, text_input
from portal.components.elements import a, code, details, div, icon, input_el, label, option, p, select_el, span, summary
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, tag
from portal.components.surfaces import card, empty, kv, note
from portal.components.text import t
from portal.frame import on_page
from portal.pages.providers import state_of
from portal.shell import page_head, shell
from portal.states.provider import FieldRow, KindCard, ProviderPage
from portal.states.providers import PATH, ProviderRow

Page = ProviderPage


def _kind(one: KindCard) -> rx.Component:
    head = rx.cond(one.first != "", rx.el.h2(one.first, class_name="kindhead"))
    choose = rx.el.button(
        span(channel_icon(one.channel, 15), cls="ico"),
        div(span(one.name, cls="strong"), p(one.needs, cls="cap muted"), cls="grow"),
        icon("chevron-right", 15, class_name="faint"),
        type="button", class_name="pickline", on_click=Page.choose(one.key),
    )  # fmt: skip
    return rx.el.li(head, choose)


def _choice() -> rx.Component:
    return card(None, rx.el.ul(rx.foreach(Page.kinds, _kind), class_name="picklist kinds"), flush=True)


def _control(row: FieldRow) -> rx.Component:
    ident, name = "f-" + row.name, "f-" + row.name
    wrong = {"aria_invalid": rx.cond(row.problem != "", "true", "false")}
    plain = {"name": name, "auto_complete": "off", "spell_check": False, "auto_capitalize": "none", **wrong}
    text = text_input(ident, default_value=row.value, placeholder=row.place, **plain)
    number = text_input(ident, default_value=row.value, input_mode="numeric", **plain)
    secret = text_input(ident, type="password", placeholder=row.place, **{**plain, "auto_complete": "new-password"})
    lines = text_area(ident, 4, default_value=row.value, placeholder=row.place, name=name, spell_check=False, cls="mono", **wrong)
    secret_lines = text_area(ident, 4, placeholder=row.place, name=name, spell_check=False, cls="mono", **wrong)
    choice = select_el(
        rx.foreach(row.choices, lambda one: option(one.text, value=one.value)), id=ident, name=name, cls="select", default_value=row.value, **wrong
    )
    return rx.match(
        row.form,
        ("number", _named(row, number)), ("secret", _named(row, secret)), ("lines", _named(row, lines)),
        ("secret_lines", _named(row, secret_lines)), ("choice", _named(row, choice)), _named(row, text),
    )  # fmt: skip


def _named(row: FieldRow, control: rx.Component) -> rx.Component:
    clear = label(input_el(type="checkbox", cls="check", name="clear-" + row.name), span(t("prov.clear")), cls="row cap muted")
    return div(field(row.title, control, rx.cond(row.hint != "", row.hint, ""), row.problem), rx.cond(row.clears, clear))


def _field(row: FieldRow) -> rx.Component:
    switch = label(
        input_el(type="checkbox", cls="check", name="f-" + row.name, default_checked=row.value == "1"),
        div(span(row.title), rx.cond(row.hint != "", span(row.hint, cls="cap faint")), cls="col grow"),
        cls="opt",
    )
    return rx.cond(row.form == "switch", switch, _control(row))


def _form() -> rx.Component:
    wrong = rx.cond(Page.problem != "", note("failed", "circle-alert", t("prov.refused"), Page.problem))
    mono = {"cls": "mono", "spell_check": False, "auto_capitalize": "none", "auto_complete": "off"}
    key = field(
        t("prov.key"), text_input("p-key", name="key", default_value=Page.key, max_length=40, **mono), t("prov.key.hint"), Page.key_problem
    )
    weight = field(
        t("prov.weight.name"), text_input("p-weight", name="weight", default_value=Page.weight, input_mode="numeric", auto_complete="off", max_length=3),
        t("prov.weight.hint"), Page.weight_problem,
    )  # fmt: skip
    used = label(
        input_el(type="checkbox", cls="check", name="used", default_checked=Page.used),
        div(span(t("prov.used")), span(t("prov.used.text"), cls="cap faint"), cls="col grow"),
        cls="opt",
    )
    said = rx.cond(
        Page.said != "",
        rx.cond(
            Page.well, note("delivered", "circle-check", t("prov.checked.well"), Page.said), note("failed", "circle-alert", t("prov.checked.bad"), Page.said)
        ),
    )
    acts = div(
        rx.cond(~Page.new, button(t("prov.remove"), "trash-2", kind="danger", data_open="remove-provider", on_click=Page.ask_remove)),
        button(t("prov.save"), "check", kind="pri", type="submit", on_click=Page.intend("save")),
        button(
            rx.cond(Page.checking, t("prov.checking"), t("prov.check")), "plug-zap", type="submit", on_click=Page.intend("check"), disabled=Page.checking
        ),
        cls="row formacts",
    )
    usual = rx.foreach(Page.fields, lambda row: rx.cond(row.rare, rx.fragment(), _field(row)))
    rare = details(
        summary(icon("chevron-right", 15), span(t("prov.more"))),
        div(rx.foreach(Page.fields, lambda row: rx.cond(row.rare, _field(row))), cls="col g4 unfolded"),
        cls="more", open=Page.unfolded,
    )  # fmt: skip
    inner = rx.el.form(
        wrong, rx.cond(Page.new, key), usual, weight, used, rx.cond(Page.folds, rare), said, acts,
        on_submit=Page.submit, class_name="col g4", custom_attrs={"noValidate": True},
    )  # fmt: skip
    return card(t("prov.form"), div(inner, key=Page.round.to_string()), sub=t("prov.form.sub"))


def _live(row: ProviderRow) -> rx.Component:
    under = rx.cond(row.text != "", p(row.text, cls="cap muted", style={"margin_top": "10px"}))
    facts = kv(
        (t("brakes.state"), state_of(row)), (t("brakes.points"), span(row.points, cls="num")), (t("brakes.bad"), span(row.answers, cls="num")),
        (t("brakes.budget"), span(row.rate, cls="num")),
    )  # fmt: skip
    return card(t("prov.now"), facts, under, sub=t("prov.now.sub"), foot=Page.changed)


def _hook() -> rx.Component:
    line = div(code(Page.hook, id="hook", cls="mono grow clip"), button("", "copy", kind="ghost sm", name=t("prov.hook.copy"), data_copy="#hook"), cls="row once")
    return card(t("prov.hook"), rx.cond(Page.hook != "", line, p(t("prov.hook.none"), cls="muted")), sub=t("prov.hook.sub"))


def _test() -> rx.Component:
    sent = rx.cond(
        Page.sent != "",
        div(p(Page.sent_to), a(t("prov.test.see"), href="/deliveries/" + Page.sent, cls="link"), cls="col g2", role="status"),
    )
    inner = rx.el.form(
        field(t("prov.test.address"), text_input("p-address", name="address", auto_complete="off", max_length=4_096), t("prov.test.hint"), Page.test_problem),
        div(button(t("prov.test"), "send", type="submit"), cls="row"), sent,
        on_submit=Page.send_test, class_name="col g3", custom_attrs={"noValidate": True},
    )  # fmt: skip
    return card(t("prov.test"), inner, sub=t("prov.test.sub"))


def _body() -> rx.Component:
    one = div(
        div(_form(), cls="col g4 c8"),
        div(rx.cond(~Page.new, rx.fragment(rx.foreach(Page.live, _live), _test(), _hook())), cls="col g4 c4"),
        cls="grid",
    )
    choosing = Page.new & (Page.kind == "")
    head = rx.cond(
        choosing,
        page_head(t("prov.new.title"), t("prov.new.sub")),
        page_head(
            rx.cond(Page.new, Page.kind_name, Page.key), rx.cond(Page.new, Page.needs, Page.kind_name),
            rx.cond(Page.new, button(t("prov.other"), "arrow-left", on_click=Page.choose(""))),
            badge=rx.cond(Page.channel != "", tag(rx.match(Page.channel, ("email", t("channel.email")), ("sms", t("channel.sms")), t("channel.push")))),
        ),
    )  # fmt: skip
    whole = rx.fragment(head, rx.cond(choosing, _choice(), one))
    missing = empty("plug-zap", t("prov.gone"), Page.gone, button(t("nav.providers"), href=PATH))
    return page_body(Page.trouble, Page.again, waiting_cards(), rx.cond(Page.gone != "", missing, whole))


@rx.page(PATH + "/[subject]", title=t("prov.title") + " · Carillon", on_load=on_page(ProviderPage.load))
def provider() -> rx.Component:
    gone = modal(
        "remove-provider", t("prov.remove.ask", key=Page.key), t("prov.remove.text"),
        p(Page.then, cls="strong", aria_live="polite", style={"margin_top": "14px"}),
        confirm=button(t("prov.remove.act"), "trash-2", kind="danger solid", on_click=Page.remove, data_close="1"),
    )  # fmt: skip
    trail = [(t("group.operate"), ""), (t("nav.providers"), PATH), (rx.cond(Page.new, t("prov.new.title"), Page.key), "")]
    return shell(PATH, trail, _body(), gone)
