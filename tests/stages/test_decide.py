"""Decide on both stores: what is written, what is appended, and what a repeat or a return changes."""

import msgspec
import pytest
from sqlalchemy import delete, update

from backend.domain.category import SEEDED
from backend.domain.decision import Decision
from backend.domain.delivery import Delivery, State
from backend.domain.event import Event
from backend.domain.ids import delivery_id, notification_id, person_bytes
from backend.domain.ledger import balance, ledger_of
from backend.domain.person import QuietHours, Wishes
from backend.log import topics
from backend.store import content, history, hot, rollup, undecided
from backend.store.tables import categories, cohorts, collapses, deliveries, deltas, due, events, notifications, seen
from tests.stages.conftest import MAIL, NOON, SPACE, event_for, read_all, record_of
from workers.decide import DecideStage
from workers.stage import DONE, Dead, Later

QUIET = Wishes(quiet=(QuietHours("11:00", "13:00"),))  # it is noon
ONE = 3600.0


def stage_of(ground):
    return DecideStage(clock=ground.clock, facts=ground.facts)


async def decide(ground, *asked, stage=None):
    return await ground.carry_out(stage or stage_of(ground), [record_of(e) if isinstance(e, Event) else e for e in asked])


async def decide_one(ground, event) -> Delivery:
    out = await decide(ground, event)
    return next(d for d in read_all(Delivery, out) if d.channel == 2)


async def states(ground):
    return {
        (person, channel): (State(state).name, generation)
        for person, channel, state, generation in await ground.rows(deliveries, "person", "channel", "state", "generation")
    }


async def test_one_event_becomes_rows_and_records(ground):
    await ground.person(1, addresses=((2, MAIL), (2, b"other"), (3, b"bell")))
    event = event_for(1, "orders", key="k1", type="order.shipped", priority="high", body=b'{"title":"Hi"}', expires=NOON + 99)
    trace = {"traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01"}
    out = await decide(ground, record_of(event, trace))
    notification = notification_id(event.id, 1)
    assert [(r.topic, r.partition, r.key, r.headers) for r in out] == [
        (topics.deliveries(channel, "high"), record_of(event).partition, person_bytes(1), trace)
        for channel in ("web", "email", "email", "push")
    ]
    web, mail, *_ = read_all(Delivery, out)
    assert mail == Delivery(
        delivery_id(notification, 1, 2, MAIL), notification, event.id, SPACE, 1, 2, MAIL, "orders", "high", mail.cohort, NOON, "order.shipped",
        expires=NOON + 99, body=b'{"title":"Hi"}',
    )  # fmt: skip
    assert web.address == person_bytes(1)
    assert await ground.rows(events, "id", "person", "recipients", "duplicate_of") == [(event.id, 1, 1, None)]
    assert await ground.rows(seen, "id", "source") == [(event.id, 1)]
    assert await ground.rows(notifications, "id", "event", "planned", "skipped") == [(notification, event.id, 4, 0)]
    assert {row[0] for row in await ground.rows(deliveries, "state")} == {State.PENDING}
    assert sum(n for (n,) in await ground.rows(deltas, "n")) == 4
    ((body,),) = await ground.rows(events, "body")
    assert msgspec.msgpack.decode(body, type=Event) == event


async def test_every_unit_is_accounted_for_and_explained(ground):
    await ground.person(1, wishes=Wishes(channels={"push": False}, quiet=QUIET.quiet), addresses=((2, MAIL), (2, b"bad"), (3, b"bell")))
    await ground.suppress(2, b"bad")
    event = event_for(1, "security", channels=("web", "email", "push", "sms"))
    service = event_for(1, "orders", channels=("web", "email", "push", "sms"))
    await decide(ground, event, service)
    ((planned, skipped, trace),) = [
        row[1:] for row in await ground.rows(notifications, "event", "planned", "skipped", "trace") if row[0] == service.id
    ]
    decision = msgspec.msgpack.decode(trace, type=Decision)
    assert [(u.channel, u.outcome, [r.code for r in u.reasons]) for u in decision.units] == [
        ("web", "send", ["quiet_hours"]),
        ("email", "skip", ["suppressed"]),
        ("email", "hold", ["quiet_hours"]),
        ("push", "skip", ["preference_off"]),
        ("sms", "skip", ["no_address"]),
    ]
    rows = [state for (n, state) in await ground.rows(deliveries, "notification", "state") if n == notification_id(service.id, 1)]
    assert balance(ledger_of(planned, {s: rows.count(s) for s in rows}, skipped, 1, 1)) == 0


async def test_a_repeated_batch_appends_what_is_still_pending_and_nothing_else(ground):
    await ground.person(1)
    await ground.person(2)
    one, two = event_for(1, channels=("email",)), event_for(2, channels=("email",))
    first = await decide(ground, one, two)
    assert [r.value for r in await decide(ground, one, two)] == [r.value for r in first]  # crash between commit and append
    gone = read_all(Delivery, first)[0]
    move = hot.Move(SPACE, gone.id, gone.cohort, 2, 0, State.SENT)
    await ground.store.write(lambda tx: hot.write_moves(tx, [move], NOON))
    assert read_all(Delivery, await decide(ground, one, two)) == [read_all(Delivery, first)[1]]
    assert await ground.count(deliveries) == 2


async def test_a_repeat_appends_what_it_would_not_decide_again(ground):
    """Facts changed between crash and repeat: the row is there and pending, so it must reach deliver, whose recheck settles it."""
    await ground.person(1)
    event = event_for(1, channels=("email",))
    first = read_all(Delivery, await decide(ground, event))
    await ground.person(1, wishes=Wishes(channels={"email": False}))
    assert read_all(Delivery, await decide(ground, event)) == first
    await ground.person(1, wishes=QUIET)
    assert [d.id for d in read_all(Delivery, await decide(ground, event))] == [first[0].id]
    assert await ground.count(due) == 0


async def test_a_record_twice_in_one_batch_is_one(ground):
    await ground.person(1)
    event = event_for(1, channels=("email",))
    assert len(await decide(ground, event, event)) == 1


async def test_the_first_event_under_a_producers_id_wins(ground):
    await ground.person(1)
    one, two, three = (event_for(1, key="same", born=NOON + n, channels=("email",)) for n in range(3))
    out = read_all(Delivery, await decide(ground, one, two))
    assert [d.event for d in out] == [one.id]
    assert await decide(ground, three) == []
    duplicates = dict(await ground.rows(events, "id", "duplicate_of"))
    assert duplicates == {one.id: None, two.id: one.id, three.id: one.id}
    assert await ground.count(notifications) == 1


async def test_a_list_of_users_is_one_event(ground):
    for person in (1, 2, 3):
        await ground.person(person)
    base = event_for(1, key="list", recipients=3, channels=("email",))
    out = await decide(ground, *(msgspec.structs.replace(base, person=p) for p in (1, 2, 3)))
    assert [d.person for d in read_all(Delivery, out)] == [1, 2, 3]
    assert await ground.rows(events, "id", "person", "recipients") == [(base.id, 0, 3)]
    assert await ground.count(cohorts) == 1


async def test_what_is_held_comes_back_decides_again_and_goes(ground):
    await ground.person(1, wishes=QUIET)
    event = event_for(1, channels=("email",))
    assert await decide(ground, event) == []
    assert await states(ground) == {(1, 2): ("HELD", 0)}
    ground.clock.move(ONE - 1)
    assert await ground.due() == []
    ground.clock.move(1)
    (back,) = await ground.due()
    assert (back.topic, back.partition) == (topics.events("normal"), record_of(event).partition)
    (delivery,) = read_all(Delivery, await ground.carry_out(stage_of(ground), [back]))
    assert (delivery.generation, delivery.attempt, delivery.released, delivery.address) == (1, 1, NOON + ONE, MAIL)
    assert await states(ground) == {(1, 2): ("PENDING", 1)}
    assert read_all(Delivery, await ground.carry_out(stage_of(ground), [back])) == [delivery]  # not appended before a crash
    await ground.store.write(lambda tx: hot.write_moves(tx, [hot.Move(SPACE, delivery.id, delivery.cohort, 2, 1, State.SENT)], NOON))
    assert await ground.carry_out(stage_of(ground), [back]) == []


@pytest.mark.parametrize("change", ["consent", "suppression", "erasure"])
async def test_nothing_that_waited_passes_what_came_up_meanwhile(ground, change):
    await ground.person(1, wishes=QUIET, consents=[("product", True)])
    await decide(ground, event_for(1, "product", channels=("email",), priority="critical"))
    if change == "consent":
        await ground.person(1, consents=[("product", False)])
    elif change == "suppression":
        await ground.person(1)
        await ground.suppress(2, MAIL)
    else:
        from backend.store.tables import people

        await ground.store.write(lambda tx: tx.conn.execute(update(people).values(erased=NOON, revision=people.c.revision + 1)))
        await ground.facts.forget([(SPACE, 1)])
    ground.clock.move(ONE)
    assert await ground.carry_out(stage_of(ground), await ground.due()) == []
    assert await states(ground) == {(1, 2): ("CANCELLED", 1)}
    ((trace,),) = await ground.rows(notifications, "trace")
    (again,) = msgspec.msgpack.decode(trace, type=Decision).again
    reason = {"consent": "unsubscribed", "suppression": "suppressed", "erasure": "erased"}[change]
    assert await ground.rows(deliveries, "reason") == [(reason,)]
    assert (again.generation, again.unit.reasons[0].code) == (1, reason)


async def test_held_again_waits_again(ground):
    await ground.person(1, wishes=QUIET)
    await decide(ground, event_for(1, channels=("email",), expires=NOON + 3 * ONE + 1))
    await ground.person(1, wishes=Wishes(quiet=(QuietHours("13:00", "14:00"),)))
    ground.clock.move(ONE)
    assert await ground.carry_out(stage_of(ground), await ground.due()) == []
    assert await states(ground) == {(1, 2): ("HELD", 1)}
    await ground.person(1, wishes=Wishes(quiet=(QuietHours("14:00", "15:01"),)))
    ground.clock.move(ONE)
    assert await ground.carry_out(stage_of(ground), await ground.due()) == []
    assert await states(ground) == {(1, 2): ("EXPIRED", 2)}
    assert await ground.count(due) == 0
    ((trace,),) = await ground.rows(notifications, "trace")
    decision = msgspec.msgpack.decode(trace, type=Decision)
    assert decision.units[0].reasons[0].params["end"] == "13:00"  # what was decided first stays
    told = [(a.at, a.generation, a.unit.outcome, [r.code for r in a.unit.reasons]) for a in decision.again]
    assert told == [(NOON + ONE, 1, "hold", ["quiet_hours"]), (NOON + 2 * ONE, 2, "skip", ["expired", "quiet_hours"])]


async def test_scheduled_waits_undecided_and_then_is_decided(ground):
    event = event_for(1, key="later", send_at=NOON + ONE, channels=("email",))
    assert await decide(ground, event) == []
    assert isinstance(ground.verdicts[0], Later)
    assert await ground.count(notifications) == await ground.count(events) == 0
    assert await ground.rows(seen, "id") == [(event.id,)]
    await ground.person(1)  # decided with the facts of its time
    ground.clock.move(ONE)
    (delivery,) = read_all(Delivery, await ground.carry_out(stage_of(ground), await ground.due()))
    assert (delivery.event, delivery.released, delivery.generation) == (event.id, NOON + ONE, 0)


async def test_scheduled_for_several_waits_for_each(ground):
    for person in (1, 2):
        await ground.person(person)
    base = event_for(1, recipients=2, send_at=NOON + ONE, channels=("email",))
    await decide(ground, *(msgspec.structs.replace(base, person=p) for p in (1, 2)))
    ground.clock.move(ONE)
    out = await ground.carry_out(stage_of(ground), await ground.due())
    assert sorted(d.person for d in read_all(Delivery, out)) == [1, 2]


async def test_the_newest_under_a_collapse_key_supersedes_what_has_not_gone(ground):
    await ground.person(1, wishes=QUIET)
    old, new = (event_for(1, born=NOON + n, collapse="order-7", channels=("email",)) for n in (0, 1))
    await decide(ground, old)
    await decide(ground, new)
    await ground.person(1)
    ground.clock.move(ONE)
    out = await ground.carry_out(stage_of(ground), await ground.due())
    assert [d.event for d in read_all(Delivery, out)] == [new.id]
    assert sorted(row[0] for row in await states_of(ground)) == ["PENDING", "SUPERSEDED"]
    late = event_for(1, born=NOON - 1, collapse="order-7", channels=("email",))
    assert await decide(ground, late) == []  # arrived after the newer one
    assert await ground.rows(collapses, "person", "key", "event") == [(1, "order-7", new.id)]


async def states_of(ground):
    return [(State(state).name,) for (state,) in await ground.rows(deliveries, "state")]


async def test_within_one_batch_too_and_the_recheck_knows(ground):
    await ground.person(1)
    old, new, other = (
        event_for(1, born=NOON, collapse="x"),
        event_for(1, born=NOON + 1, collapse="x"),
        event_for(1, born=NOON + 2, collapse="y"),
    )
    sent = await decide_one(ground, old)
    out = read_all(Delivery, await decide(ground, old, new, other))
    assert {d.event for d in out} >= {new.id, other.id}
    (fact,) = await ground.facts.of_deliveries([sent], NOON)
    assert fact.newest_collapse == new.id


async def test_a_producers_repeat_supersedes_nothing(ground):
    """The second event under one id is dropped; were it the newest of its collapse key, nothing would be sent at all."""
    await ground.person(1)
    one, repeat = (event_for(1, born=NOON + n, key="same", collapse="x", channels=("email",)) for n in (0, 1))
    assert [d.event for d in read_all(Delivery, await decide(ground, one, repeat))] == [one.id]
    assert [d.event for d in read_all(Delivery, await decide(ground, repeat, one))] == [one.id]
    assert await ground.rows(collapses, "event") == [(one.id,)]


async def test_one_bad_record_does_not_spoil_the_others(ground):
    await ground.person(1)
    bad = msgspec.structs.replace(record_of(event_for(1)), value=b'{"v":1,"id":3}')
    out = await decide(ground, bad, event_for(1, "gone"), event_for(1, channels=("email",)))
    assert len(out) == 1
    unreadable, unknown, fine = ground.verdicts
    assert isinstance(unreadable, Dead)
    assert unreadable.cause == "unreadable"
    assert (unknown.space, unknown.cause, fine) == (SPACE, "unknown_category", DONE)


async def test_nobody_by_that_id_is_as_good_as_erased(ground):
    assert await decide(ground, event_for(404)) == []
    ((trace,),) = await ground.rows(notifications, "trace")
    assert {r.code for u in msgspec.msgpack.decode(trace, type=Decision).units for r in u.reasons} == {"erased"}


async def test_a_cohort_row_is_written_once_and_again_after_a_failed_write(ground):
    await ground.person(1)
    stage = stage_of(ground)
    batch = await stage.handle([record_of(event_for(1))])

    def fails(tx):
        batch.write(tx)
        raise RuntimeError("the engine went away")

    with pytest.raises(RuntimeError):
        await ground.store.write(fails)
    assert await ground.count(cohorts) == 0
    await decide(ground, event_for(1), stage=stage)
    await decide(ground, event_for(1, type="u"), stage=stage)
    ((category, event),) = await ground.rows(cohorts, "category", "event")
    assert (category, event) == ("orders", bytes(16))


async def test_text_that_no_database_takes(ground):
    await ground.person(1)
    event = event_for(1, key="a\0b", type="t\0", collapse="c", channels=("email",), body=b'{"title":"\\u0000"}')
    assert len(await decide(ground, event)) == 1


async def ledger(ground, event):
    def read(tx):
        return history.ledger(tx, SPACE, history.event(tx, SPACE, event.id))

    counted = await ground.store.read(read)
    return balance(counted), {name: n for name, n in msgspec.structs.asdict(counted).items() if n}


async def test_what_nobody_can_decide_is_counted_as_failed_until_its_letter_is_sent_again(ground):
    await ground.person(1)
    event = event_for(1, "gone", key="k")
    assert await decide(ground, event, event) == []
    assert await ledger(ground, event) == (0, {"planned": 1, "failed": 1})
    assert await ground.store.read(lambda tx: rollup.everything(tx, SPACE)) == {State.DEAD: 1}
    await ground.store.write(lambda tx: undecided.take_back(tx, SPACE, event.id, 1, NOON))
    assert await ledger(ground, event) == (0, {"planned": 1, "pending": 1})
    assert await ground.store.read(lambda tx: rollup.everything(tx, SPACE)) == {}
    category = msgspec.structs.replace(SEEDED[0], key="gone", channels=("email",))
    await ground.store.write(lambda tx: ground._put_category(tx, category) or content.bump(tx))
    assert len(await decide(ground, event)) == 1
    await ground.store.write(lambda tx: undecided.take_back(tx, SPACE, event.id, 1, NOON))  # it is decided: nothing to take back
    assert await ledger(ground, event) == (0, {"planned": 1, "pending": 1})


async def test_a_held_delivery_whose_category_is_gone_ends(ground):
    await ground.person(1, wishes=Wishes(quiet=(QuietHours("11:00", "13:00"),)))
    event = event_for(1, channels=("email",))
    await decide(ground, event)
    await ground.store.write(lambda tx: (tx.conn.execute(delete(categories).where(categories.c.key == "orders")), content.bump(tx)))
    ground.clock.move(3601)
    await ground.carry_out(stage_of(ground), await ground.due())
    assert await ledger(ground, event) == (0, {"planned": 1, "failed": 1})


async def test_a_record_that_makes_the_stage_fail_is_accounted_for(ground):
    await ground.person(1)
    event = event_for(1)
    await ground.store.write(lambda tx: stage_of(ground).give_up(tx, record_of(event), NOON))
    assert await ledger(ground, event) == (0, {"planned": 1, "failed": 1})
    await ground.store.write(lambda tx: stage_of(ground).give_up(tx, msgspec.structs.replace(record_of(event), value=b"{"), NOON))
