"""The schedules' page without a browser: made, previewed, paused, its times told, deleted."""

import pytest

from backend.app.person_views import GroupIn
from backend.security.roles import SYSTEM
from portal.frame import Frame
from portal.states.schedules import NEW, Schedules
from tests.portal.test_pages import tab  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio(loop_scope="module")
FORM = {"key": "daily", "name": "Daily", "category": "orders", "title": "Good morning", "message": "", "template": "", "group": "band", "users": ""}


async def test_a_schedule_from_the_first_look_to_its_end(house, tab):  # noqa: F811
    await house.app.groups.put(SYSTEM, "band", GroupIn(name="Band", members=["mia"]))
    one = await tab("marketer")
    page = await one.open(Schedules, "/schedules")
    assert (page.lines, page.chosen) == ([], "")
    await one.do(Schedules, "anew")
    assert page.chosen == NEW and len(page.times) == 5
    await one.do(Schedules, "try_cron", "0 0 30 2 *")
    assert "never fires" in page.wrong and page.times == []
    await one.do(Schedules, "save", FORM)
    assert "never fires" in page.problems["cron"]
    await one.do(Schedules, "try_cron", "0 * * * *")
    await one.do(Schedules, "try_zone", "Mars/Olympus")
    assert "no time zone" in page.wrong
    await one.do(Schedules, "try_zone", "Europe/Berlin")
    assert len(page.times) == 5 and page.wrong == ""
    await one.do(Schedules, "save", {**FORM, "group": ""})
    assert page.problems["to"] or page.problems["all"]
    await one.do(Schedules, "save", FORM)
    assert (page.chosen, [line.name for line in page.lines]) == ("daily", ["Daily"])
    house.app.clock.move(3_600 - house.app.clock.now() % 3_600)
    await house.settle()
    await one.do(Schedules, "choose", "daily")
    assert [(run.look, run.said) for run in page.runs] == [("delivered", "fired for 1 person")] and page.runs[0].event
    await one.do(Schedules, "pause")
    assert page.paused and page.lines[0].next == "Paused" and page.times == []
    await one.do(Schedules, "save", {**FORM, "name": "Every morning"})
    assert page.paused and page.form["name"] == "Every morning", "saving does not let it go on"
    await one.do(Schedules, "pause")
    assert not page.paused
    await one.do(Schedules, "anew")
    await one.do(Schedules, "save", FORM)
    assert page.problems["key"] == "There is a schedule with this key already."
    await one.do(Schedules, "choose", "daily")
    await one.do(Schedules, "pick_own", True)
    await one.do(Schedules, "pick_to", "users")
    await one.do(Schedules, "save", {**FORM, "users": "mia, nobody-of-this-name"})
    assert "nobody-of-this-name" in page.problems["to"]
    await one.do(Schedules, "save", {**FORM, "users": "mia"})
    assert page.own and page.form["users"] == "mia" and "each person's clock" in page.lines[0].when
    await one.do(Schedules, "delete")
    assert (page.lines, page.chosen) == ([], "")


async def test_who_may_only_read_changes_nothing(house, tab):  # noqa: F811
    one = await tab("analyst")
    page = await one.open(Schedules, "/schedules")
    assert page.lines == [] and not one.state(Frame).closed
    member = await tab("member")
    await member.open(Schedules, "/schedules")
    assert member.state(Frame).closed
