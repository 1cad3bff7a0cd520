"""Everything the tables keep of one person: read for an export, taken away for an erasure."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, delete, func, literal, select, update

from backend.domain.delivery import State
from backend.domain.event import Event
from backend.domain.ids import person_bytes
from backend.log.codec import decode, encode
from backend.store import hot, summaries, touches
from backend.store.port import Tx
from backend.store.tables import (
    accounts,
    acts,
    addresses,
    ahead,
    attempts,
    audit,
    captures,
    chat_members,
    chat_messages,
    collapses,
    consents,
    dead,
    deliveries,
    due,
    events,
    import_rows,
    inbox,
    inbox_heads,
    listed,
    memberships,
    notifications,
    orders,
    people,
    receipts,
    saved_views,
    seen,
    sessions,
)
from backend.store.upsert import CHUNK

_OPEN = (State.PENDING, State.HELD, State.RETRYING)  # nothing has been handed to a provider


def rows(tx: Tx, table: Table, space: int, person: int) -> list[dict[str, Any]]:
    """A person's rows of any table that has `space` and `person`, in the order of its key."""
    where = (table.c.space == space, table.c.person == person)
    found = tx.conn.execute(select(table).where(*where).order_by(*table.primary_key)).mappings()
    return [dict(row) for row in found]


def of_deliveries(tx: Tx, table: Table, space: int, ids: Sequence[bytes]) -> list[dict[str, Any]]:
    """Rows of `attempts` or `receipts` of these deliveries."""
    found: list[dict[str, Any]] = []
    for some in _pieces(ids):
        statement = select(table).where(table.c.delivery.in_(some), table.c.space == space).order_by(*table.primary_key)
        found += [dict(row) for row in tx.conn.execute(statement).mappings()]
    return found


def events_of(tx: Tx, space: int, ids: Sequence[bytes]) -> list[dict[str, Any]]:
    """Rows of `events` with these ids."""
    found: list[dict[str, Any]] = []
    for some in _pieces(ids):
        statement = select(events).where(events.c.id.in_(some), events.c.space == space).order_by(events.c.id)
        found += [dict(row) for row in tx.conn.execute(statement).mappings()]
    return found


def wipe(tx: Tx, space: int, person: int, user_id: str, tombstone: str, now: float) -> None:
    """Take away what tells anything about the person; rows that are counted stay, without a word of theirs.

    What waits to be sent is cancelled (its due rows go), so the ledger keeps its sum. The audit trail and the history of consent
    stay under the name `tombstone`; suppressions stay, they hold hashes alone.
    """
    mine = rows(tx, deliveries, space, person)
    ids = [row["id"] for row in mine]
    waiting = [
        hot.Move(space, row["id"], row["cohort"], row["channel"], row["generation"], State.CANCELLED, "erased")
        for row in mine
        if row["state"] in _OPEN
    ]
    if waiting:
        hot.write_moves(tx, waiting, now)
    told = [row["notification"] for row in mine] + [row["id"] for row in rows(tx, notifications, space, person)]
    for some in _pieces(ids):
        tx.conn.execute(update(attempts).where(attempts.c.delivery.in_(some), attempts.c.space == space).values(raw=""))
        tx.conn.execute(update(receipts).where(receipts.c.delivery.in_(some), receipts.c.space == space).values(raw=""))
    _empty_due(tx, space, person, {*ids, *told})
    _drop_letters(tx, space, person)
    _empty_events(tx, space, person, [row["event"] for row in rows(tx, notifications, space, person)])
    summaries.forget(tx, space, person)  # first: whoever sums up what the person did holds this row, and writes acts
    touches.forget_absent(tx, space)
    for table in (addresses, memberships, captures, inbox, inbox_heads, chat_members, collapses, saved_views, ahead, acts, listed, import_rows):
        tx.conn.execute(delete(table).where(table.c.space == space, table.c.person == person))
    tx.conn.execute(update(consents).where(consents.c.space == space, consents.c.person == person).values(evidence=""))
    tx.conn.execute(update(chat_messages).where(chat_messages.c.space == space, chat_messages.c.person == person).values(author="", text=""))
    tx.conn.execute(update(orders).where(orders.c.space == space, orders.c.person == person).values(detail=""))
    logins = list(tx.conn.scalars(select(accounts.c.login).where(accounts.c.space == space, accounts.c.person == person)))
    tx.conn.execute(delete(sessions).where(sessions.c.space == space, sessions.c.login.in_(logins)))
    tx.conn.execute(delete(accounts).where(accounts.c.space == space, accounts.c.person == person))
    tx.conn.execute(update(audit).where(audit.c.space == space, audit.c.object == f"user:{user_id}").values(object=f"user:{tombstone}"))
    own = [f"account:{login}" for login in logins]
    tx.conn.execute(update(audit).where(audit.c.space == space, audit.c.object.in_(own)).values(object=f"account:{tombstone}"))
    tx.conn.execute(update(audit).where(audit.c.space == space, audit.c.actor.in_([user_id, *logins])).values(actor=tombstone))
    tx.conn.execute(
        update(people)
        .where(people.c.space == space, people.c.person == person)
        .values(
            user_id=tombstone, revision=people.c.revision + 1, timezone="UTC", locale="en", profile=b"", wishes="{}", changed=now, erased=now
        )
    )


def other_admins(tx: Tx, space: int, person: int) -> int:
    """Administrators of the space who are somebody else and may sign in."""
    statement = select(func.count()).select_from(accounts).where(
        accounts.c.space == space, accounts.c.person != person, accounts.c.role == "admin", accounts.c.disabled.is_(None)
    )
    return int(tx.conn.execute(statement).scalar_one())


def _drop_letters(tx: Tx, space: int, person: int) -> None:
    """Dead letters hold the whole record; one for many names nobody, and a number that begins alike is told apart by what follows."""
    inside: Any = func.instr(dead.c.value, literal(b'"person":%d,' % person)) if tx.dialect == "sqlite" else func.position(
        literal(b'"person":%d,' % person).op("in")(dead.c.value)
    )
    tx.conn.execute(delete(dead).where(dead.c.space == space, inside > 0))


def _empty_due(tx: Tx, space: int, person: int, cancelled: set[bytes]) -> None:
    """Rows of what was cancelled go; an event that waits for its time stays, emptied, so that it is accounted for when it comes."""
    waiting = tx.conn.execute(select(due.c.id, due.c.kind, due.c.value).where(due.c.space == space, due.c.key == person_bytes(person))).all()
    for made, kind, value in waiting:
        row = (due.c.space == space, due.c.id == made, due.c.kind == kind)
        if made in cancelled or not kind.startswith("scheduled"):
            tx.conn.execute(delete(due).where(*row))
            continue
        event = msgspec.structs.replace(decode(Event, value), body=b"{}", key="", collapse="")
        tx.conn.execute(update(due).where(*row).values(value=encode(event)))


def _empty_events(tx: Tx, space: int, person: int, ids: Sequence[bytes]) -> None:
    """Events that were for this person alone lose their texts, data and the producer's id; one for many is not about anybody."""
    for row in events_of(tx, space, ids):
        if row["person"] == person:
            where = (seen.c.space == space, seen.c.source == row["source"], seen.c.key == row["key"].encode())
            tx.conn.execute(delete(seen).where(*where))  # a repeat is met by the gate `erased`
            tx.conn.execute(
                update(events)
                .where(events.c.id == row["id"], events.c.space == space)
                .values(body=_emptied(row["body"]), key="")
            )


def _emptied(record: bytes) -> bytes:
    try:
        return msgspec.msgpack.encode(msgspec.structs.replace(msgspec.msgpack.decode(record, type=Event), body=b"{}", key=""))
    except msgspec.DecodeError:  # of a version we do not read: nothing in it may stay
        return b""


def _pieces(ids: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [ids[n : n + CHUNK] for n in range(0, len(ids), CHUNK)]
