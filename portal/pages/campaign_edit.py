"""The builder: a campaign in five steps, with what it reaches and what it plans always beside it."""

import reflex as rx

from portal.campaign_rows import TornField
from portal.components import campaign_review
from portal.components.campaign_audience import audience, rail, unsaved
from portal.components.campaign_delivery import delivery, trial
from portal.components.campaign_messages import messages, specimen
from portal.components.campaign_parts import state_pill
from portal.components.controls import button
from portal.components.elements import a, div, fieldset, icon, input_el, label, legend, li, nav, ol, p, plain_link, span, ul
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.surfaces import card, empty, note
from portal.components.text import t
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.campaign_edit import STEPS, Builder
from portal.states.campaign_reach import Reach
from portal.states.campaign_review import Review
from portal.states.campaign_specimen import Specimen
from portal.states.campaign_whom import Whom

ROUTE = "/campaigns/[campaign]/edit"
WORDS = ("messages", "audience", "delivery", "experiment", "review")
HERE = "/campaigns/" + Builder.key


def _step(n: int) -> rx.Component:
    word, current, done = t(f"cedit.step.{WORDS[n - 1]}"), Builder.step == n, Builder.done[n - 1]
    number = span(rx.cond(done & ~current, icon("check", 12), str(n)), cls="n", aria_hidden="true")
    name = t("cedit.step", n=str(n), name=word)
    link = a(span(name, cls="sr"), number, span(word, cls="t", aria_hidden="true"), href=HERE + f"/edit?step={n}", aria_current=rx.cond(current, "step", "false"))
    return li(link, cls=rx.cond(done & ~current, "done", ""))


def stepper() -> rx.Component:
    return nav(ol(*[_step(n + 1) for n in range(STEPS)], cls="steps"), aria_label=t("cedit.steps"))


def _torn_row(one: TornField) -> rx.Component:
    def side(which: str, text: rx.Var) -> rx.Component:
        return label(
            input_el(type="radio", cls="check", name="torn-" + one.key, checked=one.pick == which, on_change=Builder.pick_torn(one.key, which)),
            div(span(t(f"cedit.torn.{which}"), cls="cap faint"), span(text), cls="col grow"), cls="opt top",
        )  # fmt: skip

    return li(fieldset(legend(one.title, cls="strong"), div(side("mine", one.mine), side("theirs", one.theirs), cls="grid2"), cls="field"), key=one.key)


def _torn() -> rx.Component:
    """Both changed the same part: both are shown, nothing is lost, one of them is chosen."""
    rows = ul(rx.foreach(Builder.torn, _torn_row), cls="col g4")
    return rx.cond(
        Builder.torn.length() > 0,
        card(Builder.torn_by, div(p(t("cedit.torn.text"), cls="muted"), rows, button(t("cedit.torn.act"), "check", kind="pri", on_click=Builder.settle), cls="col g4"), role="alert", id="torn"),
    )


def _foot() -> rx.Component:
    saved = rx.cond(
        Builder.unsaved != "", span(icon("cloud-off", 15), span(Builder.unsaved), cls="row cap down", role="alert"), span(icon("cloud", 15), span(Builder.saved), cls="row cap muted", aria_live="polite"),
    )  # fmt: skip
    back = rx.cond(Builder.step > 1, button(t("cedit.back"), href=HERE + "/edit?step=" + (Builder.step - 1).to_string()))
    on = button(t("cedit.continue"), "arrow-right", kind="pri rev", href=HERE + "/edit?step=" + (Builder.step + 1).to_string())
    choose = rx.cond(Builder.torn.length() > 0, plain_link(t("cedit.torn.go"), href="#torn", cls="btn sm"))
    made = rx.cond(Builder.waits, rx.fragment(button(t("cedit.drop"), kind="ghost", on_click=Builder.drop), button(t("cedit.apply"), "git-branch", data_open="apply-version")))
    return div(saved, choose, unsaved(), span(cls="grow"), made, back, rx.cond(Builder.step < STEPS, on, campaign_review.go_button()), cls="foot")


def _apply() -> rx.Component:
    act = button(t("cedit.apply.act"), "git-branch", kind="pri", on_click=Builder.apply, data_close="1")
    return modal("apply-version", t("cedit.apply.ask", name=Builder.name), t("cedit.apply.text"), confirm=act)


@rx.page(ROUTE, title=t("cedit.page") + " · Carillon", on_load=on_page(Builder.load, Reach.count, Whom.open, Review.open))
def campaign_edit() -> rx.Component:
    gone = card(None, empty("megaphone", t("cedit.gone"), Builder.gone, button(t("cedit.all"), href="/campaigns")), flush=True)
    locked = rx.cond(Builder.locked != "", note("held", "lock", Builder.locked, t("cedit.locked.text"), button(t("cedit.locked.act"), kind="sm", href=HERE)))
    version = rx.cond(Builder.live & (Builder.locked == ""), note("sent", "git-branch", t("cedit.version", n=Builder.version.to_string()), t("cedit.version.text")))
    asked = rx.cond((Builder.state == "review") | (Builder.state == "approved"), note("held", "eye", t("cedit.asked"), t("cedit.asked.text")))
    wrong = rx.cond(Builder.problems["all"] != "", note("failed", "circle-alert", t("cedit.refused"), Builder.problems["all"]))
    steps = rx.match(Builder.step, (2, audience()), (3, delivery()), (4, trial()), (5, campaign_review.review()), messages())
    left = div(locked, rx.cond(Builder.step < STEPS, rx.fragment(version, asked)), wrong, _torn(), div(steps, cls="col g4", key=Builder.step.to_string()), cls="col g4 c8")
    whole = div(left, div(rail(), cls="c4"), cls="grid")
    body = rx.cond(Builder.gone != "", gone, div(stepper(), whole))
    test = button(t("cedit.test"), "send", data_open="specimen", on_click=Specimen.open(0))
    head = rx.cond(Builder.gone == "", page_head(Builder.name, None, test, button(t("cedit.close"), href="/campaigns"), badge=state_pill(Builder.state)))
    foot = rx.cond(Builder.gone == "", _foot())
    return shell(
        "/campaigns", [(t("nav.campaigns"), "/campaigns"), (Builder.name, "")], head, page_body(Builder.trouble, Builder.again, waiting_cards(), body), foot, specimen(), *campaign_review.dialogs(), _apply(),
    )  # fmt: skip
