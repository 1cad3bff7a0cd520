"""The heart of a process that runs stages: every few seconds it says that they run, and how long its deliveries took lately."""

import asyncio
import contextlib
import os
import secrets
from collections import deque

from backend.clock import Clock
from backend.domain.errors import Unavailable
from backend.store import beats
from backend.store.beats import Beat
from backend.store.port import Store
from backend.telemetry import taken
from workers.line import Line

BEAT = 10.0  # seconds
LATELY = 300.0  # seconds whose deliveries are told


class Heart:
    """Of one process. While the store is away nothing is said; then others think it gone, and know that the store was."""

    def __init__(self, store: Store, line: Line, clock: Clock) -> None:
        self._store, self._line, self._clock = store, line, clock
        self.process = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._counts: deque[tuple[float, dict[str, list[int]]]] = deque([(clock.now(), taken())])

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            with contextlib.suppress(Unavailable):
                await self.beat()
            await asyncio.sleep(BEAT)

    async def beat(self) -> None:
        """Say it once. Raises `StoreUnavailable`."""
        await self._say(Beat(self.process, self._clock.now(), self._line.alive, self._took()))

    async def end(self) -> None:
        """It runs nothing any more."""
        with contextlib.suppress(Unavailable):
            await self._say(Beat(self.process, self._clock.now(), sorted(self._line.workers), ended=True))

    async def _say(self, beat: Beat) -> None:
        await self._store.write(lambda tx: beats.put(tx, beat), turn="beat", short=True)

    def _took(self) -> dict[str, list[int]]:
        """What was counted since the oldest look that is no older than `LATELY`, or the first."""
        now, counts = self._clock.now(), taken()
        self._counts.append((now, counts))
        while len(self._counts) > 2 and now - self._counts[1][0] >= LATELY:
            self._counts.popleft()
        before = self._counts[0][1]
        grown = {priority: [n - was for n, was in zip(steps, before.get(priority, [0] * len(steps)), strict=True)] for priority, steps in counts.items()}
        return {priority: steps for priority, steps in grown.items() if any(steps)}
