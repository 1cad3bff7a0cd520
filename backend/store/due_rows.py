"""Due rows: claimed by one due stage at a time and free again when its lease ends; brought forward when what they wait for has come."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, func, select, update

from backend.store import hot
from backend.store.port import Tx
from backend.store.tables import due

STEP = 1e-6  # seconds between rows that are brought forward together


def claim(tx: Tx, now: float, limit: int, lease: float) -> list[hot.Later]:
    """The oldest rows whose time has come; they come again only after `lease` seconds, unless they are dropped before."""
    rows = hot.take_due(tx, now, limit)
    if rows:
        where = (due.c.space == bindparam("of_space"), due.c.id == bindparam("of_id"), due.c.kind == bindparam("of_kind"))
        statement = update(due).where(*where).values(at=now + lease)
        tx.conn.execute(statement, [{"of_space": row.space, "of_id": row.id, "of_kind": row.kind} for row in rows])
    return [msgspec.structs.replace(row, at=now + lease) for row in rows]  # as they stand now: `drop_due` drops no row that was put off since


def following(tx: Tx) -> float:
    """When the next row is due, 0: there is none."""
    return float(tx.conn.scalar(select(func.min(due.c.at))) or 0.0)


def waiting(tx: Tx, now: float) -> int:
    """How many rows are due by `now` (claimed ones are not)."""
    return tx.conn.scalar(select(func.count()).select_from(due).where(due.c.at <= now)) or 0


def bring_forward(tx: Tx, space: int, rows: Sequence[tuple[bytes, str]], now: float) -> None:
    """These (id, kind) are due now, a moment apart, so that they are claimed in this order."""
    if rows:
        row = (due.c.space == space, due.c.id == bindparam("of_id"), due.c.kind == bindparam("of_kind"))
        times = [{"of_id": made, "of_kind": kind, "of_at": now - (len(rows) - n) * STEP} for n, (made, kind) in enumerate(rows)]
        tx.conn.execute(update(due).where(*row).values(at=bindparam("of_at")), times)
