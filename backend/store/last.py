"""When people last got, opened and clicked something, many at once: by the driver itself on SQLite, where the line works in the same process."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import bindparam, select, update

from backend.store.port import Tx
from backend.store.tables import summaries

LOOK = "select person, got, opened, clicked, times from summaries where space = ? and person in ({}) order by person"
KEEP = "update summaries set got = ?, opened = ?, clicked = ?, times = ? where space = ? and person = ?"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, float]).decode
_s = summaries.c


class Last(NamedTuple):
    """Of one person, seconds; `times` by "clicked|email" or "clicked|offers"."""

    person: int
    got: float | None
    opened: float | None
    clicked: float | None
    times: dict[str, float]


def last_sqlite(tx: Tx, space: int, persons: Sequence[int]) -> Iterator[Last]:
    """Of those who are here."""
    for person, got, opened, clicked, times in tx.raw.execute(LOOK.format(",".join("?" * len(persons))), (space, *persons)).fetchall():
        yield Last(person, got, opened, clicked, _decode(times))


def keep_sqlite(tx: Tx, space: int, rows: Sequence[Last]) -> None:
    """Write them."""
    tx.raw.executemany(KEEP, [(row.got, row.opened, row.clicked, _encode(row.times).decode(), space, row.person) for row in rows])


def last_postgres(tx: Tx, space: int, persons: Sequence[int]) -> Iterator[Last]:
    """The same; nobody else changes these rows before the transaction ends."""
    asked = select(_s.person, _s.got, _s.opened, _s.clicked, _s.times).where(_s.space == space, _s.person.in_(persons)).order_by(_s.person)
    for row in tx.conn.execute(asked.with_for_update()):
        yield Last(row.person, row.got, row.opened, row.clicked, dict(row.times))


def keep_postgres(tx: Tx, space: int, rows: Sequence[Last]) -> None:
    """Write them."""
    news = {name: bindparam(f"new_{name}", type_=_s[name].type) for name in ("got", "opened", "clicked", "times")}
    changed = [{"of_person": row.person, **{f"new_{name}": getattr(row, name) for name in news}} for row in rows]
    tx.conn.execute(update(summaries).where(_s.space == space, _s.person == bindparam("of_person")).values(news), changed)
