"""What people changed of what they want, as the page Engagement shows it: figures over time, and tables by category, channel and way. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from backend.app.engagement_views import EngagementView, ShiftPartView, ShiftsView, TrendView
from portal.figures import ORDER, Figure, Series, lines
from portal.numbers import NONE
from portal.rows import StepRow
from portal.stretch import Stretch
from portal.telling import Teller
from portal.theme import count

ROWS = 50
COUNTS = ("opted_in", "opted_out", "turned_on", "turned_off", "cells_on", "cells_off", "paused", "resumed", "quiet_set", "quiet_ended")
MORE, LESS = ("opted_in", "turned_on", "cells_on", "resumed"), ("opted_out", "turned_off", "cells_off", "paused")  # what wants more of us, and less
BESIDE = (("resumed", "delivered"), ("quiet_ended", "skipped"))  # what the figure has no line for


@dataclass
class ShiftRow:
    """A category, channel or way: how often it was turned on and off, and what stands under its name."""

    key: str
    name: str
    facts: str
    on: str
    off: str


@dataclass
class ShiftFigures:
    """Everything the page shows of them but the answers to categories."""

    channels: Figure = field(default_factory=Figure)
    beside: list[StepRow] = field(default_factory=list)
    by_category: list[ShiftRow] = field(default_factory=list)
    by_channel: list[ShiftRow] = field(default_factory=list)
    by_way: list[ShiftRow] = field(default_factory=list)
    file: str = ""


class Shifter(Stretch):
    """Tells the changes of one report to one reader."""

    def __init__(self, view: EngagementView, voice: Teller) -> None:
        super().__init__(view, voice)
        self.view = view
        self.any = any(getattr(view.shifts, name) for name in COUNTS)

    def shown(self, file: str) -> ShiftFigures:
        view = self.view
        return ShiftFigures(
            self.channels(), self.beside(), self._rows(view.shifts_by_category, ("opted_in",), ("opted_out",), "channel"),
            self._rows([part for part in view.shifts_by_channel if part.key], ("turned_on",), ("turned_off",), "category"),
            self._rows(view.shifts_by_way, MORE, LESS, ""), file,
        )  # fmt: skip

    # ---- over time
    def answers(self) -> Figure:
        """Opting in and out of categories, and messages that led to unsubscribing."""
        figure, sums = self._lines((
            ("in", ORDER[0], lambda point: point.opted_in), ("out", ORDER[5], lambda point: point.opted_out),
            ("unsubscribed", ORDER[3], lambda point: point.funnel.unsubscribed.part),
        ))  # fmt: skip
        figure.says = self.say("shift.answers.says", yes=sums["in"], no=sums["out"], unsubscribed=sums["unsubscribed"])
        return figure

    def channels(self) -> Figure:
        """Channels, pauses and quiet hours."""
        figure, sums = self._lines((
            ("on", ORDER[0], lambda point: point.shifts.turned_on), ("off", ORDER[5], lambda point: point.shifts.turned_off),
            ("paused", ORDER[3], lambda point: point.shifts.paused), ("quiet", ORDER[1], lambda point: point.shifts.quiet_set),
        ))  # fmt: skip
        figure.says = self.say("shift.channels.says", **sums)
        return figure

    def beside(self) -> list[StepRow]:
        return [StepRow(self.say(f"shift.{name}"), count(getattr(self.view.shifts, name), self.language), "", hue, "") for name, hue in BESIDE]

    def _lines(self, picks: Sequence[tuple[str, str, Callable[[TrendView], int]]]) -> tuple[Figure, dict[str, str]]:
        """A gap, where nothing was counted yet and nothing was filled in."""
        points, series, sums = self.view.points, [], {}
        for name, colour, pick in picks:
            values = [n if (n := pick(point)) or point.known else None for point in points]
            sums[name] = count(sum(value or 0 for value in values), self.language)
            texts = [NONE if value is None else count(value, self.language) for value in values]
            series.append(Series(self.say(f"shift.{name}"), colour, values, texts, sums[name]))
        drawn = any(value for one in series for value in one.values)
        return lines(self.axis(), series, "", self.language, whole=True) if drawn else Figure(), sums

    # ---- by part
    def every(self) -> list[tuple[str, str, ShiftPartView]]:
        """Every part with what it is a part of and its name."""
        parts = (("category", self.view.shifts_by_category), ("channel", self.view.shifts_by_channel), ("way", self.view.shifts_by_way))
        return [(self.say(f"shift.by.{by}"), self.name(part.key, by), part) for by, some in parts for part in some]

    def name(self, key: str, by: str) -> str:
        if by == "channel":
            return self.voice.channel(key)
        if by == "way":
            return self.say(f"shift.way.{key}")
        return key

    def _rows(self, parts: Sequence[ShiftPartView], on: Sequence[str], off: Sequence[str], alone: str) -> list[ShiftRow]:
        """`alone`: what one of them was turned on or off for by itself, told under the name."""
        by = {"channel": "category", "category": "channel", "": "way"}[alone]
        return [
            ShiftRow(part.key, self.name(part.key, by), self._alone(part.shifts, alone) if alone else "", self._sum(part.shifts, on), self._sum(part.shifts, off))
            for part in parts[:ROWS]
        ]

    def _alone(self, shifts: ShiftsView, alone: str) -> str:
        if not shifts.cells_on and not shifts.cells_off:
            return ""
        return self.say(f"shift.alone.{alone}", on=count(shifts.cells_on, self.language), off=count(shifts.cells_off, self.language))

    def _sum(self, shifts: ShiftsView, names: Sequence[str]) -> str:
        return count(sum(getattr(shifts, name) for name in names), self.language)
