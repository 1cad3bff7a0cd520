"""Hours for advertising by SMS: the table against a slow look at every minute, area codes against phonenumbers' own maps."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain import sms_hours
from backend.domain.quiet import in_quiet, zone
from backend.domain.sms_hours import FORBIDDEN, STATES, allowed_from
from backend.security import numbers

MINUTE = 60.0


def at(text, name):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name)).timestamp()


@pytest.mark.parametrize(
    ("region", "name", "asked", "allowed"),
    [
        ("US", "America/New_York", "2026-11-25T07:59:59", "2026-11-25T08:00"),
        ("US", "America/New_York", "2026-11-25T08:00", "2026-11-25T08:00"),
        ("US", "America/New_York", "2026-11-25T20:59:59", "2026-11-25T20:59:59"),
        ("US", "America/New_York", "2026-11-25T21:00", "2026-11-26T08:00"),
        ("US-FL", "America/New_York", "2026-11-25T20:00", "2026-11-26T08:00"),
        ("US-OK", "America/Chicago", "2026-11-25T20:30", "2026-11-26T08:00"),
        ("US-CT", "America/New_York", "2026-11-25T08:30", "2026-11-25T09:00"),
        ("US-TX", "America/Chicago", "2026-11-29T09:30", "2026-11-29T12:00"),  # a Sunday
        ("US-TX", "America/Chicago", "2026-11-28T21:30", "2026-11-29T12:00"),
        ("US-AL", "America/Chicago", "2026-11-28T20:00", "2026-11-30T08:00"),
        ("US-RI", "America/New_York", "2026-11-27T18:00", "2026-11-28T10:00"),
        ("US-RI", "America/New_York", "2026-11-28T17:00", "2026-11-30T09:00"),
        ("FR", "Europe/Paris", "2026-11-28T20:30", "2026-11-30T08:00"),
        ("IN", "Asia/Kolkata", "2026-11-25T09:59", "2026-11-25T10:00"),
        ("US", "America/New_York", "2026-11-01T01:30", "2026-11-01T08:00"),  # an hour of it comes twice
        ("DE", "Europe/Berlin", "2026-11-25T03:00", "2026-11-25T03:00"),  # no rule
    ],
)
def test_known_hours(region, name, asked, allowed):
    assert allowed_from(at(asked, name), region, [name]) == at(allowed, name)


def test_every_rule_leaves_room_in_a_week():
    for region, ranges in FORBIDDEN.items():
        monday = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
        free = sum(not in_quiet(monday + n * 900, UTC, ranges) for n in range(7 * 96)) / 4
        assert 40 <= free <= 7 * 13, region


@given(
    st.sampled_from(sorted(FORBIDDEN)),
    st.lists(st.sampled_from(["America/New_York", "America/Chicago", "Pacific/Honolulu", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]), max_size=3),
    st.integers(0, 365 * 1440),
)
@settings(deadline=None, max_examples=120)
def test_the_first_minute_that_all_zones_allow(region, zones, minute):
    asked = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + minute * MINUTE
    found = allowed_from(asked, region, zones)
    clocks, ranges = [zone(name) for name in zones or ["UTC"]], FORBIDDEN[region]
    scan = asked
    while scan < asked + 8 * 86_400 and any(in_quiet(scan, tz, ranges) for tz in clocks):
        scan += MINUTE
    if scan < asked + 8 * 86_400:
        assert found == scan
    else:
        assert found > asked  # there is no such minute; it is asked again later


def test_area_codes_are_those_of_phonenumbers():
    from phonenumbers import geocoder

    names = {
        "Alabama": "AL", "California": "CA", "Connecticut": "CT", "Florida": "FL", "Illinois": "IL", "Kentucky": "KY", "Louisiana": "LA", "Maryland": "MD",
        "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS", "Nevada": "NV", "New Jersey": "NJ", "New Mexico": "NM",
        "Oklahoma": "OK", "Rhode Island": "RI", "South Dakota": "SD", "Texas": "TX", "Utah": "UT", "Washington State": "WA", "Wyoming": "WY",
    }  # fmt: skip
    assert set(names.values()) == set(STATES.values()) == {region[3:] for region in FORBIDDEN if region.startswith("US-")}
    for area in range(201, 990):
        number = phonenumbers.parse(f"+1{area}5550142")
        if phonenumbers.region_code_for_number(number) != "US":
            continue
        said = geocoder.description_for_number(number, "en")
        state = names.get(said) or said.rpartition(", ")[2]
        if said and state in names.values():
            assert STATES.get(str(area)) == state, (area, said)
        elif said and ", " not in said and said != "United States":
            assert str(area) not in STATES, (area, said)


@pytest.mark.parametrize(
    ("number", "region", "zones"),
    [
        ("+13055550142", "US-FL", ("America/New_York",)), ("+12125550142", "US", ("America/New_York",)), ("+16045550142", "CA", ("America/Vancouver",)),
        ("+4915112345678", "DE", ("Europe/Berlin",)), ("+33612345678", "FR", ("Europe/Paris",)), ("+18005550142", "US", ()), ("nonsense", "", ()),
        ("+15551234567", "", ()),
    ],
)  # fmt: skip
def test_what_a_number_says(number, region, zones):
    assert numbers.region_of(number) == region
    assert numbers.zones_of(number) == zones
    assert sms_hours.ruled(region) == (region in FORBIDDEN)
