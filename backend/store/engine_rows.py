"""Counts of what waits, of some spaces or all: exact where counters are kept, bounded and said to be so where rows are counted.

Whatever was sent, each look touches what stands in counters, or the end of an index.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, literal, or_, select, text

from backend.domain.delivery import CHANNEL_NAME, State
from backend.store import tables
from backend.store.counted import NOTHING
from backend.store.port import Tx
from backend.store.tables import cohorts, dead, deltas, due, firings, standing, totals

BOUND = 20_000  # rows counted one by one; beyond that a count says "more than"
LETTERS = 10_000  # newest letters, and firings, that are looked at
WAITING = (State.PENDING, State.SENDING)
WENT = (State.SENT, State.DELIVERED)
MINUTES = 5  # whole minutes a rate is of
_IS_PARKED = text(tables.PARKED)

Spaces = Sequence[int] | None  # None: all
ByLane = dict[tuple[str, str], int]  # (channel, priority)


class Bounded(msgspec.Struct, frozen=True):
    """A count; `more`: there are more than that."""

    n: int = 0
    more: bool = False


def waiting(tx: Tx, spaces: Spaces) -> ByLane:
    """Deliveries that wait for their turn or are being tried, by channel and priority: exact."""
    keys = (standing.c.channel, cohorts.c.priority)
    statement = select(*keys, func.sum(standing.c.n)).select_from(standing.join(cohorts, _same(standing))).group_by(*keys)
    count: Counter[tuple[int, str]] = Counter()
    for channel, priority, n in tx.conn.execute(statement.where(standing.c.state.in_(WAITING), standing.c.n != 0, *_of(standing, spaces))):
        count[channel, priority] += int(n)
    return _named(_fresh(tx, count, spaces, WAITING))


def went(tx: Tx, spaces: Spaces, now: float) -> ByLane:
    """Deliveries that providers took within the last whole minutes (`MINUTES`), by channel and priority."""
    until = int(now // 60)
    keys = (totals.c.channel, cohorts.c.priority)
    statement = select(*keys, func.sum(totals.c.n)).select_from(totals.join(cohorts, _same(totals))).group_by(*keys)
    where = (totals.c.minute >= until - MINUTES, totals.c.minute < until, totals.c.state.in_(WENT))
    count: Counter[tuple[int, str]] = Counter()
    every = spaces if spaces is not None else list(tx.conn.scalars(select(tables.spaces.c.space)))  # the index by time begins with the space
    for channel, priority, n in tx.conn.execute(statement.where(*where, totals.c.space.in_(list(every)))):
        count[channel, priority] += int(n)
    return _named(_fresh(tx, count, spaces, WENT, deltas.c.minute >= until - MINUTES, deltas.c.minute < until))


def waits_for_time(tx: Tx, spaces: Spaces) -> Bounded:
    """Due rows of any kind, those that are parked among them."""
    return _bounded(tx, select(literal(1)).select_from(due).where(*_of(due, spaces)))


def parked(tx: Tx, spaces: Spaces) -> Bounded:
    """Due rows that wait for a halt to end or a provider to be well."""
    return _bounded(tx, select(literal(1)).select_from(due).where(_IS_PARKED, *_of(due, spaces)))


def late(tx: Tx, spaces: Spaces, before: float) -> tuple[Bounded, float | None]:
    """Due rows that should have gone before, and the time of the first."""
    d = due.c
    first = select(d.at).where(d.at < before, *_of(due, spaces)).order_by(d.at).limit(BOUND + 1).subquery().c
    n, at = tx.conn.execute(select(func.count(), func.min(first.at))).one()
    return Bounded(min(int(n), BOUND), n > BOUND), at


def letters(tx: Tx, spaces: Spaces) -> Bounded:
    """Dead letters that wait for a person."""
    return _bounded(tx, select(literal(1)).select_from(dead).where(dead.c.replayed.is_(None), dead.c.dropped.is_(None), *_of(dead, spaces)))


def letters_since(tx: Tx, spaces: Spaces, since: float) -> Bounded:
    """Of the newest, those that came since and wait."""
    d = dead.c
    newest = select(d.at, d.replayed, d.dropped).where(*_of(dead, spaces)).order_by(d.space.desc(), d.id.desc()).limit(LETTERS).subquery().c
    n = int(tx.conn.scalar(select(func.count()).where(newest.at >= since, newest.replayed.is_(None), newest.dropped.is_(None))) or 0)
    return Bounded(n, n >= LETTERS)


def missed(tx: Tx, spaces: Spaces, since: float) -> Bounded:
    """Times of schedules that were missed and noted since, of the newest firings."""
    f = firings.c
    newest = select(f.at, f.outcome, f.n).where(*_of(firings, spaces)).order_by(f.space.desc(), f.id.desc()).limit(LETTERS).subquery().c
    rows, n = tx.conn.execute(select(func.count(), func.coalesce(func.sum(newest.n), 0)).where(newest.at >= since, newest.outcome == "missed")).one()
    return Bounded(int(n), int(rows) >= LETTERS)


def faults(tx: Tx, spaces: Spaces) -> int:
    """Under how many keys more units went than ever came."""
    return int(tx.conn.scalar(select(func.count()).select_from(standing).where(standing.c.n < 0, *_of(standing, spaces))) or 0)


def _of(table: Any, spaces: Spaces) -> list[ColumnElement[bool]]:
    return [] if spaces is None else [table.c.space.in_(list(spaces))]


def _same(table: Any) -> Any:
    return (cohorts.c.space == table.c.space) & (cohorts.c.cohort == table.c.cohort)


def _bounded(tx: Tx, rows: Any) -> Bounded:
    n = int(tx.conn.scalar(select(func.count()).select_from(rows.limit(BOUND + 1).subquery())) or 0)
    return Bounded(min(n, BOUND), n > BOUND)


def _fresh(tx: Tx, count: Counter[tuple[int, str]], spaces: Spaces, states: Sequence[int], *where: Any) -> Counter[tuple[int, str]]:
    """With what is not compacted yet."""
    keys = (deltas.c.channel, cohorts.c.priority, deltas.c.was, deltas.c.now)
    statement = select(*keys, func.sum(deltas.c.n)).select_from(deltas.join(cohorts, _same(deltas))).group_by(*keys)
    moves = or_(deltas.c.was.in_(states), deltas.c.now.in_(states))
    for channel, priority, was, now, n in tx.conn.execute(statement.where(moves, deltas.c.was != deltas.c.now, *_of(deltas, spaces), *where)):
        if now in states:
            count[channel, priority] += int(n)
        if was != NOTHING and was in states:
            count[channel, priority] -= int(n)
    return count


def _named(count: Counter[tuple[int, str]]) -> ByLane:
    return {(CHANNEL_NAME[channel], priority): max(0, n) for (channel, priority), n in count.items() if n and channel in CHANNEL_NAME}
