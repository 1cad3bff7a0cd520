"""Schedules: looks for those whose time has come, and has them fire. Part of the due stage."""

import asyncio
import contextlib
import logging
from typing import Protocol

from backend.clock import Clock
from backend.domain.errors import Unavailable

log = logging.getLogger("carillon.line")

LOOK = 0.5  # seconds between looks


class Fires(Protocol):
    """What makes firings; it makes each once, however many ask it to."""

    async def once(self) -> int:
        """Make what has come; how many schedules that were."""
        ...


class Schedules:
    """Runs until `stop`; `once` makes what has come now."""

    name = "schedules"

    def __init__(self, *, fires: Fires, clock: Clock) -> None:
        self._fires, self._clock, self._rounds = fires, clock, 0
        self._stopping = asyncio.Event()

    @property
    def busy(self) -> bool:
        return self._rounds > 0

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Look every half second of the clock; while an engine is away, keep looking."""
        while not self._stopping.is_set():
            try:
                while await self.once():
                    pass
            except Unavailable as away:
                log.warning("schedules wait: %s", away.detail)
            await self._wait()

    async def once(self) -> int:
        """Make what has come; how many schedules that were."""
        self._rounds += 1
        try:
            return await self._fires.once()
        finally:
            self._rounds -= 1

    async def _wait(self) -> None:
        stop = asyncio.ensure_future(self._stopping.wait())
        tick = asyncio.ensure_future(self._clock.sleep(LOOK))
        await asyncio.wait({stop, tick}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, tick):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
