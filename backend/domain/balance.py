"""Who of several providers of a channel takes how much: points that move away from one that fails or is slow, ten at a time, and slowly back. Pure.

At rest everyone takes what its weight says. A person stays with one provider as long as points stand still, so that the order of what they
get is kept.
"""

from collections.abc import Sequence

import msgspec

from backend.domain.breaker import Breaker, mean

WHOLE = 100  # points of a provider's share
SHIFT = 10  # points that move at once
TROUBLE = 0.15  # share of bad answers from which points move away
LEAST = 20  # answers before that is said
SLOW = 5.0  # seconds of a mean answer from which points move away
EVERY = 60.0  # seconds between two moves
PLACES = 1024  # people are spread over so many places (`ids.bucket_of`)


class Points(msgspec.Struct, frozen=True):
    """What a provider has given away of its share to the others, of a hundred, and when that last changed."""

    given: int = 0
    moved: float = 0.0


def slow(b: Breaker) -> bool:
    """Whether what it answered lately came too late. A breaker that is not closed says more."""
    return b.position == "closed" and mean(b) > SLOW


def moved(p: Points, bad: int, answers: int, *, out: bool, now: float, slow: bool = False) -> Points:
    """After a look at a provider: `out`: its breaker is not closed; `slow`: it is, and another one is not."""
    if out:
        return Points(WHOLE, now)  # it comes back ten by ten, counted from when it is well
    if now - p.moved < EVERY:
        return p
    if slow or (answers >= LEAST and bad >= TROUBLE * answers):
        return Points(min(WHOLE - SHIFT, p.given + SHIFT), now)
    return Points(max(0, p.given - SHIFT), now) if p.given else p


class Share(msgspec.Struct, frozen=True):
    """One provider of a route: its weight of a hundred (0: it only stands in), what it has given away of its own, and whether it may be asked."""

    key: str
    weight: int
    given: int = 0
    able: bool = True


def spread(shares: Sequence[Share]) -> list[tuple[int, str]]:
    """(places below which, provider), in order; nothing when nobody is able.

    Every provider with a weight has its own range of places. What it gives away, all of it while it is not able, goes to the others by their
    weights, tenth by tenth from the end of the range: whoever is not concerned stays where they were.
    """
    able = [share for share in shares if share.able]
    if not able:
        return []
    weighed = [share for share in shares if share.weight > 0] or [msgspec.structs.replace(able[0], weight=WHOLE)]
    whole, edge, low, made = sum(share.weight for share in weighed), 0, 0, list[tuple[int, str]]()
    for share in weighed:
        edge += share.weight
        high = PLACES * edge // whole
        made += _range(share, low, high, able)
        low = high
    return [one for n, one in enumerate(made) if n + 1 == len(made) or made[n + 1][1] != one[1]]  # neighbours are one


def _range(share: Share, low: int, high: int, able: Sequence[Share]) -> list[tuple[int, str]]:
    others = [other for other in able if other.key != share.key]
    takers = [other for other in others if other.weight and other.given < WHOLE] or [other for other in others if not other.weight][:1] or others[:1]
    given = (share.given if share.able else WHOLE) if takers else 0
    kept = high - (high - low) * given // WHOLE
    made = [(kept, share.key)] if kept > low else []
    weight = sum(taker.weight for taker in takers) or 1
    for n in range(WHOLE // SHIFT, 0, -1):  # from the front to the end; the tenths at the end are given first
        start, end = high - (high - low) * n * SHIFT // WHOLE, high - (high - low) * (n - 1) * SHIFT // WHOLE
        part = 0
        for taker in takers:
            part += taker.weight if len(takers) > 1 else weight
            below = start + (end - start) * part // weight
            if below > max(kept, made[-1][0] if made else low):
                made.append((below, taker.key))
    return made
