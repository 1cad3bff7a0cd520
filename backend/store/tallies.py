"""Tallies: how units fared, by the quarter of an hour they were born in. Kept by the rollup's compaction; read, never made, from rows.

Nothing of a person is in them, so they stay when history is dropped by age.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Table, case, delete, func, literal, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.delivery import SKIPPED, State
from backend.domain.ids import NO_ID
from backend.domain.tally import BESIDE, QUARTER, REFUSED, SHIFTS, STAMP, TAKEN, Cut, kinds_of, quarter_of
from backend.store.counted import NOTHING
from backend.store.port import Tx
from backend.store.tables import cohorts, deliveries, deltas, inbox, notifications, receipts, tallies, tally_days

ALL = 0  # the cohort that stands for all of them
DAY = 96  # quarters
FEW = 500  # cohorts named one by one
Net = Counter[tuple[int, int, int, int, str, int]]  # (space, born, cohort, channel, provider, kind)


def keep(tx: Tx, rows: Iterable[Row[Any]]) -> None:
    """Add deltas to the tallies; part of the compaction's transaction."""
    net: Net = Counter()
    for row in rows:
        key = (row.space, row.born or row.minute * 60 // QUARTER, row.cohort, row.channel)  # 0: written before units were tallied
        if row.now in BESIDE:
            net[(*key, row.provider if row.now in SHIFTS else "", row.now)] += row.n
            continue
        net[(*key, "", row.now)] += row.n
        if row.was != NOTHING:
            net[(*key, "", row.was)] -= row.n
        for kind, sign in kinds_of(row.was, row.now, row.provider, row.took):
            net[(*key, row.provider, kind)] += sign * row.n
    add(tx, net)


def add(tx: Tx, net: Net) -> None:
    """Add to the tallies: by cohort, for all cohorts together, and by day."""
    whole: Net = Counter()
    days: Net = Counter()
    for (space, born, cohort, channel, provider, kind), n in net.items():
        whole[space, born, ALL, channel, provider, kind] += n
        days[space, born // DAY, cohort, channel, provider, kind] += n
    _add(tx, tallies, "born", net)
    _add(tx, tallies, "born", whole)
    _add(tx, tally_days, "day", days)


def _add(tx: Tx, table: Table, when: str, net: Net) -> None:
    names = ("space", when, "cohort", "channel", "provider", "kind")
    if values := [dict(zip((*names, "n"), (*key, n), strict=True)) for key, n in sorted(net.items()) if n]:
        make: Any = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(table)
        tx.conn.execute(make.on_conflict_do_update(index_elements=list(names), set_={"n": table.c.n + make.excluded.n}), values)


def drop(tx: Tx, space: int, cohort: int, limit: int) -> bool:
    """Take some `limit` tallies of a cohort away, also from those of all cohorts together; True when none is left. Its days are left to the caller."""
    t = tallies.c
    mine = [t.space == space, t.cohort == cohort]
    borns = select(t.born).where(*mine).order_by(t.born)
    start, bound = (tx.conn.scalar(borns.offset(skipped).limit(1)) for skipped in (0, limit))
    if bound is not None and start is not None:
        mine.append(t.born < max(bound, start + 1))  # whole quarters, or what is taken off could be another part of it
    whole: Net = Counter()
    for row in tx.conn.execute(select(tallies).where(*mine)):
        whole[space, row.born, ALL, row.channel, row.provider, row.kind] -= row.n
    _add(tx, tallies, "born", whole)
    tx.conn.execute(delete(tallies).where(*mine))
    if bound is None:
        tx.conn.execute(delete(tallies).where(t.space == space, t.cohort == ALL, t.n == 0))
    return bound is None


class Asked(msgspec.Struct, frozen=True):
    """Which units: born from quarter `since` to below `until`; "" in a field means all of them.

    `provider`: only what this one answered or reported. States and stamps name none: they are not among it.
    """

    space: int
    since: int
    until: int
    category: str = ""
    priority: str = ""
    template: str = ""
    channel: int = 0
    provider: str = ""
    campaigns: tuple[str, ...] | None = None  # of these alone; of none, where it is empty
    variant: int | None = None


class Timed(msgspec.Struct, frozen=True):
    """`n` units of a kind in a slot: the number of the cut they lie in."""

    slot: int
    channel: int
    kind: int
    n: int


class Tally(msgspec.Struct, frozen=True):
    """`n` units of a kind."""

    category: str
    priority: str
    template: str
    channel: int
    provider: str
    kind: int
    n: int


def together(tx: Tx) -> None:
    """For the rest of this transaction PostgreSQL shares a look at tallies among its workers, and finds rows by index: left to itself it
    walks a month alone, in twice the time, or shares a walk over the whole table.
    """
    if tx.dialect != "sqlite":
        cheap = {"parallel_setup_cost": "10", "parallel_tuple_cost": "0.001", "enable_seqscan": "off"}
        tx.conn.execute(select(*[func.set_config(name, value, literal(True)) for name, value in cheap.items()]))


def by_time(tx: Tx, asked: Asked, cut: Cut) -> list[Timed]:
    """What was tallied of these units, by slot, channel and kind."""
    t, slot = tallies.c, slot_of(cut)
    statement = select(slot, t.channel, t.kind, func.sum(t.n)).where(*_over_time(tx, asked)).group_by(slot, t.channel, t.kind)
    return [Timed(row[0], row[1], row[2], int(row[3])) for row in tx.conn.execute(statement) if row[3]]


def by_parts(tx: Tx, asked: Asked) -> list[Tally]:
    """The same by category, priority, template, channel, provider and kind."""
    c = cohorts.c
    named = [func.coalesce(column, "") for column in (c.category, c.priority, c.template)]  # of what nobody could decide there is no cohort
    return [Tally(row[0], row[1], row[2], row[3], row[4], row[5], int(row[6])) for row in summed(tx, asked, named)]


def summed(tx: Tx, asked: Asked, named: Sequence[ColumnElement[Any]]) -> list[Sequence[Any]]:
    """Units and people by these columns of their cohorts, then by channel, provider and kind. Whole days are read as days, what is before and after as quarters."""
    c, first, last = cohorts.c, -(-asked.since // DAY), asked.until // DAY
    if first < last:
        edges = [(asked.since, first * DAY), (last * DAY, asked.until)]
        d = tally_days.c
        days = select(d.cohort, d.channel, d.provider, d.kind, d.n).where(d.day >= first, d.day < last, *_of(tx, tally_days, asked))
    else:
        edges, days = [(asked.since, asked.until)], None
    t = tallies.c
    parts = [
        select(t.cohort, t.channel, t.provider, t.kind, t.n).where(t.born >= since, t.born < until, t.cohort != ALL, *_of(tx, tallies, asked))
        for since, until in edges
        if since < until
    ]
    every = union_all(*parts, *([] if days is None else [days])).subquery()
    e = every.c
    p = select(e.cohort, e.channel, e.provider, e.kind, func.sum(e.n).label("n")).group_by(e.cohort, e.channel, e.provider, e.kind).subquery().c
    keys = [*named, p.channel, p.provider, p.kind]
    source = p.cohort.table.outerjoin(cohorts, (c.space == asked.space) & (c.cohort == p.cohort))
    found = tx.conn.execute(select(*keys, func.sum(p.n)).select_from(source).group_by(*keys))
    return [tuple(row) for row in found if row[len(keys)] and row[len(keys) - 1] not in SHIFTS]


def by_slot(tx: Tx, asked: Asked, cut: Cut, kinds: Sequence[int]) -> dict[int, int]:
    """Units of these kinds by slot."""
    slot, kind = slot_of(cut), tallies.c.kind + literal(0, literal_execute=True)  # so that the index is not walked once for every kind
    statement = select(slot, func.sum(tallies.c.n)).where(*_over_time(tx, asked), kind.in_(list(kinds))).group_by(slot)
    return {int(number): int(n) for number, n in tx.conn.execute(statement)}


def first(tx: Tx, space: int) -> int | None:
    """The quarter of the oldest tally of a unit."""
    t = tallies.c
    found: int | None = tx.conn.scalar(select(t.born).where(t.space == space, t.kind.not_in(sorted(SHIFTS))).order_by(t.born).limit(1))
    return found


def waiting_since(tx: Tx, space: int) -> int | None:
    """The minute of the oldest move that is not compacted yet."""
    found: int | None = tx.conn.scalar(select(func.min(deltas.c.minute)).where(deltas.c.space == space))
    return found


def names(tx: Tx, space: int) -> dict[str, list[str]]:
    """What can be filtered by: the categories, priorities and templates that ever were counted."""
    c = cohorts.c
    return {
        column.name: list(tx.conn.scalars(select(column).where(c.space == space, column != "").distinct().order_by(column)))
        for column in (c.category, c.priority, c.template)
    }


def providers(tx: Tx, space: int, since: int, until: int) -> list[str]:
    """Who answered for units born in the days of these quarters."""
    d = tally_days.c
    where = (d.space == space, d.day >= since // DAY, d.day < -(-until // DAY), d.kind.in_((TAKEN, REFUSED)), d.n > 0, d.provider != "")
    return list(tx.conn.scalars(select(d.provider).where(*where).distinct().order_by(d.provider)))


def _over_time(tx: Tx, asked: Asked) -> list[ColumnElement[bool]]:
    """Quarters of these units: of all cohorts together where none is picked."""
    t = tallies.c
    where = [t.born >= asked.since, t.born < asked.until, *_of(tx, tallies, asked)]
    picked = asked.category or asked.priority or asked.template or asked.campaigns is not None or asked.variant is not None
    return where if picked else [*where, t.cohort == ALL]


def _of(tx: Tx, table: Table, asked: Asked) -> list[ColumnElement[bool]]:
    """The filters, but for time."""
    c = cohorts.c
    where = [table.c.space == asked.space]
    if asked.channel:
        where.append(table.c.channel == asked.channel)
    if asked.provider:
        where.append(table.c.provider == asked.provider)
    wanted = {c.category: asked.category, c.priority: asked.priority, c.template: asked.template}
    named = [column == value for column, value in wanted.items() if value]
    if asked.campaigns is not None:
        named.append(c.campaign.in_(asked.campaigns))
    if asked.variant is not None:
        named.append(c.variant == asked.variant)
    if named:
        wanted_cohorts = select(c.cohort).where(c.space == asked.space, *named)
        few = list(tx.conn.scalars(wanted_cohorts.limit(FEW + 1)))  # by number: behind a subquery PostgreSQL walks all quarters
        where.append(table.c.cohort.in_(few if len(few) <= FEW else wanted_cohorts))
    return where


def slot_of(cut: Cut) -> ColumnElement[int]:
    """The number of the cut a tally lies in."""
    ahead: Any = literal(cut.ahead, literal_execute=True)
    for quarter, then in cut.changes:
        ahead = case((tallies.c.born >= literal(quarter, literal_execute=True), literal(then, literal_execute=True)), else_=ahead)
    slot: ColumnElement[int] = (tallies.c.born + ahead) // literal(cut.width, literal_execute=True)
    return slot


def recounted(tx: Tx, space: int) -> Counter[tuple[int, int, int, int]]:
    """(born, cohort, channel, kind) -> units, states and stamps counted from the rows: what the tallies must be while no day was dropped."""
    d, n, r, i = deliveries.c, notifications.c, receipts.c, inbox.c
    found: Counter[tuple[int, int, int, int]] = Counter()
    places: dict[bytes, tuple[int, int]] = {}
    for made, cohort, channel, state in tx.conn.execute(select(d.id, d.cohort, d.channel, d.state).where(d.space == space)):
        places[made] = (cohort, channel)
        found[quarter_of(made), cohort, channel, State(state)] += 1
    for made, kind in tx.conn.execute(select(r.delivery, r.kind).where(r.space == space, r.kind.in_(list(STAMP))).distinct()):
        if made in places:
            found[(quarter_of(made), *places[made], STAMP[kind])] += 1
    rows = select(n.id, n.cohort, n.skipped, i.seen, i.read).outerjoin_from(notifications, inbox, (i.id == n.id) & (i.space == n.space))
    for made, cohort, skipped, seen, was_read in tx.conn.execute(rows.where(n.space == space, n.id != NO_ID)):
        found[quarter_of(made), cohort, 0, SKIPPED] += skipped  # the rows do not say on which channel: the trace does
        for stamp, at in (("seen", seen), ("read", was_read)):
            found[quarter_of(made), cohort, 1, STAMP[stamp]] += at is not None
    return +found
