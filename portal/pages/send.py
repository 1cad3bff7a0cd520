"""Send: write it, see what would happen, send it, watch it arrive."""

from typing import Any

import reflex as rx

from backend.domain.delivery import CHANNELS, PRIORITIES
from portal.components.controls import button, field, segmented, select, text_area, text_input
from portal.components.elements import (
    a,
    details,
    div,
    fieldset,
    i,
    icon,
    input_el,
    label,
    legend,
    ol,
    option,
    p,
    pre,
    select_el,
    span,
    summary,
)
from portal.components.overlays import ask, modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, channel_word, hue_icon, pill_var
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.components.trace import gate
from portal.frame import Frame, on_page
from portal.rows import SumRow, UnitRow
from portal.shell import page_head, shell
from portal.states.send import Send

WRITING = Send.stage != "sent"


def _who() -> rx.Component:
    one = field(
        t("send.who"),
        text_input(
            "who", default_value=Send.who, custom_attrs={"list": "people"}, auto_complete="off", auto_capitalize="none", spell_check=False,
            on_change=Send.suggest.debounce(200), on_blur=lambda v: Send.write("who", v), aria_invalid=rx.cond(Send.problems["who"] != "", "true", "false"),
        ),
        rx.cond(Send.who_note != "", Send.who_note, t("send.who.hint")),
        Send.problems["who"],
    )  # fmt: skip
    people = rx.el.datalist(rx.foreach(Send.suggestions, lambda s: option(s.text, value=s.value)), id="people")
    some = field(
        t("send.group"),
        _pick("group", t("send.group"), Send.groups, Send.group),
        rx.cond(Send.groups.length() > 0, "", t("send.group.none")),
        Send.problems["group"],
    )
    rule = field(
        t("send.audience"),
        _pick("audience", t("send.audience.choose"), Send.audiences, Send.audience),
        rx.cond(Send.audiences.length() > 0, t("send.audience.hint"), t("send.audience.none")),
        Send.problems["audience"],
    )
    ways = segmented([("user", t("send.to.user")), ("group", t("send.to.group")), ("audience", t("send.to.audience"))], Send.to, lambda v: Send.choose("to", v), t("send.kind"))
    return div(ways, rx.match(Send.to, ("group", some), ("audience", rule), div(one, people)), cls="col g3")


def _pick(name: str, hint: Any, choices: Any, value: Any) -> rx.Component:
    return select_el(
        option(hint, value=""),
        rx.foreach(choices, lambda c: option(c.text, value=c.value)),
        id=name, cls="select", value=value, on_change=lambda v: Send.write(name, v),
    )  # fmt: skip


def _about() -> rx.Component:
    choices = select_el(
        option(t("send.category.choose"), value=""),
        rx.foreach(Send.categories, lambda c: option(c.name, value=c.key)),
        id="category", cls="select", value=Send.category, on_change=lambda v: Send.write("category", v),
    )  # fmt: skip
    return field(t("send.category"), choices, Send.category_note, Send.problems["category"])


def _content() -> rx.Component:
    words = div(
        field(
            t("send.words.title"),
            text_input("title", default_value=Send.title, on_blur=lambda v: Send.write("title", v)),
            None,
            Send.problems["title"],
        ),
        field(
            t("send.words.text"),
            text_area("text", 4, default_value=Send.text, on_blur=lambda v: Send.write("text", v)),
            None,
            Send.problems["message"],
        ),
        cls="col g3",
    )
    template = field(
        t("send.template"),
        _pick("template", t("send.template.choose"), Send.templates, Send.template),
        rx.cond(Send.templates.length() > 0, "", t("send.template.none")),
        Send.problems["template"],
    )
    ways = segmented(
        [("words", t("send.by.words")), ("template", t("send.by.template"))], Send.by, lambda v: Send.choose("by", v), t("send.content")
    )
    return div(ways, rx.cond(Send.by == "words", words, template), cls="col g3")


def _more() -> rx.Component:
    def channel(name: str) -> rx.Component:
        box = input_el(type="checkbox", cls="check", checked=Send.channels.contains(name), on_change=lambda on: Send.channel(name, on))
        return label(box, channel_icon(name), span(t(f"channel.{name}")), cls="opt")

    chosen = fieldset(
        legend(t("send.channels")),
        div(*[channel(name) for name in CHANNELS], cls="grid2c"),
        p(rx.cond(Send.problems["channels"] != "", Send.problems["channels"], t("send.channels.hint")), cls="hint"),
        cls="field",
    )
    urgency = [(name, t(f"priority.{name}")) for name in PRIORITIES]
    return details(
        summary(icon("chevron-right", 15), span(t("send.more")), cls="strong"),
        div(
            chosen,
            div(
                field(t("send.priority"), select("priority", urgency, value=Send.priority, on_change=lambda v: Send.write("priority", v))),
                field(
                    t("send.type"),
                    text_input("type", cls="mono", default_value=Send.type, on_blur=lambda v: Send.write("type", v), spell_check=False),
                    t("send.type.hint"),
                    Send.problems["type"],
                ),
                cls="grid2",
            ),
            field(
                t("send.link"),
                text_input("link", type="url", default_value=Send.link, on_blur=lambda v: Send.write("link", v)),
                t("send.link.hint"),
                Send.problems["link"],
            ),
            field(
                t("send.data"),
                text_area("data", 3, cls="mono", default_value=Send.data, on_blur=lambda v: Send.write("data", v), spell_check=False),
                t("send.data.hint"),
                Send.problems["data"],
            ),
            cls="col g4 unfolded",
        ),
        cls="more",
    )


def _form() -> rx.Component:
    wrong = rx.cond(Send.problems["all"] != "", note("failed", "circle-alert", t("send.refused"), Send.problems["all"]))
    return card(
        t("send.step.write"),
        div(wrong, _who(), _about(), _content(), _more(), cls="col g4", key=Send.round.to_string()),
    )


def _whose(unit: UnitRow) -> rx.Component:
    return rx.cond(Send.to != "user", span(unit.user, cls="cap faint clip"))


def _unit(unit: UnitRow) -> rx.Component:
    head = summary(
        hue_icon(unit.look),
        div(
            div(channel_icon(unit.channel, 14), span(channel_word(unit.channel), cls="strong"), _whose(unit), cls="row"),
            p(unit.text, cls="cap muted"),
            cls="grow",
        ),
        icon("chevron-right", 15, class_name="turn"),
        cls="unit",
    )
    return details(head, ol(rx.foreach(unit.gates, lambda g: gate(g.result, g.rule, g.why)), cls="narrow"))


def _check() -> rx.Component:
    told = div(
        span(icon("route", 18), cls="ico accent"),
        div(p(Send.verdict, cls="lead"), rx.cond(Send.rest != "", p(Send.rest, cls="muted"))),
        cls="verdict inset",
    )
    stale = rx.cond(Send.stale, div(note("held", "circle-alert", t("send.stale")), style={"padding": "0 18px 14px"}))
    shown = rx.fragment(div(told, aria_live="polite"), stale, div(rx.foreach(Send.units, _unit), cls="units"))
    nothing = empty("list-checks", t("send.rail.empty"), t("send.rail.empty.text"))
    return card(t("send.rail"), rx.cond(Send.stage == "checked", shown, nothing), sub=t("send.rail.sub"), flush=True, cls="rail")


def _code() -> rx.Component:
    tongues = segmented([("curl", "curl"), ("python", "Python"), ("javascript", "JavaScript")], Send.tongue, Send.speak, t("send.code"))
    copy = button(t("copy"), "copy", kind="sm", data_copy="#snippet")
    held = Send.token_until != ""
    mine = rx.cond(
        held,
        div(
            icon("key-round", 15),
            p(t("send.token.until", until=Send.token_until), cls="cap muted grow"),
            button(t("send.token.hide"), kind="ghost sm", on_click=Send.without_token),
            cls="row wrap",
        ),
        div(
            p(t("send.code.sub"), cls="cap muted grow"),
            button(t("send.token"), "key-round", kind="sm", on_click=Send.with_token),
            cls="row wrap",
        ),
    )
    return rx.cond(
        Send.code["curl"] != "",
        card(
            t("send.code"),
            div(tongues, span(cls="grow"), copy, cls="row", style={"margin_bottom": "10px"}),
            pre(Send.shown[Send.tongue], cls="well mono code", tab_index=0),
            pre(Send.code[Send.tongue], id="snippet", hidden=True),
            div(mine, style={"margin_top": "12px"}),
        ),
    )


def _sum(row: SumRow) -> rx.Component:
    return i(cls="seg-" + row.look, style={"width": row.share})


def _fate(unit: UnitRow) -> rx.Component:
    return rx.el.li(
        channel_icon(unit.channel, 15),
        div(
            div(span(channel_word(unit.channel), cls="strong"), _whose(unit), cls="row"),
            p(unit.text, cls="cap muted"),
            cls="grow",
        ),
        pill_var(unit.look),
        rx.cond(unit.delivery != "", a(t("send.delivery"), href="/deliveries/" + unit.delivery, cls="link nowrap")),
        class_name="fate",
    )


def _live() -> rx.Component:
    said = rx.match(Send.live, ("done", t("send.live.done")), ("slow", t("send.live.slow")), t("send.live.going"))
    dot = rx.cond(Send.live == "going", span(cls="dot live sent"), icon("check", 15))
    track = div(rx.foreach(Send.sums, _sum), cls="track lg", role="img", aria_label=Send.sum)
    even = rx.cond(
        Send.balances,
        span(icon("scale", 14), t("send.balances"), cls="row cap muted"),
        span(icon("triangle-alert", 14), t("send.off"), cls="row cap down"),
    )
    ledger = div(
        rx.cond(Send.sums.length() > 0, track, div(cls="skel")),
        div(p(Send.sum, cls="num strong"), span(cls="grow"), even, cls="row wrap"),
        cls="col g2",
        style={"padding": "4px 18px 16px"},
    )
    return card(
        t("send.live"),
        div(dot, p(said, cls="muted", aria_live="polite"), cls="row", style={"padding": "0 18px 14px"}),
        ledger,
        rx.el.ul(rx.foreach(Send.units, _fate), class_name="fates"),
        foot=a(t("send.all"), href="/deliveries?event=" + Send.event, cls="link"),
        flush=True,
    )


def _confirm() -> list[rx.Component]:
    """Asked before it goes; a great number of people is typed first."""
    title, text, deed = t("send.confirm", name=Send.name), t("send.confirm.text"), t("send.act", name=Send.name)
    act = button(deed, "send", kind="pri", on_click=Send.send, data_close="1")
    said = div(p(Send.verdict, cls="strong"), p(Send.rest, cls="muted"), cls="well", style={"margin_top": "14px"})
    return [modal("confirm", title, text, said, confirm=act), ask("confirm-must", title, Send.rest + " " + text, deed, must=Send.must, danger=False, on_click=Send.send)]


@rx.page("/send", title=t("send.title") + " · Carillon", on_load=on_page(Send.load))
def send() -> rx.Component:
    ready = (Send.stage == "checked") & ~Send.stale
    acts = rx.cond(
        WRITING,
        rx.cond(
            ready,
            rx.fragment(
                button(t("send.check.again"), "list-checks", on_click=Send.check),
                button(t("send.open"), "send", kind="pri", data_open=rx.cond(Send.must != "", "confirm-must", "confirm")),
            ),
            button(t("send.check"), "list-checks", kind="pri", on_click=Send.check),
        ),
        button(t("send.next"), "pencil", kind="pri", on_click=Send.anew),
    )
    writing = div(
        div(_form(), cls="col g4 c7"),
        div(_check(), _code(), cls=rx.cond(Send.stage == "checked", "col g4 c5 ahead", "col g4 c5")),
        cls="grid",
    )
    done = div(div(_live(), cls="col g4 c7"), div(_code(), cls="col g4 c5"), cls="grid")
    head = page_head(t("send.title"), t("send.sub"), rx.cond(Frame.loaded, acts))
    return shell(
        "/send",
        [(t("group.reach"), ""), (t("nav.send"), "")],
        head,
        page_body(Send.trouble, Send.again, waiting_cards(), rx.cond(WRITING, writing, done)),
        *_confirm(),
    )
