"""More of the schema's types: deliveries, preferences, addresses, and what mutations take."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry
from strawberry.scalars import JSON

from backend.app import views
from backend.graphql.types import Channel, Gate, PageInfo, Priority, Reason, Unit


@strawberry.type
class TimelineEntry:
    at: datetime
    kind: str
    text: str
    state: str | None
    provider: str | None
    code: str | None
    attempt: int | None

    @classmethod
    def of(cls, entry: views.TimelineEntry) -> Self:
        return cls(
            at=entry.at,
            kind=entry.kind,
            text=entry.text,
            state=entry.state,
            provider=entry.provider,
            code=entry.code,
            attempt=entry.attempt,
        )


@strawberry.type
class Delivery:
    """One notification on one channel and address. `trace`, `timeline` and `units` are null in lists."""

    id: strawberry.ID
    event: strawberry.ID
    notification: strawberry.ID
    user: strawberry.ID
    channel: str
    address: str
    category: str
    priority: Priority
    state: str
    generation: int
    reason: Reason | None
    until: datetime | None
    accepted_at: datetime
    changed_at: datetime
    template: str | None
    version: int | None
    trace: list[Gate] | None
    timeline: list[TimelineEntry] | None
    units: list[Unit] | None

    @classmethod
    def of(cls, d: views.DeliveryView) -> Self:
        return cls(
            id=strawberry.ID(d.id),
            event=strawberry.ID(d.event),
            notification=strawberry.ID(d.notification),
            user=strawberry.ID(d.user),
            channel=d.channel,
            address=d.address,
            category=d.category,
            priority=Priority(d.priority),
            state=d.state,
            generation=d.generation,
            reason=Reason.of(d.reason) if d.reason else None,
            until=d.until,
            accepted_at=d.accepted_at,
            changed_at=d.changed_at,
            template=d.template,
            version=d.version,
            trace=None if d.trace is None else [Gate.of(g) for g in d.trace],
            timeline=None if d.timeline is None else [TimelineEntry.of(e) for e in d.timeline],
            units=None if d.units is None else [Unit.of(u) for u in d.units],
        )


@strawberry.type
class DeliveryEdge:
    node: Delivery
    cursor: str


@strawberry.type
class DeliveryConnection:
    edges: list[DeliveryEdge]
    page_info: PageInfo


@strawberry.type
class QuietHours:
    start: str
    end: str
    days: list[int]


@strawberry.enum
class Frequency(Enum):
    """When that comes which can wait: as it happens, together in the evening, or together on Fridays."""

    EACH = "each"
    DAILY = "daily"
    WEEKLY = "weekly"


@strawberry.type
class Preferences:
    """What a person said; tables of channel, category and category by channel."""

    channels: JSON
    categories: JSON
    matrix: JSON
    quiet_hours: list[QuietHours]
    paused_until: datetime | None
    consents: JSON
    timezone: str
    revision: int
    frequency: Frequency | None
    tracking: bool | None

    @classmethod
    def of(cls, p: views.PreferencesView) -> Self:
        return cls(
            channels=JSON(p.channels),
            categories=JSON(p.categories),
            matrix=JSON(p.matrix),
            quiet_hours=[QuietHours(start=q.start, end=q.end, days=q.days) for q in p.quiet_hours],
            paused_until=p.paused_until,
            consents=JSON(p.consents),
            timezone=p.timezone,
            revision=p.revision,
            frequency=Frequency(p.frequency) if p.frequency else None,
            tracking=p.tracking,
        )


@strawberry.type
class Address:
    id: strawberry.ID
    channel: str
    address: str
    label: str
    suppressed: Reason | None
    platform: str
    registered_at: datetime | None

    @classmethod
    def of(cls, a: views.AddressView) -> Self:
        return cls(
            id=strawberry.ID(a.id),
            channel=a.channel,
            address=a.address,
            label=a.label,
            suppressed=Reason.of(a.suppressed) if a.suppressed else None,
            platform=a.platform,
            registered_at=a.created_at,
        )


@strawberry.type
class AcceptedEvent:
    """An event that is durable now. `duplicate`: it was accepted before, under this id."""

    id: strawberry.ID
    url: str
    duplicate: bool


@strawberry.input
class ToInput:
    """Exactly one of these."""

    user: strawberry.ID | None = None
    users: list[strawberry.ID] | None = None
    group: strawberry.ID | None = None
    audience: strawberry.ID | None = None


@strawberry.input
class EventInput:
    """As POST /v1/events takes it."""

    type: str
    category: str
    to: ToInput
    id: str | None = None
    priority: Priority | None = None
    template: str | None = None
    title: str | None = None
    message: str | None = None
    data: JSON | None = None
    channels: list[Channel] | None = None
    collapse_key: str | None = None
    expires_at: datetime | None = None
    send_at: datetime | None = None


@strawberry.input
class QuietHoursInput:
    """Wall times HH:MM in the person's zone; days on which it begins, 0 is Monday."""

    start: str
    end: str
    days: list[int] | None = None


@strawberry.input
class PreferencesInput:
    """What is left out stays. Tables: channel, category, or category to channel, with true, false or null (takes the wish back)."""

    channels: JSON | None = strawberry.UNSET
    categories: JSON | None = strawberry.UNSET
    matrix: JSON | None = strawberry.UNSET
    quiet_hours: list[QuietHoursInput] | None = strawberry.UNSET
    paused_until: datetime | None = strawberry.UNSET
    consents: JSON | None = strawberry.UNSET
    frequency: Frequency | None = strawberry.UNSET
    tracking: bool | None = strawberry.UNSET
