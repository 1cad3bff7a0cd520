"""Ten everyday tasks by what stands on the screen alone: no address, no id of an element. What each took is in build/portal/tasks.txt."""

import re

import pytest
from playwright.sync_api import expect

from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from tests.portal.e2e.conftest import HERE
from tests.portal.e2e.walk import BUILD

pytestmark = pytest.mark.e2e


class Hand:
    """Clicks and types by visible words, and counts."""

    def __init__(self, page):
        self.page, self.clicks, self.typed, self.told = page, 0, 0, []

    def click(self, kind, name, within=None):
        (within or self.page).get_by_role(kind, name=name).first.click()
        self.clicks += 1

    def choose(self, label, value):
        self.page.get_by_label(label, exact=True).first.select_option(label=value)
        self.clicks += 2

    def write(self, label, text, enter=False):
        box = self.page.get_by_label(label, exact=True).first
        box.fill(text)
        if enter:
            box.press("Enter")
        self.clicks += 1
        self.typed += 1

    def done(self, task):
        self.told.append(f"{task}: {self.clicks} clicks, {self.typed} texts")
        self.clicks = self.typed = 0


@pytest.fixture
def hand(look, served):
    async def send():
        app = served.house.app
        for n, user in enumerate(("ola", "admin", "ola")):
            await app.events.accept(SYSTEM, [EventIn(type="t", category="orders", to=To(user=user), title="Your chairs are here", id=f"task-{n}")])
        await served.house.settle()

    served.run(send())
    page = look(login="admin")
    page.locator(HERE).wait_for()
    return Hand(page)


def test_ten_everyday_tasks(hand):
    page, main = hand.page, hand.page.get_by_role("navigation", name="Main")

    hand.click("button", "Search or jump to")
    hand.write("Search or jump to", "ola@example.com")
    hand.click("option", "Ola Lind")
    expect(page).to_have_url(re.compile("ola$"))
    hand.done("Find somebody by the email address")

    hand.click("link", "Deliveries", main)
    hand.write("User id", "ola", enter=True)
    expect(page).to_have_url(re.compile("user=ola"))
    hand.click("link", "Your chairs are here")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your chairs are here")
    hand.done("See what became of a message to somebody, and why")

    hand.click("link", "Send", main)
    hand.write("User id", "ola")
    hand.choose("Category", "Orders")
    hand.write("Title", "Your table follows tomorrow")
    hand.click("button", "Check first")
    hand.click("button", "Send…")
    hand.click("button", re.compile("^Send to Ola Lind"))
    expect(page.locator("#toast")).to_contain_text("On its way")
    hand.done("Send something to one person, knowing before what happens")

    hand.click("link", "Captured", main)
    hand.click("link", "Your table follows tomorrow")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    hand.done("See what the mail looks like")

    hand.click("link", "Deliveries", main)
    hand.choose("Channel", "Email")
    expect(page).to_have_url(re.compile("channel=email"))
    hand.click("button", "Views")
    hand.click("button", "Save these filters…")
    hand.write("Name", "Mail alone", enter=True)
    expect(page.get_by_role("button", name="Mail alone").first).to_be_visible()
    hand.done("Keep filters under a name")

    hand.click("link", "Events", main)
    expect(page.get_by_role("heading", level=1)).to_have_text("Events")
    hand.done("See what programs handed in")

    hand.click("link", re.compile("^Inbox"))
    hand.click("button", "Your chairs are here")
    hand.click("button", "Archive")
    expect(page.locator("#toast")).to_contain_text("archived")
    hand.click("button", "Undo")
    expect(page.get_by_role("button", name="Your chairs are here").first).to_be_visible()
    hand.done("Archive a notification and take it back")

    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_have_count(0)  # a person's own pages have none
    hand.click("link", re.compile("Back to the workspace"))
    hand.click("button", "Open account menu")
    hand.click("button", "Language and time zone…")
    hand.choose("Language", "Deutsch")
    hand.click("button", "Save")
    expect(page.get_by_role("button", name="Kontomenü öffnen")).to_be_visible()
    hand.done("Read in German")

    hand.click("button", "Kontomenü öffnen")
    hand.click("button", "Sprache und Zeitzone…")
    hand.choose("Sprache", "English")
    hand.click("button", "Speichern")
    expect(page.get_by_role("button", name="Open account menu")).to_be_visible()
    hand.done("And in English again")

    hand.click("button", "Open account menu")
    hand.click("button", "Sign out")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    hand.done("Sign out")

    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "tasks.txt").write_text("\n".join(hand.told) + "\n")
    assert len(hand.told) == 10
