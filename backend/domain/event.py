"""The event: a fact a producer hands in, and the records it becomes on `events.*` and `fanouts.*`."""

from typing import Any

import msgspec

from backend.domain.pacing import Pace

DATA_LIMIT = 256 * 1024  # bytes of JSON
ARRAY_LIMIT = 500  # events in one request
BODY_LIMIT = 1024 * 1024  # bytes of one request
DEDUP_SECONDS = 30 * 86400


class To(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Exactly one of the four: a user id, user ids (at most 10,000), a group key, an audience key."""

    user: str | None = None
    users: list[str] | None = None
    group: str | None = None
    audience: str | None = None


class EventIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event as a producer sends it (contracts.md, POST /v1/events). Times are RFC 3339 with a zone."""

    type: str
    category: str
    to: To
    id: str | None = None
    priority: str | None = None
    template: str | None = None
    title: str | None = None
    message: str | None = None
    data: dict[str, Any] = {}
    channels: list[str] | None = None
    collapse_key: str | None = None
    expires_at: str | None = None
    send_at: str | None = None


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What rendering needs of an event; travels with every record as JSON."""

    title: str = ""
    message: str = ""
    data: dict[str, Any] = {}


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """Record of `events.<priority>`: one accepted event for one person. Times are seconds since 1970, UTC."""

    id: bytes  # 16 bytes; of the root event for a fan-out's child together with `person`
    space: int
    person: int
    type: str
    category: str
    priority: str  # after lowering to the category's max_priority
    accepted: float
    source: int = 1  # who handed it in: SOURCES
    key: str = ""  # the producer's id, "" when it gave none
    channels: tuple[str, ...] = ()  # empty: the category's
    template: str = ""
    version: int = 0  # pinned at acceptance; 0: title and message
    collapse: str = ""
    expires: float = 0.0
    send_at: float = 0.0
    asked_priority: str = ""  # when it was lowered
    root: bool = True  # False for a child of a fan-out: its event row exists already
    recipients: int = 1  # of the event as accepted: more than one when a list of users was split, each with this same id
    body: bytes = b"{}"  # msgspec.json of Body
    # A record that comes back through decide (hold ended, replay): the delivery to decide again.
    delivery: bytes = b""
    channel: int = 0
    address: bytes = b""
    generation: int = 0
    released: float = 0.0
    cancelled: float = 0.0  # when somebody called it back before its `send_at`
    cancelled_by: str = ""
    via: str = ""  # it is a test of this very provider
    campaign: str = ""  # the campaign's key, of what a run of it sends; then `id` is the run
    variant: int = -1  # of the campaign's variants; HOLDOUT gets nothing
    foreseen: bytes = b""  # what the forecast said of this person (domain.forecast), b"" when there was none


class FanOut(msgspec.Struct, frozen=True):
    """Record of `fanouts.<priority>`: an accepted event for many. `event` is the template of each child (person 0)."""

    event: Event
    group: str = ""
    audience: str = ""
    recipients: int = 0  # known at acceptance for a snapshot; 0: counted by the snapshot itself
    cursor: int = -1  # last person released
    pace: Pace = Pace()
    wave: int = -1  # of a campaign's run: whom it walks; then `event.id` is the run


NO_VARIANT, HOLDOUT = -1, -2  # in `Event.variant`: of no campaign; gets nothing, so that the effect can be measured
API, PORTAL, GRAPHQL, CHAT, ORDERS, DIGEST, CAMPAIGN, SCHEDULE = range(1, 9)
SOURCES = {
    "api": API, "portal": PORTAL, "graphql": GRAPHQL, "chat": CHAT, "orders": ORDERS, "digest": DIGEST, "campaign": CAMPAIGN, "schedule": SCHEDULE,
}  # fmt: skip
