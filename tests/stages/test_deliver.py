"""Deliver on the embedded engines with the real capture provider: what each answer leaves behind, and what a crash or a stop changes."""

import asyncio
import sqlite3

import msgspec
import pytest
from sqlalchemy import update

from backend.channels.base import Answer
from backend.channels.smtp import Smtp
from backend.domain.delivery import Delivery
from backend.log import topics
from backend.log.codec import encode
from backend.store import content, halts, hot
from backend.store.tables import captures as kept
from backend.store.tables import dead, deliveries, due, people, suppressions
from tests.channels.mailserver import QUICK, number, server
from tests.stages.conftest import NOON, SPACE, event_for, read_all
from tests.stages.delivering import BODY, open_stand, until


@pytest.fixture
async def stand(_migrated, tmp_path):
    async with open_stand(_migrated, tmp_path) as made:
        yield made


def event(person, category="orders", **more):
    return event_for(person, category, body=BODY, **more)


async def test_sent(stand):
    await stand.person(1)
    await stand.carry_out(*await stand.decide(event(1)))
    assert await stand.states() == ["SENT"]
    assert await stand.tries() == [(1, "SENT")]
    assert await stand.ground.count(kept) == 1
    assert await stand.left() == 0


async def test_temporary_leaves_a_due_row_that_sends_it_later(stand):
    await stand.person(1)
    await stand.behave("fail")
    await stand.carry_out(*await stand.decide(event(1)))
    assert await stand.states() == ["RETRYING"]
    await stand.behave("ok")
    stand.clock.move(3600)
    (again,) = await stand.ground.due()
    assert read_all(Delivery, [again])[0].attempt == 2
    await stand.carry_out(again)
    assert await stand.states() == ["SENT"]
    assert await stand.tries() == [(1, "RETRYING"), (2, "SENT")]


async def test_refused_is_failed_and_nothing_more(stand):
    await stand.person(1)
    await stand.behave("refuse")
    await stand.carry_out(*await stand.decide(event(1)))
    assert await stand.states() == ["FAILED"]
    assert await stand.ground.count(due) == await stand.ground.count(suppressions) == 0


@pytest.mark.parametrize(("category", "state", "later"), [("orders", "RETRYING", 1), ("product", "UNKNOWN", 0)])
async def test_unknown_is_repeated_for_service_and_never_for_marketing(stand, category, state, later):
    await stand.person(1, consents=[("product", True)])
    await stand.behave("hang", seconds=5.0)
    await stand.log.append(await stand.decide(event(1, category)))
    async with stand.running():

        async def flying():
            return bool(stand.clock._sleepers)

        await until(flying)
        stand.clock.move(6)
        await until(stand._settled)
    assert await stand.states() == [state]
    assert await stand.ground.count(due) == later


async def test_a_repeated_record_is_sent_once(stand):
    await stand.person(1)
    records = await stand.decide(event(1))
    await stand.carry_out(*records, *records)
    await stand.carry_out(*records)
    assert await stand.tries() == [(1, "SENT")]
    assert await stand.ground.count(kept) == 1


async def test_a_record_that_comes_again_sends_nothing_that_was_stopped_since(stand):
    """The first of two equal records meets a halt, and the second comes when the halt is over: the hold has a record of its own."""
    await stand.person(1)
    records = await stand.decide(event(1))
    await stand.store.write(lambda tx: (halts.put(tx, halts.HaltRow(space=SPACE, scope="channel:email", reason="", by="test", at=NOON)), content.bump(tx)))
    await stand.ground.facts.refresh()
    await stand.carry_out(*records)
    assert await stand.states() == ["HELD"]
    await stand.store.write(lambda tx: (halts.remove(tx, SPACE, "channel:email"), content.bump(tx)))
    await stand.ground.facts.refresh()
    await stand.carry_out(*records)
    assert (await stand.states(), await stand.tries()) == (["HELD"], [])
    assert await stand.ground.count(kept) == 0


@pytest.mark.parametrize(
    ("category", "state", "tries"), [("orders", "SENT", [(1, "UNKNOWN"), (2, "SENT")]), ("product", "UNKNOWN", [(1, "UNKNOWN")])]
)
async def test_an_attempt_that_a_dead_process_left_open(stand, category, state, tries):
    await stand.person(1, consents=[("product", True)])
    records = await stand.decide(event(1, category))
    (delivery,) = read_all(Delivery, records)
    start = hot.Start(SPACE, delivery.id, 1, "capture-email")
    await stand.store.write(lambda tx: hot.write_attempts(tx, [], [start], NOON))
    await stand.carry_out(*records)
    assert await stand.states() == [state]
    assert await stand.tries() == tries


@pytest.mark.parametrize("what", ["suppressed", "erased", "expired"])
async def test_what_changed_since_it_was_decided_stops_it(stand, what):
    await stand.person(1)
    records = await stand.decide(event(1, expires=NOON + 100))
    if what == "suppressed":
        await stand.ground.suppress(2, b"m1")
    elif what == "erased":
        await stand.store.write(lambda tx: tx.conn.execute(update(people).where(people.c.person == 1).values(erased=NOON)))
        await stand.ground.facts.forget([(SPACE, 1)])
    else:
        stand.clock.move(101)
    await stand.carry_out(*records)
    assert await stand.states() == [{"suppressed": "CANCELLED", "erased": "CANCELLED", "expired": "EXPIRED"}[what]]
    assert await stand.tries() == []
    assert await stand.ground.count(kept) == 0


async def test_no_more_are_open_than_the_provider_takes_and_persons_keep_their_order(stand):
    seen, open_now, most = [], set(), 0
    post = stand.capture.post

    def watched(lane, outgoing, done):
        nonlocal most
        open_now.add(outgoing.delivery)
        most = max(most, len(open_now))
        seen.append((outgoing.person, outgoing.delivery))

        def landed(answer):
            open_now.discard(outgoing.delivery)
            done(answer)

        post(lane, outgoing, landed)

    stand.capture.post = watched
    for person in (1, 2, 3):
        await stand.person(person)
    events = [event(n % 3 + 1, key=f"k{n}", born=NOON + n / 1000) for n in range(60)]
    records = await stand.decide(*events)
    await stand.carry_out(*records, limit=7)
    assert await stand.states() == ["SENT"] * 60
    assert 1 < most <= 7
    order = {person: [d.id for d in read_all(Delivery, records) if d.person == person] for person in (1, 2, 3)}
    assert {person: [made for p, made in seen if p == person] for person in order} == order


async def test_stopping_lands_what_flies(stand):
    await stand.person(1)
    await stand.behave("slow", seconds=5.0)
    await stand.log.append(await stand.decide(event(1)))
    made = stand.deliver()
    task = asyncio.create_task(made.run())

    async def flying():
        return bool(stand.clock._sleepers)

    await until(flying)
    assert await stand.left() == 1  # not marked while it flies
    made.stop()
    await asyncio.sleep(0)
    assert not task.done()
    stand.clock.move(6)
    await asyncio.wait_for(task, 20)
    assert await stand.states() == ["SENT"]
    assert await stand.left() == 0


async def test_the_mark_never_passes_an_attempt_whose_outcome_is_not_durable(stand):
    """The first of three hangs: the others end, and a new reader still begins with the first."""
    await stand.person(1)
    post, held = stand.capture.post, []

    def first_hangs(lane, outgoing, done):
        if held:
            post(lane, outgoing, done)
        else:
            held.append(done)

    stand.capture.post = first_hangs
    await stand.log.append(await stand.decide(*(event(1, key=f"k{n}", born=NOON + n / 1000) for n in range(3))))
    async with stand.running():

        async def others_sent():
            return sorted(await stand.states()).count("SENT") == 2

        await until(others_sent)
        assert await stand.left() == 3
        held[0](Answer("accepted", "250", "at last"))
        await until(stand._settled)
    assert await stand.states() == ["SENT"] * 3


async def test_a_bad_address_is_suppressed_and_gets_no_further_mail(stand):
    await stand.person(1)
    async with server(lambda step, n: b"550 5.1.1 no such user\r\n" if step == "RCPT" else None) as there:
        made = Smtp(f"smtp://127.0.0.1:{there.port}", clock=stand.clock, timing=QUICK)
        await made.start()
        stand.capture = made
        await stand.carry_out(*await stand.decide(event(1, key="a")))
        assert await stand.states() == ["BOUNCED"]
        assert await stand.ground.rows(suppressions, "channel", "reason") == [(2, "bounced")]
        assert not await stand.decide(event(1, key="b"))  # its facts were read anew
        assert len(there.envelopes) == 2
        await made.close()


async def test_a_whole_line_of_mails_by_smtp(stand):
    for person in range(1, 9):
        await stand.person(person)
    async with server() as there:
        made = Smtp(f"smtp://127.0.0.1:{there.port}", clock=stand.clock, timing=QUICK)
        await made.start()
        stand.capture = made
        records = await stand.decide(*(event(n % 8 + 1, key=f"k{n}", born=NOON + n / 1000) for n in range(100)))
        await stand.carry_out(*records)
        await made.close()
        assert await stand.states() == ["SENT"] * 100
        assert sorted(number(mail) for mail in there.taken) == sorted(int.from_bytes(d.id, "big") for d in read_all(Delivery, records))
        assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in there.taken[0]


async def test_a_provider_that_hangs_keeps_no_urgent_mail_of_others_waiting_once_it_lets_go_of_one(stand):
    """All places taken by low ones that hang: the critical one goes first as soon as one place is free."""
    for person in (1, 2, 3):
        await stand.person(person)
    post, held, urgent = stand.capture.post, [], []

    def hangs(lane, outgoing, done):
        if outgoing.priority == "critical":
            urgent.append(len(held))
            post(lane, outgoing, done)
        else:
            held.append(done)

    stand.capture.post = hangs
    low = [event(n % 2 + 1, key=f"k{n}", priority="low", born=NOON + n / 1000) for n in range(6)]
    await stand.log.append(await stand.decide(*low))
    async with stand.running(limit=2) as made:

        async def full():
            return len(held) == 2

        await until(full)
        await stand.log.append(await stand.decide(event(3, priority="critical")))

        async def read():
            return bool(made._hand.waiting[topics.deliveries("email", "critical")])

        await until(read)
        held.pop()(Answer("accepted", "250", "at last"))

        async def rang():
            return bool(urgent)

        await until(rang)
        assert urgent == [1]  # no low one went before it
        while await stand.left():
            while held:
                held.pop()(Answer("accepted", "250", "at last"))
            await asyncio.sleep(0.005)
    assert await stand.states() == ["SENT"] * 7


async def test_a_record_nobody_can_read_is_buried_and_the_others_go_on(stand):
    await stand.person(1)
    (record,) = await stand.decide(event(1))
    await stand.carry_out(msgspec.structs.replace(record, value=b"{"), record)
    assert await stand.states() == ["SENT"]
    assert await stand.ground.rows(dead, "cause", "stage") == [("unreadable", "deliver")]


async def test_a_delivery_nobody_can_take_is_buried_and_its_channel_goes_on(stand):
    """The router and the gates are asked for each one alone: one bad record would stop a channel for good."""
    await stand.person(1)
    wrong, fine = await stand.decide(event(1), event(1, type="u"))
    delivery = msgspec.structs.replace(read_all(Delivery, [wrong])[0], channel=3)
    await stand.carry_out(msgspec.structs.replace(wrong, value=encode(delivery)), fine)
    assert sorted(await stand.states()) == ["DEAD", "SENT"]
    ((cause, space),) = await stand.ground.rows(dead, "cause", "space")
    assert (cause.split(":")[0], space) == ("UnknownChannel", SPACE)


async def test_facts_of_one_that_cannot_be_read_cost_the_others_nothing(stand):
    await stand.person(1)
    await stand.person(2)
    records = await stand.decide(event(1), event(2), event(2, type="u"))
    await stand.store.write(lambda tx: tx.conn.execute(update(people).where(people.c.person == 1).values(wishes='{"channels":3}')))
    await stand.ground.facts.forget([(SPACE, 1)])
    await stand.carry_out(*records)
    assert sorted(await stand.states()) == ["DEAD", "SENT", "SENT"]
    assert len(await stand.ground.rows(dead, "id")) == 1


async def test_after_a_mistake_of_ours_nothing_is_lost_and_nothing_goes_twice(stand):
    """What fell over between taking and sending is read again; what a provider has is not taken for a twin of itself."""
    for n in (1, 2, 3):
        await stand.person(n)
    records = await stand.decide(*(event(n) for n in (1, 2, 3)))
    await stand.log.append(records)
    made = stand.deliver(limit=2)
    held, post = [], stand.capture.post
    stand.capture.post = lambda lane, outgoing, done: held.append((lane, outgoing, done))
    task = asyncio.create_task(made.run())

    async def flying():
        return len(held) == 2

    await until(flying)
    write = made._write

    async def fails(*_):
        made._write = write
        raise sqlite3.OperationalError("no such column")  # spoils every row alike: none is to blame

    made._write = fails
    for lane, outgoing, done in held:
        post(lane, outgoing, done)
    with pytest.raises(sqlite3.OperationalError):
        await asyncio.wait_for(task, 20)
    stand.capture.post = post
    task = asyncio.create_task(made.run())
    await until(stand._settled)
    made.stop()
    await asyncio.wait_for(task, 20)
    assert await stand.states() == ["SENT"] * 3
    assert await stand.tries() == [(1, "SENT")] * 3
    assert await stand.ground.count(kept) == 3
    assert not made.busy


async def test_stopping_takes_nothing_new(stand):
    """A provider that is slow would else keep a stop waiting for everything that was read."""
    for n in (1, 2, 3):
        await stand.person(n)
    await stand.log.append(await stand.decide(*(event(n) for n in (1, 2, 3))))
    held = []
    stand.capture.post = lambda lane, outgoing, done: held.append(done)
    async with stand.running(limit=1) as made:

        async def flying():
            return len(held) == 1

        await until(flying)
        made.stop()
        held[0](Answer("accepted", "250", "taken"))
    assert len(held) == 1
    assert await stand.left() == 2


async def test_an_attempt_whose_delivery_was_dropped_by_age_stops_nothing(stand):
    await stand.person(1)
    old, fine = await stand.decide(event(1), event(1, type="u"))
    gone = read_all(Delivery, [old])[0]

    def begun(tx):
        hot.write_attempts(tx, [], [hot.Start(SPACE, gone.id, 1, "capture-email")], NOON)
        tx.conn.execute(deliveries.delete().where(deliveries.c.id == gone.id))

    await stand.store.write(begun)
    await stand.carry_out(old, fine)
    assert await stand.states() == ["SENT"]
    assert await stand.ground.count(kept) == 1
