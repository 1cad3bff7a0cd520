"""A stretch of time on a page: presets and the dialog for days of one's own, what was looked at, the week hour by hour, and rates of a table."""

from typing import Any

import reflex as rx

from portal.components.controls import button, field, segmented, text_input
from portal.components.elements import caption, div, h2, p, plain_link, span, table_el, tbody, td, th, thead, tr
from portal.components.elements import icon as face
from portal.components.text import t
from portal.stretch import HeatRow


def range_tools(page: Any) -> list[rx.Component]:
    """Presets, and the button that opens the dialog."""
    presets = segmented([(days, t(f"analytics.preset.{days}")) for days in ("1", "7", "30", "90")], page.preset, page.days, t("analytics.range.name"))
    return [presets, button(rx.cond(page.preset == "", page.when, t("analytics.range.own")), "calendar-range", data_open="range", kind="sm")]


def range_dialog(page: Any, *, against: bool) -> rx.Component:
    """`against`: the page compares, with days that can be chosen."""

    def day(name: str, value: Any, words: Any, hint: Any = None, error: Any = None) -> rx.Component:
        box = text_input(f"range-{name}", type="date", name=name, default_value=value, key=value, max="2199-12-31", min="1971-01-01")
        return field(words, box, hint=hint, error=error)

    form = rx.el.form(
        h2(t("analytics.range.title"), id="range-t"),
        div(
            day("first", page.first_day, t("analytics.range.first")),
            day("last", page.last_day, t("analytics.range.last"), error=page.range_problem),
            cls="grid2",
        ),
        day("against", page.against_day, t("analytics.range.against"), hint=t("analytics.range.hint")) if against else None,
        div(button(t("act.cancel"), data_close="1"), button(t("analytics.range.act"), kind="pri", type="submit"), cls="acts"),
        on_submit=page.choose_range,
        class_name="col g3",
    )
    return rx.el.dialog(form, id="range", class_name="modal", custom_attrs={"aria-labelledby": "range-t", "data-done": page.range_done.to_string()})


def looked_at(page: Any, *more: rx.Component) -> rx.Component:
    """The range in words, its zone, and up to when it was counted."""
    return p(
        span(page.when, cls="num"), *more, span(page.zone_note), span(page.fresh, title=page.fresh_exact, cls="tip"), cls="cap faint dots"
    )  # fmt: skip


def csv_link(href: Any, name: Any) -> rx.Component:
    return plain_link(face("download", 15), href=href, cls="btn ghost sm icon", aria_label=name, title=name, download=True)


def rate_cell(value: Any, tip: Any, label: Any) -> rx.Component:
    """A rate; what it is of comes with the pointer, the keyboard, and to who listens."""
    return td(span(value, title=tip, cls="tip num", tab_index=0), span(tip, cls="sr"), cls="r", data_l=label)


def heat_map(rows: Any, name: Any, none: Any = None) -> rx.Component:
    """`rows`: a state var of `stretch.HeatRow`; one hue, the darker the more. `none`: what stands there where there is no row."""
    hours = [th(rx.cond(True, f"{hour:02}", ""), scope="col") if hour % 3 == 0 else th(span(f"{hour:02}", cls="sr"), scope="col") for hour in range(24)]

    def line(row: HeatRow) -> rx.Component:
        cells = rx.foreach(row.cells, lambda cell: td(span(cell.tip, cls="sr"), title=cell.tip, style={"--v": cell.level}))
        return tr(th(row.day, scope="row"), cells)

    table = table_el(caption(name, cls="sr"), thead(tr(th(span(t("analytics.heat.day"), cls="sr"), scope="col"), *hours)), tbody(rx.foreach(rows, line)), cls="heat")
    return rx.cond(rows.length() > 0, div(table, cls="tw", tab_index=0, role="region", aria_label=name), p(t("chart.none") if none is None else none, cls="muted"))
