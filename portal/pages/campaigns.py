"""Campaigns: all of them, by state, with how far those under way are."""

import reflex as rx

from portal.campaign_rows import CampaignRow
from portal.components.campaign_parts import state_pill
from portal.components.controls import button
from portal.components.elements import a, button_el, div, i, span, td, tr
from portal.components.listing import list_actions, list_card, typed
from portal.components.surfaces import empty
from portal.components.text import t
from portal.frame import Frame, on_page
from portal.routes import routes
from portal.shell import page_head, shell
from portal.states.campaigns import PATH, Campaigns

MAY = Frame.may.contains("content.write")
ALWAYS = ("draft", "scheduled", "running", "paused", "finished")


def _chips() -> rx.Component:
    """States with their counts; those that are rare stand there when there are some."""

    def one(state: str) -> rx.Component:
        number = Campaigns.counts[state or "all"]
        words = t("list.all") if not state else t("camp.chip.draft") if state == "draft" else t(f"camp.state.{state}")
        chip = button_el(
            words, span(number, cls="num tally"), type="button", cls="chip", aria_pressed=rx.cond(Campaigns.query["state"] == state, "true", "false"),
            on_click=Campaigns.pick("state", state),
        )  # fmt: skip
        return chip if not state or state in ALWAYS else rx.cond((number != "0") | (Campaigns.query["state"] == state), chip)

    return div(*[one(state) for state in ("", "running", "scheduled", "paused", "draft", "review", "approved", "finished", "cancelled")], cls="row wrap chips", role="group", aria_label=t("camp.chips"))


def _row(row: CampaignRow) -> rx.Component:
    edit = (row.state == "draft") & MAY
    href = rx.cond(edit, f"{PATH}/" + row.id + "/edit", f"{PATH}/" + row.id)
    ab = rx.cond(row.ab, span(t("camp.ab"), cls="tag digested", title=t("camp.ab.text")))
    bar = rx.cond(row.share != "", div(i(cls="sent", style={"width": row.share}), cls="track campbar", role="img", aria_label=row.progress, title=row.progress))
    return tr(
        td(div(a(row.name, href=href, cls="strong rowlink clip"), ab, cls="row"), span(row.channels, cls="cap faint clip"), cls="two"),
        td(state_pill(row.state), bar, cls="st"),
        td(span(row.people, cls="num"), cls="r", custom_attrs={"data-l": t("camp.col.people")}),
        td(span(row.sent, title=row.sent_of, cls="num"), cls="r", custom_attrs={"data-l": t("camp.col.sent")}),
        td(span(row.when, title=row.exact)),
        td(span(row.by, cls="clip"), cls="hide"),
        key=row.id,
    )


@rx.page(PATH, title=t("camp.page") + " · Carillon", on_load=on_page(Campaigns.load, Campaigns.follow))
def campaigns() -> rx.Component:
    heads = [
        (t("camp.col.campaign"), ""), (t("camp.col.state"), ""), (t("camp.col.people"), "r"), (t("camp.col.sent"), "r"), (t("camp.col.when"), ""), (t("camp.col.by"), ""),
    ]  # fmt: skip
    imports = [rx.cond(MAY, button(t("camp.import"), "upload", href="/imports"))] if "/imports" in routes() else []
    new = button(t("camp.add"), "plus", kind="pri", href=f"{PATH}/new")
    nothing = empty("megaphone", t("camp.empty"), t("camp.empty.text"), rx.cond(MAY, button(t("camp.add"), "plus", href=f"{PATH}/new")))
    rows = list_card(
        Campaigns, heads=heads, row=_row, name=t("camp.name"), widths=("190px", "84px", "64px", "48px", "90px", "80px"), nothing=nothing,
        filters=[_chips(), typed(Campaigns, ("text", t("camp.find")))],
    )  # fmt: skip
    head = page_head(t("camp.page"), t("camp.sub"), *list_actions(Campaigns, csv=False), *imports, rx.cond(MAY, new))
    return shell(PATH, [(t("group.reach"), ""), (t("nav.campaigns"), "")], head, rows)

