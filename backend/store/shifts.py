"""Shifts counted: what changed of what people want, in the transaction that changes it, as deltas that the rollup sums up into tallies.

They stand under cohorts of their own, one for each category and one for what is about none, those of the demo's people apart. The tally's
`provider` is the way it was said. Nothing of a person is in them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, insert, select

from backend.domain.ids import NO_ID, cohort_id
from backend.domain.shift import Shift
from backend.domain.tally import QUARTER, SHIFT, Cut
from backend.store import tallies
from backend.store.port import Tx
from backend.store.tables import categories, cohorts, deltas
from backend.store.tables import tallies as table
from backend.store.upsert import insert_new


class Said(NamedTuple):
    """A shift, the way it came (of `domain.shift.WAYS`), whether of one of the demo's people, and the quarter in which it was said."""

    shift: Shift
    way: str
    demo: bool
    quarter: int


class Shifted(NamedTuple):
    """`n` shifts of a kind in a slot: the number of the cut they lie in."""

    category: str
    slot: int
    channel: int
    way: str
    kind: int
    n: int


def cohort_of(space: int, category: str, *, demo: bool = False) -> int:
    """Where shifts about a category are counted, "" for those about none."""
    return cohort_id(space, "shifts", category, *(["demo"] if demo else []))


def count(tx: Tx, space: int, some: Iterable[Shift], way: str, now: float, *, demo: bool = False) -> None:
    """Count what one person, or several alike, changed just now."""
    keep(tx, space, Counter(Said(shift, way, demo, int(now // QUARTER)) for shift in some), now)


def keep(tx: Tx, space: int, said: Mapping[Said, int], now: float) -> None:
    """Count each as often as it says; call it in the transaction that writes what changed."""
    rows, moved = {}, []
    for one, n in sorted(said.items()):
        cohort = cohort_of(space, one.shift.category, demo=one.demo)
        rows[cohort] = {
            "space": space, "cohort": cohort, "category": one.shift.category, "priority": "", "template": "", "version": 0, "event": NO_ID, "created": now,
            "demo": one.demo,
        }  # fmt: skip
        kind = one.shift.kind
        moved.append({
            "space": space, "cohort": cohort, "minute": int(now // 60), "channel": one.shift.channel, "was": kind, "now": kind, "n": n, "born": one.quarter,
            "provider": one.way,
        })  # fmt: skip
    if moved:
        insert_new(tx, cohorts, list(rows.values()))
        tx.conn.execute(insert(deltas), moved)


def read(tx: Tx, space: int, first: int, below: int, cut: Cut) -> list[Shifted]:
    """Those of quarters `first` to below `below`. A category that was there once stays, so their cohorts are known without looking for them."""
    t, kinds = table.c, tuple(SHIFT.values())
    keys: Sequence[str] = ["", *tx.conn.scalars(select(categories.c.key).where(categories.c.space == space))]
    about = {cohort_of(space, key, demo=demo): key for key in keys for demo in (False, True)}
    slot = tallies.slot_of(cut)
    where = (t.space == space, t.cohort.in_(list(about)), t.born >= first, t.born < below, t.kind.between(min(kinds), max(kinds)))
    statement = select(t.cohort, slot, t.channel, t.provider, t.kind, func.sum(t.n)).where(*where).group_by(t.cohort, slot, t.channel, t.provider, t.kind)
    return [Shifted(about[row[0]], int(row[1]), row[2], row[3], row[4], int(row[5])) for row in tx.conn.execute(statement) if row[5]]
