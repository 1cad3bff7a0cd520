"""Release: what was parked under a halt that ended (or behind a provider that is well again) goes back through decide, at a pace.

Only due rows are brought forward, so many a second of all processes together and never more while the lanes are full: what was held for
an hour must not come back in a second, neither to the provider nor before what is urgent now.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from backend.cache.port import Cache
from backend.clock import Clock
from backend.domain.errors import Unavailable
from backend.store import parked
from backend.store.port import Store, Tx

log = logging.getLogger("carillon.line")

PACE = 1_000  # deliveries a second
STEP = 250  # of one transaction
LOOK = 0.25  # seconds
FULL = 5_000  # records before the line above which nothing is added
KEY = b"{release}pace"


class Release:
    """Runs until `stop`; `once` lets the next ones go. `behind`: how many records wait in the lanes."""

    name = "release"

    def __init__(self, *, store: Store, cache: Cache, clock: Clock, behind: Callable[[], Awaitable[int]]) -> None:
        self._store, self._cache, self._clock, self._behind = store, cache, clock, behind
        self._stopping = asyncio.Event()
        self.busy = False

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Look four times a second; while an engine is away, keep looking."""
        while not self._stopping.is_set():
            try:
                while await self.once() == STEP:
                    pass
            except Unavailable as away:
                log.warning("release waits: %s", away.detail)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK)

    async def once(self) -> int:
        """How many were let go; 0 too when the pace or full lanes forbid more for now."""
        begun = await self._store.read(parked.begun)
        if not begun or await self._behind() >= FULL:
            return 0
        now, left, done = self._clock.now(), STEP, 0
        if await self._cache.take(KEY, PACE, 1.0, now, STEP) > 0:
            return 0
        self.busy = True
        try:
            for one in begun:

                def write(tx: Tx, one: parked.Release = one, left: int = left) -> int:
                    return parked.let_go(tx, one, now, left)

                went = await self._store.write(write, turn=self.name)
                left, done = left - went, done + went
                if not left:
                    break
        finally:
            self.busy = False
        return done
