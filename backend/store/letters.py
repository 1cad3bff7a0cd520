"""Dead letters: records that nobody could carry out, kept with their cause until a person decides."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from backend.store.port import Tx
from backend.store.tables import dead


def insert(tx: Tx, **row: Any) -> None:
    """One row of `dead`; a repeat of the same record changes nothing."""
    make = sqlite.insert(dead) if tx.dialect == "sqlite" else postgresql.insert(dead)
    tx.conn.execute(make.values(**row).on_conflict_do_nothing())


def newest(tx: Tx, space: int, limit: int) -> list[dict[str, Any]]:
    """The newest letters of a space, without their content."""
    columns = [column for column in dead.c if column.name not in ("value", "detail")]
    rows = tx.conn.execute(select(*columns).where(dead.c.space == space).order_by(dead.c.at.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]
