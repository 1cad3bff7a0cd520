"""Lists of events and deliveries on both engines: filters, cursors over bounded looks, and what became of one event."""

import pytest

from backend.app.app import App
from backend.app.views import PersonIn
from backend.domain.errors import Invalid
from backend.store import event_rows, rollup, tables, walk
from tests.app.actors import ADMIN, ANALYST, actor
from tests.app.line_rows import happened


async def three(app: App, clock) -> list[str]:
    """Events of orders, chat and orders, an hour apart; their ids, newest first."""
    await app.people.put(ADMIN, "mia", PersonIn(email="mia@example.com"))
    made = []
    for n, category in enumerate(("orders", "chat", "orders")):
        made.append((await happened(app, "mia", key=f"k{n}", category=category))["event"].hex())
        clock.move(3_600)
    await app.store.write(lambda tx: rollup.compact(tx, 1_000))
    return made[::-1]


async def test_events_are_listed_with_their_ledgers_and_filtered(each_app: App, clock) -> None:
    app, began = each_app, clock.now()
    made = await three(app, clock)
    page = await app.events.list(ANALYST)
    assert [line.id for line in page.items] == made and page.next is None
    line = page.items[0]
    assert (line.type, line.title, line.category, line.source, line.user, line.recipients) == ("order.shipped", "Shipped", "orders", "api", "mia", 1)
    assert (line.ledger.planned, line.ledger.held, line.ledger.failed) == (2, 1, 1)
    assert [one.id for one in (await app.events.list(ANALYST, category="orders")).items] == [made[0], made[2]]
    assert [one.id for one in (await app.events.list(ANALYST, since=began + 1_800, until=began + 5_400)).items] == [made[1]]
    assert (await app.events.list(ANALYST, type="order.shipped", priority="low")).items == []
    first = await app.events.list(ANALYST, category="orders", limit=1)
    second = await app.events.list(ANALYST, category="orders", limit=1, after=first.next)
    assert [one.id for one in (*first.items, *second.items)] == [made[0], made[2]]
    assert (await app.events.list(actor("analyst", space=2))).items == []
    for wrong in ({"source": "pigeon"}, {"priority": "urgent"}, {"limit": 0}, {"after": "x"}):
        with pytest.raises(Invalid):
            await app.events.list(ANALYST, **wrong)


async def test_a_look_is_bounded_and_goes_on_where_it_ended(each_app: App, clock, monkeypatch) -> None:
    app = each_app
    made = await three(app, clock)
    monkeypatch.setattr(walk, "EXAMINED", 1)
    monkeypatch.setattr(walk, "STEPS", 1)
    page = await app.events.list(ANALYST, category="chat")
    assert page.items == [] and page.next == made[0]  # nothing among those looked at, and not the end
    found = await app.events.list(ANALYST, category="chat", after=page.next)
    assert [one.id for one in found.items] == [made[1]]
    seen, after = [], None
    for _ in range(8):
        deliveries = await app.deliveries.list(ANALYST, state="held", after=after)
        seen += [one.event for one in deliveries.items]
        after = deliveries.next
        if after is None:
            break
    assert seen == made and after is None


async def test_deliveries_are_filtered_by_all_there_is(each_app: App, clock) -> None:
    app, began = each_app, clock.now()
    made = await three(app, clock)

    async def events_of(**asked) -> list[str]:
        return [one.event for one in (await app.deliveries.list(ANALYST, **asked)).items]

    assert await events_of(reason="quiet_hours") == made
    assert await events_of(provider="capture") == made
    assert await events_of(provider="smtp") == []
    assert await events_of(template="welcome") == []
    assert await events_of(category="chat") == [made[1]] * 2
    assert await events_of(since=began + 1_800, until=began + 5_400, channel="email") == [made[1]]
    assert await events_of(user="mia", state="failed", reason="provider_refused") == made
    assert await events_of(event=made[0], state="held") == [made[0]]


async def test_of_many_recipients_counts_say_what_the_rows_say(each_app: App, clock, monkeypatch) -> None:
    app = each_app
    made = (await three(app, clock))[1]  # the only one of its cohort, as a fan-out is
    rows, course = await app.events.get(ANALYST, made), await app.events.course(ANALYST, made)
    listed = await app.events.list(ANALYST, category="chat")
    await app.store.write(lambda tx: tx.conn.execute(tables.events.update().where(tables.events.c.id == bytes.fromhex(made)).values(target="group:all")))
    monkeypatch.setattr(event_rows, "MANY", 0)
    assert (await app.events.get(ANALYST, made)).ledger == rows.ledger == listed.items[0].ledger
    assert (await app.events.list(ANALYST, category="chat")).items[0].ledger == rows.ledger
    counted = await app.events.course(ANALYST, made)
    key = lambda one: (one.channel, one.state)  # noqa: E731
    assert sorted(counted.states, key=key) == sorted(course.states, key=key) and counted.last_change == course.last_change


async def test_a_provider_that_nobody_used_is_looked_for_within_the_look(each_app: App, clock, monkeypatch) -> None:
    app, began = each_app, clock.now()
    made = await three(app, clock)
    monkeypatch.setattr(walk, "EXAMINED", 2)
    for provider, expected in (("capture", made), ("nobody", [])):
        seen, after = [], None
        while True:
            page = await app.deliveries.list(ANALYST, provider=provider, since=began, after=after, limit=1)
            seen += [one.event for one in page.items]
            after = page.next
            if after is None:
                break
        assert seen == expected


async def test_the_course_of_an_event(each_app: App, clock) -> None:
    app, began = each_app, clock.now()
    made = await three(app, clock)
    course = await app.events.course(ANALYST, made[2])
    assert [(one.channel, one.state, one.n) for one in course.states] == [("email", "held", 1), ("push", "failed", 1)]
    assert course.first_attempt is not None and course.first_attempt.timestamp() == began
    assert course.last_answer is not None and course.last_change is not None
    assert (await app.events.course(ANALYST, "0" * 32)).states == []
