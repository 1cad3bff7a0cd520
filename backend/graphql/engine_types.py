"""The schema's types of the engine: what is stuck, and what proves it."""

from datetime import datetime
from typing import Self

import msgspec
import strawberry

from backend.app import engine_views
from backend.graphql.types import Priority


@strawberry.type
class Finding:
    """Something that is wrong: `sentence` says what, why, and what to do. `link`: the page of the portal where one acts."""

    kind: str
    look: str
    sentence: str
    link: str
    name: str
    channel: str
    priority: str
    code: str
    by: str
    n: int
    more: bool
    seconds: float
    aim: float


@strawberry.type
class EngineLane:
    """What waits for a stage in one priority; `oldest` in seconds, null when nothing waits."""

    stage: str
    channel: str
    priority: Priority
    waiting: int
    oldest: float | None
    per_second: float
    target: float


@strawberry.type
class Took:
    """Seconds from accepted to taken by a provider, over about five minutes; null when nothing went."""

    priority: Priority
    n: int
    p50: float | None
    p99: float | None


@strawberry.type
class EngineStage:
    """A part of the line: how many processes run it, and when the last of them said so."""

    name: str
    processes: int
    last: datetime | None


@strawberry.type
class Counted:
    """A count; `more`: there are more than that."""

    n: int
    more: bool


@strawberry.type
class Engine:
    """One look: what is stuck, why and what to do, or that everything moves."""

    at: datetime
    sentence: str
    well: bool
    findings: list[Finding]
    away: list[str]
    lanes: list[EngineLane]
    took: list[Took]
    stages: list[EngineStage]
    due: Counted
    late: Counted
    parked: Counted
    dead: Counted

    @classmethod
    def of(cls, e: engine_views.EngineView) -> Self:
        def counted(one: engine_views.CountView) -> Counted:
            return Counted(n=one.n, more=one.more)

        return cls(
            at=e.at, sentence=e.sentence, well=e.well, away=e.away, findings=[Finding(**msgspec.structs.asdict(one)) for one in e.findings],
            lanes=[EngineLane(**{**msgspec.structs.asdict(one), "priority": Priority(one.priority)}) for one in e.lanes],
            took=[Took(**{**msgspec.structs.asdict(one), "priority": Priority(one.priority)}) for one in e.took],
            stages=[EngineStage(**msgspec.structs.asdict(one)) for one in e.stages],
            due=counted(e.due), late=counted(e.late), parked=counted(e.parked), dead=counted(e.dead),
        )  # fmt: skip
