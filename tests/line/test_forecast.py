"""The forecast of a campaign and its run are the same function: equal in a frozen world; otherwise each difference names cause and time."""

import asyncio
import random
from datetime import UTC, datetime

import msgspec
import pytest

from backend.app import foreseeing
from backend.app.content_views import TemplateIn
from backend.app.views import GroupIn, SuppressionIn
from backend.domain.bucketing import assigned, likely
from backend.domain.campaign import Campaign, Experiment, Timing, Variant, Window
from backend.domain.errors import NotFound, TemplateMissing
from backend.domain.event import HOLDOUT
from backend.domain.template import Content, EmailContent, PushContent, SmsContent, WebContent
from backend.security.roles import SYSTEM
from tests.line.campaigns import campaign_of, planned, run

pytestmark = pytest.mark.asyncio(loop_scope="session")

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")


async def template(stand, key: str, *, text="News", push=True) -> None:
    content = Content(
        web=WebContent(text, text), email=EmailContent(text, f"<p>{text}</p>", "", text), sms=SmsContent(text), push=PushContent(text, text) if push else None,
    )  # fmt: skip
    await stand.app.templates.put(SYSTEM, key, TemplateIn(content))
    await stand.app.templates.publish(SYSTEM, key)


async def crowd(stand, key: str, n: int, seed: int) -> list[str]:
    """People of all kinds in a group of this key: with and without addresses, consent, wishes, quiet hours, suppressions."""
    rnd, users = random.Random(seed), []
    for number in range(n):
        phone = f"+4915{rnd.randrange(10**8, 10**9)}" if rnd.random() < 0.5 else None
        user = await stand.person(push=rnd.choice([0, 0, 1, 2]), user=f"{key}-{number}", timezone=rnd.choice(ZONES), phone=phone,
                                  **({} if rnd.random() < 0.8 else {"email": None}))  # fmt: skip
        users.append(user)
        wishes = {"consents": {"product": rnd.random() < 0.8, "marketing": rnd.random() < 0.7}} if rnd.random() < 0.9 else {}
        if rnd.random() < 0.3:
            wishes["channels"] = {rnd.choice(["web", "email", "push", "sms"]): False}
        if rnd.random() < 0.1:
            wishes["categories"] = {"orders": False}
        if rnd.random() < 0.1:
            wishes["paused_until"] = datetime.fromtimestamp(stand.now + rnd.choice([600, 90_000]), UTC)
        if wishes:
            await stand.wish(user, **wishes)
        if rnd.random() < 0.3:
            await stand.quiet(user, before=rnd.randrange(0, 36) * 600, after=rnd.randrange(1, 36) * 600)
        if rnd.random() < 0.1:
            await stand.app.suppressions.put(SYSTEM, SuppressionIn("email", f"{user}@example.com", "complained"))
    await stand.app.groups.put(SYSTEM, key, GroupIn(name=key, members=users))
    return users


def plan_of(view) -> dict[tuple[str, str, str], int]:
    return {(row.outcome, row.channel, row.reason.code if row.reason else ""): row.planned for row in view.rows}


def holds(view) -> None:
    """It adds up: rows to units, and planned to fact and differences."""
    assert sum(row.planned for row in view.rows) == view.units
    assert sum(n for _, n in view.held_until) == sum(row.planned for row in view.rows if row.outcome == "hold")
    if any(row.fact is not None for row in view.rows):
        gone = sum(one.n for one in view.differences if one.foreseen != "none")
        come = sum(one.n for one in view.differences if one.fact != "none")
        assert sum(row.planned for row in view.rows) - gone + come == sum(row.fact for row in view.rows) + view.waiting


@pytest.mark.parametrize("more", [
    {},
    {"category": "orders"},
    {"category": "marketing", "channels": ("web", "email", "push", "sms")},
    {"channels": ("sms", "email"), "experiment": Experiment(holdout=10.0)},
    {"category": "orders", "timing": Timing(kind="at", at="tomorrow", zone="person")},
    {"category": "orders", "timing": Timing(kind="at", at="over", zone="person", expires=7_200)},
    {"category": "orders", "timing": Timing(zone="person", window=Window("09:00", "13:00"), expires=4 * 3_600)},
], ids=["consent", "service", "every-channel", "experiment", "own-zone", "own-hour-over", "own-window"])  # fmt: skip
async def test_a_forecast_in_a_frozen_world_is_what_the_run_then_does(stand, more):
    key = f"frozen-{stand.kind}-{len(repr(more))}"
    users = await crowd(stand, key, 60 if stand.kind == "embedded" else 25, seed=len(repr(more)))
    await template(stand, key, push="experiment" not in more)
    at = "timing" in more
    if at and more["timing"].at:  # half an hour ago, on the clock of UTC: others' hour is over for longer, or is to come
        tomorrow, over = datetime.fromtimestamp(stand.now + 86_400, UTC), datetime.fromtimestamp(stand.now // 1_800 * 1_800 - 1_800, UTC)
        wall = f"{over:%Y-%m-%dT%H:%M}" if more["timing"].at == "over" else f"{tomorrow:%Y-%m-%dT09:00}"
        more = {**more, "timing": msgspec.structs.replace(more["timing"], at=wall)}
    await campaign_of(stand, key, key, **more)
    foretold = await planned(stand, key)
    assert foretold.state == "done"
    assert foretold.done == foretold.total == foretold.people == len(users)
    given = Campaign(variants=(Variant(template=key),), experiment=more.get("experiment"))
    assert foretold.held_out == sum(assigned(key, given, user)[0] == HOLDOUT for user in users)  # the run takes it from here
    holds(foretold)
    if at:
        late = {row.reason.code: row.planned for row in foretold.rows if row.outcome == "skip" and row.channel == "web"}
        assert ("expired" in late) == bool(more["timing"].expires)
        assert sum(row.planned for row in foretold.rows if row.outcome == "send") > 0
    made = await run(stand, key, *((80, 1_800) if at else ()))  # nobody is told late
    report = await stand.app.forecasts.report(SYSTEM, key, made)
    assert report.detail == ""
    assert report.differences == []
    assert {(row.outcome, row.channel, row.reason.code if row.reason else ""): row.fact for row in report.rows} == plan_of(foretold)
    holds(report)


@pytest.mark.parametrize("window", [None, 7], ids=["always", "window"])
async def test_a_pace_is_foreseen_person_by_person(stand, monkeypatch, window):
    """One person in 20 seconds: who comes last is told when their quiet hours have begun, or on the next day, or not at all, for it is of no use any more."""
    key = f"paced-{window}-{stand.kind}"
    await template(stand, key)
    n = 36 if stand.kind == "embedded" else 24
    users = [await stand.person(user=f"{key}-{k}") for k in range(n)]
    await stand.settle(after=60 - stand.now % 60)
    for user in users:
        await stand.quiet(user, before=-n / 6 * 20 // 60 * 60, after=7_200)
    await stand.app.groups.put(SYSTEM, key, GroupIn(name=key, members=users))
    clock = [f"{datetime.fromtimestamp(stand.now + 60 * minutes, UTC):%H:%M}" for minutes in (-60, window or 0)]
    timing = Timing(pace=0.05, window=Window(*clock) if window else None, expires=0 if window else n * 15)
    await campaign_of(stand, key, key, category="orders", channels=("email",), timing=timing)
    monkeypatch.setattr(foreseeing, "CHUNK", 10)  # the pace goes on from chunk to chunk
    foretold = await planned(stand, key)
    seen = plan_of(foretold)
    assert seen[("send", "email", "")] >= n / 6
    assert len(seen) > 1, seen
    made = await run(stand, key, n + 3, 20)
    if window:
        await stand.settle(after=86_400 - 3_600 - (n + 5) * 20)
        for _ in range(n + 190):
            await stand.settle(after=20)
            if (await stand.app.campaigns.get(SYSTEM, key)).run.state == "finished":
                break
    report = await stand.app.forecasts.report(SYSTEM, key, made)
    assert (report.detail, report.differences) == ("", [])
    assert {(row.outcome, row.channel, row.reason.code if row.reason else ""): row.fact for row in report.rows} == seen
    holds(report)


async def test_what_changed_between_forecast_and_run_is_named_with_cause_and_time(stand):
    key = f"changed-{stand.kind}"
    await template(stand, key)
    users = [await stand.person(user=f"{key}-{n}") for n in range(8)]
    stays, off, mute, moved, gone, late, bounced, new_address = users
    for user in users:
        await stand.wish(user, consents={"product": True})
    await stand.quiet(late)
    await stand.app.groups.put(SYSTEM, key, GroupIn(name=key, members=[u for u in users if u != moved]))
    await campaign_of(stand, key, key)
    foretold = await planned(stand, key)
    assert plan_of(foretold) == {("send", "web", ""): 7, ("send", "email", ""): 6, ("hold", "email", "quiet_hours"): 1}
    await stand.wish(off, consents={"product": False})
    await stand.wish(mute, channels={"email": False})
    await stand.wish(late, quiet_hours=[])
    await stand.app.suppressions.put(SYSTEM, SuppressionIn("email", f"{bounced}@example.com", "hard_bounce"))
    await stand.app.groups.remove_members(SYSTEM, key, [gone])
    await stand.app.groups.add_members(SYSTEM, key, [moved])
    begun = stand.now
    made = await run(stand, key)
    report = await stand.app.forecasts.report(SYSTEM, key, made)
    assert report.detail == ""
    said = {(one.channel, one.foreseen, one.fact, one.cause.code): one.n for one in report.differences}
    assert said == {
        ("web", "send", "skip:unsubscribed", "unsubscribed"): 1, ("email", "send", "skip:unsubscribed", "unsubscribed"): 1,
        ("email", "send", "skip:preference_off", "preference_off"): 1, ("email", "hold:quiet_hours", "send", "no_longer"): 1,
        ("email", "send", "skip:suppressed", "suppressed"): 1, ("web", "send", "none", "left_since"): 1, ("email", "send", "none", "left_since"): 1,
        ("web", "none", "send", "joined_since"): 1, ("email", "none", "send", "joined_since"): 1,
    }  # fmt: skip
    assert all(begun <= one.first_at.timestamp() <= one.last_at.timestamp() <= stand.now for one in report.differences)
    assert all(one.cause.text.endswith(".") for one in report.differences)
    holds(report)
    fact = {(row.outcome, row.channel, row.reason.code if row.reason else ""): row.fact for row in report.rows}
    assert fact == {
        ("send", "web", ""): 6, ("send", "email", ""): 4, ("hold", "email", "quiet_hours"): 0, ("skip", "web", "unsubscribed"): 1,
        ("skip", "email", "unsubscribed"): 1, ("skip", "email", "preference_off"): 1, ("skip", "email", "suppressed"): 1,
    }  # fmt: skip
    assert await stand.captured(new_address) == await stand.captured(stays) == ["News"]


async def test_an_experiment_that_was_made_after_the_forecast_divides_people_all_the_same(stand):
    key = f"later-{stand.kind}"
    users = [await stand.person(user=f"{key}-{n}") for n in range(40)]
    await stand.app.groups.put(SYSTEM, key, GroupIn(name=key, members=users))
    await template(stand, key)
    await campaign_of(stand, key, key, category="orders", channels=("web",))
    assert plan_of(await planned(stand, key)) == {("send", "web", ""): 40}
    variants = [Variant("A", key, 50.0), Variant("B", key, 50.0)]
    given = Campaign(variants=tuple(variants), experiment=Experiment(holdout=30.0))
    await campaign_of(stand, key, key, category="orders", channels=("web",), variants=variants, experiment=given.experiment)
    made = await run(stand, key)
    got = {one.user: one.variant for one in (await stand.app.campaigns.recipients(SYSTEM, key, made, limit=50)).items}
    assert got == {user: assigned(key, given, user)[0] for user in users}
    held_out = sum(variant == HOLDOUT for variant in got.values())
    report = await stand.app.forecasts.report(SYSTEM, key, made)
    assert report.detail == ""
    assert [(one.channel, one.foreseen, one.fact, one.cause.code, one.n) for one in report.differences] == [("web", "send", "skip:holdout", "holdout", held_out)]
    holds(report)


async def test_what_the_rest_will_get_is_foreseen_by_the_shares_of_the_messages(stand):
    key = f"shares-{stand.kind}"
    contents = {"web": Content(web=WebContent("Hi", "Hi")), "both": Content(web=WebContent("Hi", "Hi"), email=EmailContent("Hi", "<p>Hi</p>", "", "Hi"))}
    for name, content in contents.items():
        await stand.app.templates.put(SYSTEM, f"{key}-{name}", TemplateIn(content))
        await stand.app.templates.publish(SYSTEM, f"{key}-{name}")
    users = [await stand.person(user=f"{key}-{n}") for n in range(40)]
    await stand.app.groups.put(SYSTEM, key, GroupIn(name=key, members=users))
    variants = [Variant("A", f"{key}-web", 30.0), Variant("B", f"{key}-both", 70.0)]
    given = Campaign(variants=tuple(variants), experiment=Experiment(share=20.0))
    await campaign_of(stand, key, key, category="orders", channels=("web", "email"), variants=variants, experiment=given.experiment)
    foretold = await planned(stand, key)
    both = sum((variant if variant >= 0 else likely(key, given, user)) == 1 for user in users for variant in [assigned(key, given, user)[0]])
    assert 20 < both < 36, "about seven of ten"
    assert plan_of(foretold) == {("send", "web", ""): 40, ("send", "email", ""): both, ("skip", "email", "no_variant"): 40 - both}
    report = await stand.app.forecasts.report(SYSTEM, key, await run(stand, key))
    assert (report.detail, report.differences) == ("", [])
    await stand.app.campaigns.roll_out(SYSTEM, bytes.fromhex(report.run), 1)
    for _ in range(3):
        await stand.settle(after=2.5)
    report = await stand.app.forecasts.report(SYSTEM, key)
    assert report.waiting == 0
    assert {(one.foreseen, one.fact) for one in report.differences} == {("skip:no_variant", "send")}, "those of whom A was foreseen"
    holds(report)


async def test_who_waits_for_the_winner_is_in_the_sum_and_in_no_fact(stand):
    key = f"rest-{stand.kind}"
    users = await crowd(stand, key, 30, seed=7)
    for name in ("a", "b"):
        await template(stand, f"{key}-{name}")
    variants = [Variant(name.upper(), f"{key}-{name}", 50.0) for name in ("a", "b")]
    await campaign_of(stand, key, key, category="orders", channels=("web", "email"), variants=variants, experiment=Experiment(share=40.0, holdout=30.0))
    foretold = await planned(stand, key)
    assert foretold.people == len(users)
    assert foretold.held_out > 0
    report = await stand.app.forecasts.report(SYSTEM, key, await run(stand, key))
    assert (report.detail, report.differences) == ("", [])
    assert 0 < report.waiting < report.units
    holds(report)


async def test_each_time_of_one_that_comes_again_is_held_against_the_forecast_made_for_it(stand):
    key = f"again-{stand.kind}"
    await template(stand, key)
    users = await crowd(stand, key, 6, seed=5)
    await campaign_of(stand, key, key, category="orders", channels=("web",), timing=Timing("recurring", cron="0 * * * *", grace=7_200))
    first = await planned(stand, key)
    hour = (stand.now // 3_600 + 1) * 3_600
    assert first.told_at.timestamp() == hour
    await run(stand, key, 1, 3_600)
    await stand.settle(after=5)
    made = [(await stand.app.campaigns.get(SYSTEM, key)).run.id]
    await stand.app.groups.remove_members(SYSTEM, key, users[:2])
    second = await planned(stand, key)
    assert (second.people, second.told_at.timestamp()) == (4, hour + 3_600)
    await stand.app.groups.add_members(SYSTEM, key, users[:1])
    for _ in range(2):  # the second time is foreseen, the third is not
        await stand.settle(after=3_600 - stand.now % 3_600)
        await stand.settle(after=5)
        made.append((await stand.app.campaigns.get(SYSTEM, key)).run.id)
    reports = [await stand.app.forecasts.report(SYSTEM, key, one) for one in made]
    assert [(one.id, one.people) for one in reports] == [(first.id, 6), (second.id, 4), ("", 5)]
    assert [len(one.differences) for one in reports] == [0, 1, 0]
    assert [one.cause.code for one in reports[1].differences] == ["joined_since"]
    assert all(one.fact is not None for report in reports for one in report.rows)
    for report in reports[:2]:
        holds(report)


async def test_a_draft_that_changed_outdates_its_forecast_and_one_that_is_counted_stops_the_one_before(stand):
    key = f"outdated-{stand.kind}"
    await template(stand, key)
    users = await crowd(stand, key, 5, seed=1)
    await campaign_of(stand, key, key)
    with pytest.raises(NotFound):
        await stand.app.forecasts.get(SYSTEM, key)
    first = await stand.app.forecasts.begin(SYSTEM, key)
    second = await stand.app.forecasts.begin(SYSTEM, key)
    assert (await stand.app.forecasts.get(SYSTEM, key, first.id)).state == "stopped"
    await stand.settle()
    done = await stand.app.forecasts.get(SYSTEM, key)
    assert (done.id, done.state, done.people) == (second.id, "done", len(users))
    await template(stand, key, text="Other news")
    assert (await stand.app.forecasts.get(SYSTEM, key)).state == "outdated"
    again = await planned(stand, key)
    assert again.state == "done"
    with pytest.raises(NotFound):
        await stand.app.forecasts.get(SYSTEM, key, first.id)  # dropped with its people
    await campaign_of(stand, key, key, category="orders")
    assert (await stand.app.forecasts.get(SYSTEM, key)).state == "outdated"


async def test_one_that_was_left_in_the_middle_goes_on_behind_its_last_chunk_and_counts_nobody_twice(stand, monkeypatch):
    key = f"crash-{stand.kind}"
    await template(stand, key)
    await crowd(stand, key, 30, seed=3)
    await campaign_of(stand, key, key, category="orders")
    whole = await planned(stand, key)
    monkeypatch.setattr(foreseeing, "CHUNK", 7)
    monkeypatch.setattr(foreseeing, "CHUNKS", 2)
    begun = await stand.app.forecasts.begin(SYSTEM, key)
    first, second = foreseeing.Foreseeing(stand.app), foreseeing.Foreseeing(stand.app)
    monkeypatch.setattr(foreseeing._Walk, "let_go", nothing)  # it dies with the forecast in its hands
    assert await first.once() == 2
    half = await stand.app.forecasts.get(SYSTEM, key)
    assert (half.state, half.done, half.total) == ("counting", 7, 30)
    holds(half)
    assert await second.once() == 0  # nobody takes it from somebody who may be alive
    stand.clock.move(foreseeing.LEASE + 1)
    monkeypatch.undo()
    monkeypatch.setattr(foreseeing, "CHUNK", 7)
    while sum(await asyncio.gather(first.once(), second.once())):
        pass
    await stand.settle()  # the house's own may have been quicker
    done = await stand.app.forecasts.get(SYSTEM, key)
    assert (done.id, done.state, done.done, done.people, done.reached, done.units) == (begun.id, "done", 30, 30, whole.reached, whole.units)
    assert plan_of(done) == plan_of(whole)
    holds(done)


async def test_one_that_is_stopped_stays_as_far_as_it_was(stand, monkeypatch):
    key = f"stopped-{stand.kind}"
    await template(stand, key)
    await crowd(stand, key, 20, seed=4)
    await campaign_of(stand, key, key, category="orders")
    monkeypatch.setattr(foreseeing, "CHUNK", 5)
    monkeypatch.setattr(foreseeing, "CHUNKS", 3)
    await stand.app.forecasts.begin(SYSTEM, key)
    walk = foreseeing.Foreseeing(stand.app)
    await walk.once()
    stopped = await stand.app.forecasts.stop(SYSTEM, key)
    assert (stopped.state, stopped.done, stopped.total, stopped.people) == ("stopped", 10, 20, 10)
    assert await walk.once() == 0
    await stand.settle()
    assert (await stand.app.forecasts.get(SYSTEM, key)).done == 10
    holds(stopped)


async def nothing(_) -> None:
    """In place of what is done at a good end."""


async def test_what_a_message_lacks_and_what_a_text_costs_is_said_before(stand):
    key = f"lacks-{stand.kind}"
    content = Content(email=EmailContent("Hi", "<p>{{ user.attributes.city }} {{ order }}</p>", "", "{{ user.attributes.city }}"), sms=SmsContent("a" * 161))
    await stand.app.templates.put(SYSTEM, key, TemplateIn(content, samples={"order": "1"}))
    await stand.app.templates.publish(SYSTEM, key)
    users = [await stand.person(user=f"{key}-{n}", phone=f"+49151234567{n:02}", attributes={"city": "Bonn"} if n < 3 else {}) for n in range(5)]
    await stand.app.groups.put(SYSTEM, key, GroupIn(name=key, members=users))
    await campaign_of(stand, key, key, category="orders", channels=("email", "sms"))
    view = await planned(stand, key)
    assert view.missing == {"data.order": 5, "user.attributes.city": 2}
    assert view.segments == 10
    assert view.cost is None
    await campaign_of(stand, key, key, category="orders", channels=("email", "sms"), data={"order": "1"})
    assert (await planned(stand, key)).missing == {"user.attributes.city": 2}


async def test_a_draft_that_cannot_be_sent_is_refused_at_once(stand):
    key = f"refused-{stand.kind}"
    await stand.app.groups.put(SYSTEM, key, GroupIn(name=key))
    await campaign_of(stand, key, key, variants=[Variant(template="nobody-has-written-it")])
    with pytest.raises(TemplateMissing):
        await stand.app.forecasts.begin(SYSTEM, key)
    with pytest.raises(NotFound):
        await stand.app.forecasts.begin(SYSTEM, "nobody")
