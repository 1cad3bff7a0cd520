"""The pages of campaigns without a browser, on the real house: a draft that is saved as it is filled in, two people on it, who may what."""

import pytest
import pytest_asyncio

from backend.app.audience_views import AudienceIn
from backend.app.campaign_views import CampaignIn, StartIn
from backend.app.views import PersonIn, TemplateIn
from backend.domain.audience import All, Attribute
from backend.domain.campaign import Experiment, Timing, Variant
from backend.domain.template import Content, EmailContent, WebContent
from backend.security.roles import SYSTEM
from portal.frame import Frame
from portal.pages.campaign_new import NewCampaign
from portal.states.audience import AudiencePage
from portal.states.calendar import Calendar
from portal.states.campaign import CampaignPage
from portal.states.campaign_edit import Builder
from portal.states.campaign_fact import CampaignFact, CampaignPeople
from portal.states.campaign_next import CampaignNext
from portal.states.campaign_reach import Reach
from portal.states.campaign_review import Review
from portal.states.campaign_whom import Whom
from portal.states.campaigns import Campaigns
from tests.portal.test_pages import tab  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def content(house):
    """An audience of everybody and a published template."""
    await house.app.audiences.put(SYSTEM, "all", AudienceIn(name="All of them", rule=All()), 0)
    says = Content(email=EmailContent("Gaiters are back", "<p>In every size</p>"), web=WebContent("Gaiters are back", "In every size"))
    await house.app.templates.put(SYSTEM, "gaiters", TemplateIn(says, name="Winter gaiters"), 0)
    await house.app.templates.publish(SYSTEM, "gaiters")


async def built(one, key, step=1):
    page = await one.open(Builder, f"/campaigns/{key}/edit?step={step}")
    await one.do(Reach, "count")
    return page


async def test_a_draft_is_saved_as_it_is_filled_in(house, tab):  # noqa: F811
    one = await tab("marketer")
    await one.open(NewCampaign, "/campaigns/new")
    await one.do(NewCampaign, "make", {"name": " ", "category": "orders"})
    assert one.state(NewCampaign).wrong == "Give it a name."
    for _ in range(2):
        await one.do(NewCampaign, "make", {"name": "Boot recall", "category": "orders"})
    page = await built(one, "boot-recall-2")
    assert (page.name, page.state, page.kind, page.form["category"]) == ("Boot recall", "draft", "now", "orders")
    await one.do(Builder, "write", "audience", "all")
    await one.do(Builder, "write_variant", 0, "template", "gaiters")
    await one.do(Builder, "add_variant")
    await one.do(Builder, "write_variant", 1, "weight", "a lot")
    assert page.problems["weight1"] == "Write a number, such as 2.5 or 1,000."
    await one.do(Builder, "write", "pace", "-3")
    assert (page.problems["pace"], page.form["pace"]) == ("Write a number from 0 to 1000000.", "-3")
    await one.do(Builder, "write", "pace", "50")
    await one.do(Builder, "write", "stage", "sent")  # no such field
    assert page.problems["pace"] == "" and page.unsaved == "" and page.saved.startswith("Saved ")
    kept = (await house.app.campaigns.get(SYSTEM, "boot-recall-2")).draft
    assert (kept.audience, [v.template for v in kept.variants], kept.timing.pace, kept.timing.zone) == ("all", ["gaiters", "gaiters"], 50, "Europe/Oslo")
    await one.do(Reach, "count")
    people = (await house.app.audiences.count_of(SYSTEM, "all")).count
    assert one.state(Reach).people == str(people) and one.state(Reach).everybody


async def test_two_people_on_one_draft_lose_nothing(house, tab):  # noqa: F811
    one, other = await tab("marketer"), await tab("admin")
    await one.open(NewCampaign, "/campaigns/new")
    await one.do(NewCampaign, "make", {"name": "Two hands", "category": "orders"})
    mine, theirs = await built(one, "two-hands"), await built(other, "two-hands")
    await one.do(Builder, "write", "description", "Mine")
    await other.do(Builder, "write", "name", "Theirs")  # another part: both are kept
    assert other.state(Frame).said_text == "You changed different parts: both are kept."
    kept = await house.app.campaigns.get(SYSTEM, "two-hands")
    assert (kept.name, kept.draft.description) == ("Theirs", "Mine")
    await one.do(Builder, "write", "name", "Ours")  # the same part: both are shown
    assert [(row.key, row.mine, row.theirs) for row in mine.torn] == [("name", "Ours", "Theirs")]
    await one.do(Builder, "write", "audience", "all")  # what is typed meanwhile waits
    assert mine.unsaved and (await house.app.campaigns.get(SYSTEM, "two-hands")).name == "Theirs"
    page = await built(one, "two-hands", 2)
    assert page.step == 2 and page.torn, "a step further it is still there"
    await one.do(Builder, "pick_torn", "name", "theirs")
    await one.do(Builder, "settle")
    kept = await house.app.campaigns.get(SYSTEM, "two-hands")
    assert (kept.name, kept.draft.description, kept.draft.audience, mine.torn, mine.unsaved) == ("Theirs", "Mine", "all", [], "")
    assert theirs.torn == []


async def test_who_may_only_read_changes_nothing_and_a_member_sees_none(house, tab):  # noqa: F811
    one = await tab("analyst")
    await one.open(Campaigns, "/campaigns")
    assert not one.state(Frame).closed
    await one.open(Builder, "/campaigns/two-hands/edit")
    assert one.state(Frame).closed
    page = await one.open(CampaignPage, "/campaigns/two-hands")
    assert page.said == "It is a draft. Nothing has gone out."
    before = (await house.app.campaigns.get(SYSTEM, "two-hands")).revision
    for handler in ("pause", "resume", "cancel", "approve", "delete"):
        await one.do(CampaignPage, handler)
    await one.do(Builder, "write", "name", "x")
    await one.do(Review, "start")
    assert (await house.app.campaigns.get(SYSTEM, "two-hands")).revision == before
    member = await tab("member")
    for cls, path in ((Campaigns, "/campaigns"), (CampaignPage, "/campaigns/two-hands"), (Calendar, "/calendar"), (NewCampaign, "/campaigns/new")):
        await member.open(cls, path)
        assert member.state(Frame).closed, path


async def test_a_campaign_that_is_none_says_so(house, tab):  # noqa: F811
    one = await tab("marketer")
    assert (await one.open(CampaignPage, "/campaigns/nothing")).gone
    assert (await one.open(Builder, "/campaigns/nothing/edit?step=9")).gone
    assert one.state(Builder).step == 1
    await one.do(CampaignFact, "load")
    await one.do(CampaignPeople, "load")
    assert one.state(CampaignPeople).rows == []


async def test_from_the_dry_run_to_plan_beside_fact(house, tab):  # noqa: F811
    one = await tab("marketer")
    await one.open(NewCampaign, "/campaigns/new")
    await one.do(NewCampaign, "make", {"name": "Send it", "category": "orders"})
    await built(one, "send-it", 1)
    await one.do(Builder, "write_variant", 0, "template", "gaiters")
    await one.do(Builder, "write", "audience", "all")
    await built(one, "send-it", 5)
    await one.do(Review, "open")
    await house.settle()
    await one.do(Review, "open")
    page = one.state(Review)
    people = (await house.app.audiences.count_of(SYSTEM, "all")).count
    assert (page.state, page.told.people, page.told.holds, page.told.must, page.go, page.blocked) == ("done", str(people), True, str(people), "start", False)
    await one.do(Builder, "write", "description", "Changed after the dry run")
    await one.do(Review, "open")
    await house.settle()
    await one.do(Review, "open")
    assert page.state == "done"
    await one.do(Review, "start")
    assert page.wrong == ""
    for _ in range(4):
        await house.settle()
        house.app.clock.move(30)
    run = await one.open(CampaignPage, "/campaigns/send-it")
    await one.do(CampaignFact, "load")
    await one.do(CampaignPeople, "load")
    fact, rows = one.state(CampaignFact), one.state(CampaignPeople)
    assert run.state == "finished" and run.holds and f"{people} people worked through" in run.said
    assert fact.there and fact.equal == "Plan and fact are equal." and all(row.gap == "" for row in fact.told.reasons)
    assert {row.user: row.name for row in rows.rows}["mia"] == "Mia Berg"
    assert len(rows.rows) == people and {row.look for row in rows.rows} <= {"sent", "held", "skipped"}
    await one.do(CampaignPeople, "pick", "failed")
    assert rows.rows == []
    listed = await one.open(Campaigns, "/campaigns?state=finished")
    assert [row.name for row in listed.rows] == ["Send it"]
    month = await one.open(Calendar, "/calendar")
    assert any(entry.name == "Send it" for cell in month.days for entry in cell.goes)


async def drafted(one, house, key, name):
    await one.open(NewCampaign, "/campaigns/new")
    await one.do(NewCampaign, "make", {"name": name, "category": "orders"})
    await built(one, key)
    await one.do(Builder, "write_variant", 0, "template", "gaiters")
    await one.do(Builder, "write", "audience", "all")


async def reviewed(one, house, key):
    await built(one, key, 5)
    await one.do(Review, "open")
    await house.settle()
    await one.do(Review, "open")
    return one.state(Review)


async def test_a_second_person_says_yes_and_a_change_takes_it_back(house, tab):  # noqa: F811
    one, other = await tab("marketer"), await tab("admin")
    await drafted(one, house, "two-eyes", "Two eyes")
    await one.do(Builder, "pick_approval", True)
    page = await reviewed(one, house, "two-eyes")
    assert page.go == "submit"
    await one.do(Review, "start")
    assert (await house.app.campaigns.get(SYSTEM, "two-eyes")).state == "draft", "it does not start past the second person"
    await one.do(Review, "submit")
    asked = await one.open(CampaignPage, "/campaigns/two-eyes")
    await one.do(CampaignPage, "approve")
    assert asked.state == "review" and one.state(Frame).said_hue == "failed", "not by whoever asked"
    seen = await other.open(CampaignPage, "/campaigns/two-eyes")
    await other.do(CampaignFact, "load")
    assert seen.said == "marketer asked for approval. It starts once somebody else has said yes." and other.state(CampaignFact).ahead
    await other.do(CampaignPage, "reject", {"why": "The text is wrong"})
    assert seen.state == "draft"
    await built(one, "two-eyes", 5)
    await one.do(Review, "open")
    await one.do(Review, "submit")
    await other.open(CampaignPage, "/campaigns/two-eyes")
    await other.do(CampaignPage, "approve")
    assert (seen.state, seen.said) == ("approved", "admin said yes. It can be started now.")
    await built(one, "two-eyes", 1)
    await one.do(Builder, "write", "description", "Changed")
    assert (await house.app.campaigns.get(SYSTEM, "two-eyes")).state == "draft", "what was approved is not this any more"


async def test_what_goes_is_paused_goes_on_and_is_cancelled_and_changes_wait_for_a_version(house, tab):  # noqa: F811
    one = await tab("marketer")
    await drafted(one, house, "slow-one", "Slow one")
    await one.do(Builder, "pick_kind", "at")
    await one.do(Builder, "write", "date", "2026-12-24")
    await one.do(Builder, "write", "time", "18:00")
    page = await reviewed(one, house, "slow-one")
    assert page.act.startswith("Schedule for ")
    await one.do(Review, "start")
    run = await one.open(CampaignPage, "/campaigns/slow-one")
    assert (run.state, run.said) == ("scheduled", "It goes 24 Dec 2026, 18:00.")
    month = await one.open(Calendar, "/calendar?month=2026-12")
    assert [(cell.number, [entry.name for entry in cell.goes]) for cell in month.days] == [("24", ["Slow one"])]
    build = await built(one, "slow-one", 1)
    await one.do(Builder, "write", "description", "A second thought")
    assert build.waits and (await house.app.campaigns.get(SYSTEM, "slow-one")).version == 1, "nobody gets what is half typed"
    await one.do(Builder, "drop")
    assert not build.waits and build.form["description"] == ""
    await one.do(Builder, "write", "description", "A second thought")
    await one.do(Builder, "apply")
    kept = await house.app.campaigns.get(SYSTEM, "slow-one")
    assert (kept.version, kept.draft.description, build.waits) == (2, "A second thought", False)
    await one.open(CampaignPage, "/campaigns/slow-one")
    for act, state in (("pause", "paused"), ("resume", "scheduled"), ("cancel", "cancelled")):
        await one.do(CampaignPage, act)
        assert (await house.app.campaigns.get(SYSTEM, "slow-one")).state == state, act
    await one.do(CampaignPage, "resume")
    assert run.state == "cancelled" and one.state(Frame).said_hue == "failed"
    await one.do(CampaignPage, "duplicate", {"name": "Slow one again"})
    assert (await house.app.campaigns.get(SYSTEM, "slow-one-again")).state == "draft"
    await one.open(CampaignPage, "/campaigns/slow-one-again")
    await one.do(CampaignPage, "delete")
    assert (await one.open(CampaignPage, "/campaigns/slow-one-again")).gone


async def test_a_campaign_that_goes_while_it_is_looked_at_is_told_of_by_its_page_alone(house, tab, monkeypatch):  # noqa: F811
    """Two parts of the page look again by themselves; neither says in a corner what the page says."""
    for part in ("campaign", "campaign_fact"):
        monkeypatch.setattr(f"portal.states.{part}.LOOK", 0.0)
    monkeypatch.setattr("portal.watching.tab_is_open", lambda _: True)
    one = await tab("marketer")
    await house.app.campaigns.put(SYSTEM, "goes", CampaignIn(name="Goes", category="orders", revision=0))
    page = await one.open(CampaignPage, "/campaigns/goes")
    assert not page.gone
    await house.app.campaigns.delete(SYSTEM, "goes")
    for part in (CampaignPage, CampaignFact):
        await one.do(part, "follow")
    assert "goes" in one.state(CampaignPage).gone
    assert one.state(Frame).said == 0


async def test_a_draft_that_a_program_made_is_shown_with_what_the_page_itself_does_not_offer(house, tab):  # noqa: F811
    many = [Variant(str(n), "gaiters", 5) for n in range(20)]
    given = CampaignIn(name="By a program", category="orders", variants=many, experiment=Experiment(), timing=Timing(expires=3_601), revision=0)
    await house.app.campaigns.put(SYSTEM, "by-program", given, 0)
    one = await tab("marketer")
    page = await built(one, "by-program")
    assert (len(page.variants), page.full, page.useless, page.done[0]) == (8, True, "60 min", False)
    await one.do(Builder, "write", "description", "Seen")
    kept = (await house.app.campaigns.get(SYSTEM, "by-program")).draft
    assert (len(kept.variants), kept.timing.expires, kept.description) == (20, 3_601, "Seen"), "what is not shown is kept"


async def test_the_rule_of_the_audience_is_built_where_the_campaign_is(house, tab):  # noqa: F811
    app = house.app
    await app.people.put_many(SYSTEM, [(f"w{n}", PersonIn(attributes={"floor": "first" if n < 2 else "top"})) for n in range(5)])
    await app.audiences.put(SYSTEM, "upstairs", AudienceIn(name="Upstairs", rule=Attribute("floor", "equals", "top")))
    for key in ("stairs", "lift"):
        await app.campaigns.put(SYSTEM, key, CampaignIn(name=key.title(), category="orders", audience="upstairs" if key == "lift" else "", revision=0), 0)
    one = await tab("marketer")
    page = await built(one, "stairs", 2)
    await one.do(Whom, "open")
    whom, rule = one.state(Whom), one.state(AudiencePage)
    assert not whom.here

    # a stored one: others use it, and its rule is here
    await one.do(Builder, "write", "audience", "upstairs")
    await one.do(Whom, "open")
    assert (whom.here, rule.said, rule.people) == (True, "People whose floor is “top”.", "3") and "the campaign Lift" in whom.used and "stairs" not in whom.used
    await one.do(Whom, "copy")
    assert page.form["audience"] == "stairs-its-people" == rule.key and whom.used == ""
    await one.do(AudiencePage, "set_part", "0", "value", "first")
    assert (rule.people, rule.dirty) == ("2", True)
    one.at("/campaigns/stairs/edit?step=3")
    await one.do(Builder, "load")
    await one.do(Whom, "open")
    await built(one, "stairs", 2)
    await one.do(Whom, "open")
    assert rule.dirty and rule.parts[0].value == "first", "a step further and back, what was changed is still here"
    await one.do(AudiencePage, "save")
    await one.do(Reach, "recount")
    assert one.state(Reach).people == "2" and not rule.dirty
    assert (await app.audiences.get(SYSTEM, "upstairs")).rule == Attribute("floor", "equals", "top"), "the other campaign keeps its people"

    # one made here
    await one.do(Whom, "make")
    assert page.form["audience"] == "stairs-its-people-2" and rule.everybody and rule.parts == []
    assert (await app.campaigns.get(SYSTEM, "stairs")).draft.audience == "stairs-its-people-2"
    reader = await tab("analyst")
    reader.at("/campaigns/stairs/edit?step=2")
    await reader.do(Whom, "make")
    assert reader.state(Frame).said_hue == "failed"


async def test_numbers_stand_in_fields_as_their_reader_writes_them(house, tab):  # noqa: F811
    two = [Variant("A", "gaiters", 33.34), Variant("B", "gaiters", 66.66)]
    await house.app.campaigns.put(SYSTEM, "halves", CampaignIn(name="Halves", category="orders", audience="all", variants=two, experiment=Experiment(holdout=2.5), revision=0), 0)
    one, other = await tab("doris"), await tab("marketer")
    page, theirs = await built(one, "halves", 4), await built(other, "halves", 4)
    assert (page.form["holdout"], page.form["complained"], page.variants[0].weight) == ("2,5", "0,1", "33,34")
    assert (theirs.form["holdout"], theirs.form["complained"], theirs.variants[0].weight) == ("2.5", "0.1", "33.34")
    await one.do(Builder, "write", "holdout", "7,5")
    assert (page.form["holdout"], page.problems["holdout"], (await house.app.campaigns.get(SYSTEM, "halves")).draft.experiment.holdout) == ("7,5", "", 7.5)
    await one.do(Builder, "write", "pace", "1.000")
    await other.do(Builder, "write", "pace", "1.000")
    assert (await house.app.campaigns.get(SYSTEM, "halves")).draft.timing.pace == 1_000
    assert theirs.problems["pace"] == "1.000 can mean 1,000 or 1. Write 1000 or 1.0."


async def test_the_next_time_of_one_that_comes_again_is_counted_on_its_own_page(house, tab):  # noqa: F811
    app, hourly = house.app, Timing("recurring", cron="0 * * * *", zone="UTC")
    people = (await app.audiences.count_of(SYSTEM, "all")).count
    given = CampaignIn(name="Every hour", category="orders", audience="all", variants=[Variant("A", "gaiters")], timing=hourly, revision=0)
    await app.campaigns.put(SYSTEM, "hourly", given, 0)
    await app.campaigns.start(SYSTEM, "hourly", StartIn(confirm=people))
    one, reader = await tab("marketer"), await tab("analyst")

    async def looked(who):
        await who.open(CampaignPage, "/campaigns/hourly")
        await who.do(CampaignFact, "load")
        await who.do(CampaignNext, "load")
        return who.state(CampaignNext)

    page = await looked(one)
    assert (page.there, page.state, page.may, one.state(CampaignFact).ahead) == (True, "", True, False)
    await one.do(CampaignNext, "begin")
    assert page.state == "counting"
    await house.settle()
    page = await looked(one)
    assert (page.state, page.told.people, page.told.holds, one.state(CampaignFact).there) == ("done", str(people), True, False)
    app.clock.move(3_600)
    for _ in range(4):
        await house.settle()
        app.clock.move(30)
    page = await looked(one)
    assert one.state(CampaignFact).there and (page.there, page.state) == (True, ""), "the dry run of the time that was is not that of the next"
    await one.do(CampaignNext, "begin")
    await house.settle()
    page = await looked(one)
    assert (page.state, page.told.people) == ("done", str(people))
    await looked(reader)
    await reader.do(CampaignNext, "begin")
    assert reader.state(Frame).said_hue == "failed"
    assert not (await one.open(CampaignPage, "/campaigns/send-it")).gone
    await one.do(CampaignNext, "load")
    assert not one.state(CampaignNext).there
