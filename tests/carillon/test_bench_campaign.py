"""The bench's judgement of a pace: exact steps miss by less than one step, a gap and a burst are seen, what is too short is not judged."""

import pytest

from carillon.bench.campaign import missed


def looks(pace: float, seconds: int, gap: float = 0.0) -> list[tuple[float, int]]:
    """Five looks a second at something released at this pace, which rested for so long after ten seconds."""
    return [(n / 5, int(pace * (n / 5 if n / 5 <= 10 else max(10, n / 5 - gap)))) for n in range(seconds * 5)]


@pytest.mark.parametrize(("gap", "least", "most"), [(0.0, 0.0, 0.01), (1.0, 0.09, 0.11), (3.0, 0.29, 0.31)])
def test_a_gap_of_seconds_is_seen_as_its_part_of_ten(gap, least, most):
    assert least <= missed(looks(50, 30, gap), 50, 10_000) <= most


def test_twice_as_fast_is_missed_by_all_of_it():
    assert missed(looks(100, 30), 50, 10_000) == pytest.approx(1.0, abs=0.01)


def test_what_is_shorter_than_ten_seconds_is_not_judged_nor_what_is_over():
    assert missed(looks(50, 10), 50, 10_000) is None
    assert missed([*looks(50, 20), (100.0, 1_000)], 50, 1_000) == pytest.approx(0.0, abs=0.01)
