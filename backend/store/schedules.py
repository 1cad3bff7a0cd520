"""Rows of schedules and of their firings; `body` is JSON of domain.schedule.Schedule."""

import msgspec
from sqlalchemy import and_, delete, func, or_, select, update

from backend.store.port import Tx
from backend.store.tables import firings, schedules
from backend.store.upsert import insert_new, upsert


class ScheduleRow(msgspec.Struct, kw_only=True):
    """A row of `schedules`; `next`: when its next time begins (in the first zone), None while nothing is waited for."""

    space: int
    key: str
    name: str
    body: str
    paused: bool
    next: float | None
    revision: int
    changed: float
    changed_by: str = ""


class FiringRow(msgspec.Struct, kw_only=True):
    """A row of `firings`; `outcome`: fired, missed or refused, with `detail`."""

    space: int
    id: bytes
    schedule: str
    planned: float
    at: float
    outcome: str
    event: bytes
    detail: str = ""
    n: int = 1


def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> ScheduleRow | None:
    """The schedule, or None."""
    statement = select(schedules).where(schedules.c.space == space, schedules.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else ScheduleRow(**row)


def page(tx: Tx, space: int, after: str, limit: int) -> list[ScheduleRow]:
    """By key, behind `after`."""
    statement = select(schedules).where(schedules.c.space == space, schedules.c.key > after).order_by(schedules.c.key).limit(limit)
    return [ScheduleRow(**row) for row in tx.conn.execute(statement).mappings()]


def count(tx: Tx, space: int) -> int:
    """How many the space has."""
    return int(tx.conn.execute(select(func.count()).select_from(schedules).where(schedules.c.space == space)).scalar_one())


def put(tx: Tx, row: ScheduleRow) -> None:
    """Insert or overwrite."""
    upsert(tx, schedules, msgspec.structs.asdict(row))


def remove(tx: Tx, space: int, key: str) -> bool:
    """The schedule and what is kept of its firings; what it sent stays. False when it was not there."""
    tx.conn.execute(delete(firings).where(firings.c.space == space, firings.c.schedule == key))
    return tx.conn.execute(delete(schedules).where(schedules.c.space == space, schedules.c.key == key)).rowcount > 0


def come(tx: Tx, before: float, limit: int) -> list[ScheduleRow]:
    """Those whose time may have come, the longest waiting first."""
    statement = select(schedules).where(schedules.c.next <= before).order_by(schedules.c.next).limit(limit)
    return [ScheduleRow(**row) for row in tx.conn.execute(statement).mappings()]


def take(tx: Tx, row: ScheduleRow, following: float | None) -> bool:
    """Put the schedule forward to its next time. False when it is not any more as it was read, or somebody else has it in hand: then its
    firing is not this one's to make."""
    s = schedules.c
    mine = (s.space == row.space, s.key == row.key, s.revision == row.revision, s.next == row.next)
    if tx.conn.execute(select(s.key).where(*mine).with_for_update(skip_locked=True)).first() is None:
        return False
    tx.conn.execute(update(schedules).where(s.space == row.space, s.key == row.key).values(next=following))
    return True


def add_firing(tx: Tx, row: FiringRow) -> bool:
    """False when it is there already."""
    return insert_new(tx, firings, [msgspec.structs.asdict(row)]) == 1


def firings_of(tx: Tx, space: int, key: str, before: tuple[float, bytes] | None, limit: int) -> list[FiringRow]:
    """Newest first, from behind (planned, id) on."""
    f = firings.c
    statement = select(firings).where(f.space == space, f.schedule == key).order_by(f.planned.desc(), f.id.desc()).limit(limit)
    if before:
        statement = statement.where(or_(f.planned < before[0], and_(f.planned == before[0], f.id < before[1])))
    return [FiringRow(**row) for row in tx.conn.execute(statement).mappings()]


def last_firings(tx: Tx, space: int, keys: list[str]) -> dict[str, FiringRow]:
    """The newest of each schedule."""
    newest: dict[str, FiringRow] = {}
    for key in keys:
        for row in firings_of(tx, space, key, None, 1):
            newest[key] = row
    return newest
