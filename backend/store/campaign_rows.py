"""Rows of campaigns, their versions, runs and waves. `body` is JSON of domain.campaign.Campaign, of a run of domain.run.RunBody."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, delete, func, insert, or_, select, update

from backend.store.port import Tx
from backend.store.tables import campaign_versions, campaigns, cohorts, recipients, runs, waves
from backend.store.upsert import insert_new, upsert


class CampaignRow(msgspec.Struct, kw_only=True):
    """A row of `campaigns`; `next`: when it is looked at again, None while nothing is waited for."""

    space: int
    key: str
    name: str
    state: str
    body: str
    version: int = 0
    next: float | None = None
    submitted_by: str = ""
    approved_by: str = ""
    revision: int
    created: float
    changed: float
    changed_by: str = ""


class VersionRow(msgspec.Struct, kw_only=True):
    """A row of `campaign_versions`."""

    space: int
    key: str
    version: int
    body: str
    at: float
    by: str = ""
    note: str = ""


class RunRow(msgspec.Struct, kw_only=True):
    """A row of `runs`; `cursor`: the last person who was assigned while it is prepared; `forecast`: the one it was compared with, NO_ID for none."""

    space: int
    id: bytes
    campaign: str
    version: int
    planned: float
    state: str
    cursor: int = -1
    recipients: int = 0
    forecast: bytes
    body: str = "{}"
    created: float
    started: float | None = None
    ended: float | None = None
    next: float | None = None


class WaveRow(msgspec.Struct, kw_only=True):
    """A row of `waves`. `released`: people handed to the line so far. `ahead`: of people who are told by their own clocks, how many seconds these are
    ahead of UTC's."""

    space: int
    run: bytes
    n: int
    kind: str
    at: float | None
    variant: int = -1
    recipients: int
    released: int = 0
    state: str
    changed: float
    ahead: int | None = None


# ---- campaigns
def get(tx: Tx, space: int, key: str, *, lock: bool = False) -> CampaignRow | None:
    """The campaign, or None."""
    statement = select(campaigns).where(campaigns.c.space == space, campaigns.c.key == key)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else CampaignRow(**row)


def put(tx: Tx, row: CampaignRow) -> None:
    """Insert or overwrite."""
    upsert(tx, campaigns, msgspec.structs.asdict(row))


def count(tx: Tx, space: int) -> int:
    """How many the space has."""
    return int(tx.conn.scalar(select(func.count()).select_from(campaigns).where(campaigns.c.space == space)) or 0)


def by_state(tx: Tx, space: int) -> dict[str, int]:
    """How many there are in each state."""
    c = campaigns.c
    return {str(state): int(n) for state, n in tx.conn.execute(select(c.state, func.count()).where(c.space == space).group_by(c.state))}


def page(tx: Tx, space: int, before: tuple[float, str] | None, limit: int, state: str = "", text: str = "") -> list[CampaignRow]:
    """What was changed last comes first; behind (changed, key)."""
    c = campaigns.c
    statement = select(campaigns).where(c.space == space).order_by(c.changed.desc(), c.key.desc()).limit(limit)
    if before:
        statement = statement.where(or_(c.changed < before[0], and_(c.changed == before[0], c.key < before[1])))
    if state:
        statement = statement.where(c.state == state)
    if text:
        lower = text.lower()
        statement = statement.where(or_(func.lower(c.key).contains(lower, autoescape=True), func.lower(c.name).contains(lower, autoescape=True)))
    return [CampaignRow(**row) for row in tx.conn.execute(statement).mappings()]


def every(tx: Tx, space: int, states: Sequence[str]) -> list[CampaignRow]:
    """All in these states, by key."""
    c = campaigns.c
    rows = tx.conn.execute(select(campaigns).where(c.space == space, c.state.in_(list(states))).order_by(c.key)).mappings()
    return [CampaignRow(**row) for row in rows]


def remove(tx: Tx, space: int, key: str) -> None:
    """With its versions; what it has sent stays."""
    tx.conn.execute(delete(campaign_versions).where(campaign_versions.c.space == space, campaign_versions.c.key == key))
    tx.conn.execute(delete(campaigns).where(campaigns.c.space == space, campaigns.c.key == key))


def come(tx: Tx, before: float, limit: int) -> list[CampaignRow]:
    """Those whose time may have come, the longest waiting first."""
    c = campaigns.c
    rows = tx.conn.execute(select(campaigns).where(c.next <= before).order_by(c.next).limit(limit)).mappings()
    return [CampaignRow(**row) for row in rows]


def take(tx: Tx, row: CampaignRow) -> bool:
    """Lock it for this transaction; False when it is not any more as it was read, or somebody else has it in hand."""
    c = campaigns.c
    mine = (c.space == row.space, c.key == row.key, c.revision == row.revision, c.next == row.next)
    return tx.conn.execute(select(c.key).where(*mine).with_for_update(skip_locked=True)).first() is not None


def add_version(tx: Tx, row: VersionRow) -> None:
    """What is started from now on."""
    tx.conn.execute(insert(campaign_versions), msgspec.structs.asdict(row))


def version(tx: Tx, space: int, key: str, number: int) -> VersionRow | None:
    """One version."""
    v = campaign_versions.c
    row = tx.conn.execute(select(campaign_versions).where(v.space == space, v.key == key, v.version == number)).mappings().first()
    return None if row is None else VersionRow(**row)


def versions(tx: Tx, space: int, key: str) -> list[VersionRow]:
    """The newest first."""
    v = campaign_versions.c
    rows = tx.conn.execute(select(campaign_versions).where(v.space == space, v.key == key).order_by(v.version.desc()).limit(200)).mappings()
    return [VersionRow(**row) for row in rows]


# ---- runs
def run(tx: Tx, space: int, made: bytes, *, lock: bool = False) -> RunRow | None:
    """One run."""
    statement = select(runs).where(runs.c.space == space, runs.c.id == made)
    row = tx.conn.execute(statement.with_for_update() if lock else statement).mappings().first()
    return None if row is None else RunRow(**row)


def add_run(tx: Tx, row: RunRow) -> bool:
    """False when it is there already."""
    return insert_new(tx, runs, [msgspec.structs.asdict(row)]) == 1


def change_run(tx: Tx, row: RunRow, **values: Any) -> None:
    """Set some of its columns."""
    tx.conn.execute(update(runs).where(runs.c.space == row.space, runs.c.id == row.id).values(**values))


def take_run(tx: Tx, row: RunRow) -> RunRow | None:
    """Locked, as it is now; None while somebody else has it in hand, or when it went on since."""
    r = runs.c
    mine = (r.space == row.space, r.id == row.id, r.next == row.next, r.state == row.state, r.cursor == row.cursor)
    found = tx.conn.execute(select(runs).where(*mine).with_for_update(skip_locked=True)).mappings().first()
    return None if found is None else RunRow(**found)


def runs_come(tx: Tx, before: float, limit: int) -> list[RunRow]:
    """Those to be looked at, the longest waiting first."""
    rows = tx.conn.execute(select(runs).where(runs.c.next <= before).order_by(runs.c.next).limit(limit)).mappings()
    return [RunRow(**row) for row in rows]


def runs_of(tx: Tx, space: int, key: str, before: tuple[float, bytes] | None, limit: int) -> list[RunRow]:
    """The newest first, behind (planned, id)."""
    r = runs.c
    statement = select(runs).where(r.space == space, r.campaign == key).order_by(r.planned.desc(), r.id.desc()).limit(limit)
    if before:
        statement = statement.where(or_(r.planned < before[0], and_(r.planned == before[0], r.id < before[1])))
    return [RunRow(**row) for row in tx.conn.execute(statement).mappings()]


def newest_runs(tx: Tx, space: int, keys: Sequence[str]) -> dict[str, RunRow]:
    """The newest of each campaign that has one."""
    found = ((key, runs_of(tx, space, key, None, 1)) for key in keys)
    return {key: rows[0] for key, rows in found if rows}


def cohorts_of(tx: Tx, space: int, made: bytes) -> list[int]:
    """The cohorts of a run: one a variant."""
    return list(tx.conn.scalars(select(cohorts.c.cohort).where(cohorts.c.space == space, cohorts.c.event == made)))


# ---- waves
def waves_of(tx: Tx, space: int, made: bytes) -> list[WaveRow]:
    """Of a run, in order."""
    w = waves.c
    rows = tx.conn.execute(select(waves).where(w.space == space, w.run == made).order_by(w.n)).mappings()
    return [WaveRow(**row) for row in rows]


def add_waves(tx: Tx, rows: Sequence[WaveRow]) -> None:
    """Of a run that was prepared."""
    insert_new(tx, waves, [msgspec.structs.asdict(row) for row in rows])


def change_wave(tx: Tx, space: int, made: bytes, n: int, **values: Any) -> None:
    """Set some of its columns."""
    w = waves.c
    tx.conn.execute(update(waves).where(w.space == space, w.run == made, w.n == n).values(**values))


def released(tx: Tx, space: int, made: bytes, n: int, upto: int, state: str, now: float) -> None:
    """So many of the wave were handed to the line; a repeated step says the same."""
    w = waves.c
    where = (w.space == space, w.run == made, w.n == n, w.released <= upto)
    tx.conn.execute(update(waves).where(*where).values(released=upto, state=state, changed=now))


def walk(tx: Tx, space: int, made: bytes, n: int, cursor: int, limit: int) -> list[tuple[int, int, bytes]]:
    """(person, variant, foreseen) of the next of a wave, by person."""
    r = recipients.c
    rows = tx.conn.execute(
        select(r.person, r.variant, r.foreseen).where(r.run == made, r.space == space, r.wave == n, r.person > cursor).order_by(r.person).limit(limit)
    )
    return [(person, variant, bytes(foreseen)) for person, variant, foreseen in rows]
