"""Channels, delivery states and the record that travels on `deliveries.<channel>.<priority>`."""

from enum import IntEnum

import msgspec

CHANNELS = ("web", "email", "push", "sms")
CHANNEL_NUMBER = {"web": 1, "email": 2, "push": 3, "sms": 4}
CHANNEL_NAME = {number: name for name, number in CHANNEL_NUMBER.items()}
PLATFORMS = {"fid": 1, "apns": 2, "webpush": 3}  # of push addresses, their last byte; a registration token of Firebase has none
PLATFORM_NAME = {number: name for name, number in PLATFORMS.items()}
HASH = 16  # bytes of an address's keyed hash; behind them stands the platform
PRIORITIES = ("critical", "high", "normal", "low")
PRIORITY_NUMBER = {name: number for number, name in enumerate(PRIORITIES)}


def platform_of(address: bytes) -> str:
    """Of a push address: whose device it is; "" for a registration token of Firebase."""
    return PLATFORM_NAME.get(address[HASH], "") if len(address) > HASH else ""


def route_of(channel: str, address: bytes) -> str:
    """By which way an address is reached: its channel; of push `push` (Firebase), `push-apns` or `push-webpush`. Providers of one route stand in
    for each other, and no others do."""
    return _BY_PLATFORM.get(platform_of(address), channel) if channel == "push" else channel


_BY_PLATFORM = {"apns": "push-apns", "webpush": "push-webpush"}
ROUTES = ("email", "push", "push-apns", "push-webpush", "sms")  # of channels with providers
ROUTE_CHANNEL = {route: route.partition("-")[0] for route in ROUTES}


class State(IntEnum):
    """Delivery states in rank order (contracts.md). A move is forward in (generation, state)."""

    PENDING = 0
    HELD = 1
    RETRYING = 2
    SENDING = 3
    UNKNOWN = 4
    SENT = 5
    DELIVERED = 6
    FAILED = 7
    BOUNCED = 8
    EXPIRED = 9
    SUPERSEDED = 10
    CANCELLED = 11
    FOLDED = 12
    DEAD = 13


STATE_NAME = {state: state.name.lower() for state in State}
STATE_OF = {name: state for state, name in STATE_NAME.items()}
SKIPPED = 20  # in deltas only: a channel that got no delivery row; it lives in the notification's trace

# Ledger columns, contracts.md "States and ledger".
LEDGER = ("planned", "sent", "held", "skipped", "failed", "unknown", "pending", "folded")
LEDGER_OF = {
    State.PENDING: "pending",
    State.HELD: "held",
    State.RETRYING: "pending",
    State.SENDING: "pending",
    State.UNKNOWN: "unknown",
    State.SENT: "sent",
    State.DELIVERED: "sent",
    State.FAILED: "failed",
    State.BOUNCED: "failed",
    State.DEAD: "failed",
    State.EXPIRED: "skipped",
    State.SUPERSEDED: "skipped",
    State.CANCELLED: "skipped",
    State.FOLDED: "folded",
    SKIPPED: "skipped",
}


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the deliver stage is given: references and the event's data, never a rendered body, never an open address."""

    id: bytes  # made of (notification, person, channel, address)
    notification: bytes
    event: bytes  # the accepted event: the root, for a fan-out
    space: int
    person: int
    channel: int
    address: bytes  # keyed hash; the person's 8 bytes for web
    category: str
    priority: str
    cohort: int
    accepted: float  # seconds; latency counts from max(accepted, released)
    type: str = ""
    generation: int = 0
    attempt: int = 1  # number of the attempt to make
    template: str = ""
    version: int = 0  # 0: title and message in `body`
    released: float = 0.0
    expires: float = 0.0  # 0: never
    collapse: str = ""
    silent: bool = False  # web within quiet hours
    body: bytes = b"{}"  # msgspec.json of domain.event.Body
    via: str = ""  # a test of this very provider
    campaign: str = ""  # key of the campaign it belongs to
