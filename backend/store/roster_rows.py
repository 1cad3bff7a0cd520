"""Rows of people as a list, by user id, in bounded looks; and how much is kept of one person."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select

from backend.domain.delivery import State
from backend.store import persons
from backend.store.persons import PersonRow
from backend.store.port import Tx
from backend.store.tables import addresses, captures, consents, deliveries, inbox, memberships, notifications, people

EXAMINED = 20_000  # people of one step
STEPS = 5
SHOWN = 20  # holders of one address
TOMBSTONE = "erased "  # how the name of somebody erased begins; no user id holds a blank
TOP = "\U0010ffff"
WAITING = (State.PENDING, State.HELD, State.RETRYING)

_COLUMNS = [people.c[name] for name in PersonRow.__struct_fields__]


class Asked(msgspec.Struct, frozen=True):
    """Which people; `prefix` of the user id."""

    prefix: str = ""
    group: str | None = None
    locale: str | None = None
    timezone: str | None = None
    erased: bool = False


def holders(tx: Tx, space: int, hashes: Sequence[tuple[int, bytes]]) -> list[PersonRow]:
    """Those who have one of these addresses."""
    found: dict[int, PersonRow] = {}
    for channel, hashed in hashes:
        for person in persons.holders(tx, space, channel, hashed)[:SHOWN]:
            row = persons.get(tx, space, person)
            if row is not None and row.erased is None:
                found[person] = row
    return list(found.values())[:SHOWN]


def page(tx: Tx, space: int, asked: Asked, after: str, limit: int) -> tuple[list[PersonRow], str | None]:
    """People behind the user id `after`, and where the next look goes on."""
    p = people.c
    found: list[str] = []
    for _ in range(STEPS):
        here: list[ColumnElement[bool]] = [p.space == space, *_prefixed(tx, TOMBSTONE if asked.erased else asked.prefix)]
        if after:
            here.append(p.user_id > after)
        step = select(p.user_id, p.person, p.locale, p.timezone, p.erased).where(*here).order_by(p.user_id).limit(EXAMINED).subquery().c
        wanted = limit + 1 - len(found)
        found += tx.conn.scalars(select(step.user_id).where(*_filters(space, asked, step)).order_by(step.user_id).limit(wanted))
        if len(found) > limit:
            return _rows(tx, space, found[:limit]), found[limit - 1]
        bottom = tx.conn.scalar(select(p.user_id).where(*here).order_by(p.user_id).offset(EXAMINED - 1).limit(1))
        if bottom is None:
            return _rows(tx, space, found), None
        after = bottom
    return _rows(tx, space, found), after


def groups_of(tx: Tx, space: int, some: Sequence[int]) -> dict[int, int]:
    """person -> in how many groups."""
    m = memberships.c
    counted = select(m.person, func.count()).where(m.space == space, m.person.in_(list(some))).group_by(m.person)
    return {person: int(n) for person, n in tx.conn.execute(counted)}


def holdings(tx: Tx, space: int, person: int) -> dict[str, int]:
    """What is kept of a person, by kind."""

    def n(table: Any, *where: ColumnElement[bool]) -> int:
        return int(tx.conn.scalar(select(func.count()).where(table.c.space == space, table.c.person == person, *where)) or 0)

    kinds = {
        "addresses": addresses, "groups": memberships, "consents": consents, "inbox": inbox, "notifications": notifications, "deliveries": deliveries,
        "captures": captures,
    }  # fmt: skip
    return {name: n(table) for name, table in kinds.items()} | {"waiting": n(deliveries, deliveries.c.state.in_(WAITING))}


def _prefixed(tx: Tx, prefix: str) -> list[ColumnElement[bool]]:
    if not prefix:
        return []
    if tx.dialect == "sqlite":  # a range uses the index; PostgreSQL's collation does not order bytes
        return [people.c.user_id >= prefix, people.c.user_id < prefix + TOP]
    return [people.c.user_id.startswith(prefix, autoescape=True)]


def _filters(space: int, asked: Asked, c: Any) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [c.erased.is_not(None) if asked.erased else c.erased.is_(None)]
    if asked.locale:
        where.append((c.locale == asked.locale) | c.locale.startswith(f"{asked.locale}-", autoescape=True))
    if asked.timezone:
        where.append(c.timezone == asked.timezone)
    if asked.group:
        m = memberships.c
        where.append(c.person.in_(select(m.person).where(m.space == space, m.group_key == asked.group)))
    return where


def _rows(tx: Tx, space: int, users: Sequence[str]) -> list[PersonRow]:
    found = tx.conn.execute(select(*_COLUMNS).where(people.c.space == space, people.c.user_id.in_(list(users)))).mappings()
    by_user = {row["user_id"]: PersonRow(**row) for row in found}
    return [by_user[user] for user in users if user in by_user]
