"""Purge: keeps day partitions ahead, seals a day's ledger before it is dropped, drops what is older than 30 days.

Counts outlive the rows they count: `totals` and `ledger_totals` stay.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import msgspec

from backend.clock import Clock
from backend.domain.errors import Unavailable
from backend.log.embedded import EmbeddedLog
from backend.log.port import Log
from backend.store import partitions, retention, seals
from backend.store.port import Store, Tx
from backend.telemetry import LEDGER_UNBALANCED

log = logging.getLogger("carillon.line")

AHEAD = 7  # day partitions kept ready
EVERY = 3_600.0  # seconds
DAY = 86_400.0
RECORDS = 10_000  # of the embedded log, dropped in one transaction


class Purged(msgspec.Struct):
    """What one round did. `faults`: ledgers of sealed days that do not balance; `strays`: rows in a default partition."""

    days: int = 0
    rows: int = 0
    faults: list[tuple[int, int, int]] = []
    strays: int = 0


class Purge:
    """Runs until `stop`; `once` is one whole round. `alarm` is told in a sentence what is wrong."""

    name = "purge"

    def __init__(self, *, store: Store, events: Log, clock: Clock, alarm: Callable[[str], None]) -> None:
        self._store, self._log, self._clock, self._alarm, self.busy = store, events, clock, alarm, False
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self._stopping.set()

    async def once(self) -> Purged:
        """Ahead, seal, drop, sweep."""
        done, now = Purged(), self._clock.now()
        write = self._store.write
        await write(lambda tx: partitions.ensure(tx, now, ahead=AHEAD), turn=self.name)
        first_kept = int((now - retention.KEEP) // DAY)
        while not self._stopping.is_set():
            day = await self._store.read(seals.oldest_day)
            if day is None or day >= first_kept:
                break
            done.faults += await write(lambda tx, day=day: self._end_day(tx, day, now), turn=self.name)  # type: ignore[misc]
            done.days += 1
        if not self._stopping.is_set():  # all that is older is sealed: what is left are partitions of days without a row
            await write(lambda tx: partitions.drop_before(tx, first_kept), turn=self.name)
        while not self._stopping.is_set():
            gone = await write(lambda tx: retention.sweep(tx, now), turn=self.name)
            done.rows += gone
            if not gone:
                break
        if isinstance(self._log, EmbeddedLog):
            purge_in = self._log.purge_in
            while await write(lambda tx: purge_in(tx, retention.LOG, RECORDS), turn=self.name) == RECORDS:
                pass
        if not self._stopping.is_set():
            await write(lambda tx: retention.remember(tx, retention.Round(self._clock.now(), done.days, done.rows)), turn=self.name)
        done.strays = sum((await self._store.read(partitions.strays)).values())
        if done.strays:
            self._alarm(
                f"{done.strays} rows lie in a default partition: their day has none. Run `carillon purge` and look at the clock of the machine that wrote them."
            )
        LEDGER_UNBALANCED.set(len(done.faults))
        for space, cohort, missing in done.faults:
            self._alarm(
                f"The ledger of cohort {cohort} in space {space} does not balance: {missing} units are unaccounted for. Run `carillon ledger --recount`."
            )
        return done

    @staticmethod
    def _end_day(tx: Tx, day: int, now: float) -> list[tuple[int, int, int]]:
        faults = seals.seal_day(tx, day, now)
        partitions.drop_before(tx, day + 1)
        return faults

    async def run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.once()
            except Unavailable as away:
                log.warning("purge waits: %s", away.detail)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), EVERY)
