"""The breaker: a provider that keeps failing is left alone for a while, then tried with a few, then used again. Pure.

Good is every answer that says the provider works: taken, and refused too, for a wrong address is no fault of its way. Bad is what it could not
do, or what it did not answer.
"""

from typing import Literal

import msgspec

WINDOW = 10.0  # seconds whose answers are looked at together
LEAST = 10  # bad answers of a window before anything follows
SHARE = 0.5  # of the answers that are bad
PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0)  # seconds it is left alone, longer each time
TRIALS = 5  # attempts after a pause; all must be good

GOOD = frozenset(("accepted", "delivered", "refused", "bad_address"))
BAD = frozenset(("temporary", "unknown"))

Position = Literal["closed", "open", "trying"]


class Breaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """`good`, `bad`: answers since `since`, and before it of the window before. `until`: of a pause; `times`: pauses in a row."""

    position: Position = "closed"
    since: float = 0.0
    good: int = 0
    bad: int = 0
    good_before: int = 0
    bad_before: int = 0
    until: float = 0.0
    times: int = 0
    changed: float = 0.0  # when the position last changed
    took: float = 0.0  # seconds of these answers together, and of those before
    took_before: float = 0.0


def heard(b: Breaker, good: int, bad: int, now: float, took: float = 0.0) -> Breaker:
    """After these answers, which took so many seconds together, and at this time."""
    if b.position == "open":  # late answers of what was begun before say nothing new
        return _moved(b, "trying", now) if now >= b.until else b
    if b.position == "closed":
        b = _at(b, now)
    b = msgspec.structs.replace(b, good=b.good + good, bad=b.bad + bad, took=b.took + took)
    if b.position == "trying":
        if b.bad:
            return _opened(b, now)
        return msgspec.structs.replace(_moved(b, "closed", now), times=b.times) if b.good >= TRIALS else b
    bad_, all_ = b.bad + b.bad_before, b.good + b.good_before + b.bad + b.bad_before
    if bad_ >= LEAST and bad_ >= SHARE * all_:
        return _opened(b, now)
    if b.times and now - b.changed > PAUSES[-1]:  # well for long enough: the next pause is a short one again
        return msgspec.structs.replace(b, times=0)
    return b


def failing(b: Breaker) -> tuple[int, int]:
    """Bad answers of the last one to two windows, of how many."""
    bad = b.bad + b.bad_before
    return bad, b.good + b.good_before + bad


def mean(b: Breaker) -> float:
    """Seconds that an answer of the last one to two windows took, 0 when too few came to say."""
    answers = b.good + b.good_before + b.bad + b.bad_before
    return (b.took + b.took_before) / answers if answers >= LEAST else 0.0


def _at(b: Breaker, now: float) -> Breaker:
    """The window that `now` lies in."""
    if not b.since or now - b.since >= 2 * WINDOW or now < b.since:
        return msgspec.structs.replace(b, since=now, good=0, bad=0, good_before=0, bad_before=0, took=0.0, took_before=0.0)
    if now - b.since >= WINDOW:
        return msgspec.structs.replace(b, since=b.since + WINDOW, good_before=b.good, bad_before=b.bad, good=0, bad=0, took=0.0, took_before=b.took)
    return b


def _opened(b: Breaker, now: float) -> Breaker:
    pause = PAUSES[min(b.times, len(PAUSES) - 1)]
    return msgspec.structs.replace(b, position="open", until=now + pause, times=b.times + 1, changed=now)


def _moved(b: Breaker, position: Position, now: float) -> Breaker:
    return Breaker(position, since=now, times=b.times, changed=now)
