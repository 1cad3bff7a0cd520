"""Events for an audience: by hand, planned, and by a schedule on each person's own clock; who is named when its time comes gets it."""

from datetime import UTC, datetime

import pytest

from backend.app.audience_views import AudienceIn
from backend.app.schedule_views import ScheduleIn
from backend.app.views import PersonIn
from backend.domain import audience as rules
from backend.domain.errors import UnknownAudience
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from tests.line.houses import moment

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOUR = 3_600.0
_keys = iter(range(10_000))


async def audience(stand, *zones) -> tuple[str, list[str]]:
    key = f"aud{next(_keys)}"
    users = [await stand.person(attributes={"of": key}, timezone=zone) for zone in zones or ("UTC", "UTC", "UTC")]
    await stand.app.audiences.put(SYSTEM, key, AudienceIn(rule=rules.Attribute("of", "equals", key)))
    return key, users


def notice(key, **more) -> EventIn:
    return EventIn(**{"type": "notice", "category": "orders", "to": To(audience=key), "title": "For you", "channels": ["web"], **more})


async def test_everybody_it_names_gets_it_and_nobody_else(stand):
    key, users = await audience(stand)
    other = await stand.person()
    made = await stand.send(notice(key))
    assert [await stand.inbox(user) for user in (*users, other)] == [["For you"]] * 3 + [[]]
    view = await stand.event(made)
    assert (view.recipients, view.to) == (3, {"audience": key})
    assert await stand.ledger(made) == {"planned": 3, "sent": 3}
    assert len(await stand.app.events.dry_run(SYSTEM, notice(key))) == 3


async def test_the_same_producers_id_for_a_group_and_an_audience_of_one_name_is_not_one_event(stand):
    key, users = await audience(stand)
    (first,) = await stand.accept(notice(key, id=f"id-{key}"))
    (again,) = await stand.accept(notice(key, id=f"id-{key}"))
    await stand.settle()
    assert first == again and [await stand.inbox(user) for user in users] == [["For you"]] * 3


async def test_one_nobody_knows_is_refused(stand):
    with pytest.raises(UnknownAudience, match="PUT /v1/audiences"):
        await stand.accept(notice("nobody-knows-it"))


async def test_planned_it_goes_to_whoever_is_named_then(stand):
    key, users = await audience(stand)
    (made,) = await stand.accept(notice(key, send_at=moment(stand.now + HOUR)))
    await stand.settle()
    assert (await stand.event(made)).recipients == 3
    await stand.app.people.put(SYSTEM, users[0], PersonIn(attributes={}))
    await stand.settle(after=HOUR)
    assert [await stand.inbox(user) for user in users] == [[], ["For you"], ["For you"]]


async def test_a_schedule_tells_each_on_their_own_clock(stand):
    key, users = await audience(stand, "Asia/Tokyo", "UTC", "America/New_York")
    at = datetime.fromtimestamp(stand.now + 20 * HOUR, UTC)
    cron = f"{at.minute} {at.hour} {at.day} {at.month} *"
    await stand.app.schedules.put(SYSTEM, key, ScheduleIn(cron=cron, zone="person", category="orders", to=To(audience=key), title="Morning", channels=["web"]))
    told: list[str] = []
    for _ in range(70):
        await stand.settle(after=HOUR / 2)
        told += [user for user in users if user not in told and await stand.inbox(user)]
    assert told == users
    await stand.app.schedules.delete(SYSTEM, key)
