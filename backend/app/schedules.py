"""Schedules: events that are sent again and again. Making, trying, pausing and deleting them, and what became of their times."""

import itertools
import re
from collections.abc import Sequence

import msgspec

from backend.app import acceptance
from backend.app.base import PAGE, Aggregate, check_revision, cursor_of, page_size, place_of
from backend.app.schedule_views import FiringView, ScheduleIn, ScheduleView
from backend.app.views import Page, moment
from backend.domain import recurrence, schedule
from backend.domain.errors import Invalid, NotFound, Refusal
from backend.domain.event import SOURCES
from backend.domain.ids import NO_ID
from backend.domain.schedule import Schedule
from backend.security.roles import Actor, need
from backend.store import schedules
from backend.store.port import Tx
from backend.store.schedules import FiringRow, ScheduleRow

LIMIT = 500  # schedules of a space
SHOWN = 5  # times ahead
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+\-]{0,127}")


class Schedules(Aggregate):
    """Schedules of the actor's space. Whoever may send may make one: it sends in the house's name from then on."""

    async def put(self, actor: Actor, key: str, given: ScheduleIn, seen_revision: int | None = None) -> ScheduleView:
        """Make or replace one. What could not be sent now is refused now. Errors: those of sending, `Invalid`, `Stale`."""
        need(actor, "events.send")
        if not _KEY.fullmatch(key):
            raise Invalid("A key is 1 to 128 letters, digits or . _ : @ + -, and begins with a letter or digit.", field="key")
        if not (given.name or key).isprintable():
            raise Invalid("name is one line, without control characters. Take them out.", field="name")
        now = self.app.clock.now()
        plan = _plan_of(given, now)
        (ready,) = await acceptance.prepare(self.app, actor, [schedule.event_of(plan, now + 2 * 86_400.0)], SOURCES["schedule"])
        if isinstance(ready, Refusal):
            raise ready
        seen = given.revision if seen_revision is None else seen_revision

        def write(tx: Tx) -> ScheduleRow:
            old = schedules.get(tx, actor.space, key, lock=True)
            check_revision(seen, old.revision if old else 0, f"The schedule {key}")
            if old is None and schedules.count(tx, actor.space) >= LIMIT:
                raise Invalid(f"A space has at most {LIMIT} schedules. Delete one that is not needed.", limit=LIMIT)
            row = ScheduleRow(
                space=actor.space, key=key, name=given.name or key, body=msgspec.json.encode(plan).decode(), paused=given.paused,
                next=None if given.paused else _first(plan, now), revision=(old.revision if old else 0) + 1, changed=now, changed_by=actor.subject,
            )  # fmt: skip
            schedules.put(tx, row)
            self.note(tx, actor, "schedule.put", f"schedule:{key}", revision=row.revision, cron=plan.cron, zone=plan.zone, paused=row.paused)
            return row

        return self._view(await self.app.store.write(write), actor, None)

    async def pause(self, actor: Actor, key: str, paused: bool = True) -> ScheduleView:
        """Let it fire no more, or again from its next time on; what came in between is not made up for. Raises `NotFound`."""
        need(actor, "events.send")
        now = self.app.clock.now()

        def write(tx: Tx) -> tuple[ScheduleRow, FiringRow | None]:
            row = _found(schedules.get(tx, actor.space, key, lock=True), key)
            if row.paused != paused:
                row.paused, row.revision, row.changed, row.changed_by = paused, row.revision + 1, now, actor.subject
                row.next = None if paused else _first(_decoded(row), now)
                schedules.put(tx, row)
                self.note(tx, actor, "schedule.pause" if paused else "schedule.resume", f"schedule:{key}", revision=row.revision)
            return row, schedules.last_firings(tx, actor.space, [key]).get(key)

        row, last = await self.app.store.write(write)
        return self._view(row, actor, last)

    async def delete(self, actor: Actor, key: str) -> None:
        """It fires no more and is forgotten; what it has sent stays, and what waits for its hour is still sent. Raises `NotFound`."""
        need(actor, "events.send")

        def write(tx: Tx) -> None:
            if not schedules.remove(tx, actor.space, key):
                raise _gone(key)
            self.note(tx, actor, "schedule.delete", f"schedule:{key[:128]}")

        await self.app.store.write(write)

    async def get(self, actor: Actor, key: str) -> ScheduleView:
        """One schedule. Raises `NotFound`."""
        need(actor, "events.read")

        def read(tx: Tx) -> tuple[ScheduleRow, FiringRow | None]:
            return _found(schedules.get(tx, actor.space, key), key), schedules.last_firings(tx, actor.space, [key]).get(key)

        row, last = await self.app.store.read(read)
        return self._view(row, actor, last)

    async def list(self, actor: Actor, *, after: str = "", limit: int = PAGE) -> Page[ScheduleView]:
        """By key."""
        need(actor, "events.read")
        size = page_size(limit)

        def read(tx: Tx) -> tuple[list[ScheduleRow], dict[str, FiringRow]]:
            rows = schedules.page(tx, actor.space, after, size + 1)
            return rows, schedules.last_firings(tx, actor.space, [row.key for row in rows[:size]])

        rows, last = await self.app.store.read(read)
        return Page([self._view(row, actor, last.get(row.key)) for row in rows[:size]], rows[size - 1].key if len(rows) > size else None)

    async def preview(self, actor: Actor, cron: str, zone: str) -> Sequence[float]:
        """The next five moments of a cron line; for each person's own zone in the actor's. Raises `Invalid`."""
        need(actor, "events.send")
        now = self.app.clock.now()
        return _ahead(recurrence.checked(cron, zone, now), zone, now, actor)

    async def firings(self, actor: Actor, key: str, *, after: str | None = None, limit: int = PAGE) -> Page[FiringView]:
        """What became of a schedule's times, newest first; they are kept for 30 days. Raises `NotFound`."""
        need(actor, "events.read")
        size, before = page_size(limit), place_of(after)

        def read(tx: Tx) -> tuple[ScheduleRow, list[FiringRow]]:
            return _found(schedules.get(tx, actor.space, key), key), schedules.firings_of(tx, actor.space, key, before, size + 1)

        row, rows = await self.app.store.read(read)
        zone = _decoded(row).zone
        following = cursor_of(rows[size - 1].planned, rows[size - 1].id) if len(rows) > size else None
        return Page([_firing_view(one, zone, actor) for one in rows[:size]], following)

    def _view(self, row: ScheduleRow, actor: Actor, last: FiringRow | None) -> ScheduleView:
        plan = _decoded(row)
        ahead = [] if row.paused else _ahead(plan.cron, plan.zone, self.app.clock.now(), actor)
        return ScheduleView(
            key=row.key, name=row.name, cron=plan.cron, zone=plan.zone, category=plan.category, type=plan.type, to=plan.to, template=plan.template,
            title=plan.title, message=plan.message, data=plan.data, channels=list(plan.channels) or None, priority=plan.priority or None,
            grace=plan.grace, expires=plan.expires, paused=row.paused, upcoming=[moment(at) for at in ahead], revision=row.revision,
            changed_at=moment(row.changed), changed_by=row.changed_by, last=_firing_view(last, plan.zone, actor) if last else None,
        )  # fmt: skip


def _plan_of(given: ScheduleIn, now: float) -> Schedule:
    fields = msgspec.structs.asdict(given)
    for name in ("name", "paused", "revision"):
        del fields[name]
    if given.channels is not None and not given.channels:
        raise Invalid("channels is an empty list: nothing could be sent. Leave it out for the category's own channels.", field="channels")
    fields["cron"] = recurrence.checked(given.cron, given.zone, now)
    return Schedule(**{**fields, "channels": tuple(given.channels or ()), "priority": given.priority or ""})


def _first(plan: Schedule, now: float) -> float | None:
    """When its first time behind now begins."""
    found = next(recurrence.planned(plan.cron, plan.zone, now), None)
    return None if found is None else recurrence.starts(found, plan.zone)


def _ahead(cron: str, zone: str, now: float, actor: Actor) -> list[float]:
    """The next times on the clock of the actor, when it is each person's own."""
    if zone != recurrence.OWN:
        return list(itertools.islice(recurrence.planned(cron, zone, now), SHOWN))
    moments = (recurrence.own_moment(at, actor.timezone) for at in recurrence.planned(cron, zone, now - recurrence.EARLIEST - recurrence.LATEST))
    return list(itertools.islice((at for at in moments if at > now), SHOWN))


def _decoded(row: ScheduleRow) -> Schedule:
    return msgspec.json.decode(row.body, type=Schedule)


def _found(row: ScheduleRow | None, key: str) -> ScheduleRow:
    if row is None:
        raise _gone(key)
    return row


def _gone(key: str) -> NotFound:
    return NotFound(f"There is no schedule {key[:128]!r} here. Check its key.", key=key[:128])


def _firing_view(row: FiringRow, zone: str, actor: Actor) -> FiringView:
    planned = recurrence.own_moment(row.planned, actor.timezone) if zone == recurrence.OWN else row.planned
    event = None if row.event == NO_ID else row.event.hex()
    return FiringView(row.id.hex(), moment(planned), moment(row.at), row.outcome, row.n, row.detail, event)  # type: ignore[arg-type]
