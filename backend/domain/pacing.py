"""How much of a fan-out may be on its way at once: ten seconds' worth of what is carried out, and never more than 5,000. Pure.

Its lane stays short, so that what is urgent, a halt and a change of mind all reach what was not released yet.
"""

import msgspec

MOST = 5_000  # of one fan-out on their way
FIRST = 1_000  # before it is known how fast they go
LEAST = 50  # however slowly they go
WORTH = 10.0  # seconds of work that may wait
WINDOW = 2.0  # seconds over which the speed is measured
STEPS = 5  # chunks that `limit` is released in


class Pace(msgspec.Struct, frozen=True, omit_defaults=True):
    """Travels with the fan-out. `rate`: carried out a second within the last window, negative before the first one ended, which began at
    `since` with `done` of them carried out. `looks`: how often it was put off. Of a wave of a campaign: `asked`, people a second that somebody wants, 0 for as
    fast as it goes; `due`, when the next step is."""

    released: int = 0
    since: float = 0.0
    done: int = 0
    rate: float = -1.0
    looks: int = 0
    asked: float = 0.0
    due: float = 0.0


def limit(pace: Pace) -> int:
    """How many may be on their way."""
    return FIRST if pace.rate < 0 else int(min(MOST, max(LEAST, WORTH * pace.rate)))


def chunk(pace: Pace, most: int) -> int:
    """How many the next step releases. It follows from the record alone: a repeated step releases the same again."""
    return max(1, min(most, limit(pace) // STEPS))


def measured(pace: Pace, flight: int, now: float) -> Pace:
    """The same, knowing that so many are on their way now."""
    done = max(0, pace.released - flight)
    if not pace.since:
        return msgspec.structs.replace(pace, since=now, done=done)
    if now - pace.since < WINDOW:
        return pace
    return msgspec.structs.replace(pace, since=now, done=done, rate=max(0, done - pace.done) / (now - pace.since))


def full(pace: Pace, flight: int, more: int) -> bool:
    """Whether that many more are too many for now. Where nothing is on its way something may always go."""
    return flight > 0 and flight + more > limit(pace)
