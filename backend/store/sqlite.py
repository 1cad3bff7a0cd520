"""The store on one SQLite file: one writer thread with a fair turn for everyone, readers beside it."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, text

from backend.clock import Clock
from backend.domain.errors import StoreUnavailable
from backend.store import dialect, partitions
from backend.store.dialect import Transaction
from backend.store.lock import WriterLock
from backend.store.port import Tx
from backend.store.turns import PERSON, Turns

T = TypeVar("T")
READERS = 4  # threads; each holds one connection while it reads


@dataclass(frozen=True, slots=True)
class _Write:
    fn: Callable[[Tx], Any]
    answer: Future[Any]


class SqliteStore:
    """`backend.store.port.Store` on a file. Writes of people that wait together share a transaction, each in a savepoint.

    A write that was cancelled before its turn is not run; one that runs already is finished. `fn` may be run a second time
    when the engine rolled back a shared transaction as a whole.
    """

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, clock: Clock, *, address: str = "") -> None:
        self._path, self._clock = path, clock
        self._lock = WriterLock(path, address)
        self._turns: Turns[_Write] = Turns()
        self._wake = threading.Condition()
        self._open = False
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._write_engine: Engine | None = None
        self._read_engine: Engine | None = None

    async def start(self) -> None:
        await asyncio.to_thread(self._start)
        now = self._clock.now()
        try:
            await self.write(lambda tx: partitions.ready(tx, now))
        except BaseException:
            await self.close()
            raise

    def _start(self) -> None:
        self._lock.take()
        try:
            self._write_engine = dialect.sqlite_engine(self._path)
            self._read_engine = dialect.sqlite_engine(self._path, readers=READERS)
            conn = self._write_engine.connect()
        except BaseException as error:
            for engine in (self._write_engine, self._read_engine):
                if engine:
                    engine.dispose()
            self._lock.free()
            raise (dialect.away(error) or error) from error
        self._open = True
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._writer = threading.Thread(target=self._serve, args=(conn,), name="store-write", daemon=True)
        self._writer.start()

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._wake:
            self._open = False
            self._wake.notify()
        if self._writer:
            self._writer.join()  # what waits is still written
        if self._readers:
            self._readers.shutdown()
        for engine in (self._write_engine, self._read_engine):
            if engine:
                engine.dispose()
        self._writer = self._readers = self._write_engine = self._read_engine = None
        self._lock.free()

    async def write(self, fn: Callable[[Tx], T], *, turn: str = PERSON) -> T:
        answer: Future[T] = Future()
        with self._wake:
            if not self._open:
                raise StoreUnavailable("The store is closed. Nothing was changed.")
            self._turns.put(turn, _Write(fn, answer))
            self._wake.notify()
        return await asyncio.wrap_future(answer)

    async def read(self, fn: Callable[[Tx], T]) -> T:
        if not self._readers or not self._open:
            raise StoreUnavailable("The store is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    async def reachable(self) -> None:
        await self.read(lambda tx: tx.conn.execute(text("select 1")).scalar_one())

    def _read(self, fn: Callable[[Tx], T]) -> T:
        engine = self._read_engine
        if engine is None:
            raise StoreUnavailable("The store is closed.")
        try:
            with engine.connect() as conn, conn.begin():
                return fn(Transaction("sqlite", conn, dialect.driver_of(conn)))
        except Exception as error:
            if refusal := dialect.away(error, read=True):
                raise refusal from error
            raise

    def _serve(self, conn: Connection) -> None:
        with conn:
            tx = Transaction("sqlite", conn, dialect.driver_of(conn))
            while True:
                with self._wake:
                    while self._open and not len(self._turns):
                        self._wake.wait()
                    group = self._turns.take()
                if not group:
                    return
                self._transact(tx, [w for w in group if w.answer.set_running_or_notify_cancel()])

    def _transact(self, tx: Transaction, group: list[_Write]) -> None:
        """One transaction for all of the group; an error of one rolls back that one."""
        if not group:
            return
        settled: list[tuple[_Write, Any, BaseException | None]] = []
        try:
            with tx.conn.begin():
                for write in group:
                    settled.append((write, *(self._alone if len(group) == 1 else self._among)(tx, write.fn)))
        except BaseException as error:  # noqa: BLE001 - it is the asker's, and the writer must outlive it
            if len(group) > 1:  # the whole was rolled back by one of them (a full disk, for one): the others may fit
                for write in group:
                    self._transact(tx, [write])
                return
            settled = [(group[0], None, error)]
        for write, value, failure in settled:
            if failure is None:
                write.answer.set_result(value)
            else:
                refusal = dialect.away(failure)
                if refusal:
                    refusal.__cause__ = failure
                write.answer.set_exception(refusal or failure)

    @staticmethod
    def _alone(tx: Transaction, fn: Callable[[Tx], Any]) -> tuple[Any, None]:
        value = fn(tx)
        _still_open(tx)
        return value, None

    @staticmethod
    def _among(tx: Transaction, fn: Callable[[Tx], Any]) -> tuple[Any, BaseException | None]:
        tx.raw.execute("savepoint one_of_many")
        try:
            value, failure = fn(tx), None
            _still_open(tx)
        except BaseException as error:
            if not tx.raw.in_transaction:
                raise
            tx.raw.execute("rollback to one_of_many")
            value, failure = None, error
        tx.raw.execute("release one_of_many")
        return value, failure


def _still_open(tx: Transaction) -> None:
    """SQLite itself rolls back on some errors; had the function swallowed one, what followed would stand outside."""
    if not tx.raw.in_transaction:
        raise StoreUnavailable("The database rolled the transaction back in the middle. Nothing was changed; send it again in a moment.")
