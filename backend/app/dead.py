"""Dead letters: what nobody could carry out, grouped by cause, and sending it again.

A letter of the deliver stage goes back through decide, a generation later, so that what forbids it by now is asked again; any other
is appended as it was. The record waits as a due row, written together with the mark that it was replayed.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from backend.app import explain
from backend.app.base import PAGE, Aggregate, cursor_of, page_size, place_of
from backend.app.dead_views import AgainView, GoingView, LetterCounts, LetterGroupView, LetterState, LetterView
from backend.app.views import DeadView, Page, moment, moment_or_none
from backend.domain import gates
from backend.domain.deadletter import advice, code_of, patched
from backend.domain.delivery import CHANNEL_NAME, Delivery
from backend.domain.errors import Invalid, NotFound
from backend.domain.event import DATA_LIMIT, Body, Event, FanOut
from backend.domain.ids import parse_id
from backend.domain.receipt import Receipt
from backend.log import topics
from backend.log.codec import Unreadable, decode, encode
from backend.security.roles import Actor, need
from backend.store import hot, letters, persons, undecided
from backend.store.letters import Letter
from backend.store.port import Tx

AT_ONCE = 1_000  # letters sent again by one call
LOOKED_AT = 200  # letters that a dry run decides
GROUPS = 50
IN_HAND = 31.0  # seconds: a due row in somebody's hands has a time within its lease, and may be gone already


class DeadLetters(Aggregate):
    """Letters of the actor's space."""

    async def list(
        self, actor: Actor, *, fingerprint: str | None = None, state: LetterState | None = None, after: str | None = None, limit: int = PAGE
    ) -> Page[DeadView]:
        """Newest first; `fingerprint`: those of one cause; `state`: open, replayed or dropped."""
        need(actor, "operate")
        size, before = page_size(limit), place_of(after)
        rows = await self.app.store.read(lambda tx: letters.page(tx, actor.space, fingerprint, before, size + 1, state or ""))
        following = cursor_of(rows[size - 1].at, rows[size - 1].id) if len(rows) > size else None
        return Page([_view(row) for row in rows[:size]], following)

    async def groups(self, actor: Actor, *, state: LetterState = "open") -> Page[LetterGroupView]:
        """By cause, the largest group first; at most 50."""
        need(actor, "operate")
        rows = await self.app.store.read(lambda tx: letters.groups(tx, actor.space, state, GROUPS))
        return Page(
            [
                LetterGroupView(g.fingerprint, code_of(g.cause), g.cause, advice(g.cause), g.stage, g.topic, g.count, moment(g.oldest), moment(g.newest))
                for g in rows
            ]
        )

    async def counts(self, actor: Actor) -> LetterCounts:
        """How many wait, were sent again, were dropped."""
        need(actor, "operate")
        since = self.app.clock.now() - 86_400.0

        def read(tx: Tx) -> LetterCounts:
            found, oldest = letters.counts(tx, actor.space), letters.oldest(tx, actor.space)
            return LetterCounts(**found, today=letters.sent_since(tx, actor.space, since), oldest_at=moment_or_none(oldest))

        return await self.app.store.read(read)

    async def get(self, actor: Actor, letter_id: str) -> LetterView:
        """One letter opened: it holds what somebody would have been told, so looking is noted. Raises `NotFound`."""
        need(actor, "operate")
        made = parse_id(letter_id)

        def read(tx: Tx) -> LetterView:
            found = letters.find(tx, actor.space, [made], None, 1)
            if not found:
                raise NotFound("There is no such dead letter here. They are kept for 30 days.")
            self.note(tx, actor, "dead.get", f"dead:{letter_id[:64]}")
            (letter,) = found
            event = _readable(letter)
            user = persons.known(tx, actor.space, [event.person]).get(event.person, "") if event else ""
            return _opened(letter, event, user)

        return await self.app.store.write(read)

    async def dry_run(
        self, actor: Actor, *, ids: Sequence[bytes] | None = None, fingerprint: str | None = None, patch: dict[str, Any] | None = None
    ) -> AgainView:
        """What sending these again would do now, on copies, with their body changed by a merge patch. No side effect. Raises `Invalid`."""
        need(actor, "operate")
        _check_named(ids, fingerprint)
        now = self.app.clock.now()
        found = await self.app.store.read(lambda tx: letters.find(tx, actor.space, ids, fingerprint, AT_ONCE))
        looked = [(letter, _readable(letter)) for letter in found[:LOOKED_AT]]
        events = [_changed(event, patch) for _, event in looked if event is not None]
        made = AgainView(len(found), len(looked), unreadable=len(looked) - len(events))
        facts = [fact for fact in await self.app.facts.of_events(events, now) if fact is not None]
        made.stopped += len(events) - len(facts)  # their category is still not there
        for fact in facts:
            units = (gates.redecide(fact),) if fact.event.delivery else gates.decide(fact).units
            outcomes = {unit.outcome for unit in units}
            if "send" in outcomes:
                made.sent += 1
            elif outcomes & {"hold", "fold"}:
                made.held += 1
            else:
                made.stopped += 1
            if not made.units:
                made.user = fact.person.user_id
                made.units = [explain.unit_view(unit, fact.person, actor, self.app.sealer) for unit in units]
        return made

    async def replay(
        self, actor: Actor, *, ids: Sequence[bytes] | None = None, fingerprint: str | None = None, patch: dict[str, Any] | None = None,
        rate: float = 0.0, begin: float = 0.0,
    ) -> int:
        """Send letters again: these, or those of one cause that wait, at most 1,000; how many. Each keeps its identity and gets a new
        generation. `patch`: of title, message and data; `rate`: letters a second, 0 all at once, `begin` seconds from now. Raises `Invalid`."""
        need(actor, "operate")
        _check_named(ids, fingerprint)
        if not 0 <= rate <= 10_000 or not 0 <= begin <= 86_400:
            raise Invalid("A rate is 0 to 10,000 letters a second, and it begins within a day.", field="rate")
        now = self.app.clock.now()

        def write(tx: Tx) -> int:
            found = letters.find(tx, actor.space, ids, fingerprint, AT_ONCE)
            again: list[tuple[Letter, hot.Later]] = []
            for letter in found:
                at = now + begin + (len(again) / rate if rate else 0.0)
                if (later := _again(tx, letter, at, now, patch)) is not None:
                    again.append((letter, later))
            hot.write_due(tx, [later for _, later in again])
            letters.replayed(tx, actor.space, [letter.id for letter, _ in again], now)
            detail = {"replayed": len(again), "changed": bool(patch), "rate": rate}
            self.note(tx, actor, "dead.replay", f"dead:{fingerprint or len(found)}", **detail)
            return len(again)

        return await self.app.store.write(write)

    async def going(self, actor: Actor) -> GoingView:
        """How many of those sent again at a rate have not gone yet."""
        need(actor, "operate")
        n, last = await self.app.store.read(lambda tx: letters.going(tx, actor.space))
        return GoingView(n, moment_or_none(last))

    async def stop(self, actor: Actor) -> int:
        """Call back what has not gone: it waits for a person again; how many. Those of the next half minute still go, and so does what was
        never decided."""
        need(actor, "operate")
        after = self.app.clock.now() + IN_HAND

        def write(tx: Tx) -> int:
            called = letters.call_back(tx, actor.space, after, AT_ONCE * 10)
            self.note(tx, actor, "dead.stop", "dead:replay", stopped=called)
            return called

        return await self.app.store.write(write)

    async def drop(self, actor: Actor, *, ids: Sequence[bytes] | None = None, fingerprint: str | None = None) -> int:
        """Nobody wants these sent: they wait no longer, and count as failed as before; at most 1,000, how many. Raises `Invalid`."""
        need(actor, "operate")
        _check_named(ids, fingerprint)
        now = self.app.clock.now()

        def write(tx: Tx) -> int:
            found = [letter for letter in letters.find(tx, actor.space, ids, fingerprint, AT_ONCE) if letter.replayed is None]
            letters.drop(tx, actor.space, [letter.id for letter in found], now)
            self.note(tx, actor, "dead.drop", f"dead:{fingerprint or len(found)}", dropped=len(found))
            return len(found)

        return await self.app.store.write(write)


def _check_named(ids: Sequence[bytes] | None, fingerprint: str | None) -> None:
    if (ids is None) == (fingerprint is None):
        raise Invalid("Name either ids or a fingerprint.", field="ids")


def _readable(letter: Letter) -> Event | None:
    """The event a letter goes back to decide as; None for receipts and for what nobody can read."""
    try:
        if letter.topic.startswith("deliveries."):
            return _undelivered(decode(Delivery, letter.value), letter.at)
        if letter.topic.startswith("events."):
            return decode(Event, letter.value)
        if letter.topic.startswith("fanouts."):
            return decode(FanOut, letter.value).event
    except Unreadable:
        return None
    return None


def _opened(letter: Letter, event: Event | None, user: str) -> LetterView:
    view = LetterView(
        letter.id.hex(), moment(letter.at), letter.stage, letter.topic, letter.cause, letter.fingerprint, letter.detail,
        replayed_at=moment_or_none(letter.replayed), dropped_at=moment_or_none(letter.dropped),
    )  # fmt: skip
    if event is not None:
        view.type, view.category, view.priority, view.template, view.version = event.type, event.category, event.priority, event.template, event.version
        view.channel, view.user, view.event = CHANNEL_NAME[event.channel] if event.channel else "", user, event.id.hex()
        view.delivery = event.delivery.hex()
        view.body = {"title": "", "message": "", "data": {}, **msgspec.json.decode(event.body)}
    return view


def _changed(event: Event, patch: dict[str, Any] | None) -> Event:
    """The event with its body changed. Raises `Invalid` for a patch that leaves no body."""
    if not patch:
        return event
    made = patched(msgspec.json.decode(event.body), patch)
    try:
        body = msgspec.convert(made, Body)
    except msgspec.ValidationError as error:
        raise Invalid(f"The change does not fit: {error}. A body has title, message and data.", field="patch") from None
    if len(raw := msgspec.json.encode(body)) > DATA_LIMIT:
        raise Invalid(f"The changed body is larger than {DATA_LIMIT:,} bytes.", field="patch")
    return msgspec.structs.replace(event, body=raw)


def _again(tx: Tx, letter: Letter, at: float, now: float, patch: dict[str, Any] | None) -> hot.Later | None:
    """The due row of a letter's record, for `at`; None for one that nobody can read."""
    try:
        if letter.topic.startswith("deliveries."):
            return _later(letter, at, _changed(_undelivered(decode(Delivery, letter.value), now), patch))
        if letter.topic.startswith("events."):
            event = _changed(decode(Event, letter.value), patch)
            if event.delivery:  # it came back through decide and ended there: a generation later it may move again
                return _later(letter, at, msgspec.structs.replace(event, generation=event.generation + 1))
            undecided.take_back(tx, event.space, event.id, event.person, now)
            return _later(letter, at, event)
        if letter.topic.startswith("fanouts."):
            record = decode(FanOut, letter.value)
            event, value = record.event, letter.value
            if patch:
                value = encode(msgspec.structs.replace(record, event=_changed(event, patch)))
            return _row(letter, at, letter.topic, topics.spread_of(event.id), event.id, value)
        if letter.topic == topics.RECEIPTS:
            receipt = decode(Receipt, letter.value)
            return _row(letter, at, letter.topic, topics.partition_of(receipt.space, receipt.person), receipt.delivery, letter.value)
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
    partition = topics.partition_of(event.space, event.person)
    return _row(letter, now, topics.events(event.priority), partition, event.person.to_bytes(8, "big", signed=True), encode(event))


def _row(letter: Letter, now: float, topic: str, partition: int, key: bytes, value: bytes) -> hot.Later:
    return hot.Later(space=letter.space, id=letter.id, kind="replay", at=now, topic=topic, partition=partition, key=key, value=value)


def _view(row: Letter) -> DeadView:
    fields = {name: getattr(row, name) for name in ("topic", "stage", "cause", "fingerprint", "detail")}
    return DeadView(row.id.hex(), moment(row.at), **fields, replayed_at=moment_or_none(row.replayed))
