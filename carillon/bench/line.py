"""The whole line: accepted events in the log, an HTML mail each, to a local sink, every row and attempt recorded.

Embedded: one process. Servers: two (decide and the rest; deliver). Counted in deliveries a second, from the start of the line to the
last outcome in the store.
"""

import asyncio
import os
import subprocess
import sys
import time

import msgspec
import uvloop

from backend.app.app import App
from backend.clock import SystemClock
from backend.domain.delivery import State
from backend.security.roles import SYSTEM
from backend.settings import Settings
from backend.store import history, rollup
from carillon.bench import stand
from carillon.house import House

LIMIT = 180.0  # seconds
LOOK = 0.25
PARTS = (("decide", "expand", "due", "receipts", "rollup", "purge"), ("deliver",))


class Round(msgspec.Struct):
    """One run. `cpu`: microseconds a delivery of each of our processes."""

    rate: float
    seconds: float
    deliveries: int
    cpu: dict[str, float]
    accepted: float  # events accepted a second while the log was filled (through the facade, 500 at a time)


async def embedded(count: int) -> Round:
    """One process on SQLite."""
    with stand.home() as home, stand.sink() as smtp:
        settings = stand.settings_of(stand.environment(False, home, smtp))
        accepted = await _furnish(settings, count)
        house = House(settings, SystemClock())
        async with house:
            before, started = time.process_time(), time.perf_counter()
            await _until(house.app, count)
            seconds = time.perf_counter() - started
            used = time.process_time() - before
            await _check(house.app, count)
        return Round(count / seconds, seconds, count, {"carillon": used / count * 1e6}, accepted)


async def servers(count: int) -> Round:
    """Two processes on Kafka, PostgreSQL and Redis."""
    with stand.home() as home, stand.sink() as smtp:
        variables = stand.environment(True, home, smtp)
        settings = stand.settings_of(variables)
        accepted = await _furnish(settings, count)
        env = {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")} | variables
        # deliver first: it waits, so that the measured time holds no start of a process
        deliver = await _part(PARTS[1], env)
        async with stand.facade(settings) as app:
            engines = stand.engines()
            decide = await _part(PARTS[0], env)

            def measured() -> dict[str, float]:
                return {"decide": stand.cpu([decide.pid]), "deliver": stand.cpu([deliver.pid])} | stand.engines_cpu(engines)

            began = time.perf_counter()
            used = measured()
            await _until(app, count)
            ended = time.perf_counter()
            parts = {name: (now - used[name]) / count * 1e6 for name, now in measured().items()}
            await _check(app, count)
        for process in (decide, deliver):
            process.terminate()
            process.wait(30)
        seconds = ended - began
        return Round(count / seconds, seconds, count, parts, accepted)


async def _part(names: tuple[str, ...], env: dict[str, str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-m", "carillon.bench.part", *names], env=env, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    if line.strip() != "ready":
        raise RuntimeError(f"The stages {', '.join(names)} did not start.")
    return process


async def _furnish(settings: Settings, count: int) -> float:
    async with stand.facade(settings) as app:
        await stand.furnish(app)
        started = time.perf_counter()
        await stand.fill(app, count)
        return count / (time.perf_counter() - started)


async def _until(app: App, count: int) -> None:
    limit = time.perf_counter() + LIMIT
    while True:
        states = await app.store.read(lambda tx: rollup.everything(tx, SYSTEM.space))
        if states[State.SENT] >= count:
            return
        if time.perf_counter() > limit:
            raise TimeoutError(f"After {LIMIT:.0f} seconds only {dict(states)} of {count}.")
        await asyncio.sleep(LOOK)


async def _check(app: App, count: int) -> None:
    ledger = await app.store.read(lambda tx: history.whole_ledger(tx, SYSTEM.space))
    if (ledger.planned, ledger.sent) != (count, count):
        raise AssertionError(f"The ledger says {ledger}.")


if __name__ == "__main__":
    which = servers if sys.argv[1] == "servers" else embedded
    print(uvloop.run(which(int(sys.argv[2]))))
