"""Events: accepting them, looking at what became of them, and saying beforehand what would.

Accepted means: durable in the log. Nothing else is written at acceptance; the line writes the rows. A producer's id makes an event
the same event for 30 days: the cache holds the newest claims, the table `seen` all of them.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence

import msgspec

from backend.app import acceptance, explain
from backend.app.acceptance import Ready
from backend.app.base import PAGE, Aggregate, page_size
from backend.app.event_views import CancelView, CourseView, EventLine, StateCount
from backend.app.foretold import sms_segments
from backend.app.views import Accepted, DecisionView, EventView, Page, moment, moment_or_none
from backend.domain import gates
from backend.domain.delivery import CHANNEL_NAME, PRIORITIES, STATE_NAME, State
from backend.domain.errors import CacheUnavailable, Conflict, Invalid, NotFound, Refusal, StoreUnavailable
from backend.domain.event import SOURCES, Event, EventIn, FanOut
from backend.domain.ids import parse_id
from backend.log.codec import decode, encode
from backend.log.port import Record
from backend.security.roles import Actor, need
from backend.store import audience_rows, called_back, event_rows, fanouts, history, people
from backend.store.port import Tx
from backend.telemetry import EVENTS_ACCEPTED, EVENTS_REFUSED

CLAIMED = 86_400.0  # seconds a producer's id is known by the cache; the table knows it for 30 days
TURN = 256  # records made before the loop gets a turn: under 10 ms
SHOWN = 50  # people of one event whose decisions are shown
ON_ITS_WAY = 60.0  # seconds an accepted event is shown without its rows; the line has them well before, unless it stands
NOTED = 50  # events of one call that can be shown at once: whoever sends in bulk must not push people's facts out of the cache


class Events(Aggregate):
    """See the module."""

    async def accept(
        self, actor: Actor, items: Sequence[EventIn | Refusal], source: str = "api", pin: tuple[str, int] | None = None,
        via: tuple[str, bytes] | None = None,
    ) -> list[Accepted | Refusal]:
        """Each item by itself: accepted, or why not, in the order given. On `LogUnavailable` nothing was promised for any.

        `pin`: a version to use in place of the published one, for tests of drafts; `via`: a provider and the one address that are to be
        tried. No entrance hands either on.
        """
        need(actor, "events.send")
        made = await acceptance.prepare(self.app, actor, items, SOURCES[source])
        ready = [one for one in made if isinstance(one, Ready)]
        if pin is not None:
            for one in ready:
                one.event = msgspec.structs.replace(one.event, template=pin[0], version=pin[1])
        if via is not None:
            for one in ready:
                one.event = msgspec.structs.replace(one.event, via=via[0], address=via[1])
        repeats = await self._claim(actor, ready)
        append: list[Record] = []
        for each in ready:
            for record in each.records if each.append else ():
                append.append(record)
                if len(append) % TURN == 0:
                    await asyncio.sleep(0)
        if append:
            await self.app.log.append(append)
            await self._note_way(actor, ready)
        answers: list[Accepted | Refusal] = []
        for answer in made:
            if isinstance(answer, Ready):
                answers.append(Accepted(answer.event.id, answer.event.id in repeats))
            else:
                EVENTS_REFUSED.labels(source, answer.code()).inc()
                answers.append(answer)
        for priority, n in Counter(answer.event.priority for answer in made if isinstance(answer, Ready)).items():
            EVENTS_ACCEPTED.labels(source, priority).inc(n)
        return answers

    async def _note_way(self, actor: Actor, ready: Sequence[Ready]) -> None:
        """Whoever follows the URL right after the 202 finds the event. May be lost: then it is found once it is decided."""
        ways = {acceptance.way_key(actor.space, one.event.id): encode(one.event) for one in ready[:NOTED] if one.append}
        with contextlib.suppress(CacheUnavailable):
            await self.app.cache.put_many(ways, ON_ITS_WAY)

    async def _claim(self, actor: Actor, ready: Sequence[Ready]) -> set[bytes]:
        """Give each event with a producer's id the id of whoever came first. What is known to be decided is not appended again; a claim
        alone proves nothing (its append may have failed), so such an event is appended again under the first id."""
        keyed = [one for one in ready if one.event.key]
        repeats: set[bytes] = set()
        for source in {one.event.source for one in keyed}:
            mine = [one for one in keyed if one.event.source == source]
            known: dict[bytes, bytes] = {}
            try:
                keys = list({one.event.key.encode() for one in mine})
                known = await self.app.store.read(lambda tx: history.seen(tx, actor.space, source, keys))  # noqa: B023 - awaited here
            except StoreUnavailable:
                known = {}  # the line meets the table later, and the first one wins there too
            claims: dict[bytes, bytes] = {}
            wanted: dict[bytes, bytes] = {}
            for one in mine:
                wanted.setdefault(_claim_key(actor.space, source, one.event.key), one.event.id)
            try:
                claims = await self.app.cache.claim_many(wanted, CLAIMED)
            except CacheUnavailable:
                claims = {}
            met: dict[str, bytes] = {}
            for one in mine:
                if one.event.key in met:  # twice in one call: the first of them is what is appended
                    one.become(met[one.event.key])
                    one.append = False
                    repeats.add(one.event.id)
                    continue
                owner = known.get(one.event.key.encode())
                first = (
                    owner
                    or claims.get(_claim_key(actor.space, source, one.event.key))
                    or wanted[_claim_key(actor.space, source, one.event.key)]
                )
                same = one.is_of(first)
                if owner or (same and first != one.event.id):
                    one.become(first)  # for other people and not decided yet: it keeps its own id, and the line lets the first one win
                    repeats.add(first)
                one.append = not owner or (same and len(one.persons) > 1 and not await self._whole(actor.space, one))
                met[one.event.key] = one.event.id
        return repeats

    async def _whole(self, space: int, one: Ready) -> bool:
        """Whether all of a list is decided: the append of the first try may have failed in the middle of it."""
        return await self.app.store.read(lambda tx: history.decided(tx, space, one.event.id)) >= len(one.persons)

    async def get(self, actor: Actor, event_id: str) -> EventView:
        """The event with its ledger and the decisions for its first people."""
        need(actor, "events.read")
        made, now = parse_id(event_id), self.app.clock.now()

        def read(tx: Tx) -> tuple[history.EventRow, explain.Story] | bytes | None:
            row = history.event(tx, actor.space, made)
            if row is None:
                return history.scheduled(tx, actor.space, made)
            if row.duplicate_of is not None:
                first = history.event(tx, actor.space, row.duplicate_of)
                if first is None:
                    return None
                row = first
            return row, explain.story(tx, actor.space, row, SHOWN, now)

        found = await self.app.store.read(read)
        if isinstance(found, bytes):
            record = called_back.record_of(found)
            size = 0
            if isinstance(record, FanOut) and not record.recipients:
                with contextlib.suppress(Refusal):  # an audience that is gone by now: it is said when its time comes
                    size = await self.app.store.read(
                        lambda tx: fanouts.living(tx, actor.space, fanouts.named(tx, actor.space, record.group, record.audience, now))
                    )
            return explain.waiting(record, size)
        if found is None:
            recent = await self._on_its_way(actor, made)
            if recent is None:
                raise NotFound("There is no event with this id here. Check it; history is kept for 30 days.")
            return explain.waiting(recent)
        row, story = found
        return explain.event_view(row, story, actor, self.app.sealer)

    async def cancel(self, actor: Actor, event_id: str) -> CancelView:
        """Call back an event whose `send_at` lies ahead: everybody it was planned for is skipped. Raises `NotFound`, `Conflict`."""
        need(actor, "events.send")
        made, now = parse_id(event_id), self.app.clock.now()

        def write(tx: Tx) -> CancelView:
            rows = called_back.waiting(tx, actor.space, made)
            if not rows:
                if history.event(tx, actor.space, made) is None:
                    raise NotFound("No event with this id waits for its time. One that was handed in a moment ago can be cancelled in a few seconds.")
                raise Conflict("This event is being sent, or was sent already; what has begun is not called back. Halt the event to stop what is left of it.")
            first = rows[0].event
            many = isinstance(rows[0].record, FanOut)
            if first.cancelled:
                raise Conflict("This event was cancelled already.")
            if any(row.at <= now or row.at != row.event.send_at for row in rows):
                raise Conflict("The time of this event has come: it is being sent. Halt the event to stop what is left of it.")
            if not many and len(rows) < first.recipients:
                raise Conflict("This event is still being taken in. Cancel it again in a few seconds.")
            called_back.call_back(tx, actor.space, made, rows, now, actor.subject)
            self.note(tx, actor, "event.cancel", f"event:{made.hex()}", send_at=first.send_at, recipients=None if many else len(rows))
            return CancelView(made.hex(), moment(first.send_at), None if many else len(rows))

        return await self.app.store.write(write)

    async def course(self, actor: Actor, event_id: str) -> CourseView:
        """What became of an event's deliveries by channel and state, and when they moved."""
        need(actor, "events.read")
        made = parse_id(event_id)

        def read(tx: Tx) -> CourseView:
            counts, moved = event_rows.states(tx, actor.space, made), event_rows.moved(tx, actor.space, made)
            states = [StateCount(CHANNEL_NAME[channel], STATE_NAME[State(state)], n) for (channel, state), n in sorted(counts.items())]
            return CourseView(states, *(moment_or_none(at) for at in (moved.first, moved.last, moved.changed)))

        return await self.app.store.read(read)

    async def _on_its_way(self, actor: Actor, made: bytes) -> Event | None:
        """An event that was accepted a moment ago and is not decided yet."""
        try:
            (kept,) = await self.app.cache.get_many([acceptance.way_key(actor.space, made)])
        except CacheUnavailable:
            return None
        return decode(Event, kept) if kept else None

    async def dry_run(self, actor: Actor, item: EventIn) -> list[DecisionView]:
        """What would happen to this event now, decided by the same function, for its first people. No side effect."""
        need(actor, "events.send")
        (made,) = await acceptance.prepare(self.app, actor, [item], SOURCES["api"])
        if isinstance(made, Refusal):
            raise made
        persons = made.persons[:SHOWN]
        now = self.app.clock.now()
        if made.many:
            persons = await self.app.store.read(lambda tx: audience_rows.some(tx, fanouts.named(tx, actor.space, made.group, made.audience, now), SHOWN))
        events = [msgspec.structs.replace(made.event, person=person) for person in persons]
        views = []
        for facts in await self.app.facts.of_events(events, max(now, made.event.send_at)):
            if facts is not None:
                view = explain.decision_view(facts.person, gates.decide(facts), actor, self.app.sealer)
                for unit in view.units:
                    if unit.channel == "sms" and unit.outcome in ("send", "hold"):
                        unit.segments = await sms_segments(self.app, facts.event, facts.person)
                views.append(view)
        return views

    async def list(
        self, actor: Actor, *, type: str | None = None, category: str | None = None, priority: str | None = None, source: str | None = None,
        since: float | None = None, until: float | None = None, after: str | None = None, limit: int = PAGE,
    ) -> Page[EventLine]:  # fmt: skip
        """Accepted events, newest first, with their ledgers. A page may be short and still have a `next`: a look is bounded."""
        need(actor, "events.read")
        if source is not None and source not in SOURCES:
            raise Invalid(f"There is no source {source[:32]!r}.", field="source", allowed=list(SOURCES))
        if priority is not None and priority not in PRIORITIES:
            raise Invalid(f"There is no priority {priority[:32]!r}.", field="priority", allowed=list(PRIORITIES))
        size, before, now = page_size(limit), parse_id(after) if after else None, self.app.clock.now()
        asked = event_rows.EventsAsked(type, category, priority, SOURCES[source] if source else None, since, until)

        def read(tx: Tx) -> tuple[list[EventLine], bytes | None]:
            rows, following = event_rows.page(tx, actor.space, asked, before, size)
            ledgers = event_rows.ledgers(tx, actor.space, rows)
            users = people.facts_of(tx, actor.space, sorted({row.person for row in rows if row.person}), now)
            return [explain.event_line(row, ledgers[row.id], users.get(row.person)) for row in rows], following

        items, following = await self.app.store.read(read)
        return Page(items, following.hex() if following else None)


def _claim_key(space: int, source: int, key: str) -> bytes:
    return b"{seen}%d:%d:" % (space, source) + key.encode()
