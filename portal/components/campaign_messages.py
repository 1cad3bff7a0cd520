"""Step 1 of the builder: name, category, channels in their order, messages; and the sheet that shows one of them."""

import reflex as rx

from portal.campaign_rows import ChannelPick, FactRow, VariantRow
from portal.components.campaign_fields import picked, typed
from portal.components.controls import button, select
from portal.components.elements import a, div, fieldset, icon, iframe, input_el, label, legend, li, ol, option, p, select_el, span, ul
from portal.components.overlays import sheet
from portal.components.status import channel_icon
from portal.components.surfaces import card, empty
from portal.components.text import t
from portal.states.campaign_edit import Builder
from portal.states.campaign_specimen import Specimen

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"  # no script, no form, no cookie of ours


def _channel(one: ChannelPick) -> rx.Component:
    box = input_el(type="checkbox", cls="check", checked=one.on, on_change=lambda on: Builder.turn_channel(one.name, on), id="c-ch-" + one.name)
    moves = div(
        button("", "arrow-up", kind="ghost sm", name=t("cedit.up", channel=one.word), disabled=one.first, on_click=Builder.move_channel(one.name, -1)),
        button("", "arrow-down", kind="ghost sm", name=t("cedit.down", channel=one.word), disabled=one.last, on_click=Builder.move_channel(one.name, 1)),
        cls="row",
    )
    place = span(one.place, cls="num faint place", aria_hidden="true")
    return li(place, box, channel_icon(one.name), label(one.word, html_for="c-ch-" + one.name, cls="grow strong"), rx.cond(one.on, moves), cls=rx.cond(one.on, "row chpick on", "row chpick"), key=one.name)


def _about() -> rx.Component:
    category = picked("category", t("cedit.category"), Builder.categories, t("cedit.category.hint"), first=t("cedit.category.none"))
    order = fieldset(
        legend(t("cedit.channels")), p(t("cedit.channels.hint"), cls="hint"), ol(rx.foreach(Builder.channels, _channel), cls="chlist"),
        rx.cond(Builder.problems["channels"] != "", div(icon("circle-alert", 14), span(Builder.problems["channels"]), cls="err", role="alert")), cls="field",
    )  # fmt: skip
    return card(
        t("cedit.about"),
        div(
            div(typed("name", t("cedit.name"), t("cedit.name.hint"), max_length=200), category, cls="grid2"), order,
            typed("description", t("cedit.description"), t("cedit.description.hint"), max_length=2_000), cls="col g4",
        ),
    )  # fmt: skip


def _variant(one: VariantRow) -> rx.Component:
    n = one.place
    spot = n.to_string()
    template = select_el(
        option(t("cedit.template.none"), value=""), rx.foreach(Builder.templates, lambda c: option(c.text, value=c.value)), cls="select", value=one.template,
        aria_label=t("cedit.template.of", letter=one.name), on_change=lambda v: Builder.write_variant(n, "template", v),
    )  # fmt: skip
    weight = div(
        input_el(
            cls="input num weight", default_value=one.weight, key=spot + one.weight, input_mode="decimal", aria_label=t("cedit.weight.of", letter=one.name),
            on_blur=lambda v: Builder.write_variant(n, "weight", v), auto_complete="off",
        ),
        span("%", cls="faint"), cls="row unitfield",
    )  # fmt: skip
    name = input_el(
        cls="input vname", default_value=one.name, key=spot + one.name, aria_label=t("cedit.variant.of", letter=one.letter), max_length=40, on_blur=lambda v: Builder.write_variant(n, "name", v),
        auto_complete="off",
    )  # fmt: skip
    says = rx.cond(one.title != "", div(p(one.title, cls="strong clip"), rx.cond(one.text != "", p(one.text, cls="cap faint clip"))), p(t("cedit.nothing"), cls="cap faint"))
    acts = div(
        button(t("cedit.look"), "eye", kind="sm", data_open="specimen", on_click=Specimen.open(n), disabled=one.template == ""),
        rx.cond(one.href != "", a(icon("pencil", 14), span(t("cedit.edit")), href=one.href, cls="btn sm")),
        rx.cond(Builder.several, button("", "trash-2", kind="ghost sm", name=t("cedit.remove", letter=one.name), on_click=Builder.remove_variant(n))),
        cls="row wrap",
    )
    wrong = Builder.problems["weight" + spot] + Builder.problems["template" + spot] + Builder.problems["name" + spot]
    said = rx.cond(wrong != "", div(icon("circle-alert", 14), span(wrong), cls="err", role="alert"))
    mute = rx.cond(one.mute != "", p(icon("triangle-alert", 13), one.mute, cls="row cap muted"))
    body = div(div(rx.cond(Builder.several, name), template, rx.cond(Builder.several, weight), cls="row vfields"), says, mute, said, acts, cls="col g2 grow")
    return li(span(one.letter, cls="vmark", aria_hidden="true"), body, cls="row top variant", key=spot)


def _messages() -> rx.Component:
    add = button(t("cedit.variant.add"), "plus", on_click=Builder.add_variant, disabled=Builder.full)
    even = rx.cond(Builder.several, button(t("cedit.even"), "equal", kind="ghost", on_click=Builder.split_evenly))
    weights = rx.cond(Builder.weights != "", div(icon("circle-alert", 14), span(Builder.weights), cls="err", role="alert"))
    none = rx.cond(Builder.templates.length() == 0, p(t("cedit.templates.none"), " ", a(t("cedit.templates.make"), href="/templates", cls="link"), cls="muted"))
    wrong = rx.cond(Builder.problems["variants"] != "", div(icon("circle-alert", 14), span(Builder.problems["variants"]), cls="err", role="alert"))
    return card(
        rx.cond(Builder.several, t("cedit.messages.test"), t("cedit.messages")), none, ul(rx.foreach(Builder.variants, _variant), cls="col g3"), weights, wrong,
        div(add, even, p(t("cedit.variant.hint"), cls="cap faint grow"), cls="row wrap", style={"margin_top": "14px"}), sub=t("cedit.messages.sub"),
    )  # fmt: skip


def _value(one: FactRow) -> rx.Component:
    box = input_el(
        id="c-v-" + one.word, cls="input", default_value=one.text, key=one.word + Builder.round.to_string(), max_length=2_000, auto_complete="off", on_blur=lambda v: Builder.write_value(one.word, v),
    )  # fmt: skip
    return div(label(one.word, html_for="c-v-" + one.word, cls="mono"), box, p(one.note, cls="hint"), cls="field", key=one.word)


def messages() -> rx.Component:
    values = rx.cond(Builder.values.length() > 0, card(t("cedit.values"), div(rx.foreach(Builder.values, _value), cls="grid2"), sub=t("cedit.values.sub")))
    return rx.fragment(_about(), _messages(), values)


def specimen() -> rx.Component:
    """The sheet: whose message, on which channel, as its reader has it, and the way to send it to oneself."""
    which = rx.cond(Specimen.choices.length() > 1, select("spec-which", Specimen.choices, name=t("spec.which"), value=Specimen.place.to_string(), on_change=Specimen.pick))
    tabs = div(
        rx.foreach(
            Specimen.channels,
            lambda one: rx.el.button(
                channel_icon(one.value, 14), span(one.text), type="button", custom_attrs={"aria-pressed": rx.cond(Specimen.channel == one.value, "true", "false")}, on_click=Specimen.over(one.value),
            ),
        ),
        cls="seg", role="group", aria_label=t("spec.channel"),
    )  # fmt: skip
    mail = div(
        div(p(Specimen.shown.title, cls="strong"), rx.cond(Specimen.shown.preheader != "", p(Specimen.shown.preheader, cls="cap faint")), cls="mailhead col"),
        iframe(
            src_doc=Specimen.shown.html, custom_attrs={"sandbox": SANDBOX, "title": t("preview.frame"), "referrerPolicy": "no-referrer", "tabIndex": "0"}, class_name="mailframe specframe",
        ),
        cls="mailbox",
    )  # fmt: skip
    notice = div(rx.cond(Specimen.shown.title != "", p(Specimen.shown.title, cls="strong")), p(Specimen.shown.text, cls="muted"), cls="notice")
    text = div(Specimen.shown.text, cls="bubble")
    face = rx.match(Specimen.channel, ("email", mail), ("sms", div(text, cls="well")), div(notice, cls="well"))
    body = rx.cond(Specimen.wrong != "", empty("eye-off", t("spec.nothing"), Specimen.wrong), face)
    return sheet(
        "specimen", t("spec.title"), div(div(which, tabs, cls="row wrap"), rx.cond(Specimen.ready, body, div(cls="skel")), cls="col g3"),
        foot=[p(t("spec.test.hint"), cls="cap faint grow"), button(t("spec.test"), "send", on_click=Specimen.send, disabled=Specimen.wrong != "")],
    )  # fmt: skip


