"""The shell by keyboard: palette, letters, one's own language and zone, saved views, undo, and a connection that goes and comes back."""

import asyncio
import re

import pytest
from playwright.sync_api import expect

from portal.sign_in import Door
from tests.portal.e2e.conftest import HERE, judged, sign_in

pytestmark = pytest.mark.e2e


@pytest.fixture
def staff(look):
    def opened(login="admin", path="/deliveries", **how):
        page = look(login=login, **how)
        page.locator(HERE).wait_for()
        page.goto(path)
        page.locator(".table tbody tr:not([aria-hidden] *), .empty").first.wait_for()
        return page

    return opened


def active(page):
    return page.locator("#palette [aria-selected=true]")


def test_the_palette_leads_to_a_place_by_keyboard_alone(staff):
    page = staff()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    expect(active(page)).to_have_count(1)
    first = active(page).get_attribute("id")
    page.keyboard.press("ArrowDown")
    assert active(page).get_attribute("id") != first
    expect(page.locator("#palette-q")).to_have_attribute("aria-activedescendant", active(page).get_attribute("id"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(active(page)).to_have_text(re.compile("Sign out"))
    page.keyboard.type("capt")
    expect(active(page)).to_have_text(re.compile("Captured"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Captured messages")
    expect(page.locator("#palette")).to_be_hidden()


def test_the_palette_finds_people_by_address_and_says_when_nothing_is_found(staff, axe):
    page = staff()
    page.locator(".seek").click()
    page.keyboard.type("ola@example.com")
    expect(active(page)).to_have_text(re.compile("Ola Lind.*Person"))
    assert judged(page, axe) == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/(people/|deliveries\?user=)ola$"))
    expect(page.locator("h1")).to_contain_text("Ola Lind")  # the palette of the page before went with it
    page.keyboard.press("Control+k")
    page.fill("#palette-q", "nobody@example.com")
    expect(page.locator("#palette-none")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_letters_lead_to_places_and_can_be_switched_off(staff):
    page = staff()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/send$"))
    page.locator("#title").fill("g d ?")  # typed text is text
    expect(page.locator("#keys")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Deliveries")
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page).to_have_url(re.compile("/send$"))


def test_one_takes_another_language_and_zone(staff):
    page = staff("operator")
    page.locator(".shell > .side .me").click()
    page.get_by_role("button", name="Language and time zone").click()
    page.fill("#own-zone", "Mars/Olympus")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#own [role=alert]")).to_contain_text("no such time zone")
    page.select_option("#own-language", "de")
    page.fill("#own-zone", "Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("h1")).to_have_text("Zustellungen")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.locator(".shell > .side .me").click()
    page.get_by_role("button", name="Sprache und Zeitzone").click()
    expect(page.locator("#own-zone")).to_have_value("Asia/Tokyo")
    page.select_option("#own-language", "en")
    page.fill("#own-zone", "Europe/Oslo")
    page.get_by_role("button", name="Speichern").click()
    expect(page.locator("h1")).to_have_text("Deliveries")


def test_a_view_is_saved_used_deleted_and_brought_back(staff):
    page = staff("analyst")
    page.select_option("#f-channel", "sms")
    expect(page).to_have_url(re.compile("channel=sms"))
    page.locator(".views-btn").click()
    page.get_by_role("button", name="Save these filters").click()
    page.fill("#view-new-name", "<b>Texts</b> {{ x }}")
    page.keyboard.press("Enter")
    expect(page.locator("#view-name")).to_be_hidden()
    expect(page.locator(".views-btn")).to_have_text("<b>Texts</b> {{ x }}")
    page.goto("/deliveries")
    page.locator(".views-btn").click()
    page.locator("#views").get_by_role("link", name="Texts").click()
    expect(page).to_have_url(re.compile(r"/deliveries\?channel=sms$"))
    page.locator(".views-btn").click()
    page.get_by_role("button", name="Delete <b>Texts").click()
    expect(page.locator("#toast")).to_contain_text("was deleted")
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".views-btn")).to_contain_text("Texts")


class Wire:
    """The sockets of the server: `cut` ends those there are and refuses new ones until `mend`."""

    def __init__(self, served, monkeypatch):
        self.served, self.down, self.refused, door = served, asyncio.Event(), 0, Door.__call__

        async def carry(inner, scope, receive, send):
            if scope["type"] == "websocket" and self.down.is_set():
                self.refused += 1
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return

            async def hear():
                coming, cut = asyncio.ensure_future(receive()), asyncio.ensure_future(self.down.wait())
                await asyncio.wait({coming, cut}, return_when=asyncio.FIRST_COMPLETED)
                cut.cancel()
                return coming.result() if coming.done() else {"type": "websocket.disconnect", "code": 1006}

            await door(inner, scope, hear if scope["type"] == "websocket" else receive, send)

        monkeypatch.setattr(Door, "__call__", carry)

    def cut(self):
        self.served.loop.call_soon_threadsafe(self.down.set)

    def mend(self):
        self.served.loop.call_soon_threadsafe(self.down.clear)


def test_a_lost_connection_is_said_and_heals(chromium, served, monkeypatch):
    wire, context = Wire(served, monkeypatch), chromium.new_context(base_url=served.base)  # the console tells of sockets that fail
    page = context.new_page()
    sign_in(page, "marketer")
    page.locator(HERE).wait_for()
    page.goto("/deliveries")
    page.locator("#f-channel").wait_for()
    wire.cut()
    expect(page.locator("#offline.on")).to_contain_text("interrupted", timeout=20_000)
    assert wire.refused
    page.keyboard.press("Control+k")  # what needs no server works
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    wire.mend()
    expect(page.locator("#offline.on")).to_contain_text("is back", timeout=30_000)
    expect(page.locator("#offline.on")).to_have_count(0, timeout=10_000)
    page.select_option("#f-channel", "push")
    expect(page).to_have_url(re.compile("channel=push"))
    context.close()


def test_a_new_version_is_said_and_what_is_typed_stays(staff):
    """The socket came back and the server's pages name other scripts than this tab runs."""
    page = staff()
    back = """() => { for (const lost of ["true", "false"]) document.getElementById("offline").dataset.lost = lost; }"""
    with page.expect_response("**/sign-in") as same:
        page.evaluate(back)
    assert re.search(r"assets/manifest-[\w-]+", same.value.text())  # what versions are told by
    other = re.sub(r"assets/manifest-[\w-]+", "assets/manifest-0000", same.value.text())
    expect(page.locator("#updated")).not_to_have_class(re.compile(r"\bon\b"))
    page.locator("#f-user").fill("mia")
    page.route("**/sign-in", lambda route: route.fulfill(body=other, content_type="text/html"))
    page.evaluate(back)
    expect(page.locator("#updated.on")).to_contain_text("updated meanwhile", timeout=20_000)
    expect(page.locator("#f-user")).to_have_value("mia")
    with page.expect_navigation():
        page.locator("#updated button").click()
    page.locator(HERE).wait_for()
    expect(page.locator("#updated.on")).to_have_count(0)
