"""Due rows that wait for a halt to end or a provider to be well again: how many there are, and letting them go, the oldest first.

That a scope is being let go is a row of `marks`, written with the end of the halt: it survives a crash, and whoever lets go removes it
when nothing is left. The index `due_parked` makes all of it cost what is taken, however much waits.
"""

import msgspec
from sqlalchemy import delete, func, select, text

from backend.domain.halting import PARKED
from backend.store import due_rows, marks, tables
from backend.store.port import Tx
from backend.store.tables import due
from backend.store.tables import marks as marks_table

MARK = "release "  # then the space, then the scope
CLAIMED = 31.0  # seconds into the future that a claimed row may stand at (`workers.due.LEASE`); what is parked asks later than that
SETTLED = 3.0  # seconds after which nobody parks anything under it any more
_IS_PARKED = text(tables.PARKED)  # as the index says it


class Release(msgspec.Struct):
    """One that is being let go: since when, and the last id that went. Without one: the last look, for who parked it before they knew."""

    space: int
    scope: str
    since: float
    last: bytes


def begin(tx: Tx, space: int, scope: str, now: float) -> None:
    """Let go whatever is parked under this scope."""
    marks.put(tx, f"{MARK}{space} {scope}", f"{now!r} {bytes(16).hex()}")


def stop(tx: Tx, space: int, scope: str) -> None:
    """No more: it is halted again, or nothing is left."""
    tx.conn.execute(delete(marks_table).where(marks_table.c.name == f"{MARK}{space} {scope}"))


def begun(tx: Tx) -> list[Release]:
    """What is being let go."""
    found = tx.conn.execute(select(marks_table).where(marks_table.c.name.like(f"{MARK}%")).order_by(marks_table.c.name))
    releases = []
    for name, value in found:
        space, _, scope = name.removeprefix(MARK).partition(" ")
        since, _, last = value.partition(" ")
        releases.append(Release(int(space), scope, float(since), bytes.fromhex(last)))
    return releases


def count(tx: Tx, space: int, scope: str) -> int:
    """How many deliveries are parked under this scope."""
    return int(tx.conn.scalar(select(func.count()).select_from(due).where(_IS_PARKED, due.c.space == space, due.c.kind == PARKED + scope)) or 0)


def let_go(tx: Tx, one: Release, now: float, limit: int) -> int:
    """The next ones are due now, in the order of acceptance (ids are made to sort by it); how many."""
    d = due.c
    here = (_IS_PARKED, d.space == one.space, d.kind == PARKED + one.scope)
    soon = now if one.last else now + CLAIMED  # the last look leaves alone what is claimed already
    ids = list(tx.conn.scalars(select(d.id).where(*here, d.id > (one.last or bytes(16)), d.at > soon).order_by(d.id).limit(limit)))
    due_rows.bring_forward(tx, one.space, [(made, PARKED + one.scope) for made in ids], now)
    if len(ids) == limit:
        last = ids[-1]
    elif one.last or now - one.since < SETTLED:
        last = b""
    else:
        stop(tx, one.space, one.scope)
        return len(ids)
    if last != one.last:
        marks.put(tx, f"{MARK}{one.space} {one.scope}", f"{one.since!r} {last.hex()}")
    return len(ids)
