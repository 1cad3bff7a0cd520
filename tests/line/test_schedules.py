"""Schedules, through the whole line: what fires, for whom, when, and that nothing fires twice however many look."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from backend.app.firing import Firing
from backend.app.person_views import GroupIn, PersonIn
from backend.app.schedule_views import ScheduleIn
from backend.domain.errors import Invalid, NotFound, Refusal, Stale
from backend.domain.event import To
from backend.security.roles import SYSTEM
from tests.line.houses import NOON

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOUR = 3_600.0
_keys = iter(range(10_000))


def hourly(user, **more) -> ScheduleIn:
    return ScheduleIn(**{"cron": "0 * * * *", "category": "orders", "to": To(user=user), "title": "The hour", "channels": ["web"], **more})


async def made(stand, given) -> str:
    key = f"s{next(_keys)}"
    await stand.app.schedules.put(SYSTEM, key, given)
    return key


async def told(stand, key):
    """(outcome, planned hour, n), oldest first."""
    rows = (await stand.app.schedules.firings(SYSTEM, key)).items
    return [(row.outcome, row.planned_at.strftime("%d %H:%M"), row.n) for row in reversed(rows)]


async def to_the_hour(stand) -> None:
    """The next full hour of the clock."""
    await stand.settle(after=HOUR - stand.now % HOUR)


async def test_it_fires_at_its_times_and_says_so(stand):
    user = await stand.person()
    key = await made(stand, hourly(user))
    view = await stand.app.schedules.get(SYSTEM, key)
    assert len(view.upcoming) == 5 and all(one.minute == 0 for one in view.upcoming)
    await stand.settle()
    assert await stand.inbox(user) == []
    await to_the_hour(stand)
    await to_the_hour(stand)
    assert await stand.inbox(user) == ["The hour"] * 2
    assert [row[::2] for row in await told(stand, key)] == [("fired", 1)] * 2
    firing = (await stand.app.schedules.get(SYSTEM, key)).last
    assert await stand.ledger(firing.event) == {"planned": 1, "sent": 1}
    assert (await stand.event(firing.event)).id == firing.event
    await stand.app.schedules.delete(SYSTEM, key)


async def test_many_stages_at_once_fire_once(stand):
    """Eight look at the same moment, and again, and each firing is one."""
    users = [await stand.person() for _ in range(3)]
    keys = [await made(stand, hourly(user, to=To(users=users))) for user in users]
    stand.clock.move(HOUR - stand.now % HOUR)
    looks = [Firing(stand.app) for _ in range(8)]
    for _ in range(3):
        await asyncio.gather(*(look.once() for look in looks))
    await stand.settle()
    for user in users:
        assert await stand.inbox(user) == ["The hour"] * 3
    for key in keys:
        assert [row[::2] for row in await told(stand, key)] == [("fired", 3)]
        await stand.app.schedules.delete(SYSTEM, key)


async def test_after_a_time_away_the_newest_fires_and_the_older_are_told_as_missed(stand):
    user = await stand.person()
    key = await made(stand, hourly(user))
    await stand.settle(after=5 * HOUR)
    assert await stand.inbox(user) == ["The hour"]
    assert [row[0] for row in await told(stand, key)] == ["missed"] * 4 + ["fired"]
    await stand.app.schedules.put(SYSTEM, key, hourly(user, grace=60))
    await stand.settle(after=3 * HOUR - stand.now % HOUR + 300)
    assert await stand.inbox(user) == ["The hour"], "the newest is over its grace"
    assert [row[0] for row in await told(stand, key)][5:] == ["missed"] * 3
    await stand.app.schedules.delete(SYSTEM, key)


async def test_a_pause_is_not_made_up_for(stand):
    user = await stand.person()
    key = await made(stand, hourly(user))
    assert (await stand.app.schedules.pause(SYSTEM, key)).upcoming == []
    await stand.settle(after=3 * HOUR)
    await stand.app.schedules.pause(SYSTEM, key, False)
    await stand.settle()
    assert await stand.inbox(user) == [] and await told(stand, key) == []
    await to_the_hour(stand)
    assert await stand.inbox(user) == ["The hour"]
    await stand.app.schedules.delete(SYSTEM, key)


async def test_at_nine_on_each_ones_own_clock(stand):
    """A group over the world: each is told when their own clock shows nine, and a move in between tells nobody twice."""
    zones = {"Asia/Tokyo": 0, "Europe/Berlin": 8, "UTC": 9, "America/New_York": 14}  # the hour of UTC at which it is nine there, in winter
    users = {zone: await stand.person(timezone=zone) for zone in zones}
    group = f"world{next(_keys)}"
    await stand.app.groups.put(SYSTEM, group, GroupIn(name="World", members=list(users.values())))
    await stand.settle(after=16 * HOUR + (24 * HOUR - stand.now % (24 * HOUR)))
    midnight = stand.now + 8 * HOUR
    key = await made(stand, ScheduleIn(cron="0 9 * * *", zone="person", category="orders", to=To(group=group), title="Nine", channels=["web"]))
    await stand.settle(after=3.5 * HOUR)  # 19:30: it is half past nine where the day begins
    assert [row[::2] for row in await told(stand, key)] == [("fired", 4)]
    await stand.app.people.put(SYSTEM, users["America/New_York"], PersonIn(timezone="Asia/Tokyo"))
    for zone, hour in zones.items():
        await stand.settle(after=midnight + hour * HOUR - 60 - stand.now)
        assert await stand.inbox(users[zone]) == [], zone
        await stand.settle(after=61)
        assert await stand.inbox(users[zone]) == ["Nine"], zone
    await stand.app.schedules.delete(SYSTEM, key)
    await stand.settle(after=12 * HOUR)
    assert [await stand.inbox(user) for user in users.values()] == [["Nine"]] * 4


async def test_a_list_of_people_on_their_own_clocks(stand):
    east, west = await stand.person(timezone="Asia/Tokyo"), await stand.person(timezone="America/New_York")
    gone = await stand.person()
    key = await made(stand, ScheduleIn(cron="0 9 * * *", zone="person", category="orders", to=To(users=[east, west, gone]), title="Nine", channels=["web"]))
    await stand.app.people.erase(SYSTEM, gone)
    for _ in range(15):
        await stand.settle(after=4 * HOUR)
    assert {len(await stand.inbox(user)) for user in (east, west)} <= {2, 3}  # nines within 60 hours
    await stand.app.schedules.delete(SYSTEM, key)


async def test_what_cannot_be_sent_any_more_is_told_and_the_next_time_comes(stand):
    group = f"short{next(_keys)}"
    user = await stand.person()
    await stand.app.groups.put(SYSTEM, group, GroupIn(name="Short", members=[user]))
    key = await made(stand, hourly(user, to=To(group=group)))
    await stand.app.groups.delete(SYSTEM, group)
    await to_the_hour(stand)
    last = (await stand.app.schedules.get(SYSTEM, key)).last
    assert last.outcome == "refused" and "unknown_group" in last.detail
    await stand.app.groups.put(SYSTEM, group, GroupIn(name="Short", members=[user]))
    await to_the_hour(stand)
    assert await stand.inbox(user) == ["The hour"]
    await stand.app.schedules.delete(SYSTEM, key)


async def test_bad_schedules_are_refused_before_anything_is_kept(stand):
    user = await stand.person()
    bad = [
        {"cron": "0 0 30 2 *"}, {"cron": "soon"}, {"zone": "Mars/Olympus"}, {"to": To()}, {"to": To(user="nobody-here")}, {"to": To(group="nowhere")}, {"category": "none"},
        {"template": "none"}, {"channels": []}, {"title": "x" * 10_000}, {"name": "a\nb"},
    ]  # fmt: skip
    for more in bad:
        with pytest.raises(Refusal):
            await stand.app.schedules.put(SYSTEM, "bad", hourly(user, **more))
    for key in ("", "a b", "<b>", "x" * 200):
        with pytest.raises(Invalid):
            await stand.app.schedules.put(SYSTEM, key, hourly(user))
    with pytest.raises(NotFound):
        await stand.app.schedules.get(SYSTEM, "bad")
    key = await made(stand, hourly(user))
    with pytest.raises(Stale):
        await stand.app.schedules.put(SYSTEM, key, hourly(user, revision=0))
    await stand.app.schedules.delete(SYSTEM, key)


async def test_another_space_sees_nothing_of_it(stand):
    user = await stand.person()
    key = await made(stand, hourly(user))
    other = msgspec.structs.replace(SYSTEM, space=2)
    assert key not in [one.key for one in (await stand.app.schedules.list(other)).items]
    for call in (stand.app.schedules.get, stand.app.schedules.delete, stand.app.schedules.pause, stand.app.schedules.firings):
        with pytest.raises(NotFound):
            await call(other, key)
    await stand.app.schedules.delete(SYSTEM, key)


async def test_the_times_ahead_are_those_of_the_line(stand):
    found = await stand.app.schedules.preview(msgspec.structs.replace(SYSTEM, timezone="Asia/Tokyo"), "0 9 * * *", "person")
    assert len(found) == 5 and {datetime.fromtimestamp(one, UTC).hour for one in found} == {0} and found[0] > max(NOON, stand.now)
