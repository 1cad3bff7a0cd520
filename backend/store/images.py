"""Rows of images: what was uploaded into a space, by the name its bytes are kept under."""

import msgspec
from sqlalchemy import func, or_, select

from backend.store.port import Tx
from backend.store.tables import images
from backend.store.upsert import insert_new


class ImageRow(msgspec.Struct, kw_only=True):
    """A row of `images`."""

    space: int
    name: str
    label: str
    type: str
    size: int
    width: int
    height: int
    added_by: str
    at: float


def add(tx: Tx, row: ImageRow) -> bool:
    """Insert it; False when the space has this picture already."""
    return insert_new(tx, images, [msgspec.structs.asdict(row)]) > 0


def count(tx: Tx, space: int) -> int:
    """How many a space has."""
    return int(tx.conn.execute(select(func.count()).select_from(images).where(images.c.space == space)).scalar_one())


def get(tx: Tx, space: int, name: str) -> ImageRow | None:
    """One, or None."""
    row = tx.conn.execute(select(images).where(images.c.space == space, images.c.name == name)).mappings().first()
    return None if row is None else ImageRow(**row)


def page(tx: Tx, space: int, before: tuple[float, str] | None, limit: int) -> list[ImageRow]:
    """The newest first; older than (at, name)."""
    i = images.c
    statement = select(images).where(i.space == space)
    if before is not None:
        statement = statement.where(or_(i.at < before[0], (i.at == before[0]) & (i.name < before[1])))
    return [ImageRow(**row) for row in tx.conn.execute(statement.order_by(i.at.desc(), i.name.desc()).limit(limit)).mappings()]
