"""A campaign that runs or has run: its state in a sentence, plan beside fact, the ledger, and everybody it was for."""

import reflex as rx

from portal.campaign_rows import CheckRow, DifferRow, MessageRow, PersonRow, ReasonRow, RunRow, VersionRow, WaveRow
from portal.components.campaign_parts import facts, state_pill, sum_line
from portal.components.campaign_review import outcome, reason
from portal.components.charts import shares
from portal.components.controls import button, text_area
from portal.components.elements import a, div, i, icon, li, p, span, tbody, td, tr, ul
from portal.components.overlays import modal
from portal.components.places import page_body, waiting_cards
from portal.components.status import channel_icon, channel_word, pill_var
from portal.components.surfaces import card, empty, note
from portal.components.table import pager, table
from portal.components.text import t
from portal.components.typed_form import form_dialog, plain_field
from portal.frame import Frame, on_page
from portal.shell import page_head, shell
from portal.states.campaign import CampaignPage
from portal.states.campaign_fact import OUTCOMES, CampaignFact, CampaignPeople
from portal.states.campaign_next import CampaignNext

ROUTE = "/campaigns/[campaign]"
HERE = "/campaigns/" + CampaignPage.key
CAN = CampaignPage.can


def _acts() -> list[rx.Component]:
    """One primary act, those that are close by, and a menu of the others."""
    edit = rx.cond(CAN.contains("edit"), button(rx.cond(CampaignPage.version > 0, t("crun.act.version"), t("crun.act.edit")), "pencil", href=HERE + "/edit?step=1"))
    pause = rx.cond(CAN.contains("pause"), button(t("crun.act.pause"), "pause", kind="pri", on_click=CampaignPage.pause))
    resume = rx.cond(CAN.contains("resume"), button(t("crun.act.resume"), "play", kind="pri", on_click=CampaignPage.resume))
    cancel = rx.cond(CAN.contains("cancel"), button(t("crun.act.cancel"), "circle-x", kind="danger", data_open="cancel-campaign"))
    approve = rx.cond(CAN.contains("approve"), button(t("crun.act.approve"), "badge-check", kind="pri", on_click=CampaignPage.approve))
    reject = rx.cond(CAN.contains("reject"), button(t("crun.act.reject"), "undo-2", data_open="reject-campaign"))
    start = rx.cond(CAN.contains("start") & ~CAN.contains("approve"), button(t("crun.act.start"), "list-checks", kind="pri", href=HERE + "/edit?step=5"))
    copy = rx.cond(CAN.contains("duplicate"), button(t("crun.act.duplicate"), "copy", data_open="copy-campaign"))
    gone = rx.cond(CAN.contains("delete"), button(t("crun.act.delete"), "trash-2", data_open="delete-campaign"))
    return [gone, copy, cancel, reject, edit, start, approve, resume, pause]


def _progress() -> rx.Component:
    people = div(
        div(span(CampaignPage.done, cls="strong num"), span(cls="grow"), span(CampaignPage.rate, cls="muted num"), cls="row wrap"),
        div(i(cls="sent", style={"width": CampaignPage.width}), cls="track lg", role="progressbar", aria_label=t("crun.progress"), aria_valuetext=CampaignPage.done), cls="col g2", aria_live="polite",
    )  # fmt: skip
    parts = div(rx.foreach(CampaignPage.sums, lambda row: i(cls="seg-" + row.look, style={"width": row.share})), cls="track lg", role="img", aria_label=CampaignPage.sum)
    ledger = div(parts, sum_line(CampaignPage.sum, CampaignPage.holds), cls="col g2")
    return card(
        t("crun.progress"), div(people, rx.cond(CampaignPage.sums.length() > 0, ledger), cls="col g4"), sub=t("crun.progress.sub"),
        foot=[span(t("crun.ledger"), cls="grow"), a(t("crun.event"), href="/deliveries?event=" + CampaignPage.run, cls="link")],
    )  # fmt: skip


def _reason(one: ReasonRow) -> rx.Component:
    why = td(div(channel_icon(one.channel, 14), span(channel_word(one.channel), cls="faint cap"), span(one.why), cls="row wrap"), cls="full")
    gap = rx.cond((one.fact == "") | CampaignFact.going, span("–", cls="faint"), rx.cond(one.gap != "", span(one.gap, cls="num flat"), span(t("crun.same"), cls="faint")))
    return tr(
        td(pill_var(one.look)), why, td(one.planned, cls="r num", custom_attrs={"data-l": t("crun.col.plan")}), td(rx.cond(one.fact == "", "–", one.fact), cls="r num strong", custom_attrs={"data-l": t("crun.col.fact")}),
        td(gap, cls="r", custom_attrs={"data-l": t("crun.col.gap")}), key=one.key,
    )  # fmt: skip


def _differ(one: DifferRow) -> rx.Component:
    return tr(
        td(div(channel_icon(one.channel, 14), span(one.foreseen), cls="row")), td(span(one.fact), custom_attrs={"data-l": t("crun.col.became")}), td(span(one.cause, cls="strong"), cls="full"),
        td(one.n, cls="r num", custom_attrs={"data-l": t("fore.col.n")}), td(span(one.time, cls="num cap faint")),
    )  # fmt: skip


def _fact() -> rx.Component:
    heads = [(t("fore.col.outcome"), ""), (t("fore.col.reason"), ""), (t("crun.col.plan"), "r"), (t("crun.col.fact"), "r"), (t("crun.col.gap"), "r")]
    rows = rx.cond(CampaignFact.told.reasons.length() > 0, table(heads, tbody(rx.foreach(CampaignFact.told.reasons, _reason)), name=t("crun.fact")))
    said = div(span(rx.cond(CampaignFact.even, icon("scale", 15), icon("arrow-left-right", 15))), span(CampaignFact.equal, cls="strong"), cls="row pad", aria_live="polite")
    head = div(shares(CampaignFact.told.parts, CampaignFact.told.sum), div(rx.foreach(CampaignFact.told.outcomes, outcome), cls="row wrap outcs"), cls="col g3 pad")
    causes = [(t("crun.col.foreseen"), ""), (t("crun.col.became"), ""), (t("crun.col.cause"), ""), (t("fore.col.n"), "r"), (t("crun.col.time"), "")]
    why = rx.cond(
        CampaignFact.differences.length() > 0,
        card(t("crun.differences"), table(causes, tbody(rx.foreach(CampaignFact.differences, _differ)), name=t("crun.differences")), flush=True),
    )
    plan = card(t("crun.fact"), said, head, rows, foot=sum_line(CampaignFact.told.sum, CampaignFact.told.holds), sub=t("crun.fact.sub"), flush=True)
    return rx.cond(CampaignFact.there, rx.fragment(plan, why))


def _ahead() -> rx.Component:
    """What the dry run says, for whoever is asked to say yes."""
    heads = [(t("fore.col.outcome"), ""), (t("fore.col.reason"), ""), (t("fore.col.n"), "r"), (t("fore.col.share"), "r")]
    rows = rx.cond(CampaignFact.told.reasons.length() > 0, table(heads, tbody(rx.foreach(CampaignFact.told.reasons, reason)), name=t("fore.why")))
    head = div(p(CampaignFact.told.lead, cls="strong"), shares(CampaignFact.told.parts, CampaignFact.told.sum), div(rx.foreach(CampaignFact.told.outcomes, outcome), cls="row wrap outcs"), cls="col g3 pad")
    return rx.cond(CampaignFact.ahead, card(t("fore.happens"), head, rows, foot=sum_line(CampaignFact.told.sum, CampaignFact.told.holds), sub=CampaignFact.told.sub, flush=True))


def _next() -> rx.Component:
    """The next time of one that goes again and again, by its dry run."""
    page = CampaignNext
    heads = [(t("fore.col.outcome"), ""), (t("fore.col.reason"), ""), (t("fore.col.n"), "r"), (t("fore.col.share"), "r")]
    rows = rx.cond(page.told.reasons.length() > 0, table(heads, tbody(rx.foreach(page.told.reasons, reason)), name=t("fore.why")))
    old = rx.cond(page.state == "outdated", note("held", "history", t("fore.outdated"), t("fore.outdated.text")))
    some = div(old, p(page.told.lead, cls="strong"), shares(page.told.parts, page.told.sum), div(rx.foreach(page.told.outcomes, outcome), cls="row wrap outcs"), cls="col g3 pad")
    bar = div(
        div(i(cls="sent", style={"width": page.width}), cls="track lg", role="progressbar", aria_label=t("fore.counting.name"), aria_valuetext=page.counting), p(page.counting, cls="muted num"),
        cls="col g2 pad",
    )  # fmt: skip
    known = page.told.outcomes.length() > 0
    none = p(rx.cond((page.state == "failed") | (page.state == "stopped"), t("crun.next.broken"), t("crun.next.none")), cls="muted pad")
    wrong = rx.cond(page.wrong != "", div(note("failed", "circle-alert", t("fore.refused"), page.wrong), cls="pad"))
    act = rx.cond(
        page.may & (page.state != "counting") & Frame.may.contains("content.write"),
        rx.cond(known, button(t("fore.again"), "refresh-cw", kind="sm", on_click=page.begin), button(t("crun.next.act"), "list-checks", kind="sm", on_click=page.begin)),
    )
    body = rx.cond(page.state == "counting", bar, rx.cond(known, rx.fragment(some, rows), none))
    foot = rx.cond(known, div(sum_line(page.told.sum, page.told.holds), cls="ft"))
    return rx.cond(page.there, card(t("crun.next"), wrong, div(body, aria_live="polite"), foot, sub=page.when, actions=[act], flush=True))


def _wave(one: WaveRow) -> rx.Component:
    return tr(
        td(span(one.n, cls="num strong"), " ", span(one.word)), td(span(one.at, cls="num"), custom_attrs={"data-l": t("crun.col.at")}),
        td(one.people, cls="r num", custom_attrs={"data-l": t("camp.col.people")}), td(one.state, cls="r"), key=one.n,
    )  # fmt: skip


def _waves() -> rx.Component:
    heads = [(t("crun.col.wave"), ""), (t("crun.col.at"), ""), (t("camp.col.people"), "r"), (t("camp.col.state"), "r")]
    rows = table(heads, tbody(rx.foreach(CampaignPage.waves, _wave)), name=t("crun.waves"), tight=True)
    return rx.cond(CampaignPage.waves.length() > 1, card(t("crun.waves"), rows, sub=t("crun.waves.sub"), flush=True))


def _person(one: PersonRow) -> rx.Component:
    link = rx.cond(one.href != "", a(t("crun.why"), href=one.href, cls="link", aria_label=t("crun.why") + ": " + one.name))
    return tr(
        td(a(one.name, href="/people/" + one.user, cls="strong rowlink clip"), rx.cond(one.name != one.user, span(one.user, cls="cap faint mono clip")), cls="two"), td(pill_var(one.look)),
        td(span(one.why, cls="clip2", title=one.why)), rx.cond(CampaignPeople.several, td(one.variant)), td(link, cls="r"), key=one.user,
    )  # fmt: skip


def _people() -> rx.Component:
    def chip(one: str) -> rx.Component:
        words = t(f"crun.outcome.{one}") if one else t("list.all")
        return rx.el.button(words, type="button", class_name="chip", custom_attrs={"aria-pressed": rx.cond(CampaignPeople.outcome == one, "true", "false")}, on_click=CampaignPeople.pick(one))

    chips = div(div(*[chip(one) for one in OUTCOMES], cls="row wrap chips", role="group", aria_label=t("crun.outcomes")), cls="tools")
    heads = [(t("crun.col.person"), ""), (t("crun.col.outcome"), ""), (t("fore.col.reason"), ""), (t("crun.why"), "r")]
    with_variant = [*heads[:3], (t("crun.col.message"), ""), heads[3]]
    body = tbody(rx.foreach(CampaignPeople.rows, _person))
    rows = rx.cond(CampaignPeople.several, table(with_variant, body, name=t("crun.people")), table(heads, body, name=t("crun.people")))
    turn = rx.cond(CampaignPeople.first & CampaignPeople.last, rx.fragment(), pager(CampaignPeople.place, on_prev=CampaignPeople.newer, on_next=CampaignPeople.older, first=CampaignPeople.first, last=CampaignPeople.last))
    none = p(rx.cond(CampaignPeople.wrong != "", CampaignPeople.wrong, t("crun.people.none")), cls="muted pad")
    shown = rx.fragment(chips, rx.cond(CampaignPeople.rows.length() > 0, rx.fragment(rows, turn), none))
    return card(t("crun.people"), rx.cond(CampaignPeople.closed, p(t("crun.people.closed"), cls="muted pad"), shown), sub=t("crun.people.sub"), flush=True)


def _run(one: RunRow) -> rx.Component:
    return li(div(p(one.planned, cls="num strong"), p(one.said, cls="cap muted"), rx.cond(one.detail != "", p(one.detail, cls="cap muted")), cls="grow"), div(p(one.people, cls="num"), p(one.state, cls="cap faint"), cls="col r"), key=one.id)


def _version(one: VersionRow) -> rx.Component:
    return li(div(p(one.version, cls="strong"), p(one.by, title=one.exact, cls="cap muted"), rx.cond(one.note != "", p(one.note, cls="cap")), cls="grow"))


def _message(one: MessageRow) -> rx.Component:
    title = rx.cond(one.href != "", a(one.title, href=one.href, cls="strong rowlink"), span(one.title, cls="strong"))
    return li(
        rx.cond(one.letter != "", span(one.letter, cls="vmark")), div(title, rx.cond(one.name != "", p(one.name, cls="cap muted")), cls="grow anywhere"),
        span(one.share, cls="num muted"), key=one.letter,
    )  # fmt: skip


def _messages() -> rx.Component:
    head = rx.cond(CampaignPage.messages.length() > 1, t("crun.messages"), t("crun.message"))
    return card(head, ul(rx.foreach(CampaignPage.messages, _message), cls="list"), flush=True)


def _side() -> rx.Component:
    verdict = rx.cond(
        CampaignFact.verdict != "",
        card(t("crun.experiment"), div(p(CampaignFact.verdict, cls="lead"), p(CampaignFact.explained, cls="muted"), rx.cond(CampaignFact.experiment != "", a(t("crun.experiment.open"), href=CampaignFact.experiment, cls="link")), cls="col g2")),
    )
    versions = rx.cond(CampaignFact.versions.length() > 0, card(t("crun.versions"), ul(rx.foreach(CampaignFact.versions, _version), cls="list"), sub=t("crun.versions.sub"), flush=True))
    runs = rx.cond(CampaignFact.runs.length() > 1, card(t("crun.runs"), ul(rx.foreach(CampaignFact.runs, _run), cls="list"), sub=t("crun.runs.sub"), flush=True))
    measured = rx.cond(
        CampaignPage.started & Frame.may.contains("analytics.read"), a(t("eng.open"), href="/engagement?range=90&campaign=" + CampaignPage.key, cls="link"),
    )  # fmt: skip
    return div(verdict, _messages(), card(t("crun.page"), div(facts(CampaignPage.facts), measured, cls="col g3")), runs, versions, cls="col g4 c4")


def _check(one: CheckRow) -> rx.Component:
    return li(span(icon("circle-x", 15), cls="ico sm failed"), p(one.title, cls="strong grow"), rx.cond(one.act != "", a(one.act, href=HERE + "/edit?step=" + one.step.to_string(), cls="btn sm")))


def _dialogs() -> list[rx.Component]:
    name, done = CampaignPage.name, CampaignPage.asked
    why = div(rx.el.label(t("crun.reject.why"), html_for="reject-why"), text_area("reject-why", 3, custom_attrs={"name": "why", "maxLength": "500"}), cls="field")
    copy = plain_field("name", t("crun.duplicate.name"), prefix="copy", default_value=CampaignPage.copy, max_length=200)
    return [
        modal(
            "cancel-campaign", t("crun.cancel.ask", name=name), t("crun.cancel.text", left=CampaignPage.left, people=CampaignPage.people), leave=t("crun.cancel.leave"),
            confirm=button(t("crun.cancel.act"), "circle-x", kind="danger solid", on_click=CampaignPage.cancel, data_close="1"),
        ),
        modal(
            "delete-campaign", t("crun.delete.ask", name=name), rx.cond(CampaignPage.started, t("crun.delete.over"), t("crun.delete.text")),
            confirm=button(rx.cond(CampaignPage.started, t("crun.delete.over.act"), t("crun.delete.act")), "trash-2", kind="danger solid", on_click=CampaignPage.delete, data_close="1"),
        ),
        form_dialog("reject-campaign", t("crun.reject.ask", name=name), t("crun.reject.text"), why, wrong=CampaignPage.wrong, act=t("crun.reject.act"), on_submit=CampaignPage.reject, done=done),
        form_dialog(
            "copy-campaign", t("crun.duplicate.ask", name=name), t("crun.duplicate.text"), copy, wrong=CampaignPage.wrong, act=t("crun.duplicate.act"), on_submit=CampaignPage.duplicate, done=done,
            key=CampaignPage.copy,
        ),
    ]  # fmt: skip


@rx.page(
    ROUTE, title=t("crun.page") + " · Carillon", on_load=on_page(CampaignPage.load, CampaignFact.load, CampaignNext.load, CampaignPeople.load, CampaignPage.follow, CampaignFact.follow),
)  # fmt: skip
def campaign() -> rx.Component:
    gone = card(None, empty("megaphone", t("crun.gone"), CampaignPage.gone, button(t("cedit.all"), href="/campaigns")), flush=True)
    lead = div(span(icon("megaphone", 18), cls="ico accent"), div(p(CampaignPage.said, cls="lead"), cls="grow"), cls="card verdict", aria_live="polite")
    blocked = rx.cond(CampaignPage.checks.length() > 0, card(t("crun.problems"), ul(rx.foreach(CampaignPage.checks, _check), cls="list"), flush=True))
    ran = rx.fragment(_progress(), _fact(), _waves(), _people())
    left = div(lead, blocked, _next(), rx.cond(CampaignPage.started, ran), _ahead(), cls="col g4 c8")
    body = rx.cond(CampaignPage.gone != "", gone, div(left, _side(), cls="grid"))
    head = rx.cond(CampaignPage.gone == "", page_head(CampaignPage.name, None, *_acts(), badge=state_pill(CampaignPage.state)))
    return shell(
        "/campaigns", [(t("nav.campaigns"), "/campaigns"), (CampaignPage.name, "")], head, page_body(CampaignPage.trouble, CampaignPage.again, waiting_cards(), body), *_dialogs(),
    )  # fmt: skip


