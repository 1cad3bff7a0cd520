"""Summing up touches: what people got and did becomes what rules look at, the stamps of a run's recipients, and counts of people."""

import asyncio
import time

from backend.clock import Clock
from backend.store import touches
from backend.store.port import Store
from workers.rounds import Rounds

SHARE = 9.0  # while more waits, this round leaves the store alone for so many times as long as it held it: the line comes first


class Touched(Rounds):
    """Runs until `stop`, one round after another of as much as there is."""

    name = "touched"
    every = 1.0  # seconds

    def __init__(self, *, store: Store, clock: Clock) -> None:
        super().__init__(clock)
        self._store, self._sums = store, touches.Sums()

    async def _once(self) -> int:
        if not await self._store.read(touches.waiting):
            return 0
        done = 0
        while not self._stopping.is_set():
            began = time.perf_counter()
            n = await self._store.write(lambda tx: self._sums.once(tx, self._clock.now()), turn=self.name)
            done += n
            if n == 0 or not await self._store.read(touches.waiting):
                break
            await asyncio.sleep(min(0.25, (time.perf_counter() - began) * SHARE))
        return done
