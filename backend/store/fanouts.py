"""Snapshots of fan-outs: who a fan-out is for, taken once in one statement, so that it stays the same while it is walked."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, insert, literal, select

from backend.store.port import Tx
from backend.store.tables import events, memberships, people, snapshots
from backend.store.upsert import CHUNK, insert_new


def taken(tx: Tx, space: int, event: bytes) -> bool:
    """Whether the fan-out has its snapshot: its events row is written with it. One of a duplicate has the row and nobody in it."""
    return tx.conn.execute(select(events.c.id).where(events.c.id == event, events.c.space == space)).first() is not None


def take(tx: Tx, space: int, event: bytes, group: str) -> int:
    """Keep the group's members as they are now; how many there are."""
    m = memberships.c
    members = select(literal(event, snapshots.c.event.type), m.person, m.space).where(m.space == space, m.group_key == group)
    tx.conn.execute(insert(snapshots).from_select(["event", "person", "space"], members))
    return size(tx, space, event)


def take_audience(tx: Tx, space: int, event: bytes, asked: Select[tuple[int]]) -> int:
    """Keep whom the statement names (`audience_people.whom`); how many there are."""
    whose = asked.subquery().c
    tx.conn.execute(insert(snapshots).from_select(["event", "person", "space"], select(literal(event, snapshots.c.event.type), whose.person, literal(space))))
    return size(tx, space, event)


def take_zones(tx: Tx, space: int, event: bytes, group: str, zones: Sequence[str]) -> int:
    """Keep those of the group's members who live in these zones; how many there are."""
    m, p = memberships.c, people.c
    whose = (m.space == space, m.group_key == group, p.space == m.space, p.person == m.person)
    for n in range(0, len(zones), CHUNK):
        members = select(literal(event, snapshots.c.event.type), m.person, m.space).where(*whose, p.timezone.in_(zones[n : n + CHUNK]))
        tx.conn.execute(insert(snapshots).from_select(["event", "person", "space"], members))
    return size(tx, space, event)


def zones_of(tx: Tx, space: int, group: str) -> list[str]:
    """The zones that the group's members live in, as these were typed."""
    m, p = memberships.c, people.c
    whose = (m.space == space, m.group_key == group, p.space == m.space, p.person == m.person)
    return list(tx.conn.execute(select(p.timezone).where(*whose).distinct().order_by(p.timezone)).scalars())


def living(tx: Tx, space: int, group: str, zones: Sequence[str]) -> int:
    """How many of the group's members live in these zones."""
    m, p = memberships.c, people.c
    whose = (m.space == space, m.group_key == group, p.space == m.space, p.person == m.person)
    pieces = [zones[n : n + CHUNK] for n in range(0, len(zones), CHUNK)]
    return sum(tx.conn.scalar(select(func.count()).select_from(memberships, people).where(*whose, p.timezone.in_(some))) or 0 for some in pieces)


def size(tx: Tx, space: int, event: bytes) -> int:
    """How many persons the snapshot names."""
    counted = select(func.count()).select_from(snapshots).where(snapshots.c.event == event, snapshots.c.space == space)
    return int(tx.conn.execute(counted).scalar_one())


def walk(tx: Tx, space: int, event: bytes, cursor: int, limit: int) -> list[int]:
    """The next persons behind `cursor`, by person."""
    s = snapshots.c
    rows = tx.conn.execute(
        select(s.person).where(s.event == event, s.space == space, s.person > cursor).order_by(s.person).limit(limit)
    )
    return list(rows.scalars())


def put_event(tx: Tx, values: dict[str, Any]) -> None:
    """The events row of a fan-out; one that stands stays."""
    insert_new(tx, events, [values])
