"""How long from 202 to the provider: at a steady rate, and for critical ones while a great many low ones wait.

Judged from outside: by the producer's file of when it was answered and the mail server's file of when each mail came. On servers: one process
with the HTTP entrance, one for deliver, one for the other stages; the producer and the mail server are two more on the same machine.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psycopg
import uvloop

from backend.app.app import App
from backend.domain.delivery import Delivery
from backend.domain.event import Event
from backend.log import topics
from backend.log.codec import decode
from backend.log.port import Record
from carillon.bench import arrivals, line, stand
from carillon.bench.figures import Row, two
from carillon.bench.instance import Instance, instance
from carillon.bench.offer import Plan, read

RATES = tuple(int(one) for one in os.environ.get("CARILLON_BENCH_RATES", "1000,500,300").split(","))  # events a second
SECONDS = float(os.environ.get("CARILLON_BENCH_SECONDS", "60"))
LOW = int(os.environ.get("CARILLON_BENCH_LOW", "100000"))  # deliveries that wait while critical ones come
CRITICAL = 20  # events a second
ARRAY = 25  # events of one request at a steady rate
PATIENCE = 120.0  # seconds after the last 202 until all must have come
BEHIND = 5.0  # a median beyond so many seconds says that the rate was more than the line carries: lower rates tell more


class Times(msgspec.Struct):
    """Seconds. `took`: from 202 to the mail server. `answer`: from the request to its 202. `deciding`, `delivering`: see `_stages`."""

    took: list[float]
    answer: list[float]
    deciding: list[float]
    delivering: list[float]
    carried: float  # mails a second, from the first to the last
    waiting: int = 0  # low ones that still waited when the last critical one had come


def rows() -> list[Row]:
    """A steady rate on servers, as high as goes; then critical ones over the heads of low ones."""
    made: list[Row] = []
    for rate in RATES:
        times = uvloop.run(steady(rate, SECONDS))
        what = f"{rate:,}/s for {SECONDS:.0f} s offered evenly in arrays of {ARRAY} (servers)"
        made.append((f"{what}: accepted to provider, milliseconds, p50 and p99", two(times.took), "p50 under 100, p99 under 500"))
        made.append(("the same: answer to the producer, milliseconds, p50 and p99; mails a second that came", f"{two(times.answer)}; {times.carried:,.0f}", ""))
        print(*(": ".join(row[:2]) for row in made[-2:]), sep="\n", flush=True)
        if statistics.median(times.took) < BEHIND:
            break
    times = uvloop.run(critical(LOW, CRITICAL, SECONDS))
    what = f"critical at {CRITICAL}/s for {SECONDS:.0f} s with {LOW:,} low ones waiting ({times.waiting:,} at its end; servers)"
    made.append((f"{what}: accepted to provider, milliseconds, p50 and p99", two(times.took), "p99 under 200"))
    made.append(("the same: from its event's record through decide to its own (reading, deciding and its rows included), p50 and p99", two(times.deciding), "p99 under 50"))
    made.append(("the same: from the log to the start of the attempt in deliver, p50 and p99", two(times.delivering), "p99 under 50"))
    return made


async def steady(rate: int, seconds: float) -> Times:
    """High ones at an even rate."""
    async with _house() as (app, house, place):
        return await _measured(app, house, place, Plan(rate, seconds, ARRAY))


async def critical(low: int, rate: int, seconds: float) -> Times:
    """Critical ones while `low` others wait."""
    async with _house(low) as (app, house, place):
        times = await _measured(app, house, place, Plan(rate, seconds, 1, low, "critical"))
        times.waiting = low - len([number for number in arrivals.read(place / "came") if number < _first(low)])
        return times


@asynccontextmanager
async def _house(low: int = 0) -> AsyncIterator[tuple[App, Instance, Path]]:
    """On servers, with so many low events accepted before a stage runs."""
    with stand.home() as place, stand.sink(str(place / "came"), module="carillon.bench.arrivals") as smtp:
        variables = stand.environment(True, place, smtp)
        async with stand.facade(stand.settings_of(variables)) as app:
            await stand.furnish(app)
            await stand.fill(app, low, priority="low")
            async with instance(variables, place, "serve", "api") as house:
                parts = [await line.part(names, variables) for names in reversed(line.PARTS)]
                try:
                    if low:
                        await _begun(place / "came")
                    yield app, house, place
                finally:
                    for process in parts:
                        process.terminate()
                        process.wait(60)


async def _begun(came: Path) -> None:
    limit = time.monotonic() + PATIENCE
    while not came.stat().st_size:  # noqa: ASYNC240 - nothing else runs here
        if time.monotonic() > limit:
            raise TimeoutError(f"No mail came within {PATIENCE:.0f} seconds.")
        await asyncio.sleep(0.1)


async def _measured(app: App, house: Instance, place: Path, plan: Plan) -> Times:
    head = str(house.client.headers["authorization"]).removeprefix("Bearer ")
    producer = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-m", "carillon.bench.offer", str(house.client.base_url), str(place / "offered")],
        env=os.environ | {"CARILLON_BENCH_TOKEN": head}, stdin=subprocess.PIPE,
    )  # fmt: skip
    await asyncio.to_thread(producer.communicate, msgspec.json.encode(plan))
    if producer.returncode:
        raise RuntimeError("The producer was refused; it says why above.")
    offered, limit = read(place / "offered"), time.monotonic() + PATIENCE
    while offered.keys() - (came := arrivals.read(place / "came")).keys():
        if time.monotonic() > limit:
            raise TimeoutError(f"{len(offered.keys() - came.keys())} of {len(offered)} did not come within {PATIENCE:.0f} seconds.")
        await asyncio.sleep(0.5)
    ours = sorted(came[number] for number in offered)
    deciding, delivering = await _stages(app, plan.priority, plan.count)
    return Times(
        [came[number] - one.accepted for number, one in offered.items()], [one.accepted - one.at for one in offered.values()], deciding, delivering,
        (len(ours) - 1) / (ours[-1] - ours[0]),
    )  # fmt: skip


async def _stages(app: App, priority: str, count: int) -> tuple[list[float], list[float]]:
    """For each delivery: from its event's record to its own for deliver, and from that to the start of its attempt, as log and rows tell.
    A record's time is that at which it was handed to the log."""
    handed = {decode(Event, record.value).id: record.at for record in await _records(app, topics.events(priority), count)}
    appended = {one.id: (one.event, record.at) for record in await _records(app, topics.deliveries("email", priority), count) for one in [decode(Delivery, record.value)]}
    with psycopg.connect(app.settings.database_url) as db:
        found = db.execute("select delivery, started from attempts where delivery = any(%s)", [[_uuid(one) for one in appended]])
        starts = {one.bytes: float(at) for one, at in found}
    return [at - handed[event] for event, at in appended.values()], [max(0.0, starts[one] - at) for one, (_, at) in appended.items() if one in starts]


async def _records(app: App, topic: str, count: int) -> list[Record]:
    found, limit = list[Record](), time.monotonic() + PATIENCE
    reader = await app.log.reader("bench", [topic])
    try:
        while len(found) < count:
            if time.monotonic() > limit:
                raise TimeoutError(f"Only {len(found)} of {count} records of {topic} were read within {PATIENCE:.0f} seconds.")
            found += await reader.read(1000, 1.0)
    finally:
        await reader.close()
    return found


def _uuid(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=raw)


def _first(low: int) -> int:
    return int(str(stand.data(low)["order_id"]))
