"""What stands of a campaign's runs, from counts alone: units by channel and state, of the cohorts that a run has."""

from collections import Counter

import msgspec
from sqlalchemy import func, select

from backend.domain.ids import NO_ID
from backend.store import counted
from backend.store.port import Tx
from backend.store.tables import cohorts, recipients, runs, waves


class RunRow(msgspec.Struct):
    """What a forecast's report reads of a run."""

    id: bytes
    forecast: bytes
    recipients: int
    state: str


def run_of(tx: Tx, space: int, campaign: str, run: bytes | None = None) -> RunRow | None:
    """One of the campaign, or its newest."""
    r = runs.c
    where = [r.space == space, r.campaign == campaign, *([r.id == run] if run else [])]
    row = tx.conn.execute(select(r.id, r.forecast, r.recipients, r.state).where(*where).order_by(r.planned.desc(), r.id.desc()).limit(1)).first()
    return None if row is None else RunRow(row.id, row.forecast or NO_ID, int(row.recipients), row.state)


def standing_of(tx: Tx, space: int, campaign: str, run: bytes) -> Counter[tuple[int, int]]:
    """(channel, state) -> units of the run now."""
    c = cohorts.c
    mine = list(tx.conn.scalars(select(c.cohort).where(c.space == space, c.campaign == campaign, c.event == run)))
    found: Counter[tuple[int, int]] = Counter()
    if mine:
        for (channel, state), n in counted.now_standing(tx, space, cohorts=mine).items():
            found[channel, state] += n
    return found


def waiting_of(tx: Tx, space: int, run: bytes) -> Counter[bytes]:
    """What was foreseen (domain.forecast) of those whose wave has not begun: code -> people."""
    w, r = waves.c, recipients.c
    later = list(tx.conn.scalars(select(w.n).where(w.space == space, w.run == run, w.state == "waiting")))
    if not later:
        return Counter()
    rows = tx.conn.execute(select(r.foreseen, func.count()).where(r.run == run, r.space == space, r.wave.in_(later)).group_by(r.foreseen))
    return Counter({bytes(code): int(n) for code, n in rows})
