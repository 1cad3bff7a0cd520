"""What a person wants to be sent: topics by channel, quiet hours, how often, a pause, zone, language and addresses."""

from zoneinfo import available_timezones

import reflex as rx

from portal.components.controls import button, field, select
from portal.components.elements import (
    button_el,
    div,
    fieldset,
    h1,
    h2,
    icon,
    input_el,
    label,
    legend,
    li,
    p,
    section,
    span,
    table_el,
    tbody,
    td,
    th,
    thead,
    tr,
    ul,
)
from portal.components.places import page_body
from portal.components.status import CHANNEL_ICONS, channel_icon, tag
from portal.components.surfaces import card
from portal.components.text import t
from portal.frame import on_page
from portal.own_rows import CHANNELS, Cell, Day, Line, Place, Span
from portal.shell import recipient
from portal.states.preferences import SPANS, Preferences

ZONES = sorted(name for name in available_timezones() if ("/" in name and not name.startswith("Etc/")) or name == "UTC")


def _switch(name: rx.Var | str, on: rx.Var | bool, **props: object) -> rx.Component:
    return input_el(type="checkbox", role="switch", cls="switch", aria_label=name, checked=on, **props)


def _cell(line: Line, cell: Cell) -> rx.Component:
    switch = _switch(
        cell.name, cell.on, disabled=line.locked, on_change=lambda on: Preferences.tick(line.key, cell.channel, on)
    )
    none = span(span("–", aria_hidden="true"), span(t("pref.none"), cls="sr"), cls="faint")
    word = rx.match(cell.channel, *[(c, t(f"channel.{c}")) for c in CHANNELS[:-1]], t("channel.web"))
    return td(rx.cond(cell.offered, switch, none), custom_attrs={"data-l": word})


def _line(line: Line) -> rx.Component:
    reset = button_el(
        t("pref.reset"), type="button", cls="lnk cap", aria_label=t("pref.reset.of", category=line.name), on_click=Preferences.follow(line.key)
    )
    return tr(
        th(
            span(span(line.name, cls="strong turnsafe"), rx.cond(line.locked, icon("lock", 13))),
            rx.cond(line.text != "", p(line.text, cls="cap muted turnsafe")),
            rx.cond(
                line.origin != "",
                p(span(line.origin), rx.cond(line.own, rx.fragment(span(" · "), reset)), cls="cap faint"),
            ),
            rx.cond(line.consent != "", p(line.consent, cls="cap faint")),
            scope="row",
        ),
        rx.foreach(line.cells, lambda cell: _cell(line, cell)),
    )


def _matrix() -> rx.Component:
    heads = [th(icon(CHANNEL_ICONS[c], 16), t(f"channel.{c}"), scope="col") for c in CHANNELS]
    inner = table_el(
        thead(tr(th(span(t("pref.topic"), cls="sr"), scope="col"), *heads)), tbody(rx.foreach(Preferences.lines, _line)), cls="matrix"
    )
    return div(div(inner, cls="tw mtw", tab_index=0, role="region", aria_label=t("pref.matrix")), cls="card flush")


def _pause() -> rx.Component:
    lengths = [(n, t(f"pref.pause.{n}")) for n in ("1", "7", "14", "30", "date")]
    how_long = select("pause-for", lengths, name=t("pref.pause.for"), value=Preferences.pause_for, on_change=Preferences.set_pause_for)
    a_day = input_el(
        type="date", id="pause-day", cls="input", aria_label=t("pref.pause.day"), default_value=Preferences.pause_day, on_change=Preferences.set_pause_day
    )
    return section(
        span(icon("bell-off", 18), cls="ico held"),
        div(
            h2(t("pref.pause")),
            p(Preferences.pause_text, cls="muted", id="pause-text"),
            rx.cond(Preferences.pause_problem != "", div(icon("circle-alert", 14), span(Preferences.pause_problem), cls="err row", role="alert")),
            cls="grow",
        ),
        div(div(how_long, cls="paufor"), rx.cond(Preferences.pause_for == "date", a_day), cls="row wrap pauhow"),
        _switch(t("pref.pause"), Preferences.paused, on_change=Preferences.pause, id="pause"),
        cls=rx.cond(Preferences.paused, "card pausing on", "card pausing"),
    )


def _day(one: Span, day: Day) -> rx.Component:
    return button_el(
        span(day.letter, aria_hidden="true"),
        span(day.word, cls="sr"),
        type="button",
        cls="day",
        title=day.word,
        aria_pressed=rx.cond(day.on, "true", "false"),
        on_click=Preferences.span_day(one.number, day.number),
    )


def _span(one: Span) -> rx.Component:
    def time(what: str, value: rx.Var) -> rx.Component:
        name = f"q-{what}-" + one.number.to_string()
        box = input_el(
            type="time", id=name, cls="input num", value=value, on_change=lambda v: Preferences.span(one.number, what, v), required=True
        )
        return div(label(t(f"pref.quiet.{what}"), html_for=name), box, cls="field grow")

    remove = button(
        "", "x", kind="ghost sm", name=t("pref.quiet.remove", n=one.number + 1), on_click=Preferences.span_remove(one.number)
    )
    return fieldset(
        legend(one.title, cls="sr"),
        div(time("start", one.start), time("end", one.end), rx.cond(Preferences.spans.length() > 1, remove), cls="row spanrow"),
        rx.cond(one.over, p(t("pref.quiet.over"), cls="cap faint")),
        div(rx.foreach(one.days, lambda day: _day(one, day)), cls="row wrap days", role="group", aria_label=t("pref.quiet.days")),
        rx.cond(one.problem != "", div(icon("circle-alert", 14), span(one.problem), cls="err row", role="alert")),
        cls="quietspan",
    )


def _zone() -> rx.Component:
    box = input_el(
        id="zone", cls="input", list="zones", default_value=Preferences.zone, key=Preferences.zone, auto_complete="off", spell_check=False,
        max_length=64, on_blur=Preferences.set_zone,
    )  # fmt: skip
    names = rx.el.datalist(*[rx.el.option(value=name) for name in ZONES], id="zones")
    other = div(
        span(t("pref.zone.browser", zone=Preferences.browser), cls="grow"),
        button(t("pref.zone.use"), kind="sm", on_click=Preferences.set_zone(Preferences.browser)),
        cls="row wrap well browserzone",
    )
    return rx.fragment(
        field(t("pref.zone"), box, hint=Preferences.zone_now, error=Preferences.zone_problem), names, rx.cond(Preferences.browser != "", other)
    )


def _quiet() -> rx.Component:
    add = button(t("pref.quiet.add"), "plus", kind="ghost sm", on_click=Preferences.span_add)
    head = label(
        div(p(t("pref.quiet.on"), cls="strong"), p(Preferences.quiet_text, cls="cap muted"), cls="grow"),
        _switch(t("pref.quiet.on"), Preferences.quiet_on, on_change=Preferences.quiet, id="quiet"),
        cls="row top",
    )
    times = rx.cond(
        Preferences.quiet_on,
        rx.fragment(
            rx.cond(Preferences.quiet_note != "", p(Preferences.quiet_note, cls="cap faint")),
            rx.foreach(Preferences.spans, _span),
            rx.cond(Preferences.spans.length() < SPANS, div(add)),
        ),
    )
    return card(t("pref.quiet"), div(head, times, _zone(), cls="col g4"))


def _often() -> rx.Component:
    def one(value: str) -> rx.Component:
        return label(
            input_el(
                type="radio", name="often", value=value, cls="check", checked=Preferences.often == value, on_change=Preferences.set_often(value)
            ),
            div(p(t(f"pref.often.{value}"), cls="strong"), p(t(f"pref.often.{value}.text"), cls="cap muted")),
            cls="opt",
        )

    choices = div(*[one(value) for value in ("each", "daily", "weekly")], cls="col g2", role="radiogroup", aria_label=t("pref.often"))
    return card(t("pref.often"), div(choices, p(Preferences.often_note, cls="cap muted"), cls="col g3"))


def _counted() -> rx.Component:
    head = label(
        div(p(t("pref.counted.on"), cls="strong"), p(t("pref.counted.text"), cls="cap muted"), cls="grow"),
        _switch(t("pref.counted.on"), Preferences.counted, on_change=Preferences.set_counted, id="counted"),
        cls="row top",
    )
    return card(t("pref.counted"), head)


def _language() -> rx.Component:
    tongues = [("en", "English"), ("de", "Deutsch")]
    box = select("tongue", tongues, name=t("pref.language"), value=Preferences.tongue, on_change=Preferences.set_tongue)
    return card(t("pref.language"), div(box, p(t("pref.language.text"), cls="cap muted"), cls="col g2"))


def _place(one: Place) -> rx.Component:
    gone = button(
        t("pref.address.remove"), kind="sm", name=t("pref.address.remove.of", name=one.text), on_click=Preferences.remove(one.id)
    )
    return li(
        channel_icon(one.channel),
        div(p(one.text, cls="strong clip turnsafe"), p(one.note, cls="cap faint"), cls="grow"),
        rx.cond(one.blocked != "", tag(one.blocked, "failed", "ban")),
        rx.cond(one.device, gone),
    )


def _places() -> rx.Component:
    none = div(p(t("pref.addresses.none"), cls="strong"), p(t("pref.addresses.none.text"), cls="muted"), cls="bd")
    rows = rx.cond(Preferences.places.length() > 0, ul(rx.foreach(Preferences.places, _place), cls="list"), none)
    return card(t("pref.addresses"), rows, sub=t("pref.addresses.text"), flush=True)


def _browser() -> rx.Component:
    """Whether this browser shows notifications. What it says of itself comes through the hidden form (assets/person.js)."""

    def stands(state: str, ico: str, hue: str, text: object, act: str = "", kind: str = "", **does: str) -> tuple[str, rx.Component]:
        acts = [button(t(f"push.{state}.act"), kind=kind, **does)] if act else []
        words = div(p(t(f"push.{state}"), cls="strong"), p(text, cls="muted"), cls="grow")
        return state, div(span(icon(ico, 18), cls=f"ico {hue}"), words, *acts, cls="row wrap start pushrow")

    said = rx.match(
        Preferences.push_state,
        stands("on", "bell-ring", "delivered", t("push.on.text"), "off", data_push="off"),
        stands("off", "bell", "accent", t("push.off.text"), "on", "pri", data_push="on"),
        stands("gone", "bell-off", "held", t("push.gone.text"), "renew", "pri", data_push="renew"),
        stands("blocked", "ban", "held", t("push.blocked.text"), "reload", data_act="reload"),
        stands("failed", "circle-alert", "failed", Preferences.push_failed, "renew", data_push="renew"),
        *(stands(state, "bell-off", "", t(f"push.{state}.text")) for state in ("home", "impossible", "insecure")),
        div(cls="skel", style={"width": "62%"}),
    )
    form = rx.el.form(
        input_el(type="hidden", name="said"), on_submit=Preferences.push_said, id="push-form", hidden=True,
        custom_attrs={"data-key": Preferences.push_key, "data-register": Preferences.push_register, "data-label": Preferences.push_label},
    )  # fmt: skip
    return rx.cond(Preferences.push_key != "", card(t("push.title"), div(said, aria_live="polite"), form, id="push"))


def _ahead() -> rx.Component:
    return section(
        span(icon("moon-star", 18), cls="ico accent"),
        div(
            h2(t("pref.ahead"), cls="sr"),
            p(Preferences.ahead, cls="lead", id="ahead"),
            rx.cond(Preferences.clocks != "", p(Preferences.clocks, cls="muted", id="clocks")),
            cls="grow",
        ),
        cls="card verdict",
        aria_live="polite",
    )


def _waiting() -> rx.Component:
    bars = [div(cls="skel", style={"width": width, "margin_bottom": "16px"}) for width in ("46%", "100%", "92%", "100%", "58%")]
    return div(div(*bars, cls="card waitcard"), div(*bars, cls="card waitcard"), cls="col g4 late", aria_hidden="true")


@rx.page("/preferences", title=t("own.preferences") + " · Carillon", on_load=on_page(Preferences.load))
def preferences() -> rx.Component:
    saved = rx.cond(Preferences.kept, span(icon("check", 15), t("pref.saved"), cls="row saved"))
    head = div(div(h1(t("pref.title")), p(t("pref.sub"), cls="sub"), cls="grow"), div(saved, aria_live="polite"), cls="head ownhead")
    body = div(
        _ahead(),
        _pause(),
        _matrix(),
        div(_quiet(), div(_often(), _counted(), _language(), cls="col g4"), cls="owngrid"),
        _browser(),
        _places(),
        cls="col g4",
    )
    return recipient(
        head, page_body(Preferences.trouble, Preferences.again, _waiting(), body)
    )


