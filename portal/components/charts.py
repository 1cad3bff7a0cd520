"""Charts, sparklines, stat tiles, funnels and shares, drawn from values a page's state holds (`portal.figures`).

Plotly's basic bundle is a chunk of its own and loads where `plot` stands on the page, nowhere else. Everything that needs no
axis is SVG or HTML.
"""

from typing import Any

import reflex as rx

from portal.components.elements import (
    caption,
    dd,
    details,
    div,
    dl,
    dt,
    i,
    icon,
    li,
    p,
    small,
    span,
    summary,
    table_el,
    tbody,
    td,
    th,
    thead,
    tr,
    ul,
)
from portal.components.surfaces import card
from portal.components.text import t

FONT = "Geist, Inter, system-ui, sans-serif"
_MODES = {
    "light": {"fg": "#51544f", "strong": "#1a1c1b", "grid": "#ecebe6", "axis": "#d6d5cd", "card": "#ffffff"},
    "dark": {"fg": "#b2b9b6", "strong": "#ecefed", "grid": "#222827", "axis": "#343b3a", "card": "#141717"},
}  # the tokens of assets/carillon.css: Plotly reads no custom properties
CONFIG = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "doubleClick": False, "showTips": False}


def template(mode: str) -> dict[str, Any]:
    """Plotly's template of one colour mode."""
    c = _MODES[mode]
    axis = {
        "gridcolor": c["grid"],
        "linecolor": c["axis"],
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": c["fg"]},
        "automargin": True,
        "ticklabelstandoff": 5,
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": c["fg"]}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 4, "r": 10, "t": 10, "b": 4}, "hovermode": "x unified",
            "hoverlabel": {"bgcolor": c["card"], "bordercolor": c["axis"], "font": {"family": FONT, "size": 12, "color": c["strong"]}},
            "xaxis": {
                **axis, "showgrid": False, "showline": True, "spikemode": "across", "spikethickness": 1, "spikedash": "solid", "spikecolor": c["axis"],
            },
            "yaxis": {**axis, "showline": False, "nticks": 5},
        }
    }  # fmt: skip


def plot(figure: Any, height: int = 260) -> rx.Component:
    """The drawing alone; a screen reader hears its finding. `figure`: a state var of type `Figure`."""
    from plotly.graph_objects import Figure as Drawn
    from plotly.graph_objects import layout  # a heavy import that only compiling needs

    modes = {mode: rx.Var.create(layout.Template(template(mode))) for mode in _MODES}
    drawing = rx.plotly.basic(
        data=figure.plot.to(Drawn),
        template=rx.color_mode_cond(light=modes["light"], dark=modes["dark"]).to(layout.Template),
        config=CONFIG,
        use_resize_handler=True,
        style={"width": "100%", "height": "100%"},
    )
    return div(drawing, cls="plot", role="img", aria_label=figure.says, style={"height": f"{height}px"})


def legend(figure: Any) -> rx.Component:
    def entry(key: Any) -> rx.Component:
        return li(
            i(cls="dot", style={"background": key.colour}), span(key.word), rx.cond(key.count != "", span(key.count, cls="num strong"))
        )

    return ul(rx.foreach(figure.legend, entry), cls="legend")


def figure_table(figure: Any, name: Any) -> rx.Component:
    """The numbers a figure is drawn from."""
    head = thead(tr(rx.foreach(figure.heads, lambda text, n: th(text, scope="col", cls=rx.cond(n > 0, "r", "")))))

    def cells(row: Any) -> rx.Component:
        return tr(rx.foreach(row, lambda text, n: rx.cond(n > 0, td(text, cls="r num"), th(text, scope="row"))))

    body = tbody(rx.foreach(figure.rows, cells))
    return div(
        table_el(caption(name, cls="sr"), head, body, cls="table tight plain"), cls="tw", tab_index=0, role="region", aria_label=name
    )


def columns(figure: Any, each: Any, top: Any, height: int = 170) -> rx.Component:
    """Stacked columns without Plotly, for a page that shall be there at once. `each`: a state var of `hours.Column`; `top`: the number at
    the upper edge."""

    def column(one: Any) -> rx.Component:
        return div(rx.foreach(one.parts, lambda part: i(style={"height": part.width, "background": part.hue})), title=one.says)

    drawing = div(
        span(top, cls="cap faint num"), div(rx.foreach(each, column), cls="cols"), div(rx.foreach(each, lambda one: span(one.short)), cls="cap faint num unders"),
        aria_hidden="true",
    )  # fmt: skip
    return div(drawing, cls="plot columns", role="img", aria_label=figure.says, style={"height": f"{height}px"})


def chart_card(
    title: Any, sub: Any, figure: Any, *actions: Any, height: int = 260, none: Any = None, foot: Any = None, cls: str = "", drawing: Any = None
) -> rx.Component:
    """A figure with all that belongs to it: unit in the subtitle, legend, drawing, the table behind a switch.

    `none` stands where there is nothing to draw; `actions` beside the switch, such as the file's button. `drawing`: instead of Plotly's.
    """
    drawn = rx.fragment(rx.cond(figure.legend.length() > 1, legend(figure)), drawing if drawing is not None else plot(figure, height))
    nothing = div(p(none if none is not None else t("chart.none"), cls="muted"), cls="plot none", style={"height": f"{height}px"})
    table = details(
        summary(
            icon("table-2", 15), span(t("chart.table"), cls="sr off"), span(t("chart.drawing"), cls="sr on"), title=t("chart.table"), cls="btn ghost sm icon"
        ),
        figure_table(figure, title),
        cls="behind",
    )  # fmt: skip
    body = rx.cond(figure.drawn, rx.fragment(drawn, table), nothing)
    return card(title, body, sub=sub, actions=actions, foot=foot, cls=f"chart {cls}".strip())


# ---- without an axis
def sparkline(spark: Any, hue: str = "accent") -> rx.Component:
    """A trend and nothing more: `spark` is a state var of `figures.spark`'s three paths."""
    svg = rx.el.svg
    return svg(
        svg.path(d=spark[1], fill="var(--c)", opacity="0.1"),
        svg.path(d=spark[0], fill="none", stroke="var(--c)", stroke_width="1.6", stroke_linecap="round", stroke_linejoin="round"),
        svg.path(d=spark[2], fill="var(--c)"),
        width="84", height="28", view_box="0 0 84 28", class_name=hue, custom_attrs={"aria-hidden": "true"},
    )  # fmt: skip


def stat(
    name: Any, value: Any, unit: Any, change: Any, mood: Any, note: Any, spark: Any = None, *, exact: Any = "", hue: str = "accent"
) -> rx.Component:
    """A number with its unit, how it changed (`mood`: up is good, down is bad, flat), and what stands behind it."""
    tile = [
        dt(name),
        dd(span(value, title=exact, cls="tip" if not (isinstance(exact, str) and not exact) else ""), small(unit), cls="v"),
        dd(sparkline(spark, hue) if spark is not None else None, cls="sp"),
        dd(rx.cond(change != "", span(change, cls=mood)), span(note), cls="d"),
    ]
    return div(*tile, cls="stat")


def stats(*tiles: rx.Component) -> rx.Component:
    return dl(*tiles, cls="stats")


def bar(width: Any, hue: Any, name: Any) -> rx.Component:
    """A bar on its ground; `width` from `figures.width_of`, `hue` a state class or a CSS colour's class."""
    return div(i(cls=hue, style={"width": width}), cls="track lg", role="img", aria_label=name)


def shares(parts: Any, name: Any) -> rx.Component:
    """One stacked bar; `parts` is a state var of rows with `width` and `hue`. The counts stand beside it, not in it."""
    return div(rx.foreach(parts, lambda part: i(cls=part.hue, style={"width": part.width})), cls="track lg", role="img", aria_label=name)


def funnel(steps: Any) -> rx.Component:
    """`steps`: a state var of rows with `word`, `count`, `width`, `hue`, `share` (a rate and of what) and `note` (why there is none)."""

    def step(row: Any) -> rx.Component:
        says = row.word.to(str) + " " + row.count.to(str)
        return li(
            div(span(row.word, cls="strong"), span(row.count, cls="num strong"), cls="row between"),
            bar(row.width, row.hue, says),
            rx.cond(row.share != "", p(row.share, cls="cap faint num")),
        )

    return ul(rx.foreach(steps, step), cls="funnel")
