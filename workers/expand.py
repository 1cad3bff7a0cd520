"""Expand: a fan-out becomes one event for each person of its snapshot, a chunk at a time.

The first step keeps who it is for, in one statement, beside the fan-out's events row with the number of recipients; from then on
who joins or leaves the group changes nothing. Each step appends events for the next persons and the fan-out itself with its new
cursor, behind what else waits in the lane: a large one never keeps a small one waiting for more than a chunk.
"""

from collections.abc import Sequence

import msgspec

from backend.clock import Clock
from backend.domain.delivery import PRIORITIES
from backend.domain.event import Event, FanOut
from backend.domain.ids import person_bytes
from backend.log import topics
from backend.log.codec import Unreadable, decode, encode
from backend.log.port import Record
from backend.store import fanouts, hot, seen
from backend.store.forward import clean
from backend.store.port import Tx
from backend.store.tables import cohorts
from backend.store.upsert import insert_new
from workers import decided
from workers.stage import DONE, Batch, Dead, Later, Verdict

CHUNK = 1_000  # persons of one batch
LEAST = 50  # persons of one fan-out, when many share the batch


class ExpandStage:
    """The stage `expand`."""

    name = "expand"

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self.lanes = [topics.fanouts(priority) for priority in PRIORITIES]

    async def handle(self, records: Sequence[Record]) -> Batch:
        now = self._clock.now()
        verdicts: list[Verdict] = [DONE] * len(records)
        walk: dict[tuple[int, bytes, int], tuple[Record, FanOut]] = {}  # a record appended twice is one
        waiting: list[Event] = []
        for n, record in enumerate(records):
            try:
                fanout = decode(FanOut, record.value)
            except Unreadable as error:
                verdicts[n] = Dead(0, "unreadable", str(error))
                continue
            event = fanout.event
            if not fanout.group:
                verdicts[n] = Dead(
                    event.space, "unknown_audience", "Only groups can be expanded. Send it to a group or to a list of users."
                )
            elif event.send_at > now:
                due = hot.Later(event.space, event.id, "scheduled", event.send_at, record.topic, record.partition, record.key, record.value)
                verdicts[n] = Later(due)
                waiting.append(event)
            else:
                walk.setdefault((event.space, event.id, fanout.cursor), (record, fanout))
        share = max(LEAST, CHUNK // max(1, len(walk)))

        def write(tx: Tx) -> Sequence[Record]:
            for event in waiting:
                _claim(tx, event, now)
            return [out for record, fanout in walk.values() for out in _step(tx, record, fanout, share, now)]

        return Batch(write, verdicts)


def _step(tx: Tx, record: Record, fanout: FanOut, share: int, now: float) -> list[Record]:
    """The next persons. Made of the cursor alone, so a repeat appends the same events again, and decide knows them."""
    event = fanout.event
    if fanout.cursor < 0 and not fanouts.taken(tx, event.space, event.id):
        _begin(tx, fanout, now)
    persons = fanouts.walk(tx, event.space, event.id, fanout.cursor, share)
    topic = topics.events(event.priority)
    out = [
        Record(
            topic,
            decided.partition_of(event.space, person),
            person_bytes(person),
            encode(msgspec.structs.replace(event, person=person, root=False, recipients=1)),
            record.headers,
        )
        for person in persons
    ]
    if len(persons) == share:
        following = msgspec.structs.replace(fanout, cursor=persons[-1])
        out.append(Record(record.topic, record.partition, record.key, encode(following), record.headers))
    return out


def _begin(tx: Tx, fanout: FanOut, now: float) -> None:
    """The snapshot and the events row; for a repeat under a producer's id only the row, which names the event that came first."""
    event = fanout.event
    owner = _claim(tx, event, now)
    recipients = 0
    if owner == event.id and not fanout.recipients:  # else who it is for was written down when it was planned
        recipients = fanouts.take(tx, event.space, event.id, fanout.group)
    cohort = decided.cohort_of(msgspec.structs.replace(event, root=False))
    insert_new(tx, cohorts, [{**msgspec.structs.asdict(cohort), "created": now}])
    fanouts.put_event(
        tx,
        {
            "id": event.id, "space": event.space, "person": 0, "type": clean(event.type), "category": event.category, "priority": event.priority,
            "source": event.source, "key": clean(event.key), "template": event.template, "version": event.version,
            "recipients": fanout.recipients or recipients, "duplicate_of": None if owner == event.id else owner, "cohort": cohort.cohort,
            "target": clean(f"group:{fanout.group}"), "body": msgspec.msgpack.encode(event), "accepted": event.accepted,
        },
    )  # fmt: skip


def _claim(tx: Tx, event: Event, now: float) -> bytes:
    """The event that owns this one's producer id: itself when it gave none, or is the first."""
    if not event.key:
        return event.id
    key = (event.space, event.source, seen.bytes_of(event.key))
    return seen.claim(tx, {key: event.id}, now)[key]
