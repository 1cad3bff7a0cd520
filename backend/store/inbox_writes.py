"""New rows of many inboxes at once, with their heads: the statements of both dialects.

Each head and each row is looked up by its whole key. `person in (...)` would not do on PostgreSQL: an index whose first column is one value for all
of them would be walked whole (`dialect.postgres_engine` plans without looking at values).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from backend.store.forward import clean
from backend.store.packed import FLOAT8, INT2, INT4, INT8, int2, int4, number, numbers, rows, session, texts, times, uuids
from backend.store.port import Tx
from backend.store.upsert import chunks

if TYPE_CHECKING:
    from backend.store.inbox import Row

Place = tuple[int, int, int, int]  # of a head: epoch, seq, unread, unseen

KNOWN = """select t.p, t.i from unnest($2::int8[], $3::uuid[]) as t(p, i)
  where exists (select from inbox where space = $1::int2 and person = t.p and id = t.i offset 0)"""
FORWARD = """insert into inbox_heads as h (space, person, epoch, seq, unread, unseen)
  select $1::int2, p, $2::int4, n, n, n from unnest($3::int8[], $4::int4[]) as t(p, n)
  on conflict (space, person) do update set seq = h.seq + excluded.seq, unread = h.unread + excluded.unread, unseen = h.unseen + excluded.unseen
  returning person, epoch, seq, unread, unseen"""
INSERT = """insert into inbox (space, person, id, seq, type, category, priority, title, message, image, link, actions, metadata, at,
    seen, read, archived, snoozed_until, silent)
  select $1::int2, p, i, s, t, c, r, e, m, g, l, a, d, w, n, o, v, z, q <> 0 from unnest($2::int8[], $3::uuid[], $4::int8[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::float8[], $15::float8[], $16::float8[],
    $17::float8[], $18::float8[], $19::int2[]) as x(p, i, s, t, c, r, e, m, g, l, a, d, w, n, o, v, z, q)"""

KNOWN_SQLITE = "select 1 from inbox where space = ? and person = ? and id = ?"
HEADS_SQLITE = "select person, epoch, seq, unread, unseen from inbox_heads where space = ? and person in ({})"
BEGIN_SQLITE = "insert into inbox_heads (space, epoch, seq, unread, unseen, person) values (?,?,?,?,?,?)"
FORWARD_SQLITE = "update inbox_heads set seq = ?, unread = ?, unseen = ? where space = ? and person = ?"
INSERT_SQLITE = """insert into inbox (space, person, id, seq, type, category, priority, title, message, image, link, actions, metadata, at, seen, read,
  archived, snoozed_until, silent) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""


def known(tx: Tx, space: int, given: Sequence["Row"]) -> set[tuple[int, bytes]]:
    """Which of these (person, id) have a row already."""
    if tx.dialect == "sqlite":
        ask = tx.raw.execute
        return {(row.person, row.id) for row in given if ask(KNOWN_SQLITE, (space, row.person, row.id)).fetchone()}
    persons, ids = numbers(INT8, [row.person for row in given]), uuids([row.id for row in given])
    return {(number(person), made) for person, made in rows(session(tx.raw).run("inbox_known", KNOWN, int2(space), persons, ids))}


def forward(tx: Tx, space: int, more: Mapping[int, int], epoch: int) -> dict[int, Place]:
    """Take so many next places in each person's inbox, all unread, under the lock of the head, which is made where it is missing; heads as they are then.

    In one order, so that two writers cannot deadlock."""
    persons = sorted(more)
    if tx.dialect == "sqlite":
        return _forward_sqlite(tx, space, persons, more, epoch)
    counts = numbers(INT4, [more[person] for person in persons])
    found = session(tx.raw).run("inbox_forward", FORWARD, int2(space), int4(epoch), numbers(INT8, persons), counts)
    return {number(p): (number(e), number(s), number(r), number(u)) for p, e, s, r, u in rows(found)}


def _forward_sqlite(tx: Tx, space: int, persons: list[int], more: Mapping[int, int], epoch: int) -> dict[int, Place]:
    stood: dict[int, Place] = {}
    for some in chunks(persons):
        for person, *place in tx.raw.execute(HEADS_SQLITE.format(",".join("?" * len(some))), (space, *some)).fetchall():
            stood[person] = (place[0], place[1], place[2], place[3])
    now: dict[int, Place] = {}
    for person in persons:
        n = more[person]
        at, seq, unread, unseen = stood.get(person, (epoch, 0, 0, 0))
        now[person] = (at, seq + n, unread + n, unseen + n)
    tx.raw.executemany(BEGIN_SQLITE, [(space, *now[person], person) for person in persons if person not in stood])
    tx.raw.executemany(FORWARD_SQLITE, [(*now[person][1:], space, person) for person in persons if person in stood])
    return now


def insert(tx: Tx, space: int, given: Iterable["Row"]) -> None:
    """The rows, which have their places and are not there yet."""
    made = list(given)
    if tx.dialect == "sqlite":
        tx.raw.executemany(
            INSERT_SQLITE,
            [
                (
                    space, r.person, r.id, r.seq, r.type, r.category, r.priority, clean(r.title), clean(r.message), clean(r.image), clean(r.link),
                    clean(r.actions), clean(r.metadata), r.at, r.seen, r.read, r.archived, r.snoozed_until, int(r.silent),
                )
                for r in made
            ],
        )  # fmt: skip
        return
    session(tx.raw).owe(
        "inbox_insert", INSERT, int2(space), numbers(INT8, [r.person for r in made]), uuids([r.id for r in made]), numbers(INT8, [r.seq for r in made]),
        texts([r.type for r in made]), texts([r.category for r in made]), texts([r.priority for r in made]), texts([clean(r.title) for r in made]),
        texts([clean(r.message) for r in made]), texts([clean(r.image) for r in made]), texts([clean(r.link) for r in made]),
        texts([clean(r.actions) for r in made]), texts([clean(r.metadata) for r in made]), numbers(FLOAT8, [r.at for r in made]),
        times([r.seen for r in made]), times([r.read for r in made]), times([r.archived for r in made]), times([r.snoozed_until for r in made]),
        numbers(INT2, [int(r.silent) for r in made]),
    )  # fmt: skip
