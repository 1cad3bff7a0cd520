"""The web channel on both stores: row, state and the record for open screens come together, once."""

import msgspec

from backend.domain.delivery import Delivery, State
from backend.domain.ids import notification_id
from backend.live.records import InboxChanged
from backend.log import topics
from backend.log.codec import encode
from backend.security.sealing import Sealer
from backend.store.tables import deliveries, inbox, inbox_heads
from tests.stages.conftest import NOON, event_for, read_all, record_of
from workers.decide import DecideStage
from workers.rendering import Rendering
from workers.stage import DONE, Dead
from workers.web import Web

BODY = b'{"title":"Hi","message":"There","data":{"order":7}}'


def web(ground):
    rendering = Rendering(store=ground.store, facts=ground.facts, sealer=Sealer(b"k" * 32), base_url="https://x.example")
    return Web(clock=ground.clock, facts=ground.facts, renderer=rendering)


async def decide(ground, *events):
    out = await ground.carry_out(DecideStage(clock=ground.clock, facts=ground.facts), [record_of(event) for event in events])
    return [record for record in out if record.topic.startswith("deliveries.web.")]


def event(person=1, **more):
    return event_for(person, "orders", channels=("web",), body=BODY, **more)


async def states(ground):
    return [State(state).name for (state,) in await ground.rows(deliveries, "state", order="id")]


async def test_delivered_is_a_row_and_a_ring(ground):
    await ground.person(1)
    asked = event()
    out = await ground.carry_out(web(ground), await decide(ground, asked))
    assert await states(ground) == ["DELIVERED"]
    made = notification_id(asked.id, 1)
    assert await ground.rows(inbox, "id", "title", "message", "metadata", "silent", "seq") == [
        (made, "Hi", "There", '{"order":7}', False, 1)
    ]
    assert await ground.rows(inbox_heads, "person", "seq", "unread") == [(1, 1, 1)]
    (ring,) = out
    assert ring.topic == topics.LIVE
    (told,) = read_all(InboxChanged, [ring])
    assert (told.row.id, told.row.seq, told.row.unread) == (made, 1, 1)


async def test_a_repeat_rings_no_second_time(ground):
    await ground.person(1)
    records = await decide(ground, event())
    assert len(await ground.carry_out(web(ground), [*records, *records])) == 1
    assert await ground.carry_out(web(ground), records) == []
    assert await ground.rows(inbox_heads, "seq", "unread") == [(1, 1)]


async def test_many_for_one_person_keep_their_order(ground):
    await ground.person(1)
    records = await decide(ground, *(event(key=f"k{n}", born=NOON + n / 1000) for n in range(20)))
    await ground.carry_out(web(ground), records)
    wanted = [delivery.notification for delivery in read_all(Delivery, records)]
    assert [made for made, _ in await ground.rows(inbox, "id", "seq", order="seq")] == wanted


async def test_expired_on_its_way_is_in_no_inbox(ground):
    await ground.person(1)
    records = await decide(ground, event(expires=NOON + 10))
    ground.clock.move(11)
    assert await ground.carry_out(web(ground), records) == []
    assert await states(ground) == ["EXPIRED"]
    assert await ground.count(inbox) == 0


async def test_what_cannot_be_rendered_fails_with_its_reason_and_the_others_go_on(ground):
    await ground.person(1)
    await ground.person(2)
    bad, good = await decide(ground, event(1)), await decide(ground, event(2))
    (delivery,) = read_all(Delivery, bad)
    gone = msgspec.structs.replace(delivery, template="gone", version=3)
    spoiled = msgspec.structs.replace(bad[0], value=encode(gone))
    await ground.carry_out(web(ground), [spoiled, *good])
    assert sorted(await ground.rows(deliveries, "person", "state", "reason")) == [
        (1, State.FAILED, "template_missing"),
        (2, State.DELIVERED, ""),
    ]


async def test_a_record_nobody_can_read_is_answered_dead(ground):
    await ground.person(1)
    (record,) = await decide(ground, event())
    out = await ground.carry_out(web(ground), [msgspec.structs.replace(record, value=b"{"), record])
    first, second = ground.verdicts
    assert isinstance(first, Dead)
    assert first.cause == "unreadable"
    assert second == DONE
    assert len(out) == 1
