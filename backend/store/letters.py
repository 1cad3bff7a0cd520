"""Dead letters: records that nobody could carry out, kept with their cause until a person decides."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.store.port import Tx
from backend.store.tables import dead, due
from backend.store.upsert import CHUNK


class Letter(msgspec.Struct, kw_only=True):
    """A row of `dead`."""

    space: int
    id: bytes
    at: float
    topic: str
    stage: str
    cause: str
    fingerprint: str
    detail: str
    value: bytes
    replayed: float | None
    dropped: float | None = None


class LetterGroup(msgspec.Struct):
    """Letters of one cause."""

    fingerprint: str
    cause: str
    stage: str
    topic: str
    count: int
    oldest: float
    newest: float


_STATES = {
    "open": and_(dead.c.replayed.is_(None), dead.c.dropped.is_(None)),
    "replayed": and_(dead.c.replayed.is_not(None), dead.c.dropped.is_(None)),
    "dropped": dead.c.dropped.is_not(None),
}


def insert(tx: Tx, **row: Any) -> None:
    """One row of `dead`; a repeat of the same record changes nothing."""
    make = sqlite.insert(dead) if tx.dialect == "sqlite" else postgresql.insert(dead)
    tx.conn.execute(make.values(**row).on_conflict_do_nothing())


def newest(tx: Tx, space: int, limit: int) -> list[dict[str, Any]]:
    """The newest letters of a space, without their content."""
    columns = [column for column in dead.c if column.name not in ("value", "detail")]
    rows = tx.conn.execute(select(*columns).where(dead.c.space == space).order_by(dead.c.at.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]


def page(
    tx: Tx, space: int, fingerprint: str | None, before: tuple[float, bytes] | None, limit: int, state: str = ""
) -> list[Letter]:
    """Letters of a space, newest first, from after (at, id) on; `state`: open, replayed or dropped, "" for any."""
    statement = select(dead).where(dead.c.space == space).order_by(dead.c.at.desc(), dead.c.id.desc()).limit(limit)
    if fingerprint:
        statement = statement.where(dead.c.fingerprint == fingerprint)
    if state:
        statement = statement.where(_STATES[state])
    if before:
        statement = statement.where(or_(dead.c.at < before[0], and_(dead.c.at == before[0], dead.c.id < before[1])))
    return [Letter(**row) for row in tx.conn.execute(statement).mappings()]


def find(tx: Tx, space: int, ids: Sequence[bytes] | None, fingerprint: str | None, limit: int) -> list[Letter]:
    """These letters, or those of one cause that wait for a person, oldest first."""
    statement = select(dead).where(dead.c.space == space).order_by(dead.c.at, dead.c.id).limit(limit)
    if ids is not None:
        statement = statement.where(dead.c.id.in_(list(ids)))
    else:
        statement = statement.where(dead.c.fingerprint == fingerprint, _STATES["open"])
    return [Letter(**row) for row in tx.conn.execute(statement).mappings()]


def groups(tx: Tx, space: int, state: str, limit: int) -> list[LetterGroup]:
    """Letters by cause, the largest group first."""
    c = dead.c
    n = func.count().label("n")
    columns = (c.fingerprint, func.max(c.cause), func.max(c.stage), func.max(c.topic), n, func.min(c.at), func.max(c.at))
    statement = select(*columns).where(c.space == space, _STATES[state]).group_by(c.fingerprint).order_by(n.desc(), c.fingerprint).limit(limit)
    return [LetterGroup(*row) for row in tx.conn.execute(statement)]


def counts(tx: Tx, space: int) -> dict[str, int]:
    """How many there are in each state."""
    return {
        state: int(tx.conn.execute(select(func.count()).select_from(dead).where(dead.c.space == space, condition)).scalar_one())
        for state, condition in _STATES.items()
    }


def oldest(tx: Tx, space: int) -> float | None:
    """When the oldest that waits came."""
    found = tx.conn.scalar(select(func.min(dead.c.at)).where(dead.c.space == space, _STATES["open"]))
    return None if found is None else float(found)


def going(tx: Tx, space: int) -> tuple[int, float | None]:
    """How many are on their way back at a rate, and when the last goes."""
    n, last = tx.conn.execute(select(func.count(), func.max(due.c.at)).where(due.c.space == space, due.c.kind == "replay")).one()
    return int(n), None if last is None else float(last)


def call_back(tx: Tx, space: int, after: float, limit: int) -> int:
    """Of those that go later than `after`: they wait for a person again, as if nobody had sent them; how many. What was never decided
    goes on, for the rows that counted it as failed are gone."""
    where = (due.c.space == space, due.c.kind == "replay", due.c.at > after, dead.c.space == due.c.space, dead.c.id == due.c.id)
    ids = list(tx.conn.scalars(select(due.c.id).where(*where, dead.c.topic.not_like("events.%")).order_by(due.c.at).limit(limit)))
    for n in range(0, len(ids), CHUNK):
        some = ids[n : n + CHUNK]
        tx.conn.execute(delete(due).where(due.c.space == space, due.c.kind == "replay", due.c.id.in_(some)))
        tx.conn.execute(update(dead).where(dead.c.space == space, dead.c.id.in_(some)).values(replayed=None))
    return len(ids)


def sent_since(tx: Tx, space: int, since: float) -> int:
    """How many were sent again since."""
    statement = select(func.count()).select_from(dead).where(dead.c.space == space, dead.c.replayed >= since)
    return int(tx.conn.execute(statement).scalar_one())


def drop(tx: Tx, space: int, ids: Sequence[bytes], now: float) -> None:
    """Mark letters as dropped: nobody wants them sent."""
    if ids:
        tx.conn.execute(update(dead).where(dead.c.space == space, dead.c.id.in_(list(ids))).values(dropped=now))


def replayed(tx: Tx, space: int, ids: Sequence[bytes], now: float) -> None:
    """Mark letters as sent again."""
    if ids:
        tx.conn.execute(update(dead).where(dead.c.space == space, dead.c.id.in_(list(ids))).values(replayed=now))
