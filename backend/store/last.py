"""When people last got, opened and clicked something, many at once: by the drivers themselves: the line works beside it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from backend.store.packed import INT8, double, int2, number, numbers, rows, session, texts, times
from backend.store.port import Tx

LOOK = "select person, got, opened, clicked, times from summaries where space = ? and person in ({}) order by person"
KEEP = "update summaries set got = ?, opened = ?, clicked = ?, times = ? where space = ? and person = ?"
# each row by its whole key: see `inbox_writes`
LOOK_POSTGRES = """select t.p, s.got, s.opened, s.clicked, s.times::text from unnest($2::int8[]) as t(p)
  cross join lateral (select * from summaries where space = $1::int2 and person = t.p for update) s"""
KEEP_POSTGRES = """update summaries s set got = k.g, opened = k.o, clicked = k.c, times = k.t::jsonb
  from (select l.at, g, o, c, t from unnest($2::int8[], $3::float8[], $4::float8[], $5::float8[], $6::text[]) as n(p, g, o, c, t)
    cross join lateral (select ctid as at from summaries where space = $1::int2 and person = n.p offset 0) l offset 0) k
  where s.ctid = k.at"""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, float]).decode


class Last(NamedTuple):
    """Of one person, seconds; `times` by "clicked|email" or "clicked|offers"."""

    person: int
    got: float | None
    opened: float | None
    clicked: float | None
    times: dict[str, float]


def last_sqlite(tx: Tx, space: int, persons: Sequence[int]) -> Iterator[Last]:
    """Of those who are here."""
    for person, got, opened, clicked, kept in tx.raw.execute(LOOK.format(",".join("?" * len(persons))), (space, *persons)).fetchall():
        yield Last(person, got, opened, clicked, _decode(kept))


def keep_sqlite(tx: Tx, space: int, rows: Sequence[Last]) -> None:
    """Write them."""
    tx.raw.executemany(KEEP, [(row.got, row.opened, row.clicked, _encode(row.times).decode(), space, row.person) for row in rows])


def last_postgres(tx: Tx, space: int, persons: Sequence[int]) -> Iterator[Last]:
    """The same; nobody else changes these rows before the transaction ends."""
    found = session(tx.raw).run("last_look", LOOK_POSTGRES, int2(space), numbers(INT8, persons))
    for person, got, opened, clicked, kept in rows(found):
        yield Last(number(person), _seconds(got), _seconds(opened), _seconds(clicked), _decode(kept))


def keep_postgres(tx: Tx, space: int, kept: Sequence[Last]) -> None:
    """Write them."""
    session(tx.raw).owe(
        "last_keep", KEEP_POSTGRES, int2(space), numbers(INT8, [row.person for row in kept]), times([row.got for row in kept]),
        times([row.opened for row in kept]), times([row.clicked for row in kept]), texts([_encode(row.times).decode() for row in kept]),
    )  # fmt: skip


def _seconds(value: bytes | None) -> float | None:
    return None if value is None else double(value)
