"""Experiments in a real browser: a winner that is read and sent to the rest, one that is too early and is ended, and the calculator. Judged by axe."""

import os

import msgspec
import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from backend.app.views import TemplateIn
from backend.domain.campaign import Campaign, Experiment, Variant
from backend.domain.ids import NO_ID, make_id
from backend.domain.run import Content, RunBody
from backend.domain.template import Content as Texts
from backend.domain.template import WebContent
from backend.security.roles import SYSTEM
from backend.store import tables
from backend.store.campaign_rows import CampaignRow, RunRow, VersionRow, WaveRow, add_run, add_version, add_waves
from backend.store.campaign_rows import put as put_campaign
from tests.portal.e2e.conftest import HERE, faults, wide

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
LATE = 45_000
DAY = 86_400.0
PICTURES = os.environ.get("EXPERIMENT_PICTURES", "")  # a folder: what was judged is kept there


async def experiment(house, key, name, rates, *, people=1_500, rest=600, hold=80, metric="clicked"):
    """A campaign under way whose messages are clicked at these rates within their week; rows as a run leaves them."""
    app, now = house.app, house.app.clock.now()
    await app.templates.put(SYSTEM, key, TemplateIn(name=key, content=Texts(web=WebContent("Look {{ user.name }}"))))
    await app.templates.publish(SYSTEM, key)
    plan = Experiment(metric=metric, event="order.placed", share=70, holdout=2, window_days=21, least=500)
    campaign = Campaign(audience="", variants=tuple(Variant("AB"[n], key, 50) for n in range(2)), channels=("web",), experiment=plan)
    body = msgspec.json.encode(campaign).decode()
    made = make_id(int(now * 1000), key.encode())
    run = RunRow(space=1, id=made, campaign=key, version=1, planned=now, state="testing", recipients=2 * people + rest + hold, forecast=NO_ID, created=now, started=now,
                 body=msgspec.json.encode(RunBody((Content(key, 1), Content(key, 1)))).decode())  # fmt: skip
    waves = [WaveRow(space=1, run=made, n=n, kind=kind, at=at, recipients=many, state=state, changed=now)
             for n, kind, at, many, state in ((0, "test", now, 2 * people, "finished"), (1, "rest", None, rest, "waiting"))]  # fmt: skip

    def write(tx):
        put_campaign(tx, CampaignRow(space=1, key=key, name=name, state="running", body=body, version=1, revision=1, created=now, changed=now, changed_by="marketer"))
        add_version(tx, VersionRow(space=1, key=key, version=1, body=body, at=now, by="marketer"))
        add_run(tx, run)
        add_waves(tx, waves)
        rows = []
        for n in range(2 * people + rest + hold):
            variant = n % 2 if n < 2 * people else -3 if n < 2 * people + rest else -2
            did = variant >= 0 and (n // 2) < people * rates[variant]
            at = now + 60.0 + (n * 7_919 % 1_000) / 1_000 * 6.5 * DAY
            rows.append({"run": made, "person": 10_000 + n, "space": 1, "variant": variant, "wave": 1 if variant == -3 else 0, "foreseen": b"", "got": now if variant >= 0 else None,
                         metric: at if did else None, "unsubscribed": at if variant >= 0 and n % 700 == 0 else None})  # fmt: skip
        tx.conn.execute(insert(tables.recipients), rows)

    await app.store.write(write)


@pytest.fixture(scope="module")
def tried(server):
    """A clear winner and one that has only begun."""

    async def fill():
        house = server.house
        await experiment(house, "autumn", "Autumn trail sale: subject line", (0.08, 0.16))
        for _ in range(8 * 24 // 6):
            server.clock.move(6 * 3_600)
            await house.line.looks.once()  # the first begins to watch it
        await experiment(house, "winter", "Winter coats", (0.05, 0.06), rest=0)
        await house.line.looks.once()
        await house.line.looks.once()

    server.run(fill(), 120)
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
        page.wait_for_timeout(500)
        page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    return found


def test_a_winner_is_read_and_sent_to_the_rest(look, tried, axe):
    page = look(login="marketer")
    page.get_by_role("link", name="Experiments", exact=True).first.click()
    at(page, "Experiments")
    expect(page.locator("#content")).to_contain_text("Send message B to everyone else.", timeout=LATE)
    assert seen(page, axe, "list") == {}
    page.get_by_role("link", name="Autumn trail sale: subject line").click()
    at(page, "Autumn trail sale")
    content = page.locator("#content")
    for words in ("Send message B to everyone else.", "percentage points more clicks than A", "on the 600 people left", "Split is healthy", "Enough people", "Unsubscribes", "Chance to be better"):
        expect(content).to_contain_text(words, timeout=LATE)
    for forbidden in ("significant", "p-value", "p value"):
        assert forbidden not in content.inner_text()
    assert seen(page, axe, "winner") == {}
    page.get_by_role("button", name="Send to the rest…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("600 people wait for it.")
    expect(dialog.get_by_label("Message")).to_have_value("1")
    assert seen(page, axe, "dialog") == {}
    dialog.get_by_role("button", name="Send it to 600 people").click()
    expect(content).to_contain_text("Message B goes to everyone else.", timeout=LATE)
    expect(page.get_by_role("button", name="Send to the rest…")).to_have_count(0)


def test_one_that_has_begun_says_so_and_can_be_ended(look, tried, axe):
    page = look(login="doris", locale="de-AT")
    at(page, "")
    page.goto("/experiments/winter")
    at(page, "Winter coats")
    expect(page.locator("#content")).to_contain_text("Es ist zu früh für ein Urteil.", timeout=LATE)
    assert seen(page, axe, "early-de") == {}
    page.get_by_role("button", name="Experiment beenden…").click()
    page.get_by_role("dialog").get_by_role("button", name="Experiment beenden").click()
    expect(page.locator("#content")).to_contain_text("Das Experiment wurde von Doris Beispiel beendet.", timeout=LATE)


def test_an_analyst_looks_on_and_works_out_how_many_people_it_takes(look, tried):
    page = look(login="analyst")
    page.goto("/experiments")
    at(page, "Experiments")
    page.get_by_label("Rate now, %").fill("20")
    page.get_by_label("Smallest gain, points").fill("5")
    page.get_by_label("People there are").fill("1000")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#content")).to_contain_text("It takes 2,093 people for each message, 4,186 in all.", timeout=LATE)
    expect(page.locator("#content")).to_contain_text("ask for a greater gain, or for more people")
    page.get_by_label("Smallest gain, points").fill("much")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#content")).to_contain_text("Write a number, such as 2.5", timeout=LATE)
    page.goto("/experiments/nothing")
    expect(page.locator("#content")).to_contain_text("There is no such experiment", timeout=LATE)
    assert not wide(page)
