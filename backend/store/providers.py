"""Rows of providers that were added in the portal, and the counter by which processes learn that some changed."""

import msgspec
from sqlalchemy import delete, func, select, update

from backend.domain.space import SpaceSettings
from backend.store import marks
from backend.store.port import Tx
from backend.store.tables import providers, spaces
from backend.store.upsert import upsert

MARK = "providers"


class ProviderRow(msgspec.Struct, kw_only=True):
    """A row of `providers`; `fields` is JSON, `secrets` sealed JSON."""

    space: int
    key: str
    kind: str
    channel: str
    place: int
    weight: int
    used: bool
    fields: str
    secrets: bytes
    revision: int
    changed: float
    changed_by: str


def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> ProviderRow | None:
    """The row, or None."""
    statement = select(providers).where(providers.c.space == space, providers.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else ProviderRow(**row)


def every(tx: Tx, space: int | None = None) -> list[ProviderRow]:
    """Of a space, or of all, in the order in which they are asked."""
    p = providers.c
    statement = select(providers).order_by(p.space, p.channel, p.place, p.key)
    rows = tx.conn.execute(statement if space is None else statement.where(p.space == space)).mappings()
    return [ProviderRow(**row) for row in rows]


def put(tx: Tx, row: ProviderRow) -> None:
    """Insert or overwrite, and let every process know."""
    upsert(tx, providers, msgspec.structs.asdict(row))
    bump(tx)


def remove(tx: Tx, space: int, key: str) -> None:
    """Delete, and let every process know."""
    tx.conn.execute(delete(providers).where(providers.c.space == space, providers.c.key == key))
    bump(tx)


def arrange(tx: Tx, space: int, channel: str, keys: list[str]) -> None:
    """These are asked in this order."""
    p = providers.c
    for place, key in enumerate(keys):
        tx.conn.execute(update(providers).where(p.space == space, p.channel == channel, p.key == key).values(place=place))
    bump(tx)


def last_place(tx: Tx, space: int, channel: str) -> int:
    """The place behind the last of a channel."""
    p = providers.c
    return int(tx.conn.scalar(select(func.coalesce(func.max(p.place), -1)).where(p.space == space, p.channel == channel)) or 0) + 1


def count(tx: Tx, space: int) -> int:
    """How many the space has."""
    return int(tx.conn.scalar(select(func.count()).select_from(providers).where(providers.c.space == space)) or 0)


def bump(tx: Tx) -> None:
    """Providers, or which spaces are being tested, are others from now on."""
    marks.bump(tx, MARK)


def revision(tx: Tx) -> int:
    """Grows with every change; a look at one row."""
    return marks.number(tx, MARK)


def tested(tx: Tx) -> frozenset[int]:
    """The spaces of which nothing reaches a provider."""
    settings = tx.conn.execute(select(spaces.c.space, spaces.c.settings))
    return frozenset(space for space, body in settings if msgspec.json.decode(body or "{}", type=SpaceSettings).test)
