"""The frame in a real browser: signing in, navigation by role, the bell, languages, modes, small screens, accessibility."""

import re

import pytest
from playwright.sync_api import expect

from backend.app.first_start import _new_claim
from backend.domain.event import EventIn, To
from backend.domain.ids import person_id
from backend.live.hub import inbox_of
from backend.security.roles import SYSTEM
from portal.access import permissions
from portal.navigation import groups
from portal.words import phrase
from tests.portal.e2e.conftest import HERE, faults
from tests.portal.house_stand import PASSWORD

PAGES = ["/send", "/deliveries", "/deliveries/0123", "/captured", "/captured/0123", "/inbox"]
pytestmark = pytest.mark.e2e


def listeners(served, subject):
    return len(served.house.app.hub._listeners.get(inbox_of(1, person_id(1, subject)), ()))


async def send(served, item):
    (answer,) = await served.house.app.events.accept(SYSTEM, [item])
    await served.house.settle()
    return answer.id.hex()


def eventually(page, condition, what, tries=60):
    for _ in range(tries):
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never happened: {what}")


def test_a_wrong_password_says_so_at_the_field_and_the_right_one_leads_on(look):
    page = look()
    page.goto("/deliveries/ab12")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    page.fill("#login", "analyst")
    page.fill("#password", "wrong")
    page.click(".inner button.pri")
    expect(page.locator("#password-problem")).to_contain_text("do not match")
    page.fill("#login", "analyst")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/deliveries/ab12$"))


def test_the_first_account_of_an_empty_installation(look, served):
    page = look()
    page.goto(f"/claim?token={served.run(_new_claim(served.house.app))}")
    page.fill("#name", "Very First")
    page.fill("#login", "very.first")
    page.fill("#password", "short")
    page.click(".inner button.pri")
    expect(page.locator("#password-problem")).to_contain_text("10 to 256 characters")
    page.fill("#name", "Very First")
    page.fill("#login", "very.first")
    page.fill("#password", PASSWORD)
    page.click(".inner button.pri")
    expect(page).to_have_url(f"{served.base}/overview")
    expect(page.locator(".shell > .side .me")).to_contain_text("Very First")


def test_signing_in_works_before_any_script_has_loaded(chromium, served):
    context = chromium.new_context(base_url=served.base, java_script_enabled=False)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#login", "admin")
    page.fill("#password", PASSWORD)
    page.click(".inner button.pri")
    expect(page).to_have_url(f"{served.base}/overview")
    context.close()


@pytest.mark.parametrize("login", ["admin", "marketer", "analyst", "operator"])
def test_navigation_shows_what_the_role_may_use_and_every_link_leads_somewhere(look, login):
    places = [place for _, some in groups() for place in some if place.permission in permissions(login)]
    assert len(places) >= 6
    page = look(login=login)
    links = page.locator(".shell > .side .nav")
    expect(links).to_have_text([phrase("en", f"nav.{place.word}") for place in places])
    for n, place in enumerate(places):
        links.nth(n).click()
        expect(page).to_have_url(re.compile(re.escape(place.path) + "$"))
        expect(links.nth(n)).to_have_attribute("aria-current", "page")
        expect(page.locator("#content h1")).to_be_visible()
        expect(page.locator("#content .empty", has_text="not open to your role")).to_have_count(0)


def test_a_page_of_another_role_says_that_it_is_closed(look):
    page = look(login="member")
    expect(page).to_have_url(re.compile(r"/inbox$"))
    page.goto("/send")
    expect(page.locator("#content")).to_contain_text("not open to your role")
    expect(page.locator("h1")).to_have_count(0)


def test_the_bell_rings_without_a_reload_in_every_tab_of_the_person_and_nowhere_else(look, served):
    first, second, other = look(login="operator"), look(login="operator"), look(login="marketer")
    for page in (first, second, other):
        page.locator(HERE).wait_for()
    eventually(first, lambda: listeners(served, "operator") == 2 and listeners(served, "marketer") == 1, "each tab listens once")
    served.run(send(served, EventIn(type="order.shipped", category="orders", to=To(user="operator"), title="Your order is on its way")))
    for page in (first, second):
        expect(page.locator(".bell .badge")).to_have_text("1")
        expect(page.locator(".bell")).to_have_attribute("aria-label", "Inbox, 1 unread")
    expect(other.locator(".bell .badge")).to_have_count(0)


def test_a_tab_listens_once_however_often_it_moves_and_not_at_all_when_closed(look, served):
    page = look(login="analyst")
    page.locator(HERE).wait_for()
    for path in ("/deliveries", "/inbox", "/deliveries"):
        page.goto(path)
        page.locator(HERE).wait_for()
    eventually(page, lambda: listeners(served, "analyst") == 1, "one listener after three loads")
    page.evaluate("history.back()")
    page.locator(HERE).wait_for()
    eventually(page, lambda: listeners(served, "analyst") == 1, "one listener after going back")
    page.close()
    watcher = look()
    eventually(watcher, lambda: listeners(served, "analyst") == 0, "no listener after the tab closed", tries=500)


def test_signing_out_leaves_nothing_to_go_back_to(look):
    page = look(login="admin")
    page.locator(HERE).wait_for()
    page.locator(".shell > .side .me").click()
    page.locator("#me form button").click()
    expect(page.locator(".note")).to_contain_text("signed out")
    page.go_back()
    expect(page).to_have_url(re.compile("/sign-in"))


def test_a_session_ended_elsewhere_leads_to_the_sign_in_page_at_the_next_click(look, served):
    page = look(login="admin")
    page.locator(HERE).wait_for()
    token = next(c["value"] for c in page.context.cookies() if c["name"] == "carillon_session")
    served.run(served.house.app.accounts.sign_out(token))
    page.locator(".shell > .side .nav", has_text="Captured").click()
    expect(page).to_have_url(re.compile(r"/sign-in\?reason=ended"))
    expect(page.locator(".note")).to_contain_text("session has ended")


def test_the_frame_stays_while_pages_come_and_go(look):
    page = look(login="admin")
    page.locator(HERE).wait_for()
    page.evaluate("document.querySelector('.shell > .side').dataset.mark = 'first'")
    for place, trail in (("Deliveries", ["Measure", "Deliveries"]), ("Send", ["Reach", "Send"]), ("Deliveries", ["Measure", "Deliveries"])):
        page.locator(".shell > .side").get_by_role("link", name=place, exact=True).click()
        expect(page.locator("#content h1")).to_have_text(re.compile(f"^{place}"))
        expect(page.locator(".crumbs li")).to_have_text(trail)
        expect(page.locator(".shell > .side .nav[aria-current=page]")).to_have_text(place)
        expect(page.locator(".shell > .side[data-mark=first]")).to_have_count(1)
    page.keyboard.press("Control+k")  # mounted late: at the latest now
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("a.bell").click()
    expect(page.locator(".ownpage main.own h1")).to_be_visible()
    expect(page.locator(".shell")).to_have_count(0)
    page.go_back()
    expect(page.locator(".shell #content h1")).to_have_text("Deliveries")


def test_german_for_a_german_account_and_at_the_door_for_a_german_browser(look):
    door = look(locale="de-DE")
    door.goto("/sign-in")
    expect(door.locator(".inner button.pri")).to_have_text("Anmelden")
    page = look(login="doris")
    expect(page.locator("h1")).to_have_text("Überblick")
    expect(page.locator(".shell > .side .nav", has_text="Senden")).to_have_count(1)


def test_the_phone_has_a_drawer_that_closes_on_navigation(look):
    page = look(width=390, login="admin")
    page.locator(HERE).wait_for()
    page.get_by_role("button", name="Open menu").click()
    expect(page.locator("#drawer")).to_be_visible()
    page.locator("#drawer .nav", has_text="Deliveries").click()
    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator("h1")).to_have_text("Deliveries")
    folded = page.get_by_role("combobox", name="State", exact=True)
    page.locator(HERE).wait_for()
    expect(folded).to_be_hidden()  # rows come first
    page.get_by_role("button", name="Filters", exact=True).click()
    folded.select_option("held")
    page.get_by_role("link", name="Clear filters").first.click()
    expect(folded).to_be_hidden()


def test_no_page_overflows_and_none_has_an_accessibility_finding(look, axe):
    page = look()
    page.goto("/sign-in?reason=wrong")
    page.locator("#password-problem").wait_for()
    seen = {"/sign-in": faults(page, axe)}
    page.goto("/claim?token=x&reason=used")
    page.locator(".note").wait_for()
    seen["/claim"] = faults(page, axe)
    page.goto("/sign-in")
    page.fill("#login", "admin")
    page.fill("#password", PASSWORD)
    page.click(".inner button.pri")
    page.locator(HERE).wait_for()
    for path in PAGES:
        page.goto(path)
        page.locator(HERE).wait_for()
        page.locator(".late").wait_for(state="detached")
        seen[path] = faults(page, axe)
    assert {name: found for name, found in seen.items() if found} == {}
