"""The ledger of a day's rows, of all spaces, and the events of it that do not balance. A day at a time, so that a look has an end and shows progress.

What belongs to an event is born with it, so a day holds all of it (`ids`).
"""

from collections import defaultdict

import msgspec
from sqlalchemy import func, select

from backend.domain.ids import day_of, first_of_day
from backend.domain.ledger import Ledger, ledger_of
from backend.store.port import Tx
from backend.store.tables import deliveries, events, notifications

NAMED = 50  # unbalanced events that are named


class Unbalanced(msgspec.Struct):
    """An event, and planned minus accounted for: positive when units are missing, negative when there are too many."""

    space: int
    event: str
    difference: int


def days(tx: Tx, since: float = 0.0) -> list[int]:
    """Days, from `since` on, that may have rows: from the oldest to the newest."""
    ends = [tx.conn.scalar(select(table.c.id).order_by(order).limit(1)) for table in (events, notifications, deliveries) for order in (table.c.id, table.c.id.desc())]
    found = [day_of(made) for made in ends if made is not None]
    return list(range(max(min(found), int(since // 86_400)), max(found) + 1)) if found else []


def of_day(tx: Tx, day: int) -> dict[int, Ledger]:
    """By space."""
    lo, hi = first_of_day(day), first_of_day(day + 1)
    n, d, e = notifications.c, deliveries.c, events.c
    units = {
        space: (int(planned), int(skipped), int(count))
        for space, planned, skipped, count in tx.conn.execute(
            select(n.space, func.sum(n.planned), func.sum(n.skipped), func.count()).where(n.id >= lo, n.id < hi).group_by(n.space)
        )
    }
    states: dict[int, dict[int, int]] = defaultdict(dict)
    for space, state, count in tx.conn.execute(select(d.space, d.state, func.count()).where(d.id >= lo, d.id < hi).group_by(d.space, d.state)):
        states[space][state] = int(count)
    told = select(e.space, func.sum(e.recipients)).where(e.id >= lo, e.id < hi, e.duplicate_of.is_(None)).group_by(e.space)
    recipients = {space: int(count) for space, count in tx.conn.execute(told)}
    ledgers = {}
    for space in sorted({*units, *states, *recipients}):
        planned, skipped, decided = units.get(space, (0, 0, 0))
        ledgers[space] = ledger_of(planned, states[space], skipped, recipients.get(space, 0), decided)
    return ledgers


def unbalanced(tx: Tx, day: int, limit: int = NAMED) -> list[Unbalanced]:
    """Events of the day that do not balance, the first ones. Each table is bounded by the day: PostgreSQL would join all days else."""
    lo, hi = first_of_day(day), first_of_day(day + 1)
    n, d, e = notifications.c, deliveries.c, events.c
    owed = (
        select(n.space, n.event, func.sum(n.planned - n.skipped).label("units"), func.count().label("decided"))
        .where(n.id >= lo, n.id < hi).group_by(n.space, n.event).subquery().c
    )  # fmt: skip
    have = (
        select(n.space, n.event, func.count().label("units"))
        .select_from(deliveries.join(notifications, (n.id == d.notification) & (n.space == d.space)))
        .where(d.id >= lo, d.id < hi, n.id >= lo, n.id < hi).group_by(n.space, n.event).subquery().c
    )  # fmt: skip
    there = func.coalesce(have.units, 0)
    recipients = func.coalesce(e.recipients, owed.decided)
    rows = (
        select(owed.space, owed.event, owed.units - there, owed.decided - recipients)
        .select_from(owed.units.table.outerjoin(have.units.table, (have.space == owed.space) & (have.event == owed.event)).outerjoin(events, (e.id == owed.event) & (e.space == owed.space) & (e.id >= lo) & (e.id < hi)))
        .where((owed.units != there) | (owed.decided > recipients)).order_by(owed.space, owed.event).limit(limit)
    )  # fmt: skip
    return [Unbalanced(space, event.hex(), int(missing) - max(0, int(many))) for space, event, missing, many in tx.conn.execute(rows)]
