"""Due: rows whose time has come go back to the topic they wait for.

A row is claimed first (its time moves into the future, so that other due stages pass it by), its record appended, then the row
dropped. A crash in between appends it twice at most, and whoever reads it treats the second as a repeat.
"""

from collections.abc import Sequence

from backend.clock import Clock
from backend.log.port import Log, Record
from backend.store import due_rows, hot
from backend.store.port import Store, Tx
from workers.commit import Commit
from workers.faults import Faults
from workers.rounds import Rounds

CLAIM = 500  # rows at once
LEASE = 30.0  # seconds a claimed row is left alone
SOON = 0.1  # seconds between looks while rows keep coming: what has a pace writes its next row only after this one was carried out
LATELY = 1.0  # seconds for which they are said to
LEAST = 0.02  # seconds between looks at all


class Due(Rounds):
    """`once` appends what is due now; how many rows that were."""

    name = "due"
    full = CLAIM

    def __init__(self, *, store: Store, events: Log, commit: Commit, clock: Clock, faults: Faults | None = None) -> None:
        super().__init__(clock)
        self._store, self._log, self._commit = store, events, commit
        self._faults = faults or Faults(self.name)
        self._found = self._coming = 0.0  # when the last rows were found, and when the next ones are due (0: there are none)

    async def _once(self) -> int:
        now = self._clock.now()
        rows, self._coming = await self._store.write(lambda tx: (due_rows.claim(tx, now, CLAIM, LEASE), due_rows.following(tx)), turn=self.name)
        if not rows:
            return 0
        self._found = now
        self._faults.at("after_read")
        records = [Record(row.topic, row.partition, row.key, row.value) for row in rows]

        def write(tx: Tx) -> Sequence[Record]:
            return records

        await self._commit.append(self.name, write, lambda tx: hot.drop_due(tx, rows), self._faults)
        return len(rows)

    def rest(self) -> float:
        """Until the next row that is known is due, at the latest half a second; a tenth while rows keep coming."""
        now = self._clock.now()
        most = SOON if now < self._found + LATELY else self.every
        return min(most, max(LEAST, self._coming - now)) if self._coming else most
