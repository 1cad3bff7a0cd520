"""How figures are told: a row of docs/benchmarks.md says what was measured, the median with least and most, and the goal."""

import statistics
from collections.abc import Sequence

ROUNDS = 3

Row = tuple[str, str, str]  # what, measured, goal


def spread(values: Sequence[float], form: str = "{:,.0f}") -> str:
    """Median, least and most."""
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"
