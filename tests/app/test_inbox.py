"""The inbox: what is marked is exactly what was there, sleep ends by itself, and a search finds words."""

import asyncio
from datetime import timedelta

import pytest

from backend.app.app import App
from backend.app.views import InboxChange, PersonIn, moment
from backend.clock import HeldClock
from backend.domain.errors import Invalid
from backend.domain.ids import person_id
from backend.store import inbox
from tests.app.actors import ADMIN, actor

MIA = person_id(1, "mia")
ME = actor("member", "mia")


async def put(app: App, n: int, title: str = "Hello", message: str = "", at: float = 0.0) -> str:
    now = app.clock.now()
    row = inbox.Row(
        space=1, person=MIA, id=n.to_bytes(16, "big"), type="ORDER", category="orders", priority="normal", title=title, message=message, at=at or now + n
    )  # fmt: skip
    await app.store.write(lambda tx: inbox.write(tx, 1, [row], now))
    return row.id.hex()


@pytest.fixture
async def each_app(each_app: App) -> App:
    await each_app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    return each_app


@pytest.fixture
async def app(app: App) -> App:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    return app


async def titles(app: App, **how: str) -> list[str]:
    return [item.title for item in (await app.inbox.list(ME, "mia", **how)).items]


async def agrees(app: App) -> bool:
    """The head says what the rows say."""
    head = await app.store.read(lambda tx: inbox.head(tx, 1, MIA))
    return (head.unread, head.unseen) == await app.store.read(lambda tx: inbox.recount(tx, 1, MIA))


async def test_all_are_marked_however_they_move_meanwhile(each_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app = each_app
    monkeypatch.setattr("backend.app.inbox.AT_ONCE", 3)
    made = [await put(app, n) for n in range(1, 11)]
    marked, other = app.inbox._mark, []

    async def meanwhile(*given, **more):
        if not other:  # between the first look and the first write somebody changes rows that are still to come, and one arrives
            other.append(1)
            await marked(1, MIA, [bytes.fromhex(made[8]), bytes.fromhex(made[4])], InboxChange(seen=True), app.clock.now())
            other.append(await put(app, 99, "late"))
        return await marked(*given, **more)

    monkeypatch.setattr(app.inbox, "_mark", meanwhile)
    changed = await app.inbox.mark_all(ME, "mia", InboxChange(read=True))
    assert sorted(changed) == sorted(made)
    assert await titles(app, view="unread") == ["late"]
    assert await agrees(app)


async def test_what_mark_all_changed_is_exactly_what_is_taken_back(app: App) -> None:
    made = [await put(app, n) for n in range(1, 6)]
    await app.inbox.mark(ME, "mia", made[:2], InboxChange(read=True))
    changed = await app.inbox.mark_all(ME, "mia", InboxChange(read=True))
    assert sorted(changed) == sorted(made[2:])
    await app.inbox.mark(ME, "mia", changed, InboxChange(read=False))
    assert (await app.inbox.counts(ME, "mia")).unread == 3 and await agrees(app)


async def test_two_who_mark_all_at_once_do_not_count_twice(app: App) -> None:
    for n in range(1, 30):
        await put(app, n)
    both = await asyncio.gather(*[app.inbox.mark_all(ME, "mia", InboxChange(read=True)) for _ in range(2)])
    assert sum(len(one) for one in both) == 29
    assert (await app.inbox.counts(ME, "mia")).unread == 0 and await agrees(app)


async def test_sleep_ends_by_itself_and_every_stream_hears_it(each_app: App, clock: HeldClock, monkeypatch: pytest.MonkeyPatch) -> None:
    app = each_app
    monkeypatch.setattr("backend.app.inbox.LOOK", 0.05)  # seconds of silence; the clock of sleep is the test's own
    key = await put(app, 1)
    await app.inbox.mark(ME, "mia", [key], InboxChange(read=True, snoozed_until=moment(clock.now() + 3600)))
    assert (await titles(app), await titles(app, view="snoozed")) == ([], ["Hello"])
    stream = app.inbox.stream(ME, "mia")
    coming = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    clock.move(3599)
    assert await titles(app) == []
    clock.move(1)
    back = await asyncio.wait_for(coming, 20)
    assert (back.id, back.read_at, back.seen_at, back.snoozed_until, back.unread_count) == (key, None, None, None, 1)
    await stream.aclose()
    assert (await titles(app), await titles(app, view="snoozed"), await titles(app, view="unread")) == (["Hello"], [], ["Hello"])
    assert await agrees(app)


async def test_a_sleep_that_was_lengthened_meanwhile_goes_on(app: App, clock: HeldClock) -> None:
    key = await put(app, 1)
    await app.inbox.mark(ME, "mia", [key], InboxChange(snoozed_until=moment(clock.now() + 60)))
    clock.move(61)
    await app.store.write(
        lambda tx: inbox.change(tx, 1, MIA, [bytes.fromhex(key)], clock.now(), lambda row: setattr(row, "snoozed_until", clock.now() + 60))
    )
    assert await titles(app) == []


async def test_a_search_finds_words_and_takes_marks_for_what_they_are(each_app: App) -> None:
    app = each_app
    await put(app, 1, "Your parcel left", "Bergen, 100% sure")
    await put(app, 2, "New sign-in", "From Oslo_2")
    await put(app, 3, "<b>Parcel</b>", "")
    assert await titles(app, search="parcel") == ["<b>Parcel</b>", "Your parcel left"]
    assert await titles(app, search="parcel bergen") == ["Your parcel left"]
    assert await titles(app, search="100%") == ["Your parcel left"]
    assert await titles(app, search="o_2") == ["New sign-in"]
    assert await titles(app, search="'; drop table inbox") == []
    with pytest.raises(Invalid):
        await app.inbox.list(ME, "mia", search="x" * 201)


async def test_a_page_goes_on_within_a_search(app: App) -> None:
    for n in range(1, 8):
        await put(app, n, f"Order {n}" if n % 2 else f"Other {n}")
    first = await app.inbox.list(ME, "mia", limit=3, search="order")
    rest = await app.inbox.list(ME, "mia", first.next, 3, search="order")
    assert [item.title for item in [*first.items, *rest.items]] == ["Order 7", "Order 5", "Order 3", "Order 1"] and rest.next is None


async def test_everybody_reads_names_of_categories(app: App) -> None:
    assert (await app.categories.names(ME))["marketing"] == "Offers"


async def test_nobody_moves_through_somebody_elses(app: App) -> None:
    key = await put(app, 1)
    other = actor("member", "ben")
    assert await app.inbox.mark_all(other, "ben", InboxChange(read=True)) == []
    item = await app.inbox.get(ME, "mia", key)
    assert item.read_at is None and item.timestamp - moment(app.clock.now()) < timedelta(seconds=2)


async def test_a_change_is_told_once_to_open_screens(app: App) -> None:
    await put(app, 1)
    stream = app.inbox.stream(ME, "mia", after="0:0")
    assert (await asyncio.wait_for(anext(stream), 20)).read_at is None
    await app.inbox.mark_all(ME, "mia", InboxChange(read=True))
    assert (await asyncio.wait_for(anext(stream), 20)).read_at is not None
    await stream.aclose()


