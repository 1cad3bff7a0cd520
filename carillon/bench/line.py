"""The whole line: accepted events in the log, an HTML mail each, to a local sink, every row and attempt recorded.

Embedded: one process. Servers: three (decide and the rest; two that deliver). Counted in deliveries a second, from the start of the line to the
last outcome in the store.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec
import uvloop
from sqlalchemy import select

from backend.app.app import App
from backend.clock import SystemClock
from backend.domain.delivery import State
from backend.domain.ids import cohort_id
from backend.security.roles import SYSTEM
from backend.settings import Settings
from backend.store import counted, history
from backend.store.tables import deliveries
from carillon import collector
from carillon.bench import stand
from carillon.bench.figures import steady
from carillon.house import House

COHORT = cohort_id(SYSTEM.space, "system", "high", stand.TEMPLATE, "1", "")  # of all the bench sends
LIMIT = 180.0  # seconds
LOOK = 0.25
Seen = Callable[[int, Mapping[str, int]], None]
DELIVERS = 2  # processes that deliver: one of them waits for commits while the other sends (5 to 16 % more mails a second than one, as much CPU)
PARTS = (("decide", "expand", "due", "receipts", "rollup", "purge"), ("deliver",))


class Round(msgspec.Struct):
    """One run. `cpu`: microseconds a delivery of each of our processes."""

    rate: float
    seconds: float
    deliveries: int
    cpu: dict[str, float]
    accepted: float  # events accepted a second while the log was filled (through the facade, 500 at a time)
    steady: float  # the rate as peers' own rows tell theirs


async def embedded(count: int, *manner: str, seen: Seen | None = None, limit: float = LIMIT, asked: str = "") -> Round:
    """One process on SQLite. `manner`: options of the mail server; `asked`: of the provider, in its URL."""
    with stand.home() as home, stand.sink(*manner) as smtp:
        settings = stand.settings_of(stand.environment(False, home, f"{smtp}?{asked}" if asked else smtp))
        accepted = await furnish(settings, count)
        house = House(settings, SystemClock())
        async with house:
            collector.spare()  # as `carillon up` does
            before, started = time.process_time(), time.perf_counter()
            await until_sent(house.app, count, limit, seen, {"carillon": os.getpid()})
            seconds = time.perf_counter() - started
            used = time.process_time() - before
            await _check(house.app, count)
            even = await _steady(house.app)
        return Round(count / seconds, seconds, count, {"carillon": used / count * 1e6}, accepted, even)


async def servers(
    count: int, *manner: str, seen: Seen | None = None, limit: float = LIMIT, database: str = "", first: int = 0, asked: str = "",
    delivers: int = DELIVERS,
) -> Round:  # fmt: skip
    """One process that decides and `delivers` that deliver, on Kafka, PostgreSQL and Redis; in `database` instead of one of its own, where the bench has sent `first` before."""
    with stand.home() as home, stand.sink(*manner) as smtp:
        variables = stand.environment(True, home, f"{smtp}?{asked}" if asked else smtp)
        if database:
            variables["CARILLON_DATABASE_URL"] = database
        settings = stand.settings_of(variables)
        accepted = await furnish(settings, count, first)
        # deliver first: it waits, so that the measured time holds no start of a process
        many = [await part(PARTS[1], variables) for _ in range(delivers)]
        async with stand.facade(settings) as app:
            engines = stand.engines()
            decide = await part(PARTS[0], variables)
            pids = {"decide": decide.pid} | {f"deliver{n or ''}": one.pid for n, one in enumerate(many)}

            def measured() -> dict[str, float]:
                return {name: stand.cpu([pid]) for name, pid in pids.items()} | stand.engines_cpu(engines)

            began = time.perf_counter()
            used = measured()
            await until_sent(app, first + count, limit, seen, pids)
            ended = time.perf_counter()
            parts = {name: (now - used[name]) / count * 1e6 for name, now in measured().items()}
            if not database:  # there the ledger is not of ours alone
                await _check(app, count)
            even = 0.0 if database else await _steady(app)
        for process in (decide, *many):
            process.terminate()
            process.wait(30)
        seconds = ended - began
        return Round(count / seconds, seconds, count, parts, accepted, even)


async def part(names: Sequence[str], variables: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Stages in a process of their own, which is ready."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")} | dict(variables)
    process = subprocess.Popen([sys.executable, "-m", "carillon.bench.part", *names], env=env, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    if line.strip() != "ready":
        raise RuntimeError(f"The stages {', '.join(names)} did not start.")
    return process


async def furnish(settings: Settings, count: int, first: int = 0) -> float:
    """People, the template and so many accepted events; how many of them a second. With `first` the people are there."""
    async with stand.facade(settings) as app:
        if not first:
            await stand.furnish(app)
        started = time.perf_counter()
        await stand.fill(app, count, first=first)
        return count / (time.perf_counter() - started)


async def standing(app: App) -> Counter[int]:
    """Deliveries of the bench by state."""
    counts = await app.store.read(lambda tx: counted.now_standing(tx, SYSTEM.space, ("state",), cohorts=[COHORT]))
    return Counter({state: n for (state,), n in counts.items()})


async def until_sent(app: App, count: int, limit: float = LIMIT, seen: Seen | None = None, pids: Mapping[str, int] | None = None) -> None:
    """Until so many are sent; `seen` is told at each look how many are, and the processes that work."""
    latest = time.perf_counter() + limit
    while True:
        states = await standing(app)
        if seen:
            seen(states[State.SENT], pids or {})
        if states[State.SENT] >= count:
            return
        if time.perf_counter() > latest:
            raise TimeoutError(f"After {limit:.0f} seconds only {dict(states)} of {count}.")
        await asyncio.sleep(LOOK)


async def _check(app: App, count: int) -> None:
    ledger = await app.store.read(lambda tx: history.whole_ledger(tx, SYSTEM.space))
    if (ledger.planned, ledger.sent) != (count, count):
        raise AssertionError(f"The ledger says {ledger}.")


async def _steady(app: App) -> float:
    return steady(await app.store.read(lambda tx: tx.conn.execute(select(deliveries.c.changed).order_by(deliveries.c.changed)).scalars().all()))


if __name__ == "__main__":
    which = servers if sys.argv[1] == "servers" else embedded
    asked = sys.argv.pop(3).removeprefix("?") if sys.argv[3:] and sys.argv[3].startswith("?") else ""
    print(uvloop.run(which(int(sys.argv[2]), *sys.argv[3:], asked=asked)))
