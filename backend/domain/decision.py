"""The decision: for each channel and address of one notification, what happens and why.

`decide` (backend/domain/gates.py) is pure: `Facts -> Decision`. The trace is kept with the notification for as long as
the notification itself; a reason is a code of `reasons.py` with parameters, its sentence is made when it is read.
"""

from typing import Any, Literal

import msgspec

from backend.domain.category import Category
from backend.domain.event import Event
from backend.domain.person import Person, Wishes

GATES = ("erased", "expired", "superseded", "halted", "holdout", "suppression", "consent", "preference", "plan", "digest", "quiet", "cap")
Outcome = Literal["send", "hold", "skip", "fold"]


class Reason(msgspec.Struct, frozen=True, array_like=True):
    """A code with its parameters; the sentence is made when it is read."""

    code: str  # of contracts.md "Reason codes"
    params: dict[str, Any] = {}


class GateTrace(msgspec.Struct, frozen=True, array_like=True):
    """What one gate saw. `result`: pass, stop, hold, off (not asked, or does not apply to this kind)."""

    gate: str
    result: Literal["pass", "stop", "hold", "off"]
    reason: Reason | None = None


class Unit(msgspec.Struct, frozen=True, array_like=True):
    """One (notification, channel, address or none): the unit of the ledger."""

    channel: str
    address: bytes  # keyed hash; NO_ADDRESS when the person has none there
    outcome: Outcome
    until: float  # of a hold, seconds; else 0
    reasons: tuple[Reason, ...]
    gates: tuple[GateTrace, ...]
    silent: bool = False


class Again(msgspec.Struct, frozen=True, array_like=True):
    """One unit decided again, after a hold or right before the provider: what came of it, and when (seconds)."""

    at: float
    generation: int
    unit: Unit


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """Everything decided for one notification; `units` in the order of the channels asked for, as it was decided first."""

    units: tuple[Unit, ...]
    notes: tuple[Reason, ...] = ()  # of the whole notification, e.g. lowered_priority
    again: tuple[Again, ...] = ()  # held once more or stopped later; the last of them, in order of time


class Facts(msgspec.Struct, frozen=True):
    """All that `decide` may look at. Seconds since 1970, UTC."""

    now: float
    event: Event
    category: Category
    person: Person
    space_wishes: Wishes = Wishes()  # defaults of the space
    halted: tuple[str, ...] = ()  # scopes in force, e.g. "space", "channel:sms", "category:orders"
    newest_collapse: bytes = b""  # event id of the newest event with the same collapse key, when newer than this one
    template_channels: tuple[str, ...] | None = None  # channels the pinned version has content for; None: title and message serve all
    cap_refused: tuple[str, ...] = ()  # channels whose cap reservation was refused
