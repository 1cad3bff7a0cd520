"""Page states without a browser, on the real house: what a handler leaves on the screen, and what it refuses."""

from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio
import reflex as rx

from backend.app.audience_views import AudienceIn
from backend.app.views import PersonIn
from backend.domain import audience as rules
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from backend.store import walk
from portal.frame import Frame
from portal.inbox_rows import safe_link, tomorrow_at_nine
from portal.pages.capture import CapturePage, headers_of, in_frame
from portal.pages.captured import Captured
from portal.pages.deliveries import Deliveries
from portal.pages.delivery import DeliveryPage
from portal.states.inbox import Inbox
from portal.states.listing import ROWS
from portal.states.send import Send
from tests.portal.house_stand import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Tab:
    """A browser tab of one account: its page states, reached as the framework reaches them."""

    def __init__(self, house):
        self.house, self.root = house, rx.State(_reflex_internal_init=True)

    async def sign_in(self, login, path="/"):
        session = await self.house.app.accounts.sign_in(login, PASSWORD)
        self.cookie = f"carillon_session={session.token}"
        self.at(path)
        await self.do(Frame, "enter")
        return self

    def at(self, path):
        data = {
            "headers": {"cookie": self.cookie, "origin": "http://x"},
            "pathname": path,
            "asPath": path,
            "query": dict(parse_qsl(urlsplit(path).query)),
        }
        self.root.router_data = self.root._update_router_vars(data, self.root.router_data)

    def state(self, cls):
        return self.root.get_substate(cls.get_full_name().split("."))

    async def open(self, cls, path):
        self.at(path)
        await self.do(Frame, "enter")
        await self.do(cls, "load")
        return self.state(cls)

    async def do(self, cls, handler, *args):
        return await cls.event_handlers[handler].fn(self.state(cls), *args)


@pytest_asyncio.fixture(loop_scope="module")
async def tab(house):
    house.app.clock.move(61)  # sign-ins are limited by the minute

    async def opened(login):
        return await Tab(house).sign_in(login)

    return opened


async def sent(house, user="member", category="orders", **more):
    (answer,) = await house.app.events.accept(SYSTEM, [EventIn(type="t", category=category, to=To(user=user), title="Hello", **more)])
    await house.settle()
    return answer.id.hex()


async def test_a_dry_run_says_who_gets_what_and_sending_twice_is_one_event(house, tab):
    one = await tab("marketer")
    page = await one.open(Send, "/send?user=member")
    assert "Member Person, Europe/Oslo" in page.who_note
    for name, value in (("category", "orders"), ("title", "Hello"), ("data", "[1]")):
        await one.do(Send, "write", name, value)
    await one.do(Send, "check")
    assert page.problems["data"] == 'This is not a JSON object. Write it like {"order": "A-17"}.'
    assert page.stage == "write"
    await one.do(Send, "write", "data", '{"order": "A-17"}')
    await one.do(Send, "write", "link", "https://example.com/a'b")
    await one.do(Send, "check")
    assert page.verdict == "Member Person gets this in the app and by email now."
    assert [unit.look for unit in page.units] == ["sent", "sent", "skipped"]
    assert "portal-" not in page.code["curl"]
    assert """a'"'"'b""" in page.code["curl"]
    await one.do(Send, "send")
    first, page.stage = page.event, "checked"
    await one.do(Send, "send")
    assert page.event == first
    await house.settle()
    assert len((await house.app.deliveries.list(SYSTEM, event=first)).items) == 2


async def test_a_stale_check_is_not_sent_and_no_field_is_written_that_the_form_does_not_have(house, tab):
    one = await tab("admin")
    page = await one.open(Send, "/send?user=tom")
    for name, value in (("category", "system"), ("title", "Hello")):
        await one.do(Send, "write", name, value)
    await one.do(Send, "check")
    await one.do(Send, "write", "title", "Hello again")
    assert page.stale
    await one.do(Send, "send")
    assert (page.stage, page.event) == ("checked", "")
    before = page.stage
    await one.do(Send, "write", "stage", "sent")  # refused, and shown as a sentence
    assert page.stage == before


async def test_an_audience_is_sent_to_with_its_exact_number_or_asked_again(house, tab):
    await house.app.people.put_many(SYSTEM, [(f"sa{n}", PersonIn(attributes={"shelf": "top"})) for n in range(3)])
    top = rules.Attribute("shelf", "equals", "top")
    await house.app.audiences.put(SYSTEM, "top", AudienceIn(name="Top shelf", rule=top))
    await house.app.audiences.put(SYSTEM, "everyone", AudienceIn(name="Everyone", rule=rules.All()))
    await house.app.audiences.put(SYSTEM, "noone", AudienceIn(name="No one", rule=rules.Any()))
    one = await tab("marketer")
    page = await one.open(Send, "/send")
    assert {"top", "everyone"} <= {choice.value for choice in page.audiences}
    await one.do(Send, "choose", "to", "audience")
    for name, value in (("category", "orders"), ("title", "Hello")):
        await one.do(Send, "write", name, value)
    await one.do(Send, "check")
    assert page.problems["audience"] == "Say who gets it." and page.stage == "write"
    await one.do(Send, "write", "audience", "noone")
    await one.do(Send, "check")
    assert page.rest == "The audience names nobody now. The audience names 0 people now." or page.verdict == "Nobody would get this."
    await one.do(Send, "write", "audience", "everyone")
    await one.do(Send, "check")
    assert int(page.must) > 3, "everybody is typed"
    await one.do(Send, "write", "audience", "top")
    await one.do(Send, "check")
    assert (page.name, page.must, page.verdict) == ("Top shelf", "", "Of the first 3 people, 3 get this now.")
    assert page.rest.endswith("The audience names 3 people now.") and '"audience": "top"' in page.code["curl"]
    await house.app.people.put(SYSTEM, "sa3", PersonIn(attributes={"shelf": "top"}))
    await one.do(Send, "send")
    assert (page.stage, page.stale, page.event) == ("checked", True, "") and "4 people now; it was 3" in page.problems["all"]
    await one.do(Send, "check")
    await one.do(Send, "send")
    await house.settle()
    found = (await house.app.deliveries.list(SYSTEM, event=page.event)).items
    assert {delivery.user for delivery in found} == {"sa0", "sa1", "sa2", "sa3"}


async def test_the_list_is_paged_by_cursor_and_filtered_by_the_address(house, tab):
    for _ in range(14):
        await sent(house)
    one = await tab("analyst")
    page = await one.open(Deliveries, "/deliveries?user=member")
    assert (len(page.rows), page.place, page.first, page.last) == (ROWS, "1 to 25", True, False)
    seen = [row.id for row in page.rows]
    await one.do(Deliveries, "older")
    assert page.place.startswith("26 to ")
    assert not set(seen) & {row.id for row in page.rows}
    await one.do(Deliveries, "newer")
    assert [row.id for row in page.rows] == seen
    page = await one.open(Deliveries, "/deliveries?state=dead")
    assert (page.rows, page.filtered, page.place) == ([], True, "None")


async def test_views_of_a_list_are_saved_from_its_address_and_a_deleted_one_comes_back(house, tab):
    one = await tab("analyst")
    page = await one.open(Deliveries, "/deliveries?state=dead&channel=sms")
    assert page.download == "/download/deliveries.csv?state=dead&channel=sms"
    await one.do(Deliveries, "name_view", "")
    await one.do(Deliveries, "save_view", {"name": " "})
    assert (page.problem, page.views, page.asked) == ("A view needs a name. Type what you look for in it.", [], 0)
    await one.do(Deliveries, "save_view", {"name": "Dead texts"})
    assert (page.view, page.asked, [view.href for view in page.views]) == ("Dead texts", 1, ["/deliveries?state=dead&channel=sms"])
    await one.do(Deliveries, "name_view", "Dead texts")
    await one.do(Deliveries, "save_view", {"name": "Lost texts"})
    await one.do(Deliveries, "delete_view", "Lost texts")
    frame = one.state(Frame)
    assert (page.views, frame.said_undo) == ([], True)
    await one.do(Frame, "take_back")
    assert [view.name for view in page.views] == ["Lost texts"]
    await one.do(Frame, "take_back")  # once
    assert [view.name for view in page.views] == ["Lost texts"]
    page = await one.open(Deliveries, "/deliveries?state=nonsense&event=ff&user=" + "x" * 500)
    assert {name: value for name, value in page.query.items() if value} == {"user": "x" * 128, "event": "ff"}
    assert (page.trouble[:31], one.state(Frame).loaded) == ("An id is 32 hexadecimal digits,", True)
    page = await one.open(Deliveries, "/deliveries?event=" + "f" * 32)
    assert (page.rows, page.trouble, page.place) == ([], "", "None")


async def test_rows_are_chosen_from_those_that_are_shown(house, tab):
    await sent(house)
    one = await tab("operator")
    page = await one.open(Deliveries, "/deliveries")
    key = page.rows[0].id
    await one.do(Deliveries, "choose", key, True)
    await one.do(Deliveries, "choose", "not-there", True)
    assert (page.chosen, page.chosen_text) == ([key], "1 chosen")
    await one.do(Deliveries, "choose_page", True)
    assert len(page.chosen) == len(page.rows) <= ROWS
    await one.do(Deliveries, "choose", key, False)
    assert key not in page.chosen
    await one.do(Deliveries, "choose_page", False)
    assert (page.chosen, page.chosen_text) == ([], "")


async def test_a_member_reads_why_about_their_own_and_nobody_elses(house, tab):
    event, other = await sent(house, "member"), await sent(house, "mia")
    mine = (await house.app.deliveries.list(SYSTEM, event=event, channel="web")).items[0].id
    theirs = (await house.app.deliveries.list(SYSTEM, event=other, channel="web")).items[0].id
    one = await tab("member")
    page = await one.open(DeliveryPage, f"/deliveries/{mine}")
    assert (page.title, page.look, len(page.gates), page.captured) == ("Hello", "delivered", 12, "")
    await one.open(DeliveryPage, f"/deliveries/{theirs}")
    assert one.state(Frame).closed
    page = await one.open(DeliveryPage, "/deliveries/0123")
    assert page.gone


async def test_inbox_marks_undo_and_wakes(house, tab):
    await sent(house)
    one = await tab("member")
    page = await one.open(Inbox, "/inbox")
    key, frame = page.rows[0].id, one.state(Frame)
    await one.do(Inbox, "open", key)
    assert not page.rows[0].unread
    await one.do(Inbox, "do", "archive", key)
    assert key not in [row.id for row in page.rows]
    assert (frame.said_title, frame.said_undo) == ("1 archived", True)
    await one.do(Frame, "take_back")
    assert key in [row.id for row in page.rows]
    await one.do(Inbox, "snooze", "tomorrow", key)
    page = await one.open(Inbox, "/inbox?view=snoozed")
    assert page.rows[0].snoozed == "Until 09:00"
    await one.do(Inbox, "do", "wake", key)
    assert page.rows == []
    assert len(page.rows) <= 25


async def test_a_captured_mail_is_framed_and_its_headers_are_told(house, tab):
    event = await sent(house)
    mail = (await house.app.deliveries.list(SYSTEM, event=event, channel="email")).items[0]
    kept = (await house.app.captures.list(SYSTEM, delivery=mail.id)).items[0]
    one = await tab("operator")
    page = await one.open(CapturePage, f"/captured/{kept.id}")
    assert '<head><base target="_blank">' in page.html
    assert {"Message-ID", "List-Unsubscribe"} <= {header.value for header in page.headers}
    await one.open(Captured, "/captured?channel=sms")
    assert one.state(Captured).query["channel"] == "sms"
    await one.do(Captured, "behave", "sms", "slow")
    assert (await house.app.captures.behaviour(SYSTEM, "sms")).mode == "slow"


async def test_who_may_not_is_refused_on_every_page(house, tab):
    one = await tab("member")
    for cls, path in ((Send, "/send"), (Deliveries, "/deliveries"), (Captured, "/captured"), (CapturePage, "/captured/01")):
        await one.open(cls, path)
        assert one.state(Frame).closed, path


async def test_nine_tomorrow_across_the_change_of_the_clocks():
    saturday = 1_792_839_600.0  # 24 Oct 2026, 13:00 in Oslo, the day before summer time ends
    assert tomorrow_at_nine(saturday, "Europe/Oslo") - saturday == 21 * 3600  # one more than on the dial


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", " https://x", "//x", ""])
async def test_an_unsafe_link_is_no_link(link):
    assert safe_link(link) == ""


async def test_a_frame_without_a_head_gets_its_base_first():
    assert in_frame("<p>x</p>").startswith("<base")
    assert [(h.value, h.text) for h in headers_of("A: 1\r\n 2\r\nB: 3\r\n\r\nC: 4")] == [("A", "1 2"), ("B", "3")]


async def test_a_look_that_ended_early_says_so_and_goes_on(house, tab, monkeypatch):
    for n in range(6):
        event = EventIn(type="t", category="orders", to=To(user="tom"), title=f"Walk {n}", channels=["web"])
        await house.app.events.accept(SYSTEM, [event])
        await house.settle()
        house.app.clock.move(1)
    monkeypatch.setattr(walk, "EXAMINED", 2)
    monkeypatch.setattr(walk, "STEPS", 1)
    one = await tab("operator")
    page = await one.open(Deliveries, "/deliveries?channel=email")
    assert page.rows == []
    assert page.partial
    seen = 0
    while not page.last and seen < 200:
        seen += 1
        await one.do(Deliveries, "older")
    assert not page.partial
    page = await one.open(Deliveries, "/deliveries?user=tom")
    assert not page.partial
    assert len(page.rows) >= 6
