"""Experiments: all of them with what they say, and the calculator."""

import reflex as rx

from portal.components.controls import button
from portal.components.elements import a, div, p, span, td, tr
from portal.components.listing import list_actions, list_card
from portal.components.sample_size import sample_size
from portal.components.surfaces import empty
from portal.components.text import t
from portal.experiment_rows import ExperimentRow
from portal.frame import on_page
from portal.shell import page_head, shell
from portal.states.experiments import PATH, Experiments


def _row(row: ExperimentRow) -> rx.Component:
    return tr(
        td(a(row.name, href=f"{PATH}/" + row.id, cls="strong rowlink clip"), span(row.metric, cls="cap faint clip"), cls="two"),
        td(span(row.state, cls="tag " + row.look), cls="st"),
        td(p(row.said), cls="full"),
        td(span(row.people, cls="num"), cls="r", custom_attrs={"data-l": t("exp.col.people")}),
        td(span(row.when, title=row.exact, cls="num cap faint"), custom_attrs={"data-l": t("exp.col.looked")}),
        key=row.id + row.when,
    )


@rx.page(PATH, title=t("exp.page") + " · Carillon", on_load=on_page(Experiments.load))
def experiments() -> rx.Component:
    heads = [(t("exp.col.experiment"), ""), (t("exp.col.state"), ""), (t("exp.col.said"), ""), (t("exp.col.people"), "r"), (t("exp.col.looked"), "")]
    nothing = empty("flask-conical", t("exp.empty"), t("exp.empty.text"), button(t("exp.empty.act"), href="/campaigns"))
    rows = list_card(Experiments, heads=heads, row=_row, name=t("exp.list.name"), widths=("170px", "70px", "240px", "60px", "120px"), nothing=nothing)
    head = page_head(t("exp.page"), t("exp.page.sub"), *list_actions(Experiments, csv=False))
    return shell(PATH, [(t("group.measure"), ""), (t("nav.experiments"), "")], head, div(rows, sample_size(), cls="col g4"))
