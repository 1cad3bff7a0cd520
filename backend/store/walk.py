"""Lists of millions, newest first, with filters no index has: a look is bounded, and says where the next one goes on.

An index on what moves (a delivery's state) would cost every move; so the newest rows are looked at in steps of `EXAMINED`, and a page
may come back short, or empty, with a cursor. What narrows by itself (a person, an event, a time) is asked of its index first.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from backend.store.port import Tx

EXAMINED = 50_000  # rows of one step
STEPS = 4  # of one page

Within = Callable[[Any], list[ColumnElement[bool]]]
Filters = Callable[[Any, Within], list[ColumnElement[bool]]]


def id_at(seconds: float) -> bytes:
    """The smallest id born at this moment."""
    return min(max(0, int(seconds * 1000)), (1 << 48) - 1).to_bytes(6, "big") + bytes(10)


def newest(
    tx: Tx, table: Table, where: Sequence[ColumnElement[bool]], filters: Filters | None, before: bytes | None, limit: int, *, needs: Sequence[str] = ()
) -> tuple[list[bytes], bytes | None]:
    """Ids of rows that fit, newest first, behind `before`: (at most `limit`, where the next look goes on or None at the end).

    `where` is what an index answers, `filters(columns, within)` makes conditions of the columns `needs`, which are looked at row by row.
    `within(column)` says of another table's column which ids this step is about: without it PostgreSQL looks at all its days.
    """
    made = table.c.id
    found: list[bytes] = []
    for _ in range(STEPS):
        here = [*where, *([made < before] if before is not None else [])]
        wanted = limit + 1 - len(found)
        if filters is None:
            found += tx.conn.scalars(select(made).where(*here).order_by(made.desc()).limit(wanted))
            bottom = None
        else:
            bottom = tx.conn.scalar(select(made).where(*here).order_by(made.desc()).offset(EXAMINED - 1).limit(1))
            within = partial(_within, bottom, before)
            rows = select(made, *(table.c[name] for name in needs)).where(*where, *within(made)).order_by(made.desc())
            step = rows.limit(EXAMINED).subquery().c
            found += tx.conn.scalars(select(step.id).where(*filters(step, within)).order_by(step.id.desc()).limit(wanted))
        if len(found) > limit:
            return found[:limit], found[limit - 1]
        if bottom is None:
            return found, None
        before = bottom
    return found, before


def _within(bottom: bytes | None, before: bytes | None, column: Any) -> list[ColumnElement[bool]]:
    return [*([column >= bottom] if bottom is not None else []), *([column < before] if before is not None else [])]
