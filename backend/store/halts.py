"""Halts: scopes for which nothing is sent until somebody lets it go on."""

import msgspec
from sqlalchemy import delete, select

from backend.store.port import Tx
from backend.store.tables import halts
from backend.store.upsert import upsert


class HaltRow(msgspec.Struct, kw_only=True):
    """A row of `halts`."""

    space: int
    scope: str
    reason: str
    by: str
    at: float


def put(tx: Tx, row: HaltRow) -> None:
    """Insert or overwrite."""
    upsert(tx, halts, msgspec.structs.asdict(row))


def remove(tx: Tx, space: int, scope: str) -> bool:
    """False when there was none."""
    return tx.conn.execute(delete(halts).where(halts.c.space == space, halts.c.scope == scope)).rowcount > 0


def every(tx: Tx, space: int) -> list[HaltRow]:
    """All of a space, by scope."""
    rows = tx.conn.execute(select(halts).where(halts.c.space == space).order_by(halts.c.scope)).mappings()
    return [HaltRow(**row) for row in rows]


def pulled(tx: Tx, space: int) -> list[HaltRow]:
    """Those somebody pulled as a brake, for everybody to know. What pauses a campaign, or ends one that was cancelled, its own page tells."""
    return [row for row in every(tx, space) if not row.scope.startswith(("campaign:", "cancelled:"))]


def scopes(tx: Tx) -> dict[int, frozenset[str]]:
    """The scopes in force of every space that has one."""
    found: dict[int, set[str]] = {}
    for space, scope in tx.conn.execute(select(halts.c.space, halts.c.scope)):
        found.setdefault(space, set()).add(scope)
    return {space: frozenset(scopes) for space, scopes in found.items()}
