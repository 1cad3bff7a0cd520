"""Ranges of time in an address: days or minutes of somebody's clock, so that a link shows everybody the same.

    from=2026-11-19&to=2026-11-25&zone=Europe/Berlin        seven whole days, the last one included
    from=2026-11-24T14:00&to=2026-11-25T14:00&zone=...      a day up to a minute
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from backend.domain.spans import midnight
from portal.theme import zone

PRESETS = ("1", "7", "30", "90")  # days; one day is the last 24 hours
USUAL = "7"


@dataclass(frozen=True)
class Range:
    """`since` to below `until` in seconds; `first` and `last` as an address has them; `preset` when it moves with the clock.

    `usual`: what was asked for cannot be read, so it is the usual one. `own`: the reader's zone.
    """

    since: float
    until: float
    first: str
    last: str
    zone: str
    preset: str = ""
    usual: bool = False
    own: str = ""


def preset(days: str, zone_name: str, now: float) -> Range:
    """The last 24 hours to the full hour to come, or whole days with today."""
    where = zone(zone_name)
    if days == "1":
        end = -(-now // 3600) * 3600
        return Range(end - 86_400, end, _minute(end - 86_400, where), _minute(end, where), zone_name, "1")
    today = datetime.fromtimestamp(now, where).date()
    first = today - timedelta(days=int(days) - 1)
    return Range(midnight(where, first), midnight(where, today + timedelta(days=1)), first.isoformat(), today.isoformat(), zone_name, days)


def read(days: str, first: str, last: str, zone_name: str, own_zone: str, now: float) -> Range:
    """What an address asks for: a beginning and an end, else so many days up to now; the usual ones where it asks for what is none."""
    return replace(_read(days, first, last, zone_name, own_zone, now), own=own_zone)


def _read(days: str, first: str, last: str, zone_name: str, own_zone: str, now: float) -> Range:
    where = zone_name if zone_name and zone(zone_name).key == zone_name else own_zone
    if not first and not last:
        return preset(days if days in PRESETS else USUAL, where, now)
    try:
        since, until = moment_of(first or last, where), moment_of(last or first, where, end=True)
    except ValueError:
        since = until = 0.0
    if not 0 <= since < until:
        made = preset(USUAL, where, now)
        return Range(made.since, made.until, made.first, made.last, where, USUAL, usual=True)
    return Range(since, until, first or last, last or first, where)


def moment_of(text: str, zone_name: str, *, end: bool = False) -> float:
    """Seconds of a day or a minute on that clock; of a day's end, when the next one begins. Raises `ValueError`."""
    where = zone(zone_name)
    if len(text) == 10:
        day = date.fromisoformat(text)
        if not 1970 < day.year < 2200:
            raise ValueError(text)
        return midnight(where, day + timedelta(days=1) if end else day)
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=where)
    if not 1970 < at.year < 2200:
        raise ValueError(text)
    return at.timestamp()


def _minute(seconds: float, where: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(seconds, where):%Y-%m-%dT%H:%M}"
