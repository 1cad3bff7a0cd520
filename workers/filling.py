"""Filling in what rules look at of people who were there before it was kept: at the start, and when a field is looked at again."""

from typing import Protocol

from backend.clock import Clock
from workers.rounds import Rounds


class Fills(Protocol):
    """Who can open profiles."""

    async def once(self) -> int:
        """How many people were filled in."""
        ...

    def stop(self) -> None: ...


class Filling(Rounds):
    """Runs until `stop`."""

    name = "filling"
    every = 10.0  # seconds

    def __init__(self, *, fills: Fills, clock: Clock) -> None:
        super().__init__(clock)
        self._fills = fills

    def stop(self) -> None:
        self._fills.stop()
        super().stop()

    async def _once(self) -> int:
        await self._fills.once()
        return 0
