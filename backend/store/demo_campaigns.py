"""Taking the demo's campaigns and audiences away. Runs go first, so that nothing of them is handed to the line any more; their events go last,
when nobody of the demo is left in them."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, select, update

from backend.domain.event import CAMPAIGN
from backend.store import campaign_rows, halts, hot, parked
from backend.store import tables as t
from backend.store.port import Tx


def drop_runs(tx: Tx, space: int, key: str) -> None:
    """All that was ever run or foreseen of a campaign, but the events, notifications and deliveries."""
    r, f, d, scope = t.runs.c, t.forecasts.c, t.due.c, f"campaign:{key}"
    runs = list(tx.conn.scalars(select(r.id).where(r.space == space, r.campaign == key)))
    foreseen = list(tx.conn.scalars(select(f.id).where(f.space == space, f.campaign == key)))
    for made in runs:
        low, high = hot.born_range(made)
        tx.conn.execute(delete(t.due).where(d.space == space, d.id >= low, d.id < high))
        halts.remove(tx, space, f"cancelled:{made.hex()}")
        for table in (t.waves, t.verdicts, t.looks, t.differences):
            tx.conn.execute(delete(table).where(table.c.space == space, table.c.run == made))
    for made in (*runs, *foreseen):
        tx.conn.execute(delete(t.recipients).where(t.recipients.c.run == made, t.recipients.c.space == space))
    for made in foreseen:
        tx.conn.execute(delete(t.snapshots).where(t.snapshots.c.event == made, t.snapshots.c.space == space))
    tx.conn.execute(delete(t.runs).where(r.space == space, r.campaign == key))
    tx.conn.execute(delete(t.forecasts).where(f.space == space, f.campaign == key))
    halts.remove(tx, space, scope)
    parked.stop(tx, space, scope)


def back_to_draft(tx: Tx, space: int, key: str, now: float) -> None:
    """A campaign that somebody has made theirs goes nowhere until they start it."""
    row = campaign_rows.get(tx, space, key, lock=True)
    if row is not None:
        row.state, row.next, row.submitted_by, row.approved_by, row.revision, row.changed = "draft", None, "", "", row.revision + 1, now
        campaign_rows.put(tx, row)


def settle_events(tx: Tx, space: int, keys: Sequence[str]) -> None:
    """Events of runs that are gone: those that told nobody who is still here go too, the others were for whoever is left."""
    e, n, r = t.events.c, t.notifications.c, t.runs.c
    mine = (e.space == space, e.source == CAMPAIGN, e.person == 0, e.target.in_([f"campaign:{key}" for key in keys]))
    there = select(r.id).where(r.space == space, r.id == e.id).exists()
    for made in list(tx.conn.scalars(select(e.id).where(*mine, ~there))):
        left = int(tx.conn.scalar(select(func.count()).select_from(t.notifications).where(n.space == space, n.event == made, *_near(made))) or 0)
        this = (e.id == made, e.space == space)
        tx.conn.execute(update(t.events).where(*this).values(recipients=left) if left else delete(t.events).where(*this))


def _near(made: bytes) -> tuple[ColumnElement[bool], ...]:
    """Notifications of an event are born with it."""
    low, high = hot.born_range(made)
    return t.notifications.c.id >= low, t.notifications.c.id < high
