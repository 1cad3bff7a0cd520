"""Making the firings of schedules: what has come is handed to the line, once, however many processes look.

Events are prepared as a producer's are and wait as due rows, written in the transaction that puts the schedule forward. Whoever finds it
put forward already has lost, and writes nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Select

from backend.app import acceptance
from backend.domain import recurrence, schedule
from backend.domain.errors import Refusal, Unavailable, UnknownUser
from backend.domain.event import SOURCES, Event, FanOut
from backend.domain.ids import NO_ID, make_id, person_bytes, person_id
from backend.domain.schedule import Schedule
from backend.log import topics
from backend.log.codec import encode
from backend.security.roles import SYSTEM
from backend.store import fanouts, hot, schedules
from backend.store.port import Tx
from backend.store.schedules import FiringRow, ScheduleRow

if TYPE_CHECKING:
    from backend.app.app import App

log = logging.getLogger("carillon.line")

AT_ONCE = 20  # schedules of one look


class Part(msgspec.Struct):
    """Those who are told at one moment: persons, or the members of the group in these zones (None: all of them)."""

    event: Event
    persons: list[int]
    zones: list[str] | None = None


class Planned(msgspec.Struct):
    """One firing as it will be made; `late`: people whose moment was over longer ago than the grace."""

    parts: list[Part]
    group: str = ""
    late: int = 0
    audience: str = ""

    def named(self, tx: Tx, space: int, now: float) -> Select[tuple[int]]:
        """Of a group or an audience: who is in it."""
        return fanouts.named(tx, space, self.group, self.audience, now)


class Firing:
    """The step of the due stage that makes schedules fire."""

    def __init__(self, app: "App") -> None:
        self.app = app

    async def once(self) -> int:
        """Make what has come; how many schedules that were."""
        now = self.app.clock.now()
        rows = await self.app.store.read(lambda tx: schedules.come(tx, now, AT_ONCE))
        done = 0
        for row in rows:
            try:
                done += await self._one(row, now)
            except Unavailable:
                raise
            except Exception as error:
                log.exception("a schedule cannot fire")
                done += await self._give_up(row, now, error)
        return done

    async def _give_up(self, row: ScheduleRow, now: float, error: Exception) -> bool:
        """One that makes us fail must not keep the others from firing: it waits for somebody who saves or resumes it."""

        def write(tx: Tx) -> bool:
            if not schedules.take(tx, row, None):
                return False
            return schedules.add_firing(tx, _firing(row, row.next or now, now, "refused", detail=f"{type(error).__name__}: {error}"[:500], n=0))

        return await self.app.store.write(write, turn="due")

    async def _one(self, row: ScheduleRow, now: float) -> bool:
        """False when somebody else has it."""
        assert row.next is not None
        plan = msgspec.json.decode(row.body, type=Schedule)
        late = schedule.sort_out(plan, recurrence.planned_of(row.next, plan.zone), now)
        made: Planned | Refusal | None = None
        if late.fires is not None:
            try:
                made = await self._prepare(row, plan, late.fires, now)
            except Refusal as refusal:
                made = refusal
        following = None if late.next is None else recurrence.starts(late.next, plan.zone)

        def write(tx: Tx) -> bool:
            if not schedules.take(tx, row, following):
                return False
            for at, n in late.missed:
                schedules.add_firing(tx, _firing(row, at, now, "missed", n=n))
            if late.fires is None or made is None:
                return True
            if isinstance(made, Refusal):
                schedules.add_firing(tx, _firing(row, late.fires, now, "refused", detail=f"{made.code()}: {made.detail}"[:500], n=0))
                return True
            event = made.parts[0].event.id if len(made.parts) == 1 else NO_ID
            told, later = self._write(tx, made)
            detail = f"late: {made.late}" if made.late else ""
            if schedules.add_firing(tx, _firing(row, late.fires, now, "fired", event=event, detail=detail, n=told)):
                hot.write_due(tx, later)
            return True

        return await self.app.store.write(write, turn="due")

    async def _prepare(self, row: ScheduleRow, plan: Schedule, planned: float, now: float) -> Planned:
        """Raises a `Refusal`: what was right when the schedule was saved may be gone."""
        to = plan.to
        zones = dict[int, str]()
        if to.group is None and to.audience is None:
            found = await self._people(row.space, [to.user] if to.user is not None else to.users or [], now)
            if not found:
                raise UnknownUser("Nobody this schedule is for is here any more. Name others, or delete it.")
            to, zones = msgspec.structs.replace(to, user=None, users=list(found)), {person_id(row.space, user): zone for user, zone in found.items()}
        last = recurrence.ends(planned, plan.zone)
        item = schedule.event_of(msgspec.structs.replace(plan, to=to), max(last, now))
        actor = msgspec.structs.replace(SYSTEM, space=row.space)
        (ready,) = await acceptance.prepare(self.app, actor, [item], SOURCES["schedule"])
        if isinstance(ready, Refusal):
            raise ready
        if plan.zone != recurrence.OWN:
            return Planned([Part(self._event(ready.event, row, plan, planned, planned, len(ready.persons)), ready.persons)], ready.group, audience=ready.audience)
        made, oldest = Planned([], ready.group, audience=ready.audience), now - plan.grace
        if ready.many:
            lived = await self.app.store.read(lambda tx: fanouts.zones_of(tx, row.space, made.named(tx, row.space, now)))
            by_moment: dict[float, list[str]] = defaultdict(list)
            for zone in lived:
                by_moment[recurrence.own_moment(planned, zone)].append(zone)
            for at, some in sorted(by_moment.items()):
                if at < oldest:
                    made.late += await self.app.store.read(lambda tx, some=some: fanouts.living(tx, row.space, made.named(tx, row.space, now), some))  # type: ignore[misc]
                else:
                    made.parts.append(Part(self._event(ready.event, row, plan, planned, at, 0), [], some))
            return made
        persons: dict[float, list[int]] = defaultdict(list)
        for person in ready.persons:
            persons[recurrence.own_moment(planned, zones[person])].append(person)
        for at, few in sorted(persons.items()):
            if at < oldest:
                made.late += len(few)
            else:
                made.parts.append(Part(self._event(ready.event, row, plan, planned, at, len(few)), few))
        return made

    async def _people(self, space: int, users: Sequence[str], now: float) -> dict[str, str]:
        """user -> zone, of those who are here."""
        who = {user: (space, person_id(space, user)) for user in dict.fromkeys(users)}
        found = await self.app.facts.read(who.values(), now)
        return {user: found[key].timezone for user, key in who.items() if not found[key].erased and found[key].user_id == user}

    def _event(self, pattern: Event, row: ScheduleRow, plan: Schedule, planned: float, at: float, recipients: int) -> Event:
        """Its id is made of schedule, planned time and moment: who makes it again makes the same."""
        made = make_id(int(at * 1000), schedule.firing_id(row.space, row.key, planned), repr(at).encode())
        expires = at + plan.expires if plan.expires else 0.0
        return msgspec.structs.replace(pattern, id=made, key="", send_at=at, expires=expires, recipients=recipients)

    def _write(self, tx: Tx, made: Planned) -> tuple[int, list[hot.Later]]:
        told, later = 0, list[hot.Later]()
        for part in made.parts:
            event = part.event
            if not (made.group or made.audience):
                told += len(part.persons)
                later += [_for_person(msgspec.structs.replace(event, person=person)) for person in part.persons]
                continue
            taken = 0
            if part.zones is not None:
                taken = fanouts.take_zones(tx, event.space, event.id, made.named(tx, event.space, self.app.clock.now()), part.zones)
                if not taken:
                    continue
            told += taken or fanouts.living(tx, event.space, made.named(tx, event.space, self.app.clock.now()))
            partition = topics.spread_of(event.id)
            value = encode(FanOut(event, group=made.group, audience=made.audience, recipients=taken))
            later.append(hot.Later(event.space, event.id, "scheduled", event.send_at, topics.fanouts(event.priority), partition, event.id, value))
        return told, later


def _for_person(event: Event) -> hot.Later:
    kind = "scheduled" if event.recipients == 1 else f"scheduled.{event.person}"
    partition = topics.partition_of(event.space, event.person)
    return hot.Later(event.space, event.id, kind, event.send_at, topics.events(event.priority), partition, person_bytes(event.person), encode(event))


def _firing(row: ScheduleRow, planned: float, now: float, outcome: str, *, event: bytes = NO_ID, detail: str = "", n: int = 1) -> FiringRow:
    made = schedule.firing_id(row.space, row.key, planned)
    return FiringRow(space=row.space, id=made, schedule=row.key, planned=planned, at=now, outcome=outcome, event=event, detail=detail, n=n)
