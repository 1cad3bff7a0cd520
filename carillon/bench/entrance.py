"""What people and programs feel: events a second over HTTP, a click and a bell while the line runs, and the house at rest."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from carillon.bench import stand
from carillon.bench.instance import Instance, instance

ARRAY = 500  # events of one request
REST = 10.0  # seconds the idle house is looked at
BELL = "subscription($u: ID!, $a: String) { notifications(userId: $u, after: $a) { id title } }"


class Felt(msgspec.Struct):
    """Seconds of each click and each bell, and deliveries a second that the line made meanwhile."""

    clicks: list[float]
    bells: list[float]
    rate: float


async def ingest(count: int) -> float:
    """Events accepted a second over HTTP, arrays of 500 from two clients at once; the line runs behind them."""
    with stand.home() as home, stand.sink() as smtp:
        variables = stand.environment(False, home, smtp)
        async with stand.facade(stand.settings_of(variables)) as app:
            await stand.furnish(app)
        bodies = [
            msgspec.json.encode([stand.order(n) for n in range(start, min(start + ARRAY, count))]) for start in range(0, count, ARRAY)
        ]
        async with instance(variables, home) as house:
            started = time.perf_counter()
            await asyncio.gather(*(_send(house, bodies[part::2]) for part in range(2)))
            return count / (time.perf_counter() - started)


async def _send(house: Instance, bodies: list[bytes]) -> None:
    for body in bodies:
        answer = await house.client.post("/v1/events", content=body, headers={"content-type": "application/json"})
        if answer.status_code != 202:
            raise AssertionError(f"Events were answered {answer.status_code}: {answer.text[:300]}")


async def felt(count: int) -> Felt:
    """Clicks and bells while the line works off `count` mails of low priority."""
    with stand.home() as home, stand.sink() as smtp:
        variables = stand.environment(False, home, smtp)
        async with stand.facade(stand.settings_of(variables)) as app:
            await stand.furnish(app)
            await stand.fill(app, count, priority="low")
        async with instance(variables, home) as house:
            working = asyncio.Event()
            bells = asyncio.create_task(_bells(house, working))
            clicks = asyncio.create_task(_clicks(house, working))
            started = time.perf_counter()
            while (sent := await _sent(house)) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            rate = sent / (time.perf_counter() - started)
            working.set()
            return Felt(await clicks, await bells, rate)


async def _sent(house: Instance) -> int:
    text = (await house.client.get("/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("carillon_deliveries_total") and 'state="sent"' in line]
    return int(sum(float(line.rpartition(" ")[2]) for line in lines))


async def _clicks(house: Instance, over: asyncio.Event) -> list[float]:
    """A click as a page makes one: read a list, change something."""
    taken: list[float] = []
    while not over.is_set():
        started = time.perf_counter()
        read = await house.client.get("/v1/deliveries", params={"limit": 50})
        wrote = await house.client.put("/v1/users/clicked", json={"name": f"Mia {len(taken)}", "email": "mia@example.com"})
        taken.append(time.perf_counter() - started)
        if read.status_code != 200 or wrote.status_code not in (200, 201):
            raise AssertionError(f"A click was answered {read.status_code} and {wrote.status_code}: {wrote.text[:300]}")
        await asyncio.sleep(0.05)
    return taken


@asynccontextmanager
async def listening(house: Instance) -> AsyncIterator[AsyncIterator[str]]:
    """The lines of a stream of items, of the person `listening`."""
    await house.client.put("/v1/users/listening", json={"name": "Mia"})
    asked = {"query": BELL, "variables": {"u": "listening", "a": "0:0"}}
    async with house.client.stream("POST", "/graphql", json=asked, headers={"accept": "text/event-stream"}) as stream:
        if stream.status_code != 200:
            raise AssertionError(f"The stream was answered {stream.status_code}: {(await stream.aread())[:300]!r}")
        yield stream.aiter_lines()


async def _bells(house: Instance, over: asyncio.Event) -> list[float]:
    """From the request of an event to its item on the stream of the one it is for."""
    taken: list[float] = []
    async with listening(house) as lines:
        while not over.is_set():
            title = f"bell {len(taken)}"
            event = {"type": "bell", "category": "orders", "to": {"user": "listening"}, "title": title, "channels": ["web"], "priority": "high"}
            started = time.perf_counter()
            answer = await house.client.post("/v1/events", json=event)
            if answer.status_code != 202:
                raise AssertionError(f"A bell was answered {answer.status_code}: {answer.text[:300]}")
            async with asyncio.timeout(60):
                async for line in lines:
                    if f'"{title}"' in line:
                        break
            taken.append(time.perf_counter() - started)
            await asyncio.sleep(0.1)
    return taken


async def idle() -> tuple[float, float]:
    """Per cent of a core and resident megabytes of a house in which nothing happens."""
    with stand.home() as home:
        variables = stand.environment(False, home, "")
        del variables["CARILLON_SMTP_URL"]
        async with instance(variables, home) as house:
            await asyncio.sleep(REST / 2)  # what a start leaves to do
            before = stand.cpu([house.pid])
            await asyncio.sleep(REST)
            return (stand.cpu([house.pid]) - before) / REST * 100, stand.resident(house.pid)


def p95(values: list[float]) -> float:
    """The value that 19 of 20 do not exceed."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]
