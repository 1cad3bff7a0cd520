"""How long it took, in few steps: each is half again as long as the one before, so a quantile read from counts is a fifth off at most.

A time is counted in the step it fits into; step 0 is up to 10 ms, the last one everything beyond a day.
"""

import math
from collections.abc import Mapping

FIRST = 0.01  # seconds
GROWTH = 1.5
LAST = 40
_LOG = math.log(GROWTH)


def step_of(seconds: float) -> int:
    """The step a time is counted in; -1: it was not measured."""
    if seconds < 0:
        return -1
    if seconds <= FIRST:
        return 0
    return min(LAST, math.ceil(math.log(seconds / FIRST) / _LOG - 1e-9))


def upto(step: int) -> float:
    """The longest time of a step, in seconds."""
    return FIRST * float(GROWTH**step)


def quantile(counts: Mapping[int, int], part: float) -> float | None:
    """The time that `part` of all did not exceed, None when nothing was counted; within its step it is taken as evenly spread by ratio."""
    whole = sum(counts.values())
    if not whole:
        return None
    wanted, below = part * whole, 0
    for step in sorted(step for step, n in counts.items() if n):
        n = counts[step]
        if below + n >= wanted:
            share = (wanted - below) / n
            return FIRST * share if step == 0 else upto(step - 1) * float(GROWTH**share)
        below += n
    return upto(max(counts))
