"""What is kept how long, outside the day partitions. Seconds since 1970 throughout."""

import msgspec
from sqlalchemy import Table, bindparam, delete, exists, select

from backend.domain.ids import first_of_day
from backend.domain.template import TEST
from backend.store import inbox, marks
from backend.store import tables as t
from backend.store.port import Tx

DAY = 86_400.0
KEEP = 30 * DAY  # history: notifications, deliveries, inbox, captures, receipts
LOG = 3 * DAY  # records of the embedded log; Kafka keeps its own time
ONCE = 2_000  # rows of one statement
FOREVER = 0.0
# what is told of it; a day more at most, for days go whole. An event's id is known as a repeat as long as the event is there to be looked at.
KEPT = {
    "history": KEEP, "captures": KEEP, "dead": KEEP, "chat": KEEP, "schedules": KEEP, "repeats": KEEP, "imports": DAY, "forecasts": KEEP, "differences": KEEP, "recipients": 90 * DAY, "tests": KEEP, "log": LOG, "idempotency": DAY,
    "content": FOREVER, "totals": FOREVER, "audit": FOREVER,
}  # fmt: skip
LAST = "purge.last"  # the mark of the last round


class Round(msgspec.Struct, frozen=True):
    """A round of the purge: when it ended, and how many days and rows it dropped."""

    at: float
    days: int = 0
    rows: int = 0


def last(tx: Tx) -> Round | None:
    """The last round that went through, of whichever process."""
    kept = marks.get(tx, LAST)
    return None if kept is None else msgspec.json.decode(kept, type=Round)


def remember(tx: Tx, done: Round) -> None:
    """Remember it."""
    marks.put(tx, LAST, msgspec.json.encode(done).decode())


def _drop(tx: Tx, table: Table, condition: object) -> int:
    """Delete up to `ONCE` rows that fit."""
    key = list(table.primary_key)
    rows = tx.conn.execute(select(*key).where(condition).limit(ONCE)).all()  # type: ignore[arg-type]
    if rows:
        where = [column == bindparam(f"k{n}") for n, column in enumerate(key)]
        tx.conn.execute(delete(table).where(*where), [{f"k{n}": value for n, value in enumerate(row)} for row in rows])
    return len(rows)


def sweep(tx: Tx, now: float) -> int:
    """One bounded round over everything with an age; the rows it dropped (0: nothing is left to do)."""
    old, oldest_id = now - KEEP, first_of_day(int((now - KEEP) // DAY))
    gone = _drop(tx, t.seen, t.seen.c.at < now - KEPT["repeats"])
    gone += inbox.forget_old(tx, old, ONCE)
    gone += _drop(tx, t.captures, t.captures.c.at < now - KEPT["captures"])
    gone += _drop(tx, t.receipts, t.receipts.c.delivery < oldest_id)
    gone += _drop(tx, t.collapses, t.collapses.c.event < oldest_id)
    gone += _drop(tx, t.snapshots, t.snapshots.c.event < oldest_id)
    gone += _drop(tx, t.dead, t.dead.c.at < now - KEPT["dead"])
    gone += _drop(tx, t.ahead, t.ahead.c.delivery < oldest_id)
    gone += _drop(tx, t.firings, t.firings.c.planned < now - KEPT["schedules"])
    gone += _recipients(tx, now)
    i = t.imports.c
    read = select(i.id).where((i.state.in_(("finished", "cancelled", "failed")) & (i.changed < now - KEPT["imports"])) | (i.changed < now - KEEP))
    gone += _drop(tx, t.import_rows, t.import_rows.c.import_id.in_(read))
    said, newer = t.chat_messages, t.chat_messages.alias()
    behind = (newer.c.space == said.c.space) & (newer.c.channel == said.c.channel) & (newer.c.seq > said.c.seq)
    # the newest of a channel stays: numbers go on from it, and a cursor must not meet them a second time
    gone += _drop(tx, said, (said.c.at < now - KEPT["chat"]) & exists(select(newer.c.seq).where(behind)))
    gone += _untested(tx, now)
    gone += _drop(tx, t.idempotency, t.idempotency.c.at < now - KEPT["idempotency"])
    gone += _drop(tx, t.sessions, t.sessions.c.expires < now)
    return gone + _drop(tx, t.revoked, t.revoked.c.expires < now)


def _recipients(tx: Tx, now: float) -> int:
    """Who a run was for and where it did otherwise, some time after it ended: rules may ask for weeks who clicked in a campaign. Of a forecast the
    people go earlier, for a run has its own. Counts of people stay in the tallies."""
    r, f = t.runs.c, t.forecasts.c
    ended = [select(r.id).where(r.ended < now - KEPT[what]) for what in ("recipients", "differences")]
    gone = _drop(tx, t.recipients, t.recipients.c.run.in_(ended[0]))
    gone += _drop(tx, t.recipients, t.recipients.c.run.in_(select(f.id).where(f.at < now - KEPT["forecasts"], f.ended.is_not(None))))
    return gone + _drop(tx, t.differences, t.differences.c.run.in_(ended[1]))


def _untested(tx: Tx, now: float) -> int:
    """Versions made for tests whose deliveries are gone. The newest of a template stays: numbers go on from it, and what is compiled
    under a number is kept by every process for good.
    """
    mine, newer = t.template_versions, t.template_versions.alias()
    behind = (newer.c.space == mine.c.space) & (newer.c.key == mine.c.key) & (newer.c.version > mine.c.version)
    whole_days = (now - KEPT["tests"]) // DAY * DAY  # as long as a delivery of it may be there, and be tried again
    return _drop(tx, mine, mine.c.key.like(f"%{TEST}") & (mine.c.at < whole_days) & exists(select(newer.c.version).where(behind)))
