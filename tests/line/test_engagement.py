"""Engagement of a campaign that really went through the line: the funnel is what the ledger and the people say, however it is cut."""

import pytest

from backend.app.engagement_views import CompareIn, EngagementIn
from backend.app.views import InboxChange
from backend.domain.campaign import Experiment
from backend.domain.event import HOLDOUT, EventIn, To
from backend.security.roles import SYSTEM
from tests.line.houses import member
from tests.line.test_campaigns import campaign, crowd, finished, start, template
from tests.line.test_experiments import by_variant

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY = 86_400.0


async def test_from_planned_to_converted_by_variant(stand):
    audience, _ = await crowd(stand, 60)
    plan = Experiment(metric="converted", event="order.placed", share=100, holdout=10, least=10, days=7, window_days=7)
    key = await campaign(stand, audience, [await template(stand, "A"), await template(stand, "B")], experiment=plan)
    await start(stand, key)
    await stand.settle(after=5)
    people = await by_variant(stand, key)
    run = await finished(stand, key)
    stand.clock.move(3_600)
    for user in people[1][:3]:
        (item,) = (await stand.app.inbox.list(member(user), user)).items
        await stand.app.inbox.mark(member(user), user, [item.id], InboxChange(read=True))
    await stand.accept(*(EventIn("order.placed", "activity", To(user=user)) for user in [*people[0][:1], *people[1][:4], *people[HOLDOUT][:1]]))
    await stand.settle()
    await stand.settle(after=61)
    await stand.line.rollup.once()  # what engagement reads; by itself every few seconds

    report = stand.app.engagement.report
    span = (stand.now - 7 * DAY, stand.now + DAY)
    view = await report(SYSTEM, EngagementIn(*span, campaign=key, by="variant"))
    whole = view.whole
    told = len(people[0]) + len(people[1])
    assert (whole.planned, whole.sent) == (run.ledger.planned, run.ledger.sent)
    assert whole.opened.part == 3 and whole.people is not None
    assert (whole.people.got, whole.people.read, whole.people.converted, whole.people.holdout_converted) == (told, 3, 5, 1)
    assert (whole.converted.part, whole.converted.whole) == (5, told)
    parts = {part.key: part.funnel for part in view.parts}
    assert set(parts) == {f"{key}/0", f"{key}/1", f"{key}/{HOLDOUT}"}
    assert {name: part.people.converted for name, part in parts.items()} == {f"{key}/0": 1, f"{key}/1": 4, f"{key}/{HOLDOUT}": 0}
    assert sum(part.planned for part in parts.values()) == whole.planned == sum(point.funnel.planned for point in view.points)
    assert parts[f"{key}/{HOLDOUT}"].sent == 0 and sum(hour.sent for hour in view.hours) == whole.sent

    one = await report(SYSTEM, EngagementIn(*span, campaign=key, variant=1))
    assert (one.whole.sent, one.whole.opened.part, one.whole.people and one.whole.people.converted) == (parts[f"{key}/1"].sent, 3, 4)
    by_audience = await report(SYSTEM, EngagementIn(*span, audience=audience, by="audience"))
    assert [(part.key, part.funnel.planned) for part in by_audience.parts] == [(audience, whole.planned)]
    (compared,) = await stand.app.engagement.compare(SYSTEM, CompareIn([key]))
    assert compared.funnel == whole, "all that was ever sent of it lies in this week"
