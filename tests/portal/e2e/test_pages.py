"""Every page with something on it, in both modes and on small screens: no accessibility finding, nothing wider than the window."""

import pytest
from playwright.sync_api import expect

from backend.app.views import AddressIn
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from tests.portal.e2e.conftest import HERE, faults

pytestmark = pytest.mark.e2e
LONG = "A-very-long-word-without-any-place-to-break-it-that-somebody-typed-into-the-title-of-a-notification"


@pytest.fixture(scope="module")
def sent(server):
    """One notification on every channel to one person; the ids of its captured messages by channel, and of its deliveries."""

    async def send():
        app = server.house.app
        await app.people.put_address(SYSTEM, "ola", AddressIn("push", "device-token-of-ola"))
        item = EventIn(
            type="order.shipped", category="orders", to=To(user="ola"), title=LONG, message=f"{LONG} and a text that goes on.",
            channels=["web", "email", "push", "sms"], data={"link": "https://shop.example.com/orders/A-17"},
        )  # fmt: skip
        (answer,) = await app.events.accept(SYSTEM, [item])
        await app.events.accept(SYSTEM, [EventIn(type="order.shipped", category="orders", to=To(user="admin"), title=LONG)])
        await server.house.settle()
        captures = (await app.captures.list(SYSTEM)).items
        deliveries = (await app.deliveries.list(SYSTEM, event=answer.id.hex())).items
        return {one.channel: one.id for one in captures if one.user == "ola"}, {one.channel: one.id for one in deliveries}

    return server.run(send())


def test_pages_with_something_on_them(look, axe, sent):
    captures, deliveries = sent
    assert captures.keys() == {"email", "push", "sms"}
    page = look(login="admin")
    page.locator(HERE).wait_for()
    seen = {}

    def judge(name):
        seen[name] = faults(page, axe)
        page.set_viewport_size({"width": 1440, "height": 900})

    for path in ("/deliveries", f"/deliveries/{deliveries['email']}", "/captured", *[f"/captured/{one}" for one in captures.values()]):
        page.goto(path)
        page.locator(".table tbody tr, .gate, .mail, .phone").first.wait_for()
        judge(path)
    page.goto("/inbox")
    page.locator(".fold").first.click()
    page.locator(".unfolded").first.wait_for()
    page.locator(".lnk").first.click()
    page.locator(".whybox").wait_for()
    page.locator(".msg .check").first.click()
    page.locator(".bulk").wait_for()
    judge("/inbox with one open and chosen")
    page.goto("/send?user=mia")
    expect(page.locator(".hint").first).to_contain_text("Mia Berg")
    page.select_option("#category", "orders")
    page.fill("#title", LONG)
    page.locator("summary", has_text="Link, data").click()
    page.get_by_role("button", name="Check first").click()
    page.locator(".unit").first.click()
    judge("/send checked")
    page.get_by_role("button", name="Send…").click()
    judge("/send asking")
    assert {name: found for name, found in seen.items() if found} == {}


def test_a_phone_and_a_bubble_show_what_was_sent(look, sent):
    captures, _ = sent
    page = look(login="operator")
    page.goto(f"/captured/{captures['push']}")
    expect(page.locator(".notice")).to_contain_text(LONG)
    page.goto(f"/captured/{captures['sms']}")
    expect(page.locator(".bubble")).to_contain_text("https://shop.example.com/orders/A-17")
    expect(page.locator(".talk")).to_contain_text("segments, GSM-7")


def test_the_inbox_by_keyboard_and_back_again(look, sent):
    page = look(login="admin")
    page.goto("/inbox")
    item = page.locator(".msg", has_text=LONG).first
    item.locator(".fold").focus()
    page.keyboard.press("Enter")
    item.locator(".unfolded").get_by_role("button", name="Archive").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("1 archived")
    expect(page.locator(".msg", has_text=LONG)).to_have_count(0)
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".msg", has_text=LONG)).to_have_count(1)
    page.locator(".fold").first.click()
    page.locator(".unfolded").get_by_role("button", name="Snooze…").click()
    page.locator("#snoozer").get_by_role("button", name="In an hour").click()
    expect(page.locator(".empty")).to_contain_text("Nothing has come yet")
    page.get_by_role("link", name="Snoozed").click()
    expect(page.locator(".msg .tag.held")).to_contain_text("Until")


def test_an_operator_makes_capture_refuse_and_the_delivery_page_says_so(look, served):
    page = look(login="operator")
    page.goto("/captured")
    page.select_option("#b-email", "refuse")
    expect(page.locator("#toast")).to_contain_text("Email: Refuses for good")
    event = served.run(_to_una(served))
    page.goto(f"/deliveries?event={event}&channel=email")
    page.locator(".rowlink").click()
    expect(page.locator(".verdict .lead")).to_have_text("The email did not go out: the provider refused it.")
    expect(page.locator(".said")).to_contain_text("550 5.7.1 The capture provider was told to refuse.")
    page.goto("/captured")
    page.select_option("#b-email", "ok")
    expect(page.locator("#toast")).to_contain_text("Takes everything")


async def _to_una(served):
    (answer,) = await served.house.app.events.accept(SYSTEM, [EventIn(type="x", category="system", to=To(user="una"), title="Refused")])
    await served.house.settle()
    return answer.id.hex()
