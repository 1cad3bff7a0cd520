"""Retries: within their bounds, spread, never sooner than a provider asked, never after expiry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.category import Category
from backend.domain.retry import LIMITS, LONGEST_ASKED, SHORTEST, SOON, At, Exhausted, limits_of, next_try

NOW = 1_000_000.0
chance = st.floats(0, 1, exclude_max=True)
limits = st.sampled_from(list(LIMITS.values()))


@given(st.integers(1, 12), chance, limits)
def test_each_delay_lies_between_the_shortest_and_its_bound(attempt, rnd, lim):
    answer = next_try(attempt, NOW, 0, None, rnd, lim)
    if attempt >= lim.tries:
        assert answer == Exhausted("retry_exhausted")
    else:
        assert SHORTEST <= answer.at - NOW <= max(SHORTEST, min(lim.most, lim.base * 2 ** (attempt - 1)))


def test_the_jitter_is_full():
    assert next_try(5, NOW, 0, None, 0.0).at == NOW + SHORTEST
    assert next_try(5, NOW, 0, None, 0.5).at == NOW + 112


@pytest.mark.parametrize(
    ("priority", "tries", "longest"), [("critical", 8, 1800), ("high", 8, 1800), ("normal", 8, 7_200), ("low", 10, 32_400)]
)
def test_all_tries_together(priority, tries, longest):
    at, attempt = NOW, 1
    while isinstance(answer := next_try(attempt, at, 0, None, 0.999999, LIMITS[priority]), At):
        at, attempt = answer.at, attempt + 1
    assert attempt == tries
    assert longest / 2 < at - NOW <= longest


@given(st.integers(1, 7), chance, st.floats(0.1, 2 * LONGEST_ASKED))
def test_a_provider_that_names_a_time_is_not_called_before_it(attempt, rnd, asked):
    assert next_try(attempt, NOW, 0, asked, rnd).at - NOW >= min(asked, LONGEST_ASKED) - 1e-6


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), -5.0, 0.0])
def test_a_time_that_is_none_is_not_listened_to(asked):
    assert next_try(1, NOW, 0, asked, 0.5) == next_try(1, NOW, 0, None, 0.5)


@given(st.integers(1, 7), chance, st.floats(0, 4000))
def test_nothing_is_tried_at_or_after_expiry(attempt, rnd, left):
    answer = next_try(attempt, NOW, NOW + left, None, rnd)
    assert answer == Exhausted("expired") or answer.at < NOW + left


def test_limits_by_category_and_priority():
    assert limits_of(Category("security", "Security", "essential"), "low") == SOON
    assert limits_of(Category("orders", "Orders"), "low") == LIMITS["low"]
    assert limits_of(Category("orders", "Orders"), "nonsense") == LIMITS["normal"]
