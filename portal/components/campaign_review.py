"""Step 5 of the builder: what will happen, why some wait or do not get it, the checks, and the dialogs that start it."""

from typing import Any

import reflex as rx

from portal.campaign_rows import ChannelSum, CheckRow, FactRow, OutcomeRow, ReasonRow
from portal.components.campaign_parts import sum_line
from portal.components.charts import shares
from portal.components.controls import button
from portal.components.elements import div, i, icon, li, p, span, tbody, td, tr, ul
from portal.components.overlays import ask
from portal.components.status import channel_icon, channel_word, pill_var
from portal.components.surfaces import card, note
from portal.components.table import table
from portal.components.text import t
from portal.states.campaign_review import Review

LOOKED = Review.told.outcomes.length() > 0


def outcome(one: OutcomeRow) -> rx.Component:
    return div(div(span(cls="dot " + one.hue), span(one.word), cls="row muted"), div(one.n, cls="bignum num"), p(one.note, cls="cap faint num"), cls="outc", key=one.key)


def reason(one: ReasonRow) -> rx.Component:
    why = td(div(channel_icon(one.channel, 14), span(channel_word(one.channel), cls="faint cap"), span(one.why), cls="row wrap"), rx.cond(one.until != "", p(one.until, cls="cap faint")), cls="full")
    return tr(
        td(pill_var(one.look)), why, td(span(one.planned, cls="num strong"), cls="r", custom_attrs={"data-l": t("fore.col.n")}), td(span(one.share, title=one.share_of, cls="num faint"), cls="r"), key=one.key,
    )  # fmt: skip


def _happens() -> rx.Component:
    again = rx.cond(Review.state != "counting", button(t("fore.again"), "refresh-cw", kind="sm", on_click=Review.begin), button(t("fore.stop"), "square", kind="sm", on_click=Review.stop))
    bar = div(
        div(i(cls="sent", style={"width": Review.width}), cls="track lg", role="progressbar", aria_label=t("fore.counting.name"), aria_valuetext=Review.counting), p(Review.counting, cls="muted num"),
        cls="col g2", aria_live="polite",
    )  # fmt: skip
    old = rx.cond(Review.state == "outdated", note("held", "history", t("fore.outdated"), t("fore.outdated.text")))
    failed = rx.cond((Review.state == "failed") | (Review.state == "stopped"), note("held", "circle-alert", rx.cond(Review.state == "failed", t("fore.failed"), t("fore.stopped")), Review.detail))
    some = div(
        p(Review.told.lead, cls="lead"), shares(Review.told.parts, Review.told.sum), div(rx.foreach(Review.told.outcomes, outcome), cls="row wrap outcs"), cls="col g3",
    )  # fmt: skip
    none = rx.cond((Review.state != "counting") & ~LOOKED & (Review.state != "failed"), p(t("fore.none"), cls="muted"))
    wrong = rx.cond(Review.wrong != "", note("failed", "circle-alert", t("fore.refused"), Review.wrong))
    sub = rx.cond(Review.told.sub != "", Review.told.sub, t("fore.happens.sub"))
    return card(t("fore.happens"), div(wrong, rx.cond(Review.state == "counting", bar), old, failed, rx.cond(LOOKED, some), none, cls="col g4"), sub=sub, actions=[again])


def _why() -> rx.Component:
    heads = [(t("fore.col.outcome"), ""), (t("fore.col.reason"), ""), (t("fore.col.n"), "r"), (t("fore.col.share"), "r")]
    rows = table(heads, tbody(rx.foreach(Review.told.reasons, reason)), name=t("fore.why"))
    body = rx.cond(Review.told.reasons.length() > 0, rows, p(t("fore.why.none"), cls="muted pad"))
    return rx.cond(LOOKED, card(t("fore.why"), body, foot=sum_line(Review.told.sum, Review.told.holds), sub=t("fore.unit"), flush=True))


def _channel(one: ChannelSum) -> rx.Component:
    return tr(
        td(div(channel_icon(one.channel, 15), span(channel_word(one.channel), cls="strong"), cls="row")), td(one.send, cls="r num", custom_attrs={"data-l": t("fore.send")}),
        td(one.hold, cls="r num", custom_attrs={"data-l": t("fore.hold")}), td(one.skip, cls="r num", custom_attrs={"data-l": t("fore.skip")}),
        td(one.planned, cls="r num strong", custom_attrs={"data-l": t("fore.col.all")}), key=one.channel,
    )  # fmt: skip


def _channels() -> rx.Component:
    heads = [(t("col.channel"), ""), (t("fore.send"), "r"), (t("fore.hold"), "r"), (t("fore.skip"), "r"), (t("fore.col.all"), "r")]

    def hour(one: FactRow) -> rx.Component:
        return li(span(one.word, cls="num grow"), span(one.text, cls="num strong"), cls="row")

    cost = rx.cond(Review.told.cost != "", p(icon("message-square-text", 15), span(Review.told.cost), cls="row pad"))
    later = rx.cond(Review.told.later.length() > 0, div(p(t("fore.later"), cls="strong"), ul(rx.foreach(Review.told.later, hour), cls="col g1"), cls="col g2 pad laterbox"))
    return rx.cond(LOOKED, card(t("fore.channels"), table(heads, tbody(rx.foreach(Review.told.channels, _channel)), name=t("fore.channels")), cost, later, flush=True))


def _check(one: CheckRow) -> rx.Component:
    face = rx.match(one.icon, ("circle-x", icon("circle-x", 15)), ("triangle-alert", icon("triangle-alert", 15)), ("users", icon("users", 15)), icon("check", 15))
    fix = rx.cond(one.act != "", button(one.act, kind="sm", on_click=Review.go_to(one.step)))
    return li(span(face, cls="ico sm " + one.hue), div(p(one.title, cls="strong"), rx.cond(one.text != "", p(one.text, cls="cap faint")), cls="grow"), fix)


def review() -> rx.Component:
    checks = rx.cond(Review.checks.length() > 0, card(t("fore.checks"), ul(rx.foreach(Review.checks, _check), cls="list"), flush=True))
    waits = rx.cond(Review.submitted != "", note("held", "eye", Review.submitted, t("rev.submitted.wait")))
    return rx.fragment(waits, _happens(), _why(), _channels(), checks)


def go_button() -> rx.Component:
    """The one primary act of the last step."""
    which = rx.cond(Review.told.must != "", "go-must", "go")
    start = button(Review.act, "send", kind="pri", data_open=which, disabled=Review.blocked)
    submit = button(t("rev.submit"), "eye", kind="pri", on_click=Review.submit, disabled=Review.blocked)
    look = button(t("rev.look"), "badge-check", kind="pri", href=Review.page)
    return rx.match(Review.go, ("submit", submit), ("approve", look), ("start", start), rx.fragment())


def dialogs() -> list[Any]:
    """Both repeat the number; one of them wants it typed."""
    return [
        ask("go", Review.ask, Review.ask_text, Review.ask_act, danger=False, on_click=Review.start),
        ask("go-must", Review.ask, Review.ask_text, Review.ask_act, must=Review.told.must, danger=False, on_click=Review.start),
    ]
