"""Saved views: filters of a list that one person gave a name."""

import msgspec
from sqlalchemy import ColumnElement, delete, func, select, update

from backend.store.port import Tx
from backend.store.tables import saved_views
from backend.store.upsert import upsert


class ViewRow(msgspec.Struct, kw_only=True):
    """A row of `saved_views`; `query` is what stands behind the question mark of the list's address."""

    space: int
    person: int
    page: str
    name: str
    query: str
    changed: float


def of_page(tx: Tx, space: int, person: int, page: str) -> list[ViewRow]:
    """A person's views of one list, by name."""
    v = saved_views.c
    statement = select(saved_views).where(v.space == space, v.person == person, v.page == page).order_by(func.lower(v.name), v.name)
    return [ViewRow(**row) for row in tx.conn.execute(statement).mappings()]


def put(tx: Tx, row: ViewRow) -> None:
    """Insert, or give the view of this name other filters."""
    upsert(tx, saved_views, msgspec.structs.asdict(row))


def rename(tx: Tx, row: ViewRow, name: str, now: float) -> None:
    """Give the view another name, which must be free."""
    tx.conn.execute(update(saved_views).where(*_key(row.space, row.person, row.page, row.name)).values(name=name, changed=now))


def remove(tx: Tx, space: int, person: int, page: str, name: str) -> bool:
    """False when it was not there."""
    return tx.conn.execute(delete(saved_views).where(*_key(space, person, page, name))).rowcount > 0


def _key(space: int, person: int, page: str, name: str) -> tuple[ColumnElement[bool], ...]:
    v = saved_views.c
    return (v.space == space, v.person == person, v.page == page, v.name == name)
