"""Suppressing an address that a provider or its owner told us not to use again, with everybody who has it."""

from sqlalchemy import select, update

from backend.store.port import Tx
from backend.store.tables import addresses, people, suppressions
from backend.store.upsert import insert_new


def suppress(tx: Tx, space: int, channel: int, hashed: bytes, reason: str, source: str, now: float) -> list[int]:
    """Insert the suppression unless the address has one; the persons whose facts changed by it (drop their cached facts
    after the commit: their revision has grown)."""
    row = {"space": space, "channel": channel, "hash": hashed, "reason": reason, "source": source, "since": now, "until": None}
    if not insert_new(tx, suppressions, [row]):
        return []
    holders = list(
        tx.conn.scalars(
            select(addresses.c.person).where(addresses.c.space == space, addresses.c.channel == channel, addresses.c.hash == hashed)
        )
    )
    if holders:
        tx.conn.execute(
            update(people).where(people.c.space == space, people.c.person.in_(holders)).values(revision=people.c.revision + 1, changed=now)
        )
    return holders
