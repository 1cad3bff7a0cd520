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


def span_of(seconds: float, language: str = "en") -> str:
    """A duration: 38 ms, 0.9 s, 4 min, 8 h 56 min."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 120:
        text = f"{seconds:.1f} s"
        return text.replace(".", ",") if language == "de" else text
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
