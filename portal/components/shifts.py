"""Cards of what people turned on and off: by channel over time, and tables by channel, category and way."""

from typing import Any

import reflex as rx

from portal.components.charts import chart_card
from portal.components.elements import div, p, span, td, th, tr
from portal.components.measured import beside, measure_table
from portal.components.ranged import csv_link
from portal.components.surfaces import card
from portal.components.text import t
from portal.shift_words import ShiftRow


def shift_cards(page: Any) -> rx.Component:
    """`page.shifted`: a `ShiftFigures`; `page.time_file`: the file by time."""
    shown = page.shifted
    file, parts = csv_link(page.time_file, t("analytics.csv.time")), csv_link(shown.file, t("shift.csv"))
    return div(
        _table("category", shown.by_category, parts, cls="c5"),
        chart_card(
            t("shift.channels"), t("shift.channels.sub"), shown.channels, file, height=300, none=t("shift.channels.none"), foot=beside(shown.beside), cls="c7",
        ),
        _table("channel", shown.by_channel, parts, cls="c6"),
        _table("way", shown.by_way, parts, cls="c6"),
        cls="grid stretch",
    )  # fmt: skip


def _table(by: str, rows: Any, file: rx.Component, cls: str) -> rx.Component:
    on, off = t(f"shift.col.on.{by}"), t(f"shift.col.off.{by}")

    def line(row: ShiftRow) -> rx.Component:
        name = div(span(row.name, cls="clip strong", title=row.name), rx.cond(row.facts != "", span(row.facts, cls="cap faint")), cls="col g0")
        return tr(td(name, cls="full"), td(row.on, cls="r num", data_l=on), td(row.off, cls="r num", data_l=off), key=row.key)

    table = measure_table(t(f"shift.by.{by}"), [th(on, scope="col", cls="r"), th(off, scope="col", cls="r")], rx.foreach(rows, line), t(f"shift.table.{by}"))
    body = rx.cond(rows.length() > 0, table, p(t(f"shift.none.{by}"), cls="muted quiet"))
    return card(t(f"shift.table.{by}"), body, sub=t(f"shift.sub.{by}"), actions=[file], flush=True, cls=cls)
