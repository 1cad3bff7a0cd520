"""What follows from a decision: the rows, the records for deliver, and the due rows of what is held. Pure."""

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from backend.domain.decision import Decision, Facts, Reason, Unit
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, CHANNELS, PRIORITIES, PRIORITY_NUMBER, Delivery, State
from backend.domain.event import NO_VARIANT, Event
from backend.domain.gates import planned_units
from backend.domain.halting import parked_as
from backend.domain.ids import NO_ADDRESS, NO_ID, cohort_id, delivery_id, notification_id, person_bytes
from backend.domain.touch import ACTED, Touch
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.store import hot

ENDS = {"expired": State.EXPIRED, "superseded": State.SUPERSEDED}  # a hold that ends in a skip; any other reason cancels
TOPIC = {(CHANNEL_NUMBER[c], p): topics.deliveries(c, p) for c in CHANNELS for p in PRIORITIES}

_pack = msgspec.msgpack.Encoder().encode


class Way(msgspec.Struct):
    """One delivery on its way: all that its record is made of. `value` None: not encoded, since it was not to be sent at once."""

    id: bytes
    notification: bytes
    channel: int
    address: bytes
    cohort: int
    until: float  # of a hold, else 0
    value: bytes | None
    parked: str = ""  # the kind of its due row, of a hold that somebody ends


class Made(msgspec.Struct):
    """One decided event."""

    event: Event
    row: hot.Decided
    ways: list[Way]
    headers: Mapping[str, str]
    acted: bool = False  # it says what the person did


class Cohort(msgspec.Struct, frozen=True):
    """Under which deliveries are counted together. `event`: of a fan-out, else NO_ID. `demo`: of the demo's people, who are counted apart
    so that they can leave without a trace. `campaign`, `variant`: of a campaign's run, whose variants are counted apart."""

    space: int
    cohort: int
    category: str
    priority: str
    template: str
    version: int
    event: bytes
    demo: bool = False
    campaign: str = ""
    variant: int = NO_VARIANT


def cohort_of(event: Event, *, demo: bool = False) -> Cohort:
    """The cohort of an event; only those of one fan-out have one of their own."""
    return _cohort(event.space, event.category, event.priority, event.template, event.version, NO_ID if event.root else event.id, demo, event.campaign, event.variant)


@lru_cache(maxsize=4_096)
def _cohort(
    space: int, category: str, priority: str, template: str, version: int, fanout: bytes, demo: bool, campaign: str, variant: int
) -> Cohort:  # fmt: skip
    parts = (category, priority, template, str(version), "" if fanout == NO_ID else fanout.hex())
    more = [*(["demo"] if demo else []), *([campaign, str(variant)] if campaign else [])]
    return Cohort(space, cohort_id(space, *parts, *more), category, priority, template, version, fanout, demo, campaign, variant)


def made_of(facts: Facts, decision: Decision, cohort: int, headers: Mapping[str, str]) -> Made:
    """Rows and records of one decision."""
    event = facts.event
    notification = notification_id(event.id, event.person)
    ways: list[Way] = []
    rows: list[hot.NewDelivery] = []
    skipped: list[int] = []
    for unit in decision.units:
        channel = CHANNEL_NUMBER[unit.channel]
        if unit.outcome == "skip":
            skipped.append(channel)
            continue
        made = delivery_id(notification, event.person, channel, unit.address)
        if unit.outcome == "hold":
            rows.append(hot.NewDelivery(made, channel, unit.address, State.HELD, unit.reasons[0].code, unit.until))
            ways.append(Way(made, notification, channel, unit.address, cohort, unit.until, None, parked_as(unit.reasons)))
        else:
            rows.append(hot.NewDelivery(made, channel, unit.address, State.PENDING))
            value = _delivery(event, made, notification, channel, unit.address, cohort, unit.silent)
            ways.append(Way(made, notification, channel, unit.address, cohort, 0.0, value))
    row = hot.Decided(
        event.space, event.id, event.root, event.person, event.recipients, event.type, event.category, PRIORITY_NUMBER[event.priority],
        event.source, event.key, event.template, event.version, cohort, event.accepted, _pack(event) if event.root else b"", notification,
        planned_units(facts), tuple(skipped), _pack(decision), tuple(rows),
    )  # fmt: skip
    return Made(event, row, ways, headers, facts.category.kind == "activity" and not facts.person.erased)


def act_of(made: Made) -> tuple[int, Touch] | None:
    """What the person did, by space; None of what tells something."""
    event = made.event
    return (event.space, Touch(ACTED, event.person, max(event.accepted, event.send_at), type=event.type)) if made.acted else None


def undecided_of(event: Event, cause: str) -> hot.Decided:
    """The rows of an event that nobody can decide: one unit, dead, so that it is counted as failed and not as pending for ever.

    Its decision has no units: so `backend.store.undecided` knows it again when the event is replayed.
    """
    notification = notification_id(event.id, event.person)
    channel = CHANNEL_NUMBER.get(event.channels[0] if event.channels else "web", 1)
    address = person_bytes(event.person) if channel == 1 else NO_ADDRESS
    dead = hot.NewDelivery(delivery_id(notification, event.person, channel, address), channel, address, State.DEAD, "dead_letter")
    decision = Decision((), (Reason("dead_letter", {"cause": cause}),))
    return hot.Decided(
        event.space, event.id, event.root, event.person, event.recipients, event.type, event.category, PRIORITY_NUMBER[event.priority],
        event.source, event.key, event.template, event.version, cohort_of(event).cohort, event.accepted, _pack(event) if event.root else b"",
        notification, 1, (), _pack(decision), (dead,),
    )  # fmt: skip


def way_of(earlier: hot.Earlier, cohort: int) -> Way:
    """A delivery that an earlier decision made and this one would not."""
    return Way(earlier.delivery, earlier.notification, earlier.channel, earlier.address, cohort, 0.0, None)


def record_of(event: Event, way: Way, headers: Mapping[str, str]) -> Record:
    """The record for deliver."""
    value = way.value or _delivery(event, way.id, way.notification, way.channel, way.address, way.cohort, False)
    return Record(TOPIC[way.channel, event.priority], topics.partition_of(event.space, event.person), person_bytes(event.person), value, headers)


def again(event: Event, cohort: int, unit: Unit, headers: Mapping[str, str]) -> Record:
    """The record of a delivery that came back through decide and goes."""
    notification = notification_id(event.id, event.person)
    value = _delivery(event, event.delivery, notification, event.channel, event.address, cohort, unit.silent)
    return Record(TOPIC[event.channel, event.priority], topics.partition_of(event.space, event.person), person_bytes(event.person), value, headers)


def release(event: Event, delivery: bytes, channel: int, address: bytes, until: float, parked: str = "") -> hot.Later:
    """The due row of a held delivery: the event comes back through decide as that one delivery, a generation later."""
    following = msgspec.structs.replace(
        event,
        channels=(CHANNEL_NAME[channel],),
        delivery=delivery,
        channel=channel,
        address=address,
        generation=event.generation + 1,
        released=until,
    )
    return later(following, delivery, parked or f"release.{following.generation}", until, topics.events(event.priority))


def later(event: Event, row: bytes, kind: str, at: float, topic: str) -> hot.Later:
    """A due row that appends the event again."""
    return hot.Later(event.space, row, kind, at, topic, topics.partition_of(event.space, event.person), person_bytes(event.person), encode(event))



def _delivery(event: Event, made: bytes, notification: bytes, channel: int, address: bytes, cohort: int, silent: bool) -> bytes:
    return encode(
        Delivery(
            made, notification, event.id, event.space, event.person, channel, address, event.category, event.priority, cohort, event.accepted,
            event.type, event.generation, 1, event.template, event.version, max(event.released, event.send_at), event.expires, event.collapse,
            silent, event.body, event.via, event.campaign,
        )
    )  # fmt: skip
