"""The clock is a port: nothing in the house asks the operating system for the time but `SystemClock`."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time in seconds since the epoch (UTC), and a way to wait for it."""

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` of this clock have passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class HeldClock:
    """A clock that its owner moves; sleepers wake when their moment has been passed. For tests and drills."""

    def __init__(self, start: float) -> None:
        self._now = start
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, future))
        await future

    def move(self, seconds: float) -> None:
        """Let `seconds` pass; negative moves the wall clock back and wakes nobody."""
        self._now += seconds
        due = [f for at, f in self._sleepers if at <= self._now]
        self._sleepers = [(at, f) for at, f in self._sleepers if at > self._now]
        for future in due:
            if not future.done():
                future.set_result(None)
