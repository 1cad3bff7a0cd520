"""Campaigns through the whole line: whom a run is for, what each gets, and that the ledger is whole however it is braked, changed or ended."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from backend.app.audience_views import AudienceIn
from backend.app.campaign_views import CampaignIn, StartIn
from backend.app.views import PreferencesIn, TemplateIn
from backend.domain import audience as rules
from backend.domain.campaign import Experiment, Timing, Variant, Window
from backend.domain.errors import Forbidden, Invalid, Stale, WrongState
from backend.domain.template import Content, EmailContent, WebContent
from backend.domain.timing import moments
from backend.security.roles import SYSTEM, Actor
from backend.store import tables
from tests.line.houses import admin, member

pytestmark = pytest.mark.asyncio(loop_scope="session")
_keys = iter(range(10_000))
HOUR = 3_600.0


async def template(stand, text="Spring") -> str:
    key = f"t{next(_keys)}"
    content = Content(email=EmailContent(f"{text} for {{{{ user.name }}}}", "<p>Look</p>"), web=WebContent(f"{text} {{{{ data.city|default('here') }}}}"))
    await stand.app.templates.put(SYSTEM, key, TemplateIn(name=key, content=content))
    await stand.app.templates.publish(SYSTEM, key)
    return key


async def crowd(stand, n=12, **more) -> tuple[str, list[str]]:
    """(audience, users) of so many people who opted in."""
    tag, users = f"tag{next(_keys)}", []
    for _ in range(n):
        user = await stand.person(attributes={"crowd": tag}, **more)
        await stand.app.preferences.put(SYSTEM, user, PreferencesIn(consents={"marketing": True}))
        users.append(user)
    await stand.app.audiences.put(SYSTEM, tag, AudienceIn(rule=rules.Attribute("crowd", "equals", tag)))
    return tag, users


async def campaign(stand, audience, templates, **more) -> str:
    key = f"c{next(_keys)}"
    variants = [Variant(chr(65 + n), one, 100 / len(templates)) for n, one in enumerate(templates)]
    given = CampaignIn(**{"name": key, "audience": audience, "variants": variants, "channels": ["web"], "revision": 0, **more})
    await stand.app.campaigns.put(SYSTEM, key, given)
    return key


async def start(stand, key):
    """Asked for the number of people when they happen to be everybody."""
    try:
        return await stand.app.campaigns.start(SYSTEM, key, StartIn())
    except Invalid as asked:
        if not asked.facts.get("everybody") or not asked.facts["people"]:
            raise
        return await stand.app.campaigns.start(SYSTEM, key, StartIn(confirm=asked.facts["people"]))


async def newest(stand, key):
    return (await stand.app.campaigns.get(SYSTEM, key)).run


def whole(run) -> bool:
    ledger = msgspec.structs.asdict(run.ledger)
    return ledger.pop("planned") == sum(ledger.values())


async def finished(stand, key):
    """The run, when it has ended; the clock goes on by looks at it."""
    for _ in range(20):
        await stand.settle(after=2.5)
        run = await newest(stand, key)
        if run is not None and run.state in ("finished", "cancelled", "failed"):
            return run
    raise AssertionError(f"it does not end: {run}")


async def test_everybody_of_the_audience_gets_it_once_and_the_campaign_is_finished(stand):
    audience, users = await crowd(stand)
    key = await campaign(stand, audience, [await template(stand)])
    began = await start(stand, key)
    assert (began.state, began.version) == ("running", 1)
    run = await finished(stand, key)
    assert (run.state, run.recipients, run.released, run.ledger.planned, run.ledger.sent) == ("finished", 12, 12, 12, 12) and whole(run)
    assert [await stand.inbox(user) for user in users] == [["Spring here"]] * 12
    assert (await stand.app.campaigns.get(SYSTEM, key)).state == "finished"
    seen = await stand.app.campaigns.recipients(SYSTEM, key, run.id, limit=5)
    rest = await stand.app.campaigns.recipients(SYSTEM, key, run.id, after=seen.next, limit=50)
    shown = [*seen.items, *rest.items]
    assert sorted(one.user for one in shown) == sorted(users) and {one.outcome for one in shown} == {"sent"} and rest.next is None
    event = await stand.event(run.id)
    assert (event.recipients, event.to) == (12, {"campaign": key})


async def test_who_may_not_be_written_to_is_skipped_with_the_reason_and_the_ledger_is_whole(stand):
    audience, users = await crowd(stand, 4)
    await stand.app.preferences.put(SYSTEM, users[0], PreferencesIn(consents={"marketing": False}))
    key = await campaign(stand, audience, [await template(stand)])
    await start(stand, key)
    run = await finished(stand, key)
    assert (run.ledger.sent, run.ledger.skipped) == (3, 1) and whole(run)
    (skipped,) = (await stand.app.campaigns.recipients(SYSTEM, key, run.id, outcome="skipped")).items
    assert skipped.user == users[0] and skipped.reason.code == "unsubscribed" and skipped.reason.text
    assert {channel: reason.code for channel, reason in skipped.skipped.items()}["web"] == "unsubscribed"
    why = await stand.app.deliveries.notification(SYSTEM, skipped.notification)
    assert (why.user, why.campaign, why.campaign_name, why.variant, skipped.delivery) == (users[0], key, key, 0, "")
    (unit,) = why.units
    assert (unit.channel, unit.outcome, unit.reasons[0].code, unit.delivery, unit.decided_at) == ("web", "skip", "unsubscribed", None, why.accepted_at)
    assert [gate.gate for gate in unit.gates if gate.result == "stop"] == ["consent"]
    own = await stand.app.deliveries.notification(member(users[0]), skipped.notification)
    assert (own.campaign, own.variant, [one.outcome for one in own.units]) == ("", None, ["skip"])
    with pytest.raises(Forbidden):
        await stand.app.deliveries.notification(member(users[1]), skipped.notification)
    (past,) = (await stand.app.history.list(SYSTEM, users[0])).items
    assert (past.id, past.title, past.fate) == (skipped.notification, key, "none")
    told = (await stand.app.campaigns.recipients(SYSTEM, key, run.id, outcome="sent")).items
    assert {one.name for one in told} == {(await stand.app.people.get(SYSTEM, user)).name for user in users[1:]} and not any(one.skipped for one in told)


async def test_variants_and_a_holdout_are_sticky_and_the_rest_waits_for_the_winner(stand):
    audience, users = await crowd(stand, 60)
    plan = Experiment(share=50, holdout=20)
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=plan)
    await start(stand, key)
    for _ in range(4):
        await stand.settle(after=2.5)
    run = await newest(stand, key)
    assert run.state == "testing" and whole(run)
    shown = (await stand.app.campaigns.recipients(SYSTEM, key, run.id, limit=100)).items
    held = {one.user for one in shown if one.outcome == "holdout"}
    waits = {one.user for one in shown if one.variant == -3}
    assert held and waits and {one.variant for one in shown if one.user not in held | waits} == {0, 1}
    told = {user: await stand.inbox(user) for user in users}
    assert all(told[one.user] == (["AB"[one.variant] + " here"] if one.variant >= 0 else []) for one in shown)
    await stand.app.campaigns.roll_out(SYSTEM, bytes.fromhex(run.id), 1)
    await stand.app.campaigns.roll_out(SYSTEM, bytes.fromhex(run.id), 0)
    run = await finished(stand, key)
    assert run.state == "finished" and run.ledger.planned == 60 and whole(run)
    after = {user: await stand.inbox(user) for user in users}
    assert all(after[user] == (["B here"] if user in waits else told[user]) for user in users), "the holdout stays without, nobody gets two"


async def test_paused_within_two_seconds_and_resumed_nobody_gets_it_twice(stand):
    audience, users = await crowd(stand, 20)
    key = await campaign(stand, audience, [await template(stand)], timing=Timing(pace=2))
    await start(stand, key)
    await stand.settle(after=3)
    await stand.app.campaigns.pause(SYSTEM, key)
    await stand.settle()
    before = sum([len(await stand.inbox(user)) for user in users])
    assert 1 <= before < 20
    await stand.settle(after=30)
    assert sum([len(await stand.inbox(user)) for user in users]) == before
    view = await stand.app.campaigns.get(SYSTEM, key)
    assert (view.state, view.run.state) == ("paused", "paused") and whole(view.run)
    with pytest.raises(WrongState):  # an operator's hand would let it go behind the campaign's back
        await stand.app.halts.remove(SYSTEM, f"campaign:{key}")
    await stand.app.campaigns.resume(SYSTEM, key)
    run = await finished(stand, key)
    assert run.state == "finished" and [await stand.inbox(user) for user in users] == [["Spring here"]] * 20


async def test_cancelled_nobody_else_gets_it_and_everybody_is_accounted_for(stand):
    audience, users = await crowd(stand, 20)
    key = await campaign(stand, audience, [await template(stand)], timing=Timing(pace=2))
    await start(stand, key)
    await stand.settle(after=3)
    await stand.app.campaigns.cancel(SYSTEM, key)
    told = sum([len(await stand.inbox(user)) for user in users])
    run = await finished(stand, key)
    assert run.state == "cancelled" and (run.ledger.planned, run.ledger.sent, run.ledger.skipped) == (20, told, 20 - told) and whole(run)
    assert (await stand.app.campaigns.get(SYSTEM, key)).state == "cancelled"
    assert await stand.app.store.read(lambda tx: [row for row in tx.conn.execute(tables.halts.select()) if "cancel" in row.scope]) == []


async def test_what_quiet_hours_hold_is_cancelled_with_it(stand):
    audience, users = await crowd(stand, 3, email="q@example.com")
    await stand.quiet(users[0])
    key = await campaign(stand, audience, [await template(stand)], channels=["email"])
    await start(stand, key)
    await stand.settle(after=2.5)
    assert (await newest(stand, key)).ledger.held == 1
    await stand.app.campaigns.cancel(SYSTEM, key)
    run = await finished(stand, key)
    assert (run.state, run.ledger.held, run.ledger.sent, run.ledger.skipped) == ("cancelled", 0, 2, 1) and whole(run)


async def test_a_pace_is_kept_and_a_change_reaches_whoever_was_not_told_yet(stand):
    (audience, users), (other, _) = await crowd(stand, 30), await crowd(stand, 1)
    key = await campaign(stand, audience, [await template(stand, "Old")], timing=Timing(pace=4))
    await start(stand, key)
    began = stand.now
    for _ in range(4):
        await stand.settle(after=0.5)
    run = await newest(stand, key)
    assert 0.5 * 4 * (stand.now - began) <= run.released <= 4 * (stand.now - began) + 4
    view = await stand.app.campaigns.get(SYSTEM, key)
    new = CampaignIn(**{**msgspec.structs.asdict(view.draft), "variants": [Variant("A", await template(stand, "New"))], "exclude": [], "channels": ["web"]}, name=key)
    changed = await stand.app.campaigns.put(SYSTEM, key, msgspec.structs.replace(new, revision=view.revision))
    assert changed.version == 2
    with pytest.raises(Invalid, match="stay as they are"):
        await stand.app.campaigns.put(SYSTEM, key, msgspec.structs.replace(new, audience=other, revision=changed.revision))
    await finished(stand, key)
    got = [await stand.inbox(user) for user in users]
    assert {tuple(one) for one in got} == {("Old here",), ("New here",)}


async def test_each_in_their_own_zone(stand):
    tag = f"tag{next(_keys)}"
    users = {}
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        users[zone] = await stand.person(attributes={"crowd": tag}, timezone=zone)
        await stand.app.preferences.put(SYSTEM, users[zone], PreferencesIn(consents={"marketing": True}))
    await stand.app.audiences.put(SYSTEM, tag, AudienceIn(rule=rules.Attribute("crowd", "equals", tag)))
    nine = datetime.fromtimestamp(stand.now + 20 * HOUR, UTC).strftime("%Y-%m-%dT%H:%M")
    key = await campaign(stand, tag, [await template(stand)], timing=Timing("at", at=nine, zone="person"))
    assert (await start(stand, key)).state == "scheduled"
    told = []
    for _ in range(70):
        await stand.settle(after=HOUR / 2)
        told += [zone for zone, user in users.items() if zone not in told and await stand.inbox(user)]
        if len(told) == 1 and (ends := (await newest(stand, key)).ends_at):
            assert ends >= max(wave.at for wave in (await newest(stand, key)).waves)  # it ends with the last zone, whatever the pace so far
    assert told == ["Asia/Tokyo", "UTC", "America/New_York"]
    run = await newest(stand, key)
    assert len(run.waves) == 3 and [wave.recipients for wave in run.waves] == [1, 1, 1] and whole(run)


async def test_whoever_is_past_their_own_hour_is_told_at_once_or_skipped_once_it_is_over_for_long(stand):
    tag, users = f"tag{next(_keys)}", {}
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        users[zone] = await stand.person(attributes={"crowd": tag}, timezone=zone)
        await stand.app.preferences.put(SYSTEM, users[zone], PreferencesIn(consents={"marketing": True}))
    await stand.app.audiences.put(SYSTEM, tag, AudienceIn(rule=rules.Attribute("crowd", "equals", tag)))
    wanted = datetime.fromtimestamp(stand.now // 60 * 60 - HOUR / 2, UTC)
    key = await campaign(stand, tag, [await template(stand)], timing=Timing("at", at=f"{wanted:%Y-%m-%dT%H:%M}", zone="person"))
    said = [problem.text for problem in (await stand.app.campaigns.get(SYSTEM, key)).problems]
    assert said == ["In some zones this hour is over already: who lives there is told at once, or not at all once it is over by 60 minutes."]
    await start(stand, key)
    await stand.settle(after=2.5)
    assert {zone: await stand.inbox(user) for zone, user in users.items()} == {"UTC": ["Spring here"], "Asia/Tokyo": [], "America/New_York": []}
    for _ in range(6):
        await stand.settle(after=HOUR)
    run = await finished(stand, key)
    assert (run.ledger.sent, run.ledger.skipped) == (2, 1) and whole(run)
    (skipped,) = (await stand.app.campaigns.recipients(SYSTEM, key, run.id, outcome="skipped")).items
    assert skipped.user == users["Asia/Tokyo"]
    shown = await stand.app.inbox.list(member(users["America/New_York"]), users["America/New_York"], None, 10)
    assert wanted.timestamp() + 5 * HOUR <= shown.items[0].timestamp.timestamp() <= stand.now, "dated when they were told"


def wall(at: float, zone: str = "UTC") -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%H:%M")


@pytest.mark.parametrize("when", ["now", "at"])
async def test_a_window_is_on_each_persons_own_clock_and_everybody_is_told_in_it(stand, when):
    tag, users = f"tag{next(_keys)}", {}
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        users[zone] = await stand.person(attributes={"crowd": tag}, timezone=zone)
        await stand.app.preferences.put(SYSTEM, users[zone], PreferencesIn(consents={"marketing": True}))
    await stand.app.audiences.put(SYSTEM, tag, AudienceIn(rule=rules.Attribute("crowd", "equals", tag)))
    begin = stand.now + 3 * HOUR
    window = Window(wall(begin), wall(begin + 2 * HOUR))  # on UTC's clock: open in three hours for two
    nine = datetime.fromtimestamp(begin - HOUR, UTC).strftime("%Y-%m-%dT%H:%M")
    timing = Timing("at", at=nine, zone="person", window=window, grace=86_400) if when == "at" else Timing(zone="person", window=window)
    key = await campaign(stand, tag, [await template(stand)], timing=timing)
    foreseen = {zone: moments(timing, stand.now)(zone).at for zone in users}
    await start(stand, key)
    told = {}
    for _ in range(110):
        await stand.settle(after=HOUR / 4)
        for zone, user in users.items():
            if zone not in told and await stand.inbox(user):
                told[zone] = stand.now
    assert told.keys() == users.keys()
    assert all(window.start <= wall(at - 1, zone) <= window.end or wall(at, zone) >= window.start for zone, at in told.items())
    assert {zone: 0 <= at - foreseen[zone] <= HOUR / 2 for zone, at in told.items()} == dict.fromkeys(users, True)
    assert whole(await newest(stand, key))


async def test_outside_its_window_a_campaign_waits(stand):
    audience, users = await crowd(stand, 3)
    begin = stand.now + HOUR
    window = Window(wall(begin, "Europe/Berlin"), wall(begin + HOUR, "Europe/Berlin"))
    key = await campaign(stand, audience, [await template(stand)], timing=Timing(zone="Europe/Berlin", window=window))
    await start(stand, key)
    await stand.settle(after=HOUR * 0.9)
    assert [await stand.inbox(user) for user in users] == [[], [], []]
    await stand.settle(after=HOUR * 0.2)
    run = await finished(stand, key)
    assert run.ledger.sent == 3


async def test_one_that_comes_again_takes_its_people_anew_each_time(stand):
    audience, users = await crowd(stand, 2)
    key = await campaign(stand, audience, [await template(stand)], timing=Timing("recurring", cron="0 * * * *"))
    await start(stand, key)
    await stand.settle(after=HOUR - stand.now % HOUR)
    await stand.settle(after=5)
    late = await stand.person(attributes={"crowd": audience})
    await stand.app.preferences.put(SYSTEM, late, PreferencesIn(consents={"marketing": True}))
    await stand.settle(after=HOUR - stand.now % HOUR)
    await stand.settle(after=5)
    runs = (await stand.app.campaigns.runs(SYSTEM, key)).items
    assert [run.recipients for run in runs] == [3, 2]
    assert [len(await stand.inbox(user)) for user in (*users, late)] == [2, 2, 1]
    await stand.app.campaigns.cancel(SYSTEM, key)
    entries = await stand.app.campaigns.calendar(SYSTEM, stand.now - 3 * HOUR, stand.now + HOUR)
    assert [entry.recipients for entry in entries if entry.key == key] == [2, 3]


async def test_a_second_person_says_yes(stand):
    audience, _ = await crowd(stand, 1)
    key = await campaign(stand, audience, [await template(stand)], approval=True)
    first, second = admin(), Actor(1, "second", "marketer", via="portal")
    with pytest.raises(WrongState, match="second person"):
        await start(stand, key)
    view = await stand.app.campaigns.submit(first, key)
    assert (view.state, view.submitted_by) == ("review", first.subject)
    with pytest.raises(Forbidden, match="yourself"):
        await stand.app.campaigns.approve(first, key)
    assert (await stand.app.campaigns.approve(second, key)).state == "approved"
    given = CampaignIn(audience=audience, approval=True, revision=3)
    assert (await stand.app.campaigns.put(first, key, given)).state == "draft", "what was approved is not this any more"


async def test_what_cannot_go_is_refused_before_anybody_is_told(stand):
    audience, users = await crowd(stand, 2)
    one = await template(stand)
    for more, said in (
        ({"variants": [Variant("A", "none")]}, "no published version"),
        ({"audience": "none"}, "no audience"),
        ({"audience": ""}, "Nobody is chosen"),
        ({"timing": Timing("at", at="2001-01-01T09:00")}, "time is over"),
        ({"timing": Timing("recurring", cron="0 0 31 2 *")}, "never fires"),
        ({"timing": Timing("at", at="2030-01-01T09:00", zone="Mars/Base")}, "no time zone"),
        ({"timing": Timing(pace=-1)}, "The pace is"),
        ({"variants": [Variant("A", one, 60), Variant("B", one, 60)], "experiment": Experiment()}, "not to 100"),
        ({"variants": [Variant("A", one, 50), Variant("B", one, 50)]}, "which is better"),
        ({"experiment": Experiment(holdout=80), "variants": [Variant("A", one)]}, "half of the people"),
        ({"category": "none"}, "no category"),
        ({"channels": ["push"], "variants": [Variant("A", one)]}, "says nothing on push"),
    ):  # fmt: skip
        key = await campaign(stand, more.pop("audience", audience), [one], **more)
        with pytest.raises(Invalid, match=said):
            await start(stand, key)
        assert any(said in problem.text for problem in (await stand.app.campaigns.get(SYSTEM, key)).problems)
    with pytest.raises(Invalid, match="none that can be counted with"):
        await campaign(stand, audience, [one], timing=Timing(pace=float("nan")))
    await stand.settle(after=5)
    assert [await stand.inbox(user) for user in users] == [[], []]
    key = await campaign(stand, audience, [one])
    with pytest.raises(Stale):
        await stand.app.campaigns.put(SYSTEM, key, CampaignIn(revision=0))


async def test_everybody_is_asked_for_twice(stand):
    key = f"all{next(_keys)}"
    await stand.app.audiences.put(SYSTEM, key, AudienceIn(rule=rules.All()))
    made = await campaign(stand, key, [await template(stand)])
    with pytest.raises(Invalid, match="everybody here") as asked:
        await stand.app.campaigns.start(SYSTEM, made, StartIn())
    people = asked.value.facts["people"]
    assert (await stand.app.campaigns.start(SYSTEM, made, StartIn(confirm=people))).state == "running"
    assert (await finished(stand, made)).ledger.planned == people
