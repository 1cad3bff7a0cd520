"""The sums behind experiments: standard library only, held to statsmodels, scipy and gbstats by tests/oracles/statistics.

Sources:
* Asymptotic confidence sequences: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2023 (arXiv:2103.06476), equation 9 and its tuning, in the form
  that GrowthBook documents (https://docs.growthbook.io/statistics/sequential): valid however often one looks.
* Intervals of one proportion and of a difference: Wilson 1927; Newcombe 1998, method 10.
* Several variants: Holm 1979. Split: Pearson's chi square. Chance to be better: beta posteriors with uniform priors.
"""

from collections.abc import Callable, Sequence
from math import asin, erfc, exp, gamma, lgamma, log, sqrt
from statistics import NormalDist

ALPHA = 0.05
TUNING = 5_000  # people at which the confidence sequence is tightest
_NEGLIGIBLE = 1e-18
_normal = NormalDist()
Ratio = Callable[[float], float]


def z_test(hits_a: int, a: int, hits_b: int, b: int) -> tuple[float, float]:
    """(z, p), two-sided, pooled: for one look at the end. (0, 1) where nobody or everybody did it."""
    pooled = (hits_a + hits_b) / (a + b) if a and b else 0.0
    if not 0 < pooled < 1:
        return 0.0, 1.0
    z = (hits_b / b - hits_a / a) / sqrt(pooled * (1 - pooled) * (1 / a + 1 / b))
    return z, erfc(abs(z) / sqrt(2))


def wilson(hits: int, people: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Interval of one proportion; (0, 1) of nobody."""
    if people == 0:
        return 0.0, 1.0
    z = _normal.inv_cdf(1 - alpha / 2)
    rate, whole = hits / people, 1 + z * z / people
    middle = rate + z * z / (2 * people)
    half = z * sqrt(rate * (1 - rate) / people + z * z / (4 * people * people))
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def newcombe(hits_a: int, a: int, hits_b: int, b: int, alpha: float = ALPHA) -> tuple[float, float]:
    """Interval of the difference b - a, for one look."""
    rate_a, rate_b = (hits_a / a if a else 0.0), (hits_b / b if b else 0.0)
    (low_a, high_a), (low_b, high_b) = wilson(hits_a, a, alpha), wilson(hits_b, b, alpha)
    found = rate_b - rate_a
    return found - sqrt((rate_b - low_b) ** 2 + (high_a - rate_a) ** 2), found + sqrt((high_b - rate_b) ** 2 + (rate_a - low_a) ** 2)


def _rho_squared(tuning: float) -> float:
    return (-2 * log(ALPHA) + log(-2 * log(ALPHA) + 1)) / tuning


def _spread(hits_a: int, a: int, hits_b: int, b: int) -> float:
    """Variance of the difference, times all people."""
    rate_a, rate_b = hits_a / a, hits_b / b
    return (a + b) * (rate_a * (1 - rate_a) / a + rate_b * (1 - rate_b) / b)


def always_valid(hits_a: int, a: int, hits_b: int, b: int, alpha: float = ALPHA, tuning: float = TUNING) -> tuple[float, float, float]:
    """(difference b - a, low, high): an interval that holds at all looks together. (0, -1, 1) while an arm is empty or nobody, or
    everybody, did it. It is tuned at 0.05 whatever `alpha` is, so that it excludes zero just when `always_valid_p` is below `alpha`."""
    if a == 0 or b == 0:
        return 0.0, -1.0, 1.0
    found, spread, n = hits_b / b - hits_a / a, _spread(hits_a, a, hits_b, b), a + b
    if spread <= 0:
        return found, -1.0, 1.0
    seen = n * _rho_squared(tuning)
    half = sqrt(spread * 2 * (seen + 1) / (n * seen) * log(sqrt(seen + 1) / alpha))
    return found, max(-1.0, found - half), min(1.0, found + half)


def always_valid_p(hits_a: int, a: int, hits_b: int, b: int, tuning: float = TUNING) -> float:
    """The smallest alpha at which `always_valid` excludes zero, 1 at most."""
    if a == 0 or b == 0:
        return 1.0
    spread, n = _spread(hits_a, a, hits_b, b), a + b
    if spread <= 0:
        return 1.0
    seen = n * _rho_squared(tuning)
    found = hits_b / b - hits_a / a
    return min(1.0, sqrt(seen + 1) * exp(-(found**2) * n * seen / (2 * spread * (seen + 1))))


def holm(values: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order they came in."""
    made, worst = [0.0] * len(values), 0.0
    for rank, n in enumerate(sorted(range(len(values)), key=lambda n: values[n])):
        worst = max(worst, min(1.0, (len(values) - rank) * values[n]))
        made[n] = worst
    return made


def chi_square_tail(value: float, degrees: int) -> float:
    """How likely chi square is at least `value`: the regularised upper gamma function, by its recurrence from 1/2 or 1 on."""
    if value <= 0 or degrees < 1:
        return 1.0
    y = value / 2
    shape, tail = (0.5, erfc(sqrt(y))) if degrees % 2 else (1.0, exp(-y))
    while shape < degrees / 2:
        tail += exp(shape * log(y) - y) / gamma(shape + 1)
        shape += 1
    return min(1.0, tail)


def sample_ratio(people: Sequence[int], weights: Sequence[float]) -> tuple[float, float]:
    """(chi square, p): whether the arms are as large as their weights say. (0, 1) of nobody."""
    n, whole = sum(people), sum(weights)
    if n == 0 or whole <= 0 or len(people) < 2:
        return 0.0, 1.0
    expected = [n * weight / whole for weight in weights]
    if any(wanted == 0 and found for found, wanted in zip(people, expected, strict=True)):
        return float("inf"), 0.0
    value = sum((found - wanted) ** 2 / wanted for found, wanted in zip(people, expected, strict=True) if wanted)
    return value, chi_square_tail(value, sum(1 for wanted in expected if wanted) - 1)


def chance_better(hits_a: int, a: int, hits_b: int, b: int) -> float:
    """P(rate b > rate a), uniform priors; exact. It is the chance that a beta negative binomial variable (hits before as many misses as b
    has, at a rate that is distributed as a's) stays below the hits of b; the terms follow from each other, from the largest on outwards, and those
    that no float can see any more are left out: some ten thousand of them for a million people."""
    if hits_a + hits_b > (a + b) / 2:  # seen from the misses: fewer terms, and their tail is a light one
        return chance_better(b - hits_b, b, a - hits_a, a)
    a1, b1, hits, misses = hits_a + 1, a - hits_a + 1, hits_b + 1, b - hits_b + 1

    def ratio(i: float) -> float:
        return (i + misses) / (i + 1) * (a1 + i) / (a1 + b1 + misses + i)

    # the largest term: where ratio is 1, of those below hits
    top = min(hits - 1, max(0, int((misses * a1 - a1 - b1 - misses) / (b1 + 1))))

    def beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    term = exp(beta(a1 + top, b1 + misses) - log(misses + top) - beta(1 + top, misses) - beta(a1, b1))
    return min(1.0, _below(term, top, ratio) + _above(term, top, hits, ratio))


def _below(term: float, top: int, ratio: Ratio) -> float:
    """The sum of the terms from `top` down."""
    total, i = term, top
    while i > 0 and term > _NEGLIGIBLE:
        i -= 1
        term /= ratio(i)
        total += term
    return total


def _above(term: float, top: int, end: int, ratio: Ratio) -> float:
    """The sum of the terms behind `top`, up to `end`."""
    total, i = 0.0, top
    while i + 1 < end and term > _NEGLIGIBLE:
        term *= ratio(i)
        i += 1
        total += term
    return total


def exceeds(hits: int, of: int, limit: float) -> float:
    """Evidence (an e value) that a rate lies above its limit; at 20 it is wrong at most once in twenty, however often one looks and whether hits
    come with the people or behind them: betting on 1.5, 2, 3 and 5 times the limit, in equal parts."""
    if of == 0 or not 0 < limit < 1:
        return 0.0
    hits = min(hits, of)
    bets = [min(times * limit, (1 + limit) / 2) for times in (1.5, 2.0, 3.0, 5.0)]
    gains = [hits * log(bet / limit) + (of - hits) * log((1 - bet) / (1 - limit)) for bet in bets]
    return sum(exp(min(gain, 700.0)) for gain in gains) / len(gains)


def once(rate: float, gain: float, alpha: float = ALPHA, power: float = 0.8) -> float:
    """People an arm to see a gain with one look at the end (Cohen's effect size of two proportions)."""
    effect = 2 * asin(sqrt(_within(rate + gain))) - 2 * asin(sqrt(rate))
    return 2 * ((_normal.inv_cdf(1 - alpha / 2) + _normal.inv_cdf(power)) / effect) ** 2


def needed(rate: float, gain: float, alpha: float = ALPHA, power: float = 0.8) -> int:
    """People an arm until the interval that is always valid excludes zero with this power, at the gain."""
    low, high = 1, 2
    while not _shows(high, rate, gain, alpha, power) and high < 1 << 40:
        high *= 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _shows(middle, rate, gain, alpha, power) else (middle + 1, high)
    return low


def finds(each: float, rate: float, alpha: float = ALPHA, power: float = 0.8) -> float | None:
    """The smallest gain that so many people an arm show; None when even the largest is not."""
    low, high = 0.0, 1 - rate
    if each < 1 or not _shows(each, rate, high, alpha, power):
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _shows(each, rate, middle, alpha, power) else (middle, high)
    return high


def _shows(each: float, rate: float, gain: float, alpha: float, power: float) -> bool:
    other = _within(rate + gain)
    variance = (rate * (1 - rate) + other * (1 - other)) / each
    seen = 2 * each * _rho_squared(TUNING)
    half = sqrt(variance * 2 * (seen + 1) / seen * log(sqrt(seen + 1) / alpha))
    return gain >= half + _normal.inv_cdf(power) * sqrt(variance)


def _within(rate: float) -> float:
    return min(max(rate, 0.0), 1.0)
