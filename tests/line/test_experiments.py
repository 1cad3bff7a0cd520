"""An experiment through the whole line, the clock moved: told, acted, judged when its week is over, rolled out to the rest, the holdout kept."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from backend.app.audience_views import AudienceIn
from backend.app.views import PreferencesIn
from backend.domain.audience import Attribute
from backend.domain.campaign import Experiment, Guardrails, Timing
from backend.domain.errors import NotFound, WrongState
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from backend.store import campaign_rows, experiment_rows, tables
from tests.line.test_campaigns import campaign, crowd, finished, newest, start, template

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY = 86_400.0


async def placed(stand, users) -> None:
    """They order something."""
    await stand.accept(*(EventIn("order.placed", "activity", To(user=user)) for user in users))
    await stand.settle()
    await stand.settle(after=61)  # a page that is opened looks once a minute


async def by_variant(stand, key) -> dict[int, list[str]]:
    run = await newest(stand, key)
    made: dict[int, list[str]] = {}
    after = None
    while True:
        page = await stand.app.campaigns.recipients(SYSTEM, key, run.id, after=after)
        for one in page.items:
            made.setdefault(one.variant, []).append(one.user)
        after = page.next
        if after is None:
            return made


PLAN = Experiment(metric="converted", event="order.placed", share=60, holdout=10, least=10, days=7, window_days=7)


async def test_from_the_start_to_the_verdict_and_on_to_the_rest(stand):
    audience, users = await crowd(stand, 200)  # enough that no split of them leaves it open
    plan = msgspec.structs.replace(PLAN, winner="roll_out")
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=plan)
    with pytest.raises(NotFound):
        await stand.app.experiments.get(SYSTEM, key)
    await start(stand, key)
    await stand.settle(after=2.5)
    await stand.settle(after=2.5)
    people = await by_variant(stand, key)
    early = await stand.app.experiments.get(SYSTEM, key)
    assert (early.state, early.winner, early.rest) == ("waiting", None, len(people[-3]))
    assert [arm.people for arm in early.arms] == [len(people[0]), len(people[1])]
    assert early.sentence == "It is too early to say."

    await stand.settle(after=DAY)
    await placed(stand, [*people[1][2:], *people[0][:2], *people[-2][:1]])
    before = await stand.app.experiments.get(SYSTEM, key)
    assert [arm.hits for arm in before.arms] == [2, len(people[1]) - 2]
    assert before.state == "waiting", "a week is a week, however clear it looks"

    await stand.settle(after=6 * DAY + 3_600)
    await stand.settle(after=5)
    after = await stand.app.experiments.get(SYSTEM, key)
    assert (after.state, after.winner, after.sent) == ("winner", 1, 1), after.sentence
    assert after.arms[1].low > 0
    assert after.holdout == (len(people[-2]), 1)
    assert after.sentence == "Message B goes to everyone else."
    assert "percentage points more conversions than A" in after.explained
    assert len(after.looks) >= 3

    run = await finished(stand, key)
    texts = {user: await stand.inbox(user) for user in users}
    assert all(texts[user] == ["B here"] for user in [*people[1], *people[-3]]), "the winner, and the rest gets it"
    assert all(texts[user] == ["A here"] for user in people[0])
    assert not any(texts[user] for user in people[-2]), "the holdout is kept"
    assert run.ledger.planned == len(users)
    again = await stand.app.experiments.get(SYSTEM, key)
    assert (again.state, [arm.people for arm in again.arms]) == ("winner", [len(people[0]), len(people[1])]), "the rest was not tried on"
    with pytest.raises(WrongState):
        await stand.app.experiments.roll_out(SYSTEM, key, 0)


async def test_a_winner_found_while_the_campaign_is_paused_goes_out_once_it_goes_on(stand):
    audience, _ = await crowd(stand, 80)
    plan = msgspec.structs.replace(PLAN, winner="roll_out")
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=plan)
    await start(stand, key)
    await stand.settle(after=5)
    people = await by_variant(stand, key)
    await placed(stand, people[1][2:])
    await stand.app.campaigns.pause(SYSTEM, key)
    await stand.settle(after=7 * DAY + 3_600)
    found = await stand.app.experiments.get(SYSTEM, key)
    assert (found.state, found.winner, found.sent) == ("winner", 1, None)
    assert not any([await stand.inbox(user) for user in people[-3]])
    await stand.app.campaigns.resume(SYSTEM, key)
    await stand.settle(after=61)
    assert (await stand.app.experiments.get(SYSTEM, key)).sent == 1
    await finished(stand, key)
    assert [await stand.inbox(user) for user in people[-3]] == [["B here"]] * len(people[-3])


async def test_no_winner_is_a_plain_answer_and_somebody_chooses(stand):
    audience, _ = await crowd(stand, 40)
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=PLAN)
    await start(stand, key)
    await stand.settle(after=5)
    await stand.settle(after=7 * DAY + 3_600)
    await stand.settle(after=5)
    found = await stand.app.experiments.get(SYSTEM, key)
    assert (found.state, found.winner) == ("none", None)
    assert found.sentence.startswith("No winner")
    assert "roll_out" in found.can
    sent = await stand.app.experiments.roll_out(SYSTEM, key, 0)
    assert (sent.sent, sent.state) == (0, "none")
    await finished(stand, key)
    people = await by_variant(stand, key)
    assert set(people) == {0, 1, -2}
    assert next(one.campaign for one in (await stand.app.experiments.list(SYSTEM)).items) == key


async def test_a_variant_beyond_its_guardrail_is_stopped(stand):
    audience, _users = await crowd(stand, 60)
    plan = Experiment(share=100, least=5, guardrails=Guardrails(unsubscribed=0.01))
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=plan)
    await start(stand, key)
    await stand.settle(after=5)
    run = bytes.fromhex((await newest(stand, key)).id)
    r = tables.recipients.c
    await stand.app.store.write(lambda tx: tx.conn.execute(tables.recipients.update().where(r.run == run, r.variant == 1).values(unsubscribed=stand.now)))
    await stand.settle(after=3_601)
    found = await stand.app.experiments.get(SYSTEM, key)
    assert (found.state, found.arms[1].stopped, found.arms[0].stopped, found.winner) == ("stopped", True, False, None)
    assert found.sentence == "Message B was stopped."
    body = await stand.app.store.read(lambda tx: campaign_rows.run(tx, 1, run).body)
    assert msgspec.json.decode(body)["stopped"] == [1], "whoever was not told yet is not"
    assert "1.00%" in found.explained


async def test_what_goes_to_the_rest_is_stopped_too_when_it_goes_beyond_a_guardrail(stand):
    audience, users = await crowd(stand, 50)
    plan = Experiment(share=40, least=5, guardrails=Guardrails(unsubscribed=0.01))
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=plan, timing=Timing(pace=4))
    await start(stand, key)
    for _ in range(60):
        await stand.settle(after=1)
        if (await newest(stand, key)).state == "testing":
            break
    people = await by_variant(stand, key)
    tested, rest = {user for n in (0, 1) for user in people[n]}, people[-3]
    assert (await stand.app.experiments.roll_out(SYSTEM, key, 1)).rest == len(rest)
    await stand.settle(after=2.5)
    await stand.settle(after=1)
    told = [user for user in rest if await stand.inbox(user)]
    assert 0 < len(told) < len(rest) - 10
    run, r = bytes.fromhex((await newest(stand, key)).id), tables.recipients.c
    await stand.app.store.write(lambda tx: tx.conn.execute(tables.recipients.update().where(r.run == run, r.got.is_not(None), r.wave >= 1_000).values(unsubscribed=stand.now)))
    await stand.app.campaigns.pause(SYSTEM, key)  # the look is not raced by its pace
    await stand.settle(after=61)
    found = await stand.app.experiments.get(SYSTEM, key)
    assert ([arm.stopped for arm in found.arms], found.sent, found.sentence) == ([False, True], 1, "Message B was stopped.")
    assert "unsubscribed" in found.explained
    await stand.app.campaigns.resume(SYSTEM, key)
    done = await finished(stand, key)
    reached = [user for user in users if await stand.inbox(user)]
    assert set(told) <= set(reached) - tested
    assert len(reached) < len(tested) + len(rest) - 5, "whoever was not told yet is not"
    assert done.ledger.planned == len(users) == done.ledger.sent + done.ledger.skipped
    row = await stand.app.store.read(lambda tx: experiment_rows.get(tx, 1, run))
    assert row.next is None


async def test_the_rest_of_one_on_each_persons_own_clock_is_told_at_that_hour_too(stand):
    tag, users = f"own-{stand.kind}", {}
    for n in range(24):
        zone = ("UTC", "Asia/Tokyo", "America/New_York")[n % 3]
        user = await stand.person(attributes={"crowd": tag}, timezone=zone)
        await stand.app.preferences.put(SYSTEM, user, PreferencesIn(consents={"marketing": True}))
        users[user] = zone
    await stand.app.audiences.put(SYSTEM, tag, AudienceIn(rule=Attribute("crowd", "equals", tag)))
    hour = stand.now // 3_600 * 3_600 + 16 * 3_600
    timing = Timing("at", at=f"{datetime.fromtimestamp(hour, UTC):%Y-%m-%dT%H:%M}", zone="person", expires=3_600)
    key = await campaign(stand, tag, [await template(stand, "A"), await template(stand, "B")], experiment=Experiment(share=40, least=2), timing=timing)
    await start(stand, key)
    for _ in range(64):
        await stand.settle(after=1_800 - stand.now % 1_800)
    assert (await newest(stand, key)).state == "testing"
    rest = (await by_variant(stand, key))[-3]
    assert {users[user] for user in rest} == set(users.values())
    await stand.app.experiments.roll_out(SYSTEM, key, 1)
    told = {}
    for _ in range(50):
        await stand.settle(after=1_800 - stand.now % 1_800)
        told |= {user: stand.now for user in rest if user not in told and await stand.inbox(user)}
    assert told.keys() == set(rest), "of use for an hour from then on"
    wall = datetime.fromtimestamp(hour, UTC).hour
    assert {datetime.fromtimestamp(at, ZoneInfo(users[user])).hour for user, at in told.items()} == {wall}
    assert (await finished(stand, key)).ledger.sent == len(users)


async def test_a_bad_split_makes_no_winner(stand):
    audience, _users = await crowd(stand, 60)
    plan = Experiment(share=100, least=5, days=1, window_days=1)
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=plan)
    await start(stand, key)
    await stand.settle(after=5)
    run = bytes.fromhex((await newest(stand, key)).id)
    r = tables.recipients.c

    def bend(tx):
        persons = list(tx.conn.scalars(tables.recipients.select().with_only_columns(r.person).where(r.run == run)))
        tx.conn.execute(tables.recipients.update().where(r.run == run).values(variant=0, clicked=stand.now))
        tx.conn.execute(tables.recipients.update().where(r.run == run, r.person.in_(persons[:10])).values(variant=1, clicked=None))

    await stand.app.store.write(bend)
    await stand.settle(after=DAY + 3_601)
    found = await stand.app.experiments.get(SYSTEM, key)
    assert (found.state, found.winner, found.split_ok) == ("unhealthy", None, False)
    assert "nobody wins" in found.sentence


async def test_ended_by_hand_and_then_no_more_looks(stand):
    audience, _ = await crowd(stand, 12)
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=PLAN)
    await start(stand, key)
    await stand.settle(after=5)
    ended = await stand.app.experiments.end(SYSTEM, key)
    assert (ended.state, ended.can) == ("stopped", ["roll_out"] if ended.rest else [])
    with pytest.raises(WrongState):
        await stand.app.experiments.end(SYSTEM, key)
    looks = len((await stand.app.experiments.get(SYSTEM, key)).looks)
    await stand.settle(after=DAY)
    assert len((await stand.app.experiments.get(SYSTEM, key)).looks) == looks


async def test_a_run_without_an_experiment_is_not_looked_at(stand):
    audience, _ = await crowd(stand, 3)
    key = await campaign(stand, audience, [await template(stand)])
    await start(stand, key)
    await stand.settle(after=5)
    run = bytes.fromhex((await newest(stand, key)).id)
    row = await stand.app.store.read(lambda tx: experiment_rows.get(tx, 1, run))
    assert row is not None
    assert (row.state, row.next) == ("off", None)
    with pytest.raises(NotFound):
        await stand.app.experiments.get(SYSTEM, key)
