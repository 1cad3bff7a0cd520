"""The store on PostgreSQL: a pool, worker threads of its own, transactions repeated after a deadlock."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, event, text

from backend.clock import Clock
from backend.domain.errors import StoreUnavailable
from backend.store import dialect, packed, partitions
from backend.store.dialect import Transaction
from backend.store.port import Tx
from backend.store.turns import PERSON

T = TypeVar("T")

PEOPLE, STAGES, READERS = 4, 8, 6  # threads, each with at most one connection: stages never hold the threads of people
TRIES = 5  # of one transaction that PostgreSQL gives up to resolve a conflict


class PostgresStore:
    """`backend.store.port.Store` on a server. A lost connection is one refused call; the next call connects again."""

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock = url, clock
        self._pools: tuple[ThreadPoolExecutor, ...] = ()
        self._writing: Engine | None = None
        self._reading: Engine | None = None

    async def start(self) -> None:
        self._writing = dialect.postgres_engine(self._url, size=PEOPLE + STAGES)
        self._reading = dialect.postgres_engine(self._url, size=READERS, read=True)
        event.listen(self._writing, "before_cursor_execute", _pay)
        names = (("store-people", PEOPLE), ("store-stages", STAGES), ("store-read", READERS))
        self._pools = tuple(ThreadPoolExecutor(size, thread_name_prefix=name) for name, size in names)
        now = self._clock.now()
        try:
            await self.write(lambda tx: partitions.ready(tx, now))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        pools, self._pools = self._pools, ()
        for pool in pools:
            await asyncio.to_thread(pool.shutdown)
        for engine in (self._writing, self._reading):
            if engine:
                engine.dispose()
        self._writing = self._reading = None

    async def write(self, fn: Callable[[Tx], T], *, turn: str = PERSON, short: bool = False) -> T:
        return await self._in_thread(0 if turn == PERSON else 1, self._writing, fn)

    async def read(self, fn: Callable[[Tx], T]) -> T:
        return await self._in_thread(2, self._reading, fn)

    async def reachable(self) -> None:
        await self.read(lambda tx: tx.conn.execute(text("select 1")).scalar_one())

    async def _in_thread(self, pool: int, engine: Engine | None, fn: Callable[[Tx], T]) -> T:
        if not self._pools or engine is None:
            raise StoreUnavailable("The store is closed. Nothing was changed.")
        return await asyncio.get_running_loop().run_in_executor(self._pools[pool], _transact, engine, fn, pool == 2)


def _transact(engine: Engine, fn: Callable[[Tx], T], read: bool) -> T:
    for attempt in range(1, TRIES + 1):
        try:
            return _once(engine, fn)
        except Exception as error:
            if attempt < TRIES and dialect.sqlstate(error) in (*dialect.POSTGRES_REPEAT, *dialect.POSTGRES_FORGOTTEN):
                continue
            if refusal := dialect.away(error, read=read):
                raise refusal from error
            raise
    raise AssertionError("unreachable")


def _once(engine: Engine, fn: Callable[[Tx], T]) -> T:
    with _begun(engine) as conn:
        raw = dialect.driver_of(conn)
        try:
            value = fn(Transaction("postgresql", conn, raw))
            packed.session(raw).commit()
            conn.commit()
            return value
        except BaseException as error:
            _abandon(conn, raw, error)
            raise


def _begun(engine: Engine) -> Connection:
    """A connection with an open transaction. One that died in the pool since its last use is replaced: nothing ran on it yet."""
    for last in (False, True):
        conn: Connection | None = None
        try:
            conn = engine.connect()
            conn.begin()
            return conn
        except Exception as error:
            if conn is not None:
                conn.invalidate()
                conn.close()
            if last or not dialect.away(error):
                raise
    raise AssertionError("unreachable")


def _pay(conn: Connection, *_: Any) -> None:
    """Whoever comes by SQLAlchemy sees what the hot statements wrote before."""
    packed.session(dialect.driver_of(conn)).pay()


def _abandon(conn: Connection, raw: Any, error: BaseException) -> None:
    packed.session(raw).forgive()
    if raw.closed:  # SQLAlchemy does not see what the hot statements met
        conn.invalidate(error)
        return
    conn.rollback()
    if dialect.sqlstate(error) in dialect.POSTGRES_FORGOTTEN:
        packed.forget(raw, statements=dialect.sqlstate(error) == "26000")
