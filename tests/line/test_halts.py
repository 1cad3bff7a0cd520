"""The hand on the brake: a halt during a running load stops the mail server's own file within two seconds, in whatever process deliver
runs, and nothing is lost when it goes on."""

import asyncio
import contextlib
import subprocess
import sys
import time

import pytest

from backend.app.halts_views import HaltIn
from backend.app.views import Accepted, PersonIn
from backend.clock import SystemClock
from backend.domain.event import EventIn, To
from backend.domain.ledger import balance
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store import history, parked
from carillon.house import House
from tests.line.houses import environment
from tests.line.lives import ROOT

EVENTS, PEOPLE = 1_000, 40
OBEYED = 2.0  # seconds
pytestmark = pytest.mark.timeout(240)


@contextlib.contextmanager
def mailbox(tmp_path):
    """A mail server of its own that takes 400 mails a second; its URL and its file."""
    file = tmp_path / "sink"
    file.touch()
    command = [sys.executable, "-m", "carillon.bench.sink_smtp", "0", "--file", str(file), "--delay", "0.02"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sink:
        try:
            yield f"smtp://127.0.0.1:{int(sink.stdout.readline())}", file
        finally:
            sink.terminate()


@contextlib.asynccontextmanager
async def apart(kind, variables):
    """The line: in this process on the embedded engines, in another one on servers. Yields the facade."""
    if kind == "embedded":
        async with House(load(variables), SystemClock()) as house:
            yield house.app
        return
    async with House(load(variables), SystemClock(), names=("decide", "expand", "due", "rollup", "receipts")) as house:
        command = [sys.executable, "-m", "carillon.bench.part", "deliver"]
        with subprocess.Popen(command, cwd=ROOT, env=variables | {"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, text=True) as deliver:
            try:
                assert (await asyncio.to_thread(deliver.stdout.readline)).strip() == "ready"
                yield house.app
            finally:
                deliver.terminate()
                await asyncio.to_thread(deliver.wait, 30)


async def until(true, seconds=90.0):
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end, "it does not come to that"
        await asyncio.sleep(0.05)  # of the wall: two seconds are two seconds


def event(n):
    return EventIn(type="order.shipped", category="orders", to=To(user=f"u{n % PEOPLE}"), title=f"{n}", channels=["email"], id=f"o{n}")


async def test_a_halt_during_a_load_stops_the_sink_within_two_seconds_and_loses_nothing(kind, line_engines, tmp_path):
    scope = "provider:smtp" if kind == "embedded" else "channel:email"
    with mailbox(tmp_path) as (url, file), environment(kind, tmp_path / "home", again=False, CARILLON_SMTP_URL=url) as variables:
        async with apart(kind, variables) as app:

            def heard():
                return len(file.read_text().split())

            async def ledger():
                return await app.store.read(lambda tx: history.whole_ledger(tx, SYSTEM.space))

            for n in range(PEOPLE):
                await app.people.put(SYSTEM, f"u{n}", PersonIn(name="U", email=f"u{n}@example.com"))
            for start in range(0, EVENTS, 500):
                answers = await app.events.accept(SYSTEM, [event(n) for n in range(start, start + 500)])
                assert all(isinstance(answer, Accepted) for answer in answers)
            await until(lambda: _true(heard() >= 100))
            pulled = time.monotonic()
            await app.halts.put(SYSTEM, scope, HaltIn("drill"))
            await asyncio.sleep(pulled + OBEYED + 0.3 - time.monotonic())  # the sink writes its file five times a second
            stood = heard()
            assert 100 <= stood < EVENTS, "there was nothing left to stop"
            await until(lambda: _held(ledger, EVENTS - stood))  # what is held says so
            assert heard() == stood
            view = await app.halts.look(SYSTEM, scope)
            assert (view.halted, view.on_the_way, view.waiting) == (True, 0, EVENTS - stood)
            (alert,) = [alert async for alert in _first(app.alerts.stream(SYSTEM))]
            assert scope in alert.title
            assert alert.resolved_at is None

            await app.halts.remove(SYSTEM, scope)
            await until(lambda: _sent(ledger), 50.0)  # long before what is held would ask by itself
            await until(lambda: _true(heard() >= EVENTS))
            ids = file.read_text().split()
            assert (len(ids), len(set(ids))) == (EVENTS, EVENTS)
            assert balance(await ledger()) == 0
            await until(lambda: _over(app))


async def _true(value):
    return value


async def _first(stream):
    async for alert in stream:
        yield alert
        return


async def _held(ledger, n):
    return (await ledger()).held == n


async def _sent(ledger):
    return (await ledger()).sent == EVENTS


async def _over(app):
    return not await app.store.read(parked.begun)
