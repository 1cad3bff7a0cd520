"""A provider from nothing to a receipt, in Chromium: added, checked, tried with a message to oneself, changed, put in order, removed; and test mode."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from backend.security.roles import SYSTEM
from carillon.bench.sink_smtp import Sink
from tests.portal.e2e.conftest import HERE, faults, wide
from tests.portal.house_stand import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
LATE = 45_000


@pytest.fixture(scope="module")
def sink(server):
    """A mail server on the house's loop; `port` says where."""
    made = Sink()
    made.port = server.run(made.start())
    yield made
    server.run(made.close())


def picture(page, name):
    """Where somebody wants to look at the pages."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def at(page, heading):
    page.locator(HERE).wait_for()
    expect(page.locator("h1")).to_contain_text(heading, timeout=LATE)


def box(page, label):
    return page.locator("#content").get_by_label(label, exact=True)


def add(page, key, port, **more):
    page.goto("/providers")
    page.get_by_role("link", name="Add a provider").click()
    at(page, "Add a provider")
    page.get_by_role("button", name=re.compile("^SMTP")).click()
    box(page, "Key").fill(key)
    box(page, "Server").fill("127.0.0.1")
    box(page, "Port").fill(str(port))
    box(page, "Encryption").select_option("none")
    for label, text in more.items():
        box(page, label).fill(text)


def saved(page, key):
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"{key} is saved")).to_be_visible(timeout=LATE)
    at(page, key)


def test_a_provider_from_nothing_to_its_delivery(look, served, sink, axe):
    page = look(login="operator")
    at(page, "Overview")
    add(page, "Bad Key", sink.port)
    picture(page, "new")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("small letters, digits and hyphens, like")).to_be_visible(timeout=LATE)
    box(page, "Key").fill("mail")
    box(page, "Port").fill("1")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("The check failed")).to_be_visible(timeout=LATE)
    box(page, "Port").fill("99999")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("a number from 1 to 65535")).to_be_visible(timeout=LATE)
    box(page, "Port").fill(str(sink.port))
    box(page, "User").fill("me")
    box(page, "Password").fill("open sesame")
    saved(page, "mail")
    expect(box(page, "Password")).to_have_value("")
    expect(box(page, "Password")).to_have_attribute("placeholder", "set, type to replace")
    assert "sesame" not in page.content()
    box(page, "User").fill("")
    box(page, "Remove what is set").check()
    saved(page, "mail")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("The check went well")).to_be_visible(timeout=LATE)
    picture(page, "provider")
    served.run(served.house.roster.look())
    box(page, "To").fill("operator@example.com")
    page.get_by_role("button", name="Send me a test").click()
    link = page.get_by_role("link", name="See its delivery")
    expect(link).to_be_visible(timeout=LATE)
    served.run(served.house.settle())
    link.click()
    at(page, "Test of mail")
    expect(page.locator("#content")).to_contain_text("mail", timeout=LATE)
    assert sink.count == 1
    page.goto("/providers/mail")
    at(page, "mail")
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "provider-phone")


def test_order_test_mode_and_removal(look, served, sink, axe):
    page = look(login="operator")
    at(page, "Overview")
    add(page, "spare", sink.port)
    saved(page, "spare")
    page.goto("/providers")
    at(page, "Providers")
    page.get_by_role("button", name="Ask spare earlier").click()
    expect(page.get_by_text("spare is asked in another order now")).to_be_visible(timeout=LATE)
    names = page.locator("#content table a.mono")
    expect(names.nth(0)).to_have_text("spare")
    page.get_by_role("button", name="Start test mode").click()
    expect(page.get_by_text("Test mode: nothing leaves the house")).to_be_visible(timeout=LATE)
    picture(page, "providers")
    assert faults(page, axe) == {}
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 1440, "height": 900})
    picture(page, "providers-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    assert not wide(page)
    picture(page, "providers-phone")
    page.set_viewport_size({"width": 1440, "height": 900})
    other = look(login="marketer")
    expect(other.get_by_text("Test mode: nothing leaves the house")).to_be_visible(timeout=LATE)
    page.get_by_role("button", name="End test mode…").click()
    page.get_by_role("button", name="Send again", exact=True).click()
    expect(page.get_by_text("Test mode is off")).to_be_visible(timeout=LATE)
    page.goto("/providers/spare")
    at(page, "spare")
    page.get_by_role("button", name="Remove…").click()
    expect(page.get_by_role("dialog").get_by_text("mail take over.")).to_be_visible(timeout=LATE)
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("spare is removed")).to_be_visible(timeout=LATE)
    at(page, "Providers")
    expect(page.locator("#content table a.mono")).to_have_count(1)


def test_two_people_who_edit_one_provider_and_a_german(look, served, sink):
    first, second = look(login="operator"), look(login="admin")
    for page in (first, second):
        at(page, "Overview")
        page.goto("/providers/mail")
        at(page, "mail")
        page.get_by_text("More settings, which most leave as they are").click()
    box(first, "Connections").fill("3")
    saved(first, "mail")
    box(second, "Connections").fill("5")
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.get_by_text("This was not saved")).to_be_visible(timeout=LATE)
    expect(box(second, "Connections")).to_have_value("5")
    served.run(served.house.app.accounts.create(SYSTEM, "dora", PASSWORD, "operator", "Dora Beispiel", timezone="Europe/Berlin", locale="de-DE"))
    third = look(login="dora", locale="de-DE")
    at(third, "Überblick")
    third.goto("/providers/new")
    at(third, "Anbieter hinzufügen")
    picture(third, "kinds")
    third.get_by_role("button", name=re.compile("^Firebase")).click()
    third.get_by_role("button", name="Speichern", exact=True).click()
    expect(third.get_by_text("Das ist leer, und ohne es").first).to_be_visible(timeout=LATE)
    picture(third, "german")
    marketer = look(login="marketer")
    at(marketer, "Overview")
    marketer.goto("/providers/mail")
    expect(marketer.get_by_role("button", name="Save", exact=True)).to_have_count(0)
