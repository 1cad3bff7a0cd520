"""Small facts of the installation by name, in the table `marks`."""

from sqlalchemy import cast, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import BigInteger, Text

from backend.store.port import Tx
from backend.store.tables import marks
from backend.store.upsert import insert_new, upsert


def get(tx: Tx, name: str) -> str | None:
    """The value, None when there is none."""
    return tx.conn.execute(select(marks.c.value).where(marks.c.name == name)).scalar()


def put(tx: Tx, name: str, value: str) -> None:
    """Set it."""
    upsert(tx, marks, {"name": name, "value": value})


def held(tx: Tx, name: str, first: str) -> str:
    """The value, `first` when there was none, that nobody else can change before the transaction ends."""
    insert_new(tx, marks, [{"name": name, "value": first}])
    return str(tx.conn.execute(select(marks.c.value).where(marks.c.name == name).with_for_update()).scalar_one())


def take(tx: Tx, name: str, value: str) -> bool:
    """Remove it if it has this value; False when it has not: of two who try, one succeeds."""
    return tx.conn.execute(delete(marks).where(marks.c.name == name, marks.c.value == value)).rowcount == 1


def bump(tx: Tx, name: str) -> int:
    """The next number under this name. Two who bump at once take turns."""
    statement = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(marks).values(name=name, value="1")
    following = cast(cast(marks.c.value, BigInteger) + 1, Text)
    done = tx.conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": following}).returning(marks.c.value))
    return int(done.scalar_one())


def number(tx: Tx, name: str) -> int:
    """The number now; 0 before the first."""
    return int(get(tx, name) or 0)
