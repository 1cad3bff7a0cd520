"""Snapshots of fan-outs: who a fan-out is for, taken once in one statement, so that it stays the same while it is walked."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, insert, literal, select

from backend.domain.audience import Audience, InAudience
from backend.store import audience_people
from backend.store.port import Tx
from backend.store.tables import events, memberships, people, snapshots
from backend.store.upsert import CHUNK, insert_new


def taken(tx: Tx, space: int, event: bytes) -> bool:
    """Whether the fan-out has its snapshot: its events row is written with it. One of a duplicate has the row and nobody in it."""
    return tx.conn.execute(select(events.c.id).where(events.c.id == event, events.c.space == space)).first() is not None


def named(tx: Tx, space: int, group: str, audience: str, now: float) -> Select[tuple[int]]:
    """Who is in the group, or named by the audience, now. Raises `UnknownAudience`, `Invalid`."""
    if audience:
        return audience_people.whom(tx, space, Audience(InAudience(audience)), now)
    m = memberships.c
    return select(m.person).where(m.space == space, m.group_key == group)


def take(tx: Tx, space: int, event: bytes, whom: Select[tuple[int]]) -> int:
    """Keep whom the statement names, as they are now; how many there are."""
    _keep(tx, space, event, whom)
    return size(tx, space, event)


def take_zones(tx: Tx, space: int, event: bytes, whom: Select[tuple[int]], zones: Sequence[str]) -> int:
    """Keep those of them who live in these zones; how many there are."""
    for some in _pieces(zones):
        _keep(tx, space, event, _in_zones(space, whom, some))
    return size(tx, space, event)


def zones_of(tx: Tx, space: int, whom: Select[tuple[int]]) -> list[str]:
    """The zones that they live in, as these were typed."""
    p = people.c
    return list(tx.conn.scalars(select(p.timezone).where(p.space == space, p.person.in_(whom)).distinct().order_by(p.timezone)))


def living(tx: Tx, space: int, whom: Select[tuple[int]], zones: Sequence[str] | None = None) -> int:
    """How many of them live in these zones, or at all."""
    if zones is None:
        return int(tx.conn.scalar(select(func.count()).select_from(whom.subquery())) or 0)
    return sum(tx.conn.scalar(select(func.count()).select_from(_in_zones(space, whom, some).subquery())) or 0 for some in _pieces(zones))


def _in_zones(space: int, whom: Select[tuple[int]], zones: Sequence[str]) -> Select[tuple[int]]:
    p = people.c
    return select(p.person).where(p.space == space, p.person.in_(whom), p.timezone.in_(list(zones)))


def _keep(tx: Tx, space: int, event: bytes, whom: Select[tuple[int]]) -> None:
    n = whom.subquery().c
    rows = select(literal(event, snapshots.c.event.type), n[0], literal(space, snapshots.c.space.type))
    tx.conn.execute(insert(snapshots).from_select(["event", "person", "space"], rows))


def _pieces(zones: Sequence[str]) -> list[Sequence[str]]:
    return [zones[n : n + CHUNK] for n in range(0, len(zones), CHUNK)]


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
