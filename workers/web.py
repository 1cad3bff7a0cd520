"""Web: the channel whose provider is our own store. Delivered means that the inbox row is written; what rings is presentation.

Row, state and the record for open screens come from one transaction, so a bell never rings for a row that is not there.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import msgspec

from backend.clock import Clock
from backend.domain import gates
from backend.domain.category import Category
from backend.domain.decision import Facts
from backend.domain.delivery import PRIORITIES, Delivery, State
from backend.domain.errors import Refusal
from backend.domain.template import WebMessage
from backend.domain.touch import GOT, Touch
from backend.live.records import changed
from backend.log import topics
from backend.log.codec import Unreadable, decode
from backend.log.port import Record
from backend.store import hot, inbox
from backend.store.port import Tx
from workers.outcomes import given_up
from workers.ports import FactsOf, Renderer
from workers.refusals import Refused, refused, write_stops
from workers.stage import DONE, Batch, Dead, Verdict

SLICE = 16  # messages rendered before the loop gets a turn: under 10 ms


class _Data(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"{}")


_data = msgspec.json.Decoder(_Data)


class Web:
    """The stage `deliver.web`."""

    name = "deliver.web"

    def __init__(self, *, clock: Clock, facts: FactsOf, renderer: Renderer) -> None:
        self._clock, self._facts, self._renderer = clock, facts, renderer
        self.lanes = [topics.deliveries("web", priority) for priority in PRIORITIES]

    async def handle(self, records: Sequence[Record]) -> Batch:
        verdicts: list[Verdict] = [DONE] * len(records)
        deliveries: dict[bytes, Delivery] = {}
        for n, record in enumerate(records):
            try:
                delivery = decode(Delivery, record.value)
            except Unreadable as error:
                verdicts[n] = Dead(0, "unreadable", str(error))
                continue
            deliveries.setdefault(delivery.id, delivery)
        mine, now = list(deliveries.values()), self._clock.now()
        facts = await self._facts.of_deliveries(mine, now)
        await self._renderer.prepare(mine)
        rows: dict[bytes, inbox.Row] = {}
        stopped: list[Refused] = []
        failed: list[hot.Move] = []
        for n, (delivery, fact) in enumerate(zip(mine, facts, strict=True)):
            if n and n % SLICE == 0:
                await asyncio.sleep(0)
            unit = gates.recheck(fact, "web", delivery.address)
            if unit.outcome != "send":
                stopped.append(refused(delivery, unit, now))
                continue
            try:
                rows[delivery.id] = self._row(delivery, fact, unit.silent)
            except Refusal as refusal:
                failed.append(_move(delivery, State.FAILED, refusal.code(), now))

        def write(tx: Tx) -> Sequence[Record]:
            arrived = [_move(deliveries[made], State.DELIVERED, "", now) for made in rows]
            moved = hot.write_moves(tx, [*arrived, *failed], now)
            hot.write_touches(tx, [_got(deliveries[made], now) for made in rows if made in moved], now)
            write_stops(tx, stopped, now)
            out: list[Record] = []
            for space in {delivery.space for delivery in mine}:
                fresh = [row for made, row in rows.items() if made in moved and deliveries[made].space == space]
                for row in inbox.write(tx, space, fresh, now):
                    partition = topics.partition_of(space, row.person)
                    out.append(Record(topics.LIVE, partition, row.person.to_bytes(8, "big", signed=True), changed(row)))
            return out

        return Batch(write, verdicts)

    def give_up(self, tx: Tx, record: Record, now: float) -> None:
        """Account for a record that makes the stage fail."""
        with contextlib.suppress(Unreadable):
            hot.write_moves(tx, [given_up(decode(Delivery, record.value))], now)

    def _row(self, delivery: Delivery, facts: Facts, silent: bool) -> inbox.Row:
        message = self._renderer.outgoing(delivery, facts).message
        assert isinstance(message, WebMessage)
        category: Category = facts.category
        return inbox.Row(
            space=delivery.space, person=delivery.person, id=delivery.notification, type=category.type, category=delivery.category,
            priority=delivery.priority, title=message.title, message=message.body, at=max(delivery.accepted, delivery.released),
            image=message.image, link=message.link, actions=msgspec.json.encode(message.actions).decode(),
            metadata=_metadata(delivery), silent=silent or delivery.silent,
        )  # fmt: skip


def _metadata(delivery: Delivery) -> str:
    """The event's data, as the client's `metadata`."""
    return bytes(_data.decode(delivery.body).data).decode()


def _got(delivery: Delivery, now: float) -> tuple[int, Touch]:
    return delivery.space, Touch(GOT, delivery.person, now, delivery.channel, delivery.cohort)


def _move(delivery: Delivery, state: State, reason: str, now: float) -> hot.Move:
    took = max(0.0, now - max(delivery.accepted, delivery.released))
    return hot.Move(
        delivery.space, delivery.id, delivery.cohort, delivery.channel, delivery.generation, state, reason, provider="inbox", took=took
    )  # fmt: skip
