"""Reading what happened: events, notifications, deliveries, attempts and receipts, by the ids that were made to be found.

Everything of one event inherits its `born`, so the rows of an event are a range of the primary key: those whose id begins with
the event's millisecond.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, func, or_, select

from backend.domain.delivery import SKIPPED
from backend.domain.ledger import Ledger, ledger_of
from backend.store.born import span, with_it
from backend.store.port import Tx
from backend.store.tables import attempts, cohorts, deliveries, due, events, inbox, notifications, receipts
from backend.store.tables import seen as seen_table

_LAST = 2**48 - 1  # the last millisecond an id can name; only somebody who types one asks for it


class EventRow(msgspec.Struct):
    """A row of `events`."""

    id: bytes
    person: int
    type: str
    category: str
    priority: str
    source: int
    key: str
    template: str
    version: int
    recipients: int
    duplicate_of: bytes | None
    target: str
    body: bytes
    accepted: float


class NotificationRow(msgspec.Struct):
    """A row of `notifications`."""

    id: bytes
    event: bytes
    person: int
    category: str
    priority: int
    planned: int
    skipped: int
    trace: bytes
    accepted: float


class DeliveryRow(msgspec.Struct):
    """A row of `deliveries`."""

    id: bytes
    notification: bytes
    person: int
    channel: int
    address: bytes
    cohort: int
    state: int
    generation: int
    reason: str
    until: float | None
    changed: float


class AttemptRow(msgspec.Struct):
    """A row of `attempts`."""

    n: int
    provider: str
    started: float
    ended: float | None
    outcome: int | None
    code: str
    raw: str


class ReceiptRow(msgspec.Struct):
    """A row of `receipts`."""

    kind: str
    at: float
    generation: int
    provider: str
    raw: str


def _columns(table: Any, kind: type[msgspec.Struct]) -> list[Any]:
    return [table.c[name] for name in kind.__struct_fields__]


def _first(tx: Tx, statement: Any, kind: type[Any]) -> Any:
    row = tx.conn.execute(statement).first()
    return None if row is None else kind(*row)


def event(tx: Tx, space: int, made: bytes) -> EventRow | None:
    """The accepted event; a duplicate's row says which came first."""
    found: EventRow | None = _first(tx, select(*_columns(events, EventRow)).where(events.c.id == made, events.c.space == space), EventRow)
    return found


def events_of(tx: Tx, space: int, made: Iterable[bytes]) -> dict[bytes, EventRow]:
    """These events, as far as they are there."""
    found = tx.conn.execute(select(*_columns(events, EventRow)).where(events.c.id.in_(list(made)), events.c.space == space))
    return {row.id: EventRow(*row) for row in found}


def scheduled(tx: Tx, space: int, made: bytes) -> bytes | None:
    """The record of an event that waits for its `send_at`; of a list of users the record of one of them."""
    waits = due.c.kind.like("scheduled%")
    return tx.conn.scalar(select(due.c.value).where(due.c.space == space, due.c.id == made, waits).limit(1))


def decided(tx: Tx, space: int, made: bytes) -> int:
    """How many notifications an event has, or has waiting for its `send_at`."""
    n = notifications.c
    there = tx.conn.scalar(select(func.count()).where(with_it(n, space, made), n.event == made)) or 0
    waits = (due.c.space == space, due.c.id == made, due.c.kind.like("scheduled%"))
    return int(there) + int(tx.conn.scalar(select(func.count()).select_from(due).where(*waits)) or 0)


def notifications_of(tx: Tx, space: int, made: bytes, limit: int) -> list[NotificationRow]:
    """The first notifications of an event."""
    n = notifications.c
    statement = select(*_columns(notifications, NotificationRow)).where(with_it(n, space, made), n.event == made)
    return [NotificationRow(*row) for row in tx.conn.execute(statement.order_by(n.id).limit(limit))]


def notification(tx: Tx, space: int, made: bytes) -> NotificationRow | None:
    """One notification with its trace."""
    found: NotificationRow | None = _first(
        tx,
        select(*_columns(notifications, NotificationRow)).where(notifications.c.id == made, notifications.c.space == space),
        NotificationRow,
    )
    return found


def deliveries_of(tx: Tx, space: int, parents: Sequence[bytes]) -> list[DeliveryRow]:
    """The deliveries of these notifications of one event."""
    if not parents:
        return []
    d = deliveries.c
    statement = select(*_columns(deliveries, DeliveryRow)).where(with_it(d, space, parents[0]), d.notification.in_(list(parents)))
    return [DeliveryRow(*row) for row in tx.conn.execute(statement.order_by(d.id))]


def notifications_of_person(
    tx: Tx, space: int, person: int, category: str | None, before: bytes | None, limit: int
) -> list[NotificationRow]:
    """What was meant for somebody, newest first, behind `before`."""
    n = notifications.c
    where = [n.space == space, n.person == person]
    if category is not None:
        where.append(n.category == category)
    if before is not None:
        where.append(n.id < before)
    statement = select(*_columns(notifications, NotificationRow)).where(*where).order_by(n.id.desc()).limit(limit)
    return [NotificationRow(*row) for row in tx.conn.execute(statement)]


def deliveries_of_person(tx: Tx, space: int, person: int, parents: Sequence[bytes]) -> list[DeliveryRow]:
    """The deliveries of these notifications of one person."""
    if not parents:
        return []
    low, high = span(min(parents))[0], span(max(parents))[1]
    d = deliveries.c
    where = (d.id >= low, d.id < high, d.space == space, d.person == person, d.notification.in_(list(parents)))
    return [DeliveryRow(*row) for row in tx.conn.execute(select(*_columns(deliveries, DeliveryRow)).where(*where))]


def delivery(tx: Tx, space: int, made: bytes) -> DeliveryRow | None:
    """One delivery."""
    found: DeliveryRow | None = _first(
        tx, select(*_columns(deliveries, DeliveryRow)).where(deliveries.c.id == made, deliveries.c.space == space), DeliveryRow
    )
    return found


def next_try(tx: Tx, space: int, made: bytes) -> float | None:
    """When a delivery that is retried goes next: its due row knows; the delivery's own row keeps the first retry's time."""
    at: float | None = tx.conn.scalar(select(func.max(due.c.at)).where(due.c.space == space, due.c.id == made, due.c.kind.like("retry.%")))
    return at


def attempts_of(tx: Tx, space: int, made: bytes) -> list[AttemptRow]:
    """The attempts of a delivery, first to last."""
    statement = select(*_columns(attempts, AttemptRow)).where(attempts.c.delivery == made, attempts.c.space == space).order_by(attempts.c.n)
    return [AttemptRow(*row) for row in tx.conn.execute(statement)]


def receipts_of(tx: Tx, space: int, made: bytes) -> list[ReceiptRow]:
    """What was reported of a delivery, oldest first."""
    statement = (
        select(*_columns(receipts, ReceiptRow)).where(receipts.c.delivery == made, receipts.c.space == space).order_by(receipts.c.at)
    )
    return [ReceiptRow(*row) for row in tx.conn.execute(statement)]


def inbox_stamps(tx: Tx, space: int, person: int, made: bytes) -> tuple[float | None, float | None, float | None] | None:
    """(seen, read, archived) of a notification's inbox row."""
    i = inbox.c
    row = tx.conn.execute(select(i.seen, i.read, i.archived).where(i.space == space, i.person == person, i.id == made)).first()
    return None if row is None else (row.seen, row.read, row.archived)


def deliveries_with(tx: Tx, space: int, made: Iterable[bytes]) -> list[DeliveryRow]:
    """The deliveries of these ids, as far as they are there."""
    statement = select(*_columns(deliveries, DeliveryRow)).where(deliveries.c.id.in_(list(made)), deliveries.c.space == space)
    return [DeliveryRow(*row) for row in tx.conn.execute(statement)]


def notifications_with(tx: Tx, space: int, made: Iterable[bytes]) -> dict[bytes, NotificationRow]:
    """The notifications of these ids, as far as they are there."""
    statement = select(*_columns(notifications, NotificationRow)).where(notifications.c.id.in_(list(made)), notifications.c.space == space)
    return {row.id: NotificationRow(*row) for row in tx.conn.execute(statement)}


def ledger(tx: Tx, space: int, row: EventRow) -> Ledger:
    """The ledger of one event, counted from its own rows."""
    n, d = notifications.c, deliveries.c
    mine = and_(with_it(n, space, row.id), n.event == row.id)
    planned, skipped, decided = tx.conn.execute(
        select(func.coalesce(func.sum(n.planned), 0), func.coalesce(func.sum(n.skipped), 0), func.count()).where(mine)
    ).one()
    of_mine = (
        select(d.state, func.count())
        .where(with_it(d, space, row.id), d.notification.in_(select(n.id).where(mine)))
        .group_by(d.state)
    )
    states = {state: int(count) for state, count in tx.conn.execute(of_mine)}
    return ledger_of(int(planned), states, int(skipped), row.recipients, int(decided))


def ledgers(tx: Tx, space: int, rows: Sequence[EventRow]) -> dict[bytes, Ledger]:
    """The same of several events that are for few people each, in two looks: every look at days takes its time to be planned."""
    if not rows:
        return {}
    n, d, ids = notifications.c, deliveries.c, [row.id for row in rows]

    def with_them(c: Any) -> Any:
        return or_(*(and_(c.id >= low, c.id < high) for low, high in sorted({span(made) for made in ids})))

    told: dict[bytes, list[int]] = {made: [0, 0, 0] for made in ids}
    states: dict[bytes, Counter[int]] = {made: Counter() for made in ids}
    owner: dict[bytes, bytes] = {}
    mine = select(n.id, n.event, n.planned, n.skipped).where(with_them(n), n.space + 0 == space, n.event.in_(ids))
    for made, parent, planned, skipped in tx.conn.execute(mine):
        owner[made] = parent
        told[parent] = [sum(pair) for pair in zip(told[parent], (planned, skipped, 1), strict=True)]
    for parent, state, count in tx.conn.execute(
        select(d.notification, d.state, func.count()).where(with_them(d), d.space + 0 == space).group_by(d.notification, d.state)
    ):
        if parent in owner:
            states[owner[parent]][state] += int(count)
    return {
        row.id: ledger_of(told[row.id][0], states[row.id], told[row.id][1], row.recipients, told[row.id][2])
        for row in rows
    }


def whole_ledger(tx: Tx, space: int) -> Ledger:
    """The ledger of everything a space still has rows of."""
    n, d, e = notifications.c, deliveries.c, events.c
    planned, skipped, decided = tx.conn.execute(
        select(func.coalesce(func.sum(n.planned), 0), func.coalesce(func.sum(n.skipped), 0), func.count()).where(n.space == space)
    ).one()
    recipients = tx.conn.scalar(select(func.coalesce(func.sum(e.recipients), 0)).where(e.space == space, e.duplicate_of.is_(None)))
    states = {
        state: int(count) for state, count in tx.conn.execute(select(d.state, func.count()).where(d.space == space).group_by(d.state))
    }
    return ledger_of(int(planned), states, int(skipped), int(recipients or 0), int(decided))


def recounted(tx: Tx, space: int) -> dict[int, int]:
    """Units by state, counted from the rows: what totals and deltas must add up to while no day has been dropped."""
    d, n = deliveries.c, notifications.c
    states = {
        state: int(count) for state, count in tx.conn.execute(select(d.state, func.count()).where(d.space == space).group_by(d.state))
    }
    skipped = tx.conn.scalar(select(func.coalesce(func.sum(n.skipped), 0)).where(n.space == space))
    return states | ({SKIPPED: int(skipped)} if skipped else {})


def seen(tx: Tx, space: int, source: int, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """The event ids that hold these producers' keys."""
    if not keys:
        return {}
    c = seen_table.c
    return {
        row.key: row.id for row in tx.conn.execute(select(c.key, c.id).where(c.space == space, c.source == source, c.key.in_(list(keys))))
    }


def cohort_of(tx: Tx, space: int, cohort: int) -> Any:
    """The cohort's row: category, priority, template, version, event."""
    return tx.conn.execute(select(cohorts).where(cohorts.c.space == space, cohorts.c.cohort == cohort)).mappings().first()
