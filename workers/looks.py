"""Experiments: looks for those whose hour has come, and has them looked at. Part of the due stage."""

from typing import Protocol

from backend.clock import Clock
from workers.rounds import Rounds


class Sees(Protocol):
    """What looks at experiments; a look is kept once, however many ask for it."""

    async def once(self) -> int:
        """Look at what has come; how many experiments that were."""
        ...


class Looks(Rounds):
    """`once` looks at what has come now."""

    name = "looks"
    every = 5.0

    def __init__(self, *, sees: Sees, clock: Clock) -> None:
        super().__init__(clock)
        self._sees = sees

    async def _once(self) -> int:
        return await self._sees.once()
