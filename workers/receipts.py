"""Receipts: what providers report later moves deliveries forward, suppresses addresses, and is kept.

A receipt that comes before its attempt's outcome is durable waits as a due row, for at most a day.
"""

from collections.abc import Sequence

import msgspec

from backend.clock import Clock
from backend.domain.delivery import State
from backend.domain.ids import make_id
from backend.domain.receipt import SUPPRESSES, Receipt, moves
from backend.log import topics
from backend.log.codec import Unreadable, decode, encode
from backend.log.port import Record
from backend.store import hot, receipt_rows, stamps
from backend.store.port import Tx
from backend.store.suppress import suppress
from workers.ports import FactsOf
from workers.stage import DONE, Batch, Dead, Verdict

EARLY = (0.5, 300.0, 86_400.0)  # seconds until an early receipt is looked at again, doubled each time up to the second; given up after


class Receipts:
    """The stage `receipts`."""

    name = "receipts"

    def __init__(self, *, clock: Clock, facts: FactsOf) -> None:
        self._clock, self._facts = clock, facts
        self.lanes = [topics.RECEIPTS]

    async def handle(self, records: Sequence[Record]) -> Batch:
        verdicts: list[Verdict] = [DONE] * len(records)
        read: list[tuple[Record, Receipt]] = []
        for n, record in enumerate(records):
            try:
                read.append((record, decode(Receipt, record.value)))
            except Unreadable as error:
                verdicts[n] = Dead(0, "unreadable", str(error))
        now = self._clock.now()
        changed: list[tuple[int, int]] = []

        def write(tx: Tx) -> Sequence[Record]:
            changed.clear()
            for space in {receipt.space for _, receipt in read}:
                mine = [(record, receipt) for record, receipt in read if receipt.space == space]
                self._write(tx, space, mine, now, changed)
            return []

        async def forget() -> None:
            if changed:
                await self._facts.forget(changed)

        return Batch(write, verdicts, forget)

    @staticmethod
    def _write(tx: Tx, space: int, mine: Sequence[tuple[Record, Receipt]], now: float, changed: list[tuple[int, int]]) -> None:
        about = receipt_rows.deliveries_of(tx, space, [receipt.delivery for _, receipt in mine])
        kept: list[Receipt] = []
        later: list[hot.Later] = []
        steps: list[hot.Move] = []
        place: dict[bytes, tuple[int, int]] = {}
        for record, receipt in mine:
            row = about.get(receipt.delivery)
            if row is None or row.state in (State.PENDING, State.HELD):
                if now - receipt.at < EARLY[2]:
                    later.append(_look_again(record, receipt, now))
                continue
            kept.append(msgspec.structs.replace(receipt, generation=receipt.generation or row.generation))
            step = moves(place.get(row.id, (row.generation, row.state)), kept[-1])
            if step:
                place[row.id] = step
                steps.append(
                    hot.Move(space, row.id, row.cohort, row.channel, *step, receipt.code or receipt.kind, provider=receipt.provider)
                )
            if receipt.kind in SUPPRESSES:
                changed += [
                    (space, p) for p in suppress(tx, space, row.channel, row.address, SUPPRESSES[receipt.kind], receipt.provider, now, receipt.at)
                ]
        stamps.count_receipts(tx, space, kept, about, now)
        receipt_rows.keep(tx, space, kept)
        for step_ in steps:  # one by one: two moves of one delivery must come in their order
            hot.write_moves(tx, [step_], now)
        if later:
            hot.write_due(tx, later)


def _look_again(record: Record, receipt: Receipt, now: float) -> hot.Later:
    """Each look is a row of its own: the one before may stand claimed until its lease ends, and would keep this one waiting as long."""
    looked = receipt.looked + 1
    at = now + min(EARLY[0] * 2 ** min(receipt.looked, 20), EARLY[1])
    made = make_id(int(receipt.at * 1000), receipt.delivery, receipt.kind.encode())
    value = encode(msgspec.structs.replace(receipt, looked=looked))
    return hot.Later(receipt.space, made, f"receipt.{receipt.kind}.{looked}", at, record.topic, record.partition, record.key, value)
