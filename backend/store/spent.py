"""Rows of what providers cost in a day."""

from sqlalchemy import select, update

from backend.store.port import Tx
from backend.store.tables import spent
from backend.store.upsert import insert_new


def take(tx: Tx, space: int, provider: str, day: int, amount: int, cap: int) -> int:
    """Count what the day has room for; a negative amount is given back. What was counted."""
    insert_new(tx, spent, [{"space": space, "provider": provider, "day": day, "amount": 0}])
    mine = (spent.c.space == space, spent.c.provider == provider, spent.c.day == day)
    was: int = tx.conn.execute(select(spent.c.amount).where(*mine).with_for_update()).scalar_one()
    counted = max(-was, amount) if amount < 0 else max(0, min(amount, cap - was))
    tx.conn.execute(update(spent).where(*mine).values(amount=was + counted))
    return counted


def of(tx: Tx, space: int, provider: str, day: int) -> int:
    """What is counted so far."""
    mine = (spent.c.space == space, spent.c.provider == provider, spent.c.day == day)
    return tx.conn.execute(select(spent.c.amount).where(*mine)).scalar() or 0
