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


def page(
    tx: Tx, space: int, before: bytes, limit: int, target: str = "", *, actor: str = "", area: str = "", since: bytes = b""
) -> list[AuditRow]:
    """Older than the id `before` and not older than `since`, the newest first. `target`: of one object, or of all that begin so when it
    ends in ":"; `area`: actions before the dot."""
    statement = select(audit).where(audit.c.space == space, audit.c.id < before)
    if since:
        statement = statement.where(audit.c.id >= since)
    if target:
        statement = statement.where(audit.c.object.startswith(target, autoescape=True) if target.endswith(":") else audit.c.object == target)
    if actor:
        statement = statement.where(audit.c.actor == actor)
    if area:
        statement = statement.where(audit.c.action.startswith(f"{area}.", autoescape=True))
    return [AuditRow(**row) for row in tx.conn.execute(statement.order_by(audit.c.id.desc()).limit(limit)).mappings()]


def replace_object(tx: Tx, space: int, old: str, new: str) -> None:
    """An erased person's entries stay, under the name of the tombstone."""
    tx.conn.execute(audit.update().where(audit.c.space == space, audit.c.object == old).values(object=new))
