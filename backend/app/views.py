"""What the facade takes and gives: plain values, ready for JSON (msgspec), the same for HTTP, GraphQL, the command and the portal.

`...In` is what somebody hands in (unknown fields are refused; a field left out of a change stays as it is, null clears it);
`...View` is what is shown. Ids are 32 hexadecimal digits. Times are aware datetimes in UTC; JSON shows RFC 3339 with Z.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from backend.app.content_views import (
    CategoryIn,
    CategoryView,
    PreviewIn,
    PreviewView,
    PublishIn,
    RollbackIn,
    SuppressionIn,
    SuppressionView,
    TemplateIn,
    TemplateView,
    VersionView,
)
from backend.app.inbox_views import Counts, InboxChange, InboxItem, InboxPage
from backend.app.person_views import (
    AddressIn,
    AddressView,
    GroupIn,
    GroupView,
    PersonIn,
    PersonView,
    PreferencesIn,
    PreferencesView,
    QuietHoursIn,
)
from backend.app.view_types import (
    ChannelName,
    Clock,
    Key,
    Moment,
    Name,
    Page,
    PriorityName,
    ReasonView,
    Severity,
    TypeName,
    moment,
    moment_or_none,
)
from backend.domain.segments import Segments

__all__ = [
    "Accepted",
    "AddressIn",
    "AddressView",
    "AlertIn",
    "AlertView",
    "CategoryIn",
    "CategoryView",
    "ChannelName",
    "ChatMessageIn",
    "ChatMessageView",
    "Clock",
    "Counts",
    "DeadView",
    "DecisionView",
    "DeliveryView",
    "EventView",
    "GateView",
    "GroupIn",
    "GroupView",
    "InboxChange",
    "InboxItem",
    "InboxPage",
    "Key",
    "LedgerView",
    "LinkView",
    "MembersIn",
    "Moment",
    "Name",
    "OrderIn",
    "OrderView",
    "Page",
    "PersonIn",
    "PersonView",
    "PreferencesIn",
    "PreferencesView",
    "PreviewIn",
    "PreviewView",
    "PriorityName",
    "PublishIn",
    "QuietHoursIn",
    "ReasonView",
    "RollbackIn",
    "Severity",
    "SuppressionIn",
    "SuppressionView",
    "TemplateIn",
    "TemplateView",
    "TimelineEntry",
    "TypeName",
    "UnitView",
    "VersionView",
    "moment",
    "moment_or_none",
]


# ---- events and decisions
class Accepted(Struct, frozen=True):
    """One accepted event: its id (16 bytes), and whether it is a repeat of one accepted before."""

    id: bytes
    duplicate: bool = False


class GateView(Struct):
    """What one gate saw: pass, stop, hold or off (not asked)."""

    gate: str
    result: Literal["pass", "stop", "hold", "off"]
    reason: ReasonView | None = None


class UnitView(Struct):
    """What becomes of one notification on one channel and address. `address` is masked; "" when there is none. `segments`: of an SMS, in a dry
    run. `decided_at`: when what stands here was decided, null in a dry run and in lists."""

    channel: str
    address: str
    outcome: Literal["send", "hold", "skip", "fold"]
    reasons: list[ReasonView]
    gates: list[GateView]
    until: datetime | None = None
    silent: bool = False
    delivery: str | None = None
    state: str | None = None
    segments: Segments | None = None
    decided_at: datetime | None = None


class DecisionView(Struct):
    """The decision for one person; `notification` is null in a dry run."""

    user: str
    units: list[UnitView]
    notes: list[ReasonView] = []
    notification: str | None = None


class LedgerView(Struct):
    """planned = sent + held + skipped + failed + unknown + pending + folded; unit: one (notification, channel, address or none)."""

    planned: int = 0
    sent: int = 0
    held: int = 0
    skipped: int = 0
    failed: int = 0
    unknown: int = 0
    pending: int = 0
    folded: int = 0


class EventView(Struct):
    """An accepted event with its ledger; `decisions` holds at most the first 50 people."""

    id: str
    type: str
    category: str
    priority: str
    to: dict[str, Any]  # as it was sent; of a list of users {"users": n}
    accepted_at: datetime
    source: str
    recipients: int
    ledger: LedgerView
    decisions: list[DecisionView]
    key: str | None = None  # the producer's id
    asked_priority: str | None = None  # when it was lowered
    template: str | None = None
    version: int | None = None
    title: str | None = None
    message: str | None = None
    data: dict[str, Any] = {}
    channels: list[str] = []
    collapse_key: str | None = None
    expires_at: datetime | None = None
    send_at: datetime | None = None


# ---- deliveries
class TimelineEntry(Struct):
    """Something that happened to a delivery: accepted, decided, held, released, attempt, outcome, receipt, seen, read ..."""

    at: datetime
    kind: str
    text: str
    state: str | None = None
    provider: str | None = None
    code: str | None = None
    raw: str | None = None  # the provider's own words; for staff
    attempt: int | None = None


class DeliveryView(Struct):
    """One notification on one channel and address. `trace` and `timeline` are null in lists."""

    id: str
    event: str
    notification: str
    user: str
    channel: str
    address: str  # masked
    category: str
    priority: str
    state: str
    accepted_at: datetime
    changed_at: datetime
    generation: int = 0
    reason: ReasonView | None = None
    until: datetime | None = None
    template: str | None = None
    version: int | None = None
    type: str = ""
    title: str = ""  # of the event; "" when its template makes it
    trace: list[GateView] | None = None
    timeline: list[TimelineEntry] | None = None
    units: list[UnitView] | None = None  # of the whole notification: the other channels, skipped ones too


class NotificationView(Struct):
    """One notification with what was decided on every channel, those that were skipped too: also of somebody who got nothing anywhere, for whom there is
    no delivery. `campaign`: its key when a campaign sent it; `variant`: place among its messages, -2 held out, -3 waits for the winner."""

    id: str
    event: str
    user: str
    category: str
    priority: str
    accepted_at: datetime
    units: list[UnitView]
    notes: list[ReasonView] = []
    type: str = ""
    title: str = ""  # of the event; "" when its template makes it
    template: str | None = None
    version: int | None = None
    campaign: str = ""
    campaign_name: str = ""
    variant: int | None = None


# ---- chat, orders, alerts
class MembersIn(Struct, forbid_unknown_fields=True):
    members: Annotated[list[Key], Meta(max_length=10_000)]


class ChatMessageIn(Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=10_000)]


class ChatMessageView(Struct):
    id: str
    channel_id: str
    author: str
    text: str
    timestamp: datetime
    cursor: str


class OrderIn(Struct, forbid_unknown_fields=True):
    owner: Key  # user id
    state: Annotated[str, Meta(min_length=1, max_length=64)]
    detail: Annotated[str, Meta(max_length=2000)] | None = None


class OrderView(Struct):
    order_id: str
    state: str
    timestamp: datetime
    detail: str | None = None
    owner: str | None = None


class AlertIn(Struct, forbid_unknown_fields=True):
    """`id` of an open alert with `resolved` true closes it."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    message: Annotated[str, Meta(max_length=2000)] = ""
    severity: Severity = "warning"
    id: str | None = None
    resolved: bool = False


class AlertView(Struct):
    id: str
    severity: str
    title: str
    message: str
    timestamp: datetime
    resolved_at: datetime | None = None


# ---- operating
class DeadView(Struct):
    id: str
    at: datetime
    topic: str
    stage: str
    cause: str
    fingerprint: str
    detail: str = ""
    replayed_at: datetime | None = None


# ---- signed links
class LinkView(Struct):
    """What a page behind a signed link may say; nothing that a forwarded mail should not tell."""

    brand: str  # of the sender
    locale: str
    category: str = ""
    category_name: str = ""
    channel: str = ""
    address: str = ""  # masked
    opted_out: bool = False
    title: str = ""
    sent_at: datetime | None = None
    reasons: list[ReasonView] = []
    kind: str = ""  # of the category
    timezone: str = "UTC"  # the person's
