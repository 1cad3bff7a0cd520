"""Rows of imports: what a file is, and its rows as they were sent, sealed, until the import is over."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, delete, or_, select

from backend.domain.ids import make_id
from backend.store.import_people import each
from backend.store.port import Tx
from backend.store.tables import import_rows, imports
from backend.store.upsert import insert_many, run_many, upsert

OPEN = ("reading", "running")  # states in which there is something to do
_r = import_rows.c
_ADD = {"space": "int2", "import_id": "uuid", "n": "int4", "person": "int8", "sealed": "bytea", "error": "text"}
_MARK = "update import_rows set person = ?, error = ? where import_id = ? and n = ? and space = ?"


class ImportRow(msgspec.Struct, kw_only=True):
    """A row of `imports`. `body`: JSON of app.importing.Kept; times in seconds."""

    space: int
    id: bytes
    name: str
    state: str
    body: str
    total: int = 0
    done: int = 0
    refused: int = 0
    created: float
    changed: float
    by: str = ""


class Line(msgspec.Struct):
    """A row of a file. `n`: its line; `person`: whom it is about, 0 when it is refused; `sealed`: its cells."""

    n: int
    person: int
    sealed: bytes
    error: str = ""


_COLUMNS = [imports.c[name] for name in ImportRow.__struct_fields__]


def new_id(now: float, salt: bytes) -> bytes:
    """An id that sorts by time."""
    return make_id(int(now * 1000), b"import", salt)


def get(tx: Tx, space: int, made: bytes, *, lock: bool = False) -> ImportRow | None:
    """The import, or None."""
    statement = select(*_COLUMNS).where(imports.c.space == space, imports.c.id == made)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else ImportRow(**row)


def put(tx: Tx, row: ImportRow) -> None:
    """Insert or overwrite."""
    upsert(tx, imports, msgspec.structs.asdict(row), keep=("created",))


def remove(tx: Tx, space: int, made: bytes) -> None:
    """As if it had never been."""
    tx.conn.execute(delete(imports).where(imports.c.space == space, imports.c.id == made))


def page(tx: Tx, space: int, after: tuple[float, bytes] | None, limit: int) -> list[ImportRow]:
    """The newest first."""
    i = imports.c
    behind = [or_(i.created < after[0], and_(i.created == after[0], i.id < after[1]))] if after else []
    rows = tx.conn.execute(select(*_COLUMNS).where(i.space == space, *behind).order_by(i.created.desc(), i.id.desc()).limit(limit))
    return [ImportRow(**row) for row in rows.mappings()]


def open_ones(tx: Tx, limit: int) -> list[ImportRow]:
    """Those of every space that somebody has to go on with, the oldest first."""
    rows = tx.conn.execute(select(*_COLUMNS).where(imports.c.state.in_(OPEN)).order_by(imports.c.created, imports.c.id).limit(limit))
    return [ImportRow(**row) for row in rows.mappings()]


# ---- the rows of the file
def add_lines(tx: Tx, space: int, made: bytes, lines: Iterable[Line]) -> None:
    """Append."""
    of = _id(tx, made)
    insert_many(tx, "import_rows", _ADD, [(space, of, line.n, line.person, line.sealed, line.error) for line in lines])


def _id(tx: Tx, made: bytes) -> Any:
    return made if tx.dialect == "sqlite" else UUID(bytes=made)


def lines(tx: Tx, space: int, made: bytes, after: int, limit: int, *, refused: bool = False) -> list[Line]:
    """Lines behind `after`, in order; `refused`: those with an error alone."""
    wanted = [_r.error != ""] if refused else []
    rows = tx.conn.execute(
        select(_r.n, _r.person, _r.sealed, _r.error).where(_r.space == space, _r.import_id == made, _r.n > after, *wanted).order_by(_r.n).limit(limit)
    )
    return [Line(n, person, bytes(sealed), error) for n, person, sealed, error in rows]


def mark_lines(tx: Tx, space: int, made: bytes, marks: Sequence[tuple[int, int, str]]) -> None:
    """Note of lines whom they are about and why they are refused: (line, person, error)."""
    of = _id(tx, made)
    run_many(tx, _MARK, [(person, error, of, n, space) for n, person, error in marks])


def before(tx: Tx, space: int, made: bytes, persons: Sequence[int], line: int) -> dict[int, int]:
    """person -> the first line before `line` that is about them."""
    of = _id(tx, made)
    found: dict[int, int] = {}
    for person, which, n in each(tx, "import_rows", "x.person, x.import_id, x.n", space, persons):
        if which == of and n < line:
            found[person] = min(n, found.get(person, n))
    return found


def drop_lines(tx: Tx, space: int, made: bytes) -> None:
    """Nothing of the file stays."""
    tx.conn.execute(delete(import_rows).where(_r.space == space, _r.import_id == made))
