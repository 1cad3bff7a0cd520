"""Rows of suppressions: addresses nothing may be sent to, known by their keyed hash alone."""

import msgspec
from sqlalchemy import and_, delete, or_, select

from backend.store.port import Tx
from backend.store.tables import suppressions
from backend.store.upsert import upsert


class SuppressionRow(msgspec.Struct, kw_only=True):
    """A row of `suppressions`; `until` None: for good."""

    space: int
    channel: int
    hash: bytes
    reason: str
    source: str
    since: float
    until: float | None = None


def get(tx: Tx, space: int, channel: int, hashed: bytes) -> SuppressionRow | None:
    """The suppression of an address, lapsed or not."""
    key = (suppressions.c.space == space, suppressions.c.channel == channel, suppressions.c.hash == hashed)
    row = tx.conn.execute(select(suppressions).where(*key)).mappings().first()
    return None if row is None else SuppressionRow(**row)


def put(tx: Tx, row: SuppressionRow) -> None:
    """Insert or overwrite."""
    upsert(tx, suppressions, msgspec.structs.asdict(row))


def remove(tx: Tx, space: int, channel: int, hashed: bytes) -> bool:
    """False when there was none."""
    key = (suppressions.c.space == space, suppressions.c.channel == channel, suppressions.c.hash == hashed)
    return tx.conn.execute(delete(suppressions).where(*key)).rowcount > 0


def page(tx: Tx, space: int, channel: int, after: tuple[int, bytes], limit: int) -> list[SuppressionRow]:
    """Behind `after` (channel, hash), in the order of the key; `channel` 0: of every channel."""
    behind = or_(
        suppressions.c.channel > after[0], and_(suppressions.c.channel == after[0], suppressions.c.hash > after[1])
    )
    statement = select(suppressions).where(suppressions.c.space == space, behind)
    if channel:
        statement = statement.where(suppressions.c.channel == channel)
    rows = tx.conn.execute(statement.order_by(suppressions.c.channel, suppressions.c.hash).limit(limit)).mappings()
    return [SuppressionRow(**row) for row in rows]
