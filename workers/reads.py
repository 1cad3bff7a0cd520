"""What is read for one channel while it works: its most urgent lane by itself, the others together.

A read of several lanes ends when any of them has something or a full one may have room again. An urgent record that came just then would wait until
the channel asks anew, which is one window later: so somebody always asks for the urgent ones.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence

from backend.domain.errors import Unavailable
from backend.log.port import Reader, Record
from workers.stage import BATCH, IDLE


class Reads:
    """Of one `Deliver`, on its loop. `came` is called when one has ended."""

    def __init__(self, lanes: Sequence[str], came: Callable[[], None]) -> None:
        self._lanes = [some for some in (lanes[:1], lanes[1:]) if some]
        self._under_way: list[asyncio.Task[list[Record]] | None] = [None for _ in self._lanes]
        self._came = came

    def ask(self, reader: Reader, room: Collection[str], full: float) -> bool:
        """Keep them under way for the lanes that have room; whether one began. `full`: seconds after which those are looked at again that are full now."""
        began = False
        for n, lanes in enumerate(self._lanes):
            if self._under_way[n] is None and (some := [lane for lane in lanes if lane in room]):
                task = self._under_way[n] = asyncio.create_task(reader.read(BATCH, IDLE if len(some) == len(lanes) else full, some))
                task.add_done_callback(lambda _: self._came())
                began = True
        return began

    @property
    def ended(self) -> bool:
        """Whether something came, or will not come."""
        return any(task is not None and task.done() for task in self._under_way)

    @property
    def urgent(self) -> bool:
        """Whether it may be something of the most urgent lane."""
        return (first := self._under_way[0]) is not None and first.done()

    def take(self) -> list[Record]:
        """What came. Raises `Unavailable` when nothing did, for an engine is away."""
        records: list[Record] = []
        away: Unavailable | None = None
        for n, task in enumerate(self._under_way):
            if task is None or not task.done():
                continue
            self._under_way[n] = None
            try:
                records += task.result()
            except Unavailable as error:
                away = error  # whoever asks again hears it again
        if away and not records:
            raise away
        return records

    async def close(self) -> None:
        """Begin none, wait for none."""
        tasks = [task for task in self._under_way if task]
        self._under_way = [None for _ in self._lanes]  # whoever runs us again must not meet their cancellation
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
