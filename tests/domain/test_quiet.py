"""Quiet hours against a scan of every minute, in many zones and around the jumps of their clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backend.domain.person import QuietHours
from backend.domain.quiet import in_quiet, minutes, next_allowed, which, zone

ZONES = (
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu",
    "Africa/Casablanca", "Africa/Cairo", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "America/Santiago", "America/St_Johns",
    "America/Nuuk", "Asia/Kolkata", "Asia/Beirut", "Antarctica/Troll", "Europe/Dublin", "America/Havana",
)  # fmt: skip
WEEK = 7 * 1440
Q = QuietHours


def clock(year, month, day, hour=0, minute=0, second=0, tz="UTC", fold=0):
    return datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(tz), fold=fold).timestamp()


def minute_of_week_set(ranges):
    """Another way to say the same: the quiet minutes of a week of wall clock."""
    quiet = set()
    for r in ranges:
        start, end = (int(t[:2]) * 60 + int(t[3:]) for t in (r.start, r.end))
        for day in r.days:
            for n in range((end - start) % 1440 if end != 1440 else 1440 - start):
                quiet.add((day * 1440 + start + n) % WEEK)
    return quiet


def scan(now, tz, quiet):
    at = now
    for _ in range(9 * 1440):
        local = datetime.fromtimestamp(at, tz)
        if local.weekday() * 1440 + local.hour * 60 + local.minute not in quiet:
            return at
        at = (at // 60 + 1) * 60
    return None


walls = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
ends = walls | st.just("24:00")
ranges = st.lists(st.builds(Q, walls, ends, st.sets(st.integers(0, 6), min_size=1).map(lambda d: tuple(sorted(d)))), min_size=1, max_size=3)
around_jumps = st.sampled_from(
    [clock(2026, *d) for d in ((3, 8), (3, 29), (4, 5), (9, 6), (9, 27), (10, 4), (10, 25), (11, 1), (2, 15), (3, 22))]
)
instants = st.one_of(
    st.builds(lambda base, off: base + off, around_jumps, st.integers(-90_000, 90_000)),
    st.integers(int(clock(2026, 1, 1)), int(clock(2027, 12, 31))),
).map(float)


@settings(max_examples=150, deadline=None)
@given(instants, st.sampled_from(ZONES), ranges)
@example(clock(2026, 10, 25, 0, 45), "Europe/Berlin", [Q("02:30", "03:00")])  # the clock jumps out of it, backwards
@example(clock(2026, 3, 29, 0, 30), "Europe/Berlin", [Q("01:00", "02:30")])  # the end is a minute that is never shown
@example(clock(2026, 3, 29, 0, 59), "Europe/Berlin", [Q("22:00", "02:00")])
def test_next_allowed_is_what_a_scan_of_every_minute_finds(now, name, quiet):
    tz = ZoneInfo(name)
    expected = scan(now, tz, minute_of_week_set(quiet))
    assert next_allowed(now, tz, quiet) == expected
    assert in_quiet(now, tz, quiet) == (expected != now)


@settings(max_examples=100, deadline=None)
@given(instants, st.sampled_from(ZONES), ranges)
def test_where_it_leads_is_not_quiet_and_not_in_the_past(now, name, quiet):
    at = next_allowed(now, ZoneInfo(name), quiet)
    if at is not None:
        assert at >= now
        assert not in_quiet(at, ZoneInfo(name), quiet)


def test_a_night_of_one_weekday_ends_on_the_next_morning():
    friday_night = [Q("22:00", "08:00", (4,))]
    tz = ZoneInfo("Europe/Berlin")
    saturday = clock(2026, 11, 28, 3, 0, tz="Europe/Berlin")
    assert next_allowed(saturday, tz, friday_night) == clock(2026, 11, 28, 8, 0, tz="Europe/Berlin")
    friday_morning = clock(2026, 11, 27, 3, 0, tz="Europe/Berlin")
    assert next_allowed(friday_morning, tz, friday_night) == friday_morning


def test_the_night_the_clock_is_set_back_is_an_hour_longer():
    tz = ZoneInfo("Europe/Berlin")
    start = clock(2026, 10, 24, 22, 0, tz="Europe/Berlin")
    assert next_allowed(start, tz, [Q("22:00", "08:00")]) - start == 11 * 3600


def test_a_repeated_hour_is_quiet_twice():
    tz = ZoneInfo("Europe/Berlin")
    for fold in (0, 1):
        assert in_quiet(clock(2026, 10, 25, 2, 15, tz="Europe/Berlin", fold=fold), tz, [Q("02:00", "02:30")])


def test_a_whole_day_and_a_whole_week():
    sunday = [Q("00:00", "24:00", (6,))]
    assert next_allowed(clock(2026, 11, 29, 12), UTC, sunday) == clock(2026, 11, 30)
    assert next_allowed(clock(2026, 11, 29, 12), UTC, [Q("00:00", "24:00")]) is None


def test_the_range_that_holds_is_named():
    noon, night = Q("12:00", "13:00"), Q("22:00", "08:00")
    assert which(clock(2026, 11, 25, 12, 30), UTC, [night, noon]) == noon
    assert which(clock(2026, 11, 25, 13, 0), UTC, [night, noon]) is None


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "a\0b", "/etc/localtime", "x" * 5000])
def test_a_zone_nobody_knows_is_utc(name):
    assert zone(name) is UTC


@pytest.mark.parametrize("wall", ["", "8", "8:5", "25:00", "24:01", "12:60", "ab:cd", "-1:00", "²2:00", "12:000"])
def test_a_wall_time_that_is_none_counts_as_midnight(wall):
    assert minutes(wall) == 0
