"""Dead letters: groups by cause with what helps, and a workbench: likely cause, the record to edit, a dry run, drop or send again."""

import reflex as rx

from portal.components.controls import button, select
from portal.components.elements import a, b, button_el, details, div, dl, dt, icon, label, p, pre, span, summary, textarea
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, channel_word, hue_icon, tag
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.dead import PATH, RATES, STATES, Dead, GroupRow

_HUES = {"retry": "sent", "fix": "accent", "drop": "skipped", "look": "held"}


def _advice(advice: rx.Var) -> rx.Component:
    return rx.match(advice, *[(name, tag(t(f"dead.advice.{name}"), hue)) for name, hue in _HUES.items() if name != "look"], tag(t("dead.advice.look"), "held"))


def _stats() -> rx.Component:
    def stat(words: str, value: rx.Var, under: rx.Component) -> rx.Component:
        return div(dt(t(words)), rx.el.dd(value, class_name="v"), rx.el.dd(under, class_name="d"), cls="stat")

    return dl(
        stat("dead.stat.open", Dead.counts["open"], span(t("dead.stat.open.text"))),
        stat("dead.stat.oldest", rx.cond(Dead.oldest != "", Dead.oldest, "–"), span(rx.cond(Dead.oldest != "", Dead.oldest_exact, t("dead.stat.none")), cls="num")),
        stat("dead.stat.today", Dead.counts["today"], span(t("dead.stat.today.text"))),
        stat("dead.stat.dropped", Dead.counts["dropped"], span(t("dead.stat.dropped.text"))),
        cls="stats",
    )  # fmt: skip


def _group(row: GroupRow) -> rx.Component:
    return rx.el.li(
        button_el(
            span(icon("archive-x", 15), cls="ico failed"),
            div(p(row.title, cls="strong clip2"), p(row.where, cls="cap faint clip"), cls="grow"),
            div(b(row.count, cls="num"), span(row.oldest, title=row.exact, cls="cap faint"), cls="col groupcount"),
            _advice(row.advice),
            type="button",
            cls="pickline",
            on_click=Dead.choose(row.id),
            aria_pressed=rx.cond(Dead.chosen == row.id, "true", "false"),
        )
    )


def _groups() -> rx.Component:
    def chip(state: str) -> rx.Component:
        return a(
            t(f"dead.state.{state}"), span(Dead.counts[state], cls="num tally"), href=PATH if state == "open" else f"{PATH}?state={state}", cls="chip",
            aria_current=rx.cond(Dead.state == state, "page", "false"),
        )  # fmt: skip

    chips = div(*[chip(state) for state in STATES], cls="row wrap chips deadchips", role="group", aria_label=t("dead.states"))
    nothing = rx.match(
        Dead.state,
        ("replayed", empty("refresh-cw", t("dead.none.replayed"), t("dead.none.replayed.text"))),
        ("dropped", empty("trash-2", t("dead.none.dropped"), t("dead.none.dropped.text"))),
        empty("circle-check", t("dead.none"), t("dead.none.text")),
    )
    rows = rx.el.ul(rx.foreach(Dead.groups, _group), class_name="picklist")
    return card(None, div(chips, cls="tools"), rx.cond(Dead.groups.length() > 0, rows, nothing), flush=True)


def _unit(unit: rx.Var) -> rx.Component:
    return rx.el.li(
        hue_icon(unit.look),
        div(div(channel_icon(unit.channel, 14), span(channel_word(unit.channel), cls="strong"), cls="row"), p(unit.text, cls="cap muted"), cls="grow"),
        class_name="row top",
    )


def _tried() -> rx.Component:
    bar = div(rx.foreach(Dead.sums, lambda s: rx.el.i(class_name="seg-" + s.look, style={"width": s.share})), cls="track lg", role="img", aria_label=Dead.told)
    key = rx.el.ul(
        rx.foreach(Dead.sums, lambda s: rx.el.li(rx.el.i(class_name="dot seg-" + s.look), span(s.word), b(s.count, cls="num"), class_name="row")),
        class_name="row wrap legendline",
    )
    first = rx.cond(
        Dead.units.length() > 0, div(p(t("dead.first"), cls="cap faint"), rx.el.ul(rx.foreach(Dead.units, _unit), class_name="col g2"), cls="col g2")
    )
    return rx.cond(Dead.told != "", div(p(Dead.told, cls="strong"), bar, key, first, cls="col g3", aria_live="polite"))


def _record() -> rx.Component:
    which = rx.cond(
        (Dead.letters.length() > 1) & (Dead.letter != ""),
        select("letter", Dead.letters, name=t("dead.which"), cls="sm", value=Dead.letter, on_change=Dead.open),
        rx.fragment(),
    )
    editor = textarea(
        id="record", rows="9", cls="input mono code", default_value=Dead.text, key=Dead.round.to_string(), spell_check=False,
        on_change=Dead.edit.debounce(300), aria_describedby="record-said", aria_invalid=rx.cond(Dead.problem != "", "true", "false"),
    )  # fmt: skip
    said = div(
        rx.cond(
            Dead.problem != "",
            div(icon("circle-alert", 14), span(Dead.problem), cls="err", role="alert"),
            p(rx.cond(Dead.changed, t("dead.edit.changed", amount=Dead.amount), t("dead.edit.hint")), cls="hint"),
        ),
        id="record-said",
    )
    shown = rx.cond(
        Dead.editable,
        div(label(t("dead.record"), html_for="record"), editor, said, cls=rx.cond(Dead.problem != "", "field bad", "field")),
        rx.cond(Dead.text != "", pre(Dead.text, cls="well mono code", tab_index=0), p(t("dead.unreadable"), cls="muted")),
    )
    facts = rx.el.dl(rx.foreach(Dead.facts, lambda f: rx.fragment(rx.el.dt(f.value), rx.el.dd(f.text))), class_name="kv")
    why = rx.cond(Dead.delivery != "", a(t("dead.delivery"), href="/deliveries/" + Dead.delivery, cls="link"))
    trace = rx.cond(
        Dead.detail != "",
        details(summary(icon("chevron-right", 15), span(t("dead.trace"))), pre(Dead.detail, cls="well mono code", tab_index=0), cls="more"),
    )
    closed = div(
        p(t("dead.closed"), cls="muted"),
        div(button(t("dead.open"), "mail-open", on_click=Dead.open(Dead.letters[0].value)), cls="row"),
        cls="well col g3",
    )
    opened = div(which, facts, why, shown, trace, cls="col g3")
    return rx.cond(Dead.letter != "", opened, rx.cond(Dead.letters.length() > 0, closed))


def _going() -> rx.Component:
    acts = div(button(t("dead.going.look"), "refresh-cw", kind="sm", on_click=Dead.look_again), button(t("dead.going.stop"), "x", kind="sm", data_open="stop-letters"), cls="row end")
    said = p(t("dead.going", count=Dead.going, until=Dead.going_until), cls="strong grow", aria_live="polite")
    return rx.cond(Dead.going != "", div(icon("send", 17), said, acts, cls="note sent wrap"))


def _workbench() -> rx.Component:
    hue = rx.match(Dead.advice, ("retry", "note sent"), ("fix", "note accent"), ("drop", "note skipped"), "note held")
    likely = div(icon("lightbulb", 17), div(p(t("dead.likely"), cls="strong"), p(Dead.likely, cls="muted"), cls="grow"), cls=hue, role="status")
    open_ones = Dead.state == "open"
    rate = div(
        select("rate", [(one, t("dead.rate", rate=one)) for one in RATES], name=t("dead.rate.name"), cls="sm", value=Dead.rate, on_change=Dead.pick_rate),
        cls="rate",
    )
    acts = rx.cond(
        open_ones,
        div(
            button(t("dead.drop", amount=Dead.amount), "trash-2", kind="danger", data_open="drop-letters"),
            div(rate, button(t("dead.send", amount=Dead.amount), "refresh-cw", kind="pri", data_open="send-letters", disabled=(Dead.problem != "") | Dead.working), cls="row end"),
            cls="row wrap deadacts",
        ),
    )  # fmt: skip
    tryit = rx.cond(
        open_ones & (Dead.editable | (Dead.letter == "")),
        div(
            button(t("dead.try"), "list-checks", on_click=Dead.try_it, disabled=Dead.problem != ""),
            rx.cond(Dead.letter != "", button(t("dead.send.one"), "send", kind="ghost", data_open="send-letter", disabled=Dead.problem != "")),
            cls="row wrap",
        ),
    )
    return rx.cond(
        Dead.chosen != "",
        card(Dead.title, div(likely, _record(), tryit, _tried(), acts, cls="col g4"), sub=t("dead.bench.sub", amount=Dead.amount)),
        card(None, empty("mouse-pointer-click", t("dead.bench.none"), t("dead.bench.none.text")), flush=True),
    )


def _dialogs() -> list[rx.Component]:
    sending = modal(
        "send-letters",
        t("dead.send.ask", amount=Dead.amount),
        t("dead.send.text", rate=Dead.rate),
        rx.cond(Dead.changed, div(note("held", "pencil", t("dead.send.changed", amount=Dead.amount)), style={"margin_top": "12px"})),
        rx.cond(Dead.told != "", p(Dead.told, cls="well", style={"margin_top": "12px"}), p(t("dead.send.untried"), cls="cap faint", style={"margin_top": "12px"})),
        confirm=button(t("dead.send.act", amount=Dead.amount), "refresh-cw", kind="pri", on_click=Dead.send, data_close="1"),
    )  # fmt: skip
    dropping = modal(
        "drop-letters",
        t("dead.drop.ask", amount=Dead.amount),
        t("dead.drop.text"),
        confirm=button(t("dead.drop.act", amount=Dead.amount), "trash-2", kind="danger solid", on_click=Dead.drop, data_close="1"),
    )
    single = modal(
        "send-letter",
        t("dead.send.one.ask"),
        t("dead.send.one.text"),
        confirm=button(t("dead.send.one.act"), "send", kind="pri", on_click=Dead.send_one, data_close="1"),
    )
    stopping = modal(
        "stop-letters",
        t("dead.going.ask", count=Dead.going),
        t("dead.going.text"),
        confirm=button(t("dead.going.act"), "x", kind="danger solid", on_click=Dead.stop, data_close="1"),
    )
    return [sending, dropping, single, stopping]


@rx.page(PATH, title=t("dead.title") + " · Carillon", on_load=on_page(Dead.load))
def dead() -> rx.Component:
    body = div(
        _stats(),
        _going(),
        div(div(_groups(), cls="c7"), div(_workbench(), cls="c5"), cls="grid"),
        cls="col g4",
    )
    return shell(
        PATH,
        [(t("group.operate"), ""), (t("nav.dead"), "")],
        page_head(t("dead.title"), t("dead.sub")),
        page_body(Dead.trouble, Dead.again, waiting_cards(), body),
        *_dialogs(),
    )
