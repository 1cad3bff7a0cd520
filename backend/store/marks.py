"""Small facts of the installation by name, in the table `marks`."""

from sqlalchemy import delete, select

from backend.store.port import Tx
from backend.store.tables import marks
from backend.store.upsert import upsert


def get(tx: Tx, name: str) -> str | None:
    """The value, None when there is none."""
    return tx.conn.execute(select(marks.c.value).where(marks.c.name == name)).scalar()


def put(tx: Tx, name: str, value: str) -> None:
    """Set it."""
    upsert(tx, marks, {"name": name, "value": value})


def take(tx: Tx, name: str, value: str) -> bool:
    """Remove it if it has this value; False when it has not: of two who try, one succeeds."""
    return tx.conn.execute(delete(marks).where(marks.c.name == name, marks.c.value == value)).rowcount == 1
