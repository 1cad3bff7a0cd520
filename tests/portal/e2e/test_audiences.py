"""A marketer's audience in a real browser, by what is written on things: a rule built, counted, read aloud and saved; judged at four looks."""

import re

import pytest
from playwright.sync_api import expect

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


def test_its_pages_have_no_finding(look, axe):
    page = look(login="marketer")
    page.locator(HERE).wait_for()
    for path, there in (("/audiences", ".rowlink"), ("/audiences/berlin", ".railnum")):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(path)
        page.locator(there).first.wait_for()
        assert faults(page, axe) == {}, path
