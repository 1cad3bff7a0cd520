"""A real process killed with SIGKILL, at every fault point of every stage and at random moments: nothing accepted is lost, and nothing
is heard twice but attempts that were open at a kill."""

import asyncio
import contextlib
import os
import random
import signal
import time

import httpx
import pytest

from tests.line.houses import NOON
from tests.line.lives import judge, rest
from tests.line.victim import PEOPLE, STEP
from workers.faults import POINTS

STAGES = ("expand", "decide", "deliver", "deliver.web", "receipts", "due")
EVENTS, BATCH = 5_000, 50
KILLS = 6
pytestmark = [pytest.mark.drill, pytest.mark.timeout(420)]


async def lived(place, plans: list[str]) -> None:
    """A first life without harm, then one for each plan, each of which must end by it; and what is left is judged."""
    await place.lives("scene", 0)
    survived = []
    for n, plan in enumerate(plans, 1):
        place.begin("scene", n=n, plan=plan)
        how = await place.ended()
        if how != -signal.SIGKILL:
            survived.append((plan, how))
    assert survived == [], place.victim.said()
    judge(place, await rest(place, NOON + (len(plans) + 2) * STEP))


async def test_killed_and_started_again(place):
    await lived(place, ["decide:before_commit:1", "decide:after_commit:2", "deliver:before_commit:3", "deliver:after_commit:3"])


@pytest.mark.long
async def test_killed_at_every_fault_point_of_every_stage(place):
    await lived(place, [f"{stage}:{point}:1" for stage in STAGES for point in POINTS])


@pytest.mark.long
async def test_killed_at_random_moments_during_5000_events(place):
    rnd = random.Random(5_000)
    fatal = {rnd.randrange(2, EVENTS // BATCH) for _ in range(3 * KILLS)}
    fatal = set(sorted(fatal)[:: max(1, len(fatal) // KILLS)][:KILLS])
    batches = [
        [{"type": "order.shipped", "category": "orders", "to": {"user": f"user{rnd.randrange(PEOPLE)}"}, "title": f"Order {n}"}
         | ({"id": f"o-{n}"} if n % 10 else {}) for n in range(start, start + BATCH)]
        for start in range(0, EVENTS, BATCH)
    ]  # fmt: skip
    pid = place.begin("serve", first=True)
    token = await asyncio.to_thread(place.victim.heard, "token")
    with place.accepted.open("w") as accepted:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place.victim.port}", timeout=60) as client:
            for n, batch in enumerate(batches):
                asking = asyncio.ensure_future(_post(client, token, batch))
                if n in fatal:
                    await asyncio.wait({asking}, timeout=rnd.uniform(0.0, 0.2))
                    _kill(pid)
                    assert await place.ended() == -9
                    pid = place.begin("serve", first=False)
                    token = await asyncio.to_thread(place.victim.heard, "token")
                while (answer := await asking) is None:  # nobody answered: the same batch again
                    asking = asyncio.ensure_future(_post(client, token, batch))
                assert answer.status_code == 202, answer.text
                accepted.writelines(item["id"] + "\n" for item in answer.json()["items"])
    _kill(pid)
    assert await place.ended() == -9
    found = await rest(place, time.time() + 60)
    assert found.accepted > EVENTS * 0.99  # some ids may stand for the same event, after an answer that was lost
    judge(place, found)


async def _post(client, token, batch):
    with contextlib.suppress(httpx.TransportError):
        return await client.post("/v1/events", json=batch, headers={"Authorization": f"Bearer {token}"})
    return None


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
