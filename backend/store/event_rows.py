"""Lists of events, and what one event's deliveries came to."""

from collections import Counter
from collections.abc import Sequence

import msgspec
from sqlalchemy import func, select

from backend.domain.delivery import SKIPPED
from backend.domain.ids import cohort_id
from backend.domain.ledger import Ledger, ledger_of
from backend.store import counted, history, walk, watch
from backend.store.born import span, with_it
from backend.store.history import EventRow
from backend.store.port import Tx
from backend.store.tables import attempts, cohorts, deliveries, events, notifications

MANY = 500  # recipients beyond which a fan-out's units are read from the counts and not from its rows


class EventsAsked(msgspec.Struct, frozen=True):
    """Which events; None in a field means all."""

    type: str | None = None
    category: str | None = None
    priority: str | None = None
    source: int | None = None
    since: float | None = None
    until: float | None = None


class Span(msgspec.Struct):
    """When deliveries of an event moved: the first attempt, the last answer, the last change."""

    first: float | None = None
    last: float | None = None
    changed: float | None = None


def page(tx: Tx, space: int, asked: EventsAsked, before: bytes | None, limit: int) -> tuple[list[EventRow], bytes | None]:
    """Events, newest first, behind `before`; repeats of an event are none. See `walk` for the second value."""
    where = [events.c.space == space]
    if asked.since is not None:
        where.append(events.c.id >= walk.id_at(asked.since))
    if asked.until is not None:
        where.append(events.c.id < walk.id_at(asked.until))
    wanted = {name: value for name in ("type", "category", "priority", "source") if (value := getattr(asked, name)) is not None}
    ids, following = walk.newest(
        tx, events, where, lambda c, _: [c.duplicate_of.is_(None), *(c[name] == value for name, value in wanted.items())], before, limit,
        needs=(*wanted, "duplicate_of"),
    )  # fmt: skip
    rows = history.events_of(tx, space, ids)
    return [rows[made] for made in ids if made in rows], following


def ledgers(tx: Tx, space: int, rows: Sequence[EventRow]) -> dict[bytes, Ledger]:
    """The ledger of each of these events."""
    few = [row for row in rows if not row.target]
    return history.ledgers(tx, space, few) | {row.id: ledger(tx, space, row) for row in rows if row.target}


def ledger(tx: Tx, space: int, row: EventRow, *, exact: bool = True) -> Ledger:
    """The ledger of one event. Of a large fan-out who was decided is counted from its rows, which takes a quarter of a second a million; if not `exact`,
    it is as many as have a unit on the channel that has fewest, from the counts too: for whoever looks every second."""
    if not row.target or row.recipients <= MANY:
        return history.ledger(tx, space, row)
    standing = counted.now_standing(tx, space, ("channel", "state"), cohorts=_cohorts(tx, space, row))
    by_channel = {channel: states.total() for (channel,), states in counted.by_state(standing).items()}
    states = sum(counted.by_state(standing).values(), Counter[int]())
    told = watch.told(tx, space, row.id) if exact else min(row.recipients, *by_channel.values()) if by_channel else 0
    return ledger_of(sum(states.values()), states, 0, max(row.recipients, told), told)


def _cohorts(tx: Tx, space: int, row: EventRow) -> list[int]:
    """Under which the units of a fan-out are counted: those of the demo's people who were among them apart; of a campaign's run one a variant."""
    if row.target.startswith("campaign:"):
        return list(tx.conn.scalars(select(cohorts.c.cohort).where(cohorts.c.space == space, cohorts.c.event == row.id)))
    cohort = tx.conn.scalar(select(events.c.cohort).where(events.c.id == row.id, events.c.space == space)) or 0
    return [cohort, cohort_id(space, row.category, row.priority, row.template, str(row.version), row.id.hex(), "demo")]


def states(tx: Tx, space: int, made: bytes) -> dict[tuple[int, int], int]:
    """(channel, state) -> deliveries of an event."""
    row = history.event(tx, space, made)
    if row is not None and row.target and row.recipients > MANY:
        standing = counted.now_standing(tx, space, ("channel", "state"), cohorts=_cohorts(tx, space, row))
        return {(channel, state): n for (channel, state), n in standing.items() if channel and state != SKIPPED}
    n, d = notifications.c, deliveries.c
    mine = select(n.id).where(with_it(n, space, made), n.event == made)
    rows = tx.conn.execute(
        select(d.channel, d.state, func.count()).where(with_it(d, space, made), d.notification.in_(mine)).group_by(d.channel, d.state)
    )
    return {(channel, state): int(count) for channel, state, count in rows}


def moved(tx: Tx, space: int, made: bytes) -> Span:
    """When its deliveries moved. Those born in the same millisecond belong to one event unless two came at once: then to either."""
    (low, high), a, d = span(made), attempts.c, deliveries.c
    first, last = tx.conn.execute(
        select(func.min(a.started), func.max(a.ended)).where(a.delivery >= low, a.delivery < high, a.space == space)
    ).one()
    changed = tx.conn.scalar(select(func.max(d.changed)).where(with_it(d, space, made)))
    return Span(first, last, changed)
