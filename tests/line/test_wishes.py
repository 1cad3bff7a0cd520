"""Consent and wishes: marketing needs a recorded yes, people turn off what they like, essential passes all of it."""

import pytest

from backend.app.views import GroupIn, PreferencesIn
from backend.security.roles import SYSTEM
from tests.line.houses import order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_marketing_needs_a_recorded_yes(stand):
    user = await stand.person()
    without = await stand.send(order_shipped(to=user, category="marketing"))
    assert await stand.units(without) == {"web": ["skip no_consent"], "email": ["skip no_consent"], "push": ["skip no_address"]}
    assert await stand.inbox(user) == [] == await stand.captured(user)
    await stand.wish(user, consents={"marketing": True})
    await stand.send(order_shipped(to=user, category="marketing", title="An offer"))
    assert await stand.captured(user) == await stand.inbox(user) == ["An offer"]
    await stand.wish(user, consents={"marketing": False})
    await stand.send(order_shipped(to=user, category="marketing", title="Another"))
    assert await stand.captured(user) == await stand.inbox(user) == ["An offer"]


@pytest.mark.parametrize(
    ("wishes", "units"),
    [
        ({"categories": {"orders": False}}, {"web": ["skip category_off"], "email": ["skip category_off"]}),
        ({"channels": {"email": False}}, {"web": ["delivered"], "email": ["skip preference_off"]}),
        ({"matrix": {"orders": {"web": False}}}, {"web": ["skip preference_off"], "email": ["sent"]}),
        ({"categories": {"system": False}}, {"web": ["delivered"], "email": ["sent"]}),
    ],
)
async def test_what_a_person_turns_off_stays_off(stand, wishes, units):
    user = await stand.person()
    await stand.wish(user, **wishes)
    made = await stand.send(order_shipped(to=user, channels=["web", "email"]))
    assert await stand.units(made) == units
    assert len(await stand.inbox(user)) == (units["web"] == ["delivered"])
    assert len(await stand.captured(user)) == (units["email"] == ["sent"])
    essential = await stand.send(order_shipped(to=user, category="security", channels=["web", "email"]))
    assert await stand.units(essential) == {"web": ["delivered"], "email": ["sent"]}


async def test_a_group_speaks_for_its_members_until_they_speak_themselves(stand):
    user, other = await stand.person(), await stand.person()
    given = GroupIn(members=[user, other], preferences=PreferencesIn(channels={"email": False}))
    await stand.app.groups.put(SYSTEM, "quiet-crew", given)
    await stand.wish(other, channels={"email": True})
    made = await stand.send(order_shipped(to=[user, other], channels=["email"]))
    assert await stand.captured(user) == []
    assert await stand.captured(other) == ["Your order is on its way"]
    assert await stand.ledger(made) == {"planned": 2, "sent": 1, "skipped": 1}


async def test_nothing_outranks_a_suppression(stand):
    from backend.app.views import SuppressionIn

    user = await stand.person()
    await stand.app.suppressions.put(SYSTEM, SuppressionIn("email", f"{user}@example.com", "complained"))
    made = await stand.send(order_shipped(to=user, category="security", priority="critical", channels=["web", "email"]))
    assert await stand.units(made) == {"web": ["delivered"], "email": ["skip suppressed"]}
    assert await stand.captured(user) == []
