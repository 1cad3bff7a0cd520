"""Times counted in steps: a quantile read back is within a step of the true one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.latency import FIRST, GROWTH, LAST, quantile, step_of, upto


@given(st.floats(0, 80_000))
def test_a_time_fits_its_step_and_not_the_one_before(seconds):
    step = step_of(seconds)
    assert 0 <= step <= LAST
    assert seconds <= upto(step) * 1.000001
    assert step == 0 or seconds > upto(step - 1) * 0.999999


def test_the_ends():
    assert (step_of(-1), step_of(0), step_of(FIRST), step_of(10.0**9)) == (-1, 0, 0, LAST)
    assert upto(LAST) > 86_400


@given(st.lists(st.floats(0.011, 80_000), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_is_within_a_step(times, part):
    counts: dict[int, int] = {}
    for seconds in times:
        counts[step_of(seconds)] = counts.get(step_of(seconds), 0) + 1
    true = sorted(times)[max(0, -(-int(part * 1000) * len(times) // 1000) - 1)]
    assert true / GROWTH / 1.0001 <= quantile(counts, part) <= true * GROWTH * 1.0001


def test_of_nothing_there_is_none():
    assert quantile({}, 0.5) is None
    assert quantile({3: 0}, 0.5) is None


@pytest.mark.parametrize(("counts", "part", "seconds"), [({0: 10}, 0.5, 0.005), ({1: 2}, 1.0, 0.015), ({0: 1, 4: 1}, 0.5, 0.01)])
def test_within_a_step_it_is_spread(counts, part, seconds):
    assert quantile(counts, part) == pytest.approx(seconds)
