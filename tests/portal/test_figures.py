"""Figures: what is drawn is what Plotly takes, a gap stays a gap, a name somebody typed stays a name, numbers read as people read."""

import math
from itertools import pairwise

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import numbers
from portal.components.charts import template
from portal.figures import HUES, ORDER, SHOWN, Axis, Figure, Series, layers, lines, spark, ticks, width_of

DAYS = Axis([f"{n} Nov" for n in range(1, 11)], [str(n) for n in range(1, 11)], "Day")


def series(values, word="Sent"):
    return Series(word, ORDER[0], values, ["–" if v is None else str(v) for v in values])


def drawn(figure):
    """The traces as Plotly's own schema takes them; raises where it would not."""
    return go.Figure(figure.plot).to_plotly_json()["data"]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_template_is_one_that_plotly_knows(mode):
    go.layout.Template(template(mode))


def test_every_stretch_between_gaps_is_a_stack_of_its_own():
    values = [1, 2, None, None, 5, None, 7, 8, 9, 10]
    figure = layers(DAYS, [series(values), series([v and v * 2 for v in values], "Failed")], "It rose.")
    stacks = [trace for trace in drawn(figure) if "stackgroup" in trace]
    assert [(t["stackgroup"], len(t["x"])) for t in stacks] == [(f"run{n}", size) for n, size in enumerate((2, 1, 4)) for _ in range(2)]
    assert "3 Nov" not in {x for trace in stacks for x in trace["x"]}
    assert figure.rows[2] == ["3 Nov", "–", "–"]


def test_a_layer_without_a_value_beside_others_counts_nothing():
    figure = layers(DAYS, [series([1] * 10), series([None] * 9 + [4], "Failed")], "")
    assert [t["y"] for t in drawn(figure) if "stackgroup" in t][1] == [*[0] * 9, 4]


def test_the_last_known_point_is_marked():
    *_, mark = drawn(lines(DAYS, [series([1, 2, 3, None, 5, 6, 7.5, None, None, None])], "", suffix=" s"))
    assert (mark["x"], mark["y"], mark["mode"]) == (["7 Nov"], [7.5], "markers")


def test_a_point_alone_between_gaps_is_seen():
    first, *_ = drawn(lines(DAYS, [series([None, 2, None, 4, 5, None, None, None, None, 1])], ""))
    assert [n for n, size in enumerate(first["marker"]["size"]) if size] == [1, 9]
    assert first["connectgaps"] is False


def test_nothing_known_is_nothing_drawn():
    figure = layers(DAYS, [series([None] * 10)], "")
    assert (figure.drawn, figure.plot) == (False, {})
    assert Figure().drawn is False


def test_names_are_neither_tags_nor_templates():
    axis = Axis(["<b>1</b>", "2"], ["<i>", "2"], "Day")
    figure = lines(axis, [series([1, 2], '<a href="x">%{x}</a>')], "")
    trace = drawn(figure)[0]
    assert trace["customdata"][0] == '&lt;a href="x"&gt;%{x}&lt;/a&gt;: 1'
    assert trace["hovertemplate"] == "%{customdata}<extra></extra>"
    assert figure.plot["layout"]["xaxis"]["ticktext"][0] == "&lt;i&gt;"


@given(st.integers(0, 2000))
def test_ticks_are_few_and_even(count):
    places = ticks(count)
    assert len(places) <= 5 and all(0 <= n < count for n in places)
    assert len({b - a for a, b in pairwise(places)}) <= 1


def test_the_page_holds_few_rows():
    many = Axis([str(n) for n in range(300)], [str(n) for n in range(300)], "Hour")
    assert len(lines(many, [series(list(range(300)))], "").rows) == SHOWN


@given(st.lists(st.none() | st.floats(-1e12, 1e12), max_size=60))
def test_a_sparkline_stays_in_its_box(values):
    line, ground, dot = spark(values)
    if len([v for v in values if v is not None]) < 2:
        assert (line, ground, dot) == ("", "", "")
    else:
        assert line and dot
        numbers_in = [float(x) for x in line.replace("M", " ").replace("L", " ").split()]
        assert all(0 <= x <= 84 for x in numbers_in) and not any(math.isnan(x) for x in numbers_in)


def test_hues_are_enough_for_every_state():
    assert all(len(hue) == 7 and hue.startswith("#") for hue in (*HUES.values(), *ORDER))


@pytest.mark.parametrize(
    ("part", "whole", "english", "german"),
    [
        (0, 0, "–", "–"), (0, 10, "0.0%", "0,0 %"), (1, 10_000, "<0.1%", "<0,1 %"), (9_999, 10_000, ">99.9%", ">99,9 %"), (10, 10, "100.0%", "100,0 %"),
        (5_470, 61_388, "8.9%", "8,9 %"),
    ],
)  # fmt: skip
def test_a_percentage_is_never_falsely_nothing_or_all(part, whole, english, german):
    assert (numbers.percent(part, whole), numbers.percent(part, whole, "de")) == (english, german)


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0, "0", "0"), (940, "940", "940"), (9_999, "9,999", "9.999"), (18_240, "18.2K", "18,2 Tsd."), (182_400, "182K", "182 Tsd."),
        (4_918_402, "4.92M", "4,92 Mio."), (9_996_000, "10.0M", "10,0 Mio."), (2_500_000_000, "2.50B", "2,50 Mrd."),
    ],
)  # fmt: skip
def test_a_short_count_has_three_figures(value, english, german):
    assert (numbers.compact(value), numbers.compact(value, "de")) == (english, german)


def test_changes_have_their_sign_and_their_unit():
    assert numbers.change(106.4, 100) == "+6.4%" and numbers.change(90, 100, "de") == "−10,0 %"
    assert numbers.change(5, 0) == ""
    assert numbers.points(98.2, 98.0) == "+0.2 pt" and numbers.points(98, 98) == "±0.0 pt"
    assert numbers.slower(0.9, 1.0) == "−100 ms" and numbers.slower(2.0, 2.0) == "±0 ms"


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_bar_is_nothing_only_for_nothing(part, whole):
    width = float(width_of(part, whole).rstrip("%"))
    assert 0 <= width <= 100 and (width > 0) == bool(part and whole)
