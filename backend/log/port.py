"""The log port: an append-only, partitioned stream of records with named groups and their marks.

Two engines stand behind it, `embedded` (tables in the store's SQLite file) and `kafka`; one contract suite holds both.
Guarantees: `append` returns only when the records are durable; records of one partition are read in the order of their
append; a group meets each record at least once and nothing before its mark again; a mark never moves by itself.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import msgspec


class Record(msgspec.Struct, frozen=True):
    """One entry of a topic. `partition` is chosen by the caller (bucket % partitions), never by a hash of the key.

    `offset` and `at` (seconds, UTC) are filled by the log when the record is read; -1 and 0.0 before.
    """

    topic: str
    partition: int
    key: bytes
    value: bytes
    headers: Mapping[str, str] = {}
    offset: int = -1
    at: float = 0.0


Position = tuple[str, int]  # (topic, partition)


class Reader(Protocol):
    """One member of a group, reading some topics. Owned by one task, which closes it.

    On Kafka a rebalance may take partitions away: `read` then drops what was prefetched of them, `lost()` tells which
    positions left since the last call, and a mark for a partition no longer owned is ignored (its new owner repeats).
    """

    async def read(self, limit: int, wait: float, topics: Sequence[str] | None = None) -> list[Record]:
        """Up to `limit` next records (of `topics`, when given), waiting at most `wait` seconds for the first one."""
        ...

    async def mark(self, upto: Mapping[Position, int]) -> None:
        """Remember durably, for the group, the next offset to read of each (topic, partition)."""
        ...

    def lost(self) -> set[Position]:
        """Positions this member lost since it was last asked; what was read of them must not be marked."""
        ...

    def pause(self, topics: Sequence[str]) -> None:
        """Do not fetch from these topics until `resume`."""
        ...

    def resume(self, topics: Sequence[str]) -> None: ...

    async def close(self) -> None:
        """Leave the group; what was read and not marked comes again to its next member."""
        ...


class Tail(Protocol):
    """Everything appended since it was opened, batch by batch: `async for records in tail`. Close it when done."""

    def __aiter__(self) -> AsyncIterator[Sequence[Record]]: ...

    async def __anext__(self) -> Sequence[Record]:
        """The next records, at least one; ends when the tail or its log is closed."""
        ...

    async def close(self) -> None: ...


class Log(Protocol):
    """See the module's docstring. Errors: `LogUnavailable` when the engine is away (nothing of the call is then promised)."""

    async def start(self) -> None:
        """Connect, or raise `LogUnavailable` saying what to do."""
        ...

    async def close(self) -> None: ...

    async def create_topics(self) -> list[str]:
        """Create what `topics.TOPICS` declares and the engine lacks; the names created."""
        ...

    async def append(self, records: Sequence[Record]) -> None:
        """All of them, durable on return. On `LogUnavailable` some may have been appended: the caller repeats, readers dedup.

        Before anything is appended: `ValueError` for an undeclared topic or partition, `TooLarge` above `topics.RECORD_LIMIT`.
        """
        ...

    async def reader(self, group: str, topics: Sequence[str]) -> Reader:
        """Join `group`; a group without a mark starts at the oldest kept record."""
        ...

    async def tail(self, topics: Sequence[str]) -> Tail:
        """Every record appended after this returned, to every caller (no group, no mark): for live presentation only."""
        ...

    async def lag(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        """Records per topic that the group has not marked yet."""
        ...

    async def oldest(self, group: str, topics: Sequence[str]) -> dict[str, float]:
        """When the oldest record of each topic was appended that the group has not marked yet; topics that wait for nothing are left out."""
        ...

    async def reachable(self) -> None:
        """Return when the engine answers now, else raise `LogUnavailable`."""
        ...
