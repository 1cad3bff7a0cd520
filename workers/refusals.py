"""What follows when a delivery on its way is stopped by a gate: its end, or a hold from which it goes back through decide."""

from collections.abc import Sequence

import msgspec

from backend.domain.decision import Again, Unit
from backend.domain.delivery import CHANNEL_NAME, Delivery, State
from backend.domain.event import Event
from backend.domain.halting import parked_as
from backend.log import topics
from backend.log.codec import encode
from backend.store import hot, traces
from backend.store.port import Tx

ENDS = {"expired": State.EXPIRED, "superseded": State.SUPERSEDED}  # any other reason cancels
LOOK = 30.0  # seconds after which a hold without an end is decided again


class Refused(msgspec.Struct):
    """Where a stopped delivery moves, when it is asked again, and what its notification's trace keeps of it."""

    move: hot.Move
    notification: bytes
    again: Again
    later: hot.Later | None = None


def refused(delivery: Delivery, unit: Unit, now: float) -> Refused:
    """The move, and the due row of a hold."""
    code = unit.reasons[0].code if unit.reasons else ""
    again = Again(now, delivery.generation, unit)
    if unit.outcome != "hold":
        return Refused(_move(delivery, ENDS.get(code, State.CANCELLED), code), delivery.notification, again)
    until = unit.until or now + LOOK
    generation = delivery.generation + (delivery.attempt > 1)  # what was tried already stands behind a hold: only another generation is ahead of that
    event = Event(
        id=delivery.event, space=delivery.space, person=delivery.person, type=delivery.type, category=delivery.category, priority=delivery.priority,
        accepted=delivery.accepted, channels=(CHANNEL_NAME[delivery.channel],), template=delivery.template, version=delivery.version,
        collapse=delivery.collapse, expires=delivery.expires, root=False, body=delivery.body, delivery=delivery.id, channel=delivery.channel,
        address=delivery.address, generation=generation + 1, released=until, via=delivery.via,
    )  # fmt: skip
    later = hot.Later(
        space=delivery.space, id=delivery.id, kind=parked_as(unit.reasons) or f"release.{event.generation}", at=until, topic=topics.events(delivery.priority),
        partition=topics.partition_of(delivery.space, delivery.person), key=delivery.person.to_bytes(8, "big", signed=True), value=encode(event),
    )  # fmt: skip
    move = msgspec.structs.replace(_move(delivery, State.HELD, code, until), generation=generation)
    return Refused(move, delivery.notification, again, later)


def write_stops(tx: Tx, stopped: Sequence[Refused], now: float) -> None:
    """The moves, the due rows of holds, and the trace of those that moved: a decision keeps its reasons (promise 5)."""
    if not stopped:
        return
    moved = hot.write_moves(tx, [one.move for one in stopped], now)
    later = [one.later for one in stopped if one.later]
    if later:
        hot.write_due(tx, later)
    for space in {one.move.space for one in stopped}:
        traces.add(tx, space, [(one.notification, one.again) for one in stopped if one.move.delivery in moved and one.move.space == space])


def _move(delivery: Delivery, state: State, reason: str, until: float | None = None) -> hot.Move:
    return hot.Move(delivery.space, delivery.id, delivery.cohort, delivery.channel, delivery.generation, state, reason, until)
