"""Ten errands of every day, done in Chromium by what is written on the page alone. How many clicks each takes is in build/portal/errands.md."""

import re

import pytest
from playwright.sync_api import expect

from backend.app.views import PreferencesIn, TemplateIn
from backend.domain.event import EventIn, To
from backend.domain.template import Content, EmailContent, WebContent
from backend.security.roles import SYSTEM
from tests.portal.e2e.hands import PATIENCE, Hands, yesterday
from tests.portal.e2e.walk import BUILD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
MOST = {  # clicks; a change that makes people click more says so here
    "Send yourself a notification": 5,
    "Find out why a person's mail was skipped": 4,
    "Find a person by address and see what reaches them": 2,
    "Have no mail after nine in the evening": 2,
    "Unsubscribe from a mail's link, and take it back": 2,
    "Change a template and publish it": 4,
    "Make a category": 3,
    "Save a list as a view and take it as a file": 5,
    "Invite a colleague": 4,
    "Read yesterday's failure rate": 3,
}


@pytest.fixture(scope="module")
def filled(server):
    """A day's work before: events of yesterday and today, a template in use, somebody who wants no mail about orders."""

    async def fill():
        house, clock = server.house, server.clock
        app = house.app
        content = Content(email=EmailContent("Your parcel", "<p>It is on its way.</p>"), web=WebContent("Your parcel", "It is on its way."))
        await app.templates.put(SYSTEM, "parcel", TemplateIn(content, name="Parcel on its way"))
        await app.templates.publish(SYSTEM, "parcel")
        await app.preferences.put(SYSTEM, "ola", PreferencesIn(matrix={"orders": {"email": False}}))
        for user in ("mia", "una", "ola"):
            await app.events.accept(SYSTEM, [EventIn(type="t", category="orders", to=To(user=user), title="Your order is packed")])
        await house.settle()
        clock.move(86_400)
        await house.settle()
        await app.events.accept(SYSTEM, [EventIn(type="t", category="system", to=To(user="una"), title="Maintenance on Sunday")])
        await house.settle()
        kept = (await app.captures.list(SYSTEM, find="una")).items
        newest = next(one.id for one in kept if one.channel == "email")
        mail = re.sub(r"\r?\n[ \t]+", " ", (await app.captures.get(SYSTEM, newest)).mail)
        return re.search(r"^List-Unsubscribe:\s*<([^>]+)>", mail, re.MULTILINE)[1]

    return server.run(fill(), 60)


@pytest.fixture
def hands(look, filled, request):
    """Somebody at the portal; the count of what they did is written down when they are done."""
    made = Hands(look())
    yield made
    name = request.node.get_closest_marker("errand").args[0]
    BUILD.mkdir(parents=True, exist_ok=True)
    told = BUILD / "errands.md"
    before = told.read_text().splitlines() if told.exists() else ["| errand | clicks | fields | way |", "|---|---|---|---|"]
    rows = [row for row in before if not row.startswith(f"| {name} |")]
    told.write_text("\n".join([*rows, f"| {name} | {made.clicks} | {made.fields} | {' → '.join(made.steps)} |"]) + "\n")
    assert made.clicks <= MOST[name], made.steps


@pytest.mark.errand("Send yourself a notification")
def test_send_yourself_a_notification(hands):
    hands.sign_in("marketer")
    hands.go("Send")
    hands.type("User id", "marketer", "combobox")
    hands.take("Category", "System")
    hands.type("Title", "A first word")
    hands.click("button", "Check first")
    hands.click("button", "Send…")
    hands.click("button", "Send to Marketer Person", hands.dialog())
    hands.sees("It balances")
    hands.click("link", "Inbox, 1 unread")
    hands.sees("A first word")


@pytest.mark.errand("Find out why a person's mail was skipped")
def test_find_out_why_a_persons_mail_was_skipped(hands):
    hands.sign_in("operator")
    hands.press("/")
    hands.page.keyboard.type("ola@example.com")
    hands.click("option", "Ola Lind", hands.dialog(), exact=False)
    hands.click("link", "Your order is packed")
    hands.sees("Email: skipped, the channel is turned off.")


@pytest.mark.errand("Find a person by address and see what reaches them")
def test_find_a_person_by_address(hands):
    hands.sign_in("operator")
    hands.press("/")
    hands.page.keyboard.type("ola@example.com")
    hands.click("option", "Ola Lind", hands.dialog(), exact=False)
    hands.sees("What reaches this person")
    expect(hands.page.get_by_role("row", name=re.compile("^Orders On default Off chosen by the person"))).to_be_visible()


@pytest.mark.errand("Have no mail after nine in the evening")
def test_have_no_mail_after_nine(hands):
    hands.sign_in("member")
    hands.go("Preferences")
    hands.click("switch", "Hold messages in these hours")
    hands.type("From", "21:00")
    hands.sees("between 21:00 and 07:00")


@pytest.mark.errand("Unsubscribe from a mail's link, and take it back")
def test_unsubscribe_and_take_it_back(hands, filled):
    hands.page.goto(filled)
    hands.click("button", "Unsubscribe")
    hands.sees("“System” is turned off")
    hands.click("button", "Undo")
    hands.sees("“System” is on again")


@pytest.mark.errand("Change a template and publish it")
def test_change_a_template_and_publish_it(hands):
    hands.sign_in("marketer")
    hands.go("Templates")
    hands.click("link", "Parcel on its way")
    hands.write("Subject", "Your parcel comes on Thursday")
    hands.click("button", "Publish version 2…")
    hands.click("button", "Publish version 2", hands.dialog())
    hands.sees("Version 2 is live")


@pytest.mark.errand("Make a category")
def test_make_a_category(hands):
    hands.sign_in("marketer")
    hands.go("Categories")
    hands.click("button", "Make a category…")
    hands.type("Key", "returns")
    hands.type("Name, as people read it", "Returns")
    hands.click("button", "Make it", hands.dialog())
    expect(hands.page.get_by_role("heading", name="Returns", level=1).or_(hands.page.get_by_role("link", name="Returns"))).to_be_visible(timeout=PATIENCE)


@pytest.mark.errand("Save a list as a view and take it as a file")
def test_save_a_view_and_take_its_file(hands):
    hands.sign_in("analyst")
    hands.go("Deliveries")
    hands.take("Channel", "Email")
    expect(hands.page).to_have_url(re.compile("channel=email"))
    hands.click("button", "Views")
    hands.click("button", "Save these filters…")
    hands.type("Name", "Mails", within=hands.dialog())
    hands.click("button", "Save", hands.dialog())
    expect(hands.page.get_by_role("button", name="Mails", exact=True)).to_be_visible(timeout=PATIENCE)
    with hands.page.expect_download() as coming:
        hands.click("link", "Download CSV")
    lines = coming.value.path().read_text().splitlines()
    assert coming.value.suggested_filename.startswith("carillon-deliveries-")
    assert len(lines) > 2
    assert not any("In-app" in line for line in lines)
    expect(hands.page.get_by_role("heading", level=1)).to_have_text("Deliveries")  # the page is still there


@pytest.mark.errand("Invite a colleague")
def test_invite_a_colleague(hands):
    hands.sign_in("admin")
    hands.go("Members")
    hands.click("button", "Invite…")
    hands.type("Name", "Jonas Lie", within=hands.dialog())
    hands.click("radio", "Analyst", hands.dialog(), exact=False)
    hands.click("button", "Make the link", hands.dialog())
    hands.sees("/invite?token=")


@pytest.mark.errand("Read yesterday's failure rate")
def test_read_yesterdays_failure_rate(hands, served):
    hands.sign_in("analyst")
    hands.go("Analytics")
    hands.click("button", "Own range…")
    day = yesterday(served.clock.now())
    hands.page.get_by_label("First day").fill(day)
    hands.page.get_by_label("Last day").fill(day)
    hands.fields += 2
    hands.click("button", "Show", hands.dialog())
    hands.sees("0 of 3")
    expect(hands.page.get_by_role("definition").filter(has_text="0 of")).to_be_visible(timeout=PATIENCE)
