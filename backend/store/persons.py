"""Rows of people for the facade: profile, addresses, consents. What the line reads of a person is `people.facts_of`."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, func, insert, select, update

from backend.store import summaries
from backend.store.port import Tx
from backend.store.tables import addresses, consents, people, suppressions
from backend.store.upsert import chunks, upsert


class PersonRow(msgspec.Struct, kw_only=True):
    """A row of `people`; `wishes` is JSON of domain.person.Wishes, `profile` sealed, times in seconds."""

    space: int
    person: int
    user_id: str
    bucket: int
    revision: int
    timezone: str
    locale: str
    profile: bytes
    wishes: str
    demo: bool
    created: float
    changed: float
    erased: float | None = None


class AddressRow(msgspec.Struct):
    """A row of `addresses` with the reason of a suppression in force, "" when there is none."""

    person: int
    channel: int
    hash: bytes
    sealed: bytes
    label: str
    created: float
    suppressed: str = ""


class ConsentRow(msgspec.Struct):
    """One recorded answer; the latest of a category counts."""

    category: str
    at: float
    given: bool
    source: str
    evidence: str


_COLUMNS = [people.c[name] for name in PersonRow.__struct_fields__]


def get(tx: Tx, space: int, person: int, *, lock: bool = False) -> PersonRow | None:
    """The row, erased ones included; `lock` keeps others from changing it until the transaction ends."""
    statement = select(*_COLUMNS).where(people.c.space == space, people.c.person == person)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else PersonRow(**row)


def put(tx: Tx, row: PersonRow) -> None:
    """Insert or overwrite. Whoever is here has a row that rules look at (`audience_people`)."""
    upsert(tx, people, msgspec.structs.asdict(row), keep=("created",))
    if row.erased is None:
        summaries.ensure(tx, row.space, row.person)


def bump(tx: Tx, space: int, persons: Sequence[int], now: float) -> None:
    """A new revision for each person: something their facts are made of has changed elsewhere."""
    for some in chunks(list(persons)):
        tx.conn.execute(
            update(people)
            .where(people.c.space == space, people.c.person.in_(some))
            .values(revision=people.c.revision + 1, changed=now)
        )


def known(tx: Tx, space: int, persons: Sequence[int]) -> dict[int, str]:
    """person -> user id, of those that exist and are not erased."""
    found: dict[int, str] = {}
    for some in chunks(list(persons)):
        rows = tx.conn.execute(
            select(people.c.person, people.c.user_id).where(
                people.c.space == space, people.c.person.in_(some), people.c.erased.is_(None)
            )
        )
        found.update((person, user_id) for person, user_id in rows)
    return found


def some(tx: Tx, space: int, user_ids: Sequence[str]) -> list[PersonRow]:
    """Those of a page of user ids who exist and are not erased."""
    statement = select(*_COLUMNS).where(people.c.space == space, people.c.user_id.in_(list(user_ids)), people.c.erased.is_(None))
    return [PersonRow(**row) for row in tx.conn.execute(statement).mappings()]


def search(tx: Tx, space: int, prefix: str, limit: int) -> list[PersonRow]:
    """People whose user id begins with `prefix`, by user id."""
    begins = (people.c.user_id >= prefix, people.c.user_id < prefix + "\U0010ffff")
    statement = select(*_COLUMNS).where(people.c.space == space, *begins, people.c.erased.is_(None))
    return [PersonRow(**row) for row in tx.conn.execute(statement.order_by(people.c.user_id).limit(limit)).mappings()]


def count(tx: Tx, space: int) -> int:
    """People who are not erased."""
    return int(tx.conn.execute(select(func.count()).select_from(people).where(people.c.space == space, people.c.erased.is_(None))).scalar_one())


def of_demo(tx: Tx, space: int) -> list[PersonRow]:
    """The people of the demo who are there."""
    statement = select(*_COLUMNS).where(people.c.space == space, people.c.demo.is_(True), people.c.erased.is_(None)).order_by(people.c.user_id)
    return [PersonRow(**row) for row in tx.conn.execute(statement).mappings()]


def remove_erased(tx: Tx, space: int, person: int) -> None:
    """Drop the tombstone of somebody who was erased, so that the user id may be used again."""
    tx.conn.execute(delete(people).where(people.c.space == space, people.c.person == person, people.c.erased.is_not(None)))


def addresses_of(tx: Tx, space: int, person: int, now: float) -> list[AddressRow]:
    """By channel, then by age."""
    rows = tx.conn.execute(
        select(addresses, suppressions.c.reason, suppressions.c.until)
        .outerjoin(
            suppressions,
            (suppressions.c.space == addresses.c.space)
            & (suppressions.c.channel == addresses.c.channel)
            & (suppressions.c.hash == addresses.c.hash),
        )
        .where(addresses.c.space == space, addresses.c.person == person)
        .order_by(addresses.c.channel, addresses.c.created, addresses.c.hash)
    ).mappings()
    return [
        AddressRow(
            r["person"], r["channel"], r["hash"], r["sealed"], r["label"], r["created"],
            r["reason"] if r["reason"] and (r["until"] is None or r["until"] > now) else "",
        )
        for r in rows
    ]


def put_address(tx: Tx, space: int, row: AddressRow) -> None:
    """Insert, or give the address that is there its new label and moment."""
    values = {"space": space, "person": row.person, "channel": row.channel, "hash": row.hash, "sealed": row.sealed, "label": row.label}
    upsert(tx, addresses, {**values, "created": row.created})
    summaries.set_reach(tx, space, row.person, row.channel)


def remove_address(tx: Tx, space: int, person: int, channel: int, hashed: bytes) -> bool:
    """False when it was not there."""
    key = (addresses.c.space == space, addresses.c.person == person, addresses.c.channel == channel, addresses.c.hash == hashed)
    if not tx.conn.execute(delete(addresses).where(*key)).rowcount:
        return False
    summaries.set_reach(tx, space, person, channel)
    return True


def remove_labelled(tx: Tx, space: int, person: int, channel: int, label: str) -> None:
    """Drop the addresses of one label, so that another can take the place."""
    key = (addresses.c.space == space, addresses.c.person == person, addresses.c.channel == channel, addresses.c.label == label)
    tx.conn.execute(delete(addresses).where(*key))
    summaries.set_reach(tx, space, person, channel)


def holders(tx: Tx, space: int, channel: int, hashed: bytes, limit: int | None = None) -> list[int]:
    """Persons who have this address."""
    rows = tx.conn.execute(
        select(addresses.c.person)
        .where(addresses.c.space == space, addresses.c.channel == channel, addresses.c.hash == hashed)
        .order_by(addresses.c.person)
        .limit(limit)
    )
    return [person for (person,) in rows]


def consents_of(tx: Tx, space: int, person: int) -> list[ConsentRow]:
    """The whole history, oldest first."""
    rows = tx.conn.execute(
        select(consents.c.category, consents.c.at, consents.c.given, consents.c.source, consents.c.evidence)
        .where(consents.c.space == space, consents.c.person == person)
        .order_by(consents.c.at, consents.c.category)
    )
    return [ConsentRow(category, at, bool(given), source, evidence) for category, at, given, source, evidence in rows]


def add_consent(tx: Tx, space: int, person: int, row: ConsentRow) -> None:
    """Append to the history; a moment that is taken is moved on by a millisecond, for the latest must be one."""
    last = tx.conn.execute(
        select(func.max(consents.c.at)).where(
            consents.c.space == space, consents.c.person == person, consents.c.category == row.category
        )
    ).scalar()
    at = row.at if last is None or row.at > last else last + 0.001
    values: dict[str, Any] = {**msgspec.structs.asdict(row), "at": at, "space": space, "person": person}
    tx.conn.execute(insert(consents), values)
    summaries.set_consent(tx, space, person, row.category, row.given)


def latest_consents(tx: Tx, space: int, person: int) -> dict[str, ConsentRow]:
    """category -> the answer that counts."""
    return {row.category: row for row in consents_of(tx, space, person)}
