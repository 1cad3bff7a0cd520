"""Steps 3 and 4 of the builder: when and how fast; what is tried, and when it stops."""

import reflex as rx

from portal.campaign_draft import EXPIRES, METRICS, PRESETS
from portal.campaign_rows import FactRow
from portal.components.campaign_fields import RECOUNT, choice_card, numeric, picked, turn, typed
from portal.components.charts import shares
from portal.components.controls import field, text_input
from portal.components.elements import button_el, div, fieldset, i, icon, legend, li, p, span, ul
from portal.components.surfaces import card, note
from portal.components.text import t
from portal.states.campaign_edit import Builder
from portal.states.campaign_reach import Reach


def _zone() -> rx.Component:
    own = turn(t("cedit.own"), t("cedit.own.text"), Builder.own, Builder.pick_own)
    zone = rx.cond(~Builder.own, typed("zone", t("cedit.zone"), t("cedit.zone.hint"), spell_check=False, custom_attrs={"list": "c-zones"}))
    zones = rx.el.datalist(*[rx.el.option(value=one) for one in ("UTC", "Europe/Berlin", "Europe/London", "Europe/Oslo", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")], id="c-zones")
    return div(own, zone, zones, cls="col g3")


def _at() -> rx.Component:
    day, clock = typed("date", t("cedit.date"), None, kind="date"), typed("time", t("cedit.time"), None, kind="time")
    odd = rx.cond(Builder.odd != "", note("held", "clock-alert", Builder.odd))
    said = div(rx.cond(Builder.at != "", p(icon("calendar-check", 15), span(Builder.at), cls="row strong")), odd, cls="col g2", aria_live="polite")
    return div(div(day, clock, cls="grid2"), _zone(), said, cls="col g3 when")


def _again() -> rx.Component:
    chips = div(
        *[
            button_el(t(f"cedit.cron.{n}"), type="button", cls="chip", aria_pressed=rx.cond(Builder.form["cron"] == line, "true", "false"), on_click=Builder.pick_cron(line))
            for n, line in enumerate(PRESETS)
        ],
        cls="row wrap", role="group", aria_label=t("cedit.cron.presets"),
    )  # fmt: skip
    line = typed("cron", t("cedit.cron"), t("schedules.cron.hint"), cls="mono", spell_check=False, auto_capitalize="none")
    times = ul(rx.foreach(Builder.times, lambda one: li(one, cls="num")), cls="col g1")
    ahead = rx.cond(Builder.odd != "", note("failed", "circle-alert", t("schedules.wrong"), Builder.odd), div(p(t("schedules.ahead"), cls="cap faint"), times, cls="well col g2"))
    return div(chips, line, _zone(), div(ahead, aria_live="polite"), cls="col g3 when")


def _day(n: int) -> rx.Component:
    return button_el(
        t(f"cal.day.{n}"), type="button", cls="day wide", aria_pressed=rx.cond(Builder.days.contains(n), "true", "false"), on_click=Builder.turn_day(n), aria_label=t(f"day.{n}"),
    )  # fmt: skip


def delivery() -> rx.Component:
    def way(kind: str) -> rx.Component:
        return choice_card("kind", kind, t(f"cedit.kind.{kind}"), t(f"cedit.kind.{kind}.text"), Builder.kind == kind, Builder.pick_kind(kind))

    ways = fieldset(legend(t("cedit.when"), cls="sr"), div(*[way(kind) for kind in ("now", "at", "recurring")], cls="grid3"))
    kind = rx.match(Builder.kind, ("at", _at()), ("recurring", _again()), rx.fragment())
    wrong = rx.cond(Builder.problems["kind"] + Builder.problems["zone"] != "", p(Builder.problems["kind"], cls="down"))
    window = div(
        turn(t("cedit.window"), t("cedit.window.text"), Builder.windowed, Builder.pick_window),
        rx.cond(
            Builder.windowed,
            div(
                div(typed("start", t("cedit.start"), None, kind="time"), typed("end", t("cedit.end"), None, kind="time"), cls="grid2"),
                div(*[_day(n) for n in range(7)], cls="row wrap", role="group", aria_label=t("cedit.window.days")), cls="col g3 inset2",
            ),
        ),
        cls="col g3",
    )  # fmt: skip
    useless = picked("expires", t("cedit.expires"), [(str(n), t(f"cedit.expires.{n}")) for n in EXPIRES], t("cedit.expires.hint"), other=Builder.useless)
    pace = numeric("pace", t("cedit.pace"), t("cedit.pace.unit"), t("cedit.pace.hint"), after=RECOUNT)
    second = turn(t("cedit.approval"), t("cedit.approval.text"), Builder.approval, Builder.pick_approval)
    return rx.fragment(
        card(t("cedit.when"), div(ways, kind, wrong, cls="col g4")),
        card(t("cedit.respect"), div(p(icon("moon", 15), span(t("cedit.quiet")), cls="row muted"), window, div(pace, useless, cls="grid2"), cls="col g4")),
        card(t("cedit.second"), second),
    )


def _legend(one: FactRow) -> rx.Component:
    return li(i(cls="dot " + one.note, aria_hidden="true"), span(one.word), span(one.text, cls="num strong"), cls="row")


def _guard(name: str) -> rx.Component:
    limit = rx.cond(Builder.guards[name], numeric(name, t(f"cedit.guard.{name}.limit"), "%"))
    return div(turn(t(f"cedit.guard.{name}"), t(f"cedit.guard.{name}.text"), Builder.guards[name], lambda on: Builder.turn_guard(name, on)), limit, cls="col g2")


def trial() -> rx.Component:
    """What is tried; with one message alone, whether a group gets none."""
    nothing = rx.cond(~Builder.several, note("queued", "flask-conical", t("cedit.one"), t("cedit.one.text")))
    holdout = numeric("holdout", t("cedit.holdout"), "%", t("cedit.holdout.hint"), after=RECOUNT)
    metric = picked("metric", t("cedit.metric"), [(one, t(f"cedit.metric.{one}")) for one in METRICS], None)
    raw = rx.cond(Builder.metric == "opened", note("held", "triangle-alert", t("cedit.opened"), t("cedit.opened.text")))
    event = rx.cond(
        Builder.metric == "converted",
        div(typed("event", t("cedit.event"), t("cedit.event.hint"), spell_check=False, cls="mono"), numeric("window_days", t("cedit.window_days"), t("cedit.days")), cls="grid2"),
    )
    gain = numeric("gain", t("cedit.gain"), t("cedit.gain.unit"), t("cedit.gain.hint"), after=RECOUNT)
    share = rx.cond(Builder.several, numeric("share", t("cedit.share"), "%", t("cedit.share.hint"), after=RECOUNT))
    winner = rx.cond(Builder.several, picked("winner", t("cedit.winner"), [(one, t(f"cedit.winner.{one}")) for one in ("ask", "roll_out")], t("cedit.winner.hint")))
    least = numeric("least", t("cedit.least"), t("cedit.people"), t("cedit.least.hint"))
    days = numeric("days", t("cedit.fullweek"), t("cedit.days"), t("cedit.fullweek.hint"))
    rate = field(
        t("cedit.rate"), text_input("c-rate", default_value=Reach.rate, on_blur=Reach.reckon, input_mode="decimal", cls="num", auto_complete="off"), t("cedit.rate.hint"), Reach.rate_wrong,
    )  # fmt: skip
    sizes = rx.cond(Reach.sizes != "", p(rx.cond(Reach.enough == "no", icon("triangle-alert", 15), icon("check", 15)), span(Reach.sizes), cls="row top muted", aria_live="polite"))
    split = rx.cond(
        Reach.split.length() > 0,
        card(t("cedit.split"), div(shares(Reach.split, t("cedit.split")), ul(rx.foreach(Reach.legend, _legend), cls="legend"), cls="col g3"), sub=t("cedit.split.sub")),
    )
    measures = rx.fragment(
        card(t("cedit.measure"), div(div(metric, gain, cls="grid2"), raw, event, div(share, winner, cls="grid2"), div(least, days, cls="grid2"), cls="col g4"), sub=t("cedit.measure.sub")),
        split,
        card(t("cedit.calculator"), div(div(rate, cls="shortfield"), sizes, cls="col g3"), sub=t("cedit.calculator.sub")),
        rx.cond(Builder.several, card(t("cedit.guards"), div(*[_guard(name) for name in ("unsubscribed", "complained", "bounced")], cls="col g4"), sub=t("cedit.guards.sub"))),
    )
    return rx.fragment(card(t("cedit.hold"), div(nothing, holdout, cls="col g4")), rx.cond(Builder.trying, measures))
