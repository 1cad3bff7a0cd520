"""When a failed attempt is tried again: exponential backoff with full jitter, within the bounds of its priority.

Full jitter (a delay drawn evenly between nothing and the bound, which doubles) spreads the tries of many deliveries that
failed together better than any other known shape. Chance is passed in, so this is pure.
"""

import math
from typing import Literal, TypeAlias

import msgspec

from backend.domain.category import Category


class Limits(msgspec.Struct, frozen=True):
    """`tries` attempts in all; the bound of the n-th delay is `base * 2**(n - 1)` seconds, at most `most`; nothing is
    tried later than `within` seconds after the first could be."""

    tries: int
    base: float
    most: float
    within: float = math.inf


class At(msgspec.Struct, frozen=True):
    """Try again at this second."""

    at: float


class Exhausted(msgspec.Struct, frozen=True):
    """No further try; the reason code why."""

    code: Literal["retry_exhausted", "expired"]


Next: TypeAlias = At | Exhausted

SHORTEST = 1.0  # seconds; a try sooner than this finds the same outage
LONGEST_ASKED = 86_400.0  # seconds; a provider that asks for more than a day is not believed further than that
SOON = Limits(8, 14.0, 900.0)  # 8 tries within 30 minutes
LIMITS = {
    "critical": SOON,
    "high": SOON,
    "normal": Limits(8, 56.0, 3_600.0),  # within 2 hours
    "low": Limits(10, 120.0, 7_200.0),  # within 9 hours
}


def limits_of(category: Category, priority: str) -> Limits:
    """The limits of a delivery. What is essential is tried as soon and as often as what is critical;
    a category may set how often, and for how long."""
    usual = SOON if category.kind == "essential" else LIMITS.get(priority, LIMITS["normal"])
    if not category.attempts and not category.give_up:
        return usual
    return Limits(category.attempts or usual.tries, usual.base, usual.most, float(category.give_up) or math.inf)


def next_try(attempt: int, now: float, expires: float, retry_after: float | None, rnd: float, limits: Limits = SOON, begun: float | None = None) -> Next:
    """After the failure of attempt number `attempt` (from 1). `rnd` in [0, 1); `retry_after`: seconds the provider asked for
    (RFC 9110 10.2.3), never undercut; `expires` 0: never; `begun`: when the first
    attempt could be made."""
    if attempt >= limits.tries:
        return Exhausted("retry_exhausted")
    bound = min(limits.most, limits.base * 2.0 ** (attempt - 1))
    delay = max(SHORTEST, rnd * bound)
    if retry_after is not None and math.isfinite(retry_after) and retry_after > 0:
        asked = min(retry_after, LONGEST_ASKED)
        delay = max(delay, asked + rnd * limits.base)  # not all of them in the same second
    at = now + delay
    if begun is not None and at - begun > limits.within:
        return Exhausted("retry_exhausted")
    return Exhausted("expired") if expires and at >= expires else At(at)
