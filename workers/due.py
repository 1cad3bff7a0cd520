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


class Due(Rounds):
    """`once` appends what is due now; how many rows that were."""

    name = "due"
    full = CLAIM
    soon = 0.2  # what keeps coming has a pace: half a second of it is five per cent of what ten seconds may miss

    def __init__(self, *, store: Store, events: Log, commit: Commit, clock: Clock, faults: Faults | None = None) -> None:
        super().__init__(clock)
        self._store, self._log, self._commit = store, events, commit
        self._faults = faults or Faults(self.name)

    async def _once(self) -> int:
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
