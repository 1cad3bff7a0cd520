"""Writes of the line on PostgreSQL. Contracts: `backend.store.hot`.

The id names the day, so statements address that day's partition itself: through the parent each call locks and opens
every partition. Lookups are `= any` alone on the leading column of the key, or a subquery per key: a join with the
arrays, or a range beside them, lets the planner walk the whole index of a day that has no statistics yet.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

from backend.domain.delivery import State
from backend.domain.ids import day_of
from backend.store import hot, statements
from backend.store.forward import RAW_LIMIT, Deltas, Key, Place, Row, apart, claims, clean, count_new, event_rows, forward, told_by
from backend.store.packed import (
    FLOAT8,
    INT2,
    INT4,
    INT8,
    Session,
    Statement,
    blobs,
    double,
    float8,
    int2,
    int8,
    number,
    numbers,
    rows,
    session,
    texts,
    times,
    uuids,
    uuids_or_null,
)
from backend.store.port import Tx

T = TypeVar("T")
Alike = tuple[int, int, int, int, int, int]  # space, day, number of the attempt, its outcome; generation and state of the move
TOGETHER = 128  # rows of one grouped update: each row's own values are found by a walk through the array


def write_decided(tx: Tx, given: Sequence["hot.Decided"], now: float) -> "hot.DecidedAnswer":
    s = session(tx.raw)
    own, duplicates = apart(given, _claim(s, claims(given), now))
    events = _by_day(event_rows(given, duplicates), lambda values: values[0])  # type: ignore[arg-type, return-value]
    asked = {(r.notification, r.space): r for r in sorted(own, key=lambda r: r.notification)}
    decided = _by_day(asked.values(), lambda r: r.notification)
    fresh: list[hot.Decided] = []
    known: list[hot.Decided] = []
    for day in sorted(events.keys() | decided.keys()):
        wanted = decided.get(day, [])
        new = _insert(s, day, events.get(day, []), wanted)
        if new is None:
            fresh += wanted
        else:
            for r in wanted:
                (fresh if (r.notification, r.space) in new else known).append(r)
    for day, some in _by_day(((d, r) for r in fresh for d in r.deliveries), lambda pair: pair[0].id).items():
        _insert_deliveries(s, day, some, now)
    _count(s, count_new(fresh), now)
    answer = hot.DecidedAnswer(
        {d.id for r in fresh for d in r.deliveries if d.state == State.PENDING},
        {d.id for r in fresh for d in r.deliveries if d.state == State.HELD},
        duplicates,
        fresh={r.notification for r in fresh},
    )
    for day, some_known in _by_day(known, lambda r: r.notification).items():
        _look_again(s, day, some_known, answer)
    return answer


def _claim(s: Session, first: dict[Key, bytes], now: float) -> dict[Key, bytes]:
    """Insert what nobody claimed; the owner of each key."""
    if not first:
        return first
    first = dict(sorted(first.items()))  # two processes claim in one order, so neither waits for the other in a circle
    spaces, sources, keys = zip(*first, strict=True)
    columns = numbers(INT2, spaces), numbers(INT2, sources), blobs(keys)
    if s.run("hot_claim", statements.CLAIM, *columns, uuids(list(first.values())), float8(now)).command_tuples == len(first):
        return first
    owners = s.run("hot_owners", statements.OWNERS, *columns)
    return {key: owners.get_value(i, 0) or event for i, (key, event) in enumerate(first.items())}


def _insert(s: Session, day: int, events: Sequence[tuple[object, ...]], wanted: Sequence["hot.Decided"]) -> set[Row] | None:
    """Events and notifications of a day; the notifications that are new, None when all are."""
    e = list(zip(*events, strict=True)) or [()] * 15
    result = s.on(
        day, "hot_decided", statements.DECIDED,
        uuids(e[0]), numbers(INT2, e[1]), numbers(INT8, e[2]), texts(e[3]), texts(e[4]), texts(e[5]), numbers(INT2, e[6]), texts(e[7]),
        texts(e[8]), numbers(INT4, e[9]), numbers(INT4, e[10]), uuids_or_null(e[11]), numbers(INT8, e[12]), blobs(e[13]), numbers(FLOAT8, e[14]),
        uuids([r.notification for r in wanted]), numbers(INT2, [r.space for r in wanted]), uuids([r.event for r in wanted]),
        numbers(INT8, [r.person for r in wanted]), numbers(INT8, [r.cohort for r in wanted]), texts([r.category for r in wanted]),
        numbers(INT2, [r.priority for r in wanted]), numbers(INT2, [r.planned for r in wanted]),
        numbers(INT2, [len(r.skipped) for r in wanted]), blobs([r.trace for r in wanted]), numbers(FLOAT8, [r.accepted for r in wanted]),
    )  # fmt: skip
    if result.ntuples == len(wanted):
        return None
    return {(made, number(space)) for made, space in rows(result)}


def _insert_deliveries(s: Session, day: int, some: Sequence[tuple["hot.NewDelivery", "hot.Decided"]], now: float) -> None:
    s.on(
        day, "hot_deliveries", statements.DELIVERIES,
        uuids([d.id for d, _ in some]), numbers(INT2, [r.space for _, r in some]), uuids([r.notification for _, r in some]),
        numbers(INT8, [r.person for _, r in some]), numbers(INT2, [d.channel for d, _ in some]), blobs([d.address for d, _ in some]),
        numbers(INT8, [r.cohort for _, r in some]), numbers(INT2, [d.state for d, _ in some]), texts([clean(d.reason) for d, _ in some]),
        times([d.until for d, _ in some]), float8(now),
    )  # fmt: skip


def _look_again(s: Session, day: int, known: Sequence["hot.Decided"], answer: "hot.DecidedAnswer") -> None:
    """Of notifications that were decided before: what still waits, also what these decisions would not make again."""
    ranges = [hot.born_range(r.notification) for r in known]
    result = s.on(
        day, "hot_again", statements.AGAIN,
        numbers(INT2, [r.space for r in known]), numbers(INT8, [r.person for r in known]), uuids([r.notification for r in known]),
        uuids([low for low, _ in ranges]), uuids([high for _, high in ranges]),
    )  # fmt: skip
    made_now = {d.id for r in known for d in r.deliveries}
    for notification, made, channel, address, state in rows(result):
        if number(state) == State.HELD:
            answer.held.add(made)
        else:
            answer.pending.add(made)
            if made not in made_now:
                answer.earlier.append(hot.Earlier(notification, made, number(channel), address))


def write_moves(tx: Tx, moves: Sequence["hot.Move"], now: float) -> set[bytes]:
    s = session(tx.raw)
    moved, deltas = _move(s, moves, now)
    _count(s, deltas, now)
    return moved


def _move(s: Session, moves: Sequence["hot.Move"], now: float) -> tuple[set[bytes], Deltas]:
    places: dict[Row, Place] = {}
    for day, ids in _by_day({m.delivery for m in moves}, lambda made: made).items():
        for made, space, generation, state, cohort, channel in rows(s.on(day, "hot_places", statements.PLACES, uuids(sorted(ids)))):
            places[made, number(space)] = Place(number(generation), number(state), number(cohort), number(channel))
    last, deltas = forward(places, moves)
    groups: dict[tuple[int, int, int, int], list[hot.Move]] = defaultdict(list)
    for m in last.values():
        groups[m.space, day_of(m.delivery), m.generation, m.state].append(m)
    for (space, day, generation, state), group in groups.items():
        for part in _parts(group):
            s.on(
                day, "hot_move", statements.MOVE, int2(space), uuids([m.delivery for m in part]), int2(generation), int2(state),
                texts(_once([clean(m.reason) for m in part])), times(_once([m.until for m in part])), float8(now),
            )  # fmt: skip
    return {made for made, _ in last}, deltas


def write_attempts(tx: Tx, outcomes: Sequence["hot.Outcome"], starts: Sequence["hot.Start"], now: float) -> set[bytes]:
    s = session(tx.raw)
    groups: dict[Alike, dict[bytes, hot.Outcome]] = defaultdict(dict)
    for o in outcomes:
        m = o.move
        groups[m.space, day_of(m.delivery), o.n, o.outcome, m.generation, m.state].setdefault(m.delivery, o)
    ends = [(key, part) for key, group in groups.items() for part in _parts(list(group.values()))]
    begins = _by_day(starts, lambda start: start.delivery)
    answers = s.together([*(_end(s, key, part, now) for key, part in ends), *(_start(s, day, some, now) for day, some in begins.items())])
    deltas: Deltas = Counter()
    moved: set[tuple[Row, int, int]] = set()  # with generation and state
    for (key, part), answer in zip(ends, answers, strict=False):
        moved |= _ended(key, part, answer, deltas)
    # from another state than pending, or nowhere; also the second outcome of one delivery
    if rest := [o.move for o in outcomes if ((o.move.delivery, o.move.space), o.move.generation, o.move.state) not in moved]:
        deltas.update(_move(s, rest, now)[1])
    _count(s, deltas, now)
    return {answer.get_value(i, 0) for answer in answers[len(ends) :] for i in range(answer.ntuples)}


def _start(s: Session, day: int, some: Sequence["hot.Start"], now: float) -> Statement:
    return (
        *s.of_day(day, "hot_start", statements.START),
        (
            uuids([x.delivery for x in some]), numbers(INT2, [x.n for x in some]), numbers(INT2, [x.space for x in some]),
            texts([clean(x.provider) for x in some]), float8(now), numbers(INT2, [x.generation for x in some]),
        ),
    )  # fmt: skip


def _end(s: Session, key: Alike, part: Sequence["hot.Outcome"], now: float) -> Statement:
    """End attempts that ended alike, and move those of their deliveries that are pending, as nearly all are."""
    space, day, n, outcome, generation, state = key
    return (
        *s.of_day(day, "hot_end", statements.END),
        (
            int2(space), uuids([o.move.delivery for o in part]), int2(n), int2(outcome), int2(generation), int2(state),
            texts(_once([clean(o.code) for o in part])), texts(_once([clean(o.raw[:RAW_LIMIT]) for o in part])),
            texts(_once([clean(o.move.reason) for o in part])), times(_once([o.move.until for o in part])), float8(now),
        ),
    )  # fmt: skip


def _ended(key: Alike, part: Sequence["hot.Outcome"], result: Any, deltas: Deltas) -> set[tuple[Row, int, int]]:
    """Which moved, with generation and state; counts them."""
    space, _, _, _, generation, state = key
    get, moved, moves = result.get_value, set(), {o.move.delivery: o.move for o in part}
    for i in range(result.ntuples):
        made = get(i, 0)
        moved.add(((made, space), generation, state))
        deltas[space, number(get(i, 1)), number(get(i, 2)), int(State.PENDING), state, *told_by(moves[made])] += 1
    return moved


def attempts_of(tx: Tx, space: int, deliveries: Sequence[bytes]) -> dict[bytes, "hot.OpenAttempt"]:
    s, states, found = session(tx.raw), states_of(tx, space, deliveries), {}
    for day, ids in _by_day(set(deliveries), lambda made: made).items():
        result = s.on(day, "hot_last", statements.LAST, int2(space), uuids(sorted(ids)))
        for i in range(result.ntuples):
            made, n, is_open, started = (result.get_value(i, j) for j in range(4))
            if made in states:
                generation, state = states[made]
                found[made] = hot.OpenAttempt(made, state, generation, number(n), is_open == b"\1", double(started))
    return found


def close_unknown(tx: Tx, space: int, deliveries: Sequence[bytes], started_before: float, now: float) -> int:
    s, closed = session(tx.raw), 0
    for day, ids in _by_day(set(deliveries), lambda made: made).items():
        result = s.on(day, "hot_close", statements.CLOSE, int2(space), uuids(sorted(ids)), float8(started_before), float8(now))
        closed += result.command_tuples or 0
    return closed


def write_touches(tx: Tx, bodies: Iterable[tuple[int, bytes]], now: float) -> None:
    s = session(tx.raw)
    for space, body in bodies:
        s.owe("hot_touches", statements.TOUCHES, int2(space), float8(now), body)


def write_due(tx: Tx, given: Sequence["hot.Later"]) -> None:
    latest: dict[tuple[bytes, str, int], hot.Later] = {}
    for r in given:
        if (k := (r.id, r.kind, r.space)) not in latest or r.at > latest[k].at:
            latest[k] = r
    if some := list(latest.values()):
        session(tx.raw).run(
            "hot_due", statements.DUE,
            numbers(INT2, [r.space for r in some]), uuids([r.id for r in some]), texts([r.kind for r in some]), numbers(FLOAT8, [r.at for r in some]),
            texts([r.topic for r in some]), numbers(INT2, [r.partition for r in some]), blobs([r.key for r in some]),
            blobs([r.value for r in some]), texts([clean(r.ordered) for r in some]),
        )  # fmt: skip


def take_due(tx: Tx, now: float, limit: int) -> list["hot.Later"]:
    taken = []
    for space, made, kind, at, topic, partition, key, value, ordered in rows(
        session(tx.raw).run("hot_take", statements.TAKE, float8(now), int8(limit))
    ):
        taken.append(
            hot.Later(number(space), made, kind.decode(), double(at), topic.decode(), number(partition), key, value, ordered.decode())
        )
    return taken


def drop_due(tx: Tx, given: Sequence["hot.Later"]) -> None:
    s = session(tx.raw)
    for (space, kind), group in groupby(sorted(given, key=lambda r: (r.space, r.kind)), key=lambda r: (r.space, r.kind)):
        for part in _parts(list(group)):
            s.run(
                "hot_drop", statements.DROP, int2(space), kind.encode(), uuids([r.id for r in part]), numbers(FLOAT8, [r.at for r in part])
            )


def states_of(tx: Tx, space: int, deliveries: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    s, states = session(tx.raw), {}
    for day, ids in _by_day(set(deliveries), lambda made: made).items():
        result = s.on(day, "hot_states", statements.STATES, int2(space), uuids(sorted(ids)))
        for i in range(result.ntuples):
            states[result.get_value(i, 0)] = number(result.get_value(i, 1)), number(result.get_value(i, 2))
    return states


def _count(s: Session, deltas: Deltas, now: float) -> None:
    if deltas:
        spaces, cohorts, channels, was, to, born, providers, took = zip(*deltas, strict=True)
        s.owe(
            "hot_count", statements.COUNT, numbers(INT2, spaces), numbers(INT8, cohorts), numbers(INT2, channels), numbers(INT2, was),
            numbers(INT2, to), numbers(INT4, list(deltas.values())), int8(int(now // 60)), numbers(INT4, born), texts(providers),
            numbers(INT2, took),
        )  # fmt: skip


def _by_day(items: Iterable[T], made: Callable[[T], bytes]) -> dict[int, list[T]]:
    days: dict[int, list[T]] = defaultdict(list)
    for item in items:
        days[day_of(made(item))].append(item)
    return days


def _once(values: list[T]) -> list[T]:
    """A single one when all are alike."""
    return values[:1] if values.count(values[0]) == len(values) else values


def _parts(items: list[T]) -> Iterator[list[T]]:
    for n in range(0, len(items), TOGETHER):
        yield items[n : n + TOGETHER]
