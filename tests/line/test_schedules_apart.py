"""Two living processes run the due stage on Kafka, PostgreSQL and Redis: every schedule fires once, and everybody is told once."""

import contextlib
import os
import subprocess
import sys

import pytest
from sqlalchemy import func, select, update

from backend.app.person_views import GroupIn, PersonIn
from backend.app.schedule_views import ScheduleIn
from backend.clock import SystemClock
from backend.domain.event import To
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store.tables import due, firings, schedules
from carillon.house import House
from tests.line.houses import environment, member
from tests.line.lives import ROOT
from tests.line.test_rebalance import until
from workers.line import STAGES

OTHERS = tuple(name for name in STAGES if name != "due")
SCHEDULES, PEOPLE = 30, 6
pytestmark = [pytest.mark.drill, pytest.mark.timeout(240)]


@contextlib.contextmanager
def due_stage(variables, log):
    """A process of its own that runs the due stage; returns once it runs."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")} | variables
    command = [sys.executable, "-m", "carillon.bench.part", "due"]
    with log.open("w") as said, subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=said, text=True) as made:
        try:
            assert made.stdout
            assert made.stdout.readline() == "ready\n", log.read_text()
            yield made
        finally:
            made.terminate()
            made.wait(60)


async def test_two_processes_fire_everything_once(engines, tmp_path):
    with environment("servers", tmp_path, engines, again=False) as variables:
        async with House(load(variables), SystemClock(), OTHERS) as house:
            users = [f"user{n}" for n in range(PEOPLE)]
            for user in users:
                await house.app.people.put(SYSTEM, user, PersonIn(name=user, timezone="UTC"))
            await house.app.groups.put(SYSTEM, "crew", GroupIn(name="Crew", members=users))
            for n in range(SCHEDULES):
                to = To(group="crew") if n % 2 else To(users=users)
                given = ScheduleIn(cron="0 0 1 1 *", category="orders", to=to, title=f"schedule {n}", channels=["web"])
                await house.app.schedules.put(SYSTEM, f"s{n}", given)
            with due_stage(variables, tmp_path / "one.log"), due_stage(variables, tmp_path / "two.log"):
                now = house.app.clock.now()
                await house.app.store.write(lambda tx: tx.conn.execute(update(schedules).values(next=now - 1)) and None)

                async def told() -> bool:
                    counts = [(await house.app.inbox.counts(member(user), user)).unread for user in users]
                    return min(counts) >= SCHEDULES

                await until(told)

                async def calm() -> bool:
                    return not await house.app.store.read(lambda tx: tx.conn.scalar(select(func.count()).select_from(due)))

                await until(calm)
            await house.settle()
            assert await house.app.store.read(lambda tx: tx.conn.execute(select(firings.c.outcome, func.count()).group_by(firings.c.outcome)).all()) == [("fired", SCHEDULES)]
            for user in users:
                titles = [item.title for item in (await house.app.inbox.list(member(user), user, None, 200)).items]
                assert sorted(titles) == sorted(f"schedule {n}" for n in range(SCHEDULES))
