"""SQLAlchemy engines of both dialects, and which of their errors mean that the engine is away."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal, cast

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from backend.domain.errors import Invalid, StoreUnavailable

Dialect = Literal["sqlite", "postgresql"]

BUSY_MS = 10_000  # waits for a foreign process that holds SQLite's write lock (a backup, a shell) before it is an error
BEGIN = "begin immediate"  # one that reads first and writes later fails at once when another wrote between, whatever the timeout
WAL_LIMIT = 64 * 1024 * 1024  # bytes the write-ahead file is cut back to after a checkpoint

# https://www.sqlite.org/rescode.html, primary codes: the file or the machine is the trouble, not the statement
SQLITE_AWAY = {
    5: "another process holds it locked",
    6: "it is locked",
    7: "the machine has no memory left",
    8: "it may only be read; check its owner and permissions",
    10: "reading or writing the disk failed",
    11: "the file is damaged; restore a backup",
    13: "the disk is full; free some space",
    14: "the file cannot be opened; check that its folder exists and is yours",
    26: "the file is not an SQLite database",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html: classes, then single codes
POSTGRES_READ_ONLY = "25006"
POSTGRES_AWAY = ("08000", "08001", "08003", "08004", "08006", "08007", "53", "57P", "58", POSTGRES_READ_ONLY, "28", "3D000")
POSTGRES_REPEAT = ("40001", "40P01")  # serialization failure, deadlock: the same transaction may succeed now
POSTGRES_FORGOTTEN = ("42P01", "26000")  # a day that this connection remembers was dropped by another, or its statements were


@dataclass(frozen=True, slots=True)
class Transaction:
    """`backend.store.port.Tx` of one open transaction."""

    dialect: Dialect
    conn: Connection
    raw: Any


def dialect_of(url: str) -> Dialect:
    """Raises `Invalid` for a URL of another database."""
    name = url.split(":", 1)[0].split("+", 1)[0]
    if name == "sqlite":
        return "sqlite"
    if name == "postgresql":
        return "postgresql"
    raise Invalid(
        "The database URL begins with neither sqlite: nor postgresql:. Correct CARILLON_DATABASE_URL, or unset it for a file in HOME."
    )


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative` or `sqlite:////absolute`. Raises `Invalid` when it names none."""
    database = make_url(url).database
    if not database or database == ":memory:":
        raise Invalid("The SQLite URL names no file. Write sqlite:////folder/carillon.db: rows must outlive the process.")
    return Path(database)


# The driver looks for an adapter of everything but numbers and text, and finds none: 0.3 us a value. These two are found at once and change nothing.
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(type(None), cast("Callable[[None], None]", {}.get))


def sqlite_engine(path: Path, *, readers: int = 0) -> Engine:
    """An engine of one writing connection, or of `readers` that may only read (each transaction one snapshot)."""
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        hide_parameters=True,  # an error's text goes to logs and letters; values may be personal
        poolclass=QueuePool,
        pool_size=readers or 1,
        max_overflow=0,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_MS / 1000, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def connected(raw: sqlite3.Connection, _: object) -> None:
        if readers:
            raw.execute("pragma query_only = on")
        else:
            raw.execute("pragma auto_vacuum = incremental")  # before the first page is written, or it has no effect
            raw.execute("pragma journal_mode = wal")
            raw.execute("pragma synchronous = full")  # free when writes come in batches; the log's records live here
            raw.execute(f"pragma journal_size_limit = {WAL_LIMIT}")
        raw.execute("pragma cache_size = -32768")
        raw.execute("pragma temp_store = memory")

    @event.listens_for(engine, "begin")
    def begun(conn: Connection) -> None:
        raw = driver_of(conn)
        if not raw.in_transaction:  # the writer begins before anybody comes by SQLAlchemy: most hot writes never do
            raw.execute("begin" if readers else BEGIN)

    return engine


def postgres_engine(url: str, *, size: int, read: bool = False) -> Engine:
    """A pool of at most `size` connections.

    Writing connections force the plan that the hot statements were measured with: a day's fresh partition has no
    statistics, and a plan chosen while it was empty would walk it whole later.
    """
    settings = "-c jit=off -c timezone=UTC -c application_name=carillon"
    if not read:
        settings += " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
    target = make_url(url).set(drivername="postgresql+psycopg")
    given = target.query.get("options", "")
    engine = create_engine(
        target.set(query={k: v for k, v in target.query.items() if k != "options"}),
        hide_parameters=True,
        pool_size=size,
        max_overflow=0,
        pool_timeout=30,
        connect_args={
            "connect_timeout": 5,
            # psycopg throws away every prepared statement of the connection at a rollback when it has some itself: ours too
            "prepare_threshold": None,
            "options": f"{given if isinstance(given, str) else ' '.join(given)} {settings}".strip(),
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
    )
    begin = b"begin isolation level repeatable read read only" if read else b"begin"
    lost = float("-inf")  # when a connection was last found dead before its transaction began

    @event.listens_for(engine, "connect")
    def made(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["made"] = monotonic()

    @event.listens_for(engine, "checkout")
    def replaced(_: Any, record: ConnectionPoolEntry, __: Any) -> None:
        # what is as old as a dead one died with it. `Engine.dispose` would do, but leaves what other threads hold to the collector
        if record.info["made"] <= lost:
            raise DisconnectionError("the server was away since this connection was made")

    @event.listens_for(engine, "begin")
    def begun(conn: Connection) -> None:
        # psycopg begins at its own first statement; the hot statements go past it, straight to libpq
        pgconn = driver_of(conn).pgconn
        result = pgconn.exec_(begin)
        if result.status != psycopg.pq.ExecStatus.COMMAND_OK:
            nonlocal lost
            lost = monotonic()
            raise psycopg.OperationalError(f"cannot begin a transaction: {pgconn.error_message.decode(errors='replace').strip()}")

    return engine


def driver_of(conn: Connection) -> Any:
    """The driver's own connection (sqlite3.Connection or psycopg.Connection)."""
    return conn.connection.driver_connection


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters, "" when the error carries none."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return getattr(origin, "sqlstate", None) or ""


def away(error: BaseException, *, read: bool = False) -> StoreUnavailable | None:
    """`StoreUnavailable` with the reason when the error means that the engine cannot serve, else None.

    In a read "read only" is no fault of the engine: the function tried to write.
    """
    if isinstance(error, PoolTimeout):
        return StoreUnavailable("Every database connection is busy. Nothing was changed; send it again in a moment.")
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        code = (getattr(origin, "sqlite_errorcode", 0) or 0) & 0xFF
        why = "" if read and code == sqlite3.SQLITE_READONLY else SQLITE_AWAY.get(code)
        return (
            StoreUnavailable(f"The database file cannot be used: {why}. Nothing was changed; send it again in a moment.") if why else None
        )
    if isinstance(origin, psycopg.Error):
        state = origin.sqlstate or ""
        if read and state == POSTGRES_READ_ONLY:
            return None
        if state.startswith(POSTGRES_AWAY) or (not state and isinstance(origin, (psycopg.OperationalError, psycopg.InterfaceError))):
            words = (str(origin).strip().splitlines() or ["no reason given"])[0]
            return StoreUnavailable(f"PostgreSQL does not answer ({words[:200]}). Nothing was changed; send it again in a moment.")
    return None
