"""One event from acceptance to the inbox and the mail, and what is counted of it."""

import asyncio

import pytest

from backend.app.views import CategoryIn, GroupIn, OrderIn, TemplateIn
from backend.domain.errors import LogUnavailable
from backend.domain.event import To
from backend.domain.template import Content, WebContent
from backend.security.roles import SYSTEM
from tests.line.houses import moment, order_shipped, standing

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY = 86_400.0


async def test_an_event_arrives_in_the_inbox_and_as_a_mail(stand):
    mia = await stand.person("mia", push=2)
    made = await stand.send(order_shipped(to=mia, message="It comes tomorrow."))
    assert await stand.inbox(mia) == ["Your order is on its way"]
    assert await stand.captured(mia) == ["Your order is on its way"]
    assert await stand.captured(mia, "push") == ["Your order is on its way"] * 2
    assert await stand.units(made) == {"web": ["delivered"], "email": ["sent"], "push": ["sent", "sent"]}
    assert await stand.ledger(made) == {"planned": 4, "sent": 4}


async def test_each_channel_keeps_why_it_went_or_not(stand):
    ada = await stand.person("ada", email=None)
    made = await stand.send(order_shipped(to=ada, priority="critical"))
    (decision,) = (await stand.event(made)).decisions
    said = {unit.channel: (unit.outcome, [reason.code for reason in unit.reasons]) for unit in decision.units}
    assert said == {"web": ("send", []), "email": ("skip", ["no_address"]), "push": ("skip", ["no_address"])}
    assert [note.code for note in decision.notes] == ["lowered_priority"]
    for unit in decision.units:
        assert [gate.gate for gate in unit.gates][:3] == ["erased", "expired", "superseded"]
        assert len(unit.gates) == 12
    assert await stand.ledger(made) == {"planned": 3, "sent": 1, "skipped": 2}


async def test_a_repeat_by_id_is_the_same_event(stand):
    mia = await stand.person()
    first = await stand.accept(order_shipped(to=mia, id="o-1"))
    stand.clock.move(1)  # in the same millisecond the id is the same anyhow
    second = await stand.accept(order_shipped(to=mia, id="o-1", title="Again"))  # before it is decided
    await stand.settle(after=60)
    third = await stand.accept(order_shipped(to=mia, id="o-1", title="And again"))  # after
    await stand.settle(after=3600)
    assert first == second == third
    assert await stand.inbox(mia) == ["Your order is on its way"]
    assert await stand.captured(mia) == ["Your order is on its way"]
    assert await stand.ledger(first[0]) == {"planned": 3, "sent": 2, "skipped": 1}


async def test_repeats_side_by_side_are_one_event(stand):
    mia = await stand.person()
    answers = await asyncio.gather(*(stand.accept(order_shipped(to=mia, id="o-2"), order_shipped(to=mia, id="o-2")) for _ in range(10)))
    await stand.settle()
    assert len({made for answer in answers for made in answer}) == 1
    assert await stand.inbox(mia) == ["Your order is on its way"]
    assert len(await stand.captured(mia)) == 1


async def test_the_table_knows_a_repeat_when_the_cache_forgot(stand):
    mia = await stand.person()
    first = await stand.send(order_shipped(to=mia, id="o-3"))
    stand.clock.move(86_400.0)
    await stand.app.cache.drop([b"{seen}1:1:o-3"])
    assert await stand.accept(order_shipped(to=mia, id="o-3")) == [first]
    await stand.settle()
    assert len(await stand.captured(mia)) == 1


async def test_a_list_of_users_is_one_event_with_one_ledger(stand):
    people = [await stand.person() for _ in range(5)]
    made = await stand.send(order_shipped(to=[*people, people[0]]))
    assert [await stand.inbox(user) for user in people] == [["Your order is on its way"]] * 5
    assert (await stand.event(made)).recipients == 5
    assert await stand.ledger(made) == {"planned": 15, "sent": 10, "skipped": 5}


async def test_accepted_and_not_yet_decided_is_pending(stand):
    people = [await stand.person() for _ in range(3)]
    at = stand.now + 600
    (made,) = await stand.accept(order_shipped(to=people, send_at=_at(at)))
    (also,) = await stand.accept(order_shipped(to=people[0], send_at=_at(at), title="Alone"))
    await stand.settle()
    assert await stand.inbox(people[0]) == []
    assert await stand.ledger(also) == {"planned": 1, "pending": 1}
    await stand.settle(after=601)
    assert sorted(await stand.inbox(people[0])) == ["Alone", "Your order is on its way"]
    assert await stand.ledger(made) == {"planned": 9, "sent": 6, "skipped": 3}


async def test_a_group_gets_what_its_members_were_when_it_began(stand):
    size = 2_500
    users = await many(stand, size)
    late = await stand.person("late")
    await stand.app.groups.put(SYSTEM, "crew", GroupIn(name="Crew", members=users))
    (made,) = await stand.accept(order_shipped(to=To(group="crew"), channels=["web", "email"]))
    # who joins or leaves while it is being expanded changes nothing: the snapshot is taken in one statement
    while (await taken(stand, made)) == 0:
        await asyncio.sleep(0)
    await stand.app.groups.add_members(SYSTEM, "crew", [late])
    await stand.app.groups.remove_members(SYSTEM, "crew", users[-3:])
    await stand.settle()
    while (await stand.ledger(made)).get("pending"):  # enough was on its way, the rest waited for a moment
        await stand.settle(1.0)
    assert (await stand.event(made)).recipients == size
    assert await stand.ledger(made) == {"planned": size * 2, "sent": size, "skipped": size}
    assert await stand.inbox(late) == []
    assert await stand.inbox(users[-1]) == await stand.inbox(users[0]) == ["Your order is on its way"]


async def taken(stand, made: str) -> int:
    from sqlalchemy import func, select

    from backend.store.tables import snapshots

    count = select(func.count()).select_from(snapshots).where(snapshots.c.event == bytes.fromhex(made))
    return await stand.app.store.read(lambda tx: tx.conn.scalar(count))


async def many(stand, size: int) -> list[str]:
    """People without addresses, written as rows: two thousand calls of the facade would only cost time."""
    from backend.domain.ids import person_id
    from backend.store import persons

    users = [f"crew{n}" for n in range(size)]
    await stand.app.store.write(
        lambda tx: [persons.put(tx, stand.app.people.new_row(1, user, user)) for user in users] and None,
    )
    assert person_id(1, users[0])
    return users


def _at(at: float) -> str:
    from tests.line.houses import moment

    return moment(at)


async def test_a_repeat_for_somebody_else_reaches_nobody_else(stand):
    """One id is one event, and its ledger has one recipient: twice in one call, before the first is decided, and after."""
    mia, bob = await stand.person(), await stand.person()
    first, second = await stand.accept(order_shipped(to=mia, id="for-others"), order_shipped(to=bob, id="for-others"))
    await stand.settle()
    (third,) = await stand.accept(order_shipped(to=[mia, bob], id="for-others"))
    await stand.settle(after=60)
    assert first == second == third
    assert (len(await stand.inbox(mia)), await stand.inbox(bob)) == (1, [])
    assert (await stand.ledger(first))["planned"] == 3
    made = [*await stand.accept(order_shipped(to=mia, id="for-one")), *await stand.accept(order_shipped(to=bob, id="for-one"))]
    await stand.settle()
    assert len(await stand.inbox(mia)) + len(await stand.inbox(bob)) == 2  # whichever the line met first
    assert [(await stand.ledger(one))["planned"] for one in made] == [3, 3]
    assert (await stand.event(made[0])).id == (await stand.event(made[1])).id


async def test_a_list_whose_append_broke_off_is_completed_by_its_repeat(stand, monkeypatch):
    users = [await stand.person() for _ in range(3)]
    append = stand.app.log.append

    async def breaks_off(records):
        await append(records[:1])
        raise LogUnavailable

    event = order_shipped(to=users, id="broken-list", channels=["web"])
    monkeypatch.setattr(stand.app.log, "append", breaks_off)
    with pytest.raises(LogUnavailable):
        await stand.accept(event)
    monkeypatch.undo()
    await stand.settle()
    (made,) = await stand.accept(event)
    await stand.settle(after=5)
    assert [await stand.inbox(user) for user in users] == [["Your order is on its way"]] * 3
    assert await stand.ledger(made) == {"planned": 3, "sent": 3}
    assert await stand.accept(event) == [made]
    await stand.settle()
    assert await stand.ledger(made) == {"planned": 3, "sent": 3}


async def test_what_is_scheduled_for_many_is_shown_while_it_waits(stand):
    users = [await stand.person() for _ in range(2)]
    await stand.app.groups.put(SYSTEM, "waiting", GroupIn(name="Waiting", members=users))
    at = moment(stand.now + 7200)
    listed, grouped = await stand.accept(
        order_shipped(to=users, send_at=at, channels=["web"]), order_shipped(to=To(group="waiting"), send_at=at, channels=["web"])
    )
    await stand.settle(after=3600)
    for made in (listed, grouped):
        seen = await stand.event(made)
        assert seen.id == made
        assert seen.ledger.pending >= 1
    await stand.settle(after=3601)
    for made in (listed, grouped):
        assert await stand.ledger(made) == {"planned": 2, "sent": 2}


async def test_a_list_that_would_fill_the_memory_is_refused(stand):
    users = [await stand.person() for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backend.app.acceptance.LIST_LIMIT", 1000)
        (answer,) = await stand.app.events.accept(SYSTEM, [order_shipped(to=users, message="x" * 600)])
    assert answer.code() == "too_large"


async def test_an_order_whose_event_was_refused_is_told_by_the_repeat_and_each_move_once(kind, line_engines, tmp_path, monkeypatch):
    async def away(*_, **__):
        raise LogUnavailable

    async with standing(kind, tmp_path / "home") as stand:
        mia = await stand.person("mia")
        content = Content(web=WebContent("{{ data.order.state }}"))
        await stand.app.templates.put(SYSTEM, "moves", TemplateIn(content, samples={"order": {"state": "paid"}}))
        await stand.app.templates.publish(SYSTEM, "moves")
        await stand.app.categories.put(SYSTEM, "orders", CategoryIn("Orders", channels=["web"], template="moves"))
        paid, shipped = OrderIn(mia, "paid"), OrderIn(mia, "shipped")
        monkeypatch.setattr(stand.app.events, "accept", away)
        with pytest.raises(LogUnavailable):
            await stand.app.orders.put(SYSTEM, "order-9", paid)
        monkeypatch.undo()
        for moved in (paid, paid, shipped, shipped, paid, paid):
            await stand.app.orders.put(SYSTEM, "order-9", moved)
            await stand.settle(after=1)
        stand.clock.move(3 * DAY)
        await stand.app.orders.put(SYSTEM, "order-9", paid)
        await stand.settle()
        assert await stand.inbox(mia) == ["paid", "shipped", "paid"]
