"""Writes of the line, by the batch. One function, two dialects: see `hot_sqlite` and `hot_postgres`.

Every function is idempotent: the insert is the dedup, the state is the truth. State moves write their deltas in the same
transaction, aggregated by (space, cohort, minute, channel, was, now); minute is `now // 60`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from backend.domain.ids import born_of
from backend.domain.touch import Touch, packed
from backend.store import hot_postgres, hot_sqlite
from backend.store.port import Tx


class Later(msgspec.Struct, frozen=True):
    """A row of `due`: at `at` the record is appended to (topic, partition). Of two rows of one (space, id, kind) the later time stays."""

    space: int
    id: bytes
    kind: (
        str  # retry.<attempt>, look.<attempt>, release.<generation>, receipt.<kind>.<look>, scheduled: one row each, for the next may come before this is dropped
    )
    at: float
    topic: str
    partition: int
    key: bytes
    value: bytes
    ordered: str = ""


class NewDelivery(msgspec.Struct, frozen=True):
    """A row of `deliveries` to make; `state` PENDING or HELD (with `until`)."""

    id: bytes
    channel: int
    address: bytes
    state: int
    reason: str = ""
    until: float | None = None


class Decided(msgspec.Struct, frozen=True):
    """One decided event: its `events` row, its notification with trace, its deliveries."""

    space: int
    event: bytes
    root: bool  # write the events row (False: a fan-out's child, whose event row exists)
    person: int
    recipients: int  # of the event: records of a split list share one event id; its row says person 0 when more than one
    type: str
    category: str
    priority: int
    source: int
    key: str  # "" writes no `seen` row
    template: str
    version: int
    cohort: int
    accepted: float
    record: bytes  # events.body: the whole record
    notification: bytes
    planned: int  # units, counted from the snapshot of facts and not from the outcomes
    skipped: tuple[int, ...]  # channel numbers of the units that get no delivery row, one entry a unit
    trace: bytes
    deliveries: tuple[NewDelivery, ...]


class Earlier(msgspec.Struct, frozen=True):
    """A PENDING delivery that an earlier decision of the same notification made and this one would not make again, because
    the facts changed between crash and repeat. Its row exists, so it must be appended (deliver's recheck settles it)."""

    notification: bytes
    delivery: bytes
    channel: int
    address: bytes


class DecidedAnswer(msgspec.Struct):
    """`pending`: ids of deliveries of this batch's notifications that are PENDING now, new or not: what must be appended.
    `held`: likewise HELD. `duplicates`: event id -> id of the event that came first under the same (space, source, key).
    `earlier`: those of `pending` that no row of the batch describes. `fresh`: notifications that were not there before."""

    pending: set[bytes]
    held: set[bytes]
    duplicates: dict[bytes, bytes]
    earlier: list[Earlier] = []
    fresh: set[bytes] = set()


class Move(msgspec.Struct, frozen=True):
    """Move a delivery forward: applied where (generation, state) is greater than the row's (generation, state).
    `until`: of a hold or the next try. `cohort` and `channel` are the row's own (for the deltas). `provider`: whose answer or receipt
    made it; `took`: seconds from acceptance or release until a provider had it, negative where that is not measured."""

    space: int
    delivery: bytes
    cohort: int
    channel: int
    generation: int
    state: int
    reason: str = ""
    until: float | None = None
    provider: str = ""
    took: float = -1.0


class Start(msgspec.Struct, frozen=True):
    """An attempt that is about to be made of a delivery that stands pending or retrying in this generation."""

    space: int
    delivery: bytes
    n: int
    provider: str
    generation: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended (`outcome`: a State) and where its delivery moves."""

    n: int
    outcome: int
    code: str
    raw: str  # the provider's own words, cut to 500 characters
    move: Move


class OpenAttempt(msgspec.Struct, frozen=True):
    """Of a delivery that was started before: its state and generation now, its last attempt and whether that is still open."""

    delivery: bytes
    state: int
    generation: int
    n: int
    open: bool
    started: float


def write_decided(tx: Tx, rows: Sequence[Decided], now: float) -> DecidedAnswer:
    """Insert `seen` (first wins), `events`, `notifications`, `deliveries` and deltas of what is new.

    A row whose key was seen under another event id becomes an events row with `duplicate_of` and nothing else. A repeat of
    the same event inserts nothing; its deliveries are looked up, since a crash may have come between commit and append.
    Deltas: was -1 -> state per inserted delivery, was -1 -> SKIPPED per skipped unit of an inserted notification.
    """
    return _side(tx).write_decided(tx, rows, now)  # type: ignore[no-any-return]


def write_attempts(tx: Tx, outcomes: Sequence[Outcome], starts: Sequence[Start], now: float) -> set[bytes]:
    """Outcomes of the chunk before and starts of the next, in one transaction; the deliveries whose attempt was newly started.

    A start that exists already was made by a dead process, or by a record appended twice: ask with `attempts_of`. None is made of a
    delivery that is not there, went on to another generation, or is held or ended: its record is a repeat of what was settled since.
    """
    return _side(tx).write_attempts(tx, outcomes, starts, now)  # type: ignore[no-any-return]


def write_moves(tx: Tx, moves: Sequence[Move], now: float) -> set[bytes]:
    """Forward moves with their deltas; the deliveries that moved."""
    return _side(tx).write_moves(tx, moves, now)  # type: ignore[no-any-return]


def attempts_of(tx: Tx, space: int, deliveries: Sequence[bytes]) -> dict[bytes, OpenAttempt]:
    """The last attempt of each delivery that has one, with the delivery's place."""
    return _side(tx).attempts_of(tx, space, deliveries)  # type: ignore[no-any-return]


def close_unknown(tx: Tx, space: int, deliveries: Sequence[bytes], started_before: float, now: float) -> int:
    """Attempts of these deliveries that a dead process left open (started before the given time) end as UNKNOWN."""
    return _side(tx).close_unknown(tx, space, deliveries, started_before, now)  # type: ignore[no-any-return]


def write_touches(tx: Tx, told: Iterable[tuple[int, Touch]], now: float) -> None:
    """Put down what people got or did, by space, in the transaction that makes it true, and on its way with what else that writes: nobody waits for an answer."""
    by_space: dict[int, list[Touch]] = {}
    for space, touch in told:
        by_space.setdefault(space, []).append(touch)
    if by_space:
        _side(tx).write_touches(tx, [(space, packed(some)) for space, some in by_space.items()], now)


def write_due(tx: Tx, rows: Sequence[Later]) -> None:
    """Insert what is to be appended later. Of two rows the later time stays; whichever it is, what is written while the row before is
    being appended is not dropped with that."""
    _side(tx).write_due(tx, rows)


def take_due(tx: Tx, now: float, limit: int) -> list[Later]:
    """The oldest rows whose time has come, locked for this transaction where the engine can (SKIP LOCKED). Not deleted."""
    return _side(tx).take_due(tx, now, limit)  # type: ignore[no-any-return]


def drop_due(tx: Tx, rows: Sequence[Later]) -> None:
    """Delete rows that were appended, as they were taken: one that was replaced meanwhile (another `at`) stays."""
    _side(tx).drop_due(tx, rows)


def states_of(tx: Tx, space: int, deliveries: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    """(generation, state) of each delivery that exists."""
    return _side(tx).states_of(tx, space, deliveries)  # type: ignore[no-any-return]


def born_range(made: bytes) -> tuple[bytes, bytes]:
    """The ids born in the same millisecond as `made`: from, below. Everything of one event lies between them."""
    born = born_of(made)
    return born.to_bytes(6, "big") + bytes(10), (born + 1).to_bytes(6, "big") + bytes(10)


def _side(tx: Tx) -> Any:
    return hot_sqlite if tx.dialect == "sqlite" else hot_postgres
