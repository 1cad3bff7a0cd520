"""Stamps of a run's recipients: when each first got, opened, clicked and so on; many at once, on either dialect.

Each recipient is looked up by the whole key: see `inbox_writes`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.domain.tally import PEOPLE
from backend.store.packed import INT8, int2, number, numbers, rows, session, times
from backend.store.port import Tx
from backend.store.upsert import chunks

NAMES = tuple(PEOPLE)  # columns of `recipients`
_COLUMNS = ", ".join(NAMES)
LOOK = f"""select t.p, r.variant, r.wave, p.demo, {_COLUMNS} from unnest($3::int8[]) as t(p)
  cross join lateral (select * from recipients where run = $1::uuid and person = t.p and space + 0::int2 = $2::int2 for update) r
  cross join lateral (select demo from people where space = $2 and person = t.p offset 0) p"""
_VALUES = ", ".join(f"v{n}" for n in range(len(NAMES)))
KEEP = f"""update recipients r set {", ".join(f"{name} = coalesce(r.{name}, k.v{n})" for n, name in enumerate(NAMES))}
  from (select l.at, {_VALUES} from unnest($3::int8[], {", ".join(f"${n + 4}::float8[]" for n in range(len(NAMES)))}) as t(p, {_VALUES})
    cross join lateral (select ctid as at from recipients where run = $1::uuid and person = t.p and space + 0::int2 = $2::int2 offset 0) l offset 0) k
  where r.ctid = k.at"""

LOOK_SQLITE = f"""select r.person, r.variant, r.wave, p.demo, {", ".join(f"r.{name}" for name in NAMES)} from recipients r
  join people p on p.space = r.space and p.person = r.person where r.run = ? and r.space = ? and r.person in ({{}})"""
KEEP_SQLITE = f"update recipients set {', '.join(f'{name} = coalesce({name}, ?)' for name in NAMES)} where run = ? and space = ? and person = ?"


class Stamped(NamedTuple):
    """A recipient: `there` are the stamps they have."""

    person: int
    variant: int
    wave: int
    demo: bool
    there: frozenset[str]


def look(tx: Tx, space: int, run: bytes, persons: Sequence[int]) -> Iterator[Stamped]:
    """Those of these persons who are recipients of the run; nobody else stamps them before the transaction ends, if all lock in one order."""
    wanted = sorted(set(persons))
    if tx.dialect == "sqlite":
        for some in chunks(wanted):
            for person, variant, wave, demo, *stamps in tx.raw.execute(LOOK_SQLITE.format(",".join("?" * len(some))), (run, space, *some)).fetchall():
                yield Stamped(person, variant, wave, bool(demo), _there(stamps))
        return
    for person, variant, wave, demo, *stamps in rows(session(tx.raw).run("stamps_look", LOOK, run, int2(space), numbers(INT8, wanted))):
        yield Stamped(number(person), number(variant), number(wave), demo == b"\1", _there(stamps))


def _there(stamps: Sequence[object]) -> frozenset[str]:
    return frozenset([name for name, stamp in zip(NAMES, stamps, strict=True) if stamp is not None])


def keep(tx: Tx, space: int, run: bytes, news: Mapping[int, Mapping[str, float]]) -> None:
    """Person -> stamp -> seconds; a stamp that is there stays."""
    if not news:
        return
    persons = sorted(news)
    if tx.dialect == "sqlite":
        tx.raw.executemany(KEEP_SQLITE, [(*(news[person].get(name) for name in NAMES), run, space, person) for person in persons])
        return
    columns = [times([news[person].get(name) for person in persons]) for name in NAMES]
    session(tx.raw).owe("stamps_keep", KEEP, run, int2(space), numbers(INT8, persons), *columns)
