"""Step 2 of the builder: whom; and the rail that counts them and tells the plan, at every step."""

from typing import Any

import reflex as rx

from portal.campaign_rows import FactRow, PersonRow
from portal.components.audience_parts import how_many, rule_card, torn_card
from portal.components.campaign_fields import RECOUNT, picked
from portal.components.campaign_parts import facts
from portal.components.charts import shares
from portal.components.controls import button
from portal.components.elements import a, div, i, icon, li, option, p, select_el, span, tbody, td, tr, ul
from portal.components.surfaces import card, note
from portal.components.table import table
from portal.components.text import t
from portal.routes import routes
from portal.rows import Choice
from portal.states.audience import AudiencePage
from portal.states.campaign_edit import Builder
from portal.states.campaign_reach import Reach
from portal.states.campaign_whom import Whom


def _out(one: Choice) -> rx.Component:
    return li(icon("user-x", 14), span(one.text, cls="grow"), button("", "x", kind="ghost sm", name=t("cedit.exclude.no", name=one.text), on_click=[Builder.leave_out(one.value, False), *RECOUNT]), cls="row", key=one.value)


def _person(one: PersonRow) -> rx.Component:
    return tr(
        td(a(one.name, href=one.href, cls="strong rowlink clip"), rx.cond(one.name != one.user, span(one.user, cls="cap faint mono clip")), cls="two"), td(span(one.variant, cls="clip2 cap")),
        td(span(one.outcome, cls="num"), title=one.why, cls="r", custom_attrs={"data-l": t("cedit.sample.time")}), key=one.user,
    )  # fmt: skip


def audience() -> rx.Component:
    who = picked("audience", t("cedit.audience"), Builder.audiences, None, first=t("cedit.audience.none"), after=[*RECOUNT, Whom.open])
    imports = [button(t("cedit.audience.import"), "upload", href="/imports")] if "/imports" in routes() else []
    makes = div(
        button(t("cedit.audience.make"), "plus", on_click=[Whom.make, Reach.count]), *imports,
        rx.cond(Builder.form["audience"] != "", a(t("cedit.audience.open"), href="/audiences/" + Builder.form["audience"], cls="link")), cls="row wrap",
    )  # fmt: skip
    few = select_el(
        option(t("cedit.exclude.choose"), value=""), rx.foreach(Builder.audiences, lambda c: option(c.text, value=c.value)), id="c-exclude", cls="select", value="", aria_label=t("cedit.exclude"),
        on_change=[lambda v: Builder.leave_out(v, True), *RECOUNT],
    )  # fmt: skip
    out = div(p(t("cedit.exclude"), cls="strong"), p(t("cedit.exclude.hint"), cls="cap faint"), ul(rx.foreach(Builder.exclude, _out), cls="col g1"), div(few, cls="shortfield"), cls="col g2")
    everybody = rx.cond(Reach.everybody, note("held", "users", t("cedit.everybody"), t("cedit.everybody.text")))
    nobody = rx.cond(Reach.nobody, note("held", "user-x", t("cedit.nobody"), t("cedit.nobody.text")))
    heads = [(t("cedit.sample.person"), ""), (t("cedit.sample.facts"), ""), (t("cedit.sample.time"), "r")]
    rows = table(heads, tbody(rx.foreach(Reach.sample, _person)), name=t("cedit.sample"))
    sample = rx.cond(Reach.sample.length() > 0, card(t("cedit.sample"), rows, sub=t("cedit.sample.sub"), actions=[button(t("cedit.recount"), "refresh-cw", kind="sm", on_click=Reach.recount)], flush=True))
    return rx.fragment(card(t("cedit.who"), div(who, makes, everybody, nobody, out, cls="col g4"), sub=t("cedit.who.sub")), _rule(), sample)


def _rule() -> rx.Component:
    """What the chosen audience says of its people: its rule, to be changed here, or that it is a list."""
    page = AudiencePage
    shared = rx.cond(
        Whom.used != "",
        div(icon("users", 15), span(Whom.used, cls="grow", style={"flex_basis": "220px"}), button(t("cedit.rule.copy"), "copy", kind="sm", on_click=[Whom.copy, Reach.count]), cls="row wrap muted"),
    )  # fmt: skip
    now = how_many(aria_live="polite")
    listed = card(t("cedit.rule.title"), p(t("cedit.rule.list"), cls="muted"), shared)
    both = rx.cond(page.torn.length() > 0, torn_card(page.settle, Reach.recount))
    rule = rx.fragment(both, rule_card(shared, after=[Reach.recount], title=t("cedit.rule.title"), foot=now))
    return rx.cond(Whom.here & (Builder.locked == ""), rx.cond(page.kind == "list", listed, rule))


def unsaved() -> rx.Component:
    """At the foot of every step: the rule that was changed and is not saved."""
    page = AudiencePage
    return rx.cond(
        Whom.here & page.dirty & (page.key == Builder.form["audience"]),
        div(span(t("cedit.rule.unsaved"), cls="down grow", role="alert"), button(t("cedit.rule.save"), kind="sm", on_click=[page.save, Reach.recount]), cls="row ruleleft"),
    )  # fmt: skip


def _reach(one: FactRow) -> rx.Component:
    return li(i(cls="dot " + one.note, aria_hidden="true"), span(one.word, cls="grow"), span(one.text, cls="num"), cls="row")


def rail(*more: Any) -> rx.Component:
    """Beside every step: how many, by channel, and the plan in words."""
    n = div(span(Reach.people, cls="railnum num"), span(t("cedit.people"), cls="muted"), cls="row base", aria_live="polite")
    some = div(n, p(Reach.share, cls="cap faint"), shares(Reach.parts, t("cedit.by_channel")), ul(rx.foreach(Reach.channels, _reach), cls="col g1"), cls="col g2")
    wrong = rx.cond(Reach.wrong != "", p(Reach.wrong, cls="cap down"), p(t("cedit.rail.none"), cls="muted"))
    counted = rx.cond(Reach.people != "", span(span(cls="dot delivered"), Reach.when, cls="row cap faint"))
    return div(
        card(t("cedit.audience"), rx.cond(Reach.people != "", some, wrong), actions=[counted]), card(t("cedit.plan"), facts(Builder.plan)), *more, cls="col g4 rail",
    )  # fmt: skip
