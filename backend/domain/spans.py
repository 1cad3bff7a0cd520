"""Stretches of time as somebody's clock shows them: cut at their midnights, hours and weeks, from quarters of an hour.

Midnight of every zone in use falls on a quarter, also of those half an hour or 45 minutes off. A day on which the clock changes has
23 or 25 hours and is one day; the hour that comes twice in October is two.
"""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from backend.domain.errors import Invalid
from backend.domain.tally import QUARTER, Cut

HOUR, SIX, DAY = 4, 24, 96  # quarters
POINTS = 50  # slots of an axis at most, before months are taken
LONGEST = 3_660  # days
_GRAINS = (("hour", HOUR), ("six", SIX), ("day", DAY), ("week", 7 * DAY))
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks are counted from here


class Slot(msgspec.Struct, frozen=True):
    """One piece of the axis: from `start` to below `end`, in seconds. The first and the last may be asked for in part."""

    start: float
    end: float


class Axis(msgspec.Struct, frozen=True):
    """`cut` numbers the quarters; `place` says in which of `slots` such a number lies."""

    grain: str
    cut: Cut
    slots: tuple[Slot, ...]
    place: dict[int, int]


def zone_of(name: str) -> ZoneInfo:
    """Raises `Invalid` for a zone nobody knows."""
    try:
        if len(name) > 64:
            raise ValueError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"There is no time zone {name[:64]!r}. Name one as Europe/Oslo or UTC.", field="zone") from None


def quarters(since: float, until: float) -> tuple[int, int]:
    """The quarters a stretch touches: first, and below which. Raises `Invalid` when it is empty, too long or no time of ours."""
    if not 0 <= since < until <= 2**40:
        raise Invalid("The range ends before it begins. Choose an end after its beginning.", field="until")
    if until - since > LONGEST * 86_400:
        raise Invalid(f"The range is longer than {LONGEST:,} days. Choose a shorter one.", field="since", limit=LONGEST)
    return int(since // QUARTER), int(-(-until // QUARTER))


def grain_of(first: int, below: int) -> str:
    """As fine as gives at most 50 points; months beyond 50 weeks."""
    return next((name for name, width in _GRAINS if below - first <= POINTS * width), "month")


def ahead(zone: ZoneInfo, quarter: int) -> int:
    """By how many quarters the zone's clock runs ahead of UTC then."""
    offset = dt.datetime.fromtimestamp(quarter * QUARTER, dt.UTC).astimezone(zone).utcoffset() or dt.timedelta()
    return int(offset.total_seconds() // QUARTER)


def local_cut(zone: ZoneInfo, first: int, below: int, width: int) -> Cut:
    """Cut by the zone's clock, with every change of it in between."""
    changes = []
    last, quarter = ahead(zone, first), first
    while quarter < below:
        following = min(quarter + DAY, below)
        if (then := ahead(zone, following)) != last:
            low, high = quarter, following  # the change lies in (low, high]
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if ahead(zone, middle) == last else (low, middle)
            last = then
            changes.append((high, then))
        quarter = following
    return Cut(width, ahead(zone, first), tuple(changes))


def axis(zone: ZoneInfo, first: int, below: int, grain: str = "") -> Axis:
    """The slots of a stretch of quarters, as fine as `grain_of` says or as asked for."""
    return _axis(zone, first, below, grain or grain_of(first, below))


@lru_cache(maxsize=64)
def _axis(zone: ZoneInfo, first: int, below: int, grain: str) -> Axis:
    if grain == "hour":
        cut = Cut(HOUR, ahead(zone, first) % HOUR)  # by whole hours that pass, or the hour that comes twice would be one
        numbers = range(number_of(cut, first), number_of(cut, below - 1) + 1)
        edges = [float((n * HOUR - cut.ahead) * QUARTER) for n in (*numbers, numbers.stop)]
        slots = tuple(Slot(edges[k], edges[k + 1]) for k in range(len(numbers)))
        return Axis(grain, cut, slots, {n: k for k, n in enumerate(numbers)})
    width = SIX if grain == "six" else DAY
    cut = local_cut(zone, first, below, width)
    numbers = range(number_of(cut, first), number_of(cut, below - 1) + 1)
    place: dict[int, int] = {}
    starts: list[int] = []
    last = None
    for n in numbers:
        name = _name(n, grain)
        if name != last:
            starts.append(n)
            last = name
        place[n] = len(starts) - 1
    edges = [_instant(zone, n * width) for n in (*starts, numbers.stop)]
    return Axis(grain, cut, tuple(Slot(edges[k], edges[k + 1]) for k in range(len(starts))), place)


def number_of(cut: Cut, quarter: int) -> int:
    """As the store numbers it."""
    by = cut.ahead
    for change, then in cut.changes:
        if quarter >= change:
            by = then
    return (quarter + by) // cut.width


def midnight(zone: ZoneInfo, day: dt.date) -> float:
    """When that day begins, in seconds; where the clock skips midnight, when it goes on."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def is_midnight(zone: ZoneInfo, seconds: float) -> bool:
    """Whether a day of that zone begins then."""
    there = dt.datetime.fromtimestamp(seconds, zone)
    return midnight(zone, there.date()) == seconds


def before(zone: ZoneInfo, since: float, until: float) -> float:
    """When the stretch just before begins: as many days back where it is made of whole days, else as many seconds."""
    if is_midnight(zone, since) and is_midnight(zone, until):
        first, end = (dt.datetime.fromtimestamp(edge, zone).date() for edge in (since, until))
        return midnight(zone, first - (end - first))
    return since - (until - since)


def _name(number: int, grain: str) -> object:
    """What days that belong together have in common. Weeks begin on Monday; day 0 was a Thursday."""
    if grain == "week":
        return (number + 3) // 7
    if grain == "month":
        day = _EPOCH + dt.timedelta(days=number)
        return day.year, day.month
    return number


def _instant(zone: ZoneInfo, local: int) -> float:
    """The moment the zone's clock shows this many quarters since 1970."""
    return (_EPOCH + dt.timedelta(seconds=local * QUARTER)).replace(tzinfo=zone).timestamp()
