"""Claiming due rows: taken by one due stage at a time, and free again when its lease ends."""

import msgspec
from sqlalchemy import bindparam, func, select, update

from backend.store import hot
from backend.store.port import Tx
from backend.store.tables import due


def claim(tx: Tx, now: float, limit: int, lease: float) -> list[hot.Later]:
    """The oldest rows whose time has come; they come again only after `lease` seconds, unless they are dropped before."""
    rows = hot.take_due(tx, now, limit)
    if rows:
        where = (due.c.space == bindparam("of_space"), due.c.id == bindparam("of_id"), due.c.kind == bindparam("of_kind"))
        statement = update(due).where(*where).values(at=now + lease)
        tx.conn.execute(statement, [{"of_space": row.space, "of_id": row.id, "of_kind": row.kind} for row in rows])
    return [msgspec.structs.replace(row, at=now + lease) for row in rows]  # as they stand now: `drop_due` drops no row that was put off since


def waiting(tx: Tx, now: float) -> int:
    """How many rows are due by `now` (claimed ones are not)."""
    return tx.conn.scalar(select(func.count()).select_from(due).where(due.c.at <= now)) or 0
