"""What the facade takes and gives: plain values, ready for JSON (msgspec), the same for HTTP, GraphQL, the command and the portal.

`...In` is what somebody hands in (unknown fields are refused; a field left out of a change stays as it is, null clears it);
`...View` is what is shown. Ids are 32 hexadecimal digits. Times are aware datetimes in UTC; JSON shows RFC 3339 with Z.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from backend.domain.category import Kind
from backend.domain.template import Action, Content, Message, Variable

T = TypeVar("T")
Moment = Annotated[datetime, Meta(tz=True)]
ChannelName = Literal["web", "email", "push", "sms"]
PriorityName = Literal["critical", "high", "normal", "low"]
TypeName = Literal["SECURITY", "TRANSACTION", "ORDER", "CHAT", "SYSTEM", "PRODUCT", "MARKETING", "DIGEST"]
Severity = Literal["info", "warning", "error", "critical"]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]  # wall time, HH:MM
Name = Annotated[str, Meta(max_length=200)]
Key = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+\-]*$")]


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as an aware datetime in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def moment_or_none(seconds: float | None) -> datetime | None:
    """The same, for a time that may not be set: None and 0 are None."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


class Page(Struct, Generic[T]):
    """A list in parts; `next` continues it, null at its end."""

    items: list[T]
    next: str | None = None


# ---- events and decisions
class Accepted(Struct, frozen=True):
    """One accepted event: its id (16 bytes), and whether it is a repeat of one accepted before."""

    id: bytes
    duplicate: bool = False


class ReasonView(Struct):
    """A reason: its code (contracts.md), its parameters, and the sentence for whoever reads it."""

    code: str
    params: dict[str, Any] = {}
    text: str = ""


class GateView(Struct):
    """What one gate saw: pass, stop, hold or off (not asked)."""

    gate: str
    result: Literal["pass", "stop", "hold", "off"]
    reason: ReasonView | None = None


class UnitView(Struct):
    """What becomes of one notification on one channel and address. `address` is masked; "" when there is none."""

    channel: str
    address: str
    outcome: Literal["send", "hold", "skip", "fold"]
    reasons: list[ReasonView]
    gates: list[GateView]
    until: datetime | None = None
    silent: bool = False
    delivery: str | None = None
    state: str | None = None


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


# ---- people
class PersonIn(Struct, forbid_unknown_fields=True):
    """A person as the customer knows them. `email` and `phone` stand for the first address of their channel."""

    name: Name | None | UnsetType = UNSET
    email: Annotated[str, Meta(max_length=254)] | None | UnsetType = UNSET
    phone: Annotated[str, Meta(max_length=32)] | None | UnsetType = UNSET
    timezone: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET
    locale: Annotated[str, Meta(max_length=35)] | UnsetType = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET
    groups: list[Key] | UnsetType = UNSET


class PersonView(Struct):
    id: str  # the customer's user id
    revision: int
    created_at: datetime
    changed_at: datetime
    name: str = ""
    email: str | None = None
    phone: str | None = None
    timezone: str = "UTC"
    locale: str = "en"
    attributes: dict[str, Any] = {}
    groups: list[str] = []


class AddressIn(Struct, forbid_unknown_fields=True):
    """Where a person is on a channel; an address handed in twice is one address."""

    channel: Literal["email", "push", "sms"]
    address: Annotated[str, Meta(min_length=1, max_length=4096)]
    label: Name = ""


class AddressView(Struct):
    id: str  # its keyed hash, hexadecimal
    channel: str
    address: str
    label: str = ""
    suppressed: ReasonView | None = None
    created_at: datetime | None = None


class QuietHoursIn(Struct, forbid_unknown_fields=True):
    """Wall times in the person's zone; a span may pass midnight. `days` on which it begins, 0 is Monday."""

    start: Clock
    end: Clock
    days: list[Annotated[int, Meta(ge=0, le=6)]] = field(default_factory=lambda: [0, 1, 2, 3, 4, 5, 6])


class PreferencesIn(Struct, forbid_unknown_fields=True):
    """Wishes. What is left out stays; null for one entry of a table takes the wish back, so that the next level decides.

    `consents`: the person's answer to a marketing category, recorded with time and source. `frequency`: what can wait comes as it
    happens (each), together between 17:00 and 18:00 (daily), or then on Fridays (weekly).
    """

    channels: dict[str, bool | None] | UnsetType = UNSET
    categories: dict[str, bool | None] | UnsetType = UNSET
    matrix: dict[str, dict[str, bool | None]] | UnsetType = UNSET
    quiet_hours: list[QuietHoursIn] | None | UnsetType = UNSET
    paused_until: Moment | None | UnsetType = UNSET
    consents: dict[str, bool] | UnsetType = UNSET
    frequency: Literal["each", "daily", "weekly"] | None | UnsetType = UNSET


class PreferencesView(Struct):
    channels: dict[str, bool] = {}
    categories: dict[str, bool] = {}
    matrix: dict[str, dict[str, bool]] = {}
    quiet_hours: list[QuietHoursIn] = []
    paused_until: datetime | None = None
    consents: dict[str, bool] = {}
    timezone: str = "UTC"
    revision: int = 0
    frequency: str | None = None


class GroupIn(Struct, forbid_unknown_fields=True):
    """`members` (user ids) replaces the group's members; preferences are its members' defaults."""

    name: Name | UnsetType = UNSET
    members: Annotated[list[Key], Meta(max_length=10_000)] | UnsetType = UNSET
    preferences: PreferencesIn | UnsetType = UNSET


class GroupView(Struct):
    key: str
    name: str
    members: int
    preferences: PreferencesView
    revision: int
    changed_at: datetime


# ---- content
class CategoryIn(Struct, forbid_unknown_fields=True):
    """contracts.md, PUT /v1/categories/{key}. `revision`: the one you read; another in force is refused as stale."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    kind: Kind = "service"
    description: Annotated[str, Meta(max_length=2000)] = ""
    type: TypeName = "SYSTEM"
    max_priority: PriorityName = "high"
    channels: list[ChannelName] = field(default_factory=lambda: ["web", "email"])
    plan: list[dict[str, Any]] | None = None
    urgent: bool = False
    ordered: bool = False
    digest: dict[str, Any] | None = None
    cap: dict[str, int] | None = None
    value: int = 0
    tracking: bool = True
    template: str = ""
    revision: int | None = None


class CategoryView(Struct):
    key: str
    name: str
    kind: Kind
    description: str
    type: str
    max_priority: str
    channels: list[str]
    urgent: bool
    ordered: bool
    value: int
    tracking: bool
    template: str
    revision: int
    changed_at: datetime
    plan: list[dict[str, Any]] | None = None
    digest: dict[str, Any] | None = None
    cap: dict[str, int] | None = None


class TemplateIn(Struct, forbid_unknown_fields=True):
    """A draft. `samples` is the `data` of previews. `revision`: the one you read."""

    content: Content
    name: Name | UnsetType = UNSET
    samples: dict[str, Any] | UnsetType = UNSET
    schema: dict[str, Any] | UnsetType = UNSET
    revision: int | None = None


class PublishIn(Struct, forbid_unknown_fields=True):
    """`revision`: the one you read. `note`: why, for those who look at the versions later."""

    revision: int | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


class RollbackIn(Struct, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1)]
    revision: int | None = None


class VersionView(Struct):
    version: int
    published_by: str
    at: datetime
    note: str = ""


class TemplateView(Struct):
    key: str
    name: str
    draft: Content
    published: int  # 0: none yet
    revision: int
    changed_at: datetime
    samples: dict[str, Any] = {}
    schema: dict[str, Any] = {}
    variables: list[Variable] = []
    versions: list[VersionView] = []
    changed_by: str = ""


class PreviewIn(Struct, forbid_unknown_fields=True):
    """What to render: the draft, or `version`; for `user` when given, with `data` over the samples."""

    channel: ChannelName | None = None
    locale: Annotated[str, Meta(max_length=35)] = "en"
    data: dict[str, Any] | None = None
    user: str | None = None
    version: int | None = None
    content: Content | None = None  # instead of the draft


class PreviewView(Struct):
    messages: dict[str, Message]  # by channel


class SuppressionIn(Struct, forbid_unknown_fields=True):
    channel: Literal["email", "push", "sms"]
    address: Annotated[str, Meta(min_length=1, max_length=4096)]
    reason: Annotated[str, Meta(min_length=1, max_length=64)] = "manual"
    until: Moment | None = None


class SuppressionView(Struct):
    """`address` is the keyed hash: the list does not hold the address itself."""

    channel: str
    address: str
    reason: str
    source: str
    since: datetime
    until: datetime | None = None


# ---- inbox
class InboxItem(Struct):
    """One notification as its person has it now, at `cursor`. `gap`: changes before it were not kept; read the list again."""

    id: str
    type: str
    title: str
    message: str
    timestamp: datetime
    category: str
    priority: str
    cursor: str
    metadata: dict[str, Any] = {}
    seen_at: datetime | None = None
    read_at: datetime | None = None
    archived_at: datetime | None = None
    snoozed_until: datetime | None = None
    actions: list[Action] = []
    image: str | None = None
    link: str | None = None
    silent: bool = False
    gap: bool = False
    unread_count: int = 0


class InboxPage(Struct):
    """`cursor`: where a subscription or poll goes on. `next`: the next part of this list, null at its end."""

    items: list[InboxItem]
    cursor: str
    next: str | None = None


class InboxChange(Struct, forbid_unknown_fields=True):
    """Flags to set (true) or take back (false); what is left out stays."""

    seen: bool | UnsetType = UNSET
    read: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    snoozed_until: Moment | None | UnsetType = UNSET


class Counts(Struct):
    unread: int
    unseen: int


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
