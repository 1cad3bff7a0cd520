"""The file that the embedded log is in: its tables, and the store's file as the log sees it."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")

# The topic is stored by number: it stands in the place of every record. Numbers are given once and never reused.
TABLES_SQL: tuple[str, ...] = (
    """CREATE TABLE IF NOT EXISTS log_topics (topic INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)""",
    # one number for the place: in a table by rowid a record of a kilobyte stays whole on its page; with a key of three columns (WITHOUT ROWID) what is
    # longer than a quarter of a page goes to a page of its own, which was a fifth of what the line wrote
    """CREATE TABLE IF NOT EXISTS log_records (
        place INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL, headers BLOB, at REAL NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS log_marks (
        "group" TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, upto INTEGER NOT NULL,
        PRIMARY KEY ("group", topic, partition)) WITHOUT ROWID""",
    # the next offset of a partition whose records were all purged must not begin again at 0
    """CREATE TABLE IF NOT EXISTS log_heads (
        topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
        PRIMARY KEY (topic, partition)) WITHOUT ROWID""",
)

OFFSETS, PARTITIONS = 1 << 40, 1 << 10  # how many a place has room for; topics have what is left of 63 bits


def place_of(topic: int, partition: int, offset: int = 0) -> int:
    """Where a record is among all, by the number of its topic; every offset of a partition follows the one before."""
    return (topic * PARTITIONS + partition) * OFFSETS + offset


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
