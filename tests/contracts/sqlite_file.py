"""A real SQLite file with one writer thread and one reader thread: the least that the embedded log can stand on.

The log's own tests use it, so that they prove the log and not the store; the line tests run the log on the store itself.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")


class Tx(NamedTuple):
    """An open transaction."""

    raw: sqlite3.Connection


class PlainSqliteFile:
    """`SqliteFile` of backend/log/embedded.py: WAL, synchronous FULL, BEGIN IMMEDIATE in one thread, reads in another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(1, "writer")
        self._reader = ThreadPoolExecutor(1, "reader")
        self._writes = self._writer.submit(self._connect, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL").result()
        self._reads = self._reader.submit(self._connect, "PRAGMA query_only = ON").result()

    def _connect(self, *pragmas: str) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        for pragma in pragmas:
            connection.execute(pragma)
        return connection

    async def write(self, fn: Callable[[Any], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._in_transaction, self._writes, "IMMEDIATE", fn)

    async def read(self, fn: Callable[[Any], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._in_transaction, self._reads, "DEFERRED", fn)

    def _in_transaction(self, connection: sqlite3.Connection, kind: str, fn: Callable[[Any], Result]) -> Result:
        connection.execute(f"BEGIN {kind}")
        try:
            result = fn(Tx(connection))
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        return result

    def close(self) -> None:
        for thread, connection in ((self._reader, self._reads), (self._writer, self._writes)):
            thread.submit(connection.close).result()
            thread.shutdown()
