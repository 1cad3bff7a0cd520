"""When a campaign reaches a person: one moment for everybody, or one for each zone, and until when it is worth it. Pure: what is now is passed in.

A time that the clock skips is when the clock has jumped; one that it shows twice is the first. What is over is now; whoever's own hour is over by more
than the grace is not told.
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from backend.domain import recurrence
from backend.domain.campaign import OWN, Timing, Window
from backend.domain.errors import Invalid

AHEAD = 9  # days that a window is looked for: a week, and the days the clocks change


class Moment(NamedTuple):
    """When people of a zone are told, the first of them where it has a pace, and the moment from which it is not worth it any more: 0 never. `wave`: alike of
    those who are one wave of a run."""

    at: float
    until: float
    wave: float = 0.0


def moments(timing: Timing, now: float) -> Callable[[str], Moment]:
    """When people of a zone are told, from now on. Errors: `Invalid` for a timing that names no moment."""

    def moment(zone: str) -> Moment:
        due = _due(timing, now, zone)
        wave = 0.0 if timing.zone != OWN else due if timing.kind != "now" else recurrence.offset(now, zone) if timing.window else 0.0
        return Moment(opened(timing.window, max(now, due), zone), until(due, timing.expires, grace_of(timing), now), wave)

    if timing.zone != OWN:
        recurrence.zone_of(timing.zone)
        one = moment(timing.zone)
        return lambda _: one
    return lru_cache(maxsize=1_024)(moment)


def grace_of(timing: Timing) -> int | None:
    """Seconds by which somebody's own hour may be over when a run begins; None where there is no hour of one's own."""
    return timing.grace if timing.zone == OWN and timing.kind != "now" else None


def until(due: float, expires: int, grace: int | None, began: float) -> float:
    """From when on it is not worth telling somebody whose moment is `due`, 0: never. Whoever's own hour was over by more than the grace when the run began is
    too late already."""
    ends = [due + expires] if expires else []
    if grace is not None and due + grace < began:
        ends.append(due + grace)
    return min(ends, default=0.0)


def _due(timing: Timing, now: float, zone: str) -> float:
    """The moment that was planned for this zone, be it over."""
    if timing.kind == "at":
        return recurrence.own_moment(_wall(timing.at).replace(tzinfo=UTC).timestamp(), zone)
    if timing.kind == "recurring":
        found = next(recurrence.planned(recurrence.checked(timing.cron, timing.zone, now), timing.zone, now), None)
        if found is None:
            raise Invalid("This campaign never comes again: its cron line has no time ahead. Choose another.", field="timing")
        return recurrence.own_moment(found, zone) if timing.zone == OWN else found
    return now


def _wall(text: str) -> datetime:
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None:
        raise Invalid("The campaign has no time. Choose a date and a time, like 2026-12-01T09:00.", field="timing", given=text[:40])
    return wall


def opened(window: Window | None, at: float, zone: str) -> float:
    """The first moment from `at` on at which the window is open; `at` itself when none ever is, or when there is no window. A window over midnight is of the day
    on which it opens."""
    if window is None:
        return at
    tz, start, end = _zone(zone), _time(window.start), _time(window.end)
    today = datetime.fromtimestamp(at, tz).date()
    for n in range(-1, AHEAD):
        day = today + timedelta(days=n)
        if day.weekday() not in window.days:
            continue
        opens = recurrence.wall_moment(datetime.combine(day, start), tz)
        closes = recurrence.wall_moment(datetime.combine(day + timedelta(days=int(end <= start)), end), tz)
        if at < closes:
            return max(at, opens)
    return at


def _zone(name: str) -> ZoneInfo:
    try:
        return recurrence.zone_of(name)
    except Invalid:
        return ZoneInfo("UTC")


def _time(wall: str) -> time:
    """24:00 is the end of the day."""
    try:
        return time(0) if wall == "24:00" else time.fromisoformat(wall)
    except ValueError:
        raise Invalid(f"{wall[:10]!r} is no time of day. Write it like 09:00.", field="timing", given=wall[:10]) from None
