"""Bounded looks at what goes on now: whatever was sent, each of them touches at most a few thousand rows of an index's end.

Counts of everything come from `counted` and `tallies`.
"""

from typing import Any

import msgspec
from sqlalchemy import func, select

from backend.domain.delivery import State
from backend.store.born import with_it
from backend.store.port import Tx
from backend.store.tables import accounts, attempts, cohorts, consents, dead, deliveries, due, notifications, people, standing

ATTEMPTS = 600  # newest attempts that tell how providers do
PENDING = 20_000  # newest deliveries among which the longest waiting one is looked for
DUE = 3_000  # next due rows
LETTERS = 10_000  # dead letters counted
NO_ID = bytes(16)


class Tried(msgspec.Struct, frozen=True):
    """An attempt that ended."""

    provider: str
    outcome: int
    code: str


class DueRow(msgspec.Struct, frozen=True):
    """A due row without its record."""

    id: bytes
    kind: str
    at: float


class FanOutRow(msgspec.Struct, frozen=True):
    """The cohort of a fan-out with units on their way."""

    cohort: int
    event: bytes


def tried(tx: Tx, space: int, since: float) -> list[Tried]:
    """How the newest attempts ended that began since then."""
    a = attempts.c
    newest = select(a.provider, a.outcome, a.code, a.started).where(a.space == space).order_by(a.delivery.desc(), a.n.desc()).limit(ATTEMPTS)
    some = newest.subquery().c
    rows = tx.conn.execute(select(some.provider, some.outcome, some.code).where(some.started >= since, some.outcome.is_not(None)))
    return [Tried(*row) for row in rows]


def longest_pending(tx: Tx, space: int) -> float | None:
    """Since when the longest waiting of the newest deliveries waits for its turn."""
    d = deliveries.c
    some = select(d.state, d.changed).where(d.space == space).order_by(d.id.desc()).limit(PENDING).subquery().c
    at: float | None = tx.conn.scalar(select(func.min(some.changed)).where(some.state.in_((State.PENDING, State.SENDING))))
    return at


def overdue(tx: Tx, space: int, before: float) -> tuple[int, float | None]:
    """How many due rows should have gone before, of the first ones, and the time of the first."""
    d = due.c
    some = select(d.at, d.space).where(d.at < before).order_by(d.at).limit(DUE).subquery().c
    n, first = tx.conn.execute(select(func.count(), func.min(some.at)).where(some.space == space)).one()
    return int(n), first


def ahead(tx: Tx, space: int, now: float) -> list[DueRow]:
    """What comes next, by time: retries, releases and scheduled events."""
    d = due.c
    some = select(d.id, d.kind, d.at, d.space).where(d.at >= now).order_by(d.at).limit(DUE).subquery().c
    return [DueRow(*row) for row in tx.conn.execute(select(some.id, some.kind, some.at).where(some.space == space).order_by(some.at))]


def records(tx: Tx, space: int, made: list[bytes]) -> dict[bytes, bytes]:
    """The records of scheduled events; of a list of users the record of one of them."""
    found = tx.conn.execute(select(due.c.id, due.c.value).where(due.c.space == space, due.c.id.in_(made), due.c.kind.like("scheduled%")))
    return {row.id: row.value for row in found}


def letters(tx: Tx, space: int) -> tuple[int, float | None]:
    """Dead letters that wait for a person, counted up to `LETTERS`, and the time of the oldest of them."""
    waiting = select(dead.c.at).where(dead.c.space == space, dead.c.replayed.is_(None), dead.c.dropped.is_(None)).limit(LETTERS).subquery().c
    n, oldest = tx.conn.execute(select(func.count(), func.min(waiting.at))).one()
    return int(n), oldest


def opted_out(tx: Tx, space: int, since: float, until: float) -> list[float]:
    """When people said no to a category."""
    c = consents.c
    where = (c.space == space, c.at >= since, c.at < until, c.given.is_(False))
    return list(tx.conn.scalars(select(c.at).where(*where)))


def fanouts_on_their_way(tx: Tx, space: int, limit: int) -> list[FanOutRow]:
    """Fan-outs that have units to send, the newest first."""
    c, s = cohorts.c, standing.c
    open_ = select(s.cohort).where(s.space == space, s.state.in_((State.PENDING, State.SENDING, State.RETRYING)), s.n > 0)
    rows = tx.conn.execute(
        select(c.cohort, c.event).where(c.space == space, c.event != NO_ID, c.cohort.in_(open_)).order_by(c.event.desc()).limit(limit)
    )
    return [FanOutRow(*row) for row in rows]


def priorities(tx: Tx, space: int, of: list[int]) -> dict[int, str]:
    """The priority of each of these cohorts."""
    return {row.cohort: row.priority for row in tx.conn.execute(select(cohorts.c.cohort, cohorts.c.priority).where(cohorts.c.space == space, cohorts.c.cohort.in_(of)))}


def told(tx: Tx, space: int, made: bytes) -> int:
    """How many notifications an event has."""
    n = notifications.c
    return int(tx.conn.scalar(select(func.count()).where(with_it(n, space, made), n.event == made)) or 0)


def others(tx: Tx, space: int) -> int:
    """People beside those who sign in, counted up to 100."""
    some = select(people.c.person).where(people.c.space == space, people.c.erased.is_(None)).limit(100).subquery()
    known = int(tx.conn.scalar(select(func.count()).select_from(some)) or 0)
    return max(0, known - int(tx.conn.scalar(select(func.count()).select_from(accounts).where(accounts.c.space == space)) or 0))


def cohorts_with(tx: Tx, space: int, kind: str, name: str, of: list[int]) -> set[int]:
    """Those of these cohorts that are of a category, a priority, a template or one event (hexadecimal)."""
    c = cohorts.c
    column: Any = {"category": c.category, "priority": c.priority, "template": c.template, "event": c.event}[kind]
    wanted = bytes.fromhex(name) if kind == "event" else name
    return set(tx.conn.scalars(select(c.cohort).where(c.space == space, column == wanted, c.cohort.in_(of))))
