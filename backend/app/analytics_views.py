"""What analytics is asked and what it answers. Times in seconds; every rate carries its numerator and denominator."""

from typing import Literal

import msgspec

from backend.domain.ledger import Ledger
from backend.domain.measures import Rate

By = Literal["channel", "category", "template", "provider", "priority"]
BYS: tuple[By, ...] = ("channel", "category", "template", "provider", "priority")


class AnalyticsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was born from `since` to before `until`, as a clock in `zone` cuts it; "" in a filter means all.

    `provider`: of these, what this one was given; see `AnalyticsView`.
    `against`: when the stretch to compare with begins, as long as this one; None: the one just before; a negative number: none.
    """

    since: float
    until: float
    zone: str = "UTC"
    category: str = ""
    channel: str = ""
    template: str = ""
    priority: str = ""
    provider: str = ""
    by: By = "channel"
    against: float | None = None


class FiguresView(msgspec.Struct, frozen=True):
    """Of some units: the ledger, its parts, rates, and seconds until a provider had them."""

    ledger: Ledger
    delivered: Rate = Rate()
    failed: Rate = Rate()
    opened: Rate = Rate()
    clicked: Rate = Rate()
    unsubscribed: Rate = Rate()
    opened_machine: int = 0
    bounced: int = 0
    half: float | None = None  # seconds: the median
    most: float | None = None  # 95 of 100
    nearly_all: float | None = None  # 99 of 100
    timed: int = 0


class PointView(msgspec.Struct, frozen=True):
    """A slot of the axis. `known`: False before counting began, and after now."""

    start: float
    end: float
    known: bool
    figures: FiguresView


class PartView(msgspec.Struct, frozen=True):
    """One channel, category, ...; `key` "" where there is none (no template: text sent with the event)."""

    key: str
    figures: FiguresView
    before: FiguresView | None = None


class HourView(msgspec.Struct, frozen=True):
    """An hour of the week, by the clock of the zone: `weekday` 0 is Monday. `n`: messages that went out."""

    weekday: int
    hour: int
    n: int


class AnalyticsView(msgspec.Struct, frozen=True):
    """`upto`: until when moves are counted. `since`, `until`, `against`: as they were taken, on quarters of an hour.

    `provider`: "" or whose part this is. Then planned is what it was given, sent what it took and failed what failed there: what waits,
    was held or skipped never came to it, and opens and clicks belong to a message. `providers`: who answered in this time.

    `elapsed`: seconds of the range that are past; the stretch before is cut as short, so that like is compared with like.
    """

    since: float
    until: float
    zone: str
    grain: str
    counted_from: float | None
    upto: float
    elapsed: float
    against: float | None
    whole: FiguresView
    before: FiguresView | None
    points: list[PointView]
    parts: list[PartView]
    channels: list[PartView]
    hours: list[HourView]
    provider: str = ""
    providers: list[str] = []


class ChoicesView(msgspec.Struct, frozen=True):
    """What can be filtered by."""

    categories: list[str]
    templates: list[str]
