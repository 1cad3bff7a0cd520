"""The schema's types (contracts.md, "GraphQL"), each made from the facade's view of the same thing."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from backend.app import views


def _aware(text: object) -> datetime:
    if not isinstance(text, str):
        raise ValueError("A DateTime is a text like 2026-01-31T12:00:00Z.")  # noqa: TRY004  (GraphQL's coercion errors are ValueErrors)
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("A DateTime needs its zone: end it with Z or +01:00.")
    return at


DateTime = strawberry.scalar(
    name="DateTime",
    description="RFC 3339 with zone; shown in UTC.",
    serialize=lambda value: value.isoformat().replace("+00:00", "Z"),
    parse_value=_aware,
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
)
SCALARS: dict[object, ScalarDefinition] = {datetime: DateTime}


@strawberry.enum
class NotificationType(Enum):
    SECURITY = "SECURITY"
    TRANSACTION = "TRANSACTION"
    ORDER = "ORDER"
    CHAT = "CHAT"
    SYSTEM = "SYSTEM"
    PRODUCT = "PRODUCT"
    MARKETING = "MARKETING"
    DIGEST = "DIGEST"


@strawberry.enum
class Priority(Enum):
    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@strawberry.enum
class Severity(Enum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@strawberry.enum
class Channel(Enum):
    WEB = "web"
    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"


@strawberry.type
class Action:
    """A button of a notification."""

    key: str
    label: str
    link: str | None = None


@strawberry.type
class Notification:
    """A notification as its person has it now; the latest by id counts. `gap`: changes before it were not kept."""

    id: strawberry.ID
    type: NotificationType
    title: str
    message: str
    timestamp: datetime
    metadata: JSON | None
    category: str
    priority: Priority
    seen_at: datetime | None
    read_at: datetime | None
    archived_at: datetime | None
    snoozed_until: datetime | None
    actions: list[Action]
    image: str | None
    link: str | None
    cursor: str
    silent: bool
    gap: bool
    unread_count: int

    @classmethod
    def of(cls, item: views.InboxItem) -> Self:
        return cls(
            id=strawberry.ID(item.id),
            type=NotificationType(item.type),
            title=item.title,
            message=item.message,
            timestamp=item.timestamp,
            metadata=JSON(item.metadata) if item.metadata else None,
            category=item.category,
            priority=Priority(item.priority),
            seen_at=item.seen_at,
            read_at=item.read_at,
            archived_at=item.archived_at,
            snoozed_until=item.snoozed_until,
            actions=[Action(key=a.key, label=a.label, link=a.link or None) for a in item.actions],
            image=item.image or None,
            link=item.link or None,
            cursor=item.cursor,
            silent=item.silent,
            gap=item.gap,
            unread_count=item.unread_count,
        )


@strawberry.type
class SystemAlert:
    id: strawberry.ID
    severity: Severity
    title: str
    message: str
    timestamp: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, alert: views.AlertView) -> Self:
        return cls(
            id=strawberry.ID(alert.id),
            severity=Severity(alert.severity),
            title=alert.title,
            message=alert.message,
            timestamp=alert.timestamp,
            resolved_at=alert.resolved_at,
        )


@strawberry.type
class ChatMessage:
    id: strawberry.ID
    channel_id: strawberry.ID
    author: str
    text: str
    timestamp: datetime
    cursor: str

    @classmethod
    def of(cls, said: views.ChatMessageView) -> Self:
        return cls(
            id=strawberry.ID(said.id),
            channel_id=strawberry.ID(said.channel_id),
            author=said.author,
            text=said.text,
            timestamp=said.timestamp,
            cursor=said.cursor,
        )


@strawberry.type
class OrderStatus:
    order_id: strawberry.ID
    state: str
    detail: str | None
    timestamp: datetime

    @classmethod
    def of(cls, order: views.OrderView) -> Self:
        return cls(order_id=strawberry.ID(order.order_id), state=order.state, detail=order.detail or None, timestamp=order.timestamp)


@strawberry.type
class Me:
    """Who the token speaks for."""

    id: strawberry.ID
    name: str
    role: str | None
    scopes: list[str]
    timezone: str
    locale: str
    expires_at: datetime | None


@strawberry.type
class Counts:
    unread: int
    unseen: int


@strawberry.type
class PageInfo:
    """Of Relay's connections; these go forward only."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class NotificationEdge:
    node: Notification
    cursor: str


@strawberry.type
class NotificationConnection:
    """`cursor`: where a subscription goes on from this list."""

    edges: list[NotificationEdge]
    page_info: PageInfo
    cursor: str


@strawberry.type
class Reason:
    code: str
    params: JSON
    text: str

    @classmethod
    def of(cls, reason: views.ReasonView) -> Self:
        return cls(code=reason.code, params=JSON(reason.params), text=reason.text)


@strawberry.type
class Gate:
    """What one gate saw: pass, stop, hold or off."""

    gate: str
    result: str
    reason: Reason | None

    @classmethod
    def of(cls, gate: views.GateView) -> Self:
        return cls(gate=gate.gate, result=gate.result, reason=Reason.of(gate.reason) if gate.reason else None)


@strawberry.type
class Unit:
    """What becomes of one notification on one channel and address."""

    channel: str
    address: str
    outcome: str
    until: datetime | None
    silent: bool
    delivery: strawberry.ID | None
    state: str | None
    reasons: list[Reason]
    gates: list[Gate]

    @classmethod
    def of(cls, unit: views.UnitView) -> Self:
        return cls(
            channel=unit.channel,
            address=unit.address,
            outcome=unit.outcome,
            until=unit.until,
            silent=unit.silent,
            delivery=strawberry.ID(unit.delivery) if unit.delivery else None,
            state=unit.state,
            reasons=[Reason.of(r) for r in unit.reasons],
            gates=[Gate.of(g) for g in unit.gates],
        )


@strawberry.type
class Decision:
    user: strawberry.ID
    notification: strawberry.ID | None
    notes: list[Reason]
    units: list[Unit]

    @classmethod
    def of(cls, decision: views.DecisionView) -> Self:
        return cls(
            user=strawberry.ID(decision.user),
            notification=strawberry.ID(decision.notification) if decision.notification else None,
            notes=[Reason.of(r) for r in decision.notes],
            units=[Unit.of(u) for u in decision.units],
        )


@strawberry.type
class Ledger:
    """planned = sent + held + skipped + failed + unknown + pending + folded."""

    planned: int
    sent: int
    held: int
    skipped: int
    failed: int
    unknown: int
    pending: int
    folded: int


@strawberry.type
class Event:
    id: strawberry.ID
    type: str
    category: str
    priority: Priority
    to: JSON
    accepted_at: datetime
    source: str
    recipients: int
    key: str | None
    template: str | None
    version: int | None
    title: str | None
    message: str | None
    data: JSON
    channels: list[str]
    collapse_key: str | None
    expires_at: datetime | None
    send_at: datetime | None
    ledger: Ledger
    decisions: list[Decision]

    @classmethod
    def of(cls, event: views.EventView) -> Self:
        ledger = event.ledger
        return cls(
            id=strawberry.ID(event.id),
            type=event.type,
            category=event.category,
            priority=Priority(event.priority),
            to=JSON(event.to),
            accepted_at=event.accepted_at,
            source=event.source,
            recipients=event.recipients,
            key=event.key,
            template=event.template,
            version=event.version,
            title=event.title,
            message=event.message,
            data=JSON(event.data),
            channels=event.channels,
            collapse_key=event.collapse_key,
            expires_at=event.expires_at,
            send_at=event.send_at,
            ledger=Ledger(**{name: getattr(ledger, name) for name in ledger.__struct_fields__}),
            decisions=[Decision.of(d) for d in event.decisions],
        )
