"""The dry run and the real run are the same function: in a frozen world they say the same, for whatever people wish."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend.app.views import SuppressionIn
from backend.security.roles import SYSTEM
from tests.line.houses import moment, order_shipped

pytestmark = pytest.mark.asyncio(loop_scope="session")

CATEGORIES = ("security", "orders", "chat", "system", "product", "marketing")
CHANNELS = ("web", "email", "push", "sms")
yes_or_no = st.booleans()
worlds = st.fixed_dictionaries(
    {
        "category": st.sampled_from(CATEGORIES),
        "priority": st.sampled_from([None, "critical", "high", "normal", "low"]),
        "channels": st.none() | st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=4, unique=True),
        "quiet": yes_or_no,
        "suppressed": yes_or_no,
        "consents": st.dictionaries(st.sampled_from(["product", "marketing"]), yes_or_no),
        "off": st.dictionaries(st.sampled_from(CHANNELS), yes_or_no),
        "categories": st.dictionaries(st.sampled_from(["orders", "chat", "system"]), yes_or_no),
        "push": st.integers(0, 2),
        "mail": yes_or_no,
        "expires": st.sampled_from([None, 60, 86_400]),
        "paused": yes_or_no,
    }
)


def said(decision):
    """All that a decision says, without what only a real run has."""
    return decision.user, decision.notes, [(u.channel, u.address, u.outcome, u.until, u.silent, u.reasons, u.gates) for u in decision.units]


async def build(stand, world) -> object:
    user = await stand.person(push=world["push"], **({} if world["mail"] else {"email": None}))
    wishes = {"consents": world["consents"], "channels": world["off"], "categories": world["categories"]}
    if world["paused"]:
        from datetime import UTC, datetime

        wishes["paused_until"] = datetime.fromtimestamp(stand.now + 600, UTC)
    await stand.wish(user, **wishes)
    if world["quiet"]:
        await stand.quiet(user)
    if world["suppressed"] and world["mail"]:
        await stand.app.suppressions.put(SYSTEM, SuppressionIn("email", f"{user}@example.com", "complained"))
    more = {name: world[name] for name in ("category", "priority", "channels") if world[name] is not None}
    if world["expires"]:
        more["expires_at"] = moment(stand.now + world["expires"])
    return order_shipped(to=user, **more)


async def check(stand, world) -> None:
    event = await build(stand, world)
    foretold = await stand.app.events.dry_run(SYSTEM, event)
    made = await stand.send(event)
    happened = (await stand.event(made)).decisions
    assert [said(one) for one in foretold] == [said(one) for one in happened]
    await stand.ledger(made)


async def test_the_dry_run_of_an_event_is_what_then_happens(stand):
    examples = 40 if stand.kind == "embedded" else 12

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(worlds)
    def collect(world):
        drawn.append(world)

    drawn: list[dict] = []
    collect()
    for world in drawn:
        await check(stand, world)


async def test_a_suppressed_address_is_foretold(stand):
    world = {"category": "security", "priority": None, "channels": ["web", "email"], "quiet": False, "suppressed": True, "consents": {}, "off": {},
             "categories": {}, "push": 0, "mail": True, "expires": None, "paused": False}  # fmt: skip
    (foretold,) = await stand.app.events.dry_run(SYSTEM, await build(stand, world))
    assert [(unit.channel, unit.outcome) for unit in foretold.units] == [("web", "send"), ("email", "skip")]
    await check(stand, world)


async def test_a_dry_run_leaves_nothing_behind(stand):
    user = await stand.person()
    before = await stand.line.lag()
    await stand.app.events.dry_run(SYSTEM, order_shipped(to=user, id="dry"))
    assert await stand.line.lag() == before == dict.fromkeys(before, 0)
    assert await stand.inbox(user) == []
    made = await stand.send(order_shipped(to=user, id="dry", title="Wet"))
    assert await stand.inbox(user) == ["Wet"]
    assert (await stand.event(made)).key == "dry"
