"""What stands behind a signed link: a delivery with its notification, while history keeps them (30 days)."""

import msgspec
from sqlalchemy import select

from backend.store.port import Tx
from backend.store.tables import addresses, deliveries, notifications


class Sent(msgspec.Struct):
    """A delivery with what its notification tells; `trace` as the decide stage wrote it."""

    person: int
    channel: int
    address: bytes
    category: str
    accepted: float
    trace: bytes


def sent(tx: Tx, space: int, delivery: bytes) -> Sent | None:
    """None when there is none (any more)."""
    d, n = deliveries.c, notifications.c
    row = tx.conn.execute(select(d.person, d.channel, d.address, d.notification).where(d.id == delivery, d.space == space)).first()
    if row is None:
        return None
    told = tx.conn.execute(select(n.category, n.accepted, n.trace).where(n.id == row.notification, n.space == space)).first()
    return None if told is None else Sent(row.person, row.channel, row.address, *told)


def sealed_address(tx: Tx, space: int, person: int, channel: int, hashed: bytes) -> bytes | None:
    """The sealed text of one address."""
    where = (addresses.c.space == space, addresses.c.person == person, addresses.c.channel == channel, addresses.c.hash == hashed)
    return tx.conn.execute(select(addresses.c.sealed).where(*where)).scalar()
