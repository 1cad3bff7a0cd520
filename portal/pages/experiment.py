"""An experiment: the verdict in a sentence, its course, why it may be trusted, the messages on one scale, guardrails, and a second view."""

import reflex as rx

from portal.components.charts import chart_card
from portal.components.controls import button, field
from portal.components.elements import a, div, i, icon, li, p, select_el, span, tbody, td, tr, ul
from portal.components.overlays import ask
from portal.components.places import page_body, waiting_cards
from portal.components.sample_size import sample_size
from portal.components.surfaces import card, empty
from portal.components.table import table
from portal.components.text import t
from portal.components.typed_form import form_dialog
from portal.experiment_rows import ArmRow, GuardRow, TrustRow
from portal.experiment_words import ICONS
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.experiment import PATH, Experiment

CAN = Experiment.can


def _verdict() -> rx.Component:
    face = rx.match(Experiment.state, *[(state, icon(name, 20)) for state, name in ICONS.items()], icon("flask-conical", 20))
    return div(
        span(face, cls="ico " + Experiment.look), div(p(Experiment.sentence, cls="lead"), p(Experiment.explained, cls="muted"), cls="grow"),
        cls="card verdict", aria_live="polite",
    )  # fmt: skip


def _trust(one: TrustRow) -> rx.Component:
    names = ("scale", "users", "calendar-check", "bot")
    face = rx.match(one.icon, *[(name, icon(name, 15)) for name in names], icon("circle", 15))
    return li(span(face, cls="ico sm " + one.look), div(p(one.title, cls="strong"), p(one.text, cls="muted cap"), cls="grow"), cls="row top")


def _arm(one: ArmRow) -> rx.Component:
    tag = rx.cond(one.tag != "", span(one.tag, cls="tag " + one.tag_look))
    name = div(span(one.letter, cls="armletter", style={"background": one.colour}, aria_hidden="true"), div(span(one.name, cls="strong"), div(span(one.facts, cls="cap faint"), tag, cls="row"), cls="col"), cls="row")
    whisk = div(
        i(style={"left": one.left, "width": one.width, "background": one.colour, "opacity": ".4"}), i(cls="pt", style={"left": one.at, "background": one.colour}),
        cls="whisk", aria_hidden="true",
    )  # fmt: skip
    return tr(
        td(name, cls="full"), td(span(one.people, cls="num"), cls="r", custom_attrs={"data-l": t("exp.col.assigned")}),
        td(span(one.hits, cls="num"), cls="r", custom_attrs={"data-l": t("exp.col.hits")}),
        td(span(one.rate, cls="num strong", title=one.rate_of), cls="r", custom_attrs={"data-l": t("exp.col.rate")}),
        td(div(whisk, p(one.interval, cls="cap num muted"), rx.cond(one.sure != "", p(one.sure, cls="cap num faint")), cls="col armspan"), cls="full"), key=one.key,
    )  # fmt: skip


def _arms() -> rx.Component:
    heads = [(t("exp.col.message"), ""), (t("exp.col.assigned"), "r"), (t("exp.col.hits"), "r"), (t("exp.col.rate"), "r"), (t("exp.col.interval"), "")]
    under = [icon("info", 15), span(rx.cond(Experiment.holdout != "", Experiment.holdout, t("exp.arms.note")), cls="grow")]
    return card(t("exp.arms"), table(heads, tbody(rx.foreach(Experiment.arms, _arm)), name=t("exp.arms")), foot=under, flush=True, cls="c8")


def _guard(one: GuardRow) -> rx.Component:
    mark = rx.cond(one.ok, span(icon("check", 15), span(one.state, cls="sr"), cls="ico sm delivered"), span(icon("octagon-alert", 15), span(one.state, cls="sr"), cls="ico sm failed"))
    return li(div(p(one.name, cls="strong"), p(one.text, cls="muted cap num"), cls="grow"), span(one.limit, cls="tag skipped"), mark, cls="row", key=one.name)


def _chance(one: ArmRow) -> rx.Component:
    track = div(i(cls="engaged", style={"width": one.chance_width}), cls="track", aria_hidden="true")
    return rx.cond(one.chance != "", li(div(p(one.chance), track, cls="grow col g2"), cls="row", key=one.key))


def _dialogs() -> list[rx.Component]:
    which = select_el(
        rx.foreach(Experiment.offered, lambda one: rx.el.option(one.text, value=one.value)), id="send-variant", name="variant", cls="select",
        default_value=Experiment.chosen, key=Experiment.chosen,
    )  # fmt: skip
    send = form_dialog(
        "send-rest", t("exp.send.title"), Experiment.send_text, field(t("exp.send.which"), which), wrong=Experiment.wrong, act=Experiment.send_act,
        on_submit=Experiment.send, done=Experiment.asked,
    )  # fmt: skip
    return [send, ask("end-experiment", t("exp.end.title"), t("exp.end.text"), t("exp.end.act"), danger=False, on_click=Experiment.end)]


@rx.page(f"{PATH}/[experiment]", title=t("exp.col.experiment") + " · Carillon", on_load=on_page(Experiment.load))
def experiment() -> rx.Component:
    gone = card(None, empty("flask-conical", t("exp.gone"), Experiment.gone, button(t("exp.all"), href=PATH)), flush=True)
    course = chart_card(t("exp.course"), Experiment.course_sub, Experiment.course, height=300, none=t("exp.course.none"), cls="c8")
    trust = card(t("exp.trust"), ul(rx.foreach(Experiment.trust, _trust), cls="list"), flush=True, cls="c4")
    guards = rx.cond(Experiment.guards.length() > 0, ul(rx.foreach(Experiment.guards, _guard), cls="list"), p(t("exp.guards.none"), cls="muted pad"))
    side = card(t("exp.guards"), guards, sub=t("exp.guards.sub"), flush=True, cls="c4")
    bayes = rx.cond(Experiment.several, card(t("exp.bayes"), ul(rx.foreach(Experiment.arms, _chance), cls="list"), sub=t("exp.bayes.sub"), flush=True, cls="c8"))
    grid = div(course, trust, _arms(), side, bayes, sample_size(cls="c4"), cls="grid")
    body = rx.cond(Experiment.gone != "", gone, div(_verdict(), grid, cls="col g4"))
    acts = [
        rx.cond(CAN.contains("end"), button(t("exp.end"), "flag", data_open="end-experiment")), a(t("exp.campaign"), href="/campaigns/" + Experiment.key, cls="btn"),
        rx.cond(CAN.contains("roll_out"), button(t("exp.send"), "send", kind="pri", data_open="send-rest")),
    ]  # fmt: skip
    head = page_head(
        Experiment.name, rx.cond(Experiment.gone == "", Experiment.sub, ""), *[rx.cond(Experiment.gone == "", rx.fragment(*acts))],
        badge=rx.cond(Experiment.badge != "", span(Experiment.badge, cls="tag " + Experiment.look)),
    )  # fmt: skip
    return shell(PATH, [(t("nav.experiments"), PATH), (Experiment.name, "")], head, page_body(Experiment.trouble, Experiment.again, waiting_cards(), body), *_dialogs())
