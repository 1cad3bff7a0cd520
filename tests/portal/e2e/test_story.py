"""The story of the portal in two real browsers: check, send, see the mail as it arrived, hear the bell, read why."""

import re

import pytest
from playwright.sync_api import expect

from tests.portal.e2e.conftest import HERE

pytestmark = pytest.mark.e2e
TITLE = "Your order is on its way"


def ready(page):
    page.locator(HERE).wait_for()


def composing(page):
    """On the page that sends."""
    ready(page)
    page.locator(".shell > .side").get_by_role("link", name="Send", exact=True).click()
    page.locator("#who").wait_for()


def write(page, who="member", category="orders", title=TITLE):
    page.fill("#who", who)
    page.select_option("#category", category)
    page.fill("#title", title)
    page.fill("#text", "The parcel left Bergen and is with you on Tuesday.")


def test_the_story(look, served):
    """One marketer, one member, nobody reloads anything."""
    theirs = look(login="member")
    ready(theirs)
    expect(theirs.locator(".empty")).to_contain_text("Nothing has come yet")

    ours = look(login="marketer")
    composing(ours)
    write(ours)
    ours.get_by_role("button", name="Check first").click()
    expect(ours.locator(".verdict")).to_contain_text("Member Person gets this in the app and by email now.")
    expect(ours.locator(".verdict")).to_contain_text("Mobile push is skipped: there is no address.")
    ours.locator(".units summary", has_text="Mobile push").click()
    expect(ours.locator(".units details[open] .gate.stop")).to_contain_text("Address is usable")
    assert served.run(served.house.app.deliveries.list(_marketer(served), user="member")).items == []  # a check sends nothing

    ours.get_by_role("button", name="Send…").click()
    expect(ours.locator("#confirm")).to_contain_text("Member Person gets this in the app and by email now.")
    ours.locator("#confirm").get_by_role("button", name="Send to Member Person").click()
    expect(ours.locator("#content")).to_contain_text("2 sent + 1 skipped = 3 planned")
    expect(ours.locator("#content")).to_contain_text("It balances")

    expect(theirs.locator(".bell .badge")).to_have_text("1")  # without a reload
    expect(theirs.locator(".msg.unread .title")).to_have_text(TITLE)

    ours.locator(".fate", has_text="Email").get_by_role("link", name="Open delivery").click()
    expect(ours.locator("h1")).to_have_text(TITLE)
    expect(ours.locator(".verdict .lead")).to_contain_text(re.compile(r"The email was accepted by its provider at \d\d:\d\d:\d\d"))
    expect(ours.locator(".verdict")).to_contain_text("Mobile push was skipped: there is no address.")
    expect(ours.locator("#trace .gate")).to_have_count(12)
    expect(ours.locator(".tl li")).to_contain_text(["Accepted by the provider", "Attempt 1", "Event accepted"])
    expect(ours.locator(".said")).to_contain_text("kept")  # the provider's own word
    ours.get_by_role("tab", name="Mobile push").click()
    expect(ours.locator("#trace .gate.stop")).to_contain_text("no address")

    ours.get_by_role("link", name="See it as it arrived").click()
    mail = ours.frame_locator("iframe.mail")
    expect(mail.locator("h1")).to_have_text(TITLE)
    expect(ours.locator("iframe.mail")).to_have_attribute("sandbox", "allow-popups allow-popups-to-escape-sandbox")
    ours.get_by_role("button", name="Text part").click()
    expect(ours.locator("pre.source")).to_contain_text("with you on Tuesday")
    ours.get_by_role("button", name="Source").click()
    expect(ours.locator("pre.source")).to_contain_text("List-Unsubscribe")

    theirs.locator(".fold", has_text=TITLE).click()
    expect(theirs.locator(".bell .badge")).to_have_count(0)
    theirs.get_by_role("button", name="Why did I get this?").click()
    expect(theirs.locator(".whybox")).to_contain_text("is on for you")
    theirs.locator(".whybox").get_by_role("link").click()
    expect(theirs.locator(".verdict")).to_contain_text("reached the inbox")
    expect(theirs.locator(".side")).to_have_count(0)  # their own page, not the workspace


def _marketer(served):
    session = served.run(served.house.app.accounts.sign_in("marketer", "a long test password"))
    return session.actor


def test_at_night_the_mail_waits_and_the_page_says_until_when(look, served):
    served.run(_at_night(served))
    page = look(login="admin")
    composing(page)
    write(page, who="mia")
    page.get_by_role("button", name="Check first").click()
    expect(page.locator(".verdict")).to_contain_text("Mia Berg gets this in the app now.")
    expect(page.locator(".verdict")).to_contain_text("Email waits until 07:00: quiet hours.")
    page.get_by_role("button", name="Send…").click()
    page.locator("#confirm .pri").click()
    expect(page.locator("#content")).to_contain_text("1 sent + 1 held + 1 skipped = 3 planned")
    page.locator(".fate", has_text="Email").get_by_role("link").click()
    expect(page.locator(".verdict .lead")).to_have_text("The email waits until 07:00: quiet hours.")
    expect(page.locator("#trace .gate.hold")).to_contain_text("Quiet hours 22:00 to 07:00 (Europe/Oslo)")
    served.run(_in_the_morning(served))
    page.reload()
    expect(page.locator(".verdict .lead")).to_contain_text("after the event, because of quiet hours.")


async def _at_night(served):
    served.clock.move((23 * 3600 - (served.clock.now() + 7200)) % 86_400)  # 23:00 in Oslo, in summer


async def _in_the_morning(served):
    await served.house.settle()
    served.clock.move(8 * 3600 + 60)
    await served.house.settle()


def test_what_is_missing_is_said_at_its_field_and_a_change_makes_a_check_stale(look):
    page = look(login="admin")
    composing(page)
    page.get_by_role("button", name="Check first").click()
    expect(page.locator(".field .err")).to_contain_text(["Say who gets it.", "Choose a category.", "Write a title"])
    write(page, who="nobody.here")
    expect(page.locator(".field", has=page.locator("#who")).locator(".err")).to_contain_text("Nobody with this user id is known here")
    page.fill("#who", "to")
    expect(page.locator("#people option")).to_have_count(1)
    page.fill("#who", "tom")
    page.get_by_role("button", name="Check first").click()
    expect(page.locator(".verdict")).to_contain_text("Tom Moss gets this in the app now.")
    page.fill("#title", "Another one")
    page.locator("#text").focus()
    expect(page.locator(".rail .note")).to_contain_text("Check again")
    expect(page.get_by_role("button", name="Send…")).to_have_count(0)


def test_a_group_is_told_as_a_sum_and_its_deliveries_are_found_by_event(look, served):
    page = look(login="admin")
    composing(page)
    page.get_by_role("button", name="A group").click()
    page.select_option("#group", "club")
    page.select_option("#category", "system")
    page.fill("#title", "Maintenance tonight")
    page.get_by_role("button", name="Check first").click()
    expect(page.locator(".verdict")).to_contain_text("Of the first 2 people, 2 get this now.")
    page.get_by_role("button", name="Send…").click()
    page.locator("#confirm .pri").click()
    expect(page.locator("#content")).to_contain_text("= 4 planned")
    page.get_by_role("link", name="All deliveries of this event").click()
    expect(page).to_have_url(re.compile(r"/deliveries\?event=[0-9a-f]{32}"))
    expect(page.locator(".table tbody tr")).to_have_count(3)
    page.select_option("#f-channel", "email")
    expect(page).to_have_url(re.compile("channel=email"))
    expect(page.locator(".table tbody tr")).to_have_count(1)
    page.select_option("#f-state", "dead")
    expect(page.locator(".empty")).to_contain_text("Nothing matches these filters")
    page.locator(".empty").get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url(re.compile(r"/deliveries$"))
    expect(page.locator(".table tbody tr").first).to_be_visible()
