"""Who of several providers of a channel takes how much: points that move away from one that fails or is slow, ten at a time, and slowly back. Pure.

At rest the first takes everything. A person stays with one provider as long as points stand still, so that the order of what they get
is kept.
"""

from collections.abc import Sequence

import msgspec

from backend.domain.breaker import Breaker, mean

WHOLE = 100  # points of a channel
SHIFT = 10  # points that move at once
TROUBLE = 0.15  # share of bad answers from which points move away
LEAST = 20  # answers before that is said
SLOW = 5.0  # seconds of a mean answer from which points move away
EVERY = 60.0  # seconds between two moves
PLACES = 1024  # people are spread over so many places (`ids.bucket_of`)


class Points(msgspec.Struct, frozen=True):
    """What the first provider of a channel has given away to the others, and when that last changed."""

    given: int = 0
    moved: float = 0.0


def slow(b: Breaker) -> bool:
    """Whether what it answered lately came too late. A breaker that is not closed says more."""
    return b.position == "closed" and mean(b) > SLOW


def moved(p: Points, bad: int, answers: int, *, out: bool, now: float, slow: bool = False) -> Points:
    """After a look at the first provider: `out`: its breaker is not closed; `slow`: it is, and another one is not."""
    if out:
        return Points(WHOLE, now)  # it comes back ten by ten, counted from when it is well
    if now - p.moved < EVERY:
        return p
    if slow or (answers >= LEAST and bad >= TROUBLE * answers):
        return Points(min(WHOLE - SHIFT, p.given + SHIFT), now)
    return Points(max(0, p.given - SHIFT), now) if p.given else p


def spread(able: Sequence[str], given: int) -> list[tuple[int, str]]:
    """(places below which, provider), in order: the first able one keeps what is not given away, the next takes the rest."""
    if len(able) < 2 or not given:
        return [(PLACES, able[0])] if able else []
    kept = PLACES * (WHOLE - given) // WHOLE
    return [(kept, able[0]), (PLACES, able[1])]
