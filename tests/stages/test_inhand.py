"""What deliver has in hand: what a provider has not seen costs it nothing, and the newest record of a delivery counts."""

import msgspec
import pytest

from backend.channels.base import Answer
from backend.channels.router import Router
from backend.domain.delivery import Delivery
from backend.log import topics
from backend.log.codec import decode, encode
from backend.store.tables import captures as kept
from backend.store.tables import deliveries
from tests.stages.conftest import NOON, event_for
from tests.stages.delivering import BODY, open_stand
from workers.inhand import URGENT, InHand


@pytest.fixture
async def stand(_migrated, tmp_path):
    async with open_stand(_migrated, tmp_path) as made:
        yield made


def event(person):
    return event_for(person, "orders", body=BODY)


async def test_a_trial_that_nobody_flew_is_given_back(stand):
    """Who waits for a turn in an ordered category, or is stopped at the last check, was taken and not tried: each cost a provider that was
    well again one of its five trials, and a minute."""
    people = range(1, 7)
    for person in people:
        await stand.person(person)
    router = Router([stand.capture])
    key = stand.capture.key
    router.limited[key], router.tried[key] = 4, (NOON, 1, NOON)
    hand = InHand([topics.deliveries("email", "normal")], router)
    hand.put(await stand.decide(*(event(person) for person in people)), NOON)
    (back, stopped, called, flown), _ = hand.take(NOON)
    assert (router.limited[key], router.tried[key][1]) == (0, 5)
    hand.put_back([back])
    hand.let_go(stopped)
    hand.launch(called)
    called.answer = Answer("withheld", "halted", "space")
    hand.land(called)
    hand.free(called)
    hand.let_go(called)
    assert (router.limited[key], router.tried[key][1]) == (3, 2)
    hand.launch(flown)
    flown.answer = Answer("accepted", "250")
    hand.land(flown)
    hand.free(flown)
    hand.let_go(flown)
    assert (router.limited[key], router.tried[key][1]) == (3, 2), "its answer is the trial's"


async def test_a_newer_generation_is_not_dropped_for_an_older_one_that_came_late(stand):
    """A hold that is let go twice repeats its record; read together with that of the next generation, the repeat was taken, was too old to
    be sent, and the newer one had ended as its twin: nobody sent it."""
    await stand.person(1)
    (record,) = await stand.decide(event(1))
    first = decode(Delivery, record.value)
    row = deliveries.update().values(generation=2)
    await stand.store.write(lambda tx: tx.conn.execute(row))
    records = [msgspec.structs.replace(record, value=encode(msgspec.structs.replace(first, generation=n))) for n in (1, 2)]
    await stand.carry_out(*records)
    assert await stand.states() == ["SENT"]
    assert await stand.ground.count(kept) == 1


async def many(stand, lane, count, first=0):
    """So many records of one lane, of one person's deliveries."""
    (record,) = await stand.decide(event(1))
    one = decode(Delivery, record.value)
    return [
        msgspec.structs.replace(record, topic=lane, offset=n, value=encode(msgspec.structs.replace(one, id=n.to_bytes(16, "big"))))
        for n in range(first, first + count)
    ]  # fmt: skip


async def test_less_urgent_ones_leave_room_while_urgent_ones_come(stand):
    """256 mails that were begun already are what an urgent one would wait for, its window and its connection with them."""
    await stand.person(1)
    urgent, low = topics.deliveries("email", "critical"), topics.deliveries("email", "low")
    hand = InHand([urgent, low], Router([stand.capture]))
    hand.put(await many(stand, low, 600), NOON)
    assert len(hand.take(NOON)[0]) == stand.capture.open_limit == 256, "nothing urgent came"
    hand = InHand([urgent, low], Router([stand.capture]))
    hand.put([*await many(stand, low, 600), *await many(stand, urgent, 1, 900)], NOON)
    taken, _ = hand.take(NOON)
    assert [item.record.topic for item in taken] == [urgent] + [low] * 63
    hand.put(await many(stand, urgent, 400, 901), NOON + 1)
    assert len(hand.take(NOON + 1)[0]) == 192, "all places are there for the urgent ones"
    for item in taken:
        hand.free(item)
    hand.waiting[urgent].clear()
    assert not hand.take(NOON + 1 + URGENT / 2)[0], "enough is open"
    assert len(hand.take(NOON + 1 + URGENT)[0]) == 64, "no other came"
