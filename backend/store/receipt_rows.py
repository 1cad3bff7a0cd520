"""Rows of receipts, and what a receipt must know of its delivery."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select

from backend.domain.receipt import Receipt
from backend.store.port import Tx
from backend.store.tables import attempts, deliveries, receipts
from backend.store.upsert import insert_new

RAW = 500  # characters kept of a provider's words


class Place(msgspec.Struct):
    """Where a delivery stands."""

    id: bytes
    person: int
    channel: int
    address: bytes
    cohort: int
    state: int
    generation: int


def deliveries_of(tx: Tx, space: int, ids: Sequence[bytes]) -> dict[bytes, Place]:
    """The deliveries that exist."""
    c = deliveries.c
    found = tx.conn.execute(
        select(c.id, c.person, c.channel, c.address, c.cohort, c.state, c.generation).where(c.id.in_(list(set(ids))), c.space == space)
    )
    return {row.id: Place(*row) for row in found}


def sent_at(tx: Tx, space: int, ids: Sequence[bytes]) -> dict[bytes, float]:
    """When the last attempt of each was answered, seconds; of one that is still open there is nothing."""
    a = attempts.c
    found = tx.conn.execute(select(a.delivery, func.max(a.ended)).where(a.delivery.in_(list(set(ids))), a.space == space).group_by(a.delivery))
    return {row[0]: row[1] for row in found if row[1] is not None}


def keep(tx: Tx, space: int, rows: Sequence[Receipt]) -> None:
    """Insert them; the same receipt twice is one row."""
    insert_new(
        tx,
        receipts,
        [
            {
                "delivery": r.delivery,
                "space": space,
                "kind": r.kind,
                "at": r.at,
                "generation": r.generation,
                "provider": r.provider,
                "raw": r.raw[:RAW].replace("\0", ""),
            }
            for r in rows
        ],
    )
