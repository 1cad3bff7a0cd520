"""Reference numbers, the simple shapes of each sum, and that looking every hour does not make winners out of nothing."""

import random
from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import statistics as s
from carillon.bench.sham import at_once, false_winners, over_time

A = (200, 1000, 250, 1000)  # made with statsmodels 0.15.0, scipy 1.17.1, gbstats 0.8.0


def test_reference_numbers() -> None:
    z, p = s.z_test(*A)
    assert isclose(z, 2.677397763, abs_tol=1e-9)
    assert isclose(p, 0.0074196493, abs_tol=1e-10)
    low, high = s.newcombe(*A)
    assert isclose(low, 0.013396, abs_tol=1e-6)
    assert isclose(high, 0.086451, abs_tol=1e-6)
    assert isclose(s.chance_better(*A), 0.99628333, abs_tol=1e-8)
    found, low, high = s.always_valid(*A)
    assert isclose(found, 0.05)
    assert isclose((high - low) / 2, 0.0582314653, abs_tol=1e-10)
    assert isclose(s.always_valid_p(*A), 0.1325318448, abs_tol=1e-9)
    value, p = s.sample_ratio([50_600, 49_400], [50, 50])
    assert isclose(value, 14.4)
    assert isclose(p, 1.478023e-4, rel_tol=1e-6)
    assert isclose(s.once(0.2, 0.05), 1091.8988332, rel_tol=1e-9)


def test_the_chance_is_the_plain_sum_over_all_ways() -> None:
    """Against whole numbers: P(B > A) as a sum of binomial coefficients, which no rounding touches."""
    from fractions import Fraction

    for hits_a, a, hits_b, b in [(0, 0, 0, 0), (0, 5, 3, 4), (7, 9, 2, 11), (12, 40, 20, 41), (9, 9, 9, 9), (0, 20, 20, 20)]:
        a1, b1, a2, b2 = hits_a + 1, a - hits_a + 1, hits_b + 1, b - hits_b + 1
        # P(X_a2:n among n=a2+b2-1 uniforms lies above X_a1:m): of all orders, those with at least a1 of the first sort below the a2-th of the second
        m, n = a1 + b1 - 1, a2 + b2 - 1
        ways = sum(Fraction(comb(i + a2 - 1, i) * comb(m - i + n - a2, m - i), comb(m + n, m)) for i in range(a1, m + 1))
        assert isclose(s.chance_better(hits_a, a, hits_b, b), float(ways), abs_tol=1e-10)


def test_the_chance_is_quick_and_right_for_a_million_people() -> None:
    """Where the normal approximation is good to four digits, ours lies beside it; both sides add up to one."""
    one, other = s.chance_better(300_000, 1_000_000, 300_500, 1_000_000), s.chance_better(300_500, 1_000_000, 300_000, 1_000_000)
    assert isclose(one + other, 1.0, abs_tol=1e-8)
    assert isclose(one, 0.77974, abs_tol=1e-4)


counts = st.tuples(st.integers(0, 500), st.integers(0, 500)).map(lambda pair: (min(pair), max(pair)))


@given(counts, counts)
def test_interval_and_p_agree_and_nothing_leaves_its_range(a: tuple[int, int], b: tuple[int, int]) -> None:
    (hits_a, people_a), (hits_b, people_b) = a, b
    found, low, high = s.always_valid(hits_a, people_a, hits_b, people_b)
    assert -1 <= low <= found <= high <= 1
    p = s.always_valid_p(hits_a, people_a, hits_b, people_b)
    assert 0 <= p <= 1
    assert (low > 0 or high < 0) == (p < s.ALPHA)
    assert 0 <= s.chance_better(hits_a, people_a, hits_b, people_b) <= 1
    low, high = s.newcombe(hits_a, people_a, hits_b, people_b)
    assert -1 - 1e-9 <= low <= high <= 1 + 1e-9


def test_holm_by_hand() -> None:
    assert s.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert s.holm([]) == []
    assert s.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(("degrees", "value"), [(1, 10.8276), (2, 13.8155), (3, 16.2662), (4, 18.4668), (5, 20.5150), (7, 24.3219), (8, 26.1245)])
def test_chi_square_at_its_tabled_thousandth(degrees: int, value: float) -> None:
    assert isclose(s.chi_square_tail(value, degrees), 0.001, rel_tol=1e-4)


def test_people_nobody_asked_for_are_a_bad_split() -> None:
    assert s.sample_ratio([10, 1], [100, 0]) == (float("inf"), 0.0)
    assert s.sample_ratio([0, 0], [50, 50]) == (0.0, 1.0)


def test_the_calculator_is_its_own_inverse_and_asks_for_more_than_one_look() -> None:
    each = s.needed(0.2, 0.05)
    assert each > s.once(0.2, 0.05)
    found = s.finds(each, 0.2)
    assert found is not None
    assert isclose(found, 0.05, rel_tol=1e-3)
    assert s.finds(3, 0.2) is None


def test_a_guardrail_is_not_crossed_by_chance() -> None:
    """At a rate just at its limit, looked at after each of 20,000 people, fewer than one in twenty is stopped; at three times it nearly all are."""
    draw = random.Random(11)

    def stopped(rate: float, people: int) -> bool:
        hits = 0
        for n in range(1, people + 1):
            if draw.random() < rate:
                hits += 1
                if s.exceeds(hits, n, 0.01) >= 20:
                    return True
        return False

    assert sum(stopped(0.01, 4_000) for _ in range(200)) <= 16  # five in a hundred, and what chance adds
    assert sum(stopped(0.03, 4_000) for _ in range(50)) >= 48


def test_looking_every_hour_makes_few_winners_out_of_nothing() -> None:
    """Nothing differs; looked at each hour for four weeks, from the first hour on. `make bench` does it 20,000 times, here it is a short one."""
    draw = random.Random(7)
    assert false_winners(lambda: over_time(draw, 4_000, 0.05), 120) <= 0.05
    assert false_winners(lambda: at_once(draw, 4_000, 0.05), 120) <= 0.05
