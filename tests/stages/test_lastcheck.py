"""The last check reads ahead: one trip to the cache brings the facts of several windows, and none serves for longer than it may."""

import msgspec
import pytest

from backend.channels.router import Router
from backend.log import topics
from tests.stages.conftest import NOON, event_for
from tests.stages.delivering import BODY, SEALER, open_stand
from workers import lastcheck
from workers.inhand import InHand
from workers.rendering import Rendering

WINDOW = 8


@pytest.fixture
async def stand(_migrated, tmp_path):
    async with open_stand(_migrated, tmp_path) as made:
        yield made


class Counted:
    """The facts, and how many were asked for in each trip. Whoever is in `erased` is, since then."""

    def __init__(self, facts):
        self.facts, self.trips, self.erased = facts, [], set()

    async def of_deliveries(self, deliveries, now):
        self.trips.append(len(deliveries))
        found = await self.facts.of_deliveries(deliveries, now)
        return [msgspec.structs.replace(fact, person=msgspec.structs.replace(fact.person, erased=fact.person.person in self.erased)) for fact in found]


async def checked(stand, windows):
    """So many windows of mails with what looks at them."""
    for person in range(1, windows * WINDOW + 1):
        await stand.person(person)
    stand.capture.open_limit = WINDOW
    hand = InHand([topics.deliveries("email", "normal")], Router([stand.capture]))
    hand.put(await stand.decide(*(event_for(person, "orders", body=BODY) for person in range(1, windows * WINDOW + 1))), NOON)
    facts = Counted(stand.ground.facts)
    rendering = Rendering(store=stand.store, facts=stand.ground.facts, sealer=SEALER, base_url="https://x.example")
    return hand, facts, lastcheck.LastCheck(hand, facts=facts, renderer=rendering, router=Router([stand.capture]), ordered=None)


async def window(hand, check):
    """One window from the last check to its outcome; how many may fly."""
    take, _ = hand.take(NOON)
    go, _ = await check.among(take, NOON)
    await check.look_ahead(len(go), NOON)
    for item in take:
        hand.free(item)
        hand.let_go(item)
    return len(go)


async def test_one_trip_brings_the_facts_of_several_windows(stand, monkeypatch):
    monkeypatch.setattr(lastcheck, "AHEAD", 60.0)  # however busy the machine is
    hand, facts, check = await checked(stand, 8)
    assert [await window(hand, check) for _ in range(8)] == [WINDOW] * 8
    assert sum(facts.trips) == 8 * WINDOW, "nobody is asked for twice"
    assert facts.trips == [WINDOW, 3 * WINDOW, 2 * WINDOW, 2 * WINDOW], "the first at the last moment, the others ahead"


async def test_facts_that_are_too_old_are_read_again(stand, monkeypatch):
    monkeypatch.setattr(lastcheck, "AHEAD", 0.0)
    hand, facts, check = await checked(stand, 2)
    await window(hand, check)
    facts.erased.add(next(iter(hand.waiting.values()))[0].delivery.person)
    assert await window(hand, check) == WINDOW - 1
    assert facts.trips == [WINDOW, WINDOW, WINDOW]
