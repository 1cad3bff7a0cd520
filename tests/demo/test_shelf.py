"""The demo's audiences and campaigns: in every state that a newcomer wants to see, for its own people alone, and gone with it."""

from datetime import UTC, datetime

import pytest
from msgspec import structs
from sqlalchemy import func, select

from backend.app.campaign_views import CampaignIn
from backend.app.demo import PROGRESS
from backend.app.engagement_views import EngagementIn
from backend.app.views import PersonIn, PreferencesIn
from backend.security.roles import SYSTEM
from backend.store import marks, tables
from carillon.demo import campaigns, history, leaves, people, plot
from carillon.demo.campaigns import AUDIENCES, own_hour, planned
from carillon.demo.life import Life
from carillon.demo.plot import TINY, Size
from tests.demo.conftest import is_true, rows, seeded
from tests.demo.test_leaving import OF_A_NEW_HOUSE, gone


async def test_there_are_audiences_with_people_and_campaigns_in_several_states(house):
    app = house.app
    await seeded(house)
    await house.settle()
    sizes = {one.key: one.size for one in (await app.audiences.list(SYSTEM)).items}
    assert sizes.keys() == {one.key for one in AUDIENCES}
    assert sizes["staff"] == 5 and sizes["offers_yes"] > 10
    states = await app.campaigns.counts(SYSTEM)
    assert states["draft"] == 1 and states["review"] == 1 and states["scheduled"] >= 2
    assert (await app.forecasts.get(SYSTEM, "advent")).state == "done"
    ahead = await app.campaigns.calendar(SYSTEM, house.clock.now(), house.clock.now() + 14 * 86_400)
    assert {one.key for one in ahead} >= {"advent", "tea_monday"}


async def test_what_goes_out_by_itself_goes_to_the_demo_alone(alone):
    app = alone.app
    await app.people.put(SYSTEM, "real", PersonIn(name="Real Person", email="real@example.net", groups=["loyal", "newsletter"], attributes={"plan": "plus"}))
    await app.preferences.put(SYSTEM, "real", PreferencesIn(consents={"marketing": True, "product": True}))
    await seeded(alone)
    for step in [86_400] * 7 + [36_000, 36_000, 2]:  # whoever is asleep at this hour is not at that one
        alone.clock.move(step)
        await alone.settle()
    assert (await app.deliveries.list(SYSTEM, user="real")).items == []
    assert (await app.campaigns.get(SYSTEM, "advent")).state == "finished"
    assert (await app.campaigns.get(SYSTEM, "good_morning")).state == "finished"
    assert (await app.campaigns.runs(SYSTEM, "tea_monday")).items


async def test_a_campaign_that_somebody_changed_stays_as_a_draft_with_what_it_names(house):
    app = house.app
    await seeded(house)
    await house.settle()
    await app.campaigns.pause(SYSTEM, "tea_monday")  # that is no change of what it says
    mine = await app.campaigns.get(SYSTEM, "advent")
    fields = structs.asdict(mine.draft)
    given = CampaignIn(**{**fields, **{name: [*fields[name]] for name in ("exclude", "variants", "channels")}}, name="Mine", revision=mine.revision)
    await app.campaigns.put(SYSTEM, "advent", structs.replace(given, description="Mine now"))
    told = await app.demo.counts(SYSTEM)
    assert "advent" not in told.campaigns and "tea_monday" in told.campaigns
    assert set(told.kept) == {"advent", "offers_yes", "staff", "weekly_offer"}
    await gone(app, each=is_true)
    left = await rows(app)
    assert left.keys() - OF_A_NEW_HOUSE == {"campaigns", "campaign_versions", "audiences", "audience_versions", "templates", "template_versions"}
    after = await app.campaigns.get(SYSTEM, "advent")
    assert (after.state, after.draft.description, after.next_at) == ("draft", "Mine now", None)
    assert {one.key for one in (await app.audiences.list(SYSTEM)).items} == {"offers_yes", "staff"}


@pytest.mark.parametrize("hour", range(24))
def test_a_campaign_by_each_clock_is_on_its_way_whenever_the_demo_begins(hour):
    now = datetime(2026, 11, 27, hour, 30, tzinfo=UTC).timestamp()
    wall = datetime.fromisoformat(own_hour(now)).replace(tzinfo=UTC).timestamp()
    first, last = wall - 13 * 3_600, wall + 8 * 3_600  # Auckland, Los Angeles
    assert first - 3_600 < now < last
    assert all(one.body.audience in {group.key for group in AUDIENCES} for one in planned(now))


async def test_what_ran_has_its_plan_beside_the_fact_and_every_number_is_true(house):
    app = house.app
    await seeded(house)
    await is_true(app)
    for key in ("two_offers", "autumn_shelf", "first_lines"):
        report = await app.forecasts.report(SYSTEM, key)
        assert report.units == sum(row.planned for row in report.rows) > 0
        assert sum(row.fact or 0 for row in report.rows) + report.waiting == report.units
        assert not report.detail
    assert (await app.campaigns.get(SYSTEM, "autumn_shelf")).state in ("finished", "running")  # running while somebody of it is asleep
    looked = {one.campaign: one for one in (await app.experiments.list(SYSTEM)).items}
    assert looked.keys() == {"two_offers", "first_lines"}
    assert len((await app.experiments.get(SYSTEM, "two_offers")).looks) > 3
    if looked["two_offers"].rest:
        await app.experiments.roll_out(SYSTEM, "two_offers", 1)
        house.clock.move(5)
        await house.settle()
        house.clock.move(86_400)
        await house.settle()
        assert (await app.campaigns.get(SYSTEM, "two_offers")).state == "finished"
    await is_true(app)


async def test_a_newcomer_finds_a_verdict_and_people_who_order(alone):
    app = alone.app
    await Life(app, Size(5_000, 12, 4)).seed()
    one = await app.experiments.get(SYSTEM, "two_offers")
    assert (one.state, one.winner, one.split_ok, one.can) == ("winner", 1, True, ["roll_out"])
    assert one.sentence == "Send message Teapot to everyone else."
    assert (await app.experiments.get(SYSTEM, "first_lines")).state == "waiting"
    bought = await app.audiences.get(SYSTEM, "bought")
    assert (bought.size or 0) > 40
    run = (await app.campaigns.get(SYSTEM, "two_offers")).run
    def read(tx):
        r = tables.recipients.c
        stamped = [select(func.count()).where(r.run == bytes.fromhex(run.id), column.is_not(None)) for column in (r.got, r.clicked, r.converted)]
        return [tx.conn.scalar(statement) for statement in stamped]

    got, clicked, converted = await app.store.read(read)
    assert got > clicked > converted > 10


async def test_a_demo_of_a_version_without_campaigns_gets_them_at_its_next_start(alone, monkeypatch):
    app = alone.app
    with monkeypatch.context() as older:
        for module in (history, plot):
            older.setattr(module, "pasts", lambda days: ())
        older.setattr(campaigns, "planned", lambda now: ())
        older.setattr(campaigns, "AUDIENCES", ())
        older.setattr(people, "_known_of", lambda one: {})
        await seeded(alone)
    assert (await app.campaigns.list(SYSTEM)).items == [] and (await app.audiences.list(SYSTEM)).items == []
    for name in PROGRESS[2:]:
        await app.store.write(lambda tx, name=name: marks.take(tx, name, marks.get(tx, name) or ""))
    alone.clock.move(40 * 86_400)
    for _ in range(2):  # the second start finds them there
        await Life(app, TINY).seed()
        assert {one.key for one in (await app.campaigns.list(SYSTEM)).items} >= {"two_offers", "autumn_shelf", "first_lines", "advent", "tea_monday"}
    await is_true(app)
    run = (await app.campaigns.get(SYSTEM, "two_offers")).run
    assert run.recipients > 5 and run.ledger.sent > 0 and run.planned_at.timestamp() > alone.clock.now() - 5 * 86_400
    await gone(app, each=is_true)
    assert (await rows(app)).keys() <= OF_A_NEW_HOUSE


async def test_some_of_a_campaigns_people_leave_what_it_is_about(house, monkeypatch):
    monkeypatch.setattr(leaves, "SHARE", 0.5)
    app = house.app
    await seeded(house)
    await is_true(app)
    now = house.clock.now()
    report = await app.engagement.report(SYSTEM, EngagementIn(since=now - 3 * 86_400, until=now))
    found = await app.store.read(_unsubscribed)
    assert report.whole.unsubscribed.part >= len(found) > 0
    assert len({user for user, _ in found}) == len(found), "nobody leaves twice"
    for user, at in found:
        newest = (await app.roster.consents(SYSTEM, user)).items[0]
        assert (newest.given, newest.source, newest.at.timestamp()) == (False, "one_click", pytest.approx(at))
    await gone(app, each=is_true)
    assert (await rows(app)).keys() <= OF_A_NEW_HOUSE


def _unsubscribed(tx):
    r, d, p = tables.receipts.c, tables.deliveries.c, tables.people.c
    both = tables.receipts.join(tables.deliveries, r.delivery == d.id).join(tables.people, d.person == p.person)
    return list(tx.conn.execute(select(p.user_id, r.at).select_from(both).where(r.kind == "unsubscribed")))
