"""Rows of imports: what a file is, and its rows as they were sent, sealed, until the import is over."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from backend.domain.ids import make_id
from backend.store.port import Tx
from backend.store.tables import addresses, consents, import_rows, imports, memberships, people
from backend.store.upsert import chunks, upsert

OPEN = ("reading", "running")  # states in which there is something to do
_r = import_rows.c


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


class There(msgspec.Struct):
    """Who is here already: `first` are the hashes of the first address of each channel, `groups` the keys."""

    row: Any
    first: dict[int, bytes] = {}
    groups: set[str] = set()


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
    rows = [{"space": space, "import_id": made, "n": line.n, "person": line.person, "sealed": line.sealed, "error": line.error} for line in lines]
    if rows:
        tx.conn.execute(insert(import_rows), rows)


def lines(tx: Tx, space: int, made: bytes, after: int, limit: int, *, refused: bool = False) -> list[Line]:
    """Lines behind `after`, in order; `refused`: those with an error alone."""
    wanted = [_r.error != ""] if refused else []
    rows = tx.conn.execute(
        select(_r.n, _r.person, _r.sealed, _r.error).where(_r.space == space, _r.import_id == made, _r.n > after, *wanted).order_by(_r.n).limit(limit)
    )
    return [Line(n, person, bytes(sealed), error) for n, person, sealed, error in rows]


def mark_lines(tx: Tx, space: int, made: bytes, marks: Sequence[tuple[int, int, str]]) -> None:
    """Note of lines whom they are about and why they are refused: (line, person, error)."""
    statement = update(import_rows).where(_r.space == space, _r.import_id == made, _r.n == bindparam("of_n"))
    if marks:
        tx.conn.execute(statement.values(person=bindparam("of_person"), error=bindparam("of_error")), [{"of_n": n, "of_person": person, "of_error": error} for n, person, error in marks])


def before(tx: Tx, space: int, made: bytes, persons: Sequence[int], line: int) -> dict[int, int]:
    """person -> the first line before `line` that is about them."""
    found: dict[int, int] = {}
    for some in chunks(list(persons)):
        rows = tx.conn.execute(
            select(_r.person, func.min(_r.n)).where(_r.space == space, _r.person.in_(some), _r.import_id == made, _r.n < line).group_by(_r.person)
        )
        found.update((person, n) for person, n in rows)
    return found


def drop_lines(tx: Tx, space: int, made: bytes) -> None:
    """Nothing of the file stays."""
    tx.conn.execute(delete(import_rows).where(_r.space == space, _r.import_id == made))


# ---- people, many at once
def there(tx: Tx, space: int, persons: Sequence[int], kind: type[Any], names: Sequence[str], *, lock: bool = False) -> dict[int, There]:
    """Those who have a row, erased ones too; `kind` is made of the columns `names`. `lock` keeps others from changing them."""
    found: dict[int, There] = {}
    for some in chunks(sorted(persons)):
        statement = select(*(people.c[name] for name in names)).where(people.c.space == space, people.c.person.in_(some)).order_by(people.c.person)
        for row in tx.conn.execute(statement.with_for_update() if lock else statement).mappings():
            found[row["person"]] = There(kind(**row))
        if not found:
            continue
        a, m = addresses.c, memberships.c
        rows = tx.conn.execute(select(a.person, a.channel, a.hash).where(a.space == space, a.person.in_(some)).order_by(a.person, a.channel, a.created, a.hash))
        for person, channel, hashed in rows:
            if person in found:
                found[person].first.setdefault(channel, bytes(hashed))
        for person, key in tx.conn.execute(select(m.person, m.group_key).where(m.space == space, m.person.in_(some))):
            if person in found:
                found[person].groups.add(key)
    return found


def add_people(tx: Tx, rows: Sequence[dict[str, Any]], held: Sequence[dict[str, Any]], members: Sequence[dict[str, Any]]) -> None:
    """People who were not here, with their addresses and groups. One who came in the meantime is an error of the engine: it is tried again."""
    for table, some in ((people, rows), (addresses, held), (memberships, members)):
        if some:
            tx.conn.execute(insert(table), list(some))


def answers(tx: Tx, space: int, persons: Sequence[int], category: str) -> dict[int, bool]:
    """The latest answer of each to a category, of those who gave one."""
    c = consents.c
    found: dict[int, bool] = {}
    for some in chunks(list(persons)):
        rows = tx.conn.execute(select(c.person, c.given).where(c.space == space, c.person.in_(some), c.category == category).order_by(c.at))
        found.update((person, bool(given)) for person, given in rows)
    return found


def add_consents(tx: Tx, space: int, persons: Sequence[int], category: str, at: float, source: str, evidence: str) -> None:
    """Note that these, who have said nothing yet, agreed."""
    rows = [{"space": space, "person": person, "category": category, "at": at, "given": True, "source": source, "evidence": evidence} for person in persons]
    if rows:
        tx.conn.execute(insert(consents), rows)
