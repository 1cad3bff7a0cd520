"""Notifications in one's own browser without a browser: what it says of itself, what is kept of it, and what the page shows then."""

import json

import pytest
import pytest_asyncio

from backend.app.browsers import Browsers
from backend.app.views import AddressIn
from backend.channels.webpush_seal import make_key, public_key, read_key
from backend.domain.delivery import CHANNEL_NUMBER
from backend.security.roles import SYSTEM
from backend.store import suppress
from portal.frame import Frame
from portal.states.preferences import Preferences
from tests.channels.pushsink import Subscribed
from tests.portal.test_pages import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = public_key(read_key(make_key()))


@pytest_asyncio.fixture(loop_scope="module")
async def tab(house, monkeypatch):
    async def key(browsers, actor):
        return KEY

    monkeypatch.setattr(Browsers, "key", key)
    house.app.clock.move(61)
    for address in (await house.app.people.addresses(SYSTEM, "member")).items:
        if address.channel == "push":
            await house.app.people.remove_address(SYSTEM, "member", address.id)
    return await Tab(house).sign_in("member")


async def says(tab, act, state, browser=None, **more):
    said = {"act": act, "state": state, "subscription": json.dumps(browser.json) if browser else "", "browser": "Firefox", "system": "Linux", **more}
    return await tab.do(Preferences, "push_said", {"said": json.dumps(said)})


async def devices(house):
    return [one for one in (await house.app.people.addresses(SYSTEM, "member")).items if one.channel == "push"]


async def test_on_is_registered_under_a_readable_name_and_off_removes_it(house, tab):
    page, browser = await tab.open(Preferences, "/preferences"), Subscribed()
    assert (page.push_key, page.push_register, page.push_state) == (KEY, "/v1/users/member/addresses", "")
    await says(tab, "look", "off")
    assert (page.push_state, page.kept) == ("off", False)
    await says(tab, "on", "on", browser)
    (device,) = await devices(house)
    assert (page.push_state, device.label, device.platform, page.kept) == ("on", "Firefox on Linux", "webpush", True)
    assert [place.text for place in page.places if place.device] == ["Firefox on Linux"]
    assert tab.state(Frame).said_title == "This browser is notified from now on"
    await says(tab, "off", "off", browser)
    assert (page.push_state, await devices(house)) == ("off", [])
    assert tab.state(Frame).said_title == "This browser is not notified any more"


async def test_a_browser_that_is_on_is_looked_up_and_counts_as_used(house, tab):
    page, browser = await tab.open(Preferences, "/preferences"), Subscribed()
    await says(tab, "on", "on", browser)
    (device,) = await devices(house)
    house.app.clock.move(3_600)
    await says(tab, "look", "on", browser)
    assert (page.push_state, (await devices(house))[0].created_at) == ("on", device.created_at)
    house.app.clock.move(90_000)
    tab = await Tab(house).sign_in("member")
    page = await tab.open(Preferences, "/preferences")
    await says(tab, "look", "on", browser)
    assert (await devices(house))[0].created_at > device.created_at
    await tab.do(Preferences, "remove", device.id)
    await says(tab, "look", "on", browser)
    assert (page.push_state, await devices(house)) == ("off", []), "whoever removed it elsewhere is not registered again unasked"


async def test_one_that_its_service_calls_gone_is_connected_anew(house, tab):
    page, browser = await tab.open(Preferences, "/preferences"), Subscribed()
    await says(tab, "on", "on", browser)
    (device,) = await devices(house)
    house.app.clock.move(10)
    await house.app.store.write(lambda tx: suppress.suppress(tx, 1, CHANNEL_NUMBER["push"], bytes.fromhex(device.id), "bounced", "provider", house.app.clock.now()))
    await says(tab, "look", "on", browser)
    assert page.push_state == "gone"
    await says(tab, "renew", "on", Subscribed())
    assert page.push_state == "on"


async def test_one_without_a_name_is_called_a_browser(house, tab):
    await house.app.people.put_address(SYSTEM, "member", AddressIn("push", Subscribed().address))
    page = await tab.open(Preferences, "/preferences")
    assert [place.text for place in page.places if place.device] == ["A browser"]


@pytest.mark.parametrize("state", ["blocked", "home", "impossible", "insecure"])
async def test_a_browser_that_cannot_or_may_not_changes_nothing(house, tab, state):
    page = await tab.open(Preferences, "/preferences")
    await says(tab, "on", state)
    assert (page.push_state, await devices(house), page.kept) == (state, [], False)


async def test_why_it_failed_is_told_in_one_line(tab):
    page = await tab.open(Preferences, "/preferences")
    await says(tab, "on", "failed", why="AbortError: push service error\r\n\u202eX")
    assert page.push_state == "failed"
    assert "(AbortError: push service error" in page.push_failed
    assert page.push_failed.isprintable()


@pytest.mark.parametrize("said", [None, "", "x", "{}", '{"act":"on"}', '{"act":"on","state":"on","subscription":7}', '{"act":"sudo","state":"on"}', "[" * 9_000])
async def test_what_is_not_understood_is_said_and_nothing_kept(house, tab, said):
    await tab.open(Preferences, "/preferences")
    await tab.do(Preferences, "push_said", {"said": said})
    assert tab.state(Frame).said_title
    assert await devices(house) == []


async def test_a_subscription_that_leads_inside_is_refused(house, tab):
    await tab.open(Preferences, "/preferences")
    await says(tab, "on", "on", Subscribed("https://127.0.0.1"))
    assert await devices(house) == []
