"""What people turn on and off, however they say it, is counted once in the trend; who is erased changes no sum."""

import contextlib
import datetime as dt

import pytest

from backend.app.engagement_views import EngagementIn, ShiftsView
from backend.app.views import PreferencesIn, QuietHoursIn
from backend.domain.receipt import Receipt
from backend.security.links import Link
from backend.security.roles import SYSTEM, Actor
from tests.line.houses import member, order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


@contextlib.asynccontextmanager
async def trend(stand):
    """Adds to `found` what was counted in between: in all, and by way."""
    async def now():
        await stand.line.rollup.once()
        return await stand.app.engagement.report(SYSTEM, EngagementIn(stand.now - 86_400, stand.now + 900))

    before, found = await now(), {}
    yield found
    after = await now()
    names = ShiftsView.__struct_fields__
    assert {name: sum(getattr(point.shifts, name) for point in after.points) for name in names} == {name: getattr(after.shifts, name) for name in names}

    def more(old, new):
        return {name: n for name in names if (n := getattr(new, name) - getattr(old, name))}

    found["whole"] = more(before.shifts, after.shifts)
    for cut in ("category", "channel", "way"):
        was = {part.key: part.shifts for part in getattr(before, f"shifts_by_{cut}")}
        parts = {part.key: more(was.get(part.key, ShiftsView()), part.shifts) for part in getattr(after, f"shifts_by_{cut}")}
        found[cut] = {key: some for key, some in parts.items() if some}


async def test_a_person_in_the_portal_a_program_and_a_link(stand):
    user = await stand.person()
    put, own = stand.app.preferences.put, Actor(1, user, "member", person=member(user).person, via="portal")
    async with trend(stand) as found:
        await put(own, user, PreferencesIn(channels={"email": False}, categories={"orders": False}, quiet_hours=[QuietHoursIn("22:00", "07:00")]))
        await put(own, user, PreferencesIn(channels={"email": False}, categories={"orders": False}, quiet_hours=[QuietHoursIn("22:00", "07:00")]))  # the same again
        await put(own, user, PreferencesIn(channels={"email": True}))
        await put(SYSTEM, user, PreferencesIn(consents={"marketing": True}))
        await put(Actor(1, user, "member", person=own.person, via="link"), user, PreferencesIn(matrix={"product": {"sms": False}}))
    assert found["whole"] == {"opted_in": 1, "opted_out": 1, "turned_on": 1, "turned_off": 1, "cells_off": 1, "quiet_set": 1}
    assert found["category"] == {"orders": {"opted_out": 1}, "marketing": {"opted_in": 1}, "product": {"cells_off": 1}}
    assert found["channel"] == {"email": {"turned_on": 1, "turned_off": 1}, "sms": {"cells_off": 1}}
    assert found["way"] == {"portal": {"opted_out": 1, "turned_on": 1, "turned_off": 1, "quiet_set": 1}, "program": {"opted_in": 1}, "link": {"cells_off": 1}}
    async with trend(stand) as gone:
        await stand.app.people.erase(SYSTEM, user)
        await stand.settle()
    assert gone["whole"] == {}, "an erasure changes no sum"


async def test_one_click_and_the_button_of_a_mail_program_count_once(stand):
    user = await stand.person()
    await stand.app.preferences.put(SYSTEM, user, PreferencesIn(consents={"marketing": True, "product": True}))
    person = member(user).person
    token = stand.app.signed.make("u", Link(1, person=person, category="marketing"))
    async with trend(stand) as found:
        await stand.app.links.unsubscribe(token)
        await stand.app.links.unsubscribe(token)
        made = await stand.send(order_shipped(to=user, category="product", channels=["email"]))
        for _ in range(2):
            await stand.house.report(Receipt(1, bytes.fromhex((await stand.delivery(made)).id), "unsubscribed", stand.now, provider="mails"))
            await stand.settle()
    assert found["category"] == {"marketing": {"opted_out": 1}, "product": {"opted_out": 1}}
    assert found["way"] == {"one_click": {"opted_out": 1}, "provider": {"opted_out": 1}}


async def test_pauses_of_everything(stand):
    user = await stand.person()
    async with trend(stand) as found:
        for until in (stand.now + 600, stand.now + 900, None, None):
            moment = None if until is None else dt.datetime.fromtimestamp(until, dt.UTC)
            await stand.app.preferences.put(SYSTEM, user, PreferencesIn(paused_until=moment))
    assert found["whole"] == {"paused": 1, "resumed": 1}
    assert found["category"] == found["channel"] == {}
