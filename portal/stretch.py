"""A stretch of time as its reader sees it: the axis with its labels, the range in words, the week hour by hour. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from portal.figures import Axis
from portal.telling import Teller
from portal.theme import clock, day, local


@dataclass
class HeatCell:
    """`level`: share of the highest, a CSS percentage."""

    level: str
    tip: str


@dataclass
class HeatRow:
    day: str
    cells: list[HeatCell]


class Slot(Protocol):
    """A piece of the axis, in seconds."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...


class Span(Protocol):
    """What was looked at: quarters of an hour in seconds, cut as fine as `grain` by the zone's clock."""

    @property
    def since(self) -> float: ...
    @property
    def until(self) -> float: ...
    @property
    def zone(self) -> str: ...
    @property
    def grain(self) -> str: ...
    @property
    def points(self) -> Sequence[Slot]: ...


class Stretch:
    """Tells about one stretch to one reader."""

    def __init__(self, seen: Span, voice: Teller) -> None:
        self.seen, self.voice, self.say, self.language = seen, voice, voice.say, voice.language

    def axis(self) -> Axis:
        labels, short = [], []
        for point in self.seen.points:
            long, brief = self.label(point)
            labels.append(long if long not in labels else f"{long} ({local(point.start, self.seen.zone):%Z})")
            short.append(brief)
        return Axis(labels, short, self.say(f"analytics.grain.{self.seen.grain}"))

    def label(self, point: Slot) -> tuple[str, str]:
        """In full, and as it fits under the axis."""
        zone, language = self.seen.zone, self.language
        at = local(point.start, zone)
        on = day(point.start, zone, language).rsplit(" ", 1)[0]
        match self.seen.grain:
            case "hour":
                return f"{on}, {clock(point.start, zone)[:5]}", clock(point.start, zone)[:5]
            case "six":
                return f"{on}, {at:%H:%M}–{local(point.end, zone):%H:%M}", on
            case "week":
                return self.say("analytics.week", day=on, year=at.year), on
            case "month":
                return day(point.start, zone, language).split(" ", 1)[1], day(point.start, zone, language).split(" ", 1)[1]
            case _:
                return day(point.start, zone, language), on

    def range(self) -> str:
        """19 to 25 Nov 2026."""
        zone, language = self.seen.zone, self.language
        since, until = self.seen.since, self.seen.until
        whole = all(f"{local(edge, zone):%H:%M}" == "00:00" for edge in (since, until))
        if not whole:
            return self.say("analytics.range", first=f"{day(since, zone, language)}, {clock(since, zone)[:5]}", last=f"{day(until, zone, language)}, {clock(until, zone)[:5]}")
        first, last = day(since, zone, language), day(until - 1, zone, language)
        return first if first == last else self.say("analytics.range", first=first, last=last)


def week(by: Mapping[tuple[int, int], float], tip: Callable[[tuple[int, int], str, str], str], voice: Teller) -> list[HeatRow]:
    """Monday to Sunday, hour by hour, in shades of the highest; nothing where there is none. `tip(place, day, hour)`: what a cell says."""
    most = max(by.values(), default=0)
    if not most:
        return []

    def cell(place: tuple[int, int], name: str) -> HeatCell:
        value = by.get(place, 0)
        return HeatCell(f"{max(6, round(100 * value / most)) if value else 0}%", tip(place, name, f"{place[1]:02}:00"))

    days = [voice.say(f"analytics.weekday.{n}") for n in range(7)]
    return [HeatRow(name, [cell((n, hour), name) for hour in range(24)]) for n, name in enumerate(days)]
