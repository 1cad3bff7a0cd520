"""The log contract on both engines, and what only one of them can show."""

import asyncio
import contextlib
import os
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from backend.clock import HeldClock, SystemClock
from backend.domain.errors import Invalid, LogUnavailable
from backend.log.embedded import EmbeddedLog
from backend.log.kafka import KafkaLog
from backend.log.open import open_log
from backend.log.port import Log, Record
from backend.log.topics import TOPICS as DECLARED
from backend.log.topics import Topic
from backend.store.migrate import migrate
from backend.store.open import open_store
from carillon.engines import sets
from carillon.engines.home import Home
from tests.contracts.log_contract import CRITICAL, LOW, PATIENCE, TOPICS, LogContract, Opened, read_all, records, upto, values
from tests.contracts.sqlite_file import PlainSqliteFile


class TestEmbeddedLog(LogContract):
    @pytest.fixture
    def opened(self, tmp_path: Path) -> Opened:
        @contextlib.asynccontextmanager
        async def open_it() -> AsyncIterator[Log]:
            store = open_store(url, SystemClock())
            await store.start()
            log = open_log("embedded:", sqlite=store, clock=SystemClock(), topics=TOPICS)
            try:
                await log.start()
                yield log
                await log.close()
            finally:
                await store.close()  # also when a test fails: the next opening needs the lock

        url = f"sqlite:///{tmp_path / 'carillon.db'}"
        migrate(url)
        return open_it

    @pytest.fixture
    def appender(self, tmp_path: Path) -> list[str]:
        return ["embedded:", f"sqlite:///{tmp_path / 'carillon.db'}"]


@pytest.fixture
async def kafka_prefixed(kafka_url: str) -> AsyncIterator[str]:
    """The broker's URL with a prefix of this test's own; its topics are removed after it."""
    prefix = f"t{secrets.token_hex(4)}."
    url = f"{kafka_url}?prefix={prefix}"
    log = open_log(url, sqlite=None, clock=SystemClock(), topics=TOPICS)
    await log.start()
    await log.create_topics()
    await log.close()
    yield url
    admin = AdminClient({"bootstrap.servers": kafka_url.removeprefix("kafka://")})
    for future in admin.delete_topics([prefix + topic.name for topic in TOPICS]).values():
        await asyncio.wrap_future(future)


class TestKafkaLog(LogContract):
    @pytest.fixture
    def opened(self, kafka_prefixed: str) -> Opened:
        @contextlib.asynccontextmanager
        async def open_it() -> AsyncIterator[Log]:
            log = open_log(kafka_prefixed, sqlite=None, clock=SystemClock(), topics=TOPICS)
            await log.start()
            yield log
            await log.close()

        return open_it

    @pytest.fixture
    def appender(self, kafka_prefixed: str) -> list[str]:
        return [kafka_prefixed]


class TestEmbeddedItself:
    @pytest.fixture
    async def file(self, tmp_path: Path) -> AsyncIterator[PlainSqliteFile]:
        file = PlainSqliteFile(tmp_path / "log.db")
        await file.write(lambda tx: tx.raw.execute("CREATE TABLE facts (fact TEXT)"))
        yield file
        file.close()

    @pytest.fixture
    async def log(self, file: PlainSqliteFile) -> AsyncIterator[EmbeddedLog]:
        log = EmbeddedLog(file, HeldClock(1_800_000_000.0), TOPICS)
        await log.start()
        yield log
        await log.close()

    async def test_rows_records_and_marks_of_a_transaction_come_together(self, log: EmbeddedLog, file: PlainSqliteFile) -> None:
        await log.append(records(LOW, 0, ["in"]))
        reader = await log.reader("g", [LOW])
        got = await read_all(reader, 1)

        def step(tx: object) -> list[Record]:
            tx.raw.execute("INSERT INTO facts VALUES ('row')")  # type: ignore[attr-defined]
            log.mark_in(tx, "g", upto(got))  # type: ignore[arg-type]
            return log.append_in(tx, records(LOW, 0, ["out"]))  # type: ignore[arg-type]

        log.published(await file.write(step))
        assert values(await read_all(reader, 1)) == ["out"]
        assert await log.lag("g", [LOW]) == {LOW: 1}

    async def test_rows_records_and_marks_of_a_failed_transaction_vanish_together(self, log: EmbeddedLog, file: PlainSqliteFile) -> None:
        await log.append(records(LOW, 0, ["in"]))
        reader = await log.reader("g", [LOW])
        got = await read_all(reader, 1)

        def step(tx: object) -> None:
            tx.raw.execute("INSERT INTO facts VALUES ('row')")  # type: ignore[attr-defined]
            log.mark_in(tx, "g", upto(got))  # type: ignore[arg-type]
            log.append_in(tx, records(LOW, 0, ["out"]))  # type: ignore[arg-type]
            raise sqlite3.OperationalError("disk I/O error")

        with pytest.raises(sqlite3.OperationalError):
            await file.write(step)
        assert await log.lag("g", [LOW]) == {LOW: 1}
        assert await file.read(lambda tx: tx.raw.execute("SELECT count(*) FROM facts").fetchone()) == (0,)
        await log.append(records(LOW, 0, ["next"]))  # takes the offset that was given back
        (record,) = await read_all(reader, 1)
        assert (record.value, record.offset) == (b"next", 1)

    async def test_old_records_are_purged_read_or_not_and_offsets_go_on(self, file: PlainSqliteFile) -> None:
        clock = HeldClock(1_800_000_000.0)
        log = EmbeddedLog(file, clock, TOPICS)
        await log.start()
        await log.append(records(LOW, 0, ["old"] * 5) + records(LOW, 1, ["old"]))
        clock.move(3600)
        await log.append(records(LOW, 0, ["new"]))
        clock.move(3600)
        assert await file.write(lambda tx: log.purge_in(tx, 3601, limit=4)) == 4
        assert await log.lag("g", [LOW]) == {LOW: 3}
        assert await file.write(lambda tx: log.purge_in(tx, 3601)) == 2
        assert await log.lag("g", [LOW]) == {LOW: 1}
        reader = await log.reader("g", [LOW])
        (record,) = await read_all(reader, 1)
        assert (record.value, record.offset, record.at) == (b"new", 5, 1_800_003_600.0)
        clock.move(7200)
        assert await file.write(lambda tx: log.purge_in(tx, 3600)) == 1
        await log.append(records(LOW, 0, ["next"]))
        assert [(record.value, record.offset) for record in await read_all(reader, 1)] == [(b"next", 6)]
        again = EmbeddedLog(file, clock, TOPICS)
        await again.start()
        fresh = await again.reader("fresh", [LOW])
        assert [record.offset for record in await read_all(fresh, 1)] == [6]

    async def test_what_a_group_has_not_read_is_not_purged(self, file: PlainSqliteFile) -> None:
        """A machine that was off for a week: what it had accepted before is still to be carried out."""
        clock = HeldClock(1_800_000_000.0)
        log = EmbeddedLog(file, clock, TOPICS)
        await log.start()
        await log.append(records(LOW, 0, ["a", "b"]) + records(LOW, 1, ["c"]))
        reader = await log.reader("g", [LOW])
        await reader.mark({(LOW, 0): 1})
        clock.move(7 * 86_400)
        assert await file.write(lambda tx: log.purge_in(tx, 3600)) == 1
        assert sorted(values(await read_all(reader, 2))) == ["b", "c"]

    async def test_an_append_nobody_waits_for_any_more_is_seen(self, file: PlainSqliteFile) -> None:
        running, go = threading.Event(), threading.Event()

        class Slow(HeldClock):
            def now(self) -> float:
                running.set()
                go.wait(10)
                return super().now()

        log = EmbeddedLog(file, Slow(1_800_000_000.0), TOPICS)
        await log.start()
        reader = await log.reader("g", [LOW])
        asked = asyncio.create_task(log.append(records(LOW, 0, ["a"])))
        await asyncio.to_thread(running.wait, 10)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        go.set()
        assert values(await read_all(reader, 1)) == ["a"]

    async def test_a_deep_partition_does_not_hide_a_shallow_one(self, log: EmbeddedLog) -> None:
        await log.append(records(LOW, 0, ["deep"] * 500) + records(LOW, 1, ["shallow"]))
        reader = await log.reader("g", [LOW])
        first = await reader.read(100, 1.0)
        assert len(first) == 100
        assert "shallow" in values(first)

    async def test_a_file_that_cannot_be_written_is_said_and_nothing_is_appended(self, log: EmbeddedLog, file: PlainSqliteFile) -> None:
        await file.write(
            lambda tx: tx.raw.execute("CREATE TRIGGER full BEFORE INSERT ON log_records BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        )
        with pytest.raises(LogUnavailable, match="disk is full"):
            await log.append(records(LOW, 0, ["a"]))
        await file.write(lambda tx: tx.raw.execute("DROP TRIGGER full"))
        assert await log.lag("g", [LOW]) == {LOW: 0}


class TestKafkaItself:
    async def test_a_group_is_given_short_sessions(self, kafka_prefixed: str, kafka_bootstrap: str) -> None:
        log = open_log(kafka_prefixed, sqlite=None, clock=SystemClock(), topics=TOPICS)
        await log.start()
        await log.reader("short", [LOW])
        await log.close()
        group = ConfigResource(ResourceType.GROUP, f"{kafka_prefixed.partition('prefix=')[2]}short@{LOW}")
        asking = AdminClient({"bootstrap.servers": kafka_bootstrap})
        (answer,) = asking.describe_configs([group], request_timeout=20).values()
        found = answer.result(timeout=30)
        assert found["consumer.session.timeout.ms"].value == "6000"
        assert found["consumer.heartbeat.interval.ms"].value == "1000"

    async def test_a_session_that_brokers_refuse_is_said_and_reading_goes_on(
        self, kafka_prefixed: str, kafka_bootstrap: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        log = KafkaLog(kafka_bootstrap, kafka_prefixed.partition("prefix=")[2], topics=TOPICS, session=0.5)
        await log.start()
        await log.append(records(LOW, 0, ["read"]))
        assert values(await read_all(await log.reader("refused", [LOW]), 1)) == ["read"]
        await log.close()
        assert "group.consumer.min.session.timeout.ms" in caplog.text

    async def test_two_members_share_the_partitions_and_nothing_is_missed(self, kafka_prefixed: str) -> None:
        log = open_log(kafka_prefixed, sqlite=None, clock=SystemClock(), topics=TOPICS)
        await log.start()
        first = await log.reader("g", [LOW])
        await log.append([Record(LOW, n % 3, b"", b"%d" % n) for n in range(30)])
        assert len(await read_all(first, 30)) == 30
        second = await log.reader("g", [LOW])  # takes partitions over, whose records come again: nothing was marked
        got: set[bytes] = set()
        lost = set()
        async with asyncio.timeout(PATIENCE):
            while not (lost and len(got) == 10 * len(lost)):
                got |= {record.value for record in await second.read(100, 0.1)}
                await first.read(100, 0.1)
                lost |= first.lost()
        assert got == {b"%d" % n for n in range(30) if (LOW, n % 3) in lost}
        await first.mark({(LOW, partition): 10 for partition in range(3)})  # what it lost is not its to mark
        assert await log.lag("g", [LOW]) == {LOW: 10 * len(lost)}
        await second.mark(dict.fromkeys(lost, 10))
        assert await log.lag("g", [LOW]) == {LOW: 0}
        await log.append([Record(LOW, n % 3, b"", b"later %d" % n) for n in range(30)])
        later: list[bytes] = []
        async with asyncio.timeout(PATIENCE):
            while len(later) < 30:
                later += [record.value for reader in (first, second) for record in await reader.read(100, 0.05)]
        assert sorted(later) == sorted(b"later %d" % n for n in range(30))
        await log.close()

    async def test_declared_topics_stand_on_the_broker_as_declared(self, kafka_url: str) -> None:
        prefix = f"d{secrets.token_hex(4)}."
        log = open_log(f"{kafka_url}?prefix={prefix}", sqlite=None, clock=SystemClock())
        await log.start()
        names = [topic.name for topic in DECLARED]
        assert sorted(await log.create_topics()) == sorted(names)
        assert await log.create_topics() == []
        admin = AdminClient({"bootstrap.servers": kafka_url.removeprefix("kafka://")})
        seen = await asyncio.to_thread(lambda: admin.list_topics(timeout=5).topics)
        assert {name: len(seen[prefix + name].partitions) for name in names} == dict.fromkeys(names, 8)
        for future in admin.delete_topics([prefix + name for name in names]).values():
            await asyncio.wrap_future(future)
        await log.close()

    async def test_a_topic_with_too_few_partitions_gets_the_rest(self, kafka_url: str) -> None:
        prefix = f"d{secrets.token_hex(4)}."
        small, grown = (
            open_log(f"{kafka_url}?prefix={prefix}", sqlite=None, clock=SystemClock(), topics=[Topic("live", n)]) for n in (1, 3)
        )
        await small.start()
        await small.create_topics()
        await grown.start()
        assert await grown.create_topics() == []
        await grown.append(records("live", 2, ["in the new one"]))
        admin = AdminClient({"bootstrap.servers": kafka_url.removeprefix("kafka://")})
        for future in admin.delete_topics([f"{prefix}live"]).values():
            await asyncio.wrap_future(future)
        await small.close()
        await grown.close()

    async def test_a_partition_that_went_and_came_back_while_a_member_rested_is_read_on(self, kafka_prefixed: str) -> None:
        log = open_log(kafka_prefixed, sqlite=None, clock=SystemClock(), topics=TOPICS)
        await log.start()
        await log.append([*records(CRITICAL, 0, ["a"]), *records(CRITICAL, 1, ["b"])])
        resting = await log.reader("g", [CRITICAL])
        await resting.mark(upto(await read_all(resting, 2)))
        second = await log.reader("g", [CRITICAL])
        async with asyncio.timeout(PATIENCE):  # nobody reads from the first one until it has given a partition away
            more = 0
            while not (taken := await second.read(10, 0.5)):
                await log.append([*records(CRITICAL, 0, [f"c{more}"]), *records(CRITICAL, 1, [f"d{more}"])])
                more += 1
        await second.mark(upto(taken))
        assert await resting.read(10, 0.5) is not None  # it goes on with what it has
        await second.close()
        await log.append([*records(CRITICAL, 0, ["last"]), *records(CRITICAL, 1, ["last"])])
        seen: list[Record] = []
        async with asyncio.timeout(PATIENCE):
            while values(seen).count("last") < 2:
                seen += await resting.read(10, 1.0)
        await log.close()



async def appended(log: Log, texts: list[str]) -> None:
    """Append as callers do: again, until it is accepted. A broker that has just started answers before it takes records."""
    async with asyncio.timeout(3 * PATIENCE):
        while True:
            with contextlib.suppress(LogUnavailable):
                await log.append(records("live", 0, texts))
                return


class TestKafkaAway:
    """A broker of this test's own is killed and started again."""

    @pytest.fixture
    async def home(self, tmp_path: Path) -> AsyncIterator[Home]:
        home = Home(tmp_path / "engines")
        yield home
        await sets.down(home)

    @pytest.mark.timeout(240)  # a broker starts twice
    async def test_killed_it_is_said_in_time_and_everything_goes_on_when_it_is_back(self, home: Home) -> None:
        url = (await sets.up(home, only=["kafka"]))["CARILLON_LOG_URL"]
        log = open_log(f"{url}?timeout=3", sqlite=None, clock=SystemClock(), topics=[Topic("live", 1)])
        await log.start()
        await log.create_topics()
        await appended(log, ["before", "unmarked"])
        reader, tail = await log.reader("g", ["live"]), await log.tail(["live"])
        got = await read_all(reader, 2)
        await reader.mark(upto(got[:1]))

        os.kill(home.processes["kafka1"].pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(LogUnavailable, match="CARILLON_LOG_URL"):
            await log.append(records("live", 0, ["refused"]))
        assert time.monotonic() - began < 20
        with pytest.raises(LogUnavailable):
            await log.reachable()
        assert await reader.read(10, 0.2) == []
        with pytest.raises(LogUnavailable):
            await reader.mark(upto(got))
        with pytest.raises(LogUnavailable, match=url.removeprefix("kafka://")):
            await open_log(url, sqlite=None, clock=SystemClock()).start()

        await sets.up(home, only=["kafka"])
        await log.reachable()
        await appended(log, ["after"])
        live: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while "after" not in live:
                live += values(await anext(tail))
        seen: list[Record] = []
        async with asyncio.timeout(90):  # a member finds its coordinator again when the broker says so, on a busy machine late
            while "after" not in values(seen):
                seen += await reader.read(10, 1.0)
        while again := await reader.read(10, 0.5):
            seen += again
        await reader.mark(upto(seen))
        assert await log.lag("g", ["live"]) == {"live": 0}
        await log.close()


@pytest.mark.parametrize(
    "url",
    [
        "", "embedded", "embedded:x", "rabbit://h:1", "kafka:", "kafka://", "kafka://h", "kafka://h:1,", "kafka://h:1/topic", "kafka://h:1?prefix=a b",
        "kafka://h:1?acks=0", "kafka://h:1?timeout=0", "kafka://h:1?timeout=soon", "kafka://h:1?timeout=1000", "kafka://u:hunter2@h:1",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_understood_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        open_log(url, sqlite=None, clock=SystemClock())
    assert "CARILLON_LOG_URL" in refusal.value.detail
    assert "hunter2" not in refusal.value.detail
