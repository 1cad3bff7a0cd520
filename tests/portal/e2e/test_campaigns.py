"""A marketer's campaign in a real browser, by what is written on things: made, reviewed, sent, plan beside fact; every step and dialog at four looks."""

import re

import pytest
from playwright.sync_api import expect

from backend.app.audience_views import AudienceIn
from backend.app.campaign_views import CampaignIn
from backend.app.views import TemplateIn
from backend.domain.audience import All
from backend.domain.campaign import Experiment, Variant
from backend.domain.template import Content, EmailContent, WebContent
from backend.security.roles import SYSTEM
from tests.portal.e2e.conftest import HERE, faults
from tests.portal.e2e.hands import Hands

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def content(server):
    """An audience of everybody, two published templates, and a draft that tries them against each other. How many people there are."""

    async def fill():
        app = server.house.app
        await app.audiences.put(SYSTEM, "all", AudienceIn(name="All of them", rule=All()), 0)
        for key, name, title in (("gaiters", "Winter gaiters", "Gaiters are back"), ("question", "A question", "Did your feet stay dry?")):
            says = Content(email=EmailContent(title, "<p>In every size</p>"), web=WebContent(title, "In every size"))
            await app.templates.put(SYSTEM, key, TemplateIn(says, name=name), 0)
            await app.templates.publish(SYSTEM, key)
        two = [Variant("A", "gaiters", 50), Variant("B", "question", 50)]
        await app.campaigns.put(SYSTEM, "trial", CampaignIn(name="A trial", category="orders", audience="all", variants=two, experiment=Experiment(holdout=10), revision=0), 0)
        return (await app.audiences.count_of(SYSTEM, "all")).count

    return server.run(fill())


def settle(served):
    served.run(served.house.settle())


def foreseen(page, served):
    """The dry run has been asked for by the page, and is done."""
    page.get_by_role("progressbar", name="The dry run").or_(page.locator(".outc").first).first.wait_for()
    settle(served)
    page.get_by_text("on at least one channel").wait_for()


def test_a_marketer_makes_reviews_and_sends_a_campaign_by_its_labels(look, served, content):
    page = look()
    hands = Hands(page)
    hands.sign_in("marketer")
    hands.go("Campaigns")
    hands.click("link", "New campaign")
    hands.type("Campaign name", "Boot recall, size 41")
    hands.take("Category", "Orders")
    hands.click("button", "Make the draft")
    hands.take("Template of message A", "Winter gaiters")
    hands.click("button", "Look")
    hands.sees("In every size")
    page.keyboard.press("Escape")
    hands.click("link", "Continue")
    hands.take("Audience", "All of them")
    expect(page.locator("#content")).to_contain_text(f"{content}people")
    hands.sees("This names everybody you have")
    hands.click("link", "Continue")
    hands.type("Pace", "1000")
    hands.click("link", "Continue")
    hands.sees("There is one message")
    hands.click("link", "Continue")
    foreseen(page, served)
    hands.sees(re.compile(rf"of {content} people get it on at least one channel"))
    expect(page.locator("#content")).to_contain_text("Nothing is unaccounted for.")
    hands.click("button", f"Send to {content} people…")
    deed = hands.dialog().get_by_role("button", name=f"Send to {content} people")
    expect(deed).to_be_disabled()  # everybody is meant: the number is typed
    hands.type(f"Type {content} to go on", str(content), within=hands.dialog())
    deed.click()
    page.wait_for_url("**/campaigns/boot-recall-size-41")
    for _ in range(4):
        settle(served)
        served.loop.call_soon_threadsafe(served.clock.move, 30)
    hands.sees(f"{content} people worked through")
    page.reload()
    page.locator(HERE).wait_for()
    hands.sees("Plan and fact are equal.")
    expect(page.locator("#content")).to_contain_text(re.compile(r"\d+ sent.* = \d+ planned"))
    expect(page.get_by_role("region", name="Recipients").locator("tbody tr")).to_have_count(content)
    hands.click("button", "Duplicate…")
    hands.click("button", "Make the copy", hands.dialog())
    page.get_by_role("heading", name="Name and channels").wait_for()
    expect(page.get_by_label("Campaign name")).to_have_value("Boot recall, size 41, copy")


def test_two_people_on_one_draft_see_both_and_lose_nothing(look, served, content):
    mine, theirs = look(login="marketer"), look(login="admin")
    for page in (mine, theirs):
        page.locator(HERE).wait_for()
        page.goto("/campaigns/trial/edit?step=1")
        page.get_by_label("Campaign name").wait_for()
    theirs.get_by_label("Campaign name").fill("Their name")
    theirs.keyboard.press("Tab")
    expect(theirs.get_by_role("heading", level=1)).to_have_text("Their name")
    mine.get_by_label("Campaign name").fill("My name")
    mine.keyboard.press("Tab")
    mine.get_by_role("heading", name="Choose what stands").wait_for()
    expect(mine.locator("#torn")).to_contain_text("My name")
    expect(mine.locator("#torn")).to_contain_text("Their name")
    mine.get_by_label("Theirs").click()
    mine.get_by_role("button", name="Save this").click()
    expect(mine.locator("#torn")).to_have_count(0)
    expect(mine.get_by_label("Campaign name")).to_have_value("Their name")


def test_channels_are_put_in_order_by_the_keyboard_alone(look, served, content):
    page = look(login="marketer")
    page.locator(HERE).wait_for()
    page.goto("/campaigns/trial/edit?step=1")
    page.get_by_role("button", name="Email earlier").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chpick.on label").first).to_have_text("Email")


@pytest.mark.parametrize("step", range(1, 6))
def test_a_step_has_no_finding(look, served, axe, content, step):
    page = look(login="marketer")
    page.locator(HERE).wait_for()
    page.goto(f"/campaigns/trial/edit?step={step}")
    page.get_by_role("navigation", name="Steps").wait_for()
    if step == 5:
        foreseen(page, served)
    assert faults(page, axe) == {}


def test_lists_and_dialogs_have_no_finding(look, served, axe, content):
    page = look(login="marketer")
    page.locator(HERE).wait_for()
    for path, there in (("/campaigns", ".rowlink"), ("/campaigns/new", "#n-name"), ("/calendar", ".calgrid")):
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(path)
        page.locator(there).first.wait_for()
        assert faults(page, axe) == {}, path
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/campaigns/trial")
    for button in ("Duplicate…", "Delete…"):
        page.get_by_role("button", name=button).click()
        page.locator("dialog[open]").wait_for()
        assert faults(page, axe) == {}, button
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)


def test_the_rule_is_changed_where_the_campaign_is_and_nowhere_else(look, served, axe, content):
    page = look(login="marketer")
    hands = Hands(page)
    page.locator(HERE).wait_for()
    page.goto("/campaigns/trial/edit?step=2")
    hands.sees("Used here, too: the campaign Boot recall, size 41")
    hands.click("button", "Change a copy instead")
    hands.sees("The campaign has an audience of its own")
    expect(page.get_by_label("Audience", exact=True).locator("option:checked")).to_have_text("A trial: its people".replace("A trial", page.get_by_role("heading", level=1).inner_text()))
    hands.take("Add a condition", "What is known of them")
    hands.take("Attribute", "timezone")
    hands.type("Value", "Europe/Oslo")
    hands.press("Tab")
    hands.sees("People whose timezone is “Europe/Oslo”.")
    assert faults(page, axe) == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    hands.click("link", "Continue")
    hands.sees("The rule of the audience is changed and not saved")  # a step further it is not lost, and not forgotten either
    hands.click("button", "Save the rule")
    expect(page.get_by_role("button", name="Save the rule")).to_have_count(0)
    saved = served.run(served.house.app.audiences.count_of(SYSTEM, served.run(served.house.app.campaigns.get(SYSTEM, "trial")).draft.audience)).count
    assert 0 < saved < content
    expect(page.locator("#content")).to_contain_text(f"{saved}people")
    assert served.run(served.house.app.audiences.get(SYSTEM, "all")).rule == All(), "the other campaign keeps its people"
