"""What is kept how long, outside the day partitions. Seconds since 1970 throughout."""

from sqlalchemy import Table, bindparam, delete, exists, select

from backend.domain.ids import first_of_day
from backend.store import inbox
from backend.store import tables as t
from backend.store.port import Tx

DAY = 86_400.0
KEEP = 30 * DAY  # history: notifications, deliveries, inbox, captures, receipts
ONCE = 2_000  # rows of one statement


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
    gone = _drop(tx, t.seen, t.seen.c.at < old)
    gone += inbox.forget_old(tx, old, ONCE)
    gone += _drop(tx, t.captures, t.captures.c.at < old)
    gone += _drop(tx, t.receipts, t.receipts.c.delivery < oldest_id)
    gone += _drop(tx, t.collapses, t.collapses.c.event < oldest_id)
    gone += _drop(tx, t.snapshots, t.snapshots.c.event < oldest_id)
    gone += _drop(tx, t.dead, t.dead.c.at < old)
    gone += _drop(tx, t.ahead, t.ahead.c.delivery < oldest_id)
    gone += _drop(tx, t.firings, t.firings.c.planned < old)
    said, newer = t.chat_messages, t.chat_messages.alias()
    behind = (newer.c.space == said.c.space) & (newer.c.channel == said.c.channel) & (newer.c.seq > said.c.seq)
    # the newest of a channel stays: numbers go on from it, and a cursor must not meet them a second time
    gone += _drop(tx, said, (said.c.at < old) & exists(select(newer.c.seq).where(behind)))
    gone += _drop(tx, t.idempotency, t.idempotency.c.at < now - DAY)
    gone += _drop(tx, t.sessions, t.sessions.c.expires < now)
    return gone + _drop(tx, t.revoked, t.revoked.c.expires < now)
