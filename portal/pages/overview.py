"""Overview: a day in numbers that balance, what is sent now, what is wrong and what comes next."""

from typing import Any

import reflex as rx

from portal.components.charts import chart_card, columns, funnel, shares, stat, stats
from portal.components.controls import button
from portal.components.elements import a, div, icon, li, ol, p, span, tbody, td, tr, ul
from portal.components.places import page_body
from portal.components.status import channel_icon, channel_word
from portal.components.surfaces import card, note
from portal.components.table import table
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.overview_rows import AheadRow, ChannelRow, LaneRow, ProblemRow, RestRow, SendRow, StartRow
from portal.overview_words import ICONS
from portal.shell import page_head, shell
from portal.states.overview import PATH, Overview


def _icon(name: rx.Var, size: int = 15) -> rx.Component:
    return rx.match(name, *[(one, icon(one, size)) for one in ICONS.values() if one != "siren"], icon("siren", size))


def _tiles() -> rx.Component:
    def tile(name: rx.Var, one: rx.Var, hue: str) -> rx.Component:
        return stat(name, one.value, one.unit, one.change, one.mood, one.note, one.spark, exact=one.exact, hue=hue)

    return stats(
        tile(t("overview.accepted"), Overview.accepted, "accent"),
        tile(t("overview.delivered"), Overview.delivered, "delivered"),
        tile(t("overview.time"), Overview.time, "sent"),
        tile(t("overview.unsubscribed"), Overview.left, "failed"),
    )


def _send(row: SendRow) -> rx.Component:
    return li(
        div(
            div(a(row.title, href="/events/" + row.id, cls="strong rowlink clip"), span(row.facts, cls="cap faint clip"), cls="row between"),
            shares(row.parts, t("overview.send.bar")),
            div(span(row.done, cls="num cap"), span(row.left, cls="num cap faint"), cls="row between wrap"),
            cls="col g2 grow",
        ),
    )


def _lane(row: LaneRow) -> rx.Component:
    return div(div(span(cls="dot " + row.hue), span(row.word), cls="row"), span(row.waiting, cls="strong num"), cls="lane")


def _now() -> rx.Component:
    dot = span(cls=rx.cond(Overview.going, "dot live delivered", "dot"))
    rate = div(dot, span(Overview.rate, cls="num cap", aria_live="off"), cls="row")
    going = rx.cond(
        Overview.sends.length() > 0,
        ul(rx.foreach(Overview.sends, _send), cls="list"),
        p(t("overview.now.none"), cls="muted quiet"),
    )
    lanes = div(rx.foreach(Overview.lanes, _lane), cls="lanes", role="group", aria_label=t("overview.lanes"))
    foot = [a(t("nav.events"), href="/events", cls="link"), span(t("overview.live"), cls="cap faint end")]
    return card(t("overview.now"), going, lanes, sub=t("overview.now.sub"), actions=[rate], foot=foot, flush=True, cls="lanecard")


def _rest(row: RestRow) -> rx.Component:
    return li(span(cls="dot " + row.hue), a(row.word, href=row.href, cls="rowlink"), span(row.count, cls="strong num"), cls="row")


def _flow() -> rx.Component:
    even = rx.cond(Overview.balances, icon("scale", 14), icon("triangle-alert", 14, class_name="bad"))
    return card(
        t("overview.flow"),
        funnel(Overview.steps),
        ul(rx.foreach(Overview.rest, _rest), cls="rest", aria_label=t("overview.rest")),
        sub=t("overview.flow.sub"),
        foot=div(even, span(Overview.sum, cls="num cap"), cls="row top"),
    )


def _may_follow(row: ProblemRow) -> Any:
    """Whether there is somewhere to go, and the reader may go there."""
    letters, demo = row.href != "/dead", row.href != "/start"
    return (row.href != "") & (letters | Frame.may.contains("operate")) & (demo | Frame.may.contains("accounts.write"))


def _problem(row: ProblemRow) -> rx.Component:
    return li(
        span(_icon(row.icon), cls="ico " + row.hue),
        div(
            p(row.title, cls="strong"),
            rx.cond(row.text != "", p(row.text, cls="cap muted")),
            rx.cond(_may_follow(row), a(row.act, href=row.href, cls="link cap")),
            cls="grow",
        ),
        span(row.since, title=row.exact, cls="cap faint num nowrap"),
        key=row.key,
        cls="top",
    )


def _problems() -> rx.Component:
    well = div(
        span(icon("check", 16), cls="ico delivered"),
        div(p(t("overview.problems.well"), cls="strong"), p(t("overview.problems.well.text"), cls="cap muted")),
        cls="row top quiet",
    )
    rows = rx.cond(Overview.problems.length() > 0, ul(rx.foreach(Overview.problems, _problem), cls="list"), well)
    return card(t("overview.problems"), rows, sub=Overview.problems_text, flush=True)


def _ahead(row: AheadRow) -> rx.Component:
    return li(
        div(span(row.day, cls="cap faint"), span(row.time, cls="strong num"), cls="col when", title=row.exact),
        div(a(row.title, href=row.href, cls="strong rowlink clip"), p(row.text, cls="cap muted clip"), cls="grow clip"),
        span(row.count, cls="num muted"),
        key=row.key,
    )


def _next() -> rx.Component:
    rows = rx.cond(Overview.ahead.length() > 0, ol(rx.foreach(Overview.ahead, _ahead), cls="list"), p(t("overview.ahead.none"), cls="muted quiet"))
    return card(t("overview.ahead"), rows, foot=a(t("overview.ahead.all"), href="/deliveries?state=held", cls="link"), flush=True)


def _channel(row: ChannelRow) -> rx.Component:
    def number(value: rx.Var, label: str, exact: rx.Var | None = None) -> rx.Component:
        said = span(value, cls="num") if exact is None else span(value, cls="num tip", title=exact, tab_index=0)
        return td(said, cls="r", custom_attrs={"data-l": t(label)})

    return tr(
        td(span(span(channel_icon(row.channel, 14), cls="ico sm"), channel_word(row.channel), cls="row strong")),
        number(row.accepted, "overview.col.accepted"),
        number(row.sent, "overview.col.sent"),
        number(row.delivered, "overview.col.delivered", row.delivered_of),
        number(row.failed, "overview.col.failed", row.failed_of),
        number(row.waiting, "overview.col.waiting"),
        number(row.median, "overview.col.median", row.median_of),
    )


def _channels() -> rx.Component:
    columns = ("accepted", "sent", "delivered", "failed", "waiting", "median")
    heads = [(t("col.channel"), ""), *[(t(f"overview.col.{name}"), "r") for name in columns]]
    rows = table(heads, tbody(rx.foreach(Overview.channels, _channel)), name=t("overview.channels"))
    return card(t("overview.channels"), rows, sub=t("overview.channels.sub"), foot=span(Overview.fresh, cls="cap faint"), flush=True)


def _hours() -> rx.Component:
    drawing = columns(Overview.hours, Overview.columns, Overview.top)
    return chart_card(t("overview.hours"), t("overview.hours.sub"), Overview.hours, height=170, none=t("overview.hours.none"), drawing=drawing)


def _start(row: StartRow) -> rx.Component:
    mark = rx.cond(row.done, span(icon("check", 16), cls="ico delivered"), span(row.number, cls="ico strong num"))
    said = rx.cond(row.done, span(t("start.done"), cls="sr"), span(t("start.open"), cls="sr"))
    return li(
        mark,
        div(div(p(row.title, cls="strong"), said, cls="row"), p(row.text, cls="muted"), cls="grow"),
        rx.cond(row.done, rx.fragment(), a(span(row.act), href=row.href, cls="btn")),
    )


def _body() -> rx.Component:
    grave = rx.cond(
        Overview.note.key != "",
        note(
            "failed", "triangle-alert", Overview.note.title, Overview.note.text,
            rx.cond(_may_follow(Overview.note), a(span(Overview.note.act), href=Overview.note.href, cls="btn")), style={"margin_bottom": "16px"},
        ),
    )  # fmt: skip
    first = card(t("start.title"), ol(rx.foreach(Overview.start, _start), cls="list start"), sub=t("start.sub"), flush=True)
    numbers = rx.cond(Overview.begun, _tiles(), first)
    left, right = div(_now(), _hours(), _channels(), cls="col g4 c8"), div(_problems(), _flow(), _next(), cls="col g4 c4 ahead")
    below = div(left, right, cls="grid", style={"margin_top": "16px"})
    return div(grave, numbers, below, cls="overview")


def _waiting() -> rx.Component:
    bars = [div(cls="skel", style={"width": width, "margin_bottom": "14px"}) for width in ("38%", "100%", "92%", "64%")]
    cards = [div(*bars, cls=f"card {cls} waitcard") for cls in ("c12", "c8", "c4", "c8", "c4")]
    return div(*cards, cls="grid late", aria_hidden="true")


@rx.page(PATH, title=t("overview.title") + " · Carillon", on_load=on_page(Overview.load, Overview.follow))
def overview() -> rx.Component:
    act = rx.cond(Frame.may.contains("events.send"), button(t("nav.send"), "send", kind="pri", href="/send"))
    head = page_head(t("overview.title"), t("overview.sub"), act)
    return shell(PATH, [(t("nav.overview"), "")], head, page_body(Overview.trouble, Overview.again, _waiting(), _body()))
