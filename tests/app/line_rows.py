"""Rows as the line writes them, for the tests of what reads or erases them."""

import msgspec

from backend.app.app import App
from backend.channels.capture import Captured, Kept
from backend.domain.decision import Decision, GateTrace, Reason, Unit
from backend.domain.delivery import CHANNEL_NUMBER, State
from backend.domain.event import Body, Event
from backend.domain.ids import NO_ID, cohort_id, delivery_id, make_id, notification_id, person_bytes, person_id
from backend.domain.template import SmsMessage
from backend.log.codec import encode
from backend.store import captures, hot, inbox, persons
from backend.store.tables import cohorts
from backend.store.upsert import insert_new

SECRET = "the parcel for Mia's birthday"


async def happened(app: App, user: str, *, space: int = 1, category: str = "orders", key: str = "order-7") -> dict[str, bytes]:
    """One event for `user`: its mail is held, its push was tried and captured, its web row is in the inbox. Ids by what they are of."""
    now, person = app.clock.now(), person_id(space, user)
    event = Event(
        make_id(int(now * 1000), key.encode()), space, person, "order.shipped", category, "high", now, key=key,
        body=msgspec.json.encode(Body("Shipped", SECRET, {"gift": SECRET})),
    )  # fmt: skip
    notification = notification_id(event.id, person)
    mail = await app.store.read(lambda tx: next((a.hash for a in persons.addresses_of(tx, space, person, now) if a.channel == 2), b"m" * 16))
    held = delivery_id(notification, person, CHANNEL_NUMBER["email"], mail)
    tried = delivery_id(notification, person, CHANNEL_NUMBER["push"], b"p" * 16)
    quiet = Reason("quiet_hours", {"start": "22:00", "end": "08:00", "zone": "UTC", "from": "person", "until": now + 60})
    decision = Decision(
        (
            Unit("email", mail, "hold", now + 60, (quiet,), (GateTrace("quiet", "hold", quiet),)),
            Unit("push", b"p" * 16, "send", 0.0, (), (GateTrace("erased", "pass"),)),
        ),
        (Reason("lowered_priority", {"given": "high", "asked": "critical"}),),
    )
    cohort = cohort_id(space, category)
    row = hot.Decided(
        space=space, event=event.id, root=True, person=person, recipients=1, type=event.type, category=category, priority=1, source=1, key=key,
        template="", version=0, cohort=cohort, accepted=now, record=msgspec.msgpack.encode(event), notification=notification, planned=2,
        skipped=(), trace=msgspec.msgpack.encode(decision),
        deliveries=(
            hot.NewDelivery(held, 2, mail, State.HELD, "quiet_hours", now + 60),
            hot.NewDelivery(tried, CHANNEL_NUMBER["push"], b"p" * 16, State.PENDING),
        ),
    )  # fmt: skip
    failed = hot.Move(space, tried, cohort, CHANNEL_NUMBER["push"], 0, State.FAILED, "provider_refused")
    captured = app.sealer.seal("capture", msgspec.json.encode(Captured("token", SmsMessage(SECRET), 1, category)))
    scheduled = make_id(int(now * 1000), b"scheduled")

    def write(tx) -> None:
        named = {"space": space, "cohort": cohort, "category": category, "priority": "high", "template": "", "version": 0, "event": NO_ID, "created": now}
        insert_new(tx, cohorts, [named])
        hot.write_decided(tx, [row], now)
        hot.write_attempts(tx, [], [hot.Start(space, tried, 1, "capture")], now)
        hot.write_attempts(tx, [hot.Outcome(1, State.FAILED, "550", f"no such user: {user}@example.com", failed)], [], now)
        hot.write_due(
            tx,
            [
                hot.Later(space, held, "release.1", now + 60, "events.high", 0, person_bytes(person), encode(event)),
                hot.Later(
                    space, scheduled, "scheduled", now + 99, "events.high", 0, person_bytes(person), encode(msgspec.structs.replace(event, id=scheduled))
                ),
            ],
        )
        captures.keep(tx, [Kept(space, tried, "push", person, 1, now, captured)])
        inbox.write(
            tx, space, [inbox.Row(space=space, person=person, id=notification, type="ORDER", category=category, priority="high", title="Shipped", message=SECRET, at=now)], now
        )

    await app.store.write(write)
    return {"event": event.id, "notification": notification, "held": held, "tried": tried, "scheduled": scheduled}
