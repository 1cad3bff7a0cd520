"""The inbox page without a browser: days, search, snoozes, exact undo, why and fewer, and keeping one's place."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from backend.app.views import CategoryIn, InboxChange
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM, Actor
from portal.frame import Frame
from portal.guard import _caller
from portal.inbox_rows import day_words, snooze_end, snoozes_at
from portal.states.inbox import Inbox, freshen
from portal.telling import Teller
from tests.portal.test_pages import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANY = Actor(1, "reader", scopes=("notifications:read:any",))


@pytest_asyncio.fixture(loop_scope="module")
async def tab(house):
    """Of a member whose inbox is put away first."""
    house.app.clock.move(61 + (12 * 3600 - (house.app.clock.now() + 61 + 7200)) % 86_400)  # noon in Oslo, in summer
    await house.app.inbox.mark(ANY, "member", None, InboxChange(read=True, archived=True, snoozed_until=None))
    return await Tab(house).sign_in("member")


async def sent(house, *titles, category="orders"):
    for title in titles:
        house.app.clock.move(1)
        await house.app.events.accept(SYSTEM, [EventIn(type="t", category=category, to=To(user="member"), title=title, message="It left")])
    await house.settle()


async def heard(house, tab):
    """What the bell runs, as the tab's caller."""
    reset = _caller.set(await house.app.accounts.who(tab.cookie.partition("=")[2]))
    try:
        await freshen(tab.state(Frame))
    finally:
        _caller.reset(reset)


async def unread(house):
    return (await house.app.inbox.counts(ANY, "member")).unread


async def test_days_stand_above_and_categories_have_names(house, tab):
    await sent(house, "Yesterday's")
    house.app.clock.move(86_400)
    tab = await Tab(house).sign_in("member")  # the session has ended meanwhile
    await sent(house, "One", "Two")
    page = await tab.open(Inbox, "/inbox")
    assert [(row.title, row.day, row.category) for row in page.rows] == [("Two", "Today", "Orders"), ("One", "", "Orders"), ("Yesterday's", "Yesterday", "Orders")]


async def test_undo_touches_only_what_was_changed(house, tab):
    await sent(house, "One", "Two", "Three")
    page = await tab.open(Inbox, "/inbox")
    await tab.do(Inbox, "do", "read", page.rows[0].id)
    assert await unread(house) == 2
    await tab.do(Inbox, "choose_all", True)
    assert page.all_chosen and page.chosen_text == "3 selected"
    await tab.do(Inbox, "do", "read")
    assert (await unread(house), tab.state(Frame).said_title) == (0, "2 marked read")
    await tab.do(Frame, "take_back")
    assert await unread(house) == 2 and not page.rows[0].unread
    await tab.do(Inbox, "read_all")
    assert (await unread(house), tab.state(Frame).said_title) == (0, "2 marked read")
    await tab.do(Frame, "take_back")
    assert await unread(house) == 2
    await tab.do(Frame, "take_back")  # once is enough
    assert await unread(house) == 2


async def test_snoozes_of_several_come_back_each_as_they_were(house, tab):
    await sent(house, "One", "Two")
    page = await tab.open(Inbox, "/inbox")
    first, second = (row.id for row in page.rows)
    await tab.do(Inbox, "snooze", "tomorrow", first)
    page = await tab.open(Inbox, "/inbox?view=snoozed")
    asleep = page._items[first].snoozed_until
    await tab.do(Inbox, "ask_snooze", first)
    assert page.snoozes[0].text.partition(",")[0] == "In an hour"
    await tab.do(Inbox, "snooze", "2030-02-30T09:00")
    await tab.do(Inbox, "snooze", "1999-01-01T09:00")
    assert page.snooze_problem == "Choose a moment to come, within a year." and page._items[first].snoozed_until == asleep
    await tab.do(Inbox, "snooze", "hour")
    assert page._items[first].snoozed_until < asleep
    await tab.do(Frame, "take_back")
    assert page._items[first].snoozed_until == asleep
    page = await tab.open(Inbox, "/inbox")
    assert [row.id for row in page.rows] == [second]
    house.app.clock.move(2 * 86_400)
    tab = await Tab(house).sign_in("member")
    page = await tab.open(Inbox, "/inbox")
    assert {row.id for row in page.rows if row.unread} == {first, second}


async def test_a_search_narrows_and_news_waits_on_an_older_page(house, tab):
    await sent(house, *[f"Parcel {n}" for n in range(27)], "Other")
    page = await tab.open(Inbox, "/inbox")
    assert len(page.rows) == 25 and page.older
    await tab.do(Inbox, "look_for", "other")
    assert [row.title for row in page.rows] == ["Other"] and not page.older
    await tab.do(Inbox, "look_for", "")
    await tab.do(Inbox, "turn", False)
    older = [row.id for row in page.rows]
    await sent(house, "Newer")
    await heard(house, tab)
    assert page.news and [row.id for row in page.rows] == older
    await tab.do(Inbox, "turn", True)
    assert page.rows[0].title == "Newer" and not page.news


async def test_what_is_open_and_chosen_stays_when_something_comes(house, tab):
    await sent(house, "One")
    page = await tab.open(Inbox, "/inbox")
    key = page.rows[0].id
    await tab.do(Inbox, "open", key)
    await tab.do(Inbox, "choose", key, True)
    await sent(house, "Two")
    await heard(house, tab)
    assert (page.rows[0].title, page.opened, page.chosen) == ("Two", key, [key])


async def test_why_offers_fewer_where_there_is_more_and_nothing_where_it_is_essential(house, tab):
    await house.app.categories.put(SYSTEM, "inner", CategoryIn("Inner \u202ething", channels=["web"]))
    for category, fewer, off in (("orders", True, "Turn off “Orders”"), ("inner", False, "Turn off “Inner thing”"), ("security", False, "")):
        await sent(house, category, category=category)
        page = await tab.open(Inbox, "/inbox")
        key = page.rows[0].id
        await tab.do(Inbox, "why", key)
        assert (page.why_of, page.why_fewer, page.why_off) == (key, fewer, off)
        if not off:
            await tab.do(Inbox, "turn_off", key)
            assert tab.state(Frame).said_hue == "failed"
    await tab.do(Inbox, "fewer", "0" * 32)
    assert tab.state(Frame).said_hue == "failed"


# ---- hours
def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


async def test_the_hours_to_come_back_at():
    wednesday = at("2026-11-25T10:00")
    assert [name for name, _ in snoozes_at(wednesday, "Europe/Berlin")] == ["hour", "evening", "tomorrow", "monday"]
    assert [name for name, _ in snoozes_at(at("2026-11-29T20:00"), "Europe/Berlin")] == ["hour", "tomorrow"]  # Sunday night
    assert snooze_end("evening", wednesday, "Europe/Berlin") == at("2026-11-25T18:00")
    assert snooze_end("monday", wednesday, "Europe/Berlin") == at("2026-11-30T09:00")
    assert snooze_end("tomorrow", at("2026-10-24T12:00"), "Europe/Berlin") == at("2026-10-25T09:00")  # a day of 25 hours
    assert snooze_end("2026-12-24T18:30", wednesday, "Europe/Berlin") == at("2026-12-24T18:30")
    for wrong in ("", "soon", "2026-11-25T09:59", "2028-01-01T00:00", "2026-13-01T00:00"):
        assert snooze_end(wrong, wednesday, "Europe/Berlin") is None, wrong


@pytest.mark.parametrize(
    ("then", "words"),
    [("2026-11-25T00:01", "Today"), ("2026-11-24T23:59", "Yesterday"), ("2026-11-23T12:00", "Monday"), ("2026-11-19T12:00", "Thursday"), ("2026-11-18T12:00", "18 Nov 2026")],
)
async def test_days_in_words(then, words):
    assert day_words(at(then), Teller("en", "Europe/Berlin", at("2026-11-25T12:00"))) == words
