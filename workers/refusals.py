"""What follows when a delivery on its way is stopped by a gate: its end, or a hold from which it goes back through decide."""

import msgspec

from backend.domain.decision import Unit
from backend.domain.delivery import CHANNEL_NAME, Delivery, State
from backend.domain.event import Event
from backend.domain.ids import bucket_of
from backend.log import topics
from backend.log.codec import encode
from backend.store import hot

ENDS = {"expired": State.EXPIRED, "superseded": State.SUPERSEDED}  # any other reason cancels
HALT_LOOK = 30.0  # seconds after which a halted delivery is decided again


class Refused(msgspec.Struct):
    """Where a stopped delivery moves, and when it is asked again."""

    move: hot.Move
    later: hot.Later | None = None


def refused(delivery: Delivery, unit: Unit, now: float) -> Refused:
    """The move, and the due row of a hold."""
    code = unit.reasons[0].code if unit.reasons else ""
    if unit.outcome != "hold":
        return Refused(_move(delivery, ENDS.get(code, State.CANCELLED), code))
    until = unit.until or now + HALT_LOOK
    event = Event(
        id=delivery.event, space=delivery.space, person=delivery.person, type=delivery.type, category=delivery.category, priority=delivery.priority,
        accepted=delivery.accepted, channels=(CHANNEL_NAME[delivery.channel],), template=delivery.template, version=delivery.version,
        collapse=delivery.collapse, expires=delivery.expires, root=False, body=delivery.body, delivery=delivery.id, channel=delivery.channel,
        address=delivery.address, generation=delivery.generation + 1, released=until,
    )  # fmt: skip
    later = hot.Later(
        space=delivery.space, id=delivery.id, kind=f"release.{event.generation}", at=until, topic=topics.events(delivery.priority),
        partition=bucket_of(delivery.space, delivery.person) % topics.PARTITIONS, key=delivery.person.to_bytes(8, "big", signed=True), value=encode(event),
    )  # fmt: skip
    return Refused(_move(delivery, State.HELD, code, until), later)


def _move(delivery: Delivery, state: State, reason: str, until: float | None = None) -> hot.Move:
    return hot.Move(delivery.space, delivery.id, delivery.cohort, delivery.channel, delivery.generation, state, reason, until)
