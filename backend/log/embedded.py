"""The log on one machine: tables in the store's SQLite file, so that rows, records and marks are one transaction.

Written only by the store's single writer; nothing polls: `published` wakes readers and tails of the same process. Offsets
of a partition are dense and taken inside the transaction. One member of a group owns all of a topic's partitions; a
second member waits until the first closes.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from backend.clock import Clock
from backend.domain.errors import LogUnavailable, StoreUnavailable
from backend.log.embedded_file import OFFSETS, TABLES_SQL, Result, SqliteFile, Transaction, place_of
from backend.log.held import Held, shares_of
from backend.log.port import Position, Record
from backend.log.topics import TOPICS, Declared, Topic

_TOPICS = "SELECT name, topic FROM log_topics"
_HEAD = "SELECT next FROM log_heads WHERE topic = ? AND partition = ?"
_SET_HEAD = "INSERT INTO log_heads VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next = excluded.next"
_APPEND = "INSERT INTO log_records VALUES (?, ?, ?, ?, ?)"
_READ = "SELECT place, key, value, headers, at FROM log_records WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"
_MARK = "INSERT INTO log_marks VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET upto = excluded.upto"
_MARKS = 'SELECT topic, partition, upto FROM log_marks WHERE "group" = ?'
_ALL_MARKS = 'SELECT "group", topic, partition, upto FROM log_marks'
_FIRST = "SELECT place FROM log_records WHERE place >= ? AND place < ? ORDER BY place LIMIT 1"
_NEXT_AT = "SELECT at FROM log_records WHERE place >= ? AND place < ? ORDER BY place LIMIT 1"
_OLD = "SELECT place, at FROM log_records WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"
_PURGE = "DELETE FROM log_records WHERE place >= ? AND place <= ?"

_encode = msgspec.json.Encoder().encode
_headers = msgspec.json.Decoder(dict[str, str]).decode


class EmbeddedLog:
    """The log port on `SqliteFile`, and the three parts of it that the runner uses inside its own transaction.

    In the transaction: `append_in`, `mark_in`; after its commit, on the loop: `published` with what `append_in` returned.
    """

    def __init__(self, file: SqliteFile, clock: Clock, topics: Iterable[Topic] = TOPICS) -> None:
        self._file = file
        self._clock = clock
        self.topics = Declared(topics)
        self._numbers: dict[str, int] = {}
        self._heads: dict[Position, int] = {}  # next offset of every partition, as committed
        self._owners: dict[tuple[str, str], list[EmbeddedReader]] = {}  # members of (group, topic); the first one owns it
        self._readers: dict[str, list[EmbeddedReader]] = {}
        self._waiting: set[asyncio.Event] = set()
        self.closed = False

    async def start(self) -> None:
        await self.create_topics()
        self._heads = await self.read(self._heads_in)

    async def close(self) -> None:
        self.closed = True
        self.wake()

    async def create_topics(self) -> list[str]:
        def create(tx: Transaction) -> tuple[list[str], dict[str, int]]:
            for statement in TABLES_SQL:
                tx.raw.execute(statement)
            have = dict(tx.raw.execute(_TOPICS).fetchall())
            created = [name for name in self.topics if name not in have]
            tx.raw.executemany("INSERT INTO log_topics (name) VALUES (?)", [(name,) for name in created])
            return created, dict(tx.raw.execute(_TOPICS).fetchall())

        created, self._numbers = await self.write(create)
        return created

    async def append(self, records: Sequence[Record]) -> None:
        self.topics.check(records)
        if records:
            # whoever gives up waiting for a write that runs already must not leave it durable and unseen
            await asyncio.shield(asyncio.ensure_future(self._append(records)))

    async def _append(self, records: Sequence[Record]) -> None:
        self.published(await self.write(lambda tx: self.append_in(tx, records)))

    def append_in(self, tx: Transaction, records: Sequence[Record]) -> list[Record]:
        """Append within the writer's transaction; the records with offset and time, for `published` after the commit."""
        self.topics.check(records)
        raw, at = tx.raw, self._clock.now()
        nexts: dict[Position, int] = {}
        rows, filled = [], []
        for record in records:
            position = record.topic, record.partition
            number = self._numbers[record.topic]
            offset = nexts.get(position)
            if offset is None:
                found = raw.execute(_HEAD, (number, record.partition)).fetchone()
                offset = found[0] if found else 0
            nexts[position] = offset + 1
            headers = _encode(record.headers) if record.headers else None
            rows.append((place_of(number, record.partition, offset), record.key, record.value, headers, at))
            filled.append(Record(record.topic, record.partition, record.key, record.value, record.headers, offset, at))
        rows.sort()  # neighbours in the tree: a third cheaper than in the order of arrival
        raw.executemany(_APPEND, rows)
        raw.executemany(_SET_HEAD, [(self._numbers[topic], partition, upto) for (topic, partition), upto in nexts.items()])
        return filled

    def mark_in(self, tx: Transaction, group: str, upto: Mapping[Position, int]) -> None:
        """Set the group's marks within the writer's transaction."""
        tx.raw.executemany(_MARK, [(group, self._numbers[topic], partition, offset) for (topic, partition), offset in upto.items()])

    def published(self, records: Sequence[Record]) -> None:
        """Tell readers and tails what is now committed. On the loop's thread."""
        for record in records:
            position = record.topic, record.partition
            if record.offset >= self._heads.get(position, 0):
                self._heads[position] = record.offset + 1
            for reader in self._readers.get(record.topic, ()):
                reader.held.offer(record)
        self.wake()

    def purge_in(self, tx: Transaction, older_than_seconds: float, limit: int = 10_000) -> int:
        """Remove up to `limit` records older than this that every group of their topic has read, within the writer's transaction; how
        many it removed. A machine that was off for days must not forget what it had accepted."""
        cutoff, removed = self._clock.now() - older_than_seconds, 0
        marks: dict[tuple[int, int], dict[str, int]] = {}
        groups: dict[int, set[str]] = {}
        for group, topic_number, partition, upto in tx.raw.execute(_ALL_MARKS):
            marks.setdefault((topic_number, partition), {})[group] = upto
            groups.setdefault(topic_number, set()).add(group)
        for name, topic in self.topics.items():
            for partition in range(topic.partitions):
                where = self._numbers[name], partition
                held = marks.get(where, {})
                unread = min((held.get(group, 0) for group in groups.get(where[0], ())), default=None)
                first, last = place_of(*where), -1
                for place, at in tx.raw.execute(_OLD, (first, first + OFFSETS, limit - removed)):
                    if at >= cutoff or (unread is not None and place - first >= unread):
                        break
                    last = place
                if last >= 0:
                    removed += tx.raw.execute(_PURGE, (first, last)).rowcount
                if removed >= limit:
                    return removed
        return removed

    async def reader(self, group: str, topics: Sequence[str]) -> "EmbeddedReader":
        for topic in topics:
            self.topics[topic]
        reader = EmbeddedReader(self, group, topics)
        for topic in topics:
            self._owners.setdefault((group, topic), []).append(reader)
            self._readers.setdefault(topic, []).append(reader)
        return reader

    async def tail(self, topics: Sequence[str]) -> "EmbeddedTail":
        starts = {position: self._heads.get(position, 0) for topic in topics for position in self.positions(topic)}
        return EmbeddedTail(self, starts)

    async def lag(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        wanted = {topic: self.positions(topic) for topic in topics}

        def count(tx: Transaction) -> dict[str, int]:
            marks = {(topic, partition): upto for topic, partition, upto in tx.raw.execute(_MARKS, (group,))}
            heads = self._heads_in(tx)
            lags = {}
            for topic, positions in wanted.items():
                lags[topic] = 0
                for position in positions:
                    where = self._numbers[topic], position[1]
                    head = heads.get(position, 0)
                    begin = place_of(*where)
                    first = tx.raw.execute(_FIRST, (begin, begin + OFFSETS)).fetchone()  # what was purged is not waited for
                    lags[topic] += head - min(head, max(marks.get(where, 0), first[0] - begin if first else head))
            return lags

        return await self.read(count)

    async def oldest(self, group: str, topics: Sequence[str]) -> dict[str, float]:
        wanted = {topic: self.positions(topic) for topic in topics}

        def look(tx: Transaction) -> dict[str, float]:
            marks = {(topic, partition): upto for topic, partition, upto in tx.raw.execute(_MARKS, (group,))}
            found: dict[str, float] = {}
            for topic, positions in wanted.items():
                for _, partition in positions:
                    where = self._numbers[topic], partition
                    row = tx.raw.execute(_NEXT_AT, (place_of(*where, marks.get(where, 0)), place_of(*where) + OFFSETS)).fetchone()
                    if row:
                        found[topic] = min(row[0], found.get(topic, row[0]))
            return found

        return await self.read(look)

    async def reachable(self) -> None:
        await self.read(lambda tx: tx.raw.execute("SELECT 1 FROM log_topics LIMIT 1").fetchone())

    # -- shared with readers and tails

    def positions(self, topic: str) -> list[Position]:
        return [(topic, partition) for partition in range(self.topics[topic].partitions)]

    def head(self, position: Position) -> int:
        return self._heads.get(position, 0)

    def owner(self, group: str, topic: str) -> "EmbeddedReader":
        return self._owners[group, topic][0]

    def leave(self, reader: "EmbeddedReader") -> None:
        for members in (*self._owners.values(), *self._readers.values()):
            if reader in members:
                members.remove(reader)
        self.wake()

    def wake(self) -> None:
        for event in self._waiting:
            event.set()

    async def news(self, seconds: float | None) -> None:
        """Return at the next `published` (or change of members), at the latest after `seconds`."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(event)

    async def write(self, fn: Callable[[Any], Result]) -> Result:
        try:
            return await self._file.write(fn)
        except (sqlite3.Error, StoreUnavailable) as error:
            raise LogUnavailable(f"The event log's file cannot be written: {error}. Nothing was accepted; send it again.") from error

    async def read(self, fn: Callable[[Any], Result]) -> Result:
        try:
            return await self._file.read(fn)
        except (sqlite3.Error, StoreUnavailable) as error:
            raise LogUnavailable(f"The event log's file cannot be read: {error}. Nothing was lost.") from error

    async def marks(self, group: str, topics: Sequence[str]) -> dict[Position, int]:
        """The group's mark of every partition of these topics; 0 where it has none."""
        marks = await self.read(lambda tx: {(topic, partition): upto for topic, partition, upto in tx.raw.execute(_MARKS, (group,))})
        return {position: marks.get((self._numbers[topic], position[1]), 0) for topic in topics for position in self.positions(topic)}

    async def scan(self, cursors: dict[Position, int], limit: int) -> list[Record]:
        """Up to `limit` records from these cursors on, every partition in its turn; moves the cursors."""
        ahead = [(topic, partition, place_of(self._numbers[topic], partition), offset) for (topic, partition), offset in cursors.items()]

        def fetch(tx: Transaction) -> list[Record]:
            found: list[Record] = []
            turn = ahead
            while turn and len(found) < limit:
                again = []
                shares = shares_of([max(1, self.head((topic, partition)) - offset) for topic, partition, _, offset in turn], limit - len(found))
                for (topic, partition, begin, offset), share in zip(turn, shares, strict=True):
                    take = min(share, limit - len(found))
                    rows = tx.raw.execute(_READ, (begin + offset, begin + OFFSETS, take)).fetchall() if take else []
                    for place, key, value, headers, at in rows:
                        found.append(Record(topic, partition, key, value, _headers(headers) if headers else {}, place - begin, at))
                    if rows and len(rows) == take:
                        again.append((topic, partition, begin, rows[-1][0] - begin + 1))
                turn = again
            return found

        records = await self.read(fetch)
        for record in records:
            cursors[record.topic, record.partition] = record.offset + 1
        return records

    def _heads_in(self, tx: Transaction) -> dict[Position, int]:
        names = {number: name for name, number in self._numbers.items()}
        rows = tx.raw.execute("SELECT topic, partition, next FROM log_heads")
        return {(names[topic], partition): upto for topic, partition, upto in rows if topic in names}


class EmbeddedReader:
    """A member of a group; see the module's docstring for who owns what."""

    def __init__(self, log: EmbeddedLog, group: str, topics: Sequence[str]) -> None:
        self._log, self._group, self._topics = log, group, tuple(topics)
        self._cursors: dict[Position, int] = {}
        self.held = Held(self._cursors)
        self._ready: set[str] = set()  # topics whose marks were taken over
        self._paused: set[str] = set()
        self._turn = 0
        self._closed = False

    async def read(self, limit: int, wait: float, topics: Sequence[str] | None = None) -> list[Record]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while not (self._closed or self._log.closed):
            wanted = [topic for topic in self._topics if (topics is None or topic in topics) and topic not in self._paused]
            try:
                if records := await self._next(wanted, limit):
                    return records
                left = deadline - loop.time()
            except LogUnavailable:  # `reachable` says why; the reader goes on where it was
                left = min(deadline - loop.time(), 0.2)
            if left <= 0:
                break
            await self._log.news(left)
        return []

    async def _next(self, topics: Sequence[str], limit: int) -> list[Record]:
        owned = [topic for topic in topics if self._log.owner(self._group, topic) is self]
        if fresh := [topic for topic in owned if topic not in self._ready]:
            self._cursors |= await self._log.marks(self._group, fresh)
            self._ready |= set(fresh)
        ahead = [p for topic in owned for p in self._log.positions(topic) if self._cursors[p] < self._log.head(p)]
        if not ahead:
            return []
        self._turn += 1  # a small limit still reaches every partition
        ahead = ahead[self._turn % len(ahead) :] + ahead[: self._turn % len(ahead)]
        if records := self.held.take(ahead, limit):
            self._cursors |= {(record.topic, record.partition): record.offset + 1 for record in records}
            return records
        cursors = {position: self._cursors[position] for position in ahead}
        records = await self._log.scan(cursors, limit)
        if not records:  # purged below the head: nothing is there to read
            cursors = {position: self._log.head(position) for position in ahead}
        self._cursors |= cursors
        self.held.skip()
        return records

    async def mark(self, upto: Mapping[Position, int]) -> None:
        if upto:
            await self._log.write(lambda tx: self._log.mark_in(tx, self._group, upto))

    def lost(self) -> set[Position]:
        return set()  # nobody takes a partition from an embedded member

    def pause(self, topics: Sequence[str]) -> None:
        self._paused |= set(topics)

    def resume(self, topics: Sequence[str]) -> None:
        self._paused -= set(topics)
        self._log.wake()

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._log.leave(self)


class EmbeddedTail:
    """Reads on from where the log ended when it was opened; what is not read yet waits on disk, not in memory."""

    BATCH = 500

    def __init__(self, log: EmbeddedLog, cursors: dict[Position, int]) -> None:
        self._log, self._cursors, self._closed = log, cursors, False

    def __aiter__(self) -> AsyncIterator[Sequence[Record]]:
        return self

    async def __anext__(self) -> Sequence[Record]:
        while not (self._closed or self._log.closed):
            ahead = {position: offset for position, offset in self._cursors.items() if offset < self._log.head(position)}
            try:
                if ahead and (records := await self._log.scan(ahead, self.BATCH)):
                    self._cursors |= ahead
                    return records
                await self._log.news(None)
            except LogUnavailable:
                await self._log.news(0.2)
        raise StopAsyncIteration

    async def close(self) -> None:
        self._closed = True
        self._log.wake()
