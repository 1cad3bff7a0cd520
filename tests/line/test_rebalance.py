"""Two living processes share a channel on Kafka: who takes partitions over repeats nothing that the other has at its provider."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from backend.clock import SystemClock
from backend.domain.delivery import State
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store import rollup
from backend.store.tables import attempts
from carillon.bench.sink_smtp import Manner, Sink
from carillon.house import House
from tests.line.houses import environment, order_shipped
from tests.line.lives import ROOT
from tests.line.victim import PEOPLE, people
from workers.line import STAGES

OTHERS = tuple(name for name in STAGES if name != "deliver")
EVENTS = 200
OPEN = 2 * EVENTS  # at a provider at once: everything is in the air when half of the partitions move
pytestmark = [pytest.mark.drill, pytest.mark.long, pytest.mark.timeout(240)]


@contextlib.asynccontextmanager
async def mail_server(manner):
    """A mail server and its URL."""
    server = Sink(manner=manner)
    try:
        yield server, f"smtp://127.0.0.1:{await server.start()}?open={OPEN}&lanes={PEOPLE}&timeout=90"
    finally:
        await server.close()


@contextlib.contextmanager
def deliver(variables, url, log):
    """A process of its own that runs deliver, with a mail server of its own; returns once it runs."""
    command = [sys.executable, "-m", "carillon.bench.part", "deliver"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")} | variables | {"CARILLON_SMTP_URL": url}
    with log.open("w") as said, subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=said, text=True) as made:
        try:
            assert made.stdout
            assert made.stdout.readline() == "ready\n", log.read_text()
            yield made
        finally:
            made.terminate()
            made.wait(60)


async def until(so):
    limit = time.monotonic() + 120
    while not await so():
        assert time.monotonic() < limit, "it does not come to that"
        await asyncio.sleep(0.1)


async def test_a_process_that_joins_repeats_nothing_of_one_that_lives(engines, tmp_path):
    slow = Manner(delay=20.0)  # until the other one has joined, however long that takes
    async with mail_server(slow) as (first, one), mail_server(Manner()) as (second, two):
        with environment("servers", tmp_path, engines, again=False) as variables:
            async with House(load(variables), SystemClock(), OTHERS) as house:
                await people(house)

                async def begun() -> bool:
                    return await house.app.store.read(lambda tx: tx.conn.scalar(select(func.count()).select_from(attempts))) >= PEOPLE

                async def sent() -> bool:
                    return (await house.app.store.read(lambda tx: rollup.everything(tx, 1)))[State.SENT] == 2 * EVENTS

                async def joined() -> bool:
                    return second.count > 0

                with deliver(variables, one, tmp_path / "one.log"):
                    events = [order_shipped(to=f"user{n % PEOPLE}", channels=["email"]) for n in range(EVENTS)]
                    await house.app.events.accept(SYSTEM, events)
                    await until(begun)  # as many are at the first one's server
                    with deliver(variables, two, tmp_path / "two.log"):
                        await house.app.events.accept(SYSTEM, events)
                        await until(joined)  # it read on where the first one's marks are: at what is in the air
                        assert first.count < EVENTS
                        first.manner = Manner()
                        await until(sent)
    times = Counter(first.ids + second.ids)
    assert len(times) == 2 * EVENTS
    assert {made: n for made, n in times.items() if n > 1} == {}
