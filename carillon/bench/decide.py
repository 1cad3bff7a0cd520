"""Decide alone: events in, decisions with rows and records out, in one process, with nobody behind it."""

import asyncio
import os
import time

import uvloop

from backend.app.app import App
from backend.clock import SystemClock
from backend.domain.delivery import State
from carillon import collector
from carillon.bench import line, prototype, stand
from carillon.bench.figures import ROUNDS, Row, spread
from carillon.house import House

COUNT = int(os.environ.get("CARILLON_BENCH_COUNT", "12000"))
WARM = 0.1  # of the events are not counted: the process joins its group
LOOK = 0.05  # seconds


def rows() -> list[Row]:
    """Rounds of embedded and servers, one after another; beside them the prototype's, which tells its CPU alone."""
    rates: dict[str, list[float]] = {"one process, SQLite": [], "one process, Kafka, PostgreSQL, Redis": []}
    used: dict[str, list[float]] = {name: [] for name in rates}
    theirs: list[float] = []
    source = prototype.folder()
    for _ in range(ROUNDS):
        for name, run in zip(rates, (embedded, servers), strict=True):
            rate, cpu = uvloop.run(run(COUNT))
            rates[name].append(rate)
            used[name].append(cpu)
            print(f"decide alone, {name}: {rate:,.0f}/s, {cpu:,.0f} us", flush=True)
        if source is not None:
            theirs.append(prototype.decide(source, COUNT))
            print(f"decide of the prototype: {theirs[-1]:,.0f} us", flush=True)
    made: list[Row] = []
    for name, found in rates.items():
        made.append((f"decide alone, events a second ({name})", spread(found), "at least 10,000"))
        made.append((f"the same, CPU of the process, microseconds an event ({name})", spread(used[name]), ""))
    if theirs:
        made.append(("prototype's decide in the same rounds, CPU, microseconds an event (servers, deliver beside it)", spread(theirs), ""))
    return made


async def embedded(count: int) -> tuple[float, float]:
    """Events a second, microseconds of CPU an event."""
    with stand.home() as home:
        settings = stand.settings_of(stand.environment(False, home, "smtp://127.0.0.1:9"))  # nobody ever goes there
        await line.furnish(settings, count)
        async with House(settings, SystemClock(), ["decide"]) as house:
            collector.spare()
            return await _rate(house.app, count, os.getpid())


async def servers(count: int) -> tuple[float, float]:
    """The same on engines."""
    with stand.home() as home:
        variables = stand.environment(True, home, "smtp://127.0.0.1:9")
        settings = stand.settings_of(variables)
        await line.furnish(settings, count)
        async with stand.facade(settings) as app:
            process = await line.part(["decide"], variables)
            try:
                return await _rate(app, count, process.pid)
            finally:
                process.terminate()
                process.wait(30)


async def _rate(app: App, count: int, pid: int) -> tuple[float, float]:
    first: tuple[int, float, float] | None = None
    limit = time.perf_counter() + line.LIMIT
    while True:
        decided, now = (await line.standing(app))[State.PENDING], time.perf_counter()
        if first is None and decided >= count * WARM:
            first = decided, now, stand.cpu([pid])
        if decided >= count:
            assert first is not None
            if first[0] == decided:
                raise RuntimeError(f"All {count} were decided between two looks. Take more of them (CARILLON_BENCH_COUNT).")
            counted = decided - first[0]
            return counted / (now - first[1]), (stand.cpu([pid]) - first[2]) / counted * 1e6
        if now > limit:
            raise TimeoutError(f"After {line.LIMIT:.0f} seconds only {decided} of {count} are decided.")
        await asyncio.sleep(LOOK)
