"""Expand on both stores: a snapshot that stays, chunks by cursor, and a repeat that changes nothing."""

import msgspec
from sqlalchemy import select

from backend.domain.delivery import State
from backend.domain.event import Event, FanOut
from backend.domain.ids import person_bytes
from backend.domain.pacing import FIRST, STEPS
from backend.log import topics
from backend.store import content, groups, halts, hot
from backend.store.tables import cohorts, deliveries, due, events, notifications, seen, snapshots
from tests.stages.conftest import NOON, SPACE, event_for, read_all, record_of
from workers.brake import Brake
from workers.decide import DecideStage
from workers.expand import CHUNK, LEAST, LOOK, ExpandStage
from workers.stage import Dead, Later

STEP = FIRST // STEPS  # persons of the first chunk


async def team(ground, persons, key="team"):
    await ground.person(next(iter(persons)), member=(key,))
    await ground.store.write(lambda tx: groups.add(tx, SPACE, key, list(persons), NOON))


async def expand(ground, *records):
    """One step; (events, fan-outs) that it appends."""
    out = await ground.carry_out(ExpandStage(clock=ground.clock, store=ground.store), list(records))
    return [r for r in out if r.topic.startswith("events.")], [r for r in out if r.topic.startswith("fanouts.")]


async def test_a_small_group_in_one_step(ground):
    await team(ground, [3, 1, 2])
    event = event_for(0, key="news", priority="low", body=b'{"title":"Hi"}')
    out, rest = await expand(ground, record_of(FanOut(event, group="team"), {"traceparent": "x"}))
    assert read_all(Event, out) == [msgspec.structs.replace(event, person=p, root=False) for p in (1, 2, 3)]
    assert [(r.topic, r.partition, r.key, r.headers) for r in out] == [
        (topics.events("low"), topics.partition_of(SPACE, p), person_bytes(p), {"traceparent": "x"}) for p in (1, 2, 3)
    ]
    assert rest == []
    assert await ground.rows(events, "id", "person", "recipients", "target", "duplicate_of") == [(event.id, 0, 3, "group:team", None)]
    assert await ground.rows(cohorts, "event", "priority") == [(event.id, "low")]
    assert await ground.rows(seen, "id") == [(event.id,)]


async def carried_out(ground, children):
    """The line does with these what it does: decide them, and say of their mails that they were sent."""
    await ground.carry_out(DecideStage(clock=ground.clock, facts=ground.facts), children)

    def write(tx):
        rows = tx.conn.execute(select(deliveries).where(deliveries.c.state == State.PENDING)).mappings().all()
        hot.write_moves(tx, [hot.Move(r["space"], r["id"], r["cohort"], r["channel"], r["generation"], State.SENT) for r in rows], ground.clock.now())

    await ground.store.write(write)


async def test_a_large_group_in_chunks_that_wait_until_enough_of_it_was_carried_out(ground):
    everybody = range(1, 2 * FIRST + 2)
    await team(ground, everybody)
    record, waits, reached, unread = record_of(FanOut(event_for(0, channels=("email",)), group="team")), 0, [], []
    while True:
        out, rest = await expand(ground, record)
        unread += out
        reached += [e.person for e in read_all(Event, out)]
        assert len(unread) <= FIRST, "more than may wait before its speed is known"
        if isinstance(ground.verdicts[0], Later):
            assert (out, rest, len(unread)) == ([], [], FIRST)
            waits += 1
            await carried_out(ground, unread)
            unread = []
            ground.clock.move(LOOK)
            (record,) = await ground.due()
        elif not rest:
            break
        else:
            (record,) = rest
    assert (reached, waits) == (list(everybody), 2)


async def test_a_step_that_came_twice_waits_once(ground):
    await team(ground, range(1, FIRST + 300))
    (record,) = (await expand(ground, record_of(FanOut(event_for(0), group="team"))))[1]
    while not isinstance(ground.verdicts[0], Later):
        _, rest = await expand(ground, record)
        if rest:
            (record,) = rest
    await expand(ground, record)
    assert await ground.count(due) == 1


async def test_a_halted_fan_out_releases_nobody_until_it_may_go_on(ground):
    await team(ground, [1, 2])
    brake = Brake(store=ground.store, cache=ground.cache)
    stage = ExpandStage(clock=ground.clock, store=ground.store, brake=brake)

    def halt(tx):
        halts.put(tx, halts.HaltRow(space=SPACE, scope="category:orders", reason="", by="t", at=NOON))
        return content.bump(tx)

    await content.announce(ground.cache, await ground.store.write(halt))
    await brake.look()
    assert await ground.carry_out(stage, [record_of(FanOut(event_for(0), group="team"))]) == []
    ground.clock.move(1.0)
    (record,) = await ground.due()
    await content.announce(ground.cache, await ground.store.write(lambda tx: (halts.remove(tx, SPACE, "category:orders"), content.bump(tx))[1]))
    await brake.look()
    assert [e.person for e in read_all(Event, await ground.carry_out(stage, [record]))] == [1, 2]


async def test_many_small_ones_share_a_batch(ground):
    await team(ground, range(1, LEAST + 11))
    fanouts = [FanOut(event_for(0, born=NOON + n), group="team") for n in range(CHUNK // LEAST)]
    out, rest = await expand(ground, *map(record_of, fanouts))
    assert len(out) == CHUNK
    assert len(rest) == len(fanouts)


async def test_who_joins_or_leaves_meanwhile_changes_nothing(ground):
    await team(ground, range(1, STEP + 3))
    first, (record,) = await expand(ground, record_of(FanOut(event_for(0), group="team")))

    def change(tx):
        groups.drop(tx, SPACE, "team", [STEP + 1])
        groups.add(tx, SPACE, "team", [5000, 6000], NOON)

    await ground.store.write(change)
    second, rest = await expand(ground, record)
    assert [e.person for e in read_all(Event, first + second)] == list(range(1, STEP + 3))
    assert rest == []


async def test_a_repeated_step_appends_the_same_again(ground):
    await team(ground, range(1, STEP + 3))
    record = record_of(FanOut(event_for(0), group="team"))
    first = await expand(ground, record)
    await ground.store.write(lambda tx: groups.add(tx, SPACE, "team", [0], NOON))
    assert await expand(ground, record) == first
    assert await expand(ground, record, record) == first
    assert await ground.rows(events, "recipients") == [(STEP + 2,)]


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
