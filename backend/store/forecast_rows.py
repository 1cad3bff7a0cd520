"""Forecasts, the snapshots they walk, and where a run went otherwise.

Whom a forecast is about is written down in `snapshots`, a narrow row each; what was foreseen of them is added to `recipients` under the forecast's
own id, chunk by chunk. (Rows changed in place cost PostgreSQL twice as much, and a plan that looks for them among rows it has no statistics of yet.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, and_, delete, func, insert, literal, select, update

from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.forecast import JOINED, Difference
from backend.domain.ids import NO_ID
from backend.store import fanouts, packed
from backend.store.port import Tx
from backend.store.tables import audiences, campaigns, differences, forecasts, recipients, runs, snapshots
from backend.store.upsert import insert_new

NOT_ASSIGNED = -1  # in `recipients.variant` of whom nobody has looked at yet
_r = recipients.c
_SQLITE = "insert into recipients (run, person, space, variant, wave, foreseen) values (?, ?, ?, ?, 0, ?)"
_POSTGRES = """insert into recipients (run, person, space, variant, wave, foreseen)
  select $4::uuid, d.person, $5::smallint, d.variant, 0, d.foreseen from unnest($1::bigint[], $2::smallint[], $3::bytea[]) as d(person, variant, foreseen)"""


class ForecastRow(msgspec.Struct, kw_only=True):
    """A row of `forecasts`. `state`: counting, done, stopped, failed."""

    space: int
    id: bytes
    campaign: str
    revision: int
    state: str
    cursor: int = -1
    total: int = 0
    done: int = 0
    body: str = "{}"
    at: float
    ended: float | None = None
    by: str = ""
    claimed: float = 0.0


class DraftRow(msgspec.Struct):
    """What a forecast reads of its campaign."""

    body: str
    revision: int
    state: str


# ---- forecasts
def draft(tx: Tx, space: int, key: str) -> DraftRow | None:
    """The campaign as it is now."""
    c = campaigns.c
    row = tx.conn.execute(select(c.body, c.revision, c.state).where(c.space == space, c.key == key)).first()
    return None if row is None else DraftRow(*row)


def versions_of(tx: Tx, space: int, keys: Sequence[str]) -> dict[str, int]:
    """The version of each of these audiences that exists."""
    a = audiences.c
    return {key: int(n) for key, n in tx.conn.execute(select(a.key, a.version).where(a.space == space, a.key.in_(list(keys))))}


def put(tx: Tx, row: ForecastRow) -> None:
    """A new one."""
    tx.conn.execute(insert(forecasts).values(**msgspec.structs.asdict(row)))


def get(tx: Tx, space: int, campaign: str, made: bytes | None = None) -> ForecastRow | None:
    """One of the campaign, or its newest."""
    f = forecasts.c
    where = [f.space == space, f.campaign == campaign, *([f.id == made] if made else [])]
    row = tx.conn.execute(select(forecasts).where(*where).order_by(f.at.desc(), f.id.desc()).limit(1)).mappings().first()
    return None if row is None else ForecastRow(**row)


def open_ones(tx: Tx, now: float, limit: int) -> list[ForecastRow]:
    """Those that somebody has to walk, the oldest first; not those that a process has for itself."""
    f = forecasts.c
    rows = tx.conn.execute(select(forecasts).where(f.state == "counting", f.claimed <= now).order_by(f.at).limit(limit)).mappings()
    return [ForecastRow(**row) for row in rows]


def claim(tx: Tx, row: ForecastRow, until: float) -> bool:
    """Have it for oneself until then. False when another process was quicker, or somebody stopped it."""
    f = forecasts.c
    mine = update(forecasts).where(f.space == row.space, f.id == row.id, f.state == "counting", f.claimed == row.claimed).values(claimed=until)
    row.claimed = until
    return tx.conn.execute(mine).rowcount == 1


def forward(tx: Tx, row: ForecastRow, **values: Any) -> bool:
    """Put it forward, and take the row along. False, having changed nothing, when it is no longer ours: stopped, or walked by another."""
    f = forecasts.c
    mine = update(forecasts).where(f.space == row.space, f.id == row.id, f.state == "counting", f.claimed == row.claimed).values(**values)
    return tx.conn.execute(mine).rowcount == 1


def stop(tx: Tx, space: int, campaign: str, now: float) -> int:
    """Stop what is being counted of this campaign; how many those were."""
    f = forecasts.c
    mine = update(forecasts).where(f.space == space, f.campaign == campaign, f.state == "counting").values(state="stopped", ended=now)
    return tx.conn.execute(mine).rowcount


def worn(tx: Tx, space: int, campaign: str, keep: bytes, limit: int) -> int:
    """Drop people of this campaign's older forecasts, at most so many, and then their rows; not what a run was started by. How many people went."""
    f, used = forecasts.c, select(runs.c.forecast).where(runs.c.space == space, runs.c.campaign == campaign)
    mine = (f.space == space, f.campaign == campaign, f.id != keep, f.state != "counting", f.id.not_in(used))
    gone = 0
    for made in list(tx.conn.scalars(select(f.id).where(*mine))):
        some = select(_r.person).where(_r.run == made, _r.space == space).order_by(_r.person).limit(limit - gone)
        gone += tx.conn.execute(delete(recipients).where(_r.run == made, _r.space == space, _r.person.in_(some))).rowcount
        gone += forget(tx, space, made, max(0, limit - gone))
        if gone >= limit:
            return gone
        tx.conn.execute(delete(forecasts).where(f.space == space, f.id == made))
    return gone


# ---- people
def snapshot(tx: Tx, space: int, forecast: bytes, whom: Select[tuple[int]]) -> int:
    """Keep whom it is about, in one statement; how many they are."""
    named = whom.subquery().c
    rows = select(literal(forecast, snapshots.c.event.type), named.person, literal(space, snapshots.c.space.type))
    tx.conn.execute(insert(snapshots).from_select(["event", "person", "space"], rows))
    return fanouts.size(tx, space, forecast)


def forget(tx: Tx, space: int, forecast: bytes, limit: int) -> int:
    """Drop so many of whom it was about, once that is not walked any more; how many those were."""
    s = snapshots.c
    some = select(s.person).where(s.event == forecast, s.space == space).order_by(s.person).limit(limit)
    return tx.conn.execute(delete(snapshots).where(s.event == forecast, s.space == space, s.person.in_(some))).rowcount


def weigh(tx: Tx) -> None:
    """Have PostgreSQL look at `recipients` again: a million rows more than its statistics know would be joined row by row with another million."""
    if tx.dialect == "postgresql":
        tx.conn.exec_driver_sql("analyze recipients")


def size(tx: Tx, space: int, run: bytes) -> int:
    """How many people a run is about."""
    return int(tx.conn.scalar(select(func.count()).where(_r.run == run, _r.space == space)) or 0)


def keep(tx: Tx, space: int, forecast: bytes, told: Sequence[tuple[int, int, bytes]]) -> None:
    """What was foreseen: (person, variant, code) of each."""
    if tx.dialect == "sqlite":
        tx.raw.executemany(_SQLITE, [(forecast, person, space, variant, code) for person, variant, code in told])
        return
    persons, variants, codes = zip(*told, strict=True)
    columns = packed.numbers(packed.INT8, persons), packed.numbers(packed.INT2, variants), packed.blobs(codes)
    packed.session(tx.raw).run("forecast_keep", _POSTGRES, *columns, forecast, packed.int2(space))


def people_of(tx: Tx, space: int, run: bytes, variants: Sequence[int]) -> dict[int, int]:
    """How many people of each of these variants there are."""
    rows = tx.conn.execute(select(_r.variant, func.count()).where(_r.run == run, _r.space == space, _r.variant.in_(list(variants))).group_by(_r.variant))
    return {int(variant): int(n) for variant, n in rows}


# ---- a run that follows a forecast
def reviewed(tx: Tx, space: int, campaign: str, since: float = 0.0) -> bytes:
    """The newest forecast of the campaign that was made since then (since its last run began) and counted to its end; NO_ID without one, and when its people
    were dropped by age: nobody would know any more what was foreseen of whom."""
    f = forecasts.c
    kept = (f.total == 0) | select(_r.person).where(_r.run == f.id, _r.space == space).exists()
    mine = (f.space == space, f.campaign == campaign, f.state == "done", f.at >= since, kept)
    made = tx.conn.scalar(select(f.id).where(*mine).order_by(f.at.desc(), f.id.desc()).limit(1))
    return made or NO_ID


def take(tx: Tx, space: int, run: bytes, forecast: bytes, whom: Select[tuple[int]], variant: int = NOT_ASSIGNED, *, alike: bool = True) -> int:
    """The snapshot of a run, in one statement: whom it tells, with variant and code of the forecast; who joined since has JOINED as code and
    `variant`. With `forecast` NO_ID nothing was foreseen of anybody. `alike` False: people are divided otherwise than when it was forecast, and
    all have `variant`. How many they are."""
    named, known = whom.subquery(), recipients.alias("seen")
    seen = known.c
    none = literal(b"" if forecast == NO_ID else JOINED, _r.foreseen.type)
    joined = named.outerjoin(known, and_(seen.run == forecast, seen.person == named.c.person, seen.space == space))
    if forecast == NO_ID:
        rows = select(literal(run, _r.run.type), named.c.person, literal(space, _r.space.type), literal(variant), literal(0), none)
    else:
        code = func.coalesce(func.nullif(seen.foreseen, literal(b"", _r.foreseen.type)), none)
        rows = select(
            literal(run, _r.run.type), named.c.person, literal(space, _r.space.type), func.coalesce(seen.variant, literal(variant)) if alike else literal(variant), literal(0), code
        ).select_from(joined)
    tx.conn.execute(insert(recipients).from_select(["run", "person", "space", "variant", "wave", "foreseen"], rows))
    return size(tx, space, run)


def left(tx: Tx, space: int, run: bytes, forecast: bytes, cursor: int, limit: int) -> list[tuple[int, bytes]]:
    """Whom the forecast knew and the run does not tell, behind `cursor`, by person: (person, code)."""
    told = recipients.alias("told").c
    gone = ~select(told.person).where(told.run == run, told.person == _r.person, told.space == space).exists()
    rows = tx.conn.execute(
        select(_r.person, _r.foreseen).where(_r.run == forecast, _r.space == space, _r.person > cursor, gone).order_by(_r.person).limit(limit)
    )
    return [(person, bytes(code)) for person, code in rows]


def differ(tx: Tx, space: int, run: bytes, found: Mapping[int, Sequence[Difference]], at: float) -> None:
    """Keep where a run went otherwise, by person; a row a channel, its units with commas between. What stands stays: a repeat changes nothing."""
    rows: dict[tuple[int, str], list[Difference]] = {}
    for person, some in found.items():
        for one in some:
            rows.setdefault((person, one.channel), []).append(one)
    insert_new(tx, differences, [
        {
            "run": run, "person": person, "channel": CHANNEL_NUMBER.get(channel, 0), "space": space, "at": at,
            **{name: ",".join(getattr(one, name) for one in some) for name in ("foreseen", "fact", "cause")},
        }
        for (person, channel), some in sorted(rows.items())
    ])  # fmt: skip


class DifferingRow(msgspec.Struct):
    """So many people of whom the same was otherwise on a channel."""

    channel: int
    foreseen: str
    fact: str
    cause: str
    n: int
    first: float
    last: float


def differing(tx: Tx, space: int, run: bytes) -> list[DifferingRow]:
    """The differences of a run, alike ones together."""
    d = differences.c
    alike = (d.channel, d.foreseen, d.fact, d.cause)
    rows = tx.conn.execute(select(*alike, func.count(), func.min(d.at), func.max(d.at)).where(d.run == run, d.space == space).group_by(*alike))
    return [DifferingRow(*row) for row in rows]


