"""Compacting deltas into totals, into what stands (`counted`) and into `tallies`, and reading totals and deltas together.

A total is the net change of the units in a state within one minute; summed from the beginning it is how many are there. What is
not compacted yet stands in `deltas`: sums are always taken over both, in one snapshot.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.store import tallies
from backend.store.counted import NOTHING, keep_standing
from backend.store.port import Tx
from backend.store.tables import deltas, totals


def compact(tx: Tx, limit: int) -> int:
    """Fold up to `limit` of the oldest deltas into totals; how many that were."""
    statement = select(deltas).order_by(deltas.c.n_th).limit(limit)
    if tx.dialect == "postgresql":
        statement = statement.with_for_update(skip_locked=True)
    rows = tx.conn.execute(statement).all()
    if not rows:
        return 0
    net: Counter[tuple[int, int, int, int, int]] = Counter()
    for row in rows:
        key = (row.space, row.cohort, row.minute, row.channel)
        net[(*key, row.now)] += row.n
        if row.was != NOTHING:
            net[(*key, row.was)] -= row.n
    values = [
        dict(zip(("space", "cohort", "minute", "channel", "state", "n"), (*key, n), strict=True)) for key, n in sorted(net.items()) if n
    ]
    if values:
        make: Any = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(totals)
        keys = ["space", "cohort", "minute", "channel", "state"]
        tx.conn.execute(make.on_conflict_do_update(index_elements=keys, set_={"n": totals.c.n + make.excluded.n}), values)
    stood: Counter[tuple[int, int, int, int]] = Counter()
    for (space, cohort, _, channel, state), n in net.items():
        stood[space, cohort, channel, state] += n
    keep_standing(tx, stood)
    tallies.keep(tx, rows)
    ids = [row.n_th for row in rows]
    for start in range(0, len(ids), 1000):
        tx.conn.execute(delete(deltas).where(deltas.c.n_th.in_(ids[start : start + 1000])))
    return len(rows)


def states(tx: Tx, space: int, cohorts: Sequence[int]) -> Counter[int]:
    """Units by state (SKIPPED among them) of these cohorts, over totals and deltas."""
    count: Counter[int] = Counter()
    wanted = list(cohorts)
    of_totals = (
        select(totals.c.state, func.sum(totals.c.n)).where(totals.c.space == space, totals.c.cohort.in_(wanted)).group_by(totals.c.state)
    )
    for state, n in tx.conn.execute(of_totals):
        count[state] += int(n)
    of_deltas = (
        select(deltas.c.was, deltas.c.now, func.sum(deltas.c.n))
        .where(deltas.c.space == space, deltas.c.cohort.in_(wanted))
        .group_by(deltas.c.was, deltas.c.now)
    )
    for was, now, n in tx.conn.execute(of_deltas):
        count[now] += int(n)
        if was != NOTHING:
            count[was] -= int(n)
    return +count


def everything(tx: Tx, space: int) -> Counter[int]:
    """Units by state of a whole space."""
    known = tx.conn.scalars(
        select(totals.c.cohort).where(totals.c.space == space).union(select(deltas.c.cohort).where(deltas.c.space == space))
    ).all()
    return states(tx, space, known)
