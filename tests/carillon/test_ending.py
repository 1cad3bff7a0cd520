"""What runs beside ends, even where a cancellation is lost on the way."""

import asyncio
import contextlib

from backend import ending
from backend.ending import ended


async def test_one_that_loses_its_cancellation_is_cancelled_again(monkeypatch):
    monkeypatch.setattr(ending, "AGAIN", 0.01)
    lost = []

    async def stubborn():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        lost.append(1)
        await asyncio.sleep(60)

    one = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended(one)
    assert one.cancelled()
    assert lost == [1]


async def test_what_fell_over_or_has_ended_is_no_trouble():
    async def fell():
        raise RuntimeError("it fell over")

    async def over():
        return None

    tasks = [asyncio.create_task(fell()), asyncio.create_task(over()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await ended(*tasks)
    assert all(one.done() for one in tasks)
