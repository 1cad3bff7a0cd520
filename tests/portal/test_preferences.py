"""The preferences page without a browser, on the real house: what a change keeps, says and gives back."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from backend.app.views import AddressIn, CategoryIn, GroupIn, PersonIn, PreferencesIn, QuietHoursIn
from backend.domain.person import QuietHours
from backend.security.roles import SYSTEM
from portal import foresight
from portal.access import zone_of
from portal.frame import Frame
from portal.states.preferences import Preferences, pause_end
from portal.telling import Teller
from tests.portal.test_pages import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def tab(house):
    house.app.clock.move(61)
    return await Tab(house).sign_in("member")


async def wishes(house):
    return await house.app.preferences.get(SYSTEM, "member")


def line(page, key):
    return next(one for one in page.lines if one.key == key)


def switches(page, key):
    return {cell.channel: cell.on for cell in line(page, key).cells if cell.offered}


async def test_one_switch_is_kept_said_and_taken_back(house, tab):
    page = await tab.open(Preferences, "/preferences")
    assert switches(page, "orders") == {"email": True, "push": True, "web": True}
    assert line(page, "orders").origin == "Default, until you choose"
    await tab.do(Preferences, "tick", "orders", "email", False)
    frame = tab.state(Frame)
    assert (frame.said_title, frame.said_undo, page.kept) == ("Orders by Email is off", True, True)
    assert (await wishes(house)).matrix == {"orders": {"email": False}}
    assert (line(page, "orders").origin, line(page, "orders").own) == ("Your choice", True)
    await tab.do(Frame, "take_back")
    assert (await wishes(house)).matrix == {} and switches(page, "orders")["email"]
    assert frame.said_title == "As it was before"


async def test_a_first_yes_to_marketing_is_recorded_with_its_words_and_turns_on_one_channel(house, tab):
    page = await tab.open(Preferences, "/preferences")
    wording = "I want to get “Offers” and can take this back at any time."
    assert line(page, "marketing").consent == f"Turning it on is your consent: “{wording}”"
    await tab.do(Preferences, "tick", "marketing", "email", True)
    assert switches(page, "marketing") == {"email": True, "push": False, "web": False}
    matrix = await house.app.preferences.matrix(SYSTEM, "member")
    row = next(row for row in matrix.rows if row.category == "marketing")
    assert (row.consent, row.consent_source, row.consent_evidence) == (True, "portal", f"preferences page: {wording}")
    assert wording in line(page, "marketing").consent and line(page, "marketing").consent.startswith("You said yes on ")
    await tab.do(Preferences, "tick", "marketing", "email", False)
    assert (await wishes(house)).consents == {"marketing": False}
    await tab.do(Frame, "take_back")
    assert (await wishes(house)).consents == {"marketing": True}
    assert switches(page, "marketing") == {"email": True, "push": False, "web": False}


async def test_a_category_that_was_unsubscribed_comes_back_on_one_channel(house, tab):
    await house.app.preferences.put(SYSTEM, "member", PreferencesIn(consents={"system": False}, matrix={"system": {"web": None}}))
    page = await tab.open(Preferences, "/preferences")
    assert not any(switches(page, "system").values()) and line(page, "system").consent.startswith("You unsubscribed on ")
    await tab.do(Preferences, "tick", "system", "web", True)
    assert switches(page, "system") == {"email": False, "web": True}
    await tab.do(Preferences, "follow", "system")
    assert switches(page, "system") == {"email": True, "web": True}


async def test_where_a_wish_comes_from_and_what_cannot_be_changed(house, tab):
    await house.app.groups.put(SYSTEM, "night", GroupIn(members=["member"], preferences=PreferencesIn(matrix={"chat": {"push": False}}, quiet_hours=[QuietHoursIn("23:00", "06:00")])))
    page = await tab.open(Preferences, "/preferences")
    assert line(page, "chat").origin == "From your group night, until you choose"
    assert page.quiet_note.startswith("From your group night")
    assert line(page, "security").locked
    before = await wishes(house)
    for category, channel in (("security", "email"), ("nothing", "email"), ("chat", "email")):
        await tab.do(Preferences, "tick", category, channel, False)
        assert tab.state(Frame).said_hue == "failed", (category, channel)
    assert await wishes(house) == before
    await house.app.groups.delete(SYSTEM, "night")


async def test_quiet_hours_are_prefilled_by_weekday_and_wrong_ones_are_not_kept(house, tab):
    await house.app.people.put(SYSTEM, "member", PersonIn(timezone="UTC"))
    tab.cookie += "; carillon_zone=Asia/Tokyo"
    page = await tab.open(Preferences, "/preferences")
    assert page.browser == "Asia/Tokyo"
    await tab.do(Preferences, "quiet", True)
    assert (page.zone, [(s.start, s.end, s.over) for s in page.spans]) == ("Asia/Tokyo", [("22:00", "07:00", True)])
    for weekday in (5, 6):
        await tab.do(Preferences, "span_day", 0, weekday)
    await tab.do(Preferences, "span_add")
    await tab.do(Preferences, "span", 1, "end", "10:30")
    assert [(q.start, q.end, q.days) for q in (await wishes(house)).quiet_hours] == [("22:00", "07:00", [0, 1, 2, 3, 4]), ("22:00", "10:30", [5, 6])]
    before = await wishes(house)
    await tab.do(Preferences, "span", 1, "end", "22:00")
    assert page.spans[1].problem == "A quiet time needs another end than its beginning."
    await tab.do(Preferences, "span", 1, "end", "")  # half typed
    await tab.do(Preferences, "span", 9, "end", "07:00")
    await tab.do(Preferences, "span", 0, "days", "07:00")
    assert await wishes(house) == before
    page = await tab.open(Preferences, "/preferences")
    for weekday in range(5):
        await tab.do(Preferences, "span_day", 0, weekday)
    assert page.spans[0].problem == "Choose at least one day."
    await tab.open(Preferences, "/preferences")
    await tab.do(Preferences, "span_remove", 1)
    assert len((await wishes(house)).quiet_hours) == 1
    await tab.do(Preferences, "quiet", False)
    assert (await wishes(house)).quiet_hours == [] and not page.quiet_on
    await house.app.people.put(SYSTEM, "member", PersonIn(timezone="Europe/Oslo"))


async def test_language_and_zone_follow_at_once_and_come_back(house, tab):
    page, frame = await tab.open(Preferences, "/preferences"), tab.state(Frame)
    await tab.do(Preferences, "set_tongue", "de")
    assert (frame.language, page.tongue, frame.said_title) == ("de", "de", "Diese Seite spricht jetzt Deutsch")
    assert line(page, "security").origin.startswith("Immer an")
    await tab.do(Frame, "take_back")
    assert frame.language == "en"
    await tab.do(Preferences, "set_zone", "Nowhere/\u202eElse")
    assert page.zone_problem.startswith("There is no such time zone.") and page.zone == "Europe/Oslo"
    await tab.do(Preferences, "set_zone", "America/New_York")
    assert (page.zone, frame.timezone, page.zone_problem) == ("America/New_York", "America/New_York", "")
    await tab.do(Frame, "take_back")
    assert page.zone == "Europe/Oslo"


async def test_a_pause_has_an_end_and_how_often_is_kept(house, tab):
    page = await tab.open(Preferences, "/preferences")
    await tab.do(Preferences, "pause", True)
    assert page.paused and (await wishes(house)).paused_until.timestamp() == house.app.clock.now() + 7 * 86_400
    assert page.ahead.startswith("Until ") and "“Security”" in page.ahead
    await tab.do(Preferences, "set_pause_for", "1")
    assert (await wishes(house)).paused_until.timestamp() == house.app.clock.now() + 86_400
    await tab.do(Preferences, "set_pause_for", "date")
    await tab.do(Preferences, "set_pause_day", "1999-01-01")
    assert page.pause_problem == "Choose a day to come, within a year."
    await tab.do(Preferences, "pause", False)
    assert not page.paused and (await wishes(house)).paused_until is None
    await tab.do(Preferences, "set_often", "daily")
    assert (await wishes(house)).frequency == "daily" and "comes together at" in page.ahead
    await tab.do(Preferences, "set_often", "hourly")
    assert (await wishes(house)).frequency == "daily"
    await tab.do(Preferences, "set_often", "each")


async def test_opens_and_clicks_are_not_counted_for_who_does_not_want_it(house, tab):
    page = await tab.open(Preferences, "/preferences")
    assert page.counted
    await tab.do(Preferences, "set_counted", False)
    assert (await wishes(house)).tracking is False and not page.counted
    await tab.do(Preferences, "set_counted", True)
    assert (await wishes(house)).tracking is True and page.counted


async def test_a_device_is_removed_and_put_back_and_other_addresses_are_not_ours_to_remove(house, tab):
    await house.app.people.put_address(SYSTEM, "member", AddressIn("push", "token-of-a-device", "Pixel 9"))
    page = await tab.open(Preferences, "/preferences")
    device, mail = (next(p for p in page.places if p.channel == channel) for channel in ("push", "email"))
    assert (device.text, device.device, mail.text, mail.device) == ("Pixel 9", True, "member@example.com", False)
    assert device.note.startswith("Firebase, last registered ")
    await tab.do(Preferences, "remove", mail.id)
    assert tab.state(Frame).said_hue == "failed" and len(page.places) == 2
    await tab.do(Preferences, "remove", device.id)
    assert [p.channel for p in page.places] == ["email"]
    await tab.do(Frame, "take_back")
    assert "Pixel 9" in [p.text for p in page.places]
    await house.app.people.remove_address(SYSTEM, "member", device.id)


async def test_what_is_typed_by_others_is_text(house, tab):
    await house.app.categories.put(SYSTEM, "odd", CategoryIn("<b>Odd\u202e</b>", kind="service"))
    page = await tab.open(Preferences, "/preferences")
    await tab.do(Preferences, "tick", "odd", "email", False)
    assert tab.state(Frame).said_title == "<b>Odd</b> by Email is off"  # shown as text
    assert next(cell.name for cell in line(page, "odd").cells) == "<b>Odd</b> by Email"


# ---- sentences
def at(text, zone="Europe/Berlin"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("now", "spans", "told"),
    [
        ("2026-11-25T12:00", [QuietHours("22:00", "07:00")], "Tonight between 22:00 and 07:00 emails wait, except “Security”."),
        ("2026-11-25T23:30", [QuietHours("22:00", "07:00")], "Tonight between 22:00 and 07:00 emails wait, except “Security”."),
        ("2026-11-25T08:00", [QuietHours("13:00", "14:00")], "Today between 13:00 and 14:00 emails wait, except “Security”."),
        ("2026-11-25T08:00", [QuietHours("22:00", "07:00", (3,))], "Tomorrow between 22:00 and 07:00 emails wait, except “Security”."),
        ("2026-11-25T08:00", [QuietHours("22:00", "07:00", (6,))], "On Sunday between 22:00 and 07:00 emails wait, except “Security”."),
        ("2026-03-28T20:00", [QuietHours("22:00", "07:00")], "Tonight between 22:00 and 07:00 emails wait, except “Security”."),
        ("2026-11-25T08:00", [], "Nothing is held at night"),
        ("2026-11-25T08:00", [QuietHours("00:00", "24:00")], "Every hour of the week is quiet"),
    ],
)
async def test_what_a_choice_does_tonight(now, spans, told):
    voice = Teller("en", "Europe/Berlin", at(now))
    said = foresight.ahead(voice, "Europe/Berlin", spans, always="“Security”", over="emails", often="each", paused_until=0)
    assert said.startswith(told)


async def test_a_change_of_the_clocks_is_told_before_it_comes():
    assert foresight.clocks(Teller("en", "Europe/Berlin", at("2026-03-01T12:00")), "Europe/Berlin").startswith("On 29 Mar 2026 the clocks go forward.")
    assert foresight.clocks(Teller("de", "Europe/Berlin", at("2026-10-01T12:00")), "Europe/Berlin").startswith("Am 25. Okt. 2026 werden die Uhren zurückgestellt.")
    assert foresight.clocks(Teller("en", "Europe/Berlin", at("2026-06-01T12:00")), "Europe/Berlin") == ""
    assert foresight.clocks(Teller("en", "Asia/Tokyo", at("2026-03-01T12:00")), "Asia/Tokyo") == ""


async def test_when_a_pause_ends():
    now = at("2026-03-28T12:00")
    assert pause_end("1", "", now, "Europe/Berlin") == now + 86_400
    assert pause_end("date", "2026-03-30", now, "Europe/Berlin") == at("2026-03-30T08:00")
    for day in ("2026-03-28", "2026-03-01", "2028-01-01", "soon", ""):
        assert pause_end("date", day, now, "Europe/Berlin") is None


@pytest.mark.parametrize(("cookie", "zone"), [("carillon_zone=Asia/Tokyo", "Asia/Tokyo"), ("a=1; carillon_zone=Nowhere", ""), ("", ""), ("carillon_zone=<b>", "")])
async def test_a_zone_told_by_the_browser_is_looked_up(cookie, zone):
    assert zone_of({"headers": {"cookie": cookie}}) == zone
