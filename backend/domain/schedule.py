"""A schedule: an event that is sent again and again, by a cron line. What its firings are, and which of several late ones still counts. Pure."""

import itertools
from typing import Any

import msgspec

from backend.domain import recurrence
from backend.domain.event import EventIn, To
from backend.domain.ids import make_id

GRACE = 3_600  # seconds for which a firing that is late is still made
GRACE_LIMIT = 86_400
LISTED = 20  # missed times that are kept one by one; what is older is kept as one
WALKED = 2_000  # times looked at for what was missed; a line of every minute has that many in 33 hours


class Schedule(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a schedule sends, and when. `zone`: an IANA name, or "person". `expires`: seconds after which a firing is not worth sending."""

    cron: str
    zone: str
    category: str
    type: str
    to: To
    template: str = ""
    title: str = ""
    message: str = ""
    data: dict[str, Any] = {}
    channels: tuple[str, ...] = ()
    priority: str = ""
    grace: int = GRACE
    expires: int = 0


class Late(msgspec.Struct, frozen=True):
    """What is to be made of the times that have come: one fires, or none; `missed`: (planned time, how many), oldest first. `next`: the
    time after them, None for never again."""

    fires: float | None
    missed: tuple[tuple[float, int], ...]
    next: float | None


def sort_out(schedule: Schedule, since: float, now: float) -> Late:
    """`since`: the planned time that was waited for. The newest that has come fires when it is late by no more than its grace."""
    come, zone = [since], schedule.zone
    times = recurrence.planned(schedule.cron, zone, recurrence.starts(since, zone))
    following: float | None = None
    for n, at in enumerate(times):
        if recurrence.starts(at, zone) > now:
            following = at
            break
        come.append(at)
        if n == WALKED:  # away for long: go on from yesterday
            behind = recurrence.planned(schedule.cron, zone, max(now - 86_400.0, recurrence.starts(at, zone)))
            near = list(itertools.takewhile(lambda t: recurrence.starts(t, zone) <= now, behind))
            come += near
            following = next(recurrence.planned(schedule.cron, zone, now), None)
            break
    newest = come[-1]
    fires = newest if now <= recurrence.ends(newest, zone) + schedule.grace else None
    missed = come if fires is None else come[:-1]
    listed = [(at, 1) for at in missed[-LISTED:]]
    older = missed[:-LISTED]
    return Late(fires, tuple(([(older[0], len(older))] if older else []) + listed), following)


def firing_id(space: int, key: str, planned: float) -> bytes:
    """The one firing of a schedule at a planned time, whoever makes it and however often."""
    return make_id(max(0, int(planned * 1000)), b"firing", space.to_bytes(2, "big"), key.encode(), repr(planned).encode())


def event_of(schedule: Schedule, last: float) -> EventIn:
    """The event of one firing, as a producer would hand it in. `last`: when the last person is told."""
    expires = recurrence.iso(last + schedule.expires) if schedule.expires else None
    return EventIn(
        type=schedule.type, category=schedule.category, to=schedule.to, priority=schedule.priority or None, template=schedule.template or None,
        title=schedule.title or None, message=schedule.message or None, data=schedule.data, channels=list(schedule.channels) or None, expires_at=expires,
    )  # fmt: skip
