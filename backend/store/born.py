"""Rows of one event by the milliseconds of their ids, whatever other index begins with the space.

An id's range is a few rows; but an equality on `space` tempts SQLite, which knows nothing of how many spaces there are, to walk an
index that begins with it: all rows there are. A sum is no column, so no index answers it.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_

from backend.domain.ids import born_of


def span(made: bytes) -> tuple[bytes, bytes]:
    """The ids born in the same millisecond: [low, high)."""
    born = born_of(made)
    last = born + 1 >= 1 << 48  # nothing is born in the last millisecond there can be
    return born.to_bytes(6, "big") + bytes(10), b"\xff" * 16 if last else (born + 1).to_bytes(6, "big") + bytes(10)


def with_it(columns: Any, space: int, made: bytes) -> ColumnElement[bool]:
    """Rows of a table with `id` and `space` that were born with `made`."""
    low, high = span(made)
    return and_(columns.id >= low, columns.id < high, columns.space + 0 == space)
