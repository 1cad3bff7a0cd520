"""What both dialects share of the line's writes: who came first, which way a delivery moves, what is counted.

Nothing here touches a database.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from backend.domain.delivery import PRIORITIES, SKIPPED
from backend.domain.latency import step_of
from backend.domain.tally import quarter_of

if TYPE_CHECKING:
    from backend.store.hot import Decided, Move

NEW = -1  # in deltas: was nothing before
RAW_LIMIT = 500  # characters kept of a provider's own words

Key = tuple[int, int, bytes]  # space, source, the producer's id
Row = tuple[bytes, int]  # id, space
Deltas = Counter[tuple[int, int, int, int, int, int, str, int]]  # (space, cohort, channel, was, now, born, provider, took) -> units


class Place(NamedTuple):
    """Where a delivery is now, and under what it is counted."""

    generation: int
    state: int
    cohort: int
    channel: int


def clean(text: str) -> str:
    """Text both databases take: PostgreSQL knows no NUL, neither knows half a surrogate pair."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return text.replace("\0", "\ufffd") if "\0" in text else text


def claims(rows: Iterable["Decided"]) -> dict[Key, bytes]:
    """The event that is first in batch order under each key."""
    first: dict[Key, bytes] = {}
    for row in rows:
        if row.key:
            first.setdefault(key_of(row), row.event)
    return first


def key_of(row: "Decided") -> Key:
    """The row's key in `seen`."""
    return row.space, row.source, row.key.encode("utf-8", "surrogatepass")


def apart(rows: Sequence["Decided"], owners: Mapping[Key, bytes]) -> tuple[list["Decided"], dict[bytes, bytes]]:
    """Rows whose event owns its key or has none, and of the others: event -> event that came first."""
    own, duplicates = [], {}
    for row in rows:
        owner = owners[key_of(row)] if row.key else row.event
        if owner == row.event:
            own.append(row)
        else:
            duplicates[row.event] = owner
    return own, duplicates


def event_rows(rows: Iterable["Decided"], duplicates: Mapping[bytes, bytes]) -> list[tuple[object, ...]]:
    """Values of `events` in EVENT_COLUMNS, one per root event; records of a split list share one, which names no person."""
    values: dict[Row, tuple[object, ...]] = {}
    for r in rows:
        if r.root and (r.event, r.space) not in values:
            values[r.event, r.space] = (
                r.event, r.space, r.person if r.recipients == 1 else 0, clean(r.type), r.category, PRIORITIES[r.priority], r.source, clean(r.key),
                r.template, r.version, r.recipients, duplicates.get(r.event), r.cohort, r.record, r.accepted,
            )  # fmt: skip
    return list(values.values())


EVENT_COLUMNS = (
    "id, space, person, type, category, priority, source, key, template, version, recipients, duplicate_of, cohort, body, accepted"
)


def count_new(rows: Iterable["Decided"]) -> Deltas:
    """Deltas of new notifications: their deliveries, and their units that got none."""
    deltas: Deltas = Counter()
    for r in rows:
        born = quarter_of(r.notification)
        for d in r.deliveries:
            deltas[r.space, r.cohort, d.channel, NEW, d.state, born, "", -1] += 1
        for channel in r.skipped:
            deltas[r.space, r.cohort, channel, NEW, SKIPPED, born, "", -1] += 1
    return deltas


def forward(places: Mapping[Row, Place], moves: Iterable["Move"]) -> tuple[dict[Row, "Move"], Deltas]:
    """The last move that applies to each row, in order of `moves`, and the deltas from where the row was to where it ends."""
    now = dict(places)
    last: dict[Row, Move] = {}
    for move in moves:
        row = move.delivery, move.space
        place = now.get(row)
        if place and (move.generation, move.state) > place[:2]:
            now[row] = Place(move.generation, move.state, place.cohort, place.channel)  # `_replace` takes six times as long
            last[row] = move
    deltas: Deltas = Counter()
    for row, move in last.items():
        was = places[row]
        deltas[row[1], was.cohort, was.channel, was.state, now[row].state, *told_by(move)] += 1
    return last, deltas


def told_by(move: "Move") -> tuple[int, str, int]:
    """What a delta keeps of a move besides the states: when its unit was born, through whom it went, in which step of time."""
    return quarter_of(move.delivery), clean(move.provider), step_of(move.took)
