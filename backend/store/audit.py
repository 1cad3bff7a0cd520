"""The audit trail: who did what to what, written in the transaction of the change. No personal data in it."""

import msgspec
from sqlalchemy import insert, select

from backend.store.port import Tx
from backend.store.tables import audit


class AuditRow(msgspec.Struct, kw_only=True):
    """A row of `audit`; `detail` is JSON of names and numbers, never of what a person typed about themselves."""

    space: int
    id: bytes
    at: float
    actor: str
    role: str
    action: str
    object: str
    detail: str


def add(tx: Tx, row: AuditRow) -> None:
    """Append."""
    tx.conn.execute(insert(audit), msgspec.structs.asdict(row))


def page(tx: Tx, space: int, before: bytes, limit: int, target: str = "") -> list[AuditRow]:
    """Older than the id `before`, the newest first; `target` keeps to one object."""
    statement = select(audit).where(audit.c.space == space, audit.c.id < before)
    if target:
        statement = statement.where(audit.c.object == target)
    return [AuditRow(**row) for row in tx.conn.execute(statement.order_by(audit.c.id.desc()).limit(limit)).mappings()]


def replace_object(tx: Tx, space: int, old: str, new: str) -> None:
    """An erased person's entries stay, under the name of the tombstone."""
    tx.conn.execute(audit.update().where(audit.c.space == space, audit.c.object == old).values(object=new))
