"""Writes of the line on SQLite. Contracts: `backend.store.hot`.

Prepared statements by the driver's own `executemany`; what exists already is asked for first, by the key, so that the
fast path of a batch in which all is new has one look and then plain inserts.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from backend.domain.delivery import State
from backend.store import hot
from backend.store.forward import (
    EVENT_COLUMNS,
    RAW_LIMIT,
    Deltas,
    Key,
    Place,
    Row,
    apart,
    claims,
    clean,
    count_new,
    event_rows,
    forward,
)
from backend.store.port import Tx

ASKED = 512  # ids in one statement; shorter lists are filled up with their last id to a power of two, so that few texts exist

INSERT_EVENT = f"insert or ignore into events ({EVENT_COLUMNS}) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
INSERT_NOTIFICATION = """insert into notifications
  (id, space, event, person, cohort, category, priority, planned, skipped, trace, accepted) values (?,?,?,?,?,?,?,?,?,?,?)"""
INSERT_DELIVERY = """insert into deliveries
  (id, space, notification, person, channel, address, cohort, state, generation, reason, until, changed) values (?,?,?,?,?,?,?,?,0,?,?,?)"""
INSERT_DELTA = "insert into deltas (space, cohort, minute, channel, was, now, n, born, provider, took) values (?,?,?,?,?,?,?,?,?,?)"
DELIVERIES_OF = (
    "select id, channel, address, state from deliveries where space = ? and person = ? and id >= ? and id < ? and notification = ?"
)
MOVE = "update deliveries set generation = ?, state = ?, reason = ?, until = ?, changed = ? where id = ? and space = ?"
END = f"""update attempts set outcome = ?, code = ?, raw = ?, ended = ?
  where delivery = ? and n = ? and space = ? and (outcome is null or outcome = {int(State.UNKNOWN)})"""
MAY_START = f"""select d.id, d.space, d.generation, a.n from deliveries d left join attempts a on a.delivery = d.id and a.space = d.space
  where d.id in ({{}}) and d.state in ({int(State.PENDING)}, {int(State.RETRYING)})"""
START = "insert into attempts (delivery, n, space, provider, started) values (?,?,?,?,?)"
CLOSE = f"""update attempts set outcome = {int(State.UNKNOWN)}, ended = ?
  where delivery = ? and space = ? and outcome is null and started < ?"""
# the later time wins; an earlier one leaves the row a moment later than it stood, so that `drop_due` does not take away with what it
# appended what was written again meanwhile (a receipt that is still early, an event that another machine's clock finds early)
INSERT_DUE = """insert into due (space, id, kind, at, topic, partition, key, value, ordered) values (?,?,?,?,?,?,?,?,?)
  on conflict (id, kind, space) do update set at = max(excluded.at, due.at + 0.001), topic = excluded.topic, partition = excluded.partition,
  key = excluded.key, value = iif(excluded.at > due.at, excluded.value, due.value), ordered = excluded.ordered where excluded.at <> due.at"""


def write_decided(tx: Tx, rows: Sequence["hot.Decided"], now: float) -> "hot.DecidedAnswer":
    db: sqlite3.Connection = tx.raw
    own, duplicates = apart(rows, _claim(db, claims(rows), now))
    db.executemany(INSERT_EVENT, event_rows(rows, duplicates))
    asked = {(r.notification, r.space): r for r in own}
    known = set(_ask(db, "select id, space from notifications where id in ({})", [r.notification for r in own])) if own else set()
    fresh = [r for key, r in asked.items() if key not in known]
    db.executemany(
        INSERT_NOTIFICATION,
        [
            (r.notification, r.space, r.event, r.person, r.cohort, r.category, r.priority, r.planned, len(r.skipped), r.trace, r.accepted)
            for r in fresh
        ],
    )
    db.executemany(
        INSERT_DELIVERY,
        [
            (d.id, r.space, r.notification, r.person, d.channel, d.address, r.cohort, d.state, clean(d.reason), d.until, now)
            for r in fresh
            for d in r.deliveries
        ],
    )
    _count(db, count_new(fresh), now)
    answer = hot.DecidedAnswer(
        {d.id for r in fresh for d in r.deliveries if d.state == State.PENDING},
        {d.id for r in fresh for d in r.deliveries if d.state == State.HELD},
        duplicates,
        fresh={r.notification for r in fresh},
    )
    for key in known & asked.keys():
        _look_again(db, asked[key], answer)
    return answer


def _claim(db: sqlite3.Connection, first: dict[Key, bytes], now: float) -> dict[Key, bytes]:
    """Insert what nobody claimed; the owner of each key."""
    if not first:
        return first
    inserted = db.executemany(
        "insert or ignore into seen (space, source, key, id, at) values (?,?,?,?,?)", [(*key, event, now) for key, event in first.items()]
    ).rowcount
    if inserted == len(first):
        return first
    look = "select id from seen where space = ? and source = ? and key = ?"
    return {key: db.execute(look, key).fetchone()[0] for key in first}


def _look_again(db: sqlite3.Connection, row: "hot.Decided", answer: "hot.DecidedAnswer") -> None:
    """Of a notification that was decided before: what still waits, also what this decision would not make again."""
    made_now = {d.id for d in row.deliveries}
    low, high = hot.born_range(row.notification)
    for made, channel, address, state in db.execute(DELIVERIES_OF, (row.space, row.person, low, high, row.notification)):
        if state == State.HELD:
            answer.held.add(made)
        elif state == State.PENDING:
            answer.pending.add(made)
            if made not in made_now:
                answer.earlier.append(hot.Earlier(row.notification, made, channel, address))


def write_moves(tx: Tx, moves: Sequence["hot.Move"], now: float) -> set[bytes]:
    if not moves:
        return set()
    db: sqlite3.Connection = tx.raw
    places: dict[Row, Place] = {}
    sql = "select id, space, generation, state, cohort, channel from deliveries where id in ({})"
    for made, space, generation, state, cohort, channel in _ask(db, sql, [m.delivery for m in moves]):
        places[made, space] = Place(generation, state, cohort, channel)
    last, deltas = forward(places, moves)
    db.executemany(MOVE, [(m.generation, m.state, clean(m.reason), m.until, now, m.delivery, m.space) for m in last.values()])
    _count(db, deltas, now)
    return {made for made, _ in last}


def write_attempts(tx: Tx, outcomes: Sequence["hot.Outcome"], starts: Sequence["hot.Start"], now: float) -> set[bytes]:
    db: sqlite3.Connection = tx.raw
    if outcomes:
        db.executemany(
            END, [(o.outcome, clean(o.code), clean(o.raw[:RAW_LIMIT]), now, o.move.delivery, o.n, o.move.space) for o in outcomes]
        )
        write_moves(tx, [o.move for o in outcomes], now)
    if not starts:
        return set()
    open_for: dict[Row, int] = {}
    known: set[tuple[bytes, int, int]] = set()
    for made, space, generation, n in _ask(db, MAY_START, [s.delivery for s in starts]):
        open_for[made, space] = generation
        if n is not None:
            known.add((made, n, space))
    asked = {(s.delivery, s.n, s.space): s for s in starts if open_for.get((s.delivery, s.space)) == s.generation}
    fresh = [s for key, s in asked.items() if key not in known]
    db.executemany(START, [(s.delivery, s.n, s.space, clean(s.provider), now) for s in fresh])
    return {s.delivery for s in fresh}


def attempts_of(tx: Tx, space: int, deliveries: Sequence[bytes]) -> dict[bytes, "hot.OpenAttempt"]:
    sql = """select a.delivery, d.state, d.generation, a.n, a.outcome is null, a.started, a.space
      from attempts a join deliveries d on d.id = a.delivery and d.space = a.space where a.delivery in ({}) order by a.delivery, a.n"""
    return {
        made: hot.OpenAttempt(made, state, generation, n, bool(is_open), started)  # the last of each stays
        for made, state, generation, n, is_open, started, its in _ask(tx.raw, sql, deliveries)
        if its == space
    }


def close_unknown(tx: Tx, space: int, deliveries: Sequence[bytes], started_before: float, now: float) -> int:
    return int(tx.raw.executemany(CLOSE, [(now, made, space, started_before) for made in set(deliveries)]).rowcount) if deliveries else 0


def write_touches(tx: Tx, bodies: Iterable[tuple[int, bytes]], now: float) -> None:
    tx.raw.executemany("insert into touches (space, at, body) values (?,?,?)", [(space, now, body) for space, body in bodies])


def write_due(tx: Tx, rows: Sequence["hot.Later"]) -> None:
    tx.raw.executemany(INSERT_DUE, [(r.space, r.id, r.kind, r.at, r.topic, r.partition, r.key, r.value, clean(r.ordered)) for r in rows])


def take_due(tx: Tx, now: float, limit: int) -> list["hot.Later"]:
    sql = "select space, id, kind, at, topic, partition, key, value, ordered from due where at <= ? order by at limit ?"
    return [hot.Later(*row) for row in tx.raw.execute(sql, (now, limit))]


def drop_due(tx: Tx, rows: Sequence["hot.Later"]) -> None:
    tx.raw.executemany("delete from due where id = ? and kind = ? and space = ? and at = ?", [(r.id, r.kind, r.space, r.at) for r in rows])


def states_of(tx: Tx, space: int, deliveries: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    sql = "select id, space, generation, state from deliveries where id in ({})"
    return {made: (generation, state) for made, its, generation, state in _ask(tx.raw, sql, deliveries) if its == space}


def _count(db: sqlite3.Connection, deltas: Deltas, now: float) -> None:
    minute = int(now // 60)
    values = [(space, cohort, minute, channel, was, to, n, *told) for (space, cohort, channel, was, to, *told), n in deltas.items()]
    db.executemany(INSERT_DELTA, values)


def _ask(db: sqlite3.Connection, sql: str, ids: Sequence[bytes]) -> Iterator[Any]:
    """Rows of `sql`, whose {} becomes the ids, for all of them; sorted ids are neighbours in the key."""
    rest = iter(sorted(set(ids)))
    while part := list(islice(rest, ASKED)):
        size = 1 << (len(part) - 1).bit_length()
        yield from db.execute(sql.format(",".join("?" * size)), part + part[-1:] * (size - len(part)))
