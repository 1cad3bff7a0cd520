"""People, many at once, for imports: who of a chunk is here already, and what is made of them. On either engine; a person is looked up by the whole key.

The statements are the driver's own: building the parameters of five hundred rows costs SQLAlchemy more than the rows cost the engine.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from backend.store import summaries
from backend.store.persons import PersonRow
from backend.store.port import Tx
from backend.store.upsert import insert_many, run_many

_COLUMNS = PersonRow.__struct_fields__
_PEOPLE = dict.fromkeys(_COLUMNS, "text") | {
    "space": "int2", "person": "int8", "bucket": "int2", "revision": "int4", "profile": "bytea", "demo": "bool", "created": "float8", "changed": "float8", "erased": "float8",
}  # fmt: skip
_ADDRESSES = {"space": "int2", "person": "int8", "channel": "int2", "hash": "bytea", "sealed": "bytea", "label": "text", "created": "float8"}
_MEMBERS = {"space": "int2", "group_key": "text", "person": "int8", "created": "float8"}
_CONSENTS = {"space": "int2", "person": "int8", "category": "text", "at": "float8", "given": "bool", "source": "text", "evidence": "text"}
_LISTED = {"space": "int2", "audience": "text", "person": "int8", "created": "float8"}
_CHANGE = "update people set profile = ?, timezone = ?, locale = ?, revision = ?, changed = ? where space = ? and person = ?"
_GONE = "delete from addresses where space = ? and person = ? and channel = ? and hash = ?"
_BUMP = "update people set revision = revision + 1, changed = ? where space = ? and person = ?"


class There(msgspec.Struct):
    """Who is here already: `first` are the hashes of the first address of each channel, `since` when that came, `groups` the keys."""

    row: PersonRow
    first: dict[int, bytes] = {}
    since: dict[int, float] = {}
    groups: set[str] = set()


class Held(msgspec.Struct):
    """An address that somebody gets."""

    person: int
    channel: int
    hash: bytes
    sealed: bytes


def each(tx: Tx, table: str, columns: str, space: int, persons: Sequence[int], *, lock: bool = False) -> list[Any]:
    """Rows of `table` of these persons; each is looked for by itself, for PostgreSQL would walk the space for five hundred at once. Needs an index on (space, person)."""
    wanted = sorted(set(persons))
    if tx.dialect == "sqlite":
        text = f"select {columns} from json_each(?) t cross join {table} x on x.space = ? and x.person = t.value"
        return list(tx.raw.execute(text, (msgspec.json.encode(wanted).decode(), space)).fetchall())
    mine = f"select * from {table} where space = %s and person = t.p offset 0{' for update' if lock else ''}"
    text = f"select {columns} from unnest(%s::int8[]) as t(p) cross join lateral ({mine}) x"
    return list(tx.raw.execute(text, (wanted, space)).fetchall())


def there(tx: Tx, space: int, persons: Sequence[int], *, lock: bool = False) -> dict[int, There]:
    """Those who have a row, erased ones too. `lock` keeps others from changing them."""
    found: dict[int, There] = {}
    for values in each(tx, "people", ", ".join(f"x.{name}" for name in _COLUMNS), space, persons, lock=lock):
        row = PersonRow(**dict(zip(_COLUMNS, values, strict=True)))
        row.demo, row.profile = bool(row.demo), bytes(row.profile)
        found[row.person] = There(row)
    here = list(found)
    if not here:
        return found
    for person, channel, hashed, created in sorted(each(tx, "addresses", "x.person, x.channel, x.hash, x.created", space, here), key=lambda one: (one[3], bytes(one[2]))):
        found[person].first.setdefault(channel, bytes(hashed))
        found[person].since.setdefault(channel, created)
    for person, key in each(tx, "memberships", "x.person, x.group_key", space, here):
        found[person].groups.add(key)
    return found


def make(tx: Tx, rows: Sequence[PersonRow]) -> None:
    """People who were not here. One who came in the meantime is an error of the engine: it is tried again."""
    insert_many(tx, "people", _PEOPLE, [msgspec.structs.astuple(row) for row in rows])


def change(tx: Tx, space: int, rows: Sequence[PersonRow]) -> None:
    """Profile, zone, language and revision of people who are here, and locked."""
    run_many(tx, _CHANGE, [(row.profile, row.timezone, row.locale, row.revision, row.changed, space, row.person) for row in rows])


def hold(tx: Tx, space: int, held: Sequence[Held], now: float) -> None:
    """Addresses of people who had none on that channel."""
    insert_many(tx, "addresses", _ADDRESSES, [(space, one.person, one.channel, one.hash, one.sealed, "", now) for one in held])


def replace(tx: Tx, space: int, changed: Sequence[tuple[Held, bytes, float]]) -> None:
    """Let each address stand where the first one of its channel stood (its hash, since when), also where it stood further down before."""
    run_many(tx, _GONE, [(space, one.person, one.channel, hashed) for one, old, _ in changed for hashed in (old, one.hash)])
    insert_many(tx, "addresses", _ADDRESSES, [(space, one.person, one.channel, one.hash, one.sealed, "", since) for one, _, since in changed])


def reach(tx: Tx, space: int, persons: Sequence[int]) -> None:
    """Note on which channels they have addresses now."""
    each(tx, "summaries", "x.person", space, persons, lock=True)  # who takes another address of theirs away is waited for, and seen
    summaries.fill_reach(tx, space, persons)


def join(tx: Tx, space: int, members: Sequence[tuple[str, int]], now: float) -> None:
    """(group, person); who is in it already stays."""
    insert_many(tx, "memberships", _MEMBERS, [(space, key, person, now) for key, person in members], "on conflict do nothing")


def enlist(tx: Tx, space: int, audience: str, persons: Sequence[int], now: float) -> None:
    """Put them on a list; who is on it already stays."""
    insert_many(tx, "listed", _LISTED, [(space, audience, person, now) for person in persons], "on conflict do nothing")


def answers(tx: Tx, space: int, persons: Sequence[int], category: str) -> dict[int, bool]:
    """The latest answer of each to a category, of those who gave one."""
    said = [(at, person, given) for person, of, at, given in each(tx, "consents", "x.person, x.category, x.at, x.given", space, persons) if of == category]
    return {person: bool(given) for _, person, given in sorted(said)}


def agree(tx: Tx, space: int, persons: Sequence[int], category: str, at: float, source: str, evidence: str) -> None:
    """Note that these, who have said nothing yet, agreed."""
    insert_many(tx, "consents", _CONSENTS, [(space, person, category, at, True, source, evidence) for person in persons])


def agreed(tx: Tx, space: int, persons: Sequence[int], category: str, at: float) -> None:
    """What follows from it for people who were here before: rules see it, and a new revision, for their facts have changed."""
    summaries.set_consents(tx, space, [(person, category, True) for person in persons])
    run_many(tx, _BUMP, [(at, space, person) for person in persons])
