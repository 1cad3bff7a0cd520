"""Rows of receipts, and what a receipt must know of its delivery."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select

from backend.domain.ids import first_of_day
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


def soft_bounces(tx: Tx, space: int, place: Place, since: float) -> int:
    """Deliveries to an address of somebody that came back for a while, from `since` on. Counted where they are kept: nothing else has to be told."""
    d, r = deliveries.c, receipts.c
    mine = (d.space == space) & (d.person == place.person) & (d.channel == place.channel) & (d.address == place.address)
    newer = d.id >= first_of_day(int(since // 86_400))
    asked = select(func.count(r.delivery.distinct())).join(deliveries, (d.id == r.delivery) & (d.space == r.space))
    return int(tx.conn.scalar(asked.where(mine, newer, r.kind == "bounced_soft", r.at >= since)) or 0)


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
