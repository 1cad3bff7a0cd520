"""The stream of events: gentle, through the front door, the same from every process, and ended within seconds."""

import asyncio

import pytest

from backend.app.demo import AWAY, USUAL
from backend.channels.capture import Behaviour
from backend.security.roles import SYSTEM
from backend.store import tables
from carillon import demo
from carillon.demo.life import AWAY_SLOTS, CYCLE, LOOK, SLOT, Life
from carillon.demo.plot import TINY
from tests.demo.test_leaving import every


async def events(app) -> list[str]:
    return sorted(row["key"] for row in await every(app, tables.events) if row["key"])


async def test_a_few_a_minute_and_the_same_from_two_processes(alone):
    await demo.seed_rest(alone.app)
    before = alone.clock.now()
    one, two = Life(alone.app, TINY), Life(alone.app, TINY)
    handed = 0
    for _ in range(40):
        alone.clock.move(SLOT)
        handed += await one.tick()
        assert await one.tick() is False  # one for each slot
        await two.tick()
    await alone.settle()
    found = await events(alone.app)
    assert len(found) == handed
    assert 20 < handed <= 40  # in ten minutes
    assert all(key.startswith("demo-") for key in found)
    now = [row for row in await every(alone.app, tables.attempts) if row["started"] > before]
    assert {row["code"] for row in now if row["provider"] != "capture-push"} == {"250"}, "its templates have all that they read"
    assert {row["provider"] for row in now} == {"capture-email", "capture-push", "capture-sms"}


async def test_it_stops_and_starts_again(alone):
    app = alone.app
    running = asyncio.create_task(Life(app, TINY).run())
    try:
        await moved(alone, lambda: events(app), at_least=3)
        assert (await app.demo.stop(SYSTEM)).stage == "off"
        for _ in range(8):
            await step(alone)
        before = await events(app)
        for _ in range(20):
            await step(alone)
        assert await events(app) == before
        await demo.start(app)
        await moved(alone, lambda: events(app), at_least=len(before) + 2)
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_the_push_provider_is_away_now_and_then_unless_somebody_told_it_otherwise(alone):
    app, life = alone.app, Life(alone.app, TINY)
    await demo.seed_rest(app)
    met = set()
    for slot in range(CYCLE):
        alone.clock.move(SLOT)
        await life.tick()
        told = await app.captures.behaviour(SYSTEM, "push")
        met.add((told.mode, told.share))
        assert (told == AWAY) == (int(alone.clock.now() // SLOT) % CYCLE < AWAY_SLOTS), slot
    assert met == {("fail", USUAL.share), ("fail", AWAY.share)}
    await app.captures.behave(SYSTEM, "push", Behaviour("slow", 2.0))
    for _ in range(CYCLE):
        alone.clock.move(SLOT)
        await life.tick()
    assert (await app.captures.behaviour(SYSTEM, "push")).mode == "slow"
    await app.captures.behave(SYSTEM, "push", USUAL)
    await app.demo.stop(SYSTEM)
    assert (await app.captures.behaviour(SYSTEM, "push")).mode == "ok"
    alone.clock.move(2.0)  # what is still slow: nobody else moves this clock, and the house waits for what it has in hand


async def step(house) -> None:
    house.clock.move(max(LOOK, SLOT))
    await house.settle()


async def moved(house, look, at_least: int) -> None:
    for _ in range(400):
        await step(house)
        if len(await look()) >= at_least:
            return
    raise AssertionError("it did not come")
