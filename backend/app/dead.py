"""Dead letters: what nobody could carry out, grouped by cause, and sending it again.

A letter of the deliver stage goes back through decide, a generation later, so that what forbids it by now is asked again; any other
is appended as it was. The record waits as a due row, written together with the mark that it was replayed.
"""

from collections.abc import Sequence

import msgspec

from backend.app.base import PAGE, Aggregate, page_size
from backend.app.views import DeadView, Page, moment, moment_or_none
from backend.domain.delivery import CHANNEL_NAME, Delivery
from backend.domain.errors import CursorForeign, Invalid
from backend.domain.event import Event, FanOut
from backend.domain.ids import bucket_of, parse_id
from backend.domain.receipt import Receipt
from backend.log import topics
from backend.log.codec import Unreadable, decode, encode
from backend.security.roles import Actor, need
from backend.store import hot, letters, undecided
from backend.store.letters import Letter
from backend.store.port import Tx

AT_ONCE = 1_000  # letters sent again by one call


class DeadLetters(Aggregate):
    """Letters of the actor's space."""

    async def list(self, actor: Actor, *, fingerprint: str | None = None, after: str | None = None, limit: int = PAGE) -> Page[DeadView]:
        """Newest first; `fingerprint`: those of one cause."""
        need(actor, "operate")
        size, before = page_size(limit), _place(after)
        rows = await self.app.store.read(lambda tx: letters.page(tx, actor.space, fingerprint, before, size + 1))
        following = f"{rows[size - 1].at!r} {rows[size - 1].id.hex()}" if len(rows) > size else None
        return Page([_view(row) for row in rows[:size]], following)

    async def replay(self, actor: Actor, *, ids: Sequence[bytes] | None = None, fingerprint: str | None = None) -> int:
        """Send letters again: these, or those of one cause that were not sent again yet, at most 1,000; how many. Raises `Invalid`."""
        need(actor, "operate")
        if (ids is None) == (fingerprint is None):
            raise Invalid("Name either ids or a fingerprint.", field="ids")
        now = self.app.clock.now()

        def write(tx: Tx) -> int:
            found = letters.find(tx, actor.space, ids, fingerprint, AT_ONCE)
            again = [(letter, later) for letter in found if (later := _again(tx, letter, now)) is not None]
            hot.write_due(tx, [later for _, later in again])
            letters.replayed(tx, actor.space, [letter.id for letter, _ in again], now)
            self.note(tx, actor, "dead.replay", f"dead:{fingerprint or len(found)}", replayed=len(again))
            return len(again)

        return await self.app.store.write(write)


def _again(tx: Tx, letter: Letter, now: float) -> hot.Later | None:
    """The due row of a letter's record; None for one that nobody can read."""
    try:
        if letter.topic.startswith("deliveries."):
            return _later(letter, now, _undelivered(decode(Delivery, letter.value), now))
        if letter.topic.startswith("events."):
            event = decode(Event, letter.value)
            if event.delivery:  # it came back through decide and ended there: a generation later it may move again
                return _later(letter, now, msgspec.structs.replace(event, generation=event.generation + 1))
            undecided.take_back(tx, event.space, event.id, event.person, now)
            return _later(letter, now, event)
        if letter.topic.startswith("fanouts."):
            event = decode(FanOut, letter.value).event
            return _row(letter, now, letter.topic, int.from_bytes(event.id[-2:], "big") % topics.PARTITIONS, event.id, letter.value)
        if letter.topic == topics.RECEIPTS:
            receipt = decode(Receipt, letter.value)
            return _row(
                letter, now, letter.topic, bucket_of(receipt.space, receipt.person) % topics.PARTITIONS, receipt.delivery, letter.value
            )
    except Unreadable:
        return None
    return None


def _undelivered(d: Delivery, now: float) -> Event:
    return Event(
        id=d.event,
        space=d.space,
        person=d.person,
        type=d.type,
        category=d.category,
        priority=d.priority,
        accepted=d.accepted,
        channels=(CHANNEL_NAME[d.channel],),
        template=d.template,
        version=d.version,
        collapse=d.collapse,
        expires=d.expires,
        root=False,
        body=d.body,
        delivery=d.id,
        channel=d.channel,
        address=d.address,
        generation=d.generation + 1,
        released=now,
    )


def _later(letter: Letter, now: float, event: Event) -> hot.Later:
    partition = bucket_of(event.space, event.person) % topics.PARTITIONS
    return _row(letter, now, topics.events(event.priority), partition, event.person.to_bytes(8, "big", signed=True), encode(event))


def _row(letter: Letter, now: float, topic: str, partition: int, key: bytes, value: bytes) -> hot.Later:
    return hot.Later(space=letter.space, id=letter.id, kind="replay", at=now, topic=topic, partition=partition, key=key, value=value)


def _place(after: str | None) -> tuple[float, bytes] | None:
    if not after:
        return None
    at, _, shown = after.partition(" ")
    try:
        return float(at), parse_id(shown)
    except (ValueError, Invalid):
        raise CursorForeign from None


def _view(row: Letter) -> DeadView:
    fields = {name: getattr(row, name) for name in ("topic", "stage", "cause", "fingerprint", "detail")}
    return DeadView(row.id.hex(), moment(row.at), **fields, replayed_at=moment_or_none(row.replayed))
