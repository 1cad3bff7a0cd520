"""What is tallied of units, by the quarter of an hour they were born in: how each fared, and what was heard of it later.

Beside units people are tallied, and what they said they want. A tally is counted under a kind. States of contracts.md and `SKIPPED` are kinds themselves: there a unit stands under exactly one, so
that planned is their sum. The other kinds stand beside them.
"""

import msgspec

from backend.domain.delivery import SKIPPED, State
from backend.domain.ids import born_of, cohort_id

QUARTER = 900  # seconds: midnight of every zone in use falls on one

# first-time stamps: of a delivery at most one of each
STAMP = {"opened_human": 40, "opened_machine": 41, "clicked": 42, "complained": 43, "unsubscribed": 44, "seen": 45, "read": 46}
STAMPS = frozenset(STAMP.values())
# unique people of a campaign's run, by the variant they were given: counted once, when they got or did it first (see `people_cohort`)
PEOPLE = {"got": 50, "opened": 51, "clicked": 52, "read": 53, "converted": 54, "unsubscribed": 55, "complained": 56, "bounced": 57}
# what people said they want, by the quarter they said it in (`domain.shift`); counted by the way they said it, where others name a provider
SHIFT = {"opted_in": 70, "opted_out": 71, "turned_on": 72, "turned_off": 73, "paused": 74, "resumed": 75, "quiet_set": 76, "quiet_ended": 77}
SHIFTS = frozenset(SHIFT.values())
BESIDE = STAMPS | frozenset(PEOPLE.values()) | SHIFTS  # what moves no unit
TAKEN, ARRIVED, REFUSED = 60, 61, 62  # by provider: it took a delivery and none came back, one arrived, one failed there or came back
STEP = 100  # + step of `latency`: how long until the provider took it

_OF_PROVIDER = {
    State.SENT: (TAKEN,), State.DELIVERED: (TAKEN, ARRIVED), State.FAILED: (REFUSED,), State.BOUNCED: (REFUSED,), State.DEAD: (REFUSED,),
}  # fmt: skip


def people_cohort(space: int, run: bytes, variant: int, demo: bool) -> int:
    """The cohort under which the people of a run and variant are counted; units of theirs are counted under those of their deliveries."""
    return cohort_id(space, "people", run.hex(), str(variant), *(["demo"] if demo else []))


class Cut(msgspec.Struct, frozen=True):
    """How time is cut: every `width` quarters, counted from 1970 by a clock that runs ahead of UTC by `ahead` quarters.

    `changes`: (quarter, ahead from then on), where the zone changes its clock within the time asked for.
    """

    width: int
    ahead: int = 0
    changes: tuple[tuple[int, int], ...] = ()


def quarter_of(made: bytes) -> int:
    """Quarters of an hour since 1970 in which whatever the id names was born."""
    return born_of(made) // (QUARTER * 1000)


def kinds_of(was: int, now: int, provider: str, took: int) -> list[tuple[int, int]]:
    """(kind, +1 or -1) of a move besides the states themselves; a provider is named where its answer or its receipt made the move."""
    found: list[tuple[int, int]] = []
    if provider and now != SKIPPED:
        taken = was in (State.SENT, State.DELIVERED)
        found += [(kind, 1) for kind in _OF_PROVIDER.get(State(now), ()) if not (kind == TAKEN and taken)]
        if (REFUSED, 1) in found and taken:
            found.append((TAKEN, -1))
        if (REFUSED, 1) in found and was == State.DELIVERED:
            found.append((ARRIVED, -1))
    if took >= 0 and now in (State.SENT, State.DELIVERED):
        found.append((STEP + took, 1))
    return found
