"""When a campaign reaches people of a zone: tables, the changes of the clock among them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.campaign import OWN, Timing, Window
from backend.domain.errors import Invalid
from backend.domain.run import RunBody, ahead_of, ends, opens, timing_of
from backend.domain.timing import grace_of, moments, opened, until


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


NOW = at("2026-11-25T12:00:00Z")  # a Wednesday


@pytest.mark.parametrize(("timing", "zone", "expected"), [
    (Timing(), "Europe/Berlin", "2026-11-25T12:00:00Z"),
    (Timing(kind="at", at="2026-12-01T09:00", zone="Europe/Berlin"), "Asia/Tokyo", "2026-12-01T08:00:00Z"),
    (Timing(kind="at", at="2026-12-01T09:00", zone="person"), "Asia/Tokyo", "2026-12-01T00:00:00Z"),
    (Timing(kind="at", at="2026-12-01T09:00", zone="person"), "Nowhere/City", "2026-12-01T09:00:00Z"),
    (Timing(kind="at", at="2020-01-01T09:00"), "UTC", "2026-11-25T12:00:00Z"),
    (Timing(kind="at", at="2027-03-28T02:30", zone="Europe/Berlin"), "UTC", "2027-03-28T01:00:00Z"),  # skipped: when the clock has jumped
    (Timing(kind="at", at="2027-10-31T02:30", zone="Europe/Berlin"), "UTC", "2027-10-31T00:30:00Z"),  # shown twice: the first
    (Timing(kind="recurring", cron="0 9 * * *", zone="Europe/Berlin"), "UTC", "2026-11-26T08:00:00Z"),
    (Timing(kind="recurring", cron="0 9 * * *", zone="person"), "America/New_York", "2026-11-26T14:00:00Z"),
    (Timing(window=Window("09:00", "18:00")), "UTC", "2026-11-25T12:00:00Z"),
    (Timing(window=Window("13:00", "18:00")), "UTC", "2026-11-25T13:00:00Z"),
    (Timing(window=Window("08:00", "12:00")), "UTC", "2026-11-26T08:00:00Z"),
    (Timing(window=Window("09:00", "18:00", (0,))), "UTC", "2026-11-30T09:00:00Z"),
    (Timing(window=Window("22:00", "13:00")), "UTC", "2026-11-25T12:00:00Z"),  # over midnight: open since yesterday
    (Timing(window=Window("20:00", "24:00")), "UTC", "2026-11-25T20:00:00Z"),
    (Timing(zone="person", window=Window("09:00", "18:00")), "Asia/Tokyo", "2026-11-26T00:00:00Z"),
    (Timing(window=Window("09:00", "18:00", ())), "UTC", "2026-11-25T12:00:00Z"),
])  # fmt: skip
def test_the_moment_of_a_zone(timing, zone, expected):
    assert moments(timing, NOW)(zone).at == at(expected)


@pytest.mark.parametrize("timing", [
    Timing(kind="at"), Timing(kind="at", at="tomorrow"), Timing(kind="at", at="2026-12-01T09:00Z"), Timing(kind="recurring", cron="nonsense"),
    Timing(kind="at", at="2026-12-01T09:00", zone="Mars/North"), Timing(window=Window("9 o'clock", "10:00")),
])  # fmt: skip
def test_a_timing_that_names_no_moment_is_refused_with_what_to_do(timing):
    with pytest.raises(Invalid) as refused:
        moments(timing, NOW)("UTC")
    assert len(refused.value.detail) > 20


WALLS = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
WINDOWS = st.builds(Window, WALLS, WALLS, st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))).filter(lambda w: w.start != w.end)


@given(WINDOWS, st.integers(0, 13 * 86_400), st.integers(-12, 14))
def test_a_run_opens_where_its_forecast_says_whoevers_clock_it_is_on(window, later, hours):
    now, zone = NOW + later, f"Etc/GMT{-hours:+d}" if hours else "UTC"
    expected = moments(Timing(window=window, zone=zone), now)(zone).at
    assert opens(RunBody((), window=window, zone=zone), None, now) == expected
    assert opens(RunBody((), window=window, zone=OWN), hours * 3_600, now) == expected
    assert moments(Timing(window=window, zone=OWN), now)(zone).at == expected


@given(WINDOWS, st.integers(0, 13 * 86_400))
def test_where_a_window_opens_it_is_open_and_before_that_it_was_not(window, later):
    now = NOW + later
    first = opened(window, now, "UTC")
    minute = first // 60 * 60
    assert opened(window, first, "UTC") == first
    assert first == now or opened(window, minute - 60, "UTC") == first


@pytest.mark.parametrize(("planned", "zone", "by_clock", "ahead"), [
    ("2026-11-25T09:00:00Z", "Asia/Tokyo", True, 9 * 3_600), ("2026-11-25T09:00:00Z", "Asia/Tokyo", False, 9 * 3_600),
    ("2026-11-25T09:00:00Z", "America/New_York", True, -5 * 3_600), ("2026-11-25T09:00:00Z", "Nowhere/City", True, 0),
    ("2026-11-25T09:00:00Z", "Nowhere/City", False, 0), ("2027-03-28T12:00:00Z", "Europe/Berlin", True, 2 * 3_600),
    ("2027-03-28T00:30:00Z", "Europe/Berlin", True, 3_600), ("2027-03-28T00:30:00Z", "Europe/Berlin", False, 3_600),
])  # fmt: skip
def test_how_far_a_clock_is_ahead(planned, zone, by_clock, ahead):
    assert ahead_of(at(planned), zone, by_clock=by_clock) == ahead


@pytest.mark.parametrize(("due", "expires", "grace", "began", "expected"), [
    (100.0, 0, None, 500.0, 0.0), (100.0, 60, None, 500.0, 160.0), (100.0, 0, 400, 500.0, 0.0), (100.0, 0, 399, 500.0, 499.0),
    (100.0, 600, 399, 500.0, 499.0), (100.0, 60, 399, 500.0, 160.0), (900.0, 0, 0, 500.0, 0.0), (499.0, 0, 0, 500.0, 499.0),
])  # fmt: skip
def test_until_when_it_is_worth_it(due, expires, grace, began, expected):
    assert until(due, expires, grace, began) == expected


@given(st.sampled_from(["now", "at"]), st.integers(-48, 48), st.sampled_from([0, 600, 9_000]), st.sampled_from([0, 3_600]), st.sampled_from(
    ["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Nowhere/City"]))
def test_a_run_gives_up_on_a_person_when_its_forecast_says(kind, hours, expires, grace, zone):
    planned = NOW + hours * 1_800
    timing = Timing(kind, datetime.fromtimestamp(planned, UTC).strftime("%Y-%m-%dT%H:%M") if kind == "at" else "", zone=OWN, expires=expires, grace=grace)
    own = kind == "at"
    pace, window, clock = timing_of(timing)
    body = RunBody((), pace=pace, window=window, zone=clock, expires=expires, grace=grace_of(timing))
    run = planned if own else NOW
    assert ends(body, run, ahead_of(run, zone, by_clock=own) if own else None, NOW) == moments(timing, NOW)(zone).until
