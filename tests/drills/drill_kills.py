"""Any process of a running installation is killed with -9, again and again, while it works."""

import asyncio
import random

import pytest

from tests.drills.load import moving, resumed, under_load, usual, verdict
from tests.drills.plant import plant

ROUNDS = 12
TIMED = 3
MOVES = 8.0  # seconds until the lanes of a killed worker move again: a session of 6, a heartbeat, and a read
pytestmark = [pytest.mark.drill, pytest.mark.timeout(1200)]


@pytest.fixture
def made(kind, tmp_path, request):
    if kind == "servers":
        request.getfixturevalue("engines")
    with plant(kind, tmp_path / "place") as it:
        yield it


async def test_any_process_in_a_loop(made, tell):
    rnd, back = random.Random(9), []
    await made.start()
    async with under_load(made) as load:
        for n in range(ROUNDS):
            await asyncio.sleep(rnd.uniform(0.2, 3.0))
            name = made.names[n % len(made.names)] if n < len(made.names) else rnd.choice(made.names)
            at = await made.kill(name)
            await made.start(name)
            if n % 4 == 3:
                await moving(made, at)
                back.append(resumed(made, at))
    tell(f"kill -9 of any process, {ROUNDS} times, each started again at once; back after every fourth kill", made, verdict(made), back)
    assert load.accepted


async def test_the_lanes_of_a_killed_worker_move_again(engines, tmp_path, tell):
    back, slack = [], []
    with plant("servers", tmp_path / "place") as made:
        await made.start()
        async with under_load(made):
            for n in range(TIMED):
                for _ in range(2):
                    await asyncio.sleep(2.0)
                name = f"deliver{n % 2 + 1}"
                at = await made.kill(name)
                await moving(made, at)
                back.append(resumed(made, at))
                slack.append(usual(made, at - 4.0, at - 1.0))
                await made.start(name)
                await moving(made, at + back[-1])
    tell("kill -9 of one of two processes that deliver, not replaced before its lanes moved", made, verdict(made), back)
    assert max(one - more for one, more in zip(back, slack, strict=True)) < MOVES, (back, slack)
