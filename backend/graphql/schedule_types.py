"""The schema's types of schedules: events that are sent again and again."""

from datetime import datetime
from typing import Self

import msgspec
import strawberry
from strawberry.scalars import JSON

from backend.app import schedule_views
from backend.graphql.people_types import ToInput
from backend.graphql.types import Channel, PageInfo, Priority


@strawberry.type
class ScheduleTo:
    """Whom a schedule tells: exactly one of these."""

    user: strawberry.ID | None
    users: list[strawberry.ID] | None
    group: strawberry.ID | None
    audience: strawberry.ID | None


@strawberry.type
class Firing:
    """One time of a schedule: fired, missed or refused. `n`: people told, or times that were missed from this one on."""

    id: strawberry.ID
    planned_at: datetime
    at: datetime
    outcome: str
    n: int
    detail: str
    event: strawberry.ID | None

    @classmethod
    def of(cls, f: schedule_views.FiringView) -> Self:
        return cls(id=strawberry.ID(f.id), planned_at=f.planned_at, at=f.at, outcome=f.outcome, n=f.n, detail=f.detail, event=strawberry.ID(f.event) if f.event else None)


@strawberry.type
class Schedule:
    """A cron line on the clock of `zone`, an IANA name or "person" for each person's own, and what it sends. `upcoming`: its next five times."""

    key: strawberry.ID
    name: str
    cron: str
    zone: str
    category: str
    type: str
    to: ScheduleTo
    template: str
    title: str
    message: str
    data: JSON
    channels: list[Channel] | None
    priority: Priority | None
    grace: int
    expires: int
    paused: bool
    upcoming: list[datetime]
    revision: int
    changed_at: datetime
    changed_by: str
    last: Firing | None

    @classmethod
    def of(cls, s: schedule_views.ScheduleView) -> Self:
        fields = {name: getattr(s, name) for name in s.__struct_fields__}
        to = s.to
        fields |= {
            "key": strawberry.ID(s.key),
            "to": ScheduleTo(
                user=strawberry.ID(to.user) if to.user else None, users=[strawberry.ID(one) for one in to.users] if to.users is not None else None,
                group=strawberry.ID(to.group) if to.group else None, audience=strawberry.ID(to.audience) if to.audience else None,
            ),
            "channels": [Channel(one) for one in s.channels] if s.channels is not None else None,
            "priority": Priority(s.priority) if s.priority else None,
            "last": Firing.of(s.last) if s.last else None,
        }  # fmt: skip
        return cls(**fields)


@strawberry.type
class ScheduleEdge:
    node: Schedule
    cursor: str


@strawberry.type
class ScheduleConnection:
    edges: list[ScheduleEdge]
    page_info: PageInfo


@strawberry.type
class FiringEdge:
    node: Firing
    cursor: str


@strawberry.type
class FiringConnection:
    edges: list[FiringEdge]
    page_info: PageInfo


@strawberry.input
class ScheduleInput:
    """As PUT /v1/schedules/{key} takes it. `revision`: the one you read, 0 to make a new one."""

    cron: str
    category: str
    to: ToInput
    name: str | None = None
    zone: str | None = None
    type: str | None = None
    template: str | None = None
    title: str | None = None
    message: str | None = None
    data: JSON | None = None
    channels: list[Channel] | None = None
    priority: Priority | None = None
    grace: int | None = None
    expires: int | None = None
    paused: bool | None = None
    revision: int | None = None

    def plain(self) -> dict[str, object]:
        """What was given, as JSON would hold it."""
        given: dict[str, object] = {name: value for name, value in vars(self).items() if value is not None and name not in ("to", "channels", "priority")}
        given["to"] = {name: value for name, value in vars(self.to).items() if value is not None}
        if self.channels is not None:
            given["channels"] = [one.value for one in self.channels]
        if self.priority is not None:
            given["priority"] = self.priority.value
        return dict(msgspec.to_builtins(given))
