"""Writes of the line on PostgreSQL. Contracts: `backend.store.hot`."""

from typing import Any

GONE = "42P01"


def forget(raw: Any) -> None:
    """Drop what is remembered of this connection."""
