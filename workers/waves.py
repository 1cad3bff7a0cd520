"""Waves of a campaign's run: expand's step for those of a run who are told from one moment on.

A wave is walked over `recipients` in order of person, with its cursor in the record, as a group's snapshot is. What a person gets follows from their variant
and from the run as it stands: one that was edited gives whoever was not told yet the new version. How many a step releases follows from the record alone
(its pace travels with it), so that a repeated step releases the same again.
"""

import msgspec

from backend.domain import pacing
from backend.domain.event import HOLDOUT, Event, FanOut
from backend.domain.halting import stopped_by
from backend.domain.ids import person_bytes
from backend.domain.pacing import Pace
from backend.domain.run import UNASSIGNED, Content, RunBody, ends, following, opens, share
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.store import campaign_rows, hot
from backend.store.campaign_rows import RunRow, WaveRow
from backend.store.port import Tx

SHUT = 900.0  # seconds until a window that is closed is looked at again at the latest
_body = msgspec.json.Decoder(RunBody).decode


def wait_until(run: RunRow, ahead: int | None, fanout: FanOut, now: float, halted: frozenset[str]) -> float:
    """The moment before which nothing of the wave is released; now or earlier when it may go on. A run that is cancelled goes on at once: then the
    gates account for everybody."""
    event = fanout.event
    if cancelled(run.id, halted):
        return now
    if stopped_by(halted, channel="", category=event.category, priority=event.priority, template="", event=event.id, campaign=event.campaign):
        return now + 1.0
    body = _body(run.body)
    open_at = opens(body, ahead, now)
    if open_at > now:
        return min(open_at, now + SHUT)
    return fanout.pace.due


def cancelled(run: bytes, halted: frozenset[str]) -> bool:
    """Whether a run was cancelled."""
    return f"cancelled:{run.hex()}" in halted


def step(tx: Tx, record: Record, fanout: FanOut, pace: Pace, most: int, now: float, *, over: bool) -> list[Record | hot.Later]:
    """The next people, and the wave itself with its new cursor: as a record when it goes on at once, as a due row when it has a pace. `over`: the run was
    cancelled, and everybody is to be accounted for."""
    event, space = fanout.event, fanout.event.space
    run = campaign_rows.run(tx, space, event.id)
    if run is None:
        return []
    body = _body(run.body)
    wave = next((one for one in campaign_rows.waves_of(tx, space, event.id) if one.n == fanout.wave), None)
    event = msgspec.structs.replace(event, accepted=now, expires=_until(run, body, wave, now))
    asked = 0.0 if over else fanout.pace.asked
    limit = min(share(asked), most) if asked else pacing.chunk(fanout.pace, most)
    some = campaign_rows.walk(tx, space, event.id, fanout.wave, fanout.cursor, limit)
    out: list[Record | hot.Later] = [_child(record, event, body, *one) for one in some]
    released = pace.released + len(some)
    last = len(some) < limit
    campaign_rows.released(tx, space, event.id, fanout.wave, released, "finished" if last else "running", now)
    if last:
        return out
    due = following(fanout.pace.due or now, len(some), asked, now) if asked else 0.0
    pace = msgspec.structs.replace(pace, released=released, due=due, asked=body.pace)
    after = msgspec.structs.replace(fanout, cursor=some[-1][0], pace=pace)
    if due > now:
        out.append(put_off(record, after, due))
    else:
        out.append(Record(record.topic, record.partition, record.key, encode(after), record.headers))
    return out


def _until(run: RunRow, body: RunBody, wave: WaveRow | None, now: float) -> float:
    """When it is not worth telling them any more, 0: never. Who waited for the winner has the whole time from then on."""
    if wave is not None and wave.kind == "rest":
        return (wave.at or now) + body.expires if body.expires else 0.0
    return ends(body, run.planned, wave.ahead if wave else None, run.started or now)


def put_off(record: Record, fanout: FanOut, at: float) -> hot.Later:
    """The same step, later. Each look has a row of its own, for the one before may still be standing."""
    looks = fanout.pace.looks + 1
    later = msgspec.structs.replace(fanout, pace=msgspec.structs.replace(fanout.pace, looks=looks))
    return hot.Later(fanout.event.space, fanout.event.id, f"wave.{fanout.wave}.{looks}", at, record.topic, record.partition, record.key, encode(later))


def _child(record: Record, event: Event, body: RunBody, person: int, variant: int, foreseen: bytes) -> Record:
    content = _content(body, variant)
    gets = HOLDOUT if variant in body.stopped or variant == UNASSIGNED else variant
    made = msgspec.structs.replace(
        event, person=person, root=False, recipients=1, template=content.template, version=content.version, body=content.raw, channels=body.channels,
        variant=gets, foreseen=foreseen,
    )  # fmt: skip
    return Record(topics.events(event.priority), topics.partition_of(event.space, person), person_bytes(person), encode(made), record.headers)


def _content(body: RunBody, variant: int) -> Content:
    return body.contents[variant if 0 <= variant < len(body.contents) else 0]

