"""Rows of senders: who messages of a space come from, and of which categories."""

import msgspec
from sqlalchemy import delete, func, select, update

from backend.domain.space import Sender, SpaceSettings
from backend.store.port import Tx
from backend.store.tables import senders
from backend.store.upsert import upsert

_KEYS = msgspec.json.Decoder(list[str])


class SenderRow(msgspec.Struct, kw_only=True):
    """A row of `senders`; `categories` is JSON, `chosen`: for what no other sender is assigned."""

    space: int
    key: str
    name: str
    address: str
    reply_to: str
    postal: str
    categories: str
    chosen: bool
    revision: int
    changed: float

    @property
    def assigned(self) -> list[str]:
        """Keys of categories."""
        return _KEYS.decode(self.categories)

    @property
    def sender(self) -> Sender:
        """As the line knows it."""
        return Sender(self.address, self.name, self.reply_to, self.postal)


def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> SenderRow | None:
    """The sender, or None."""
    statement = select(senders).where(senders.c.space == space, senders.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else SenderRow(**row)


def every(tx: Tx, space: int) -> list[SenderRow]:
    """All of a space, by key; it has a few."""
    rows = tx.conn.execute(select(senders).where(senders.c.space == space).order_by(senders.c.key)).mappings()
    return [SenderRow(**row) for row in rows]


def put(tx: Tx, row: SenderRow) -> None:
    """Insert or overwrite. What it is chosen for or assigned, no other sender of the space is any more."""
    if row.chosen:
        tx.conn.execute(update(senders).where(senders.c.space == row.space, senders.c.key != row.key).values(chosen=False))
    mine = set(row.assigned)
    for other in every(tx, row.space):
        if other.key != row.key and (left := [key for key in other.assigned if key not in mine]) != other.assigned:
            kept = {"categories": msgspec.json.encode(left).decode(), "revision": other.revision + 1, "changed": row.changed}
            tx.conn.execute(update(senders).where(senders.c.space == row.space, senders.c.key == other.key).values(**kept))
    upsert(tx, senders, msgspec.structs.asdict(row))


def remove(tx: Tx, space: int, key: str) -> None:
    """Delete."""
    tx.conn.execute(delete(senders).where(senders.c.space == space, senders.c.key == key))


def count(tx: Tx, space: int) -> int:
    """How many the space has."""
    return int(tx.conn.execute(select(func.count()).select_from(senders).where(senders.c.space == space)).scalar_one())


def into(tx: Tx, space: int, settings: SpaceSettings) -> SpaceSettings:
    """The settings of a space with its senders."""
    rows = every(tx, space)
    if not rows:
        return settings
    chosen = next((row.sender for row in rows if row.chosen), settings.sender)
    return msgspec.structs.replace(settings, sender=chosen, senders={key: row.sender for row in rows for key in row.assigned})
