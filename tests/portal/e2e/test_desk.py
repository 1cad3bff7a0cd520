"""The desk in a real browser: every page with something on it and its dialogs open, in both modes and sizes; and what only a browser shows."""

import pytest
from playwright.sync_api import expect

from backend.app.senders import SenderIn
from backend.app.views import AddressIn
from backend.channels.capture import Behaviour
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from tests.portal.e2e.conftest import HERE, faults

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def filled(server):
    """Something on every page: captures of each channel, a sender, a program, an invitation, dead letters."""

    async def fill():
        app, clock = server.house.app, server.clock
        await app.people.put_address(SYSTEM, "ola", AddressIn("push", "device-token-of-ola"))
        await app.senders.put(SYSTEM, "bells", SenderIn("Bells & Co", "hello@bells.example", postal="Bells & Co, 1 Tower Road", categories=["orders"]))
        await app.clients.create(SYSTEM, "shop", ["events:write", "users:write"], "The shop")
        await app.invitations.create(SYSTEM, "operator", "Jonas Lie")
        text = "It left our workshop this morning and arrives on Thursday between 9 and 12. Somebody should be at home, or name a neighbour. " * 2
        await app.events.accept(SYSTEM, [EventIn(type="order.shipped", category="orders", to=To(user="ola"), title="On its way", message=text, channels=["email", "push", "sms"])])
        await server.house.settle()
        await app.captures.behave(SYSTEM, "email", Behaviour("fail"))
        for user in ("una", "ola"):
            await app.events.accept(SYSTEM, [EventIn(type="t", category="orders", to=To(user=user), title="Ordr", channels=["email"], data={"n": 1})])
        await server.house.settle()
        for _ in range(9):
            clock.move(3601)
            await server.house.settle()
        await app.captures.behave(SYSTEM, "email", Behaviour("ok"))
        return {one.channel: one.id for one in (await app.captures.list(SYSTEM, find="ola")).items}

    return server.run(fill())


PAGES = {
    "/captured": ".rowlink", "email": ".mailline", "push": ".phone", "sms": ".parts", "/senders": ".dns", "/members": ".avatar",
    "/members?tab=invitations": "tbody .tag", "/members?tab=programs": "tbody .tag", "/audit": "tbody .lnk", "/settings": ".settingvalue", "/account": ".kv",
    "/dead": ".pickline",
}  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_something_on_it_has_no_finding(look, axe, filled, path):
    page = look(login="admin")
    page.locator(HERE).wait_for()
    page.goto(path if path.startswith("/") else f"/captured/{filled[path]}")
    page.locator(PAGES[path]).first.wait_for()
    assert faults(page, axe) == {}


@pytest.mark.parametrize(
    ("path", "there", "button"),
    [
        ("/captured", ".rowlink", "Clear…"), ("/senders", ".dns", "Remove…"), ("/members", "tbody .avatar", "Role…"),
        ("/members", "tbody .avatar", "Disable…"), ("/members", "tbody .avatar", "Invite…"), ("/members?tab=programs", "tbody .tag", "Add a program…"),
        ("/dead", ".pickline", "Send 2 again…"), ("/dead", ".pickline", "Drop 2…"),
    ],
)  # fmt: skip
def test_a_dialog_has_no_finding_and_goes_with_escape(look, axe, filled, path, there, button):
    page = look(login="admin")
    page.locator(HERE).wait_for()
    page.goto(path)
    page.locator(there).first.wait_for()
    page.get_by_role("button", name=button).first.click()
    page.locator("dialog[open]").wait_for()
    assert faults(page, axe) == {}
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_an_entry_of_the_audit_and_a_dry_run_of_dead_letters_have_no_finding(look, axe, filled):
    page = look(login="admin")
    page.locator(HERE).wait_for()
    page.goto("/audit")
    page.locator("tbody .lnk").first.click()
    page.locator("#entry[open] .kv").first.wait_for()
    assert faults(page, axe) == {}
    page.goto("/dead")
    page.get_by_role("button", name="Open a letter").click()
    page.locator("#record").wait_for()
    page.get_by_role("button", name="Dry run on a copy").click()
    page.locator(".legendline").wait_for()
    assert faults(page, axe) == {}


def test_a_captured_message_appears_without_a_reload(look, served, filled):
    page = look(login="marketer")
    page.goto("/captured?channel=email")
    page.locator(".rowlink").first.wait_for()
    served.loop.call_soon_threadsafe(served.clock.move, 5)

    async def send():
        await served.house.app.events.accept(SYSTEM, [EventIn(type="t", category="system", to=To(user="una"), title="Came just now")])
        await served.house.settle()

    served.run(send())
    expect(page.locator(".rowlink").first).to_have_text("Came just now")
    expect(page.get_by_role("button", name="Clear…")).to_have_count(0)


def test_a_mail_is_shown_as_a_device_in_dark_mode_shows_it(chromium, served, filled):
    context = chromium.new_context(base_url=served.base, color_scheme="null")  # an emulated mode would reach into the frame
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#login", "operator")
    page.fill("#password", "a long test password")
    page.click(".inner button.pri")
    page.locator(HERE).wait_for()
    page.goto(f"/captured/{filled['email']}")
    body = page.frame_locator("iframe.mail").locator("body")
    light = body.evaluate("e => getComputedStyle(e).backgroundColor")
    page.get_by_role("button", name="Dark", exact=True).click()
    page.locator("iframe.mail.night").wait_for()
    expect(body).not_to_have_css("background-color", light)
    context.close()


def test_a_sender_is_made_by_labels_alone_and_its_record_is_copied(look, served, filled):
    page = look(login="operator")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/senders")
    page.get_by_role("button", name="Add a sender").click()
    page.get_by_label("Key", exact=True).fill("offers")
    page.get_by_label("From name").fill("Offers")
    page.get_by_label("From address").fill("offers@bells.example")
    page.get_by_label("Offers", exact=True).check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field.bad")).to_contain_text("postal address")
    page.get_by_label("Postal address").fill("Bells & Co, 1 Tower Road")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toast")).to_contain_text("Offers is saved")
    page.get_by_role("button", name="Copy the value of the TXT record").click()
    page.locator(".copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "v=DMARC1; p=none; rua=mailto:offers@bells.example"


def test_a_secret_is_shown_until_it_is_copied_and_a_snippet_is_copied_whole(look, served, filled):
    page = look(login="admin")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/members?tab=programs")
    page.get_by_role("button", name="Add a program…").click()
    page.fill("#p-id", "billing")
    page.get_by_role("button", name="Make the secret").click()
    secret = page.locator("#new-secret").inner_text()
    assert len(secret) > 30
    page.get_by_role("button", name="I have copied it").click()
    expect(page.locator("#new-secret")).to_have_count(0)
    expect(page.locator("tr", has_text="billing")).to_be_visible()
    page.goto("/send?user=mia")
    page.locator(".hint", has_text="Mia").first.wait_for()
    page.select_option("#category", "orders")
    page.fill("#title", "Hello")
    page.get_by_role("button", name="Check first").click()
    page.get_by_role("button", name="Put my token in").click()
    expect(page.locator("#content")).to_contain_text("With your token")
    page.get_by_role("button", name="Copy", exact=True).click()
    page.locator(".copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl -X POST ")
    assert len(copied) > 600
    assert "…" not in copied
