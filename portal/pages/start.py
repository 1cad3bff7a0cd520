"""First steps: the demo with its one way out, and after it the short list of what a real installation needs."""

import reflex as rx

from portal.components.controls import button
from portal.components.elements import dd, dialog_el, div, dl, dt, h2, h3, i, icon, li, ol, p, span
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card, note
from portal.components.text import t
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.start import PATH, FigureRow, PointRow, Start


def _figure(row: FigureRow) -> rx.Component:
    return div(dt(row.word, cls="cap muted"), dd(row.count, cls="num strong"), cls="col")


def _progress() -> rx.Component:
    bar = div(
        i(style={"width": Start.share}),
        cls="track lg",
        role="progressbar",
        aria_label=Start.gone_text,
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=Start.share.replace("%", ""),
    )
    go_on = rx.cond(~Start.going, div(button(t("demo.going.again"), "play", kind="pri", on_click=Start.leave), cls="row"))
    return div(p(Start.gone_text, cls="strong num", aria_live="polite"), bar, p(t("demo.going.text"), cls="muted"), go_on, cls="col g3")


def _demo() -> rx.Component:
    hue = rx.cond(Start.stage == "on", "tag delivered", "tag skipped")
    body = div(
        rx.cond(Start.writing != "", note("sent", "hourglass", Start.writing)),
        dl(rx.foreach(Start.figures, _figure), cls="demo-figures"),
        p(t("demo.safe"), cls="muted"),
        cls="col g4",
    )
    stop = rx.cond(Start.stage == "on", button(t("demo.stop"), "pause", on_click=Start.stop))
    real = button(t("demo.real"), "rocket", kind="pri", on_click=Start.ask, data_open="real")
    return card(
        t("demo.title"),
        rx.cond(Start.stage == "leaving", _progress(), body),
        actions=[span(Start.stage_word, cls=hue)],
        foot=[rx.cond(Start.stage == "leaving", rx.fragment(), div(real, stop, cls="row wrap"))],
    )


def _point(row: PointRow) -> rx.Component:
    mark = rx.cond(row.done, icon("circle-check-big", 20, class_name="good"), icon("circle", 20, class_name="faint"))
    there = rx.cond(
        row.href != "", button(row.act, href=row.href, kind="sm"), button(row.act, "radio-tower", kind="sm", on_click=Start.check)
    )
    words = div(
        div(h3(row.title), span(row.word, cls=rx.cond(row.done, "tag delivered", "tag skipped")), cls="row wrap"), p(row.text, cls="muted"), cls="col g1 grow"
    )
    return li(mark, words, rx.cond(row.done, rx.fragment(), there), cls="point")


def _checklist() -> rx.Component:
    return card(t("check.title"), ol(rx.foreach(Start.points, _point), cls="points"), actions=[span(Start.points_word, cls="cap muted num")], flush=True)


def _dialog() -> rx.Component:
    return dialog_el(
        h2(t("demo.real.title"), id="real-t"),
        div(rx.foreach(Start.asking, lambda sentence: p(sentence, cls="wrap")), cls="col g2", style={"margin_top": "8px"}),
        div(
            button(t("act.cancel"), data_close="1"),
            button(t("demo.real.act"), kind="danger solid", on_click=Start.leave, disabled=Start.asking.length() == 0),
            cls="acts",
        ),
        id="real",
        cls="modal",
        aria_labelledby="real-t",
        data_done=Start.done.to_string(),
    )


@rx.page(PATH, title=t("begin.title") + " · Carillon", on_load=on_page(Start.load))
def start() -> rx.Component:
    real = (Start.stage == "gone") | (Start.stage == "never")
    return shell(
        PATH,
        [(t("nav.start"), "")],
        page_head(t("begin.title"), rx.cond(real, t("begin.sub.real"), t("begin.sub"))),
        page_body(Start.trouble, Start.again, waiting_cards(), rx.cond(real, _checklist(), _demo())),
        _dialog(),
    )
