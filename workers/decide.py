"""Decide: events become notifications with their reasons, and deliveries on their way, held or not made at all.

Facts of a batch are read in one trip, `domain.gates` decides, one transaction writes. What comes back from a hold or a replay
(`event.delivery` is set) is decided again for its one delivery. A repeated batch appends what is still pending, new or not.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from backend.clock import Clock
from backend.domain import forecast, gates
from backend.domain.decision import Again, Facts, Unit
from backend.domain.delivery import CHANNEL_NAME, PRIORITIES, State
from backend.domain.event import Event
from backend.domain.forecast import Difference
from backend.domain.halting import parked_as
from backend.domain.ids import notification_id
from backend.log import topics
from backend.log.codec import Unreadable, decode
from backend.log.port import Record
from backend.store import collapses, forecast_rows, hot, receipt_rows, seen, traces
from backend.store.port import Tx
from backend.store.tables import cohorts
from backend.store.upsert import insert_new
from backend.telemetry import DECIDED
from workers import decided
from workers.decided import Cohort, Made
from workers.stage import DONE, SHORT, Batch, Dead, Later, Verdict

UNKNOWN = "unknown_category"
TURN = 64  # events decided before the loop gets a turn: under 10 ms


_Otherwise: TypeAlias = dict[bytes, tuple[Event, list[Difference]]]  # notification -> where its event went otherwise than was foreseen


class FactsOf(Protocol):
    """What the gates may look at, for each event; None where its category does not exist."""

    async def of_events(self, events: Sequence[Event], now: float) -> Sequence[Facts | None]: ...


class _Again(msgspec.Struct):
    """One delivery decided again."""

    event: Event
    unit: Unit
    state: State
    headers: Mapping[str, str]


class DecideStage:
    """The stage `decide`."""

    name = "decide"

    def __init__(self, *, clock: Clock, facts: FactsOf) -> None:
        self._clock, self._facts = clock, facts
        self.lanes = [topics.events(priority) for priority in PRIORITIES]
        self._written: set[tuple[int, int]] = set()  # cohorts whose row is known to be there

    async def handle(self, records: Sequence[Record]) -> Batch:
        now = self._clock.now()
        verdicts: list[Verdict] = [DONE] * len(records)
        asked: dict[tuple[bytes, int, bytes, int], tuple[int, Event]] = {}  # a record appended twice is one
        waiting: list[Event] = []
        for n, record in enumerate(records):
            try:
                event = decode(Event, record.value)
            except Unreadable as error:
                verdicts[n] = Dead(0, "unreadable", str(error))
                continue
            if event.send_at > now and not event.delivery and not event.cancelled:
                kind = "scheduled" if event.root and event.recipients == 1 else f"scheduled.{event.person}"
                verdicts[n] = Later(decided.later(event, event.id, kind, event.send_at, record.topic))
                waiting.append(event)
            else:
                asked.setdefault((event.id, event.person, event.delivery, event.generation), (n, event))
        facts = await self._facts.of_events([event for _, event in asked.values()], now) if asked else []
        made: list[Made] = []
        again: list[_Again] = []
        undecided: list[Event] = []
        otherwise: _Otherwise = {}
        met: dict[tuple[int, int], Cohort] = {}
        for turn, ((n, event), fact) in enumerate(zip(asked.values(), facts, strict=True)):
            if turn and turn % TURN == 0:
                await asyncio.sleep(0)
            if fact is None:
                verdicts[n] = Dead(event.space, UNKNOWN, f"There is no category {event.category!r}. Make it again, then replay.")
                undecided.append(event)
            elif event.delivery:
                unit = gates.redecide(fact)
                again.append(_Again(event, unit, _state_of(unit), records[n].headers))
            else:
                cohort = decided.cohort_of(event, demo=fact.person.demo)
                met[cohort.space, cohort.cohort] = cohort
                decision = gates.decide(fact)
                one = decided.made_of(fact, decision, cohort.cohort, records[n].headers)
                made.append(one)
                if event.foreseen and (differing := forecast.differences(event.foreseen, forecast.code_of(decision))):
                    otherwise[one.row.notification] = event, differing

        def write(tx: Tx) -> Sequence[Record]:
            if waiting:
                seen.claim(tx, {_key_of(event): event.id for event in reversed(waiting) if event.key}, now)  # the first of each key
            self._write_cohorts(tx, met, now)
            for event in undecided:
                self._write_undecided(tx, event, UNKNOWN, now)
            return [*_write_made(tx, made, otherwise, now), *_write_again(tx, again, now)]

        async def remember() -> None:
            self._written.update(met)
            count(made)

        folds = any(event.collapse for _, event in asked.values())  # what is newest of a key is a row that the batch before may write
        return Batch(write, verdicts, remember, short=len(records) <= SHORT, follows=folds)

    def give_up(self, tx: Tx, record: Record, now: float) -> None:
        """Account for a record that makes the stage fail."""
        with contextlib.suppress(Unreadable):
            self._write_undecided(tx, decode(Event, record.value), "failed", now)

    def _write_undecided(self, tx: Tx, event: Event, cause: str, now: float) -> None:
        """It failed: the whole event, or the delivery that came back."""
        if not event.delivery:
            cohort = decided.cohort_of(event)
            self._write_cohorts(tx, {(cohort.space, cohort.cohort): cohort}, now)
            row = decided.undecided_of(event, cause)
            if hot.write_decided(tx, [row], now).fresh and event.foreseen:
                _write_otherwise(tx, {row.notification: (event, forecast.undecided(event.foreseen, CHANNEL_NAME[row.deliveries[0].channel]))}, now)
        elif found := receipt_rows.deliveries_of(tx, event.space, [event.delivery]).get(event.delivery):
            move = hot.Move(event.space, event.delivery, found.cohort, found.channel, event.generation, State.DEAD, "dead_letter")
            hot.write_moves(tx, [move], now)

    def _write_cohorts(self, tx: Tx, met: Mapping[tuple[int, int], Cohort], now: float) -> None:
        new = [{**msgspec.structs.asdict(cohort), "created": now} for key, cohort in sorted(met.items()) if key not in self._written]
        if new:
            insert_new(tx, cohorts, new)


def count(made: Sequence[Made]) -> None:
    """For the metrics: units by channel and outcome."""
    units = Counter((row.channel, "hold" if row.state == State.HELD else "send") for one in made for row in one.row.deliveries)
    units.update((channel, "skip") for one in made for channel in one.row.skipped)
    for (channel, outcome), n in units.items():
        DECIDED.labels(CHANNEL_NAME[channel], outcome).inc(n)


def _write_otherwise(tx: Tx, otherwise: _Otherwise, now: float) -> None:
    """Where a campaign's run went otherwise than its forecast said."""
    runs: dict[tuple[int, bytes], dict[int, Sequence[Difference]]] = {}
    for event, differing in otherwise.values():
        runs.setdefault((event.space, event.id), {})[event.person] = differing
    for (space, run), found in sorted(runs.items()):
        forecast_rows.differ(tx, space, run, found, now)


def _write_made(tx: Tx, made: Sequence[Made], otherwise: _Otherwise, now: float) -> list[Record]:
    """Rows of what was decided; the records of all that is pending now, in the order of the events."""
    if not made:
        return []
    answer = hot.write_decided(tx, [one.row for one in made], now)
    if otherwise:  # of a repeat the first decision counts
        _write_otherwise(tx, {made: one for made, one in otherwise.items() if made in answer.fresh}, now)
    newest: dict[collapses.Key, bytes] = {}
    for one in made:
        event = one.event
        if event.collapse and event.id not in answer.duplicates:
            key = (event.space, event.person, event.collapse)
            newest[key] = max(newest.get(key, b""), event.id)
    collapses.put(tx, newest)
    hot.write_touches(tx, [act for one in made if one.acted and one.row.notification in answer.fresh and (act := decided.act_of(one))], now)
    ways = [(one, way) for one in made for way in one.ways]
    if answer.earlier:
        by_notification = {one.row.notification: one for one in made}
        ways += [(one, decided.way_of(e, one.row.cohort)) for e in answer.earlier for one in (by_notification[e.notification],)]
    held = [
        decided.release(one.event, way.id, way.channel, way.address, way.until, way.parked) for one, way in ways if way.until and way.id in answer.held
    ]
    if held:
        hot.write_due(tx, held)
    return [decided.record_of(one.event, way, one.headers) for one, way in ways if way.id in answer.pending]


def _write_again(tx: Tx, again: Sequence[_Again], now: float) -> list[Record]:
    """Moves of what was decided again, and the records of those that now stand where this decision put them."""
    out: list[Record] = []
    held: list[hot.Later] = []
    for space in sorted({one.event.space for one in again}):
        explained: list[tuple[bytes, Again]] = []
        mine = [one for one in again if one.event.space == space]
        ids = [one.event.delivery for one in mine]
        rows = receipt_rows.deliveries_of(tx, space, ids)
        mine = [one for one in mine if one.event.delivery in rows]
        hot.write_moves(tx, [_move(one, rows[one.event.delivery].cohort) for one in mine], now)
        places = hot.states_of(tx, space, ids)
        for one in mine:
            event, unit, row = one.event, one.unit, rows[one.event.delivery]
            if places[event.delivery] != (event.generation, one.state):
                continue  # it went on since: this record is a repeat
            if one.state is State.PENDING:
                out.append(decided.again(event, row.cohort, unit, one.headers))
                continue
            explained.append((notification_id(event.id, event.person), Again(now, event.generation, unit)))
            if one.state is State.HELD:
                held.append(decided.release(event, event.delivery, event.channel, event.address, unit.until, parked_as(unit.reasons)))
        traces.add(tx, space, explained)
    if held:
        hot.write_due(tx, held)
    return out


def _state_of(unit: Unit) -> State:
    if unit.outcome == "send":
        return State.PENDING
    if unit.outcome == "hold":
        return State.HELD
    return decided.ENDS.get(unit.reasons[0].code, State.CANCELLED)


def _move(one: _Again, cohort: int) -> hot.Move:
    event, unit = one.event, one.unit
    reason = unit.reasons[0].code if unit.outcome != "send" else ""
    return hot.Move(event.space, event.delivery, cohort, event.channel, event.generation, one.state, reason, unit.until or None)


def _key_of(event: Event) -> seen.Key:
    return event.space, event.source, seen.bytes_of(event.key)
