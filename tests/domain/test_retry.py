"""Retries: within their bounds, spread, never sooner than a provider asked, never after expiry."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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


class Retries(RuleBasedStateMachine):
    """One delivery that fails as chance has it, beside a plain list of when it was tried."""

    @initialize(
        tries=st.integers(0, 50), give_up=st.sampled_from([0, 60, 3_600, 86_400]), priority=st.sampled_from(sorted(LIMITS)),
        left=st.one_of(st.just(0.0), st.floats(1.0, 100_000.0)),
    )  # fmt: skip
    def begin(self, tries, give_up, priority, left):
        self.category = Category("c", "C", attempts=tries, give_up=give_up)
        self.limits = limits_of(self.category, priority)
        self.expires = NOW + left if left else 0.0
        self.tried, self.now, self.asked, self.end = [NOW], NOW, 0.0, None

    @rule(rnd=chance, asked=st.one_of(st.none(), st.floats(0.0, 100_000.0)))
    def fails(self, rnd, asked):
        if self.end is not None:
            return
        answer = next_try(len(self.tried), self.now, self.expires, asked, rnd, self.limits, NOW)
        if isinstance(answer, Exhausted):
            self.end = answer.code
            return
        assert answer.at >= self.now + SHORTEST
        if asked:
            assert answer.at >= self.now + min(asked, LONGEST_ASKED)
        self.now = answer.at
        self.tried.append(answer.at)

    @invariant()
    def within_what_the_category_allows(self):
        assert len(self.tried) <= (self.category.attempts or self.limits.tries)
        assert not self.expires or self.tried[-1] < self.expires or len(self.tried) == 1
        assert not self.category.give_up or self.tried[-1] - NOW <= self.category.give_up
        assert self.tried == sorted(self.tried)

    @precondition(lambda self: self.end == "retry_exhausted" and not self.category.give_up)
    @rule()
    def gave_up_only_when_all_were_made(self):
        assert len(self.tried) == self.limits.tries


TestRetries = Retries.TestCase
TestRetries.settings = settings(max_examples=150, deadline=None)
