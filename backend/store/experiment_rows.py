"""Rows of verdicts and looks, and what is counted of a run by variant. `body` of a verdict is JSON of domain.verdict.Kept, of a look of Look."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Integer, and_, case, exists, func, or_, select, true, update

from backend.domain.event import HOLDOUT
from backend.domain.tally import STAMP
from backend.domain.verdict import Count
from backend.store.port import Tx
from backend.store.tables import cohorts, looks, recipients, runs, tallies, verdicts, waves
from backend.store.upsert import insert_new, upsert

OFF = "off"  # the state of a run without an experiment: it is not looked at


class VerdictRow(msgspec.Struct, kw_only=True):
    """A row of `verdicts`; `next`: when it is looked at again, None when it is decided. `variant`: the winner, -1 for none."""

    space: int
    run: bytes
    state: str
    variant: int = -1
    body: str = "{}"
    next: float | None
    at: float


def unwatched(tx: Tx, since: float, limit: int) -> list[tuple[int, bytes, str, int]]:
    """(space, run, campaign, version) of runs that have begun since then and are not looked at yet."""
    r, v = runs.c, verdicts.c
    none = ~exists().where(v.space == r.space, v.run == r.id)
    rows = tx.conn.execute(select(r.space, r.id, r.campaign, r.version).where(r.started >= since, none).order_by(r.started).limit(limit))
    return [(space, bytes(made), campaign, version) for space, made, campaign, version in rows]


def watch(tx: Tx, row: VerdictRow) -> None:
    """From now on; nothing when it is watched already."""
    insert_new(tx, verdicts, [msgspec.structs.asdict(row)])


def come(tx: Tx, before: float, limit: int) -> list[VerdictRow]:
    """Those to be looked at, the longest waiting first."""
    rows = tx.conn.execute(select(verdicts).where(verdicts.c.next <= before).order_by(verdicts.c.next).limit(limit)).mappings()
    return [VerdictRow(**row) for row in rows]


def get(tx: Tx, space: int, run: bytes, *, lock: bool = False) -> VerdictRow | None:
    """The verdict of a run, or None."""
    statement = select(verdicts).where(verdicts.c.space == space, verdicts.c.run == run)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else VerdictRow(**row)


def put(tx: Tx, row: VerdictRow) -> None:
    """Insert or overwrite."""
    upsert(tx, verdicts, msgspec.structs.asdict(row))


def later(tx: Tx, space: int, run: bytes, at: float) -> None:
    """Look again then."""
    tx.conn.execute(update(verdicts).where(verdicts.c.space == space, verdicts.c.run == run).values(next=at))


def page(tx: Tx, space: int, before: tuple[float, bytes] | None, limit: int) -> list[VerdictRow]:
    """Experiments of the space, what was looked at last first, behind (at, run)."""
    v = verdicts.c
    behind = or_(v.at < before[0], and_(v.at == before[0], v.run < before[1])) if before else true()
    statement = select(verdicts).where(v.space == space, v.state != OFF, behind).order_by(v.at.desc(), v.run.desc()).limit(limit)
    return [VerdictRow(**row) for row in tx.conn.execute(statement).mappings()]


def add_look(tx: Tx, space: int, run: bytes, at: float, body: str) -> None:
    """What it showed at a moment; one a moment."""
    insert_new(tx, looks, [{"space": space, "run": run, "at": at, "body": body}])


def looks_of(tx: Tx, space: int, run: bytes, limit: int) -> list[tuple[float, str]]:
    """(at, body), the oldest first; the newest `limit` of them."""
    c = looks.c
    rows = tx.conn.execute(select(c.at, c.body).where(c.space == space, c.run == run).order_by(c.at.desc()).limit(limit)).all()
    return [(at, body) for at, body in reversed(rows)]


class Counted(msgspec.Struct):
    """Of a run. `arms`: variant -> counts of those who are tried on; `later`: of those of the rest who got it, or will; `rest`: people who wait for the winner, or got it; `holdout`: (people, hits);
    `first`, `last`: when the first and the last of those tried on are told, None while nobody knows."""

    arms: Mapping[int, Count]
    rest: int
    holdout: tuple[int, int]
    first: float | None
    last: float | None
    later: Mapping[int, Count] = {}
    waits: bool = False  # whether somebody of the rest was not released yet


def counted(tx: Tx, space: int, run: bytes, metric: str, window: float, now: float) -> Counted:
    """One scan of the run's recipients. A hit counts within `window` seconds of the moment its person's wave begins, and when it has happened."""
    r, w = recipients.c, waves.c
    hit = case((and_(r[metric] <= now, or_(w.at.is_(None), r[metric] <= w.at + window)), 1), else_=0)
    names = ("got", "unsubscribed", "complained", "bounced")
    sums = [func.sum(case((r[name].is_not(None), 1), else_=0), type_=Integer) for name in names]
    rows = tx.conn.execute(
        select(r.variant, w.kind, func.count(), func.sum(hit, type_=Integer), *sums)
        .select_from(recipients.outerjoin(waves, and_(w.space == r.space, w.run == r.run, w.n == r.wave)))
        .where(r.run == run, r.space == space)
        .group_by(r.variant, w.kind)
    ).all()
    machine = _machine(tx, space, run)
    arms: dict[int, Count] = {}
    later: dict[int, Count] = {}
    rest, held = 0, (0, 0)
    for variant, kind, people, hits, got, *bad in rows:
        if variant == HOLDOUT:
            held = (held[0] + people, held[1] + int(hits or 0))
        elif variant < 0 or kind == "rest":
            rest += people
        if variant >= 0:
            side = later if kind == "rest" else arms
            old = side.get(variant, Count())
            side[variant] = Count(
                old.people + people, old.hits + int(hits or 0), machine.get(variant, 0), old.got + int(got or 0), old.unsubscribed + int(bad[0] or 0),
                old.complained + int(bad[1] or 0), old.bounced + int(bad[2] or 0),
            )  # fmt: skip
    span = tx.conn.execute(select(func.min(w.at), func.max(w.at)).where(w.space == space, w.run == run, w.kind != "rest")).one()
    waits = tx.conn.execute(select(w.n).where(w.space == space, w.run == run, w.kind == "rest", w.state != "finished").limit(1)).first() is not None
    return Counted(arms, rest, held, span[0], span[1], later, waits)


def _machine(tx: Tx, space: int, run: bytes) -> dict[int, int]:
    """variant -> opens by machines."""
    c, t = cohorts.c, tallies.c
    joined = cohorts.join(tallies, and_(t.space == c.space, t.cohort == c.cohort))
    rows = tx.conn.execute(
        select(c.variant, func.sum(t.n, type_=Integer)).select_from(joined)
        .where(c.space == space, c.event == run, t.kind == STAMP["opened_machine"]).group_by(c.variant)
    )  # fmt: skip
    return {int(variant): int(n) for variant, n in rows}


def runs_of(tx: Tx, space: int, keys: Sequence[bytes]) -> dict[bytes, tuple[str, int]]:
    """run -> (campaign, version)."""
    r = runs.c
    rows = tx.conn.execute(select(r.id, r.campaign, r.version).where(r.space == space, r.id.in_(list(keys))))
    return {bytes(made): (campaign, version) for made, campaign, version in rows}
