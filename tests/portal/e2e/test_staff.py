"""Staff at work in real browsers: from a delivery to the person and what they may get; analytics in both modes; a German working day;
and what people type to see what breaks."""

import re

import pytest
from playwright.sync_api import expect

from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from portal import words
from portal.routes import STRANGERS, routes
from tests.portal.e2e.conftest import HERE, faults, wide

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
LATE = 45_000
RTL = "\u202e\u05e9\u05dc\u05d5\u05dd"
HOSTILE = f'<img src=x onerror="window.broken=1"> {{{{ 7*7 }}}} =HYPERLINK(1) {RTL}'


@pytest.fixture(scope="module")
def worked(server):
    """Two people got something, one of them by mail too."""

    async def fill():
        for user, category in (("mia", "orders"), ("una", "orders"), ("una", "system")):
            await server.house.app.events.accept(SYSTEM, [EventIn(type="t", category=category, to=To(user=user), title=f"Word to {user}")])
        await server.house.settle()
        await server.house.line.rollup.once()  # what analytics read; by itself every few seconds, and a quick machine is there before

    server.run(fill())


def at(page, heading):
    page.locator(HERE).wait_for()
    expect(page.locator("h1")).to_contain_text(heading, timeout=LATE)


def test_from_a_delivery_to_the_person_to_a_category_and_a_group(look, worked):
    page = look(login="operator")
    at(page, "Overview")
    page.get_by_role("link", name="Deliveries", exact=True).first.click()
    at(page, "Deliveries")
    page.get_by_role("link", name="Word to mia").first.click()
    at(page, "Word to mia")
    page.locator("#content").get_by_role("link", name="mia", exact=True).first.click()
    at(page, "Mia Berg")
    page.get_by_role("rowheader").get_by_role("link", name="Orders").click()
    at(page, "Orders")
    expect(page.locator("#content")).to_contain_text("Quiet hours hold it until they end.")
    expect(page.get_by_role("button", name="Change…")).to_have_count(0)  # an operator looks on
    page.go_back()
    at(page, "Mia Berg")
    page.get_by_role("link", name="club", exact=True).click()
    at(page, "The club")
    expect(page.get_by_role("link", name="tom", exact=True)).to_be_visible(timeout=LATE)
    page.get_by_role("link", name="mia", exact=True).click()
    at(page, "Mia Berg")
    page.get_by_role("link", name="All deliveries to this person").click()
    at(page, "Deliveries")
    expect(page.get_by_role("searchbox", name="User id")).to_have_value("mia")
    expect(page.get_by_role("link", name="Word to una")).to_have_count(0)


def test_analytics_is_filtered_read_as_a_table_and_looks_right_in_both_modes(look, axe, worked):
    page = look(login="analyst")
    page.goto("/analytics")
    at(page, "Analytics")
    page.get_by_role("combobox", name="Channel").select_option(label="Email")
    expect(page).to_have_url(re.compile("channel=email"), timeout=LATE)
    expect(page.get_by_role("definition").filter(has_text=re.compile(r"^of \d+ planned$"))).to_have_text("of 3 planned", timeout=LATE)
    page.get_by_role("combobox", name="Channel").select_option(label="All channels")
    expect(page).not_to_have_url(re.compile("channel="), timeout=LATE)
    page.get_by_role("button", name="24 hours").click()
    expect(page.get_by_role("button", name="24 hours")).to_have_attribute("aria-pressed", "true", timeout=LATE)
    page.locator(".late").wait_for(state="detached")
    volume = page.locator("section, .card").filter(has=page.get_by_role("heading", name="Volume over time")).last
    volume.locator("summary").click()
    rows = volume.get_by_role("row")
    expect(rows.nth(1)).to_be_visible(timeout=LATE)
    rows.nth(1).hover()
    page.reload()
    at(page, "Analytics")
    expect(page.get_by_role("button", name="24 hours")).to_have_attribute("aria-pressed", "true", timeout=LATE)
    page.locator(".js-plotly-plot svg text").first.wait_for(timeout=LATE)
    inks = []
    for mode in ("light", "dark"):
        page.emulate_media(color_scheme=mode)
        page.locator(f"html.{mode}").wait_for()
        drawn = page.locator(".js-plotly-plot svg .ytick text").first
        expect(drawn).to_be_visible(timeout=LATE)
        if inks:
            expect(drawn).not_to_have_css("fill", inks[0], timeout=LATE)
        inks.append(drawn.evaluate("(e) => getComputedStyle(e).fill"))
    assert len(set(inks)) == 2
    assert faults(page, axe) == {}


def test_a_german_working_day_has_no_english_word_of_ours(look, worked):
    page = look(login="doris", width=390)
    at(page, "Überblick")
    german = set(words._PHRASES["de"].values())
    ours = {said for said in words._PHRASES["en"].values() if len(said) > 12 and "{" not in said and said not in german}
    assert len(ours) > 400
    found = {}
    for route in [route for route in routes() if route not in STRANGERS and "[" not in route]:
        page.goto(route)
        page.locator(HERE).wait_for()
        page.locator(".late").wait_for(state="detached", timeout=LATE)
        too_wide = wide(page)
        if route == "/captured":  # what was sent to people is in their language
            page.locator("#content tbody").evaluate_all("rows => rows.forEach(one => one.remove())")
        text = page.locator("body").inner_text()
        english = [said for said in ours if re.search(rf"(?<![\w…]){re.escape(said)}(?!\w)", text)]
        if english or too_wide:
            found[route] = english or "too wide"
    assert found == {}


def test_what_people_type_to_see_what_breaks_is_text(look, worked, axe):
    page = look(login="admin")
    at(page, "Overview")
    page.goto("/groups")
    page.get_by_role("button", name="Make a group…").first.click()
    page.get_by_role("textbox", name="Key", exact=True).fill(HOSTILE)
    page.get_by_role("textbox", name="Name", exact=True).fill("Name")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("alert").locator("visible=true").first).to_be_visible(timeout=LATE)
    page.get_by_role("textbox", name="Key", exact=True).fill("odd")
    page.get_by_role("textbox", name="Name", exact=True).fill(HOSTILE)
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#content")).to_contain_text("<img src=x onerror=", timeout=LATE)
    page.goto("/groups/odd")
    at(page, "<img src=x")
    expect(page.locator("h1")).to_contain_text("{{ 7*7 }}")
    assert faults(page, axe) == {}
    for path in ("/people", "/deliveries", "/events", "/templates", "/captured", "/audit"):
        page.goto(path)
        page.locator(HERE).wait_for()
        opener = page.locator("#content").get_by_role("button", name="Filters", exact=True)
        box = page.locator("#content").get_by_role("searchbox").first
        opener.or_(box).locator("visible=true").first.wait_for()
        if opener.is_visible():  # on a phone rows come first
            opener.click()
        box.fill(HOSTILE)
        box.press("Enter")
        expect(page.locator("#content")).not_to_contain_text("Word to", timeout=LATE)
        assert not wide(page), path
    assert page.evaluate("window.broken") is None
