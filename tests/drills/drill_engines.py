"""Kafka, PostgreSQL and Redis are stopped, killed and flushed under load; three brokers keep everything three times."""

import asyncio
import signal
import time

import pytest
import redis

from carillon.engines.home import Home
from carillon.engines.sets import STOPS, down, up
from tests import engines as real
from tests.drills.load import moving, resumed, said, under_load, verdict
from tests.drills.plant import plant

AWAY = 4.0  # seconds an engine is gone at least; and until the page Engine says so
NAMES = {"kafka": "log", "postgres": "store", "redis": "cache"}  # what the page calls them
pytestmark = [pytest.mark.drill, pytest.mark.timeout(1200)]
BROKERS = ("kafka1", "kafka2", "kafka3")


class Own:
    """Engines of one drill's own."""

    def __init__(self, home: Home, urls: dict[str, str]) -> None:
        self.home = home
        self.urls = real.Engines(urls["CARILLON_DATABASE_URL"], urls["CARILLON_LOG_URL"], urls["CARILLON_CACHE_URL"])

    async def stop(self, *names: str, by: signal.Signals | None = None) -> None:
        going = [self.home.processes.pop(name).stop(by or STOPS.get(name, signal.SIGTERM), 30.0) for name in names]
        await asyncio.gather(*going)
        with self.home.locked():
            for name in names:
                self.home.processes.pop(name, None)
            self.home.save()

    async def start(self, *kinds: str) -> None:
        await up(self.home, only=kinds)


@pytest.fixture
def place(tmp_path):
    home = Home(tmp_path / "engines")
    yield home, tmp_path / "place"
    asyncio.run(down(home))
    home.remove()  # of root some of it lies outside of pytest's folders


async def own(home: Home, brokers: int) -> Own:
    return Own(home, await up(home, brokers=brokers))


async def test_each_engine_stopped_and_started(place, tell):
    home, files = place
    it = await own(home, 1)
    with plant("servers", files, it.urls) as made:
        await made.start()
        for name, kind in (("kafka1", "kafka"), ("postgres", "postgres"), ("redis", "redis")):
            await cut(it, made, [name], kind, tell, f"{kind} stopped, until the page Engine said so, started", None)
        for name, kind in (("postgres", "postgres"), ("redis", "redis")):
            await cut(it, made, [name], kind, tell, f"{kind} killed with -9, until the page Engine said so, started", signal.SIGKILL)
        back = []
        async with under_load(made):
            for _ in range(3):
                await asyncio.sleep(1.0)
                with redis.Redis.from_url(it.urls.cache) as server:
                    server.flushall()
                at = time.time()
                await moving(made, at)
                back.append(resumed(made, at))
        tell("redis flushed three times", made, verdict(made), back)


async def cut(it: Own, made, names: list[str], kind: str, tell, what: str, by: signal.Signals | None) -> None:
    async with under_load(made):
        await it.stop(*names, by=by)
        await asyncio.gather(asyncio.sleep(AWAY), said(made, f"away.{NAMES[kind]}"))
        await it.start(kind)
        at = time.time()
        await moving(made, at)
        back = [resumed(made, at)]
    tell(f"{what}; back from the moment it answered", made, verdict(made), back)


async def test_three_brokers_each_killed_in_turn(place, tell):
    home, files = place
    it = await own(home, 3)
    with plant("servers", files, it.urls, each=1) as made:  # three brokers and few cores: it is they that are harmed here
        await made.start()
        back = []
        async with under_load(made, pause=0.3):
            for name in BROKERS:
                at = time.time()
                await it.stop(name, by=signal.SIGKILL)
                await moving(made, at)  # while it is away
                back.append(resumed(made, at))
                await it.start("kafka")
                await in_step(it)
        tell(
            "three brokers, everything kept three times: each in turn killed with -9 and started again; back while it was away",
            made,
            verdict(made),
            back,
        )


async def in_step(it: Own) -> None:
    """Until every partition is kept by all three again: the next kill would otherwise take a second copy."""
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": real.bootstrap(it.urls.log)})
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        topics = (await asyncio.to_thread(admin.list_topics, timeout=10)).topics.values()
        if all(len(part.isrs) == len(part.replicas) for topic in topics for part in topic.partitions.values()):
            return
        await asyncio.sleep(0.5)
    raise AssertionError("the brokers are not in step after two minutes")
