"""When a schedule fires: a cron line read on the wall clock of a zone, or of each person's own.

A time that the clock skips fires when the clock has jumped; one that it shows twice fires the first time. Lines that run every hour or
oftener go by what has passed, as cron does. Pure: what is now is passed in.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from backend.domain.errors import Invalid

OWN = "person"  # in place of a zone: at that time on the clock of each who is told
LONGEST_LINE = 100
EARLIEST = 14 * 3_600  # seconds that the clocks of the first zone are ahead of UTC
LATEST = 12 * 3_600  # seconds that those of the last are behind
_FIELDS = "minute hour day-of-month month day-of-week"


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises `Invalid` for what is none."""
    try:
        if not name.isascii() or len(name) > 64 or name.startswith(("/", ".")):
            raise ValueError
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(
            f"There is no time zone {name[:64]!r}. Write an IANA name as Europe/Berlin or UTC, or {OWN!r} for each person's own.", field="zone", given=name[:64]
        ) from None


def checked(cron: str, zone: str, now: float) -> str:
    """The line with single blanks. Raises `Invalid` for a line nobody can read, one that never fires, and a zone that is none."""
    line = " ".join(cron.split())
    if zone != OWN:
        zone_of(zone)
    if len(line) > LONGEST_LINE:
        raise Invalid(f"A cron line has at most {LONGEST_LINE} characters; this one has {len(line):,}. Shorten it.", field="cron")
    if len(line.split()) != 5:
        raise Invalid(f"A cron line has five fields, {_FIELDS}; this one has {len(line.split())}. Write 0 9 * * 1 for Mondays at nine.", field="cron")
    try:
        found = next(_walls(line, zone, now), None)
    except CronSimError as error:
        if _readable(" ".join([*line.split()[:3], "*", *line.split()[4:]])) and _readable(" ".join([*line.split()[:2], "1", *line.split()[3:]])):
            raise _never(line) from None  # each field is one, but no month of these has such a day
        raise Invalid(
            f"This cron line cannot be: {str(error).lower()}. The fields are {_FIELDS}, as 0 9 * * 1 for Mondays at nine.", field="cron", given=line
        ) from None
    except (ValueError, AssertionError, OverflowError):
        raise Invalid(f"This cron line cannot be read. The fields are {_FIELDS}, as 0 9 * * 1 for Mondays at nine.", field="cron", given=line) from None
    if found is None:
        raise _never(line)
    return line


def _never(line: str) -> Invalid:
    return Invalid("This cron line never fires: no day of the next 50 years is one of its days. Choose days that exist.", field="cron", given=line)


def _readable(line: str) -> bool:
    try:
        CronSim(line, datetime(2000, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError, AssertionError):
        return False
    return True


def planned(cron: str, zone: str, after: float) -> Iterator[float]:
    """The times behind `after` at which it fires, ascending. For each person's own zone: the wall time, as if it were UTC's, beginning
    with the first that is not over in every zone."""
    try:
        for wall in _walls(cron, zone, after):
            yield wall.timestamp()
    except (OverflowError, ValueError):
        return


def starts(planned_at: float, zone: str) -> float:
    """The moment from which a planned time is worked on: itself, or when the clock of the first zone shows it."""
    return planned_at - EARLIEST if zone == OWN else planned_at


def planned_of(start: float, zone: str) -> float:
    """The planned time that begins at `start`."""
    return start + EARLIEST if zone == OWN else start


def ends(planned_at: float, zone: str) -> float:
    """The moment at which the last who is told is told."""
    return planned_at + LATEST if zone == OWN else planned_at


def own_moment(planned_at: float, zone: str) -> float:
    """When the clock of this zone shows the wall time `planned_at` (as if UTC's). A zone that is none counts as UTC."""
    wall = datetime.fromtimestamp(planned_at, UTC).replace(tzinfo=None)
    try:
        return wall_moment(wall, zone_of(zone))
    except Invalid:
        return planned_at


def offset(at: float, zone: str) -> float:
    """How many seconds the clock of this zone is ahead of UTC's at a moment. A zone that is none counts as UTC."""
    try:
        ahead = datetime.fromtimestamp(at, zone_of(zone)).utcoffset()
    except Invalid:
        return 0.0
    return ahead.total_seconds() if ahead else 0.0


def wall_moment(wall: datetime, tz: ZoneInfo) -> float:
    """The moment at which a clock shows `wall`: the first of two, and where it is skipped the moment of the jump."""
    at = wall.replace(tzinfo=tz, fold=0)
    moment = at.timestamp()
    if datetime.fromtimestamp(moment, tz).replace(tzinfo=None) == wall:
        return moment
    low, high = int(moment) - 86_400, int(moment) + 86_400  # the jump lies where the clock first shows more than `wall`
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, tz).replace(tzinfo=None) > wall:
            high = middle
        else:
            low = middle
    return float(high)


def _walls(cron: str, zone: str, after: float) -> Iterator[datetime]:
    """Moments with a zone, each behind `after`."""
    tz = UTC if zone == OWN else zone_of(zone)
    begin = datetime.fromtimestamp(after + (EARLIEST if zone == OWN else 0), UTC)
    last = begin.timestamp()
    # a clock set back shows times again that cron has seen: one look further behind, and what is not new is passed over
    for found in CronSim(cron, (begin - timedelta(hours=4)).astimezone(tz)):
        at = found.timestamp()
        if at > last:
            last = at
            yield datetime.fromtimestamp(at, UTC)


def iso(at: float) -> str:
    """The moment as producers write it."""
    return datetime.fromtimestamp(at, UTC).isoformat()
