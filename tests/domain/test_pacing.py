"""The pace of a fan-out: against a plain line that carries out so many a second."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain import pacing
from backend.domain.pacing import Pace

LOOK = 0.25


@pytest.mark.parametrize(
    ("rate", "limit"), [(-1.0, 1_000), (0.0, 50), (3.0, 50), (100.0, 1_000), (499.0, 4_990), (500.0, 5_000), (20_000.0, 5_000)]
)
def test_ten_seconds_worth_and_never_more_than_5000(rate, limit):
    assert pacing.limit(Pace(rate=rate)) == limit


def test_a_chunk_follows_from_the_record_alone():
    assert [pacing.chunk(Pace(rate=rate), 1_000) for rate in (-1.0, 0.0, 100.0, 5_000.0)] == [200, 10, 200, 1_000]
    assert pacing.chunk(Pace(rate=5_000.0), 50) == 50


def test_where_nothing_is_on_its_way_something_may_go():
    assert not pacing.full(Pace(rate=0.0), 0, 1_000)
    assert pacing.full(Pace(rate=0.0), 1, 50)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30_000), st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3_000)), min_size=1, max_size=6))
def test_all_are_released_and_what_waits_stays_small(people, weather):
    """`weather`: for so many seconds so many a second are carried out; after that 2,000 a second."""
    speeds = [speed for seconds, speed in weather for _ in range(seconds)]
    pace, flight, left, now, credit = Pace(), 0, people, 1_000.0, 0.0
    for _ in range(100_000):
        speed = speeds[int(now - 1_000)] if now - 1_000 < len(speeds) else 2_000
        pace_now = pacing.measured(pace, flight, now)
        size = min(left, pacing.chunk(pace, 1_000))
        if pacing.full(pace_now, flight, size):
            pace = pace_now
            credit += speed * LOOK
            went = min(flight, int(credit))
            credit, flight, now = credit - int(credit), flight - went, now + LOOK
        else:
            pace = Pace(pace_now.released + size, pace_now.since, pace_now.done, pace_now.rate)
            left, flight = left - size, flight + size
            assert flight <= pacing.limit(pace_now) or flight == size, "something goes only where there is room, or where nothing is"
        assert flight <= pacing.MOST
        if not left:
            break
    assert left == 0, pace
