"""The store port: rows in transactions, on SQLite (one writer thread) or PostgreSQL (a pool).

A write is a plain function of the transaction: nothing but SQL happens while the lock is held. Functions of a module of
`backend.store` take the transaction first: `people.get(tx, space, person)`.
"""

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Tx(Protocol):
    """One open transaction. `conn` is SQLAlchemy's connection, `raw` the driver's own (sqlite3 or psycopg) for hot statements."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]: ...

    @property
    def conn(self) -> Connection: ...

    @property
    def raw(self) -> Any: ...


class Store(Protocol):
    """Errors: `StoreUnavailable` when the engine is away or the disk is full (nothing of the call is then written)."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]: ...

    async def start(self) -> None:
        """Open; take the writer's lock on SQLite (`SecondWriter` with pid and address of the holder)."""
        ...

    async def close(self) -> None: ...

    async def write(self, fn: Callable[[Tx], T], *, turn: str = "person", short: bool = False) -> T:
        """Run `fn` in one durable transaction and return its answer once committed; an exception rolls back.

        `turn` names who is asking ("person" for entrances, or a stage): on SQLite the writer serves the askers in turn,
        so that a busy stage never keeps a click waiting for more than one of its batches. On PostgreSQL `fn` may be
        run again after a serialization failure or deadlock: it must have no effect but its SQL.

        `short`: `fn` takes less than 10 ms, so that SQLite may run it on the loop's own thread, which is faster.
        """
        ...

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on a read-only snapshot, beside the writer."""
        ...

    async def reachable(self) -> None: ...
