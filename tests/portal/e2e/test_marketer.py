"""Eight things a marketer does, by visible labels alone: nothing in here knows an id, a class or an address but that of the sign-in."""

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from backend.app.views import PreferencesIn
from backend.security.roles import SYSTEM
from tests.portal.e2e import labels
from tests.portal.e2e.labels import Labels
from tests.portal.e2e.test_experiments import experiment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(480)]
HOUR, DAY = 3_600.0, 86_400.0
PEOPLE = 40
FORBIDDEN = {"locator", "get_by_test_id", "query_selector", "query_selector_all", "evaluate", "wait_for_selector", "frame_locator", "wait_for_url"}


@pytest.fixture(scope="module")
def week(server):
    """What others did before: a campaign with two messages, eight days old, that many people clicked in."""

    async def fill():
        house = server.house
        await experiment(house, "autumn", "Autumn trail sale", (0.08, 0.16))
        for _ in range(8 * 24 // 6):
            server.clock.move(6 * HOUR)
            await house.line.looks.once()

    server.run(fill(), 120)
    return server


def goes_by(served, seconds: float) -> None:
    served.loop.call_soon_threadsafe(served.clock.move, seconds)
    served.run(served.house.settle(), 120)


def writes_a_template(hands: Labels) -> None:
    """2: a template from a starting layout, its words changed, sent to oneself, published."""
    hands.go("Templates")
    hands.press("New template…")
    hands.type("Name", "Walk in the woods", hands.dialog())
    hands.turn("radio", re.compile("^Plain notice"))
    hands.press("Create", within=hands.dialog())
    hands.here("Walk in the woods")
    hands.write("Subject", "A walk on Sunday")
    hands.write("HTML", "<p>Come along, {{ user.name }}.</p>")
    hands.press("In-app", "tab")
    hands.write("Title", "A walk on Sunday")
    hands.write("Text", "Come along, {{ user.name }}.")
    hands.sees("Renders with this sample. Every value is filled.")
    hands.press("Send to me…")
    hands.sees("One notification to you, Marketer Person")
    hands.press("Send one test to me", within=hands.dialog())
    hands.sees("The test is on its way")
    hands.press("Publish version 1…")
    hands.press("Publish version 1", within=hands.dialog())
    hands.sees("Version 1 is live")
    hands.press(re.compile(r"^Inbox, 1 unread"), "link")
    hands.sees("Test: A walk on Sunday")
    hands.follow("Back to the workspace", "Overview")


def imports_people(hands: Labels) -> None:
    """3: a file of members whose id no name of a column gives away; put on no list, with no opt-in."""
    rows = ["locker,email,name,city", *[f"m{n:02},m{n:02}@example.com,Member {n},{'Oslo' if n % 2 else 'Bergen'}" for n in range(PEOPLE)], "m01,again@example.com,Again,Oslo"]
    hands.go("Imports")
    hands.send_file("Send a CSV file", {"name": "members.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()})
    hands.here("members.csv")
    hands.take("Column locker", "User id")
    hands.take("Column city", "Attribute: text")
    hands.press("Check the rows")
    hands.sees("A column is the user id, and the e-mail address is to be it, too. Choose one of them.")
    hands.turn("checkbox", re.compile("^The email address is the user id"), on=False)
    hands.press("Check the rows")
    hands.press(f"Import {PEOPLE} rows")
    hands.type(f"Type {PEOPLE} to go on", str(PEOPLE), hands.dialog())
    hands.press(f"Import {PEOPLE} rows", within=hands.dialog())
    hands.sees("Everybody in the file is accounted for.")


def makes_an_audience(hands: Labels) -> None:
    """4: a rule, and how many it names."""
    hands.go("Audiences")
    hands.press("New audience")
    hands.type("Name", "Walkers in Oslo", hands.dialog())
    hands.type("Key", "oslo-walkers", hands.dialog())
    hands.press("New audience", within=hands.dialog())
    hands.here("Walkers in Oslo")
    hands.take("Add a condition", "What is known of them")
    hands.take("Attribute", "city")
    hands.type("Value", "Oslo")
    hands.sees(f"{PEOPLE // 2} people left")
    hands.press("Save")
    hands.sees("Saved as version 2.")


def plans_a_campaign(hands: Labels, served) -> None:
    """5: tomorrow at nine, one person a second; who gets it is known before."""
    hands.go("Campaigns")
    hands.follow("New campaign", "New campaign")
    hands.type("Campaign name", "Sunday walk")
    hands.take("Category", "System")
    hands.press("Make the draft")
    hands.here("Sunday walk")
    hands.take("Template of message A", "Walk in the woods")
    hands.follow("Continue")
    hands.take("Audience", "Walkers in Oslo")
    hands.sees(str(PEOPLE // 2), hands.page.get_by_role("main"))
    hands.follow("Continue")
    hands.turn("radio", re.compile("^At one moment"))
    hands.type("Date", datetime.fromtimestamp(served.clock.now() + DAY, UTC).strftime("%Y-%m-%d"))
    hands.type("Time", "09:00")
    hands.type("Pace", "1")
    hands.follow("Continue")
    hands.sees("There is one message")
    hands.follow("Continue")
    hands.sees("text is missing for 19 people")  # the line under the subject reads it: said before anything goes, with the way to put it right
    expect(hands.page.get_by_role("button", name="Schedule for 20 people…")).to_be_disabled()
    hands.sees("The template walk-in-the-woods needs text for email. Write it among the values for the messages (data).")
    hands.press("Edit the messages")
    hands.sees("Values for the messages")
    hands.type("text", "Nine kilometres, with a break at the lake.")
    hands.press("Step 5: Review", "link")
    hands.sees("Nothing keeps it from starting")
    hands.sees("19 of 20 people get it on at least one channel.")
    hands.sees("Turned this channel off")
    hands.press(f"Schedule for {PEOPLE // 2} people…")
    hands.press(f"Schedule for {PEOPLE // 2} people", within=hands.dialog())
    hands.sees("Sunday walk is scheduled")
    hands.go("Calendar")
    hands.sees("Sunday walk")


def pauses_and_goes_on(hands: Labels, served) -> None:
    """6: it runs, is stopped amid, and goes on from there."""
    local = (served.clock.now() + 2 * HOUR) % DAY  # Oslo in summer
    goes_by(served, (9 * HOUR - local) % DAY + 4)  # the next nine o'clock
    for _ in range(3):
        goes_by(served, 1)
    hands.sign_in_again("marketer")
    hands.go("Campaigns")
    hands.follow("Sunday walk", "Sunday walk")
    hands.press("Pause")
    hands.sees("Sunday walk is paused")
    hands.sees(re.compile(rf"^Paused\. \d+ of {PEOPLE // 2} people are worked through; nobody else is told until it goes on\.$"))
    for _ in range(PEOPLE):
        goes_by(served, 1)
    hands.page.reload()
    hands.here("Sunday walk")
    hands.sees(re.compile(rf"^Paused\. \d+ of {PEOPLE // 2} people"))
    hands.press("Go on")
    hands.sees("Sunday walk goes on")
    for _ in range(PEOPLE):
        goes_by(served, 1)
    hands.sees(f"{PEOPLE // 2} people worked through")


def reads_a_verdict(hands: Labels) -> None:
    """7: which message was better, in a sentence, and whether to believe it."""
    hands.go("Experiments")
    hands.sees("Send message B to everyone else.")
    hands.follow("Autumn trail sale", "Autumn trail sale")
    hands.sees("Send message B to everyone else.")
    hands.sees("percentage points more clicks than A")
    hands.sees("Split is healthy")


def reads_why_somebody_got_nothing(hands: Labels) -> None:
    """8: what became of everybody, of one person the reason, and the funnel of the campaign."""
    hands.go("Campaigns")
    hands.follow("Sunday walk", "Sunday walk")
    hands.sees("Plan and fact are equal.")
    hands.press("Not sent", within=hands.page.get_by_role("group", name="Outcome"))
    row = hands.page.get_by_role("row", name=re.compile("^Member 1 "))
    hands.sees("The inbox is turned off for system by the person. E-mail is turned off for system by the person.", row)
    hands.go("Engagement")
    hands.take("Campaign", "Sunday walk")
    hands.sees("From planned to converted")
    hands.sees(re.compile(r"\b38 of 40\b"))


def test_a_marketer_does_eight_things_by_what_is_written_on_them(look, served, week):
    hands = Labels(look())
    with served.ticking():
        hands.sign_in("marketer")
        hands.here("Overview")
        writes_a_template(hands)
        imports_people(hands)
        makes_an_audience(hands)
        served.run(served.house.app.preferences.put(SYSTEM, "m01", PreferencesIn(matrix={"system": {"email": False, "web": False}})))
        plans_a_campaign(hands, served)
    pauses_and_goes_on(hands, served)
    reads_a_verdict(hands)
    served.run(served.house.line.rollup.once())  # what engagement reads; by itself every few seconds, and a quick machine is there before
    reads_why_somebody_got_nothing(hands)


def test_the_script_knows_labels_alone():
    """No selector has crept in, neither here nor in the hands it uses."""
    for path in (Path(__file__), Path(labels.__file__)):
        called = [node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
        assert not {name for name in called if name in FORBIDDEN}, path
        assert called.count("goto") == (path.name == "labels.py")
