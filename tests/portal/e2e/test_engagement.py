"""Engagement in a real browser: an analyst reads the funnel, picks a campaign and its variant, breaks down, compares two; in both languages. Judged by axe."""

import os
import re
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from backend.app.views import PreferencesIn, QuietHoursIn
from backend.domain.campaign import Campaign, Variant
from backend.domain.delivery import SKIPPED, State
from backend.domain.event import HOLDOUT
from backend.domain.ids import NO_ID
from backend.domain.tally import PEOPLE, QUARTER, STAMP, TAKEN, people_cohort
from backend.security.roles import SYSTEM
from backend.store import rollup, tables, tallies
from tests.portal.e2e.conftest import HERE, faults, wide

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
LATE = 45_000
WEB, EMAIL = 1, 2
HOUR = 3_600.0
PICTURES = os.environ.get("ENGAGEMENT_PICTURES", "")  # a folder: what was judged is kept there
RUNS = {"spring": b"\1" * 16, "fall": b"\2" * 16, "tiny": b"\3" * 16}
NAMES = {"spring": "Spring sale", "fall": "Fall jackets", "tiny": "Twelve friends"}


def counted(now: float):
    """Cohorts and their tallies: 48 hours of spring (A opened by 30, clicked by 9 of 100; B by 20 and 20), fall at once, a campaign of twelve, orders."""
    rows, net = [], Counter()

    def cohort(number, category, campaign, variant):
        rows.append({"space": 1, "cohort": number, "category": category, "priority": "low", "event": NO_ID, "created": now, "campaign": campaign, "variant": variant})
        return number

    def add(number, at, channel, kinds, provider=""):
        for kind, n in kinds.items():
            net[1, int(at // QUARTER), number, channel, provider, int(kind)] += n

    for campaign, run in RUNS.items():
        for variant, opened, clicked in ((0, 30, 9), (1, 20, 20)):
            sent = 100 if campaign != "tiny" else 3 * (1 + variant)
            share = sent / 100 * (0.5 if campaign == "fall" else 1)
            mine = cohort(100 + 10 * list(RUNS).index(campaign) + variant, "product", campaign, variant)
            people = cohort(people_cohort(1, run, variant, demo=False), "product", campaign, variant)
            hours = range(1, 49) if campaign == "spring" else (20,)
            for hour in hours:
                at, busy = now - hour * HOUR, 2 if campaign != "tiny" and 8 <= hour % 24 <= 12 else 1
                stamps = {STAMP["opened_human"]: round(opened * share) * busy, STAMP["opened_machine"]: round(40 * share), STAMP["clicked"]: round(clicked * share), STAMP["unsubscribed"]: round(share)}
                add(mine, at, EMAIL, {State.SENT: sent * busy, State.BOUNCED: round(2 * share), SKIPPED: round(5 * share), **stamps})
                add(mine, at, EMAIL, {TAKEN: sent * busy}, "capture-email")
            got = sent * (58 if campaign == "spring" else 1)
            done = {"got": got, "opened": got * opened // 100, "clicked": got * clicked // 100, "converted": got * clicked // 300, "unsubscribed": got // 100, "bounced": got // 50}
            add(people, now - 20 * HOUR, 0, {PEOPLE[name]: n for name, n in done.items() if n})
    held_out = cohort(people_cohort(1, RUNS["spring"], HOLDOUT, demo=False), "product", "spring", HOLDOUT)
    add(held_out, now - 20 * HOUR, 0, {PEOPLE["converted"]: 7})
    orders = cohort(500, "orders", "", -1)
    add(orders, now - 5 * HOUR, WEB, {State.DELIVERED: 900, STAMP["read"]: 400})
    return rows, net


@pytest.fixture(scope="module")
def told(server):
    """Three campaigns and what came of them, as tallies say; two people changed their minds."""

    async def fill():
        app, now = server.house.app, server.house.app.clock.now()
        rows, net = counted(now)

        def write(tx):
            tx.conn.execute(insert(tables.cohorts), rows)
            tallies.add(tx, net)
            for key, name in NAMES.items():
                body = msgspec.json.encode(Campaign(audience="" if key == "fall" else "friends", variants=(Variant("Short"), Variant("Long")))).decode()
                tx.conn.execute(insert(tables.campaigns), {"space": 1, "key": key, "name": name, "state": "finished", "body": body, "revision": 1, "created": now, "changed": now})

        await app.store.write(write)
        for user, yes in (("mia", True), ("una", False)):
            await app.preferences.put(SYSTEM, user, PreferencesIn(consents={"product": yes}, channels={"sms": False}))
        await app.preferences.put(SYSTEM, "una", PreferencesIn(matrix={"orders": {"email": False}}, quiet_hours=[QuietHoursIn("22:00", "07:00")]))
        await app.store.write(lambda tx: rollup.compact(tx, 1_000))

    server.run(fill(), 60)
    return server


def at(page, heading):
    page.locator(HERE).wait_for()
    expect(page.locator("h1")).to_contain_text(heading, timeout=LATE)


def seen(page, axe, name):
    """What axe finds; the pictures are kept where somebody asked for them."""
    found = faults(page, axe)
    for width, scheme in ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")) if PICTURES else ():
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(700)
        page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    return found


def card(page, heading):
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=heading, exact=True))


def test_from_the_funnel_to_one_message_of_a_campaign(look, told, axe):
    page = look(login="analyst")
    page.get_by_role("link", name="Engagement", exact=True).first.click()
    at(page, "Engagement")
    content = page.locator("#content")
    expect(content).to_contain_text("Of the messages that arrived people opened", timeout=LATE)
    steps = card(page, "From planned to converted").get_by_role("listitem")
    expect(steps).to_contain_text(["Planned", "Went out", "Delivered", "Opened by people", "Opened by machines", "Clicked", "Converted"])
    expect(card(page, "Unique people")).to_contain_text("Of the people who got nothing on purpose 7 converted")
    expect(card(page, "Opt-ins and opt-outs over time")).to_contain_text("Opted out1")
    expect(card(page, "Channels, pauses and quiet hours over time")).to_contain_text("Channel turned off2")
    texts = card(page, "Channels turned on and off").get_by_role("row").filter(has_text="SMS")
    expect(texts.get_by_role("cell")).to_have_text(["SMS", "0", "2"])
    expect(card(page, "Opt-ins and opt-outs by category")).to_contain_text("On single channels: 0 on, 1 off")
    expect(card(page, "Where they said it")).to_contain_text("A form or program")
    with page.expect_download() as kept:
        card(page, "Where they said it").get_by_role("link", name="File of what was turned on and off").click()
    lines = Path(kept.value.path()).read_text().splitlines()
    assert [line.split(",")[:3] for line in lines[1:] if "SMS" in line] == [["Channel", "SMS", "sms"]]
    friends = card(page, "Breakdown").get_by_role("row").filter(has_text="Twelve friends")
    expect(friends).to_contain_text("9")
    expect(friends).not_to_contain_text("%")  # of nine messages there is no rate
    assert seen(page, axe, "engagement") == {}
    page.get_by_role("button", name="What is counted").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 of 7 stays 2 of 7")
    assert faults(page, axe) == {}
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Campaign").select_option(label="Spring sale")
    expect(page).to_have_url(re.compile("campaign=spring"), timeout=LATE)
    rows = card(page, "Breakdown").get_by_role("row")
    expect(rows.filter(has_text="A · Short")).to_contain_text("30.0%", timeout=LATE)
    expect(rows.filter(has_text="Holdout")).to_have_count(1)
    page.get_by_role("combobox", name="Variant").select_option(label="B · Long")
    expect(page).to_have_url(re.compile("variant=1"), timeout=LATE)
    expect(rows.filter(has_text="A · Short")).to_have_count(0, timeout=LATE)
    page.get_by_role("button", name="Clicked", exact=True).first.click()
    expect(page).to_have_url(re.compile("(heat|sort)=clicked"), timeout=LATE)
    page.reload()
    at(page, "Engagement")
    expect(page.get_by_role("combobox", name="Variant")).to_have_value("1", timeout=LATE)
    page.get_by_role("combobox", name="Campaign").select_option(label="Twelve friends")
    expect(page).not_to_have_url(re.compile("variant="), timeout=LATE)
    expect(content).to_contain_text("Too few to be sure", timeout=LATE)
    expect(card(page, "Hours of the week")).to_contain_text("No hour has a share: in none of them 30 messages went out, 9 at most.")


def test_audience_and_provider_are_filters_and_say_what_they_leave_out(look, told, axe):
    page = look(login="marketer")
    page.goto("/engagement?range=30")
    at(page, "Engagement")
    page.get_by_role("combobox", name="Audience").select_option(label="friends")
    expect(card(page, "Breakdown").get_by_role("row").filter(has_text="Fall jackets")).to_have_count(0, timeout=LATE)
    page.get_by_role("combobox", name="Provider").select_option(label="capture-email")
    content = page.locator("#content")
    expect(content).to_contain_text("capture-email took", timeout=LATE)
    expect(card(page, "Unique people")).to_contain_text("One person has several channels and providers.")
    assert faults(page, axe) == {}
    page.get_by_role("link", name="Clear").first.click()
    expect(page).to_have_url(re.compile("/engagement$"), timeout=LATE)
    page.goto("/engagement?from=2020-01-01&to=2020-01-02")
    expect(content).to_contain_text("Nothing was planned in this time", timeout=LATE)


def test_campaigns_are_chosen_and_stand_side_by_side(look, told, axe):
    page = look(login="analyst")
    page.goto("/engagement")
    at(page, "Engagement")
    for name in ("Spring sale", "Fall jackets"):
        page.get_by_role("checkbox", name=f"Compare {name}").click()
        expect(page.get_by_role("checkbox", name=f"Compare {name}")).to_be_checked()
    page.get_by_role("group", name="With the chosen rows").get_by_role("button", name="Compare", exact=True).click()
    at(page, "Compare campaigns")
    content = page.locator("#content")
    expect(content).to_contain_text("Spring sale was clicked most", timeout=LATE)
    expect(content).to_contain_text("An experiment tells.")
    table = page.get_by_role("table", name="Side by side")
    expect(table.get_by_role("columnheader")).to_have_count(3)
    expect(table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Clicked"))).to_contain_text("%")
    page.get_by_role("combobox", name="Add a campaign").select_option(label="Twelve friends")
    expect(table.get_by_role("columnheader")).to_have_count(4, timeout=LATE)
    expect(table).to_contain_text("too few for a rate")
    assert seen(page, axe, "compare") == {}
    page.get_by_role("link", name="Take Fall jackets out").click()
    expect(table.get_by_role("columnheader")).to_have_count(3, timeout=LATE)
    page.goto("/engagement/compare?campaigns=spring,nothing")
    expect(content).to_contain_text("There is no campaign nothing.", timeout=LATE)
    expect(content).to_contain_text("Add a second campaign")


def test_in_german_on_a_phone(look, told, axe):
    page = look(login="doris", locale="de-AT", width=390)
    at(page, "")
    page.goto("/engagement?heat=sent")
    at(page, "Resonanz")
    content = page.locator("#content")
    expect(content).to_contain_text("Von den angekommenen Nachrichten öffneten Menschen", timeout=LATE)
    assert seen(page, axe, "engagement-de") == {}
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/engagement/compare?campaigns=spring,fall")
    at(page, "Kampagnen vergleichen")
    expect(content).to_contain_text("Spring sale wurde am meisten angeklickt", timeout=LATE)
    assert seen(page, axe, "compare-de") == {}
    assert not wide(page)
