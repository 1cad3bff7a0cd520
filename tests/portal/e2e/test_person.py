"""A person's own screens in a real browser: what they choose has its effect on the next message, and every change leads back."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from backend.domain.errors import UnknownUser
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM, Actor
from tests.portal.e2e.conftest import COLOURS, HERE, RULES, faults, judged, wide
from tests.portal.house_stand import PASSWORD

pytestmark = pytest.mark.e2e


def send(served, category="orders", user="member", title="Your order is on its way"):
    async def go():
        served.clock.move(1)  # two of one instant have no order that people see
        item = EventIn(type="t", category=category, to=To(user=user), title=title)
        (answer,) = await served.house.app.events.accept(SYSTEM, [item])
        await served.house.settle()
        found = (await served.house.app.deliveries.list(SYSTEM, event=answer.id.hex())).items
        return {delivery.channel: delivery for delivery in found}

    return served.run(go())


def send_to(served, user, title):
    return send(served, user=user, title=title)


def wishes_of(served, user):
    return served.run(served.house.app.preferences.get(SYSTEM, user))


def own(user):
    """The person themselves, as a program that reads inboxes."""
    return Actor(1, user, scopes=("notifications:read:any",))


def open_preferences(page):
    page.goto("/preferences")
    page.locator(HERE).wait_for()
    page.locator("#ahead").wait_for()


def move_to(served, hour):
    """The next time it is that hour in Oslo, in summer."""

    async def go():
        served.clock.move((hour * 3600 - (served.clock.now() + 7200)) % 86_400)
        await served.house.settle()

    served.run(go())


def test_the_zone_is_told_at_once_where_it_is_wanted_and_elsewhere_when_the_page_stands(look):
    told = "document.cookie.includes('carillon_zone=')"
    page = look(login="member")
    page.locator(HERE).wait_for()
    page.evaluate(f"new Promise((done) => {{ const look = () => ({told} ? done() : setTimeout(look, 20)); look(); }})")
    page.context.clear_cookies(name="carillon_zone")
    page.goto("/preferences", wait_until="domcontentloaded")
    assert page.evaluate(told)
    page.locator(HERE).wait_for()


def test_quiet_hours_chosen_here_hold_the_next_mail_until_the_morning(look, served):
    move_to(served, 20)
    page = look(login="member")
    page.locator(HERE).wait_for()
    page.get_by_role("link", name="Preferences").click()
    expect(page.locator("h1")).to_have_text("What should we send you?")
    expect(page.locator("#ahead")).to_contain_text("Nothing is held at night")
    page.get_by_role("switch", name="Hold messages in these hours").click()
    expect(page.locator("#ahead")).to_contain_text("Tonight between 22:00 and 07:00")
    expect(page.locator("#toast")).to_contain_text("Quiet hours are kept")
    move_to(served, 23)
    assert send(served)["email"].state == "held"
    assert send(served, "security")["email"].state == "sent"
    open_preferences(page)
    page.get_by_role("switch", name="Hold messages in these hours").click()
    expect(page.locator("#ahead")).to_contain_text("Nothing is held at night")
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#toast")).to_contain_text("As it was before")
    expect(page.locator("#ahead")).to_contain_text("Tonight between 22:00 and 07:00")
    page.get_by_role("switch", name="Orders by Email").click()
    expect(page.locator("#toast")).to_contain_text("Orders by Email is off")
    assert "email" not in send(served)
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("switch", name="Orders by Email")).to_be_checked()
    page.get_by_role("switch", name="Hold messages in these hours").click()
    expect(page.locator("#toast")).to_contain_text("Quiet hours are off")
    assert send(served)["email"].state == "sent"


def mail_link(served, delivery):
    """The List-Unsubscribe address of a captured mail, as its path."""

    async def read():
        app = served.house.app
        kept = (await app.captures.list(SYSTEM, delivery=delivery.id)).items[0]
        mail = re.sub(r"\r?\n[ \t]+", " ", (await app.captures.get(SYSTEM, kept.id)).mail)
        return urlsplit(re.search(r"^List-Unsubscribe:\s*<([^>]+)>", mail, re.MULTILINE)[1]).path

    return served.run(read())


def plain_faults(page, axe):
    """As `faults`, of a page without the portal's classes: the browser's preference alone makes it light or dark."""
    found = {}
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            said = judged(page, axe, COLOURS if scheme == "dark" else RULES) + (["too wide"] if wide(page) else [])
            if said:
                found[f"{width} {scheme}"] = said
    return found


def test_the_link_in_a_mails_header_asks_first_and_leads_back_from_every_step(look, served, axe):
    path = mail_link(served, send(served, "system", user="una")["email"])
    page, seen = look(), {}
    page.goto(path)
    expect(page.locator("h1")).to_have_text("Stop “System”?")
    seen["ask"] = plain_faults(page, axe)
    assert "email" in send(served, "system", user="una")  # looking changed nothing
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.locator("h1")).to_have_text("“System” is turned off")
    expect(page.locator(".big")).to_contain_text("Still arrives: Chat")
    expect(page.locator(".big")).to_contain_text("Done for u…a@example.com")
    seen["done"] = plain_faults(page, axe)
    assert send(served, "system", user="una") == {}
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("“System” is on again")
    assert send(served, "system", user="una").keys() == {"web", "email"}
    page.get_by_role("button", name="Only in the app").click()
    expect(page.locator("h1")).to_have_text("“System” now comes in the app only")
    assert send(served, "system", user="una").keys() == {"web"}
    page.get_by_role("button", name="Undo").click()
    assert send(served, "system", user="una").keys() == {"web", "email"}
    page.get_by_role("link", name="Open").click()
    expect(page.locator("h1")).to_have_text("What Carillon may send you")
    seen["preferences"] = plain_faults(page, axe)
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("checkbox", name="System: Email").uncheck()
    page.get_by_label("Once a day, at 17:00").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved. It holds from now on.")
    seen["saved"] = plain_faults(page, axe)
    assert send(served, "system", user="una").keys() == {"web"}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("It is as it was before.")
    assert send(served, "system", user="una").keys() == {"web", "email"}
    assert {name: found for name, found in seen.items() if found} == {}


def test_the_pages_behind_links_work_without_script(chromium, served):
    path = mail_link(served, send(served, "system", user="una")["email"])
    context = chromium.new_context(base_url=served.base, java_script_enabled=False, color_scheme="dark", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(path)
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.locator("h1")).to_have_text("“System” is turned off")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("h1")).to_have_text("“System” is on again")
    page.goto("/u/broken-in-two")
    expect(page.locator("main")).to_contain_text("The link is not whole")
    context.close()


def test_preferences_have_no_finding_and_speak_german_at_once(look, served, axe):
    page = look(login="member")
    page.locator(HERE).wait_for()
    open_preferences(page)
    page.get_by_role("switch", name="Hold messages in these hours").click()
    page.locator(".quietspan").wait_for()
    page.get_by_role("button", name="Add other times").click()
    expect(page.locator(".quietspan")).to_have_count(2)
    assert faults(page, axe) == {}
    page.select_option("#tongue", "de")
    expect(page.locator("h1")).to_have_text("Was dürfen wir Ihnen senden?")
    expect(page.locator("#toast")).to_contain_text("Diese Seite spricht jetzt Deutsch")
    page.locator("#toast").get_by_role("button", name="Rückgängig").click()
    expect(page.locator("h1")).to_have_text("What should we send you?")
    page.get_by_role("switch", name="Hold messages in these hours").click()
    expect(page.locator(".quietspan")).to_have_count(0)


def test_the_inbox_moves_by_keys_finds_words_and_brings_back_what_slept(look, served, axe):
    for title in ("Parcel left Bergen", "Parcel is near", "Pick it up"):
        send_to(served, "operator", title)
    page = look(login="operator")
    page.goto("/inbox")
    expect(page.locator(".msg")).to_have_count(3)
    expect(page.locator(".dayhead h2")).to_have_text(["Today"])
    expect(page.locator(".facts").first).to_contain_text("Orders")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".msg").nth(1).locator(".fold")).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator(".msg.unread")).to_have_count(2)
    second = page.locator(".msg").nth(1).locator(".title").inner_text()
    page.keyboard.press("e")
    expect(page.locator(".msg")).to_have_count(2)
    expect(page.locator(".msg").nth(1).locator(".fold")).to_be_focused()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".msg", has_text=second)).to_have_count(1)
    page.fill("#find", "parcel")
    expect(page.locator(".msg")).to_have_count(2)
    page.fill("#find", "nothing like it")
    expect(page.locator(".empty")).to_contain_text("Nothing found")
    page.fill("#find", "")
    expect(page.locator(".msg")).to_have_count(3)

    page.get_by_label("Select all shown").click()
    expect(page.get_by_label("Select all shown")).to_be_checked()
    page.locator(".bulk").get_by_role("button", name="Snooze…").click()
    page.locator("#snooze-day").wait_for()
    page.emulate_media(reduced_motion="reduce")  # colours change at once, however busy the machine is
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("#snoozer").get_by_role("button", name="In an hour").click()
    expect(page.locator("#toast")).to_contain_text("3 snoozed until")
    expect(page.locator(".empty")).to_contain_text("Nothing has come yet")

    async def later():
        served.clock.move(3700)
        await served.house.app.inbox.list(own("operator"), "operator")

    served.run(later())
    expect(page.locator(".msg.unread")).to_have_count(3)  # without a reload

    page.get_by_role("button", name="Mark all read").click()
    expect(page.locator(".msg.unread")).to_have_count(0)
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".msg.unread")).to_have_count(3)


def test_why_did_i_get_this_leads_to_fewer_and_back(look, served):
    send_to(served, "analyst", "About an order")
    page = look(login="analyst")
    page.goto("/inbox")
    page.get_by_role("button", name="Why did I get this?").first.click()
    expect(page.locator(".whybox")).to_contain_text("“Orders” is on for you")
    page.locator(".whybox").get_by_role("button", name="Fewer of these").click()
    expect(page.locator("#toast")).to_contain_text("“Orders” comes in the app only")
    assert wishes_of(served, "analyst").matrix["orders"] == {"web": True, "email": False, "push": False}
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#toast")).to_contain_text("As it was before")
    assert wishes_of(served, "analyst").matrix == {}
    page.get_by_role("button", name="Why did I get this?").first.click()
    page.locator(".whybox").get_by_role("button", name="Turn off “Orders”").click()
    expect(page.locator("#toast")).to_contain_text("“Orders” is turned off")
    assert send_to(served, "analyst", "Not this one") == {}
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(page.locator("#toast")).to_contain_text("As it was before")
    send_to(served, "analyst", "But this one")
    expect(page.locator(".msg .title").first).to_have_text("But this one")


def test_the_history_says_what_was_not_sent_and_why(look, served, axe):
    send(served, "marketing", "member", "An offer")
    page = look(login="member")
    page.locator(HERE).wait_for()
    page.get_by_role("link", name="History").click()
    offer = page.locator(".past", has_text="An offer").first
    expect(offer).to_contain_text("You have not asked for news about “Offers”.")
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Not sent").click()
    expect(page).to_have_url(re.compile(r"fate=none"))
    expect(page.locator(".past").first).to_contain_text("An offer")
    page.select_option("#h-channel", "sms")
    expect(page.locator(".empty")).to_contain_text("Nothing like that")
    page.get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url(re.compile(r"/history$"))
    expect(page.locator(".past").first).to_be_visible()


def test_everything_can_be_taken_along_and_then_erased(look, served, axe):
    served.run(served.house.app.accounts.create(SYSTEM, "leaving", PASSWORD, "member", "Leaving Soon"))
    send_to(served, "leaving", "The last one")
    page = look(login="leaving")
    page.goto("/my-data")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download my data").click()
    copy = json.loads(Path(coming.value.path()).read_text())
    assert (copy["user"]["id"], copy["inbox"][0]["title"]) == ("leaving", "The last one")
    page.get_by_role("button", name="Erase my data…").click()
    page.fill("#erase-id", "somebody")
    page.locator("#erase").get_by_role("button", name="Erase my data").click()
    expect(page.locator("#erase")).to_contain_text("Type leaving. Nothing was erased.")
    assert faults(page, axe) == {}
    page.fill("#erase-id", "leaving")
    page.locator("#erase").get_by_role("button", name="Erase my data").click()
    expect(page).to_have_url(re.compile(r"/sign-in\?reason=erased"))
    expect(page.locator(".note")).to_contain_text("Everything that was kept of you is erased.")
    late = EventIn(type="t", category="orders", to=To(user="leaving"), title="Too late")
    (answer,) = served.run(served.house.app.events.accept(SYSTEM, [late]))
    assert isinstance(answer, UnknownUser)


def test_a_person_finds_their_own_pages_beside_the_account_too(look):
    page = look(login="member")
    page.locator(HERE).wait_for()
    page.get_by_role("link", name="Your account").click()
    expect(page.locator("h1")).to_have_text("Your account")
    expect(page.locator(".shell > .side .nav .lbl")).to_have_text(["Inbox", "Your preferences", "Your account"])
    page.locator(".shell > .side .nav", has_text="Your preferences").click()
    expect(page.locator("h1")).to_have_text("What should we send you?")
