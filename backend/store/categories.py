"""Rows of categories; `body` is JSON of domain.category.Category."""

import msgspec
from sqlalchemy import func, select

from backend.store.port import Tx
from backend.store.tables import categories
from backend.store.upsert import upsert


class CategoryRow(msgspec.Struct, kw_only=True):
    """A row of `categories`."""

    space: int
    key: str
    body: str
    revision: int
    changed: float


def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> CategoryRow | None:
    """The category, or None."""
    statement = select(categories).where(categories.c.space == space, categories.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else CategoryRow(**row)


def every(tx: Tx, space: int) -> list[CategoryRow]:
    """All of a space, by key; a space has tens of them."""
    rows = tx.conn.execute(select(categories).where(categories.c.space == space).order_by(categories.c.key)).mappings()
    return [CategoryRow(**row) for row in rows]


def put(tx: Tx, row: CategoryRow) -> None:
    """Insert or overwrite."""
    upsert(tx, categories, msgspec.structs.asdict(row))


def count(tx: Tx, space: int) -> int:
    """How many the space has."""
    return int(tx.conn.execute(select(func.count()).select_from(categories).where(categories.c.space == space)).scalar_one())
