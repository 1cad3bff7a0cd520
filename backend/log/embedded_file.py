"""The file that the embedded log is in: its tables, and the store's file as the log sees it."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")

# The topic is stored by number: it stands in the key of every record. Numbers are given once and never reused.
TABLES_SQL: tuple[str, ...] = (
    """CREATE TABLE IF NOT EXISTS log_topics (topic INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)""",
    """CREATE TABLE IF NOT EXISTS log_records (
        topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL,
        key BLOB NOT NULL, value BLOB NOT NULL, headers BLOB, at REAL NOT NULL,
        PRIMARY KEY (topic, partition, offset)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS log_marks (
        "group" TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, upto INTEGER NOT NULL,
        PRIMARY KEY ("group", topic, partition)) WITHOUT ROWID""",
    # the next offset of a partition whose records were all purged must not begin again at 0
    """CREATE TABLE IF NOT EXISTS log_heads (
        topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
        PRIMARY KEY (topic, partition)) WITHOUT ROWID""",
)


class Transaction(Protocol):
    """What the store hands to a function it runs: `raw` is the SQLite connection, inside the transaction."""

    @property
    def raw(self) -> Any: ...


class SqliteFile(Protocol):
    """The store's file as the log sees it."""

    async def write(self, fn: Callable[[Any], Result]) -> Result:
        """Run `fn` in the single writer inside BEGIN IMMEDIATE and COMMIT (synchronous FULL)."""
        ...

    async def read(self, fn: Callable[[Any], Result]) -> Result:
        """Run `fn` in another thread on a read-only connection."""
        ...
