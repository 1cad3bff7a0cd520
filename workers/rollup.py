"""Rollup: compacts deltas into totals, a bounded number at a time, so that counting stays cheap however much was sent."""

import asyncio
import contextlib
import logging

from backend.clock import Clock
from backend.domain.errors import Unavailable
from backend.store import rollup
from backend.store.port import Store

log = logging.getLogger("carillon.line")

ONCE = 2_000  # deltas in one transaction
EVERY = 5.0  # seconds


class Rollup:
    """Runs until `stop`; `once` compacts what there is."""

    name = "rollup"

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store, self._clock, self.busy = store, clock, False
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def once(self) -> int:
        """How many deltas were compacted."""
        done = 0
        while True:
            n = await self._store.write(lambda tx: rollup.compact(tx, ONCE), turn=self.name)
            done += n
            if n < ONCE or self._stopping.is_set():
                return done

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.once()
            except Unavailable as away:
                log.warning("rollup waits: %s", away.detail)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), EVERY)
