"""Forecasts and imports: looks for those that are to be gone on with, and has them walked. Part of the due stage."""

from typing import Protocol

from backend.clock import Clock
from workers.rounds import Rounds


class Walks(Protocol):
    """What walks forecasts, or imports; two processes never do the same part of one."""

    async def once(self) -> int:
        """Walk a part of one; how many chunks that were, 0 when there is none."""
        ...


class Foresee(Rounds):
    """`once` walks what there is now."""

    def __init__(self, *, walks: Walks, clock: Clock, name: str = "foresee") -> None:
        super().__init__(clock)
        self.name = name
        self._walks = walks

    async def _once(self) -> int:
        return await self._walks.once()
