"""The schema's history, brought up or taken down from code: `carillon migrate`, the first `make up`, the tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from alembic import command
from backend.clock import Clock, SystemClock
from backend.store import dialect, partitions
from backend.store.dialect import Transaction
from backend.store.lock import WriterLock

SCRIPTS = Path(__file__).resolve().parents[2] / "alembic"
LOCK = 7_229_400  # advisory: one process migrates, the others wait and find nothing to do


def migrate(url: str, clock: Clock | None = None) -> list[str]:
    """Bring the database up to the newest revision; the revisions applied now, oldest first. All of them or none.

    Errors: `StoreUnavailable`; `SecondWriter` when a running instance holds the SQLite file.
    """
    now = (clock or SystemClock()).now()
    with _alone(url) as conn:
        before = _revision(conn)
        command.upgrade(_config(conn), "head")
        partitions.ensure(Transaction(dialect.dialect_of(url), conn, dialect.driver_of(conn)), now)
        scripts = ScriptDirectory.from_config(_config(conn))
        return [r.revision for r in reversed(list(scripts.iterate_revisions(_revision(conn) or "base", before or "base")))]


def downgrade(url: str, to: str = "base") -> None:
    """Take the schema back to a revision. Rows that the older schema has no place for are lost."""
    with _alone(url) as conn:
        command.downgrade(_config(conn), to)


def pending(url: str) -> list[str]:
    """Revisions that `migrate` would apply, oldest first."""
    with _engine(url) as conn:
        scripts = ScriptDirectory.from_config(_config(conn))
        return [r.revision for r in reversed(list(scripts.iterate_revisions("head", _revision(conn) or "base")))]


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def _revision(conn: Connection) -> str | None:
    return MigrationContext.configure(conn).get_current_revision()


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    """One transaction in which nobody else migrates."""
    lock = WriterLock(dialect.sqlite_path(url), "") if dialect.dialect_of(url) == "sqlite" else None
    if lock:
        lock.take()
    try:
        with _engine(url) as conn:
            if not lock:
                conn.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            yield conn
    finally:
        if lock:
            lock.free()


@contextmanager
def _engine(url: str) -> Iterator[Connection]:
    sqlite = dialect.dialect_of(url) == "sqlite"
    engine = dialect.sqlite_engine(dialect.sqlite_path(url)) if sqlite else dialect.postgres_engine(url, size=1)
    try:
        with engine.connect() as conn, conn.begin():
            yield conn
    except Exception as error:
        if refusal := dialect.away(error):
            raise refusal from error
        raise
    finally:
        engine.dispose()
