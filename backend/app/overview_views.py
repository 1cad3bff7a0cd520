"""What the overview tells: numbers with what they are of, and problems as codes, for the reader's words are made where they are read."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from backend.app.views import LedgerView

Kind = Literal["counts_off", "provider_failing", "waiting", "overdue", "halted", "alert", "dead_letters", "demo"]


class CountTrend(Struct):
    """A count of a day, the same of the day before, and its course in equal parts."""

    n: int
    before: int
    series: list[int]


class RateTrend(Struct):
    """n of `of` in a day and the day before; the course as pairs."""

    n: int
    of: int
    before_n: int
    before_of: int
    series: list[tuple[int, int]]


class TimeTrend(Struct):
    """Seconds until a provider took it, from the event or the end of its hold. None: nothing was measured."""

    median: float | None
    p99: float | None
    before: float | None
    measured: int
    series: list[float | None]


class FlowView(Struct):
    """Where the units born in a day are now: accepted = sent + skipped + failed + folded + unknown + held + pending.

    `sent` are units a provider took or that reached an inbox, `delivered` those of them with a confirmation, `opened` those a person
    opened or read.
    """

    accepted: int
    sent: int
    delivered: int
    opened: int
    clicked: int
    skipped: int
    failed: int
    folded: int
    unknown: int
    held: int
    pending: int


class ChannelView(Struct):
    """One channel in a day. `confirms`: it reports deliveries, so that delivered of sent means something."""

    channel: str
    accepted: int
    sent: int
    delivered: int
    failed: int
    waiting: int
    confirms: bool
    median: float | None = None
    measured: int = 0
    by_hour: list[int] = []  # accepted, from `since` on


class StepView(Struct):
    """One thing a new installation has to do first: person, category or event."""

    key: Literal["person", "category", "event"]
    done: bool


class OverviewView(Struct):
    """The last 24 hours against the 24 before. `steps` is empty as soon as anything was sent."""

    at: datetime
    since: datetime
    accepted: CountTrend
    delivered: RateTrend
    times: TimeTrend
    unsubscribed: RateTrend
    flow: FlowView
    channels: list[ChannelView]
    steps: list[StepView] = []


class LaneView(Struct):
    """What waits for its turn in one priority."""

    priority: str
    waiting: int


class SendView(Struct):
    """A fan-out that is on its way."""

    event: str
    title: str
    category: str
    to: str
    recipients: int
    told: int
    ledger: LedgerView


class ProblemView(Struct):
    """Something somebody should look at. `facts` are names and numbers for the sentence."""

    kind: Kind
    hue: Literal["failed", "held"]
    at: datetime | None = None
    facts: dict[str, Any] = {}


class AheadView(Struct):
    """What comes next: an event at its time, or deliveries whose hold ends then. `more`: at least so many."""

    at: datetime
    kind: Literal["scheduled", "held", "retry"]
    n: int
    more: bool = False
    event: str = ""
    title: str = ""
    category: str = ""


class NowView(Struct):
    """This moment. `per_second`: units that went out, over the last minute."""

    at: datetime
    per_second: float
    lanes: list[LaneView]
    sends: list[SendView]
    problems: list[ProblemView]
    ahead: list[AheadView]
