"""The store on one SQLite file: one writing connection with a fair turn for everyone, readers beside it.

Who writes next is settled on the loop. Writes of people and long ones run in the writer's thread. A short one of a stage
runs on the loop itself and only its commit, which waits for the disk, in the thread: the driver gives up the interpreter's
lock at every step of a statement, and a thread gets it back from a busy loop only after a switch interval.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Engine, text

from backend.clock import Clock
from backend.domain.errors import StoreUnavailable
from backend.store import dialect, partitions
from backend.store.dialect import BUSY_MS, Transaction
from backend.store.lock import WriterLock
from backend.store.port import Tx
from backend.store.turns import PERSON, Turns

T = TypeVar("T")
READERS = 4  # threads; each holds one connection while it reads


@dataclass(frozen=True, slots=True)
class _Write:
    fn: Callable[[Tx], Any]
    answer: asyncio.Future[Any]
    short: bool


Settled = list[tuple[_Write, Any, BaseException | None]]


class SqliteStore:
    """`backend.store.port.Store` on a file. Writes of people that wait together share a transaction, each in a savepoint.

    A write that was cancelled before its turn is not run; one that runs already is finished. `fn` may be run a second time
    when the engine rolled back a shared transaction as a whole. All calls come from the loop that started it.
    """

    dialect: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, clock: Clock, *, address: str = "") -> None:
        self._path, self._clock = path, clock
        self._lock = WriterLock(path, address)
        self._turns: Turns[_Write] = Turns()
        self._open = False
        self._running: asyncio.Future[None] | None = None  # the transaction in hand
        self._patient = True  # BEGIN waits for a foreign process that holds the lock
        self._tx: Transaction | None = None
        self._writer: ThreadPoolExecutor | None = None
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
        self._tx, self._patient = Transaction("sqlite", conn, dialect.driver_of(conn)), True
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-write")
        self._open = True

    async def close(self) -> None:
        self._open = False
        while self._running:  # what waits is still written
            await asyncio.wait([self._running])
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for pool in (self._writer, self._readers):
            if pool:
                pool.shutdown()
        if self._tx:
            self._tx.conn.close()
        for engine in (self._write_engine, self._read_engine):
            if engine:
                engine.dispose()
        self._tx = self._writer = self._readers = self._write_engine = self._read_engine = None
        self._lock.free()

    async def write(self, fn: Callable[[Tx], T], *, turn: str = PERSON, short: bool = False) -> T:
        if not self._open:
            raise StoreUnavailable("The store is closed. Nothing was changed.")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._turns.put(turn, _Write(fn, answer, short))
        if not self._running:
            self._next()
        return await answer

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

    # ---- turns, on the loop
    def _next(self) -> None:
        """Begin the next transaction; `_landed` comes back here."""
        self._running = None
        while taken := self._turns.take():
            group = [write for write in taken if not write.answer.cancelled()]
            if group:
                self._running = asyncio.get_running_loop().create_future()
                if not (len(group) == 1 and group[0].short and self._here(group[0])):
                    self._in_thread(self._transact, group)
                return

    def _in_thread(self, step: Callable[..., Settled], *args: Any) -> None:
        assert self._writer is not None
        loop = asyncio.get_running_loop()

        def landed(done: Future[Settled]) -> None:
            loop.call_soon_threadsafe(self._landed, done.result())

        self._writer.submit(step, *args).add_done_callback(landed)

    def _landed(self, settled: Settled) -> None:
        for write, value, failure in settled:
            if write.answer.done():  # nobody waits for it any more
                continue
            if failure is None:
                write.answer.set_result(value)
                continue
            refusal = dialect.away(failure)
            if refusal:
                refusal.__cause__ = failure
            write.answer.set_exception(refusal or failure)
        running = self._running
        self._next()
        if running:
            running.set_result(None)

    def _here(self, write: _Write) -> bool:
        """Run it on the loop and send its commit to the thread. False when it cannot begin now: waiting and errors are for the thread."""
        assert self._tx is not None
        try:
            self._be_patient(False)
            self._tx.raw.execute(dialect.BEGIN)
        except Exception:  # noqa: BLE001 - the thread meets it again, and tells the asker
            return False
        try:
            value, _ = self._alone(self._tx, write.fn)
        except BaseException as error:  # noqa: BLE001 - it is the asker's
            self._undo()
            failed: Settled = [(write, None, error)]
            asyncio.get_running_loop().call_soon(self._landed, failed)
        else:
            self._in_thread(self._commit, write, value)
        return True

    def _be_patient(self, patient: bool) -> None:
        if patient is not self._patient:
            assert self._tx is not None
            self._tx.raw.execute(f"pragma busy_timeout = {BUSY_MS if patient else 0}")
            self._patient = patient

    def _undo(self) -> None:
        """Roll back what `_here` began, whoever came by SQLAlchemy too."""
        assert self._tx is not None
        with contextlib.suppress(Exception):
            self._tx.conn.rollback()
        with contextlib.suppress(Exception):
            self._tx.raw.rollback()

    # ---- in the writer's thread
    def _commit(self, write: _Write, value: Any) -> Settled:
        tx = self._tx
        assert tx is not None
        try:
            (tx.conn if tx.conn.in_transaction() else tx.raw).commit()
        except BaseException as error:  # noqa: BLE001 - it is the asker's, and the writer must outlive it
            self._undo()
            return [(write, None, error)]
        return [(write, value, None)]

    def _transact(self, group: list[_Write]) -> Settled:
        """One transaction for all of the group; an error of one rolls back that one."""
        tx, settled = self._tx, Settled()
        assert tx is not None
        try:
            self._be_patient(True)
            with tx.conn.begin():
                for write in group:
                    settled.append((write, *(self._alone if len(group) == 1 else self._among)(tx, write.fn)))
        except BaseException as error:  # noqa: BLE001 - it is the asker's, and the writer must outlive it
            if len(group) > 1:  # the whole was rolled back by one of them (a full disk, for one): the others may fit
                return [one for write in group for one in self._transact([write])]
            return [(group[0], None, error)]
        return settled

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
