"""Rounds: work that is looked for again and again by the clock, until it is stopped. Due rows and schedules are."""

import asyncio
import contextlib
import logging

from backend.clock import Clock
from backend.domain.errors import Unavailable

log = logging.getLogger("carillon.line")

LOOK = 0.5  # seconds between looks: the precision of every hold and schedule


class Rounds:
    """Runs until `stop`. What is derived from it has a `name` and says in `_once` how much it did; `full`: so much means that more waits."""

    name = ""
    full = 1
    every = LOOK

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rounds = 0  # under way: `settle` makes its own beside the one of `run`
        self._stopping = asyncio.Event()

    @property
    def busy(self) -> bool:
        return self._rounds > 0

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Look every half second of the clock, or as `rest` says; while an engine is away, keep looking."""
        while not self._stopping.is_set():
            try:
                while await self.once() >= self.full:
                    pass
            except Unavailable as away:
                log.warning("%s waits: %s", self.name, away.detail)
            await self._wait(self.rest())

    def rest(self) -> float:
        """Seconds until the next look."""
        return self.every

    async def once(self) -> int:
        """Do what has come by now; how much that was."""
        self._rounds += 1
        try:
            return await self._once()
        finally:
            self._rounds -= 1

    async def _once(self) -> int:
        raise NotImplementedError

    async def _wait(self, seconds: float) -> None:
        stop = asyncio.ensure_future(self._stopping.wait())
        tick = asyncio.ensure_future(self._clock.sleep(seconds))
        await asyncio.wait({stop, tick}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, tick):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
