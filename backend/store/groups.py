"""Rows of groups and their members. `wishes` is JSON of domain.person.Wishes."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, func, select

from backend.store.port import Tx
from backend.store.tables import groups, memberships, people
from backend.store.upsert import CHUNK, chunks, insert_new, upsert


class GroupRow(msgspec.Struct, kw_only=True):
    """A row of `groups`."""

    space: int
    key: str
    name: str
    wishes: str
    revision: int
    changed: float


def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> GroupRow | None:
    """The group, or None."""
    statement = select(groups).where(groups.c.space == space, groups.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else GroupRow(**row)


def put(tx: Tx, row: GroupRow) -> None:
    """Insert or overwrite."""
    upsert(tx, groups, msgspec.structs.asdict(row))


def every(tx: Tx, space: int) -> list[tuple[GroupRow, int]]:
    """All groups with the number of their members, by key."""
    counted = select(memberships.c.group_key, func.count()).where(memberships.c.space == space).group_by(memberships.c.group_key)
    sizes: dict[str, int] = {key: int(members) for key, members in tx.conn.execute(counted)}
    rows = tx.conn.execute(select(groups).where(groups.c.space == space).order_by(groups.c.key)).mappings()
    return [(GroupRow(**row), sizes.get(row["key"], 0)) for row in rows]


def remove(tx: Tx, space: int, key: str) -> None:
    """The group and its memberships."""
    tx.conn.execute(delete(memberships).where(memberships.c.space == space, memberships.c.group_key == key))
    tx.conn.execute(delete(groups).where(groups.c.space == space, groups.c.key == key))


def keys_of(tx: Tx, space: int, person: int) -> list[str]:
    """Groups of a person, by key."""
    rows = tx.conn.execute(
        select(memberships.c.group_key)
        .where(memberships.c.space == space, memberships.c.person == person)
        .order_by(memberships.c.group_key)
    )
    return [key for (key,) in rows]


def existing(tx: Tx, space: int, keys: Sequence[str]) -> set[str]:
    """Those of the keys that name a group."""
    rows = tx.conn.execute(select(groups.c.key).where(groups.c.space == space, groups.c.key.in_(list(keys))))
    return {key for (key,) in rows}


def size(tx: Tx, space: int, key: str) -> int:
    """Number of members."""
    statement = select(func.count()).select_from(memberships).where(memberships.c.space == space, memberships.c.group_key == key)
    return int(tx.conn.execute(statement).scalar_one())


def members(tx: Tx, space: int, key: str, after: int = -1, limit: int = CHUNK) -> list[int]:
    """Members behind `after`, by person: a page, or a chunk of many."""
    rows = tx.conn.execute(
        select(memberships.c.person)
        .where(memberships.c.space == space, memberships.c.group_key == key, memberships.c.person > after)
        .order_by(memberships.c.person)
        .limit(limit)
    )
    return [person for (person,) in rows]


def all_members(tx: Tx, space: int, key: str) -> list[int]:
    """Every member, by person."""
    rows = tx.conn.execute(
        select(memberships.c.person)
        .where(memberships.c.space == space, memberships.c.group_key == key)
        .order_by(memberships.c.person)
    )
    return [person for (person,) in rows]


def bump_members(tx: Tx, space: int, key: str, now: float) -> None:
    """A new revision for every member in one statement: the group's wishes are part of their facts."""
    mine = select(memberships.c.person).where(memberships.c.space == space, memberships.c.group_key == key)
    tx.conn.execute(
        people.update()
        .where(people.c.space == space, people.c.person.in_(mine))
        .values(revision=people.c.revision + 1, changed=now)
    )


def add(tx: Tx, space: int, key: str, persons: Sequence[int], now: float) -> None:
    """Who is in already stays."""
    insert_new(tx, memberships, [{"space": space, "group_key": key, "person": person, "created": now} for person in persons])


def drop(tx: Tx, space: int, key: str, persons: Sequence[int]) -> None:
    """Who is not in stays out."""
    for some in chunks(list(persons)):
        tx.conn.execute(
            delete(memberships).where(
                memberships.c.space == space, memberships.c.group_key == key, memberships.c.person.in_(some)
            )
        )


def leave_all(tx: Tx, space: int, person: int) -> None:
    """Take a person out of every group."""
    tx.conn.execute(delete(memberships).where(memberships.c.space == space, memberships.c.person == person))
