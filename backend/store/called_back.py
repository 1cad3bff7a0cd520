"""Calling back an event that waits for its `send_at`: its records come now, and say of themselves that they are cancelled."""

from typing import NamedTuple

import msgspec
from sqlalchemy import bindparam, select, update

from backend.domain.event import Event, FanOut
from backend.log.codec import Unreadable, decode, encode
from backend.store.port import Tx
from backend.store.tables import due


class Waiting(NamedTuple):
    """A record that waits: `record` for one person, or for many."""

    kind: str
    at: float
    record: Event | FanOut

    @property
    def event(self) -> Event:
        """The event itself."""
        return self.record.event if isinstance(self.record, FanOut) else self.record


def record_of(value: bytes) -> Event | FanOut:
    """What waits, for one person or for many."""
    try:
        return decode(Event, value)
    except Unreadable:
        return decode(FanOut, value)


def waiting(tx: Tx, space: int, made: bytes) -> list[Waiting]:
    """The event's records that wait, locked for this transaction where the engine can: the due stage passes them by meanwhile."""
    mine = (due.c.space == space, due.c.id == made, due.c.kind.like("scheduled%"))
    rows = tx.conn.execute(select(due.c.kind, due.c.at, due.c.value).where(*mine).with_for_update())
    return [Waiting(row.kind, row.at, record_of(row.value)) for row in rows]


def call_back(tx: Tx, space: int, made: bytes, rows: list[Waiting], now: float, by: str) -> None:
    """They are due at once; each person of theirs is planned and skipped, so that the ledger has everybody."""
    values = []
    for row in rows:
        event = msgspec.structs.replace(row.event, cancelled=now, cancelled_by=by)
        record = msgspec.structs.replace(row.record, event=event) if isinstance(row.record, FanOut) else event
        values.append({"of_kind": row.kind, "value_now": encode(record)})
    where = (due.c.space == space, due.c.id == made, due.c.kind == bindparam("of_kind"))
    tx.conn.execute(update(due).where(*where).values(at=now, value=bindparam("value_now")), values)
