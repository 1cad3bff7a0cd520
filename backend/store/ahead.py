"""Deliveries of ordered categories that later ones wait behind: those that are tried again, and those that wait themselves.

The rows only say where to look; whether one is still open is what its delivery's state says.
"""

import itertools
from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, select

from backend.domain.delivery import State
from backend.store import due_rows, hot
from backend.store.port import Tx
from backend.store.tables import ahead, due
from backend.store.upsert import CHUNK, upsert

NEXT = 20  # of those that wait behind one that ended, how many come at once
RELEASE = "release.%"  # kinds of due rows that decide a delivery anew
OPEN = (State.PENDING, State.HELD, State.RETRYING, State.SENDING)


class Ahead(msgspec.Struct, frozen=True):
    """A row of `ahead`. `kind`: channel, priority and category; (accepted, delivery) is its place; `until`: when it is tried again."""

    space: int
    person: int
    kind: str
    accepted: float
    delivery: bytes
    until: float


def some(tx: Tx) -> bool:
    """Whether there is any."""
    return tx.conn.execute(select(ahead.c.space).limit(1)).first() is not None


def before(tx: Tx, those: Sequence[Ahead]) -> dict[bytes, tuple[Ahead, int]]:
    """For each of those that must wait: the last of the open ones that were accepted before it, with its state."""
    found: dict[bytes, tuple[Ahead, int]] = {}
    for space in {one.space for one in those}:
        mine = [one for one in those if one.space == space]
        persons = sorted({one.person for one in mine})
        rows: list[Ahead] = []
        for n in range(0, len(persons), CHUNK):
            where = (ahead.c.space == space, ahead.c.person.in_(persons[n : n + CHUNK]))
            rows += [Ahead(**row) for row in tx.conn.execute(select(ahead).where(*where)).mappings()]
        if not rows:
            continue
        states = hot.states_of(tx, space, [row.delivery for row in rows])
        still = [row for row in rows if row.delivery in states and states[row.delivery][1] in OPEN]
        for one in mine:
            place = (one.accepted, one.delivery)
            earlier = [row for row in still if row.person == one.person and row.kind == one.kind and (row.accepted, row.delivery) < place]
            if earlier:
                last = max(earlier, key=lambda row: (row.accepted, row.delivery))
                found[one.delivery] = (last, states[last.delivery][1])
    return found


def put(tx: Tx, rows: Sequence[Ahead]) -> None:
    """They are waited behind, or go on being."""
    for row in rows:
        upsert(tx, ahead, msgspec.structs.asdict(row))


def drop(tx: Tx, rows: Sequence[Ahead]) -> None:
    """They have ended."""
    for row in rows:
        where = (ahead.c.space == row.space, ahead.c.person == row.person, ahead.c.kind == row.kind, ahead.c.accepted == row.accepted)
        tx.conn.execute(delete(ahead).where(*where, ahead.c.delivery == row.delivery))


def bring(tx: Tx, ended: Sequence[Ahead], now: float) -> None:
    """Who waits behind these need not wait for their own next look: the first ones of each order are due now, in their order. Behind one
    that is tried again nobody is brought, and a row that a due stage holds at this moment comes without it."""
    for space, person, kind in {(one.space, one.person, one.kind) for one in ended}:
        where = (ahead.c.space == space, ahead.c.person == person, ahead.c.kind == kind)
        order = list(tx.conn.scalars(select(ahead.c.delivery).where(*where).order_by(ahead.c.accepted, ahead.c.delivery).limit(NEXT)))
        if not order:
            continue
        here = (due.c.space == space, due.c.id.in_(order), due.c.kind.like(RELEASE), due.c.at > now)
        rows = tx.conn.execute(select(due.c.id, due.c.kind).where(*here).with_for_update(skip_locked=True))
        kinds: dict[bytes, str] = {row.id: row.kind for row in rows}
        first = [(made, kinds[made]) for made in itertools.takewhile(kinds.__contains__, order)]
        due_rows.bring_forward(tx, space, first, now)
