"""History and "my data" without a browser, on the real house: what was meant for somebody, in their words; a copy; the way out."""

import pytest
import pytest_asyncio

from backend.app.views import PreferencesIn, QuietHoursIn
from backend.domain.errors import Forbidden, Invalid, NotFound, UnknownChannel
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM, Actor
from portal.frame import Frame
from portal.states.history import History
from portal.states.own_data import OwnData
from tests.portal.house_stand import PASSWORD
from tests.portal.test_pages import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def tab(house):
    house.app.clock.move(61)
    return await Tab(house).sign_in("member")


async def sent(house, category="orders", title="Hello", user="member", **more):
    house.app.clock.move(1)
    await house.app.events.accept(SYSTEM, [EventIn(type="t", category=category, to=To(user=user), title=title, **more)])
    await house.settle()


def ways(row):
    return {way.channel: (way.look, way.text) for way in row.ways}


async def test_sent_held_and_skipped_each_in_plain_words(house, tab):
    await sent(house, title="Sent \u202ehere")
    await sent(house, "marketing", "An offer", channels=["email"])
    quiet = PreferencesIn(quiet_hours=[QuietHoursIn("00:00", "12:00"), QuietHoursIn("12:00", "00:00")], matrix={"orders": {"web": False}})
    await house.app.preferences.put(SYSTEM, "member", PreferencesIn(matrix={"orders": {"web": False}}, quiet_hours=quiet.quiet_hours[:1]))
    house.app.clock.move((3600 - (house.app.clock.now() + 7200)) % 86_400)  # one in the morning in Oslo, in summer
    tab = await Tab(house).sign_in("member")
    await sent(house, title="Held")
    page = await tab.open(History, "/history")
    held, offer, first = page.rows[:3]
    assert (first.title, first.category, first.fate) == ("Sent \u202ehere", "Orders", "arrived")  # isolated where it is shown
    assert ways(first) == {
        "web": ("delivered", "In your inbox."),
        "email": ("sent", "Sent to m…r@example.com."),
        "push": ("skipped", "We have no address of yours for push."),
    }
    assert (offer.fate, ways(offer)) == ("none", {"email": ("skipped", "You have not asked for news about “Offers”.")})
    assert held.fate == "waiting"
    assert ways(held)["email"] == ("held", "Waits until 12:00. You have quiet hours from 00:00 to 12:00.")
    assert ways(held)["web"] == ("skipped", "The inbox is turned off for “Orders” by you.")
    await house.app.preferences.put(SYSTEM, "member", PreferencesIn(matrix={"orders": {"web": None}}, quiet_hours=None))


async def test_filters_stand_in_the_address_and_pages_go_on(house, tab):
    for n in range(30):
        await sent(house, "system", f"System {n}")
    page = await tab.open(History, "/history?category=system")
    assert len(page.rows) == 25 and page.more and page.first and page.rows[0].title == "System 29"
    seen = {row.id for row in page.rows}
    await tab.do(History, "turn", False)
    assert len(page.rows) == 5 and not page.more and not seen & {row.id for row in page.rows}
    await tab.do(History, "turn", True)
    assert {row.id for row in page.rows} == seen
    page = await tab.open(History, "/history?fate=none")
    assert [row.title for row in page.rows] == ["An offer"] and page.filtered
    page = await tab.open(History, "/history?channel=push")
    assert all(way.channel == "push" for row in page.rows for way in row.ways)
    page = await tab.open(History, "/history?fate=nonsense&channel=fax&category=<script>")
    assert (page.rows, page.fate, page.channel) == ([], "", "")


async def test_german_words_for_a_german(house):
    await sent(house, "marketing", "Ein Angebot", user="doris", channels=["email"])
    house.app.clock.move(61)
    tab = await Tab(house).sign_in("doris")
    page = await tab.open(History, "/history")
    assert ways(page.rows[0])["email"][1].startswith("Wir haben von Ihnen keine Adresse")
    assert page.rows[0].day == "Heute"


async def test_a_history_is_its_persons_alone(house):
    member, other = (Actor(1, "mia", "member", person=1), Actor(1, "reader", scopes=("notifications:read",)))
    for who in (member, other):
        with pytest.raises(Forbidden):
            await house.app.history.list(who, "member")
    for wrong in ({"fate": "sometimes"}, {"channel": "fax"}, {"after": "x"}, {"limit": 0}):
        with pytest.raises((Invalid, UnknownChannel)):
            await house.app.history.list(SYSTEM, "member", **wrong)


async def test_what_is_kept_and_every_answer_with_its_words(house, tab):
    await house.app.preferences.put(SYSTEM, "member", PreferencesIn(consents={"product": True}), evidence="ticket 7")
    page = await tab.open(OwnData, "/my-data")
    assert (page.user, page.name, page.zone, page.addresses) == ("member", "Member Person", "Europe/Oslo", "1")
    assert page.copy == "/v1/users/member/export"
    answer = page.answers[0]
    assert (answer.category, answer.yes, answer.way, answer.words) == ("Product news", True, "entered by staff", "ticket 7")


async def test_nobody_is_erased_by_a_wrong_word_and_the_last_administrator_not_at_all(house, tab):
    page = await tab.open(OwnData, "/my-data")
    page.typed = "left from before"
    await tab.do(OwnData, "ask")
    assert page.typed == ""
    for typed in ("", "Member", "mia"):
        await tab.do(OwnData, "type", typed)
        await tab.do(OwnData, "erase")
        assert page.problem == "Type member. Nothing was erased."
    assert (await house.app.people.get(SYSTEM, "member")).id == "member"
    admin = await Tab(house).sign_in("admin")
    await admin.open(OwnData, "/my-data")
    await admin.do(OwnData, "type", "admin")
    await admin.do(OwnData, "erase")
    assert "last administrator" in admin.state(OwnData).problem
    with pytest.raises(Forbidden):
        await house.app.people.erase_own(Actor(1, "member", scopes=("notifications:read",)), "member")


async def test_who_types_their_name_is_gone_with_their_session(house):
    await house.app.accounts.create(SYSTEM, "leaver", PASSWORD, "member", "Leaver")
    await sent(house, user="leaver")
    house.app.clock.move(61)
    tab = await Tab(house).sign_in("leaver")
    await tab.open(OwnData, "/my-data")
    await tab.do(OwnData, "type", "leaver")
    await tab.do(OwnData, "erase")
    assert tab.state(Frame).leave == "/sign-in?reason=erased"
    assert tab.state(OwnData).user == ""
    with pytest.raises(NotFound):
        await house.app.people.get(SYSTEM, "leaver")
    await tab.do(OwnData, "again")
    assert tab.state(Frame).leave.startswith("/sign-in")
