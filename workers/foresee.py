"""Forecasts: looks for those that are to be counted, and has them walked. Part of the due stage."""

from typing import Protocol

from backend.clock import Clock
from workers.rounds import Rounds


class Walks(Protocol):
    """What walks forecasts; each is walked by one process at a time."""

    async def once(self) -> int:
        """Walk a part of one; how many chunks that were, 0 when there is none."""
        ...


class Foresee(Rounds):
    """`once` walks what there is now."""

    name = "foresee"

    def __init__(self, *, walks: Walks, clock: Clock) -> None:
        super().__init__(clock)
        self._walks = walks

    async def _once(self) -> int:
        return await self._walks.once()
