"""One linear history, up and down with rows in every table, on both dialects; the database is what the metadata says."""

import datetime as dt

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Float, Integer, LargeBinary, SmallInteger, func, select, text
from sqlalchemy.sql.type_api import TypeEngine

from backend.clock import HeldClock
from backend.domain.ids import make_id
from backend.log.embedded_file import place_of
from backend.store import dialect, migrate
from backend.store.tables import PARTITIONED, Id, meta

NOW = 1_790_000_000.0


def value(kind: TypeEngine):
    """Something of a column's type."""
    if isinstance(kind, Id):
        return make_id(int(NOW * 1000), b"row")
    for known, some in ((Boolean, True), (SmallInteger, 7), (Integer, 7), (Float, NOW), (LargeBinary, b"bytes")):
        if isinstance(kind, known):
            return some
    return "text"


def ours(name, kind, parents):
    table = name if kind == "table" else parents.get("table_name")
    return not table or not table.startswith((*(p + "_" for p in PARTITIONED), "log_"))


class MigrationContract:
    """Subclasses give `url` of an empty database and `engine(url)`."""

    def test_up_is_done_once_and_says_what_it_did(self, url):
        assert migrate.pending(url) == HISTORY
        assert migrate.migrate(url, HeldClock(NOW)) == HISTORY
        assert migrate.migrate(url, HeldClock(NOW)) == []
        assert migrate.pending(url) == []

    def test_the_database_is_what_the_metadata_says(self, url):
        migrate.migrate(url, HeldClock(NOW))
        with self.connected(url) as conn:
            context = MigrationContext.configure(conn, opts={"include_name": ours, **dict.fromkeys(self.COMPARED, True)})
            assert compare_metadata(context, meta) == []

    def test_rows_in_every_table_and_down_and_up_again(self, url):
        migrate.migrate(url, HeldClock(NOW))
        with self.connected(url) as conn:
            for table in meta.sorted_tables:
                conn.execute(table.insert(), {c.name: value(c.type) for c in table.columns})
                assert conn.execute(select(func.count()).select_from(table)).scalar_one() >= 1
                found = conn.execute(select(table)).mappings().all()[-1]
                assert dict(found) == {c.name: value(c.type) for c in table.columns}
        migrate.downgrade(url)
        assert self.tables(url) <= {"alembic_version"}
        assert migrate.migrate(url, HeldClock(NOW)) == HISTORY
        with self.connected(url) as conn:
            assert {t.name for t in meta.sorted_tables if conn.execute(select(func.count()).select_from(t)).scalar_one()} == {"spaces"}
            assert conn.execute(text("select name from spaces where space = 1")).scalar_one() == "main"

    def connected(self, url):
        return self.engine(url).begin()

    def tables(self, url):
        with self.connected(url) as conn:
            return {name for (name,) in conn.execute(text(self.NAMES)) if not name.startswith("sqlite_")}


def history():
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    return [r.revision for r in ScriptDirectory.from_config(config).walk_revisions()][::-1]


HISTORY = history()


class TestSqliteMigrations(MigrationContract):
    NAMES = "select name from sqlite_master"
    COMPARED = frozenset({"compare_type"})  # alembic takes an empty text for no default on SQLite

    @pytest.fixture
    def url(self, tmp_path):
        self.engines = []
        yield f"sqlite:///{tmp_path}/carillon.db"
        for engine in self.engines:
            engine.dispose()

    def engine(self, url):
        self.engines.append(dialect.sqlite_engine(dialect.sqlite_path(url)))
        return self.engines[-1]

    def test_the_log_has_its_tables(self, url):
        migrate.migrate(url)
        assert {"log_topics", "log_records", "log_marks", "log_heads"} <= self.tables(url)

    def test_records_of_the_log_keep_their_places_up_and_down(self, url):
        """Before 0025 a record was found by topic, partition and offset, since then by one number."""
        migrate.migrate(url)
        migrate.downgrade(url, "0024")
        rows = [(3, 31, 7, b"key", b"value", None, NOW), (3, 31, 1_000_000_000_000, b"", b"x" * 5_000, b"{}", NOW + 1), (24, 0, 0, b"k", b"", None, NOW)]
        sql = "insert into log_records (topic, partition, offset, key, value, headers, at) values (?, ?, ?, ?, ?, ?, ?)"
        with self.connected(url) as conn:
            dialect.driver_of(conn).executemany(sql, rows)
        migrate.migrate(url)
        with self.connected(url) as conn:
            found = dialect.driver_of(conn).execute("select place, key, value, headers, at from log_records order by place").fetchall()
        assert found == [(place_of(*row[:3]), *row[3:]) for row in rows]
        migrate.downgrade(url, "0024")
        with self.connected(url) as conn:
            assert dialect.driver_of(conn).execute("select * from log_records order by topic, partition, offset").fetchall() == rows


class TestPostgresMigrations(MigrationContract):
    COMPARED = frozenset({"compare_type", "compare_server_default"})
    NAMES = "select relname from pg_class where relkind in ('r', 'p', 'i') and relnamespace = 'public'::regnamespace and relname not like 'alembic%'"

    @pytest.fixture
    def url(self, fresh_postgres_url):
        self.engines = []
        yield fresh_postgres_url
        for engine in self.engines:
            engine.dispose()

    def engine(self, url):
        self.engines.append(dialect.postgres_engine(url, size=1))
        return self.engines[-1]

    def test_days_from_two_ago_to_seven_ahead_have_their_partitions(self, url):
        migrate.migrate(url, HeldClock(NOW))
        today = dt.datetime.fromtimestamp(NOW, dt.UTC).date()
        wanted = {f"{table}_{today + dt.timedelta(days=n):%Y%m%d}" for table in PARTITIONED for n in range(-2, 8)}
        assert {name for name in self.tables(url) if name[-8:].isdigit()} == wanted


def test_the_history_is_one_line():
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_revisions_import_nothing_of_ours():
    for revision in (migrate.SCRIPTS / "versions").glob("*.py"):
        lines = [line for line in revision.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert lines
        assert not [line for line in lines if line.split()[1].split(".")[0] in ("backend", "workers", "portal", "carillon")]
