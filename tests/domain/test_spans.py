"""Time as a clock on a wall cuts it: midnights of every zone, days of 23 and 25 hours, the hour that comes twice."""

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import spans
from backend.domain.errors import Invalid
from backend.domain.tally import QUARTER

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham", "America/Santiago",
    "Pacific/Apia", "Africa/Casablanca",
]  # fmt: skip


def at(zone: str, *when: int) -> float:
    return dt.datetime(*when, tzinfo=ZoneInfo(zone)).timestamp()


@given(st.sampled_from(ZONES), st.integers(1_900_000, 2_000_000), st.integers(1, 60_000), st.sampled_from(["hour", "six", "day", "week", "month"]))
def test_every_quarter_lies_in_the_slot_its_clock_says(name, first, length, grain):
    zone = ZoneInfo(name)
    axis = spans.axis(zone, first, first + length, grain)
    assert all(a.end == b.start for a, b in zip(axis.slots, axis.slots[1:], strict=False))
    for quarter in {first, first + length - 1, *range(first, first + length, max(1, length // 97))}:
        slot = axis.slots[axis.place[spans.number_of(axis.cut, quarter)]]
        assert slot.start <= quarter * QUARTER < slot.end
        if grain in ("day", "week", "month"):
            starts = dt.datetime.fromtimestamp(slot.start, zone)
            here = dt.datetime.fromtimestamp(quarter * QUARTER, zone)
            assert {"day": starts.date() == here.date(), "week": starts.isocalendar()[:2] == here.isocalendar()[:2], "month": starts.month == here.month}[grain]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Berlin", (2026, 10, 25), 25), ("Europe/Berlin", (2026, 3, 29), 23), ("Asia/Kathmandu", (2026, 5, 1), 24), ("Pacific/Chatham", (2026, 4, 5), 25)],
)
def test_a_day_has_the_hours_it_has(zone, day, hours):
    first, below = spans.quarters(at(zone, *day), at(zone, *day) + 30 * 3600)
    one = spans.axis(ZoneInfo(zone), first, below, "day").slots[0]
    assert (one.end - one.start) / 3600 == hours
    assert one.start == at(zone, *day)


def test_the_hour_that_comes_twice_is_two():
    since = at("Europe/Berlin", 2026, 10, 25)
    axis = spans.axis(ZoneInfo("Europe/Berlin"), *spans.quarters(since, since + 25 * 3600))
    shown = Counter(f"{dt.datetime.fromtimestamp(slot.start, ZoneInfo('Europe/Berlin')):%H:%M}" for slot in axis.slots)
    assert (axis.grain, len(axis.slots), shown["02:00"]) == ("hour", 25, 2)


def test_hours_of_a_zone_45_minutes_off_are_its_own():
    since = at("Asia/Kathmandu", 2026, 5, 1)
    axis = spans.axis(ZoneInfo("Asia/Kathmandu"), *spans.quarters(since, since + 86_400))
    assert {dt.datetime.fromtimestamp(slot.start, ZoneInfo("Asia/Kathmandu")).minute for slot in axis.slots} == {0}
    assert len(axis.slots) == 24


@pytest.mark.parametrize(("days", "grain"), [(1, "hour"), (2, "hour"), (7, "six"), (12, "six"), (14, "day"), (50, "day"), (51, "week"), (350, "week"), (400, "month")])
def test_points_are_few(days, grain):
    axis = spans.axis(ZoneInfo("Europe/Berlin"), 1_988_000, 1_988_000 + days * 96)
    assert axis.grain == grain
    assert len(axis.slots) <= spans.POINTS + 1


def test_the_stretch_before():
    berlin = ZoneInfo("Europe/Berlin")
    assert spans.before(berlin, at("Europe/Berlin", 2026, 10, 26), at("Europe/Berlin", 2026, 10, 27)) == at("Europe/Berlin", 2026, 10, 25)  # 25 hours
    assert spans.before(berlin, 1000.0, 1500.0) == 500.0


@pytest.mark.parametrize("span", [(5.0, 5.0), (6.0, 5.0), (-1.0, 5.0), (0.0, float("inf")), (float("nan"), 5.0), (0.0, 4_000 * 86_400.0), (1e300, 2e300)])
def test_a_stretch_that_is_none_is_refused(span):
    with pytest.raises(Invalid):
        spans.quarters(*span)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "Europe/Berlin\0", "x" * 10_000, "Europe"])
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(Invalid):
        spans.zone_of(name)
