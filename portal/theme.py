"""How numbers and moments are written, in the reader's language and zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_GROUP = {"en": ",", "de": "."}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
}


def zone(name: str) -> ZoneInfo:
    """The zone of that name, UTC when nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def count(value: int, language: str = "en") -> str:
    """1,204,880 in English, 1.204.880 in German."""
    return f"{value:,}".replace(",", _GROUP.get(language, ","))


def local(seconds: float, zone_name: str) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone(zone_name))


def clock(seconds: float, zone_name: str) -> str:
    """07:00:02, for pages where the second matters."""
    return f"{local(seconds, zone_name):%H:%M:%S}"


def day(seconds: float, zone_name: str, language: str = "en") -> str:
    """22 Nov 2026, or 22. Nov. 2026."""
    at = local(seconds, zone_name)
    month = _MONTHS.get(language, _MONTHS["en"])[at.month - 1]
    return f"{at.day}. {month} {at.year}" if language == "de" else f"{at.day} {month} {at.year}"


def moment(seconds: float, zone_name: str, language: str = "en") -> str:
    """22 Nov 2026, 14:06:05 CET."""
    return f"{day(seconds, zone_name, language)}, {local(seconds, zone_name):%H:%M:%S %Z}"


def iso(seconds: float, zone_name: str) -> str:
    """2026-11-22T14:06:05+01:00, for files that programs read."""
    return local(seconds, zone_name).isoformat(timespec="seconds")


_DAYS = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "de": ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")}


def wall(seconds: float, now: float, zone_name: str, language: str = "en") -> str:
    """A time to come: 07:00 within a day, Tue 09:00 within a week, else with the date."""
    at, ahead = local(seconds, zone_name), seconds - now
    if 0 <= ahead < 20 * 3600:
        return f"{at:%H:%M}"
    if 0 <= ahead < 6 * 86_400:
        return f"{_DAYS.get(language, _DAYS['en'])[at.weekday()]} {at:%H:%M}"
    return f"{day(seconds, zone_name, language)}, {at:%H:%M}"


def ago(seconds: float, now: float, zone_name: str, language: str = "en") -> str:
    """How long ago: now, 9 min, 3 h, then the day."""
    passed = max(0.0, now - seconds)
    if passed < 60:
        return "jetzt" if language == "de" else "now"
    if passed < 3600:
        return f"{int(passed // 60)} min"
    if passed < 86_400:
        return f"{int(passed // 3600)} h"
    return day(seconds, zone_name, language)
