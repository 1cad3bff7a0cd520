"""Rows of layouts and partials, and what tells where a template is used."""

import msgspec
from sqlalchemy import delete, func, select

from backend.store.port import Tx
from backend.store.tables import cohorts, deltas, template_parts, totals
from backend.store.upsert import upsert


class PartRow(msgspec.Struct, kw_only=True):
    """A row of `template_parts`."""

    space: int
    kind: str
    key: str
    source: str
    revision: int
    changed: float
    changed_by: str = ""


def get(tx: Tx, space: int, kind: str, key: str, *, lock: bool = False) -> PartRow | None:
    """The layout or partial, or None."""
    t = template_parts.c
    statement = select(template_parts).where(t.space == space, t.kind == kind, t.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else PartRow(**row)


def every(tx: Tx, space: int) -> list[PartRow]:
    """All of a space, layouts first, by key."""
    t = template_parts.c
    return [PartRow(**row) for row in tx.conn.execute(select(template_parts).where(t.space == space).order_by(t.kind, t.key)).mappings()]


def put(tx: Tx, row: PartRow) -> None:
    """Insert or overwrite."""
    upsert(tx, template_parts, msgspec.structs.asdict(row))


def remove(tx: Tx, space: int, kind: str, key: str) -> None:
    """Take one away; published versions hold what they were made of."""
    t = template_parts.c
    tx.conn.execute(delete(template_parts).where(t.space == space, t.kind == kind, t.key == key))


def planned_since(tx: Tx, space: int, template: str, minute: int) -> dict[int, int]:
    """Version -> messages planned since that minute, from what was compacted and what was not yet."""
    found: dict[int, int] = {}
    for moves, new in ((totals.c, totals.c.minute >= minute), (deltas.c, (deltas.c.minute >= minute) & (deltas.c.was == -1))):
        rows = tx.conn.execute(
            select(cohorts.c.version, func.sum(moves.n))
            .where(cohorts.c.space == space, cohorts.c.template == template, moves.space == cohorts.c.space, moves.cohort == cohorts.c.cohort, new)
            .group_by(cohorts.c.version)
        )
        for version, n in rows:
            found[version] = found.get(version, 0) + int(n or 0)
    return found
