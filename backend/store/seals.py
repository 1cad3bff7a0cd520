"""Sealing a day's ledger before its rows are dropped: what was planned and what became of it, by cohort."""

from collections import defaultdict

import msgspec
from sqlalchemy import func, select

from backend.domain.delivery import SKIPPED
from backend.domain.ids import day_of, first_of_day
from backend.domain.ledger import Ledger, balance, joined, of_totals
from backend.store.port import Tx
from backend.store.tables import deliveries, events, ledger_totals, notifications
from backend.store.upsert import insert_new


def seal_day(tx: Tx, day: int, now: float) -> list[tuple[int, int, int]]:
    """Write the day's totals; (space, cohort, difference) of each ledger that does not balance. A sealed day stays as it is."""
    if tx.conn.scalar(select(ledger_totals.c.day).where(ledger_totals.c.day == day).limit(1)) is not None:
        return []  # where days are no partitions a day is dropped in pieces: what is left of it balances no more
    lo, hi = first_of_day(day), first_of_day(day + 1)
    planned: dict[tuple[int, int], int] = {}
    states: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    n, d = notifications.c, deliveries.c
    of_day = select(n.space, n.cohort, func.sum(n.planned), func.sum(n.skipped)).where(n.id >= lo, n.id < hi).group_by(n.space, n.cohort)
    for space, cohort, units, skipped in tx.conn.execute(of_day):
        planned[space, cohort] = int(units)
        states[space, cohort][SKIPPED] = int(skipped)
    by_state = select(d.space, d.cohort, d.state, func.count()).where(d.id >= lo, d.id < hi).group_by(d.space, d.cohort, d.state)
    for space, cohort, state, count in tx.conn.execute(by_state):
        states[space, cohort][state] = int(count)
    ledgers: dict[tuple[int, int], Ledger] = {key: of_totals(planned.get(key, 0), found) for key, found in states.items()}
    insert_new(
        tx, ledger_totals,
        [{"space": s, "day": day, "cohort": c, "totals": msgspec.json.encode(ledger).decode(), "sealed": now} for (s, c), ledger in ledgers.items()],
    )  # fmt: skip
    return [(s, c, balance(ledger)) for (s, c), ledger in ledgers.items() if balance(ledger)]


def oldest_day(tx: Tx) -> int | None:
    """The oldest day that still has a notification, an event or a delivery."""
    found = [tx.conn.scalar(select(table.c.id).order_by(table.c.id).limit(1)) for table in (events, notifications, deliveries)]
    days = [day_of(made) for made in found if made is not None]
    return min(days) if days else None


def sealed(tx: Tx, space: int) -> Ledger:
    """The ledger of all days that were dropped."""
    whole = Ledger()
    for totals in tx.conn.scalars(select(ledger_totals.c.totals).where(ledger_totals.c.space == space)):
        whole = joined(whole, msgspec.json.decode(totals, type=Ledger))
    return whole
