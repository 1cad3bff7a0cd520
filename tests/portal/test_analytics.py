"""The page Analytics without a browser: ranges in addresses, and a report told in both languages, with nothing made up."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.app.analytics_views import AnalyticsView, FiguresView, HourView, PartView, PointView
from backend.domain.ledger import Ledger
from backend.domain.measures import Rate
from portal import ranges
from portal.analysis import Analyst
from portal.states.analytics import SPEC, asked_for
from portal.telling import Teller

NOW = datetime(2026, 11, 25, 14, 20, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
DAY = 86_400.0
WANTED = dict.fromkeys(SPEC.filters)


def shown(at: float, zone: str = "Europe/Berlin") -> str:
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("query", "since", "until", "preset"),
    [
        ({}, "2026-11-19T00:00", "2026-11-26T00:00", "7"),
        ({"range": "30"}, "2026-10-27T00:00", "2026-11-26T00:00", "30"),
        ({"range": "1"}, "2026-11-24T15:00", "2026-11-25T15:00", "1"),
        ({"range": "9999"}, "2026-11-19T00:00", "2026-11-26T00:00", "7"),
        ({"from": "2026-10-25", "to": "2026-10-25"}, "2026-10-25T00:00", "2026-10-26T00:00", ""),  # of 25 hours
        ({"from": "2026-11-01"}, "2026-11-01T00:00", "2026-11-02T00:00", ""),
        ({"from": "2026-11-01T09:15", "to": "2026-11-01T10:00"}, "2026-11-01T09:15", "2026-11-01T10:00", ""),
    ],
)
def test_an_address_says_when(query, since, until, preset):
    asked, span = asked_for({**WANTED, **query}, "Europe/Berlin", NOW)
    assert (shown(asked.since), shown(asked.until), span.preset, span.usual) == (since, until, preset, False)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-40", "0001-01-01", "9999-12-31", "' or 1=1", "\u202e2026-11-01", "2026-11-01T99:99", "x" * 5000])
def test_dates_that_are_none_show_the_usual_range_and_say_so(text):
    _, span = asked_for({**WANTED, "from": text, "to": text}, "Europe/Berlin", NOW)
    assert (span.usual, span.preset) == (True, "7")


def test_a_range_that_is_turned_round_is_said():
    assert ranges.read("", "2026-11-09", "2026-11-01", "", "UTC", NOW).usual


def test_a_link_keeps_its_zone_and_a_zone_that_is_none_is_ones_own():
    assert asked_for({**WANTED, "zone": "Asia/Kathmandu"}, "Europe/Berlin", NOW)[0].zone == "Asia/Kathmandu"
    assert asked_for({**WANTED, "zone": "Mars/Olympus"}, "Europe/Berlin", NOW)[0].zone == "Europe/Berlin"


@given(st.sampled_from(ranges.PRESETS), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]), st.floats(1e9, 2e9))
def test_a_copied_link_shows_the_same_range(days, zone, now):
    moving = ranges.preset(days, zone, now)
    fixed = ranges.read("", moving.first, moving.last, zone, "UTC", now + 40 * DAY)
    assert (fixed.since, fixed.until, fixed.zone) == (moving.since, moving.until, zone)


def test_what_to_compare_with():
    against = [asked_for({**WANTED, "against": text}, "UTC", NOW)[0].against for text in (None, "none", "2026-11-01", "nonsense")]
    assert against == [None, -1.0, ranges.moment_of("2026-11-01", "UTC"), None]


# ---- telling
WHOLE = FiguresView(
    Ledger(planned=200, sent=150, held=10, skipped=30, failed=10), Rate(98, 100, ""), Rate(10, 160, ""), Rate(40, 98, ""), Rate(why="no_signal"),
    half=0.9, most=4.0, nearly_all=9.8, timed=150,
)  # fmt: skip
EMPTY = FiguresView(Ledger())


def report(whole=WHOLE, before=None, points=None, **also) -> AnalyticsView:
    midnight = ranges.moment_of("2026-11-19", "Europe/Berlin")
    slots = points if points is not None else [PointView(midnight + n * DAY, midnight + (n + 1) * DAY, n > 0, whole if n == 2 else EMPTY) for n in range(7)]
    parts = [PartView("sms", WHOLE, None), PartView("", EMPTY, WHOLE), PartView("*", EMPTY, None), PartView("<b>x</b>", WHOLE, EMPTY)]
    fields = {
        "since": midnight, "until": midnight + 7 * DAY, "zone": "Europe/Berlin", "grain": "day", "counted_from": midnight + DAY, "upto": NOW, "elapsed": 6.5 * DAY,
        "against": midnight - 7 * DAY if before else None, "whole": whole, "before": before, "points": slots, "parts": parts, "channels": parts[:1],
        "hours": [HourView(0, 9, 40), HourView(6, 23, 1)],
    }  # fmt: skip
    return AnalyticsView(**{**fields, **also})


def told(view, language="en", sort="planned", by="category"):
    return Analyst(view, Teller(language, view.zone, NOW), sort, by)


def test_the_answer_comes_first():
    before = FiguresView(Ledger(planned=100, sent=90), Rate(80, 100, ""), Rate(1, 91, ""), half=1.0, timed=90)
    seen = told(report(before=before)).shown()
    assert seen.answer == "150 of 200 planned messages went out (75.0%); planned were +100.0% against the time before."
    assert seen.proof == "98.0% arrived where arrival is reported, half of them were with a provider within 900 ms and 10 failed for good (6.2%)."
    assert seen.sum == "150 + 10 + 30 + 10 = 200"
    sent, delivered, time, failed = seen.tiles
    assert (sent.value, sent.change) == ("150", "+66.7%")
    assert (delivered.value, delivered.unit, delivered.change, delivered.mood, delivered.note) == ("98.0", "%", "+18.0 pt", "up", "98 of 100")
    assert (time.value, time.unit, time.change, time.mood) == ("900", "ms", "−100 ms", "flat")
    assert (failed.change, failed.mood) == ("+5.2 pt", "down")


def test_in_german():
    seen = told(report(), "de").shown()
    assert seen.answer == "150 von 200 geplanten Nachrichten gingen hinaus (75,0 %)."
    assert seen.tiles[1].unit == "%" and seen.tiles[1].value == "98,0"
    assert seen.volume.plot["layout"]["separators"] == ",."


def test_one_provider_is_told_by_what_it_was_given():
    given = FiguresView(Ledger(planned=65, sent=64, failed=1), Rate(50, 65, ""), Rate(1, 65, ""), half=0.9, timed=60)
    for language, answer, step in (
        ("en", "alpha took 64 of the 65 messages it was given (98.5%).", "Given to alpha"),
        ("de", "alpha nahm 64 der 65 Nachrichten an, die er bekam (98,5 %).", "An alpha gegeben"),
    ):
        seen = told(report(given, provider="alpha"), language).shown()
        assert seen.answer == answer and seen.steps[0].word == step and seen.sum == "64 + 1 = 65"
        assert [row.hue for row in seen.beside] == ["failed"]  # what was held or skipped never came to it
        row = seen.channels[0]
        assert row.opened == row.clicked == "–" and row.opened_tip == seen.steps[3].share
    assert asked_for({**WANTED, "provider": "alpha"}, "UTC", NOW)[0].provider == "alpha"
    assert SPEC.address(SPEC.read({"provider": "a&b"})) == "/analytics?provider=a%26b"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("provider", "note"), [("", ("of 1 planned", "von 1 geplanten")), ("alpha", ("of 1 given to it", "von 1, die er bekam"))])
def test_a_single_message_is_told_too(provider, note, language):
    single = FiguresView(Ledger(planned=1, sent=1), Rate(1, 1, ""), Rate(0, 1, ""), half=0.9, timed=1)
    seen = told(report(single, provider=provider), language).shown()
    assert seen.tiles[0].note == note[language == "de"]


def test_no_signal_is_no_zero():
    steps = told(report()).funnel()
    assert (steps[4].count, steps[4].width) == ("–", "0%") and "No signal" in steps[4].share
    assert steps[2].share == "98.0% of what went out where arrival is reported (98 of 100)"
    row = told(report()).shown().channels[0]
    assert (row.clicked, row.name) == ("–", "SMS") and "clicked" in row.clicked_tip


def test_nothing_is_known_before_counting_began():
    volume = told(report()).volume()
    assert volume.rows[0][1:] == ["–"] * (len(volume.heads) - 1)
    assert volume.rows[1][1] == "0"
    failures = told(report()).failures()
    assert [row[1] for row in failures.rows].count("–") == 6 and failures.rows[2][1] == "6.2% (10 of 160)"


def test_few_are_said_to_be_few():
    few = FiguresView(Ledger(planned=9, sent=5, failed=1), failed=Rate(1, 6, ""))
    seen = told(report(few, before=few)).shown()
    assert seen.few.startswith("Too few to be sure")
    assert {tile.mood for tile in seen.tiles} == {"flat"}
    assert told(report()).shown().few == ""


def test_of_nothing_nothing_is_told():
    seen = told(report(EMPTY, parts=[], channels=[], hours=[])).shown()
    assert seen.answer == "Nothing was planned in this time." and (seen.proof, seen.sum, seen.heat) == ("", "", [])
    assert not seen.failures.drawn and not seen.times.drawn
    assert [tile.value for tile in seen.tiles] == ["0", "–", "–", "–"]


def test_rows_are_sorted_and_what_has_no_figure_is_last():
    names = [row.name for row in told(report(), sort="half").shown().parts]
    assert names[-2:] == ["No category", "All others"] and set(names[:2]) == {"sms", "<b>x</b>"}
    assert told(report(), by="provider").shown().parts[0].opened == "–"


def test_the_week_has_its_hours():
    heat = told(report()).heat()
    assert len(heat) == 7 and all(len(row.cells) == 24 for row in heat)
    assert (heat[0].cells[9].level, heat[6].cells[23].level, heat[3].cells[3].level) == ("100%", "6%", "0%")
    assert heat[0].cells[9].tip == "Monday 09:00: 40"


def test_what_it_is_compared_with_is_named():
    analyst = told(report(before=WHOLE))
    assert analyst.range() == "19 Nov 2026 to 25 Nov 2026"
    assert analyst.compared() == "against 12 Nov 2026 to 18 Nov 2026, 12:00, as this range is not over"


@pytest.mark.parametrize("grain", ["hour", "six", "day", "week", "month"])
def test_every_bucket_has_a_name_of_its_own(grain):
    start = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
    width = {"hour": 3600, "six": 6 * 3600, "day": 25 * 3600, "week": 7 * DAY, "month": 31 * DAY}[grain]
    points = [PointView(start + n * width, start + (n + 1) * width, True, WHOLE) for n in range(12)]
    labels = told(report(points=points, grain=grain)).axis().labels
    assert len(set(labels)) == len(labels)
