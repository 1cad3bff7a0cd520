"""A marketer's audience in a real browser, by what is written on things: a rule built, counted, read aloud and saved; judged at four looks."""

import re

import pytest
from playwright.sync_api import expect

from backend.app.audience_views import AudienceIn, CountIn
from backend.domain.audience import All
from backend.security.roles import SYSTEM
from tests.portal.e2e.conftest import HERE, faults
from tests.portal.e2e.hands import Hands

pytestmark = pytest.mark.e2e


def test_a_marketer_builds_a_rule_and_sees_at_once_whom_it_names(look, axe):
    page = look()
    hands = Hands(page)
    hands.sign_in("marketer")
    hands.go("Audiences")
    hands.click("button", "New audience")
    box = page.get_by_role("dialog", name="A new audience")
    box.get_by_label("Name", exact=True).fill("Anybody in Berlin")
    box.get_by_label("Key", exact=True).fill("berlin")
    box.get_by_role("button", name="New audience").click()
    hands.sees("This names everybody")
    page.get_by_label("Add a condition").select_option(label="What is known of them")
    page.get_by_label("Attribute").select_option("timezone")
    page.get_by_label("Value").fill("Mars/Base")
    page.get_by_label("Value").press("Tab")
    hands.sees("Nobody fits this rule now")
    hands.sees("0 people left")
    page.get_by_role("button", name="Not", exact=True).click()
    hands.sees("People whose timezone is not “Mars/Base”.")
    hands.sees("This names everybody")
    page.get_by_label("Add a condition").select_option(label="A group of conditions")
    expect(page.get_by_label("Add to this group")).to_be_visible()
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Take this condition out").nth(1).click()
    hands.click("button", "Save")
    hands.sees("Saved as version 2.")
    hands.go("Audiences")
    expect(page.get_by_role("row", name=re.compile("Anybody in Berlin"))).to_contain_text("Rule")


def test_two_people_on_one_audience_choose_what_stays_and_a_copy_goes_its_own_way(look, axe):
    mine, theirs = look(login="marketer"), look(login="admin")
    for page in (mine, theirs):
        page.locator(HERE).wait_for()
        page.goto("/audiences/berlin")
        page.get_by_label("Attribute").wait_for()
    for page, zone in ((theirs, "Europe/Oslo"), (mine, "Europe/Paris")):
        page.get_by_label("Value").fill(zone)
        page.get_by_label("Value").press("Tab")
        expect(page.locator("#content")).to_contain_text(f"is not “{zone}”")
    theirs.get_by_role("button", name="Save", exact=True).click()
    theirs.get_by_text("Saved as version 3.").wait_for()
    mine.get_by_role("button", name="Save", exact=True).click()
    both = mine.get_by_role("group", name="Whom it names")
    expect(both).to_contain_text(re.compile("Yours, not saved yet.*Europe/Paris.*people.*Theirs, saved.*Europe/Oslo.*people", re.DOTALL))
    assert faults(mine, axe) == {}
    mine.set_viewport_size({"width": 1440, "height": 900})
    mine.get_by_label(re.compile("Theirs, saved")).click()
    expect(mine.get_by_label(re.compile("Theirs, saved"))).to_be_checked()
    mine.get_by_role("button", name="Save what is chosen").click()
    expect(both).to_have_count(0)
    expect(mine.get_by_label("Value")).to_have_value("Europe/Oslo")
    expect(mine.get_by_role("listitem").filter(has_text="Version 3").get_by_role("deletion")).to_contain_text("Mars/Base")
    mine.get_by_role("button", name="Duplicate…").click()
    box = mine.get_by_role("dialog", name="Duplicate Anybody in Berlin")
    box.get_by_label("Name of the copy").fill("Anybody but Oslo")
    box.get_by_role("button", name="Make the copy").click()
    expect(mine.get_by_role("heading", level=1)).to_have_text("Anybody but Oslo")
    expect(mine.get_by_label("Value")).to_have_value("Europe/Oslo")


def test_everybody_is_sent_to_once_their_number_is_typed(look, axe, served):
    everybody = served.run(served.house.app.audiences.count(SYSTEM, CountIn())).count
    served.run(served.house.app.audiences.put(SYSTEM, "everybody", AudienceIn(name="Everybody here", rule=All())))
    page = look(login="marketer")
    hands = Hands(page)
    page.locator(HERE).wait_for()
    hands.go("Send")
    hands.click("button", "An audience")
    hands.take("Audience", "Everybody here")
    hands.take("Category", "Orders")
    hands.type("Title", "The bells are hung")
    hands.press("Tab")
    hands.click("button", "Check first")
    hands.sees(f"The audience names {everybody} people now.")
    hands.click("button", "Send…")
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    deed = hands.dialog().get_by_role("button", name="Send to Everybody here")
    expect(deed).to_be_disabled()
    hands.type(f"Type {everybody} to go on", str(everybody), within=hands.dialog())
    deed.click()
    served.run(served.house.settle())
    hands.sees("Everything is accounted for")


def test_its_pages_have_no_finding(look, axe):
    page = look(login="marketer")
    page.locator(HERE).wait_for()
    for path, there in (("/audiences", ".rowlink"), ("/audiences/berlin", ".railnum")):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(path)
        page.locator(there).first.wait_for()
        assert faults(page, axe) == {}, path
