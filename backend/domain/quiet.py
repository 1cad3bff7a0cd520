"""Quiet hours: wall times in a person's IANA zone, over midnight, per weekday, through the hours a clock skips or repeats.

A range begins on each of its `days` at `start` and lasts to the next `end` ("24:00" is the end of the same day; a start
equal to the end is empty). Whether a moment is quiet depends only on what the wall clock shows then; so a skipped hour
cannot be quiet, and a repeated one is quiet twice. All instants are seconds since 1970, UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from backend.domain.person import QuietHours

DAY = 86_400.0
SLOT = 900.0  # seconds
LOOK = 9  # days to look ahead; every pattern of a week is over by then
FRIDAY = 4
# All but the hour in which what can wait goes out: 17:00 to 18:00, each day or on Fridays.
OUTSIDE_WINDOW: Mapping[str, tuple[QuietHours, ...]] = {
    "daily": (QuietHours("18:00", "17:00"),),
    "weekly": (
        QuietHours("00:00", "24:00", (0, 1, 2, 3, 5, 6)),
        QuietHours("00:00", "17:00", (FRIDAY,)),
        QuietHours("18:00", "24:00", (FRIDAY,)),
    ),
}


@lru_cache(maxsize=2048)
def zone(name: str) -> tzinfo:
    """The zone of an IANA name; UTC for one we do not know (a person's zone is typed by people)."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


@lru_cache(maxsize=2048)
def minutes(wall: str) -> int:
    """Minutes since midnight of "HH:MM", 0..1440; anything else is 0, so that a broken range hides nothing for ever."""
    hours, _, rest = wall.partition(":")
    if not (hours.isascii() and hours.isdigit() and rest.isascii() and rest.isdigit() and len(hours) <= 2 and len(rest) == 2):
        return 0
    total = int(hours) * 60 + int(rest)
    return total if total <= 1440 and int(rest) < 60 else 0


def which(now: float, tz: tzinfo, ranges: Sequence[QuietHours]) -> QuietHours | None:
    """The range in which `now` lies, or None."""
    offset = _steady_offset(tz, int(now // SLOT))
    local = now + (_offset(now, tz) if offset is None else offset)
    day, minute = int(local // DAY + 3) % 7, int(local % DAY) // 60  # 1970 began on a Thursday
    for r in ranges:
        start, end = minutes(r.start), minutes(r.end)
        if start < end:
            if start <= minute < end and day in r.days:
                return r
        elif start > end and ((minute >= start and day in r.days) or (minute < end and (day - 1) % 7 in r.days)):
            return r
    return None


@lru_cache(maxsize=65_536)
def _steady_offset(tz: tzinfo, slot: int) -> float | None:
    """The zone's offset throughout a slot, None when its clock is changed within. (A batch asks for few slots and many people.)"""
    first, last = _offset(slot * SLOT, tz), _offset(slot * SLOT + SLOT - 1, tz)
    return first if first == last else None


def in_quiet(now: float, tz: tzinfo, ranges: Sequence[QuietHours]) -> bool:
    """Whether the wall clock shows a quiet time at `now`."""
    return which(now, tz, ranges) is not None


def next_allowed(now: float, tz: tzinfo, ranges: Sequence[QuietHours]) -> float | None:
    """The first instant from `now` on that is not quiet; None when the ranges leave no moment of the week free."""
    return now if not in_quiet(now, tz, ranges) else _next_allowed(now, tz, tuple(ranges))


@lru_cache(maxsize=4_096)  # of many who are told at one moment most have the same hours
def _next_allowed(now: float, tz: tzinfo, ranges: tuple[QuietHours, ...]) -> float | None:
    # quiet ends where a range ends, or where the clock jumps out of it
    first = datetime.fromtimestamp(now, tz).date()
    ends = sorted({minutes(r.end) for r in ranges})
    found = set(_jumps(now, tz))
    for n in range(LOOK):
        day = first + timedelta(days=n)
        for end in ends:
            found.update(_instants(day, end, tz))
    for at in sorted(found):
        if at > now and not in_quiet(at, tz, ranges):
            return at
    return None


def _instants(day: date, minute: int, tz: tzinfo) -> Iterator[float]:
    """When the clock shows that minute of the day: once, or twice where it is set back (a skipped one is found by `_jumps`)."""
    wall = datetime.combine(day, time(), tz) + timedelta(minutes=minute)  # arithmetic of the wall clock
    for fold in (0, 1):
        yield wall.replace(fold=fold).timestamp()


def _jumps(now: float, tz: tzinfo) -> Iterator[float]:
    """The whole seconds at which the zone's offset changes within the days looked at."""
    step = DAY / 4
    before = float(int(now))
    for _ in range(LOOK * 4):
        after = before + step
        if _offset(before, tz) != _offset(after, tz):
            low, high = before, after
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(middle, tz) == _offset(before, tz) else (low, middle)
            yield high
        before = after


def _offset(at: float, tz: tzinfo) -> float:
    """Seconds that the wall clock is ahead of UTC."""
    return (datetime.fromtimestamp(at, tz).utcoffset() or timedelta()).total_seconds()
