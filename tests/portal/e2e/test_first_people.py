"""How the first people come in, in a real browser: by the link of an empty installation, and by invitation."""

import pytest
from playwright.sync_api import expect

from backend.security.roles import SYSTEM
from tests.portal.e2e.conftest import faults
from tests.portal.house_stand import PASSWORD

pytestmark = pytest.mark.e2e


def invited(served, role, name=""):
    made = served.run(served.house.app.invitations.create(SYSTEM, role, name))
    return made.id, made.url.removeprefix(served.base)


def test_somebody_invited_sets_a_password_and_is_in(look, served):
    _, link = invited(served, "operator", "Olga Invited")
    page = look()
    page.goto(link)
    expect(page.locator("h1")).to_have_text("You are invited")
    expect(page.locator(".inner .muted").first).to_contain_text("Your role: Operator")
    expect(page.get_by_label("Your name")).to_have_value("Olga Invited")
    page.get_by_label("Email or user name").fill("operator")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator("#login-problem")).to_contain_text("in use already")
    page.get_by_label("Email or user name").fill("olga.invited")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".shell > .side .me")).to_contain_text("Olga Invited")
    expect(page.locator(".shell > .side .me")).to_contain_text("Operator")
    late = look()
    late.goto(link)
    expect(late.locator(".note")).to_contain_text("used already")
    expect(late.get_by_label("Password")).to_have_count(0)
    late.get_by_role("link", name="Sign in").click()
    expect(late.locator("h1")).to_have_text("Sign in")


def test_links_that_lead_nowhere_say_what_to_do(look, served):
    made, link = invited(served, "admin", "<b>Nobody</b>")
    page = look(locale="de-DE")
    page.goto(link)
    expect(page.get_by_label("Ihr Name")).to_have_value("<b>Nobody</b>")
    served.run(served.house.app.invitations.revoke(SYSTEM, made))
    page.reload()
    expect(page.locator(".note")).to_contain_text("wurde zurückgezogen")
    for token in ("", "made-up", "x" * 10_000):
        page.goto(f"/invite?token={token}")
        expect(page.locator(".note")).to_contain_text("ist nicht bekannt")


def test_the_page_has_no_accessibility_finding_and_fits(look, served, axe):
    _, link = invited(served, "marketer", "A " + "name-without-any-place-to-break-it-" * 5)
    page = look()
    page.goto(link)
    page.locator("#name").wait_for()
    expect(page.get_by_label("Your name")).not_to_have_value("")
    assert faults(page, axe) == {}
    page.goto("/invite?token=x")
    page.locator(".note").wait_for()
    assert faults(page, axe) == {}
