"""How figures are told: a row of docs/benchmarks.md says what was measured, the median with least and most, and the goal."""

import statistics
from collections.abc import Sequence

ROUNDS = 3
WARM = 0.05  # of the deliveries are not counted where lines are compared: processes start, connect and join

Row = tuple[str, str, str]  # what, measured, goal


def spread(values: Sequence[float], form: str = "{:,.0f}") -> str:
    """Median, least and most."""
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def two(seconds: Sequence[float]) -> str:
    """p50 and p99 in milliseconds."""
    return f"{statistics.median(seconds) * 1000:,.0f} and {p99(seconds) * 1000:,.0f}"


def p99(seconds: Sequence[float]) -> float:
    """Of so many values."""
    return statistics.quantiles(seconds, n=100, method="inclusive")[-1]


def steady(times: Sequence[float]) -> float:
    """Deliveries a second of a whole line, from when each had its outcome, in order: without the first twentieth."""
    first = int(len(times) * WARM)
    return (len(times) - 1 - first) / (times[-1] - times[first])
