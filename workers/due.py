"""Due: rows whose time has come go back to the topic they wait for.

A row is claimed first (its time moves into the future, so that other due stages pass it by), its record appended, then the row
dropped. A crash in between appends it twice at most, and whoever reads it treats the second as a repeat.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from backend.clock import Clock
from backend.domain.errors import Unavailable
from backend.log.port import Log, Record
from backend.store import due_rows, hot
from backend.store.port import Store, Tx
from workers.commit import Commit
from workers.faults import Faults

log = logging.getLogger("carillon.line")

CLAIM = 500  # rows at once
LEASE = 30.0  # seconds a claimed row is left alone
LOOK = 0.5  # seconds between looks: the precision of every hold and schedule


class Due:
    """Runs until `stop`; `once` does what is due now."""

    name = "due"

    def __init__(self, *, store: Store, events: Log, commit: Commit, clock: Clock, faults: Faults | None = None) -> None:
        self._store, self._log, self._commit, self._clock = store, events, commit, clock
        self._rounds = 0  # under way: `settle` makes its own beside the one of `run`
        self._faults = faults or Faults(self.name)
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
                while await self.once() == CLAIM:
                    pass
            except Unavailable as away:
                log.warning("due waits: %s", away.detail)
            await self._wait(LOOK)

    async def once(self) -> int:
        """Append what is due; how many rows that were."""
        self._rounds += 1
        try:
            now = self._clock.now()
            rows = await self._store.write(lambda tx: due_rows.claim(tx, now, CLAIM, LEASE), turn=self.name)
            if not rows:
                return 0
            self._faults.at("after_read")
            records = [Record(row.topic, row.partition, row.key, row.value) for row in rows]

            def write(tx: Tx) -> Sequence[Record]:
                return records

            await self._commit.append(self.name, write, lambda tx: hot.drop_due(tx, rows), self._faults)
            return len(rows)
        finally:
            self._rounds -= 1

    async def _wait(self, seconds: float) -> None:
        stop = asyncio.ensure_future(self._stopping.wait())
        tick = asyncio.ensure_future(self._clock.sleep(seconds))
        await asyncio.wait({stop, tick}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, tick):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
