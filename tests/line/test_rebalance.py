"""Two living processes share a channel on Kafka: who takes partitions over repeats nothing that the other has at its provider."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections import Counter

import pytest

from backend.clock import SystemClock
from backend.domain.delivery import State
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store import rollup
from carillon.house import House
from tests.line.houses import environment, order_shipped
from tests.line.lives import ROOT
from tests.line.victim import PEOPLE, people
from workers.line import STAGES

OTHERS = tuple(name for name in STAGES if name != "deliver")
EVENTS = 200
SLOW = "0.5"  # seconds the mail server takes for each mail of a connection
OPEN = 2 * EVENTS  # at a provider at once: everything is in the air when half of the partitions move
pytestmark = [pytest.mark.drill, pytest.mark.long, pytest.mark.timeout(240)]


@contextlib.contextmanager
def sink(file):
    """A slow mail server; its URL."""
    file.touch()
    command = [sys.executable, "-m", "carillon.bench.sink_smtp", "0", "--file", str(file), "--delay", SLOW]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as made:
        try:
            assert made.stdout
            yield f"smtp://127.0.0.1:{int(made.stdout.readline())}?open={OPEN}"
        finally:
            made.terminate()  # writes what it holds


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
        assert time.monotonic() < limit
        await asyncio.sleep(0.1)


async def test_a_process_that_joins_repeats_nothing_of_one_that_lives(engines, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    with sink(first) as one, sink(second) as two, environment("servers", tmp_path, engines, again=False) as variables:
        async with House(load(variables), SystemClock(), OTHERS) as house:
            await people(house)

            async def sent() -> int:
                return (await house.app.store.read(lambda tx: rollup.everything(tx, 1)))[State.SENT]

            with deliver(variables, one, tmp_path / "one.log"):
                events = [order_shipped(to=f"user{n % PEOPLE}", channels=["email"]) for n in range(EVENTS)]
                await house.app.events.accept(SYSTEM, events)  # all of them fly from the first process

                async def begun():
                    return await sent() > 20

                await until(begun)
                with deliver(variables, two, tmp_path / "two.log"):
                    await house.app.events.accept(SYSTEM, events)

                    async def over():
                        return await sent() == 2 * EVENTS

                    await until(over)
    heard = [sink_file.read_text().split() for sink_file in (first, second)]
    assert all(heard), [len(ids) for ids in heard]  # both had a part in it
    times = Counter(made for ids in heard for made in ids)
    assert len(times) == 2 * EVENTS
    assert {made: n for made, n in times.items() if n > 1} == {}
