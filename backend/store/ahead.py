"""Deliveries of ordered categories that later ones wait behind: those that are tried again, and those that wait themselves.

The rows only say where to look; whether one is still open is what its delivery's state says.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, select

from backend.domain.delivery import State
from backend.store import hot
from backend.store.port import Tx
from backend.store.tables import ahead
from backend.store.upsert import CHUNK, upsert

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
