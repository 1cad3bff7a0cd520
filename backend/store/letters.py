"""Dead letters: records that nobody could carry out, kept with their cause until a person decides."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.store.port import Tx
from backend.store.tables import dead


class Letter(msgspec.Struct, kw_only=True):
    """A row of `dead`."""

    space: int
    id: bytes
    at: float
    topic: str
    stage: str
    cause: str
    fingerprint: str
    detail: str
    value: bytes
    replayed: float | None
    dropped: float | None = None


def insert(tx: Tx, **row: Any) -> None:
    """One row of `dead`; a repeat of the same record changes nothing."""
    make = sqlite.insert(dead) if tx.dialect == "sqlite" else postgresql.insert(dead)
    tx.conn.execute(make.values(**row).on_conflict_do_nothing())


def newest(tx: Tx, space: int, limit: int) -> list[dict[str, Any]]:
    """The newest letters of a space, without their content."""
    columns = [column for column in dead.c if column.name not in ("value", "detail")]
    rows = tx.conn.execute(select(*columns).where(dead.c.space == space).order_by(dead.c.at.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]


def page(tx: Tx, space: int, fingerprint: str | None, before: tuple[float, bytes] | None, limit: int) -> list[Letter]:
    """Letters of a space, newest first, from after (at, id) on."""
    statement = select(dead).where(dead.c.space == space).order_by(dead.c.at.desc(), dead.c.id.desc()).limit(limit)
    if fingerprint:
        statement = statement.where(dead.c.fingerprint == fingerprint)
    if before:
        statement = statement.where(or_(dead.c.at < before[0], and_(dead.c.at == before[0], dead.c.id < before[1])))
    return [Letter(**row) for row in tx.conn.execute(statement).mappings()]


def find(tx: Tx, space: int, ids: Sequence[bytes] | None, fingerprint: str | None, limit: int) -> list[Letter]:
    """These letters, or those of one cause that were not sent again yet, oldest first."""
    statement = select(dead).where(dead.c.space == space).order_by(dead.c.at, dead.c.id).limit(limit)
    if ids is not None:
        statement = statement.where(dead.c.id.in_(list(ids)))
    else:
        statement = statement.where(dead.c.fingerprint == fingerprint, dead.c.replayed.is_(None))
    return [Letter(**row) for row in tx.conn.execute(statement).mappings()]


def replayed(tx: Tx, space: int, ids: Sequence[bytes], now: float) -> None:
    """Mark letters as sent again."""
    if ids:
        tx.conn.execute(update(dead).where(dead.c.space == space, dead.c.id.in_(list(ids))).values(replayed=now))
