"""The first steps in a real browser: the demo leaves with exact counts, and the checklist ticks itself by what is there."""

import re

import pytest
from playwright.sync_api import expect

from backend.app.senders import SenderIn
from backend.domain.errors import Refusal
from backend.security.roles import SYSTEM
from carillon import demo
from tests.portal.e2e.conftest import HERE, faults

pytestmark = pytest.mark.e2e


def test_the_demo_leaves_and_what_to_do_next_ticks_itself(look, served, axe):
    app = served.house.app
    served.run(demo.start(app))
    served.run(demo.seed_rest(app))
    page = look(login="admin")
    page.locator(HERE).wait_for()
    page.goto("/start")
    expect(page.locator(".demo-figures")).to_contain_text("Fictional people")
    seen = {"the demo": faults(page, axe)}
    page.set_viewport_size({"width": 1440, "height": 900})
    counts = served.run(app.demo.counts(SYSTEM))
    page.get_by_role("button", name="Start for real…").click()
    expect(page.locator("#real")).to_contain_text(f"takes away {counts.people} fictional people")
    expect(page.locator("#real")).to_contain_text(f"{len(counts.templates)} templates")
    seen["asking"] = faults(page, axe)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Remove the demo").click()
    expect(page.locator(".points .point")).to_have_count(4, timeout=60_000)
    expect(page.locator("#toast")).to_contain_text("The demo is gone")
    assert served.run(app.demo.state(SYSTEM)).stage == "gone"
    sender = page.locator(".point", has_text="A sender")
    expect(sender).to_contain_text("Open")
    seen["the checklist"] = faults(page, axe)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#toast")).to_contain_text("No mail server is configured")
    served.run(app.senders.put(SYSTEM, "shop", SenderIn(name="Shop", address="shop@example.com", postal="1 Example Street")))
    try:
        page.reload()
        expect(sender).to_contain_text("Done")
        sender.get_by_role("link").wait_for(state="detached")
    finally:
        served.run(app.senders.remove(SYSTEM, "shop"))
    assert {name: found for name, found in seen.items() if found} == {}


def test_it_is_closed_to_everybody_but_administrators(look, served):
    page = look(login="operator")
    page.locator(HERE).wait_for()
    page.goto("/start")
    expect(page.locator("#content")).to_contain_text("not open to your role")
    with pytest.raises(Refusal):
        served.run(served.house.app.demo.leave(SYSTEM))
    page.goto("/overview")
    expect(page.locator(".shell > .side .nav", has_text=re.compile("Getting started"))).to_have_count(0)
