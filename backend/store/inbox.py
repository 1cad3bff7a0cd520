"""The inbox: rows of the web channel and each person's head, which gives every change its place.

A change of an inbox takes the next `seq` of the head under the head's row lock, in the transaction that writes the row: commit
order is seq order, so a reader who has seen seq n misses nothing below n. A row carries the seq of its latest change only;
the stream of an inbox is therefore "the rows changed since", each in its newest form. A cursor is `epoch:seq`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from backend.store import inbox_writes, stamps
from backend.store.port import Tx
from backend.store.tables import inbox, inbox_heads
from backend.store.upsert import chunks, insert_new


class Row(msgspec.Struct, kw_only=True):
    """One inbox row. Times are seconds; `seq`, `epoch` and `unread` (of the head, after the change) are filled here."""

    space: int
    person: int
    id: bytes  # of the notification
    type: str
    category: str
    priority: str
    title: str
    message: str
    at: float
    image: str = ""
    link: str = ""
    actions: str = "[]"
    metadata: str = "{}"
    silent: bool = False
    seen: float | None = None
    read: float | None = None
    archived: float | None = None
    snoozed_until: float | None = None
    seq: int = 0
    epoch: int = 0
    unread: int = 0
    unseen: int = 0


class Head(msgspec.Struct):
    """Where a person's inbox is, and how much of it is unread and unseen."""

    epoch: int
    seq: int
    unread: int
    unseen: int


_ROW = list(inbox.c)


def _row(values: Any) -> Row:
    return Row(**values._mapping)


def _counted(row: Row) -> bool:
    return row.read is None and row.archived is None


def heads_locked(tx: Tx, space: int, persons: Sequence[int], now: float) -> dict[int, Head]:
    """The heads of these persons, made where missing, locked until the transaction ends; in one order, so that two writers cannot deadlock."""
    wanted = sorted(set(persons))
    epoch = int(now)
    insert_new(
        tx, inbox_heads, [{"space": space, "person": person, "epoch": epoch, "seq": 0, "unread": 0, "unseen": 0} for person in wanted]
    )
    statement = select(inbox_heads).where(inbox_heads.c.space == space, inbox_heads.c.person.in_(wanted)).order_by(inbox_heads.c.person)
    if tx.dialect == "postgresql":
        statement = statement.with_for_update()
    return {row.person: Head(row.epoch, row.seq, row.unread, row.unseen) for row in tx.conn.execute(statement)}


def _save_heads(tx: Tx, space: int, heads: dict[int, Head]) -> None:
    if not heads:
        return
    statement = (
        update(inbox_heads)
        .where(inbox_heads.c.space == space, inbox_heads.c.person == bindparam("who"))
        .values(seq=bindparam("at_seq"), unread=bindparam("n_unread"), unseen=bindparam("n_unseen"))
    )
    tx.conn.execute(statement, [{"who": p, "at_seq": h.seq, "n_unread": h.unread, "n_unseen": h.unseen} for p, h in sorted(heads.items())])


def write(tx: Tx, space: int, rows: Sequence[Row], now: float) -> list[Row]:
    """Insert what is not there yet (a repeat changes nothing); the inserted rows with their place and counts, in the order given."""
    if not rows:
        return []
    known = inbox_writes.known(tx, space, rows)
    fresh: list[Row] = []
    for row in rows:
        if (row.person, row.id) not in known:
            known.add((row.person, row.id))
            fresh.append(row)
    if not fresh:
        return []
    more = Counter(row.person for row in fresh)
    heads = inbox_writes.forward(tx, space, more, int(now))
    for row in fresh:
        epoch, seq, unread, unseen = heads[row.person]
        more[row.person] -= 1  # of several for one person each has the place behind the one before
        behind = more[row.person]
        row.epoch, row.seq, row.unread, row.unseen = epoch, seq - behind, unread - behind, unseen - behind
    inbox_writes.insert(tx, space, fresh)
    return fresh


def change(tx: Tx, space: int, person: int, ids: Sequence[bytes], now: float, edit: Callable[[Row], None]) -> list[Row]:
    """Let `edit` change these rows of one person; the rows that are different afterwards, with their new places and counts."""
    head = heads_locked(tx, space, [person], now)[person]
    found = tx.conn.execute(
        select(*_ROW).where(inbox.c.space == space, inbox.c.person == person, inbox.c.id.in_(list(ids))).order_by(inbox.c.seq)
    )
    changed: list[Row] = []
    stamped: list[tuple[bytes, str, int]] = []
    for values in found:
        row = _row(values)
        before = (row.seen, row.read, row.archived, row.snoozed_until)
        counted, unseen = _counted(row), row.seen is None and row.archived is None
        edit(row)
        if (row.seen, row.read, row.archived, row.snoozed_until) == before:
            continue
        head.seq += 1
        head.unread += _counted(row) - counted
        head.unseen += (row.seen is None and row.archived is None) - unseen
        row.seq, row.epoch = head.seq, head.epoch
        tx.conn.execute(
            update(inbox)
            .where(inbox.c.space == space, inbox.c.person == person, inbox.c.id == row.id)
            .values(seq=row.seq, seen=row.seen, read=row.read, archived=row.archived, snoozed_until=row.snoozed_until)
        )
        changed.append(row)
        stamped += [(row.id, name, new) for name, new in (("seen", _moved(before[0], row.seen)), ("read", _moved(before[1], row.read))) if new]
    stamps.count_inbox(tx, space, stamped, now)
    for row in changed:
        row.unread, row.unseen = head.unread, head.unseen
    if changed:
        _save_heads(tx, space, {person: head})
    return changed


def _moved(was: float | None, now: float | None) -> int:
    return (now is not None) - (was is not None)


def head(tx: Tx, space: int, person: int) -> Head:
    """The head as it is; zeros for a person nothing ever reached."""
    found = tx.conn.execute(select(inbox_heads).where(inbox_heads.c.space == space, inbox_heads.c.person == person)).first()
    return Head(found.epoch, found.seq, found.unread, found.unseen) if found else Head(0, 0, 0, 0)


def unread(tx: Tx, who: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """How many are unread, of each (space, person) that anything ever reached."""
    found: dict[tuple[int, int], int] = {}
    h = inbox_heads.c
    for space in {space for space, _ in who}:
        for some in chunks([person for mine, person in who if mine == space]):
            rows = tx.conn.execute(select(h.person, h.unread).where(h.space == space, h.person.in_(some)))
            found.update(((space, person), n) for person, n in rows)
    return found


def since(tx: Tx, space: int, person: int, seq: int, limit: int) -> list[Row]:
    """Rows changed after `seq`, oldest change first."""
    statement = select(*_ROW).where(inbox.c.space == space, inbox.c.person == person, inbox.c.seq > seq).order_by(inbox.c.seq).limit(limit)
    return _with_head(tx, space, person, [_row(values) for values in tx.conn.execute(statement)])


def newest(
    tx: Tx, space: int, person: int, *, view: str = "all", before: tuple[float, bytes] | None = None, limit: int = 50, now: float = 0.0,
    search: str = "",
) -> list[Row]:  # fmt: skip
    """A page of the list, newest notification first. `view`: all (not archived, not asleep), unread, archived, snoozed. `search`:
    words that stand in title or text, each of them."""
    c = inbox.c
    where = [c.space == space, c.person == person]
    asleep = and_(c.snoozed_until.is_not(None), c.snoozed_until > now)
    if view == "archived":
        where.append(c.archived.is_not(None))
    elif view == "snoozed":
        where += [c.archived.is_(None), asleep]
    else:
        where += [c.archived.is_(None), ~asleep]
        if view == "unread":
            where.append(c.read.is_(None))
    for word in search.split():
        where.append(or_(c.title.icontains(word, autoescape=True), c.message.icontains(word, autoescape=True)))
    if before is not None:
        where.append(or_(c.at < before[0], and_(c.at == before[0], c.id < before[1])))
    statement = select(*_ROW).where(*where).order_by(c.at.desc(), c.id.desc()).limit(limit)
    return _with_head(tx, space, person, [_row(values) for values in tx.conn.execute(statement)])


def ids(tx: Tx, space: int, person: int) -> list[bytes]:
    """Every notification a person has, oldest change first."""
    c = inbox.c
    return list(tx.conn.scalars(select(c.id).where(c.space == space, c.person == person).order_by(c.seq)))


def titles(tx: Tx, space: int, person: int, ids: Sequence[bytes]) -> dict[bytes, str]:
    """What these are called in a person's inbox, as far as they are there."""
    c = inbox.c
    found = tx.conn.execute(select(c.id, c.title).where(c.space == space, c.person == person, c.id.in_(list(ids))))
    return {row.id: row.title for row in found}


def woken(tx: Tx, space: int, person: int, now: float, limit: int) -> list[bytes]:
    """Those whose sleep is over and who were not told yet."""
    c = inbox.c
    over = (c.space == space, c.person == person, c.snoozed_until.is_not(None), c.snoozed_until <= now)
    return list(tx.conn.scalars(select(c.id).where(*over).order_by(c.snoozed_until).limit(limit)))


def recount(tx: Tx, space: int, person: int) -> tuple[int, int]:
    """(unread, unseen) from the rows themselves: what the head must say."""
    c = inbox.c
    base = [c.space == space, c.person == person, c.archived.is_(None)]
    unread = tx.conn.scalar(select(func.count()).where(*base, c.read.is_(None))) or 0
    unseen = tx.conn.scalar(select(func.count()).where(*base, c.seen.is_(None))) or 0
    return unread, unseen


def _with_head(tx: Tx, space: int, person: int, rows: list[Row]) -> list[Row]:
    if rows:
        at = head(tx, space, person)
        for row in rows:
            row.epoch, row.unread, row.unseen = at.epoch, at.unread, at.unseen
    return rows


def get(tx: Tx, space: int, person: int, made: bytes) -> Row | None:
    """One row."""
    c = inbox.c
    found = tx.conn.execute(select(*_ROW).where(c.space == space, c.person == person, c.id == made)).first()
    return _with_head(tx, space, person, [_row(found)])[0] if found else None


def forget_old(tx: Tx, before: float, limit: int) -> int:
    """Drop up to `limit` rows of notifications older than `before`, and count them off where they were unread; how many."""
    c = inbox.c
    old = [_row(values) for values in tx.conn.execute(select(*_ROW).where(c.at < before).limit(limit))]
    for space in sorted({row.space for row in old}):
        mine = [row for row in old if row.space == space]
        heads = heads_locked(tx, space, [row.person for row in mine], before)
        for row in mine:  # read again under the lock: it may have been marked meanwhile
            now = tx.conn.execute(select(*_ROW).where(c.space == space, c.person == row.person, c.id == row.id)).first()
            if now is None:
                continue
            held, head = _row(now), heads[row.person]
            head.unread -= _counted(held)
            head.unseen -= held.seen is None and held.archived is None
            tx.conn.execute(delete(inbox).where(c.space == space, c.person == row.person, c.id == row.id))
        _save_heads(tx, space, heads)
    return len(old)
