"""Expand: a fan-out becomes one event for each person of its snapshot, a chunk at a time.

The first step keeps who it is for, in one statement, beside the fan-out's events row with the number of recipients; from then on
who joins or leaves the group changes nothing. Each step appends events for the next persons and the fan-out itself with its new
cursor, behind what else waits in the lane: a large one never keeps a small one waiting for more than a chunk. While enough of a fan-out
is on its way (`domain.pacing`), or while it is halted, the next step is a due row.
"""

from collections import Counter
from collections.abc import Sequence

import msgspec

from backend.clock import Clock
from backend.domain import pacing
from backend.domain.delivery import PRIORITIES, State
from backend.domain.event import Event, FanOut
from backend.domain.halting import stopped_by
from backend.domain.ids import person_bytes
from backend.domain.pacing import Pace
from backend.log import topics
from backend.log.codec import Unreadable, decode, encode
from backend.log.port import Log, Record
from backend.store import audience_people, campaign_rows, counted, fanouts, hot, seen
from backend.store.campaign_rows import RunRow
from backend.store.forward import clean
from backend.store.port import Store, Tx
from backend.store.tables import cohorts
from backend.store.upsert import insert_new
from workers import decided, waves
from workers.brake import Brake
from workers.stage import DONE, Batch, Dead, Later, Verdict

CHUNK = 1_000  # persons of one batch
LEAST = 50  # persons of one fan-out, when many share the batch
LOOK = 0.25  # seconds until a fan-out of which enough is on its way is looked at again
HALTED = 1.0  # seconds until one that is halted is


class ExpandStage:
    """The stage `expand`."""

    name = "expand"

    def __init__(self, *, clock: Clock, store: Store, events: Log | None = None, brake: Brake | None = None) -> None:
        self._clock, self._store, self._log, self._brake = clock, store, events, brake
        self.lanes = [topics.fanouts(priority) for priority in PRIORITIES]

    async def handle(self, records: Sequence[Record]) -> Batch:
        now = self._clock.now()
        verdicts: list[Verdict] = [DONE] * len(records)
        walk: dict[tuple[int, bytes, int, int], tuple[Record, FanOut, Pace]] = {}  # a record appended twice is one
        waiting: list[Event] = []
        for n, record in enumerate(records):
            try:
                fanout = decode(FanOut, record.value)
            except Unreadable as error:
                verdicts[n] = Dead(0, "unreadable", str(error))
                continue
            event = fanout.event
            if not fanout.group and not fanout.audience and fanout.wave < 0:
                verdicts[n] = Dead(event.space, "unknown_audience", "It names nobody. Send it to a group, an audience or a list of users.")
            elif fanout.audience and fanout.cursor < 0 and not await self._knows(event.space, fanout.audience):
                verdicts[n] = Dead(event.space, "unknown_audience", f"There is no audience {fanout.audience!r} any more. Make it again, then replay.")
            elif event.send_at > now and not event.cancelled:
                due = hot.Later(event.space, event.id, "scheduled", event.send_at, record.topic, record.partition, record.key, record.value)
                verdicts[n] = Later(due)
                waiting.append(event)
            else:
                walk.setdefault((event.space, event.id, fanout.wave, fanout.cursor), (record, fanout, fanout.pace))
        for key, (record, fanout, _) in list(walk.items()):
            paced = await self._paced(record, fanout, now)
            if isinstance(paced, Pace):
                walk[key] = (record, fanout, paced)
            else:
                verdicts[records.index(record)] = Later(paced)
                del walk[key]
        share = max(LEAST, CHUNK // max(1, len(walk)))

        def write(tx: Tx) -> Sequence[Record]:
            for event in waiting:
                _claim(tx, event, now)
            made = [out for record, fanout, pace in walk.values() for out in self._step(tx, record, fanout, pace, share, now)]
            if later := [out for out in made if isinstance(out, hot.Later)]:
                hot.write_due(tx, later)
            return [out for out in made if isinstance(out, Record)]

        return Batch(write, verdicts)

    async def _paced(self, record: Record, fanout: FanOut, now: float) -> hot.Later | Pace:
        """The due row of one that has to wait, or what is known of its speed by now."""
        event = fanout.event
        if fanout.wave >= 0:
            return await self._wave_paced(record, fanout, now)
        if self._brake and self._brake.on:
            halted = self._brake.halted(event.space)
            if stopped_by(halted, channel="", category=event.category, priority=event.priority, template=event.template, event=event.id, campaign=event.campaign):
                return _put_off(record, fanout, fanout.pace, now + HALTED)
        if fanout.cursor < 0:
            return fanout.pace
        flight = await self._in_flight(fanout)
        pace = pacing.measured(fanout.pace, flight, now)
        if pacing.full(pace, flight, pacing.chunk(fanout.pace, CHUNK)):
            return _put_off(record, fanout, pace, now + LOOK)
        return pace

    async def _knows(self, space: int, key: str) -> bool:
        return await self._store.read(lambda tx: audience_people.stored(tx, space, key)) is not None

    async def _wave_paced(self, record: Record, fanout: FanOut, now: float) -> hot.Later | Pace:
        """The same of a wave of a campaign's run."""
        event = fanout.event
        run, ahead = await self._store.read(lambda tx: _run_of(tx, fanout))
        if run is None:
            return fanout.pace
        halted = self._halted(event.space)
        at = waves.wait_until(run, ahead, fanout, now, halted)
        if at > now:
            return waves.put_off(record, fanout, at)
        if fanout.cursor < 0 or waves.cancelled(event.id, halted):
            return fanout.pace
        flight = await self._in_flight(fanout)
        pace = pacing.measured(fanout.pace, flight, now)
        if pacing.full(pace, flight, pacing.chunk(fanout.pace, CHUNK)):
            return waves.put_off(record, msgspec.structs.replace(fanout, pace=pace), now + LOOK)
        return pace

    def _halted(self, space: int) -> frozenset[str]:
        return self._brake.halted(space) if self._brake and self._brake.on else frozenset()

    def _step(self, tx: Tx, record: Record, fanout: FanOut, pace: Pace, share: int, now: float) -> Sequence[Record | hot.Later]:
        if fanout.wave < 0:
            return _step(tx, record, fanout, pace, share, now)
        return waves.step(tx, record, fanout, pace, share, now, over=waves.cancelled(fanout.event.id, self._halted(fanout.event.space)))

    async def _in_flight(self, fanout: FanOut) -> int:
        """Released and neither at its end nor waiting for a time of its own: not decided yet, or on the way to a provider."""
        event = fanout.event
        cohorts = [decided.cohort_of(msgspec.structs.replace(event, root=False), demo=demo).cohort for demo in (False, True)]
        if fanout.wave >= 0:
            cohorts = await self._store.read(lambda tx: campaign_rows.cohorts_of(tx, event.space, event.id))
        stands = await self._store.read(lambda tx: counted.now_standing(tx, event.space, cohorts=cohorts))
        units: Counter[int] = Counter()
        for (channel, _), n in stands.items():
            units[channel] += n
        released = fanout.pace.released
        if fanout.wave >= 0:
            released = await self._store.read(lambda tx: sum(wave.released for wave in campaign_rows.waves_of(tx, event.space, event.id)))
        undecided = max(0, released - min(units.values(), default=0))  # every one has at least a unit on each channel
        if undecided and self._log:  # those that no unit came of (a letter that nobody can account for) do not wait for ever
            undecided = min(undecided, sum((await self._log.lag("decide", [topics.events(event.priority)])).values()))
        return undecided + sum(n for (_, state), n in stands.items() if state in (State.PENDING, State.SENDING))


def _run_of(tx: Tx, fanout: FanOut) -> tuple[RunRow | None, int | None]:
    """The run of a wave, and how many seconds the clocks of its people are ahead of UTC's, where that matters."""
    event = fanout.event
    ahead = {wave.n: wave.ahead for wave in campaign_rows.waves_of(tx, event.space, event.id)}
    return campaign_rows.run(tx, event.space, event.id), ahead.get(fanout.wave)


def _put_off(record: Record, fanout: FanOut, pace: Pace, at: float) -> hot.Later:
    """The same step, later. Each look has a row of its own, for the one before may still be standing; a step that came twice has one."""
    looks = fanout.pace.looks + 1
    following = msgspec.structs.replace(fanout, pace=msgspec.structs.replace(pace, looks=looks))
    return hot.Later(fanout.event.space, fanout.event.id, f"paced.{looks}", at, record.topic, record.partition, record.key, encode(following))


def _step(tx: Tx, record: Record, fanout: FanOut, pace: Pace, share: int, now: float) -> list[Record]:
    """The next persons. Made of the cursor alone, so a repeat appends the same events again, and decide knows them."""
    event = fanout.event
    if fanout.cursor < 0 and not fanouts.taken(tx, event.space, event.id):
        _begin(tx, fanout, now)
    share = pacing.chunk(fanout.pace, share)
    persons = fanouts.walk(tx, event.space, event.id, fanout.cursor, share)
    topic = topics.events(event.priority)
    out = [
        Record(
            topic,
            topics.partition_of(event.space, person),
            person_bytes(person),
            encode(msgspec.structs.replace(event, person=person, root=False, recipients=1)),
            record.headers,
        )
        for person in persons
    ]
    if len(persons) == share:
        pace = msgspec.structs.replace(pace, released=pace.released + len(persons))
        following = msgspec.structs.replace(fanout, cursor=persons[-1], pace=pace)
        out.append(Record(record.topic, record.partition, record.key, encode(following), record.headers))
    return out


def _begin(tx: Tx, fanout: FanOut, now: float) -> None:
    """The snapshot and the events row; for a repeat under a producer's id only the row, which names the event that came first."""
    event = fanout.event
    owner = _claim(tx, event, now)
    recipients = 0
    if owner == event.id and not fanout.recipients:  # else who it is for was written down when it was planned
        recipients = fanouts.take(tx, event.space, event.id, fanouts.named(tx, event.space, fanout.group, fanout.audience, now))
    cohort = decided.cohort_of(msgspec.structs.replace(event, root=False))
    insert_new(tx, cohorts, [{**msgspec.structs.asdict(cohort), "created": now}])
    fanouts.put_event(
        tx,
        {
            "id": event.id, "space": event.space, "person": 0, "type": clean(event.type), "category": event.category, "priority": event.priority,
            "source": event.source, "key": clean(event.key), "template": event.template, "version": event.version,
            "recipients": fanout.recipients or recipients, "duplicate_of": None if owner == event.id else owner, "cohort": cohort.cohort,
            "target": clean(f"group:{fanout.group}" if fanout.group else f"audience:{fanout.audience}"), "body": msgspec.msgpack.encode(event), "accepted": event.accepted,
        },
    )  # fmt: skip


def _claim(tx: Tx, event: Event, now: float) -> bytes:
    """The event that owns this one's producer id: itself when it gave none, or is the first."""
    if not event.key:
        return event.id
    key = (event.space, event.source, seen.bytes_of(event.key))
    return seen.claim(tx, {key: event.id}, now)[key]
