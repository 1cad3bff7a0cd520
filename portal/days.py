"""Days as filters of a list: typed as 2026-11-25, meant in the reader's zone, asked of the facade as seconds."""

from datetime import datetime, timedelta

from portal.theme import zone


def begins(day: str | None, zone_name: str) -> float | None:
    """The first second of a day there; None for one that is none."""
    at = _read(day, zone_name)
    return at.timestamp() if at else None


def ends(day: str | None, zone_name: str) -> float | None:
    """The first second after it."""
    at = _read(day, zone_name)
    if at is None:
        return None
    following = at.replace(tzinfo=None) + timedelta(days=1)
    return following.replace(tzinfo=zone(zone_name)).timestamp()


def _read(day: str | None, zone_name: str) -> datetime | None:
    try:
        at = datetime.strptime(day or "", "%Y-%m-%d")  # noqa: DTZ007 - the zone is put in below
        return at.replace(tzinfo=zone(zone_name)) if 1970 < at.year < 2100 else None
    except ValueError:
        return None
