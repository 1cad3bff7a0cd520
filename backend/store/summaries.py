"""Summaries: what rules look at of a person, one row each, kept by whatever changes a person; and the fields that were met."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, case, delete, func, literal, select, update

from backend.domain.fields import MOST, Kind, met, visible
from backend.store import marks
from backend.store.port import Tx
from backend.store.tables import addresses, fields, summaries
from backend.store.upsert import insert_many, insert_new, run_many

SUMMED = "done"  # of the mark of a space: everybody's attributes are written down
_s = summaries.c
_COLUMNS = {"space": "int2", "person": "int8", "attributes": "jsonb"}
_CONSENTS_SQLITE = "update summaries set consents = json_patch(consents, ?) where space = ? and person = ?"
_CONSENTS_POSTGRES = "update summaries set consents = consents || cast(? as jsonb) where space = ? and person = ?"
_REACH_SQLITE = """update summaries set reach = (select coalesce(sum(distinct 1 << a.channel), 0) from addresses a where a.space = summaries.space and a.person = summaries.person)
  where space = ? and person = ?"""
# of many at once: a statement for each person costs seven times as much. They are locked, in their order: this one takes rows in an order of its own
_REACH_POSTGRES = """update summaries s set reach = n.bits from (select p.person, (select coalesce(bit_or(1 << a.channel), 0) from addresses a
  where a.space = %s::int2 and a.person = p.person) as bits from unnest(%s::int8[]) as p(person) offset 0) n where s.space = %s::int2 and s.person = n.person"""


def mark_of(space: int) -> str:
    """The mark of the last person of a space whose attributes were written down."""
    return f"people.summed:{space}"


class FieldRow(msgspec.Struct, kw_only=True):
    """A row of `fields`."""

    name: str
    kind: Kind
    used: bool


class New(NamedTuple):
    """Somebody who was just made. `consents`: category -> their answer."""

    person: int
    attributes: Mapping[str, Any]
    channels: Collection[int]
    consents: Mapping[str, bool]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def fields_of(tx: Tx, space: int) -> list[FieldRow]:
    """Every field of the space, by name."""
    f = fields.c
    rows = tx.conn.execute(select(f.name, f.kind, f.used).where(f.space == space).order_by(f.name))
    return [FieldRow(name=name, kind=kind, used=bool(used)) for name, kind, used in rows]


def set_attributes(tx: Tx, space: int, of: Mapping[int, Mapping[str, Any]], now: float) -> None:
    """Keep the attributes of these persons as rules see them. A field met for the first time is listed, and used; what is beyond the most
    fields a space may have is not looked at."""
    used = _met(tx, space, of, now)
    kept = [(space, person, _json(visible(attributes, used))) for person, attributes in sorted(of.items())]
    insert_many(tx, "summaries", _COLUMNS, kept, "on conflict (space, person) do update set attributes = excluded.attributes")


def make(tx: Tx, space: int, new: Sequence[New], now: float) -> None:
    """Of people who were just made: everything at once. What is left of whoever had the user id before gives way, but for their answers."""
    used = _met(tx, space, {one.person: one.attributes for one in new}, now)
    rows = [(space, one.person, _json(visible(one.attributes, used)), sum({1 << channel for channel in one.channels}), _json(one.consents)) for one in sorted(new, key=lambda one: one.person)]
    merged = "json_patch(summaries.consents, excluded.consents)" if tx.dialect == "sqlite" else "summaries.consents || excluded.consents"
    then = f"on conflict (space, person) do update set attributes = excluded.attributes, reach = excluded.reach, consents = {merged}"
    insert_many(tx, "summaries", _COLUMNS | {"reach": "int4", "consents": "jsonb"}, rows, then)


def _met(tx: Tx, space: int, of: Mapping[int, Mapping[str, Any]], now: float) -> dict[str, bool]:
    """Lists the fields that are met for the first time; every field, and whether rules may look at it."""
    known = {row.name: row for row in fields_of(tx, space)}
    kinds = {name: kind for attributes in of.values() for name, kind in met(attributes).items()}
    new = [name for name in sorted(kinds) if name not in known][: max(0, MOST - len(known))]
    insert_new(tx, fields, [{"space": space, "name": name, "kind": kinds[name], "used": True, "changed": now} for name in new])
    wider = [name for name, kind in kinds.items() if name in known and known[name].kind == "date" and kind == "text"]
    for name in wider:  # it looked like dates until now
        tx.conn.execute(update(fields).where(fields.c.space == space, fields.c.name == name).values(kind="text"))
    return {row.name: row.used for row in known.values()} | dict.fromkeys(new, True)


def ensure(tx: Tx, space: int, person: int) -> None:
    """Everybody who is here has a row."""
    insert_new(tx, summaries, [{"space": space, "person": person}])


def set_reach(tx: Tx, space: int, person: int, channel: int) -> None:
    """Note whether there is an address on this channel now. It waits for whoever changes another one of this person, and looks afterwards."""
    mine = (_s.space == space, _s.person == person)
    tx.conn.execute(select(_s.person).where(*mine).with_for_update())
    a, bit = addresses.c, 1 << channel
    there = select(a.person).where(a.space == space, a.person == person, a.channel == channel).exists()
    reach = _s.reach.op("|")(bit)
    tx.conn.execute(update(summaries).where(*mine).values(reach=case((there, reach), else_=reach - bit)))


def fill_reach(tx: Tx, space: int, persons: Sequence[int]) -> None:
    """The same of people who are locked, or new, for every channel."""
    if tx.dialect == "sqlite":
        run_many(tx, _REACH_SQLITE, [(space, person) for person in persons])
    elif persons:
        tx.raw.execute(_REACH_POSTGRES, (space, sorted(persons), space))


def set_consent(tx: Tx, space: int, person: int, category: str, given: bool) -> None:
    """Keep the latest answer."""
    set_consents(tx, space, [(person, category, given)])


def set_consents(tx: Tx, space: int, answers: Iterable[tuple[int, str, bool]]) -> None:
    """Keep the latest answers: (person, category, given), oldest first."""
    said: dict[int, dict[str, bool]] = {}
    for person, category, given in answers:
        said.setdefault(person, {})[category] = given
    run_many(tx, _CONSENTS_SQLITE if tx.dialect == "sqlite" else _CONSENTS_POSTGRES, [(_json(given), space, person) for person, given in sorted(said.items())])


def use_field(tx: Tx, space: int, name: str, used: bool) -> bool:
    """Let rules look at a field, or seal it: then it leaves every summary. False when there is none. What was sealed comes back within seconds, for
    everybody's profile is read again (`backend.app.summing`)."""
    f = fields.c
    if not tx.conn.execute(update(fields).where(f.space == space, f.name == name).values(used=used)).rowcount:
        return False
    if not used:
        less: ColumnElement[Any] = (
            func.json_remove(_s.attributes, f'$."{name}"') if tx.dialect == "sqlite" else _s.attributes.op("-")(literal(name))
        )
        has = func.json_type(_s.attributes, f'$."{name}"').is_not(None) if tx.dialect == "sqlite" else _s.attributes.op("?")(literal(name))
        tx.conn.execute(update(summaries).where(_s.space == space, has).values(attributes=less))
    else:
        marks.put(tx, mark_of(space), "-1")
    return True


def common_values(tx: Tx, space: int, name: str, limit: int = 20, look: int = 5_000) -> list[str]:
    """Texts that are met often among some people, the most frequent first."""
    if tx.dialect == "sqlite":
        text: ColumnElement[Any] = func.json_extract(_s.attributes, f'$."{name}"')
    else:
        text = _s.attributes.op("->>")(literal(name))
    some = select(text.label("value")).where(_s.space == space).limit(look).subquery().c
    rows = tx.conn.execute(select(some.value, func.count()).where(some.value.is_not(None)).group_by(some.value).order_by(func.count().desc(), some.value).limit(limit))
    return [str(value) for value, _ in rows]


def drop_unmet(tx: Tx, space: int) -> None:
    """Fields that nobody has any more are none; those that were sealed stay so."""
    for row in fields_of(tx, space):
        if row.used and not common_values(tx, space, row.name, 1, 1_000_000_000):
            tx.conn.execute(delete(fields).where(fields.c.space == space, fields.c.name == row.name))


def forget(tx: Tx, space: int, person: int) -> None:
    """Drop the summary of somebody who is erased, and the fields that nobody else has: the name of one may tell something, too."""
    names = list(tx.conn.scalar(select(_s.attributes).where(_s.space == space, _s.person == person)) or ())
    tx.conn.execute(delete(summaries).where(_s.space == space, _s.person == person))
    for name in names:
        has = func.json_type(_s.attributes, f'$."{name}"').is_not(None) if tx.dialect == "sqlite" else _s.attributes.op("?")(literal(name))
        if not tx.conn.execute(select(_s.person).where(_s.space == space, has).limit(1)).first():
            tx.conn.execute(delete(fields).where(fields.c.space == space, fields.c.name == name))
