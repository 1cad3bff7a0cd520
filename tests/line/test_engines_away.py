"""An engine that goes away pauses the line; it resumes alone, and nothing accepted is lost or doubled."""

import asyncio
import contextlib
import signal

import pytest
import pytest_asyncio

from backend.domain.errors import Refusal, StoreUnavailable, Unavailable
from carillon.engines.home import Home
from carillon.engines.sets import STOPS, down, up
from tests.line.houses import order_shipped, standing

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def until_busy(stand) -> None:
    """Until a stage has something in hand that it cannot write."""
    async with asyncio.timeout(20):
        while not any(worker.busy for worker in stand.line.workers.values()):
            await asyncio.sleep(0)


async def test_a_full_disk_pauses_the_line_and_it_resumes_alone(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        people = [await stand.person() for _ in range(20)]
        accepted = await stand.accept(*(order_shipped(to=people[n % 20], title=f"{n}", message="x" * 2_000) for n in range(300)))
        # the file may not grow any more: the rows of three hundred events have no room
        await stand.app.store.write(lambda tx: tx.raw.execute("pragma max_page_count = 1").fetchone() and None)
        await until_busy(stand)
        with pytest.raises(StoreUnavailable, match="full"):
            await stand.app.store.write(lambda tx: tx.raw.execute("create table filler as select zeroblob(4000000) as b") and None)
        with pytest.raises(Unavailable):  # nothing was promised for these
            await stand.accept(*(order_shipped(to=people[0], message="x" * 20_000) for _ in range(200)))
        assert stand.line.workers["decide"].busy
        await room(stand)
        await stand.settle()
        for made in accepted[::10]:
            assert await stand.ledger(made) == {"planned": 3, "sent": 2, "skipped": 1}
        assert sum([len(await stand.inbox(user)) for user in people]) == len(accepted)


async def room(stand) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(Refusal):
                return await stand.app.store.write(lambda tx: tx.raw.execute("pragma max_page_count = 1073741823").fetchone() and None)


@pytest_asyncio.fixture(loop_scope="session")
async def private(engines, tmp_path):
    """PostgreSQL and Redis of our own, to be stopped and started; (home, URLs of the set)."""
    home = Home(tmp_path / "engines")
    try:
        urls = await up(home, only=("postgres", "redis"))
        yield home, engines._replace(database=urls["CARILLON_DATABASE_URL"], cache=urls["CARILLON_CACHE_URL"])
    finally:
        await down(home)


async def stop(home: Home, name: str) -> None:
    await home.processes.pop(name).stop(STOPS.get(name, signal.SIGTERM), 20.0)


async def test_servers_that_stop_pause_the_line_and_it_resumes_alone(private, tmp_path):
    home, own = private
    async with standing("servers", tmp_path / "home", given=own) as stand:
        people = [await stand.person() for _ in range(20)]
        accepted = await stand.accept(*(order_shipped(to=user, title="before") for user in people))
        await stand.settle()

        await stop(home, "postgres")  # who is known in the cache is still written to
        accepted += await stand.accept(*(order_shipped(to=user, title="without a store") for user in people))
        await until_busy(stand)
        with pytest.raises(StoreUnavailable):
            await stand.event(accepted[0])
        await up(home, only=("postgres",))
        await rest(stand)

        await stop(home, "redis")
        with contextlib.suppress(Unavailable):  # accepted or refused: never half
            accepted += await stand.accept(*(order_shipped(to=user, title="without a cache") for user in people))
        await up(home, only=("redis",))
        await rest(stand)
        accepted += await stand.accept(*(order_shipped(to=user, title="after") for user in people))
        await stand.settle()

        for made in accepted:
            assert await stand.ledger(made) == {"planned": 3, "sent": 2, "skipped": 1}
        for user in people:
            titles = await stand.inbox(user)
            assert sorted(titles) == sorted(await stand.captured(user))
            assert len(titles) == len(set(titles)) == len(accepted) // len(people)


async def rest(stand) -> None:
    """Come to rest, however often an engine is still said to be away."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(Unavailable):
                return await stand.settle(after=1.0)
