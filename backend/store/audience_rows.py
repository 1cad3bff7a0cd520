"""Rows of audiences, of their versions and of who is on a list; `body` is JSON of domain.audience.Audience."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Select, delete, func, insert, literal, or_, select, update
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from backend.domain.delivery import CHANNEL_NAME
from backend.store.port import Tx
from backend.store.tables import addresses, audience_versions, audiences, campaigns, listed, summaries, suppressions
from backend.store.upsert import chunks, insert_new, upsert

Columns: TypeAlias = ReadOnlyColumnCollection[str, ColumnElement[Any]]


class AudienceRow(msgspec.Struct, kw_only=True):
    """A row of `audiences`; `size` when it was last counted, at `counted`."""

    space: int
    key: str
    name: str
    kind: str
    body: str
    version: int
    size: int | None = None
    counted: float | None = None
    revision: int
    changed: float
    changed_by: str = ""


class VersionRow(msgspec.Struct, kw_only=True):
    """A row of `audience_versions`."""

    space: int
    key: str
    version: int
    body: str
    at: float
    by: str = ""
    note: str = ""


def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> AudienceRow | None:
    """The audience, or None."""
    statement = select(audiences).where(audiences.c.space == space, audiences.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else AudienceRow(**row)


def existing(tx: Tx, space: int, keys: Sequence[str]) -> set[str]:
    """Those of the keys that name an audience."""
    rows = tx.conn.execute(select(audiences.c.key).where(audiences.c.space == space, audiences.c.key.in_(list(keys))))
    return {key for (key,) in rows}


def put(tx: Tx, row: AudienceRow) -> None:
    """Insert or overwrite."""
    upsert(tx, audiences, msgspec.structs.asdict(row))


def counted(tx: Tx, space: int, key: str, size: int, now: float) -> None:
    """How many it named at a moment."""
    tx.conn.execute(update(audiences).where(audiences.c.space == space, audiences.c.key == key).values(size=size, counted=now))


def page(tx: Tx, space: int, after: str, limit: int, text: str = "") -> list[AudienceRow]:
    """By key, behind `after`; those whose key or name contains the text."""
    a = audiences.c
    statement = select(audiences).where(a.space == space, a.key > after).order_by(a.key).limit(limit)
    if text:
        lower = text.lower()
        statement = statement.where(or_(func.lower(a.key).contains(lower, autoescape=True), func.lower(a.name).contains(lower, autoescape=True)))
    return [AudienceRow(**row) for row in tx.conn.execute(statement).mappings()]


def count(tx: Tx, space: int) -> int:
    """How many the space has."""
    return int(tx.conn.scalar(select(func.count()).select_from(audiences).where(audiences.c.space == space)) or 0)


def remove(tx: Tx, space: int, key: str) -> None:
    """With its versions and who is on it."""
    for table, column in ((listed, listed.c.audience), (audience_versions, audience_versions.c.key), (audiences, audiences.c.key)):
        tx.conn.execute(delete(table).where(table.c.space == space, column == key))


def add_version(tx: Tx, row: VersionRow) -> None:
    """What it is from now on."""
    tx.conn.execute(insert(audience_versions), msgspec.structs.asdict(row))


def versions(tx: Tx, space: int, key: str) -> list[VersionRow]:
    """The newest first."""
    v = audience_versions.c
    rows = tx.conn.execute(select(audience_versions).where(v.space == space, v.key == key).order_by(v.version.desc()).limit(200)).mappings()
    return [VersionRow(**row) for row in rows]


def bodies(tx: Tx, space: int) -> list[tuple[str, str]]:
    """(key, body) of all, and (campaign:key, body) of all campaigns: who names whom."""
    a, c = audiences.c, campaigns.c
    own = [(str(key), str(body)) for key, body in tx.conn.execute(select(a.key, a.body).where(a.space == space).order_by(a.key))]
    return own + [(f"campaign:{key}", str(body)) for key, body in tx.conn.execute(select(c.key, c.body).where(c.space == space).order_by(c.key))]


# ---- lists
def members(tx: Tx, space: int, key: str, after: int, limit: int) -> list[int]:
    """Who is on a list, by person, behind `after`."""
    li = listed.c
    rows = tx.conn.execute(select(li.person).where(li.space == space, li.audience == key, li.person > after).order_by(li.person).limit(limit))
    return [person for (person,) in rows]


def add(tx: Tx, space: int, key: str, persons: Sequence[int], now: float) -> int:
    """Who is on it already stays; how many are new."""
    return insert_new(tx, listed, [{"space": space, "audience": key, "person": person, "created": now} for person in persons])


def copy_list(tx: Tx, space: int, key: str, other: str, now: float) -> None:
    """Who is on a list is put on another, too, which has nobody yet."""
    li = listed.c
    some = select(literal(space), literal(other), li.person, literal(now)).where(li.space == space, li.audience == key)
    tx.conn.execute(insert(listed).from_select(["space", "audience", "person", "created"], some))


def drop(tx: Tx, space: int, key: str, persons: Sequence[int]) -> int:
    """Who is not on it stays out; how many went."""
    li = listed.c
    return sum(
        tx.conn.execute(delete(listed).where(li.space == space, li.audience == key, li.person.in_(some))).rowcount for some in chunks(list(persons))
    )


# ---- counting
def everybody(tx: Tx, space: int) -> int:
    """People who are here."""
    return int(tx.conn.scalar(select(func.count()).select_from(summaries).where(summaries.c.space == space)) or 0)


def size(tx: Tx, asked: Select[tuple[int]]) -> int:
    """How many persons."""
    return int(tx.conn.scalar(select(func.count()).select_from(asked.subquery())) or 0)


def reachable(tx: Tx, space: int, asked: Select[tuple[int]], now: float) -> tuple[int, dict[int, int]]:
    """How many they are, and channel -> how many of them have an address there that is not suppressed. One scan of `summaries`, and of what is suppressed."""
    bits = [func.count().filter(summaries.c.reach.op("&")(1 << channel) > 0) for channel in CHANNEL_NAME]
    n, *have = tx.conn.execute(asked.with_only_columns(func.count(), *bits, maintain_column_froms=True)).one()
    a, other = addresses.c, addresses.alias().c
    lives = select(other.hash).where(
        other.space == a.space, other.person == a.person, other.channel == a.channel, ~_suppressed(other, suppressions.alias().c, now),
    ).exists()  # fmt: skip
    s, whose = suppressions.c, asked.subquery().c
    lost = (
        select(a.channel, func.count(a.person.distinct()))
        .where(*_same(a, s, now), a.space == space, ~lives, a.person.in_(select(whose.person)))
        .group_by(a.channel)
    )
    less: dict[int, int] = {int(channel): int(people) for channel, people in tx.conn.execute(lost)}
    return int(n), {channel: int(people) - less.get(channel, 0) for channel, people in zip(CHANNEL_NAME, have, strict=True)}


def _same(a: Columns, s: Columns, now: float) -> tuple[ColumnElement[bool], ...]:
    return s.space == a.space, s.channel == a.channel, s.hash == a.hash, or_(s.until.is_(None), s.until > now)


def _suppressed(a: Columns, s: Columns, now: float) -> ColumnElement[bool]:
    return select(s.hash).where(*_same(a, s, now)).exists()


def some(tx: Tx, asked: Select[tuple[int]], limit: int) -> list[int]:
    """A few of them: in the order of our own numbers, which are made at random."""
    whose = asked.subquery().c
    return list(tx.conn.scalars(select(whose.person).order_by(whose.person).limit(limit)))
