"""The store's port on both engines."""

import asyncio
import contextlib
import gc
import shutil
import sqlite3
import threading
import warnings
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from backend.clock import HeldClock
from backend.domain.errors import Invalid, SecondWriter, StoreUnavailable
from backend.store import dialect
from backend.store.migrate import migrate
from backend.store.open import open_store
from backend.store.turns import SHARED, Turns
from tests.contracts.hot_rows import NOW
from tests.contracts.store_contract import StoreContract

WRITTEN = ("seen", "events", "notifications", "deliveries", "attempts", "deltas")


class Full:
    """SQLite's file may not grow: what a full disk is to it."""

    @contextlib.contextmanager
    def __call__(self, store):
        yield

    def now(self, tx):
        pages = tx.raw.execute("pragma page_count").fetchone()[0]
        tx.raw.execute(f"pragma max_page_count = {pages}")
        try:
            tx.raw.execute("create table too_much as select zeroblob(9000000) as x")
        finally:
            if not tx.raw.in_transaction:
                tx.raw.execute("pragma max_page_count = 4294967294")


class Gone:
    """The server ends every session of the database."""

    def __init__(self, url):
        self.url = url

    @contextlib.contextmanager
    def __call__(self, store):
        yield

    def now(self, tx):
        with psycopg.connect(self.url, autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"
            )


class TestSqliteStore(StoreContract):
    batches_before_a_person = 1

    @pytest.fixture(scope="class")
    @classmethod
    def migrated(cls, tmp_path_factory):
        file = tmp_path_factory.mktemp("store") / "carillon.db"
        migrate(f"sqlite:///{file}", HeldClock(NOW))
        return file

    @pytest.fixture
    def url(self, migrated, tmp_path):
        return f"sqlite:///{shutil.copy(migrated, tmp_path)}"

    @pytest.fixture
    async def store(self, url):
        store = open_store(url, HeldClock(NOW), address="http://localhost:8000")
        await store.start()
        yield store
        await store.close()

    @pytest.fixture
    def closed(self, tmp_path):
        (tmp_path / "carillon.db").mkdir()
        return open_store(f"sqlite:///{tmp_path}/carillon.db", HeldClock(NOW))

    @pytest.fixture
    def cut(self):
        return Full()


class TestPostgresStore(StoreContract):
    batches_before_a_person = 40  # every asker has a connection: nobody waits for a turn

    @pytest.fixture(scope="class")
    @classmethod
    def url(cls, class_postgres_url):
        migrate(class_postgres_url, HeldClock(NOW))
        return class_postgres_url

    @pytest.fixture
    async def store(self, url):
        store = open_store(url, HeldClock(NOW))
        await store.start()  # makes again the days that a test dropped
        yield store
        await store.write(lambda tx: [tx.conn.exec_driver_sql(f"delete from {table}") for table in ("marks", *WRITTEN)])
        await store.close()

    @pytest.fixture
    def closed(self, postgres_url):
        parts = urlsplit(postgres_url)
        return open_store(urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:1")), HeldClock(NOW))

    @pytest.fixture
    def cut(self, url):
        return Gone(url)


class TestPostgresPool:
    """What only a pool has."""

    async def test_a_dead_connection_replaces_the_idle_ones_and_leaves_no_used_one_to_the_collector(self, fresh_postgres_url):
        migrate(fresh_postgres_url, HeldClock(NOW))
        store = open_store(fresh_postgres_url, HeldClock(NOW))
        await store.start()
        go_on = threading.Barrier(3)
        own = "select pg_backend_pid()"

        def together(tx):
            pid = tx.raw.execute(own).fetchone()[0]
            go_on.wait(10)  # so that there are three of them
            return pid

        first, second, third = await asyncio.gather(*(store.write(together, turn="decide") for _ in range(3)))
        inside, finish = threading.Event(), threading.Event()

        def long(tx):
            inside.set()
            finish.wait(10)
            return tx.raw.execute(own).fetchone()[0]

        used = asyncio.ensure_future(store.write(long, turn="decide"))
        await asyncio.to_thread(inside.wait, 10)
        with psycopg.connect(fresh_postgres_url, autocommit=True) as other:
            idle = "state = 'idle' and datname = current_database() and pid <> pg_backend_pid()"
            assert other.execute(f"select count(pg_terminate_backend(pid)) from pg_stat_activity where {idle}").fetchone()[0] >= 2
        fresh = await store.write(lambda tx: tx.raw.execute(own).fetchone()[0])
        assert fresh not in (first, second, third)
        finish.set()
        assert await used in (first, second, third)
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always")
            gc.collect()
        assert [str(w.message) for w in left if w.category is ResourceWarning] == []
        await store.close()


class TestSqliteFile:
    """What only a file has."""

    async def test_a_second_writer_is_told_who_holds_it(self, tmp_path):
        url = f"sqlite:///{tmp_path}/carillon.db"
        migrate(url)
        first, second = open_store(url, HeldClock(NOW), address="http://localhost:8000"), open_store(url, HeldClock(NOW))
        await first.start()
        with pytest.raises(SecondWriter, match="http://localhost:8000") as refused:
            await second.start()
        assert refused.value.facts["address"] == "http://localhost:8000"
        assert int(refused.value.facts["pid"]) > 0
        with pytest.raises(SecondWriter):
            migrate(url)
        await first.close()
        await second.start()
        await second.close()

    async def test_a_file_without_tables_says_what_to_do(self, tmp_path):
        store = open_store(f"sqlite:///{tmp_path}/new.db", HeldClock(NOW))
        with pytest.raises(StoreUnavailable, match="carillon migrate"):
            await store.start()
        migrate(f"sqlite:///{tmp_path}/new.db")
        await store.start()
        await store.close()

    async def test_what_is_no_database_says_so(self, tmp_path):
        (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 100)
        with pytest.raises(StoreUnavailable, match="not an SQLite database"):
            await open_store(f"sqlite:///{tmp_path}/letter.db", HeldClock(NOW)).start()

    async def test_the_loop_runs_on_while_another_process_holds_the_file(self, tmp_path):
        url = f"sqlite:///{tmp_path}/carillon.db"
        migrate(url)
        store = open_store(url, HeldClock(NOW))
        await store.start()
        insert = "insert into marks (name, value) values ('short', '')"
        with contextlib.closing(sqlite3.connect(tmp_path / "carillon.db", isolation_level=None)) as backup:
            backup.execute("begin immediate")
            writing = asyncio.ensure_future(store.write(lambda tx: tx.raw.execute(insert), turn="deliver", short=True))
            await store.read(lambda tx: tx.raw.execute("select 1").fetchone())  # the loop was free to ask and to be answered
            assert not writing.done()
            backup.execute("rollback")
            await writing
        assert await store.read(lambda tx: tx.raw.execute("select count(*) from marks where name = 'short'").fetchone()) == (1,)
        await store.close()

    async def test_writes_are_safe_and_space_comes_back(self, tmp_path):
        url = f"sqlite:///{tmp_path}/carillon.db"
        migrate(url)
        store = open_store(url, HeldClock(NOW))
        await store.start()
        pragmas = ("journal_mode", "synchronous", "auto_vacuum")
        assert await store.write(lambda tx: [tx.raw.execute(f"pragma {p}").fetchone()[0] for p in pragmas]) == ["wal", 2, 2]
        await store.close()

    @pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:"])
    def test_another_url_is_refused(self, url):
        with pytest.raises(Invalid):
            open_store(url, HeldClock(NOW))


class TestTurns:
    """Who writes next."""

    def test_people_come_between_any_two_batches_of_stages(self):
        turns = Turns()
        for n in range(3):
            turns.put("decide", f"decide{n}")
        turns.put("deliver", "deliver0")
        turns.put("person", "p0")
        turns.put("person", "p1")
        assert turns.take() == ["p0", "p1"]
        turns.put("person", "p2")
        assert turns.take() == ["decide0"]
        assert turns.take() == ["p2"]
        assert [turns.take() for _ in range(4)] == [["deliver0"], ["decide1"], ["decide2"], []]

    def test_people_who_never_stop_do_not_starve_a_stage(self):
        turns = Turns()
        turns.put("decide", "decide")
        for n in range(SHARED * 3):
            turns.put("person", n)
        taken = [turns.take() for _ in range(2)]
        assert taken == [list(range(SHARED)), ["decide"]]
        assert len(turns) == SHARED * 2


def test_errors_of_the_statement_are_not_taken_for_an_absent_engine():
    assert dialect.away(psycopg.errors.UniqueViolation("twice")) is None
    assert dialect.away(psycopg.errors.ProtocolViolation("ours")) is None
    assert dialect.away(psycopg.errors.AdminShutdown("bye")) is not None
    assert dialect.away(psycopg.errors.DiskFull("full")) is not None
    assert dialect.away(ValueError("no")) is None
