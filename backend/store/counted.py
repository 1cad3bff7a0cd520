"""Counts that are read, never made, from rows: what moved within a time, and how many units stand in each state now.

Both come from the deltas: `totals` is the net change by minute, `standing` the sum of all of them by cohort, channel and state,
kept by the same compaction. What is not compacted yet stands in `deltas` and is added here, so that an answer is of this moment.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.store.port import Tx
from backend.store.tables import cohorts, deltas, standing, totals

NOTHING = -1  # deltas.was of a unit that is new
By = tuple[str, ...]  # of cohort, channel and state, which always comes last
Counts = Counter[tuple[int, ...]]


def keep_standing(tx: Tx, net: Counter[tuple[int, int, int, int]]) -> None:
    """Add net changes by (space, cohort, channel, state) to what stands; part of the compaction's transaction."""
    rows = [dict(zip(("space", "cohort", "channel", "state", "n"), (*key, n), strict=True)) for key, n in sorted(net.items()) if n]
    if rows:
        make: Any = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(standing)
        keys = ["space", "cohort", "channel", "state"]
        tx.conn.execute(make.on_conflict_do_update(index_elements=keys, set_={"n": standing.c.n + make.excluded.n}), rows)


def now_standing(
    tx: Tx, space: int, by: By = ("channel", "state"), *, cohorts: Sequence[int] | None = None, states: Sequence[int] | None = None
) -> Counts:
    """Units by `by` as they stand now, SKIPPED among the states; of these cohorts and in these states, or of all."""
    keys = [standing.c[name] for name in by]
    where = [standing.c.space == space, standing.c.n != 0]
    fresh = [deltas.c.space == space]
    if cohorts is not None:
        where.append(standing.c.cohort.in_(list(cohorts)))
        fresh.append(deltas.c.cohort.in_(list(cohorts)))
    if states is not None:
        where.append(standing.c.state.in_(list(states)))
    rows = tx.conn.execute(select(*keys, func.sum(standing.c.n)).where(*where).group_by(*keys))
    count: Counts = Counter({tuple(row[:-1]): int(row[-1]) for row in rows})
    _add_deltas(tx, count, [deltas.c[name] for name in by[:-1]], fresh)
    return Counter({key: n for key, n in count.items() if n and (states is None or key[-1] in states)})


def by_category(tx: Tx, space: int) -> dict[str, int]:
    """Units ever counted under each category, those not compacted yet left out."""
    c, s = cohorts.c, standing.c
    joined = standing.join(cohorts, (c.space == s.space) & (c.cohort == s.cohort))
    rows = tx.conn.execute(select(c.category, func.sum(s.n)).select_from(joined).where(s.space == space).group_by(c.category))
    return {category: int(n) for category, n in rows}


def faults(tx: Tx, space: int) -> int:
    """Under how many keys more units went than ever came: then the counts are wrong."""
    return int(tx.conn.scalar(select(func.count()).where(standing.c.space == space, standing.c.n < 0)) or 0)


def moved(tx: Tx, space: int, since: int, until: int, step: int, by: By = ("channel", "state")) -> Counts:
    """Net change of units by (slot, *by) from minute `since` to below `until`; slot n is the n-th `step` minutes from `since`.

    The sum over all states of a slot is how many units were accepted in it.
    """

    def slot(minute: Any) -> ColumnElement[int]:
        return ((minute - literal(since)) // literal(step)).label("slot")  # type: ignore[no-any-return]

    keys = [slot(totals.c.minute), *(totals.c[name] for name in by)]
    where = (totals.c.space == space, totals.c.minute >= since, totals.c.minute < until)
    rows = tx.conn.execute(select(*keys, func.sum(totals.c.n)).where(*where).group_by(*keys))
    count: Counts = Counter({tuple(row[:-1]): int(row[-1]) for row in rows})
    fresh = [deltas.c.space == space, deltas.c.minute >= since, deltas.c.minute < until]
    _add_deltas(tx, count, [slot(deltas.c.minute), *(deltas.c[name] for name in by[:-1])], fresh)
    return Counter({key: n for key, n in count.items() if n})


def by_state(counts: Counts) -> dict[tuple[int, ...], Counter[int]]:
    """The same, with the states of each key together."""
    found: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for (*key, state), n in counts.items():
        found[tuple(key)][state] += n
    return found


def _add_deltas(tx: Tx, count: Counts, keys: list[Any], where: list[Any]) -> None:
    whole = [*keys, deltas.c.was, deltas.c.now]
    for *key, was, now, n in tx.conn.execute(select(*whole, func.sum(deltas.c.n)).where(*where).group_by(*whole)):
        count[(*key, now)] += int(n)
        if was != NOTHING:
            count[(*key, was)] -= int(n)
