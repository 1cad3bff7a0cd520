"""Insert with a conflict clause, on either dialect: SQLAlchemy spells the same statement in two places."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from backend.store.port import Tx

CHUNK = 500  # values in one `in (...)`; SQLite allows 32,766 variables a statement


def upsert(tx: Tx, table: Table, values: dict[str, Any], keep: tuple[str, ...] = ()) -> None:
    """Insert the row, or overwrite everything of the one that stands under its primary key but the columns in `keep`."""
    tx.conn.execute(_overwriting(tx.dialect, table, tuple(values), keep), values)


@functools.cache  # building the statement takes longer than running it
def _overwriting(dialect: str, table: Table, names: tuple[str, ...], keep: tuple[str, ...]) -> Any:
    statement: Any = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    keys = [column.name for column in table.primary_key]
    news = {name: statement.excluded[name] for name in names if name not in keys and name not in keep}
    return statement.on_conflict_do_update(index_elements=keys, set_=news)


def insert_new(tx: Tx, table: Table, rows: list[dict[str, Any]]) -> int:
    """Insert the rows whose primary key is free; how many that were."""
    if not rows:
        return 0
    statement: Any = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(table)
    statement = statement.on_conflict_do_nothing(index_elements=[column.name for column in table.primary_key])
    statement = statement.execution_options(preserve_rowcount=True)  # it is not kept for inserts otherwise
    return sum(tx.conn.execute(statement, row).rowcount for row in rows) if len(rows) < 3 else _many(tx, statement, rows)


def _many(tx: Tx, statement: Any, rows: list[dict[str, Any]]) -> int:
    return max(0, tx.conn.execute(statement, rows).rowcount)


def run_many(tx: Tx, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement of the driver's own for each row; `?` is a value. Nothing converts them: a JSON column takes its text, cast by the statement."""
    if not rows:
        return
    if tx.dialect == "sqlite":
        tx.raw.executemany(statement, rows)
        return
    with tx.raw.cursor() as cursor:
        cursor.executemany(statement.replace("?", "%s"), rows)


def insert_many(tx: Tx, table: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]], then: str = "") -> None:
    """Insert rows by one statement of the driver's own. `columns`: names and their types in PostgreSQL, which takes them as arrays; `then`: on conflict ...
    Nothing converts the values, as in `run_many`."""
    if not rows:
        return
    names = ", ".join(columns)
    if tx.dialect == "sqlite":
        tx.raw.executemany(f"insert into {table} ({names}) values ({', '.join('?' * len(columns))}) {then}", rows)
        return
    arrays = ", ".join(f"%s::{kind}[]" for kind in columns.values())
    tx.raw.execute(f"insert into {table} ({names}) select * from unnest({arrays}) as v({names}) {then}", [list(column) for column in zip(*rows, strict=True)])


def chunks(values: list[int]) -> list[list[int]]:
    """The values in pieces of at most `CHUNK`."""
    return [values[n : n + CHUNK] for n in range(0, len(values), CHUNK)]
