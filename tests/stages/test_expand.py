"""Expand on both stores: a snapshot that stays, chunks by cursor, and a repeat that changes nothing."""

import msgspec

from backend.domain.event import Event, FanOut
from backend.domain.ids import bucket_of, person_bytes
from backend.log import topics
from backend.store import groups
from backend.store.tables import cohorts, deliveries, due, events, notifications, seen, snapshots
from tests.stages.conftest import NOON, SPACE, event_for, read_all, record_of
from workers.decide import DecideStage
from workers.expand import CHUNK, LEAST, ExpandStage
from workers.stage import Dead, Later


async def team(ground, persons, key="team"):
    await ground.person(next(iter(persons)), member=(key,))
    await ground.store.write(lambda tx: groups.add(tx, SPACE, key, list(persons), NOON))


async def expand(ground, *records):
    """One step; (events, fan-outs) that it appends."""
    out = await ground.carry_out(ExpandStage(clock=ground.clock), list(records))
    return [r for r in out if r.topic.startswith("events.")], [r for r in out if r.topic.startswith("fanouts.")]


async def test_a_small_group_in_one_step(ground):
    await team(ground, [3, 1, 2])
    event = event_for(0, key="news", priority="low", body=b'{"title":"Hi"}')
    out, rest = await expand(ground, record_of(FanOut(event, group="team"), {"traceparent": "x"}))
    assert read_all(Event, out) == [msgspec.structs.replace(event, person=p, root=False) for p in (1, 2, 3)]
    assert [(r.topic, r.partition, r.key, r.headers) for r in out] == [
        (topics.events("low"), bucket_of(SPACE, p) % topics.PARTITIONS, person_bytes(p), {"traceparent": "x"}) for p in (1, 2, 3)
    ]
    assert rest == []
    assert await ground.rows(events, "id", "person", "recipients", "target", "duplicate_of") == [(event.id, 0, 3, "group:team", None)]
    assert await ground.rows(cohorts, "event", "priority") == [(event.id, "low")]
    assert await ground.rows(seen, "id") == [(event.id,)]


async def test_a_large_group_in_chunks_behind_what_else_waits(ground):
    everybody = range(1, 2 * CHUNK + 2)
    await team(ground, everybody)
    record, reached, steps = record_of(FanOut(event_for(0), group="team")), [], 0
    while True:
        out, rest = await expand(ground, record)
        steps += 1
        reached += [e.person for e in read_all(Event, out)]
        assert len(out) <= CHUNK
        if not rest:
            break
        (record,) = rest
    assert (reached, steps) == (list(everybody), 3)


async def test_many_small_ones_share_a_batch(ground):
    await team(ground, range(1, LEAST + 11))
    fanouts = [FanOut(event_for(0, born=NOON + n), group="team") for n in range(CHUNK // LEAST)]
    out, rest = await expand(ground, *map(record_of, fanouts))
    assert len(out) == CHUNK
    assert len(rest) == len(fanouts)


async def test_who_joins_or_leaves_meanwhile_changes_nothing(ground):
    await team(ground, range(1, CHUNK + 3))
    first, (record,) = await expand(ground, record_of(FanOut(event_for(0), group="team")))

    def change(tx):
        groups.drop(tx, SPACE, "team", [CHUNK + 1])
        groups.add(tx, SPACE, "team", [5000, 6000], NOON)

    await ground.store.write(change)
    second, rest = await expand(ground, record)
    assert [e.person for e in read_all(Event, first + second)] == list(range(1, CHUNK + 3))
    assert rest == []


async def test_a_repeated_step_appends_the_same_again(ground):
    await team(ground, range(1, CHUNK + 3))
    record = record_of(FanOut(event_for(0), group="team"))
    first = await expand(ground, record)
    await ground.store.write(lambda tx: groups.add(tx, SPACE, "team", [0], NOON))
    assert await expand(ground, record) == first
    assert await expand(ground, record, record) == first
    assert await ground.rows(events, "recipients") == [(CHUNK + 2,)]


async def test_a_producers_repeat_reaches_nobody(ground):
    await team(ground, [1, 2])
    one, repeat = (event_for(0, key="news", born=NOON + n) for n in (0, 1))
    await expand(ground, record_of(FanOut(one, group="team")))
    assert await expand(ground, record_of(FanOut(repeat, group="team"))) == ([], [])
    assert await expand(ground, record_of(FanOut(repeat, group="team"))) == ([], [])
    assert dict(await ground.rows(events, "id", "duplicate_of")) == {one.id: None, repeat.id: one.id}
    assert await ground.count(snapshots) == 2


async def test_an_empty_group_is_an_event_for_nobody(ground):
    event = event_for(0)
    assert await expand(ground, record_of(FanOut(event, group="gone"))) == ([], [])
    assert await ground.rows(events, "id", "recipients") == [(event.id, 0)]


async def test_scheduled_takes_its_snapshot_when_its_time_has_come(ground):
    await team(ground, [1])
    event = event_for(0, key="k", send_at=NOON + 60)
    assert await expand(ground, record_of(FanOut(event, group="team"))) == ([], [])
    assert isinstance(ground.verdicts[0], Later)
    assert await ground.count(events) == await ground.count(snapshots) == 0
    await ground.store.write(lambda tx: groups.add(tx, SPACE, "team", [2], NOON))
    ground.clock.move(60)
    (record,) = await ground.due()
    out, _ = await expand(ground, record)
    assert [e.person for e in read_all(Event, out)] == [1, 2]
    children = await ground.carry_out(DecideStage(clock=ground.clock, facts=ground.facts), out)
    assert len(children) > 0
    assert await ground.count(due) == 0


async def test_its_children_are_decided_under_its_own_cohort_and_event(ground):
    for person in (1, 2):
        await ground.person(person, member=("team",))
    event = event_for(0, key="k", channels=("email",))
    out, _ = await expand(ground, record_of(FanOut(event, group="team")))
    await ground.carry_out(DecideStage(clock=ground.clock, facts=ground.facts), out)
    ((cohort,),) = await ground.rows(cohorts, "cohort")
    assert [row[1:] for row in await ground.rows(deliveries, "person", "cohort")] == [(cohort,), (cohort,)]
    assert {row[0] for row in await ground.rows(notifications, "event")} == {event.id}
    assert await ground.rows(events, "person", "recipients", "cohort") == [(0, 2, cohort)]


async def test_what_cannot_be_expanded_is_told_apart(ground):
    await team(ground, [1])
    bad = msgspec.structs.replace(record_of(FanOut(event_for(0), group="team")), value=b"[]")
    out, _ = await expand(ground, bad, record_of(FanOut(event_for(0), audience="vip")), record_of(FanOut(event_for(0), group="team")))
    unreadable, audience, _ = ground.verdicts
    assert isinstance(unreadable, Dead)
    assert (unreadable.cause, audience.cause, len(out)) == ("unreadable", "unknown_audience", 1)
