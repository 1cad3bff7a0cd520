"""A campaign whose process is killed with SIGKILL on its way: after it goes on, everybody it was for was told once or is accounted for, and what came of it
is what its forecast said, row by row."""

from collections import Counter

import pytest

from backend.clock import HeldClock
from backend.security.roles import SYSTEM
from backend.settings import load
from carillon.house import House
from tests.line.houses import NOON
from tests.line.lives import judge, rest
from tests.line.victim import MANY, STEP

pytestmark = [pytest.mark.drill, pytest.mark.timeout(420)]


async def lived(place, plans):
    """Lives that end by their plans, one that ends by itself, and what the campaign came to."""
    for n, plan in enumerate(plans):
        await place.dies("campaign", n, plan)
    await place.lives("campaign", len(plans))
    now = NOON + (len(plans) + 2) * STEP
    found = await rest(place, now)
    judge(place, found)
    assert max(Counter(place.heard()).values()) == 1 or found.repeated
    async with House(load(place.environ), HeldClock(now + 4 * 3600.0)) as house:
        for _ in range(4):
            await house.line.settle(60.0)
            house.clock.move(2.5)
        view = await house.app.campaigns.get(SYSTEM, "spring")
        report = await house.app.forecasts.report(SYSTEM, "spring")
    run = view.run
    assert (view.state, run.state, run.recipients, run.released) == ("finished", "finished", MANY, MANY)
    assert run.ledger.planned == MANY == run.ledger.sent + run.ledger.skipped + run.ledger.unknown
    assert report.units == MANY and report.differences == []
    assert [(row.outcome, row.planned) for row in report.rows if row.planned != row.fact] == []


async def test_killed_midway_plan_and_fact_are_equal(place):
    await lived(place, ["expand:after_commit:2", "decide:after_commit:2", "deliver:before_commit:3"])


@pytest.mark.long
async def test_killed_again_and_again(place):
    await lived(place, ["expand:before_commit:1", "expand:amid_appends:1", "decide:before_commit:1", "decide:amid_appends:1", "deliver:after_commit:1", "due:before_mark:1"])
