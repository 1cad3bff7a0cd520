"""What operators see of the engine: what is stuck, and the numbers that prove it."""

from datetime import datetime

from msgspec import Struct

from backend.domain.engine import Finding


class FindingView(Finding, frozen=True, kw_only=True):
    """Something that is wrong. `sentence` says what, why, and what to do; `look`: failed or held; `link`: the page of the portal where one acts;
    `more`: `n` is a lower bound. The other fields are what the sentence is made of."""

    sentence: str


class LaneLook(Struct):
    """A lane. `stage`: expand, decide or deliver.<channel>; `waiting`: records before a channel is decided, deliveries behind it;
    `oldest`: seconds the oldest record has waited, null when nothing waits; `per_second`: taken by providers, over five whole minutes."""

    stage: str
    channel: str
    priority: str
    waiting: int
    oldest: float | None
    per_second: float
    target: float


class TookView(Struct):
    """From accepted (or released) to taken by a provider, over about five minutes: seconds, null when nothing went."""

    priority: str
    n: int
    p50: float | None
    p99: float | None


class StageView(Struct):
    """A part of the line: how many processes run it, and when the last of them said so."""

    name: str
    processes: int
    last: datetime | None


class CountView(Struct):
    """A count; `more`: there are more than that."""

    n: int
    more: bool = False


class EngineView(Struct):
    """One look. `sentence`: the gravest finding, or that everything moves. What a part that is away would know is empty, and `away` names it."""

    at: datetime
    sentence: str
    well: bool
    findings: list[FindingView]
    away: list[str]
    lanes: list[LaneLook]
    took: list[TookView]
    stages: list[StageView]
    due: CountView
    late: CountView
    parked: CountView
    dead: CountView
