"""Schedules and campaigns: looks for those whose time has come, and has them fire. Part of the due stage."""

from typing import Protocol

from backend.clock import Clock
from workers.rounds import Rounds


class Fires(Protocol):
    """What makes firings; it makes each once, however many ask it to."""

    async def once(self) -> int:
        """Make what has come; how many schedules that were."""
        ...


class Schedules(Rounds):
    """`once` makes what has come now; how many schedules that were."""

    def __init__(self, *, fires: Fires, clock: Clock, name: str = "schedules") -> None:
        super().__init__(clock)
        self.name = name
        self._fires = fires

    async def _once(self) -> int:
        return await self._fires.once()
