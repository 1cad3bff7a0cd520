"""What was decided and what happened, in the reader's words: rows and traces become views. No row is written here."""

from collections.abc import Sequence
from typing import Any

import msgspec

from backend.app.event_views import EventLine
from backend.app.views import (
    DecisionView,
    DeliveryView,
    EventView,
    GateView,
    LedgerView,
    NotificationView,
    ReasonView,
    TimelineEntry,
    UnitView,
    moment,
    moment_or_none,
)
from backend.domain.decision import Again, Decision, GateTrace, Reason, Unit
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, PRIORITIES, STATE_NAME, State
from backend.domain.event import SOURCES, Body, Event, FanOut
from backend.domain.ids import delivery_id
from backend.domain.ledger import Ledger
from backend.domain.person import Person
from backend.domain.reasons import Audience, sentence
from backend.security.addresses import mask
from backend.security.roles import Actor
from backend.security.sealing import Sealer, Unsealable
from backend.store import event_rows, history, people
from backend.store.port import Tx

_decision = msgspec.msgpack.Decoder(Decision)
_event = msgspec.msgpack.Decoder(Event)
_body = msgspec.json.Decoder(Body)
STAMPED = ("seen", "read", "archived")
SOURCE_NAME = {number: name for name, number in SOURCES.items()}


class Story(msgspec.Struct):
    """All that is shown of one event."""

    ledger: Ledger
    notifications: list[history.NotificationRow]
    deliveries: dict[bytes, history.DeliveryRow]
    persons: dict[int, Person]


def story(tx: Tx, space: int, row: history.EventRow, shown: int, now: float) -> Story:
    """The event's ledger, its first notifications, and their deliveries."""
    found = history.notifications_of(tx, space, row.id, shown)
    deliveries = history.deliveries_of(tx, space, [n.id for n in found])
    persons = people.facts_of(tx, space, [n.person for n in found], now)
    return Story(event_rows.ledger(tx, space, row), found, {d.id: d for d in deliveries}, persons)


def reason_view(reason: Reason, actor: Actor) -> ReasonView:
    """The reason with its sentence, in the reader's language and zone."""
    audience: Audience = "person" if actor.role == "member" else "staff"
    return ReasonView(reason.code, reason.params, sentence(reason, audience, actor.locale, actor.timezone))


def own_reason(row: history.DeliveryRow, category: str, actor: Actor) -> ReasonView | None:
    """A delivery's own reason, of which only the code is kept with the row: what else it names is what the row is of."""
    known: dict[str, Any] = {"channel": CHANNEL_NAME[row.channel], "category": category} | ({"until": row.until} if row.until else {})
    return reason_view(Reason(row.reason, known), actor) if row.reason else None


def gate_view(gate: GateTrace, actor: Actor) -> GateView:
    """What one gate saw, with its reason's sentence."""
    return GateView(gate.gate, gate.result, reason_view(gate.reason, actor) if gate.reason else None)


def masked(person: Person | None, channel: str, hashed: bytes, sealer: Sealer) -> str:
    """The address as somebody may see it; "" for web, for none, and when the person has given it up since."""
    if person is None or channel == "web":
        return ""
    for address in person.addresses:
        if address.channel == CHANNEL_NUMBER[channel] and address.hash == hashed:
            try:
                return mask(channel, sealer.unseal("address", address.sealed).decode())
            except Unsealable:
                return "…"
    return ""


def unit_view(unit: Unit, person: Person | None, actor: Actor, sealer: Sealer, row: history.DeliveryRow | None = None) -> UnitView:
    """One unit, with its delivery when it has one."""
    return UnitView(
        channel=unit.channel, address=masked(person, unit.channel, unit.address, sealer), outcome=unit.outcome,
        reasons=[reason_view(reason, actor) for reason in unit.reasons], gates=[gate_view(gate, actor) for gate in unit.gates],
        until=moment_or_none(unit.until), silent=unit.silent, delivery=row.id.hex() if row else None, state=STATE_NAME[State(row.state)] if row else None,
    )  # fmt: skip


def decision_view(person: Person, decision: Decision, actor: Actor, sealer: Sealer) -> DecisionView:
    """Of a dry run."""
    return DecisionView(
        user=person.user_id,
        units=[unit_view(unit, person, actor, sealer) for unit in decision.units],
        notes=[reason_view(r, actor) for r in decision.notes],
    )


def last_word(decision: Decision, unit: Unit) -> tuple[Unit, float | None]:
    """What explains a unit as it is now, and when that was decided (None: with the notification). What stopped it last explains it; once it went,
    what had held it before is the story."""
    again = [later for later in decision.again if later.unit.channel == unit.channel and later.unit.address == unit.address]
    return (again[-1].unit, again[-1].at) if again and again[-1].unit.outcome != "send" else (unit, None)


def kept_decision(
    row: history.NotificationRow, person: Person | None, deliveries: dict[bytes, history.DeliveryRow], actor: Actor, sealer: Sealer
) -> DecisionView:
    """The trace that was kept with the notification, beside what its deliveries are now."""
    decision = _decision.decode(row.trace)
    units = []
    for unit in decision.units:
        made = delivery_id(row.id, row.person, CHANNEL_NUMBER[unit.channel], unit.address)
        units.append(unit_view(unit, person, actor, sealer, deliveries.get(made)))
    return DecisionView(
        user=person.user_id if person else "", units=units, notes=[reason_view(r, actor) for r in decision.notes], notification=row.id.hex()
    )


def ledger_view(ledger: Ledger) -> LedgerView:
    """The eight columns."""
    return LedgerView(*msgspec.structs.astuple(ledger))


def event_view(row: history.EventRow, told: Story, actor: Actor, sealer: Sealer) -> EventView:
    """An event that was decided, or at least met."""
    event = _event.decode(row.body) if row.body else None
    decisions = [kept_decision(n, told.persons.get(n.person), told.deliveries, actor, sealer) for n in told.notifications]
    to: dict[str, Any] = _to(row, decisions)
    view = EventView(
        id=row.id.hex(), type=row.type, category=row.category, priority=row.priority, to=to, accepted_at=moment(row.accepted),
        source=SOURCE_NAME.get(row.source, "api"), recipients=row.recipients, ledger=ledger_view(told.ledger), decisions=decisions,
        key=row.key or None, template=row.template or None, version=row.version or None,
    )  # fmt: skip
    return _with_body(view, event) if event else view


def event_line(row: history.EventRow, ledger: Ledger, person: Person | None) -> EventLine:
    """One event as a list shows it."""
    kind, _, key = row.target.partition(":")
    return EventLine(
        id=row.id.hex(), type=row.type, title=title_of(row), category=row.category, priority=row.priority, source=SOURCE_NAME.get(row.source, "api"),
        accepted_at=moment(row.accepted), recipients=row.recipients, ledger=ledger_view(ledger), to=key,
        user=person.user_id if person else "", template=row.template, kind=kind,
    )  # fmt: skip


def waiting(record: Event | FanOut, size: int = 0) -> EventView:
    """An event that was accepted and is not decided yet: all of it is pending. `size`: of the group it is for, as it is now."""
    event, to = (record.event, {"audience": record.audience} if record.audience else {"group": record.group}) if isinstance(record, FanOut) else (record, {})
    n = max(1, size, event.recipients, record.recipients)
    view = EventView(
        id=event.id.hex(), type=event.type, category=event.category, priority=event.priority, to={"users": n} if n > 1 else to, accepted_at=moment(event.accepted),
        source=SOURCE_NAME.get(event.source, "api"), recipients=n, ledger=LedgerView(planned=n, pending=n), decisions=[], key=event.key or None,
        template=event.template or None, version=event.version or None,
    )  # fmt: skip
    return _with_body(view, event)


def _with_body(view: EventView, event: Event) -> EventView:
    body = _body.decode(event.body)
    view.title, view.message, view.data = body.title or None, body.message or None, body.data
    view.channels, view.collapse_key, view.asked_priority = list(event.channels), event.collapse or None, event.asked_priority or None
    view.expires_at, view.send_at = moment_or_none(event.expires), moment_or_none(event.send_at)
    return view


def _to(row: history.EventRow, decisions: Sequence[DecisionView]) -> dict[str, Any]:
    if row.target:
        kind, _, key = row.target.partition(":")
        return {kind: key}
    if row.recipients > 1:
        return {"users": row.recipients}
    return {"user": decisions[0].user} if decisions else {}


def notification_view(
    row: history.NotificationRow, person: Person | None, deliveries: dict[bytes, history.DeliveryRow], actor: Actor, sealer: Sealer, event: history.EventRow | None
) -> NotificationView:
    """One notification on every channel, each unit with what was decided of it last."""
    decision, units = _decision.decode(row.trace), []
    for first in decision.units:
        unit, at = last_word(decision, first)
        made = deliveries.get(delivery_id(row.id, row.person, CHANNEL_NUMBER[unit.channel], unit.address))
        shown = unit_view(unit, person, actor, sealer, made)
        shown.decided_at = moment(row.accepted if at is None else at)
        units.append(shown)
    kind, _, key = event.target.partition(":") if event else ("", "", "")
    return NotificationView(
        id=row.id.hex(), event=row.event.hex(), user=person.user_id if person else "", category=row.category, priority=PRIORITIES[row.priority], accepted_at=moment(row.accepted),
        units=units, notes=[reason_view(one, actor) for one in decision.notes], type=event.type if event else "", title=title_of(event) if event else "",
        template=(event.template or None) if event else None, version=(event.version or None) if event else None, campaign=key if kind == "campaign" else "",
    )  # fmt: skip


def delivery_view(
    row: history.DeliveryRow,
    parent: history.NotificationRow,
    person: Person | None,
    actor: Actor,
    sealer: Sealer,
    event: history.EventRow | None = None,
) -> DeliveryView:
    """One delivery as a list shows it."""
    channel = CHANNEL_NAME[row.channel]
    return DeliveryView(
        id=row.id.hex(), event=parent.event.hex(), notification=parent.id.hex(), user=person.user_id if person else "", channel=channel,
        address=masked(person, channel, row.address, sealer), category=parent.category, priority=PRIORITIES[parent.priority], state=STATE_NAME[State(row.state)],
        accepted_at=moment(parent.accepted), changed_at=moment(row.changed), generation=row.generation, reason=own_reason(row, parent.category, actor),
        until=moment_or_none(row.until), template=(event.template or None) if event else None, version=(event.version or None) if event else None,
        type=event.type if event else "",
        title=title_of(event) if event else "",
    )  # fmt: skip


def title_of(event: history.EventRow) -> str:
    """What the event said itself; "" when a template says it."""
    return _body.decode(_event.decode(event.body).body).title if event.body else ""


def timeline(
    row: history.DeliveryRow, parent: history.NotificationRow, unit: Unit | None, attempts: Sequence[history.AttemptRow],
    receipts: Sequence[history.ReceiptRow], stamps: tuple[float | None, float | None, float | None] | None, actor: Actor,
    again: Sequence[Again] = (),
) -> list[TimelineEntry]:  # fmt: skip
    """Everything that happened to a delivery, oldest first. `text` is a code of the catalogue or a reason's sentence."""
    entries = [TimelineEntry(moment(parent.accepted), "accepted", "accepted")]
    if unit is not None and unit.outcome == "hold":
        text = "; ".join(sentence(r, "staff", actor.locale, actor.timezone) for r in unit.reasons)
        entries.append(TimelineEntry(moment(parent.accepted), "held", text, state="held"))
    for later in again:
        held = later.unit.outcome == "hold"
        if later.unit.outcome == "send":
            entries.append(TimelineEntry(moment(later.at), "released", "released", state="pending"))
        else:
            text = "; ".join(sentence(r, "staff", actor.locale, actor.timezone) for r in later.unit.reasons)
            entries.append(TimelineEntry(moment(later.at), "held" if held else "stopped", text, state="held" if held else "cancelled"))
    for attempt in attempts:
        entries.append(
            TimelineEntry(moment(attempt.started), "attempt", "attempt", state="sending", provider=attempt.provider, attempt=attempt.n)
        )
        if attempt.ended is not None and attempt.outcome is not None:
            entries.append(
                TimelineEntry(
                    moment(attempt.ended),
                    "outcome",
                    attempt.code or STATE_NAME[State(attempt.outcome)],
                    state=STATE_NAME[State(attempt.outcome)],
                    provider=attempt.provider,
                    code=attempt.code or None,
                    raw=(attempt.raw or None) if actor.role != "member" else None,
                    attempt=attempt.n,
                )
            )
    for receipt in receipts:
        raw = (receipt.raw or None) if actor.role != "member" else None
        entries.append(TimelineEntry(moment(receipt.at), "receipt", receipt.kind, provider=receipt.provider or None, raw=raw))
    for name, at in zip(("seen", "read", "archived"), stamps or (None, None, None), strict=True):
        if at is not None:
            entries.append(TimelineEntry(moment(at), name, name))
    if row.state not in (State.PENDING, State.HELD) and not attempts:
        entries.append(
            TimelineEntry(moment(row.changed), "state", row.reason or STATE_NAME[State(row.state)], state=STATE_NAME[State(row.state)])
        )
    # what a person did comes after what we did at the same instant; nothing comes before it was accepted
    return sorted(entries, key=lambda entry: (entry.kind != "accepted", entry.at, entry.kind in STAMPED))
