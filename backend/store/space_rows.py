"""Rows of spaces: tenants or environments that share an installation and nothing else."""

from sqlalchemy import select, update

from backend.store.port import Tx
from backend.store.tables import spaces
from backend.store.upsert import insert_new


def ensure(tx: Tx, space: int, name: str, now: float) -> None:
    """Make the space unless it is there."""
    insert_new(tx, spaces, [{"space": space, "name": name, "settings": "{}", "created": now}])


def every(tx: Tx) -> list[int]:
    """Numbers of all spaces."""
    return list(tx.conn.scalars(select(spaces.c.space).order_by(spaces.c.space)))


def name(tx: Tx, space: int) -> str:
    """What the space is called."""
    return tx.conn.execute(select(spaces.c.name).where(spaces.c.space == space)).scalar() or ""


def settings(tx: Tx, space: int, *, lock: bool = False) -> str:
    """The settings of a space, JSON."""
    statement = select(spaces.c.settings).where(spaces.c.space == space)
    return tx.conn.execute(statement.with_for_update() if lock else statement).scalar() or "{}"


def put_settings(tx: Tx, space: int, body: str) -> None:
    """Overwrite them."""
    tx.conn.execute(update(spaces).where(spaces.c.space == space).values(settings=body))
