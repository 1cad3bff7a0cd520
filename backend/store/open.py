"""Which store a URL names."""

from backend.clock import Clock
from backend.store import dialect
from backend.store.port import Store
from backend.store.postgres import PostgresStore
from backend.store.sqlite import SqliteStore


def open_store(url: str, clock: Clock, *, address: str = "") -> Store:
    """The store of `sqlite:///file` or `postgresql://...`, not started yet. `address`: where this process is reached,
    shown to a second writer of the same SQLite file. Raises `Invalid` for another URL."""
    if dialect.dialect_of(url) == "sqlite":
        return SqliteStore(dialect.sqlite_path(url), clock, address=address)
    return PostgresStore(url, clock)
