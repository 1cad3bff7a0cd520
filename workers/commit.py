"""The order of writes, in one place: rows, then records, then the mark.

On the embedded log all three are one transaction of one file. On Kafka the transaction commits, the records are appended and
acknowledged, and only then the mark is set; a crash in between repeats the batch, whose writes are idempotent and whose
records are appended again for every row still pending.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from backend.log.embedded import EmbeddedLog
from backend.log.port import Log, Position, Reader, Record
from backend.store.port import Store, Tx
from workers.faults import Faults

Write = Callable[[Tx], Sequence[Record]]


class Commit(Protocol):
    """Carry out one step of a stage. Raises `StoreUnavailable` or `LogUnavailable`: the step is then repeated as a whole.

    `alone`: no other process can be a member of the same groups.
    """

    alone: bool

    async def step(
        self, stage: str, write: Write, reader: Reader, group: str, upto: Mapping[Position, int], faults: Faults, short: bool = False
    ) -> None:
        """`short`: as in `Store.write`."""
        ...

    async def append(self, stage: str, write: Write, after: Callable[[Tx], None], faults: Faults) -> None:
        """Append what `write` returns; `after` forgets what led to it, never before the records are durable."""
        ...


class EmbeddedCommit:
    """One transaction for everything."""

    alone = True

    def __init__(self, store: Store, log: EmbeddedLog) -> None:
        self._store, self._log = store, log

    async def step(
        self, stage: str, write: Write, reader: Reader, group: str, upto: Mapping[Position, int], faults: Faults, short: bool = False
    ) -> None:
        def all_of_it(tx: Tx) -> Sequence[Record]:
            records = write(tx)
            appended: list[Record] = []
            if records:
                half = len(records) // 2
                appended += self._log.append_in(tx, records[:half])
                faults.at("amid_appends")
                appended += self._log.append_in(tx, records[half:])
            faults.at("before_mark")
            if upto:
                self._log.mark_in(tx, group, upto)
            return appended

        faults.at("before_commit")
        records = await self._store.write(all_of_it, turn=stage, short=short)
        faults.at("after_commit")
        if records:
            self._log.published(records)

    async def append(self, stage: str, write: Write, after: Callable[[Tx], None], faults: Faults) -> None:
        def all_of_it(tx: Tx) -> Sequence[Record]:
            appended = self._log.append_in(tx, write(tx))
            faults.at("amid_appends")
            faults.at("before_mark")
            after(tx)
            return appended

        faults.at("before_commit")
        records = await self._store.write(all_of_it, turn=stage)
        faults.at("after_commit")
        if records:
            self._log.published(records)


class KafkaCommit:
    """Transaction, then append and acknowledgement, then mark."""

    alone = False

    def __init__(self, store: Store, log: Log) -> None:
        self._store, self._log = store, log

    async def step(
        self, stage: str, write: Write, reader: Reader, group: str, upto: Mapping[Position, int], faults: Faults, short: bool = False
    ) -> None:
        faults.at("before_commit")
        records = await self._store.write(write, turn=stage, short=short)
        faults.at("after_commit")
        if records:
            if faults.armed("amid_appends"):
                await self._log.append(records[: len(records) // 2])
                faults.at("amid_appends")
            await self._log.append(records)
        faults.at("before_mark")
        if upto:
            await reader.mark(upto)

    async def append(self, stage: str, write: Write, after: Callable[[Tx], None], faults: Faults) -> None:
        faults.at("before_commit")
        records = await self._store.write(write, turn=stage)
        faults.at("after_commit")
        if records:
            await self._log.append(records[: len(records) // 2])
            faults.at("amid_appends")
            await self._log.append(records[len(records) // 2 :])
        faults.at("before_mark")
        await self._store.write(after, turn=stage)


def commit_for(store: Store, log: Log) -> Commit:
    """The one that fits the log's engine."""
    return EmbeddedCommit(store, log) if isinstance(log, EmbeddedLog) else KafkaCommit(store, log)
