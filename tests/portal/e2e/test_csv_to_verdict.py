"""From a file of customers to the verdict of an experiment, in real browsers, by what is written on things; only the clock is moved by hand.

A marketer imports a CSV, makes an audience of it, writes two mails, plans a campaign that tries them against each other and asks for approval;
an admin approves; people get their mails and follow the links in them; days go by; the experiment says which mail won; it goes to the rest.
"""

import html
import re
from collections import defaultdict
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from backend.app.views import PreferencesIn
from backend.security.roles import SYSTEM
from tests.portal.e2e.labels import PATIENCE, Labels

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
HOUR, DAY = 3_600.0, 86_400.0
BUYERS, WALKERS = 300, 40  # in the file: whom the campaign is for, and others
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
NAME = "Winter boots"


def customers() -> bytes:
    """As a shop's program writes it: semicolons, an old encoding, one line too many and one without an id."""
    lines = ["Kundennummer;E-Mail;Name;kind"]
    lines += [f"c{n:03};c{n:03}@example.com;Käufer {n};buyer" for n in range(BUYERS)]
    lines += [f"w{n:03};w{n:03}@example.com;Walker {n};walker" for n in range(WALKERS)]
    lines += ["c000;other@example.com;Twice;buyer", ";nobody@example.com;Nobody;buyer"]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def goes_by(served, seconds: float) -> None:
    """So much time, in steps, with all that happens in it."""
    step = min(seconds, 12 * HOUR)
    while seconds > 0:
        served.loop.call_soon_threadsafe(served.clock.move, min(step, seconds))
        seconds -= step
        served.run(served.house.settle(), 300)


def mails(served) -> dict[str, list[str]]:
    """Subjects each person was mailed under, and nothing else of the house."""

    async def read() -> dict[str, list[tuple[str, str]]]:
        made, after = defaultdict(list), None
        while True:
            page = await served.house.app.captures.list(SYSTEM, channel="email", after=after, limit=200)
            for one in page.items:
                made[one.user].append((one.title, one.id))
            after = page.next
            if after is None:
                return made

    return served.run(read())


def follow(served, found: dict, users: list[str]) -> None:
    """These people open the shop's link in their mail, with the browsers of people, each at a moment of their own."""

    async def links() -> list[str]:
        made = []
        for user in users:
            mail = (await served.house.app.captures.get(SYSTEM, found[user][0][1])).message.html
            made.append(next(html.unescape(link) for link in re.findall(r'href="([^"]+)"', mail) if "/c/" in link))
        return made

    with httpx.Client(base_url=served.base, headers={"user-agent": SAFARI}) as client:
        for link in served.run(links()):
            parts = urlsplit(link)
            served.run(_later(served, 20))
            answer = client.get(f"{parts.path}?{parts.query}")
            assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example.com/boots")


async def _run(served) -> str:
    return (await served.house.app.campaigns.get(SYSTEM, "winter-boots")).run.id


async def _later(served, seconds: float) -> None:
    served.clock.move(seconds)


def imports(hands: Labels) -> None:
    """The file, mapped by its column names; they agreed in the shop."""
    hands.go("Imports")
    hands.send_file("Send a CSV file", {"name": "customers.csv", "mimeType": "text/csv", "buffer": customers()})
    hands.sees(f"{BUYERS + WALKERS + 2} rows, read as WINDOWS-1252, cells divided by semicolons")
    expect(hands.page.get_by_label("Column Kundennummer")).to_have_value("user_id")
    expect(hands.page.get_by_label("Column kind")).to_have_value("attribute")
    hands.take("Did they agree to marketing?", "They agreed to Offers")
    hands.type("Where they agreed", "Till of the shop in Bergen")
    hands.type("What shows it", "Signed card, kept in the shop")
    hands.press("Check the rows")
    hands.press(f"Import {BUYERS + WALKERS} rows")
    hands.type(f"Type {BUYERS + WALKERS} to go on", str(BUYERS + WALKERS), hands.dialog())
    hands.press(f"Import {BUYERS + WALKERS} rows", within=hands.dialog())
    hands.sees("Everybody in the file is accounted for.")
    hands.sees(re.compile(r"340 agreed to marketing by this file"))


def audience(hands: Labels) -> None:
    """Whoever bought something."""
    hands.go("Audiences")
    hands.press("New audience")
    hands.type("Name", "Buyers", hands.dialog())
    hands.type("Key", "buyers", hands.dialog())
    hands.press("New audience", within=hands.dialog())
    hands.here("Buyers")
    hands.take("Add a condition", "What is known of them")
    hands.take("Attribute", "kind")
    hands.type("Value", "buyer")
    hands.sees(f"{BUYERS} people left")
    hands.sees("People whose kind is “buyer”.")
    hands.press("Save")
    hands.sees("Saved as version 2.")


def template(hands: Labels, name: str, subject: str) -> None:
    """A mail with a link to the shop, published."""
    hands.go("Templates")
    hands.press("New template…")
    hands.type("Name", name, hands.dialog())
    hands.turn("radio", re.compile("^Nothing"))
    hands.press("Create", within=hands.dialog())
    hands.here(name)
    hands.press("Write for this channel")
    hands.write("Subject", subject)
    hands.write("HTML", f'<h1>{subject}</h1><p><a href="https://shop.example.com/boots">See them, {{{{ user.name }}}}</a></p>')
    hands.sees("Renders with this sample. Every value is filled.")
    hands.press("Publish version 1…")
    hands.press("Publish version 1", within=hands.dialog())
    hands.sees("Version 1 is live")


def plan(hands: Labels) -> None:
    """Two messages on six in ten, a tenth kept out, decided by clicks; somebody else has to say yes."""
    hands.go("Campaigns")
    hands.follow("New campaign", "New campaign")
    hands.type("Campaign name", NAME)
    hands.take("Category", "Offers")
    hands.press("Make the draft")
    hands.here(NAME)
    hands.take("Template of message A", "Boots, plainly")
    hands.press("Add a message")
    hands.take("Template of message B", "Boots, asked")
    hands.follow("Continue")
    hands.take("Audience", "Buyers")
    hands.sees(f"{BUYERS}")
    hands.follow("Continue")
    hands.turn("switch", "Somebody else has to say yes")
    hands.follow("Continue")
    hands.type("Keep a group without any message", "10")
    hands.take("Main measure", "Clicks, people who clicked")
    hands.type("Try it on", "60")
    hands.type("Say nothing before", "40")
    hands.follow("Continue")
    hands.sees(re.compile(rf"of {BUYERS} people get it on at least one channel"))
    hands.sees("Nothing is unaccounted for.")
    hands.sees("In the group that gets no message")
    hands.sees("Turned this channel off")
    hands.press("Ask for approval")
    hands.sees("A second person was asked")


def test_from_a_file_of_customers_to_the_verdict_and_on_to_the_rest(look, served):
    with served.ticking():
        _story(look, served)


def _story(look, served):
    goes_by(served, 19 * HOUR)  # a Tuesday morning
    marketer, admin = Labels(look()), Labels(look())
    marketer.sign_in("marketer")
    imports(marketer)
    audience(marketer)
    template(marketer, "Boots, plainly", "New boots are here")
    template(marketer, "Boots, asked", "Did your feet stay dry?")
    served.run(served.house.app.preferences.put(SYSTEM, "c007", PreferencesIn(matrix={"marketing": {"email": False}})))
    plan(marketer)

    admin.sign_in("admin")
    admin.go("Campaigns")
    admin.follow(NAME, NAME)
    admin.sees("marketer asked for approval.")
    admin.press("Approve")
    admin.sees("Winter boots is approved")

    marketer.go("Campaigns")
    marketer.follow(NAME, NAME)
    marketer.follow("Review and start", NAME)
    marketer.press(f"Send to {BUYERS} people…")
    marketer.press(f"Send to {BUYERS} people", within=marketer.dialog())
    marketer.sees("Winter boots is on its way")
    goes_by(served, 60)
    first = mails(served)
    asked = sorted(user for user, some in first.items() if some[0][0] == "Did your feet stay dry?")
    plainly = sorted(user for user, some in first.items() if some[0][0] == "New boots are here")
    assert len(asked) + len(plainly) == len(first)
    marketer.page.reload()
    marketer.here(NAME)
    marketer.sees("The rest waits for a winner.")
    marketer.sees("Not everybody is decided yet: the plan is for all, the fact for those so far.")

    goes_by(served, 5 * HOUR)
    follow(served, first, [*asked[: len(asked) * 3 // 4], *plainly[:5]])
    goes_by(served, DAY)
    marketer.sign_in_again("marketer")
    marketer.go("Experiments")
    marketer.sees("It is too early to say.")
    marketer.follow(NAME, NAME)
    marketer.sees(f"{len(asked)}")
    goes_by(served, 6 * DAY)
    marketer.sign_in_again("marketer")
    marketer.go("Experiments")
    marketer.sees("Send message B to everyone else.")
    marketer.follow(NAME, NAME)
    marketer.sees("percentage points more clicks than A")
    marketer.sees("Split is healthy")
    marketer.press("Send to the rest…")
    expect(marketer.dialog().get_by_label("Message")).to_have_value("1", timeout=PATIENCE)
    marketer.press(re.compile(r"^Send it to \d+ people$"), within=marketer.dialog())
    marketer.sees("Message B goes to everyone else.")
    goes_by(served, 120)
    last = mails(served)
    rest = {user: some for user, some in last.items() if user not in first}
    assert {title for some in rest.values() for title, _ in some} == {"Did your feet stay dry?"}
    assert all(len(some) == 1 for some in last.values()), "nobody is told twice"
    kept = served.run(served.house.app.campaigns.recipients(SYSTEM, "winter-boots", served.run(_run(served)), limit=200, outcome="holdout")).items
    held = {one.user for one in kept}
    assert held and not held & set(last), "the holdout is kept"
    assert len(last) + len(held | {"c007"}) == BUYERS, "everybody else has it"
    marketer.go("Campaigns")
    marketer.follow(NAME, NAME)
    marketer.sees(f"{BUYERS} people worked through")
    marketer.sees("Plan and fact are equal.")
