"""Figures as values: what a chart draws, its legend, the sentence it states and the table behind it.

Pure: plain numbers in, what a page's state holds out. `components.charts` draws them, in both colour modes from one value:
every hue keeps 3:1 on both card grounds. The axis is one of labels, written in the reader's zone and language: every bucket
has its own, so a gap stays a gap and the repeated hour of October is two.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ORDER = ("#1f8f89", "#4a7fdb", "#b9772f", "#9a64b8", "#7a8691", "#d0623f")  # of series that are no states
HUES = {
    "queued": "#7a8691", "held": "#c4860a", "digest": "#8a63d9", "sent": "#4a7fdb", "delivered": "#2f9e60", "engaged": "#1f8f89",
    "skipped": "#8b8a82", "failed": "#dd4b4b", "dead": "#b04a5c", "unknown": "#5f6b78",
}  # fmt: skip
TICKS = 5
SHOWN = 50  # rows of the table behind a figure that a page holds; the file has them all

Values = Sequence[float | None]


@dataclass
class Key:
    """One entry of a legend."""

    word: str
    colour: str
    count: str = ""


@dataclass
class Figure:
    """`plot`: data and layout for Plotly, {} where there is nothing to draw. `says`: the finding in one sentence."""

    plot: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    legend: list[Key] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    drawn: bool = False


@dataclass(frozen=True)
class Series:
    """One line or layer: `texts` are its values as people read them, one for each; None is a gap and no zero."""

    word: str
    colour: str
    values: Values
    texts: Sequence[str]
    count: str = ""


@dataclass(frozen=True)
class Axis:
    """Buckets of time: `labels` name each one and no other, `short` is what fits under the axis, `head` names the column."""

    labels: Sequence[str]
    short: Sequence[str]
    head: str


def layers(axis: Axis, series: Sequence[Series], says: str, language: str = "en") -> Figure:
    """Stacked areas; the top at the last bucket is marked. A bucket without any value is a gap in all layers."""
    count = len(axis.labels)
    there = [any(one.values[n] is not None for one in series) for n in range(count)]
    traces: list[dict[str, Any]] = []
    for run, (first, last) in enumerate(_runs(there)):
        alone = last == first
        for one in series:
            part = slice(first, last + 1)
            traces.append(
                _trace(axis, one, part, [0 if v is None else v for v in one.values[part]])
                | {
                    "stackgroup": f"run{run}", "mode": "lines+markers" if alone else "lines", "fillcolor": _pale(one.colour),
                    "line": {"width": 1, "color": one.colour}, "marker": {"color": one.colour, "size": 5},
                }
            )  # fmt: skip
    if True in there:
        end = count - 1 - there[::-1].index(True)
        traces.append(_mark(axis, end, sum(one.values[end] or 0 for one in series), series[-1].colour))
    return _figure(axis, series, traces, says, language)


def lines(axis: Axis, series: Sequence[Series], says: str, language: str = "en", *, suffix: str = "", whole: bool = False) -> Figure:
    """One line for each, its last point marked; where a value is missing the line is open. `suffix`: unit at the axis."""
    traces: list[dict[str, Any]] = []
    for one in series:
        known = [n for n, value in enumerate(one.values) if value is not None]
        alone = [n for n in known if n - 1 not in known and n + 1 not in known]
        sizes = [5 if n in alone else 0 for n in range(len(axis.labels))]
        traces.append(
            _trace(axis, one, slice(None), list(one.values))
            | {
                "mode": "lines+markers", "connectgaps": False, "line": {"width": 2, "color": one.colour},
                "marker": {"color": one.colour, "size": sizes, "line": {"width": 0}},
            }
        )  # fmt: skip
        if known:
            traces.append(_mark(axis, known[-1], one.values[known[-1]] or 0, one.colour))
    return _figure(axis, series, traces, says, language, suffix=suffix, whole=whole)


def banded(
    axis: Axis, series: Sequence[Series], low: Sequence[float], high: Sequence[float], says: str, language: str, shown: tuple[float, float], zero: str
) -> Figure:
    """Lines around a marked zero, and a band around the first; what lies beyond `shown` is cut off, so that an early band does not press the rest flat."""
    first = series[0]
    edges = [
        {"x": list(axis.labels), "y": list(values), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, **fill}
        for values, fill in ((low, {}), (high, {"fill": "tonexty", "fillcolor": _pale(first.colour, 0.2)}))
    ]
    figure = lines(axis, series, says, language)
    above = next((value for value in reversed(first.values) if value is not None), 0) >= 0  # the word stands on the other side of the zero
    if figure.plot:
        figure.plot["data"] = [*edges, *figure.plot["data"]]
        figure.plot["layout"]["yaxis"] |= {"rangemode": "normal", "range": list(shown), "tickformat": ",~g"}
        figure.plot["layout"] |= {
            "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0, "line": {"width": 1, "dash": "dash", "color": "#7a8691"}}],
            "annotations": [
                {"xref": "paper", "x": 1, "xanchor": "right", "y": 0, "yanchor": "top" if above else "bottom", "text": html.escape(zero, quote=False), "showarrow": False, "font": {"size": 11}},
            ],
        }  # fmt: skip
    return figure


def _figure(
    axis: Axis, series: Sequence[Series], traces: list[dict[str, Any]], says: str, language: str, *, suffix: str = "", whole: bool = True
) -> Figure:
    places = ticks(len(axis.labels))
    layout = {
        "showlegend": False,
        "dragmode": False,
        "separators": ",." if language == "de" else ".,",
        "xaxis": {
            "type": "category", "categoryorder": "array", "categoryarray": list(axis.labels), "fixedrange": True, "tickangle": 0,
            "range": [-0.5, len(axis.labels) - 0.5] if len(axis.labels) < 3 else [0, len(axis.labels) - 0.7],
            "tickvals": [axis.labels[n] for n in places], "ticktext": [html.escape(axis.short[n], quote=False) for n in places],
        },
        "yaxis": {"fixedrange": True, "rangemode": "tozero", "ticksuffix": suffix, "tickformat": ",d" if whole else ",~g"},
    }  # fmt: skip
    if whole and max((v or 0 for one in series for v in one.values), default=0) < TICKS:
        layout["yaxis"] |= {"dtick": 1}  # type: ignore[operator]
    drawn = any(value is not None for one in series for value in one.values)
    return Figure(
        plot={"data": traces, "layout": layout} if drawn else {},
        says=says,
        legend=[Key(one.word, one.colour, one.count) for one in series],
        heads=[axis.head, *(one.word for one in series)],
        rows=[[label, *(one.texts[n] for one in series)] for n, label in enumerate(axis.labels)][-SHOWN:],
        drawn=drawn,
    )


def _trace(axis: Axis, one: Series, part: slice, values: list[float | None]) -> dict[str, Any]:
    """Words go in as data, escaped: a name somebody typed is neither a tag nor a template of ours."""
    texts = [html.escape(f"{one.word}: {text}", quote=False) for text in one.texts[part]]
    return {
        "type": "scatter",
        "x": list(axis.labels[part]),
        "y": values,
        "customdata": texts,
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _mark(axis: Axis, place: int, value: float, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter", "x": [axis.labels[place]], "y": [value], "mode": "markers", "hoverinfo": "skip", "cliponaxis": False,
        "marker": {"size": 7, "color": colour},
    }  # fmt: skip


def _runs(there: Sequence[bool]) -> list[tuple[int, int]]:
    """First and last place of every stretch without a gap."""
    found: list[tuple[int, int]] = []
    for n, known in enumerate(there):
        if known and n and there[n - 1]:
            found[-1] = (found[-1][0], n)
        elif known:
            found.append((n, n))
    return found


def ticks(count: int) -> list[int]:
    """At most five places, evenly apart, beginning with the first."""
    step = max(1, -(-count // TICKS))
    return list(range(0, count, step))


def _pale(colour: str, alpha: float = 0.78) -> str:
    return f"rgba({int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:7], 16)},{alpha:g})"


def spark(values: Values, width: int = 84, height: int = 28) -> tuple[str, str, str]:
    """SVG paths of a sparkline: line, ground under it, and the dot on the last value. Gaps are left open; "" when nothing is known."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return "", "", ""
    low, high = min(known), max(known)

    def place(n: int, value: float) -> tuple[float, float]:
        return 2 + n * (width - 6) / (len(values) - 1), height - 4 - (value - low) / ((high - low) or 1) * (height - 8)

    line, ground, last = "", "", (0.0, 0.0)
    for first, end in _runs([value is not None for value in values]):
        points = [place(n, values[n] or 0) for n in range(first, end + 1)]
        part = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        line += part
        if len(points) > 1:
            ground += f"{part}L{points[-1][0]:.1f} {height}L{points[0][0]:.1f} {height}Z"
        last = points[-1]
    x, y, r = (*last, 2.2)
    dot = f"M{x - r:.1f} {y:.1f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0Z"
    return line, ground, dot


def width_of(part: float, whole: float) -> str:
    """The CSS width of a bar: nothing is nothing, and what there is can be seen."""
    if not whole or not part:
        return "0%"
    return f"{min(100.0, max(0.6, 100 * part / whole)):.2f}%"
