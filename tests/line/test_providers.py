"""Providers kept honest, with real mail servers: one that fails is left alone and another takes over; where nobody can, it waits and goes on."""

import asyncio
import contextlib
import functools

import pytest

from backend.app.alerts import alert_rows
from backend.channels import smtp
from backend.channels.guard import Guard
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store import history, parked
from carillon.bench.sink_smtp import Manner, Sink
from carillon.house import House
from tests.line.houses import NOON, HeldClock, Stand, environment, order_shipped

AWAY, WELL = Manner(refuse={"mail": "421 4.3.2 shutting down"}), Manner()
BUSY = Manner(refuse={"mail": "451 4.3.0 try again"})
NOBODY = Manner(refuse={"rcpt": "550 5.1.1 no such user"})
pytestmark = pytest.mark.timeout(240)


@contextlib.asynccontextmanager
async def two(kind, home, query="lanes=64&timeout=5", again=True):
    """A house with two mail servers, and the servers."""
    first, second = Sink(), Sink()
    urls = [f"smtp://127.0.0.1:{await sink.start()}?{query}" for sink in (first, second)]
    try:
        with environment(kind, home / "home", again=again, CARILLON_SMTP_URL=" ".join(urls)) as variables:
            async with House(load(variables), HeldClock(NOON)) as house:
                yield Stand(house, house.clock, kind), first, second
                await house.settle()
    finally:
        for sink in (first, second):
            await sink.close()


async def sends(stand, n, title="Hello"):
    people = [await stand.person() for _ in range(n)]
    made = await stand.accept(*(order_shipped(to=user, channels=["email"], title=title) for user in people))
    await stand.settle()
    return made


async def positions(stand):
    return {view.key: view.breaker for view in (await stand.app.providers.list(SYSTEM)).items if view.channel == "email"}


async def open_alerts(stand):
    await asyncio.gather(*stand.app._pending)
    return {alert.title: alert.severity for alert in await stand.app.store.read(lambda tx: alert_rows.newest(tx, 1, 50)) if "rovider" in alert.title}


async def column(stand, made, name):
    return sum([(await stand.ledger(one)).get(name, 0) for one in made])


@pytest.fixture(autouse=True)
def opens_again_at_once(monkeypatch):
    """A lane pauses on the wall's clock before it opens what closed on it (tests/channels/test_smtp.py holds that); here nobody waits for it."""
    monkeypatch.setattr(smtp, "Timing", functools.partial(smtp.Timing, pauses=(0.0,)))


@pytest.fixture
def looks_when_told(monkeypatch):
    """The guard does not look by itself: the test's clock jumps over pauses that it would else notice at a moment of its own."""
    monkeypatch.setattr(Guard, "run", lambda guard: asyncio.Event().wait())


@pytest.mark.usefixtures("looks_when_told")
async def test_another_takes_over_from_one_that_fails_and_gives_back(tmp_path):
    async with two("embedded", tmp_path) as (stand, first, second):
        first.manner = AWAY
        made = await sends(stand, 14)
        await stand.house.guard.look()
        assert await positions(stand) == {"smtp": "open", "smtp-2": "closed", "capture-email": "closed"}
        await stand.settle(after=3_600)  # their next tries
        assert (first.count, second.count) == (0, 14)
        assert await column(stand, made, "sent") == 14
        assert list((await open_alerts(stand)).values()) == ["error"]

        first.manner = WELL
        stand.clock.move(60)
        await stand.house.guard.look()
        assert (await positions(stand))["smtp"] == "trying"
        await sends(stand, 12)
        assert (first.count, second.count) == (5, 21), "a few tell whether it is well"
        await stand.house.guard.look()
        assert (await positions(stand))["smtp"] == "closed"
        assert await open_alerts(stand) == {}
        await sends(stand, 12)
        assert (first.count, second.count) == (5, 33), "it does not get everything at once"
        for _ in range(10):
            stand.clock.move(60.5)
            await stand.house.guard.look()
        await sends(stand, 12)
        assert (first.count, second.count) == (17, 33), "at rest the first takes everything"


async def test_a_refused_address_goes_to_nobody_else(tmp_path):
    async with two("embedded", tmp_path) as (stand, first, second):
        first.manner = NOBODY
        made = await sends(stand, 14)
        await stand.house.guard.look()
        await stand.settle(after=3_600)
        assert await column(stand, made, "failed") == 14
        assert second.count == 0
        await stand.house.guard.look()
        assert (await positions(stand))["smtp"] == "closed"
        assert await open_alerts(stand) == {}


async def test_where_nobody_can_it_waits_says_so_and_goes_on(kind, line_engines, tmp_path):
    async with two(kind, tmp_path) as (stand, first, second):
        first.manner = second.manner = BUSY
        failed = []
        while not {"smtp": "open", "smtp-2": "open"}.items() <= (await positions(stand)).items():
            failed += await sends(stand, 20)
            await stand.house.guard.look()
        held = await sends(stand, 30, "Held")
        assert (first.count, second.count) == (0, 0)
        assert await column(stand, held, "held") == 30
        assert (await stand.delivery(held[0])).reason.code == "breaker_open"
        assert await stand.app.store.read(lambda tx: parked.count(tx, 1, "down:email")) >= 30
        assert "critical" in (await open_alerts(stand)).values()

        first.manner = second.manner = WELL
        for _ in range(4):
            stand.clock.move(70)
            await stand.house.guard.look()
            await stand.settle()
        await stand.settle(after=7_200)
        assert await column(stand, held + failed, "sent") == first.count + second.count == len(held + failed)
        await stand.house.guard.look()
        assert await open_alerts(stand) == {}


async def test_a_budget_is_kept_and_nothing_is_lost_by_it(tmp_path):
    async with two("embedded", tmp_path, "lanes=4&rate=10") as (stand, first, second):
        made = [await stand.accept(order_shipped(to=await stand.person(), channels=["email"])) for _ in range(25)]
        await no_more_than(stand, first, 10)  # a second of the clock has ten
        assert second.count == 0, "nobody else is asked because of it"
        stand.clock.move(1.0)
        await no_more_than(stand, first, 20)
        await stand.settle(after=1.0)
        assert first.count == 25
        assert await column(stand, [one for (one,) in made], "sent") == 25


async def no_more_than(stand, server, count: int) -> None:
    """The server gets as many, and a second later it still has no more."""
    async with asyncio.timeout(60):
        while server.count < count:
            await asyncio.sleep(0.01)
    with contextlib.suppress(TimeoutError):
        await stand.line.settle(1.0)
    assert server.count == count


async def test_a_provider_that_hangs_costs_the_other_channels_nothing(tmp_path):
    async with two("embedded", tmp_path, "lanes=64&timeout=30") as (stand, first, _):
        first.manner = Manner(hang=True)
        users = [await stand.person(push=1) for _ in range(70)]  # more than may be open at one provider
        await stand.accept(*(order_shipped(to=user, channels=["email"], title="Mail") for user in users))
        await stand.accept(*(order_shipped(to=user, channels=["push"], title="Push") for user in users))
        async with asyncio.timeout(60):
            while (await stand.app.store.read(lambda tx: history.whole_ledger(tx, 1))).sent < 70:
                await asyncio.sleep(0.05)
        assert stand.line.workers["deliver.email"].busy, "the mails still hang"
        await first.close()
