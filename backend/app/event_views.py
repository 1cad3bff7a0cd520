"""What a list of events shows of each, and what became of one event's deliveries."""

from datetime import datetime

from msgspec import Struct

from backend.app.views import LedgerView


class EventLine(Struct):
    """One event of a list. `to` is the key of a group, an audience or a campaign (`kind` says which), `user` a user id; both "" for a list of users."""

    id: str
    type: str
    title: str
    category: str
    priority: str
    source: str
    accepted_at: datetime
    recipients: int
    ledger: LedgerView
    to: str = ""
    user: str = ""
    template: str = ""
    kind: str = ""


class CancelView(Struct):
    """An event that was called back: when it would have been sent, and to how many it was planned (None: a group, counted when it is expanded)."""

    id: str
    send_at: datetime
    recipients: int | None = None


class StateCount(Struct):
    """Deliveries of an event on one channel in one state."""

    channel: str
    state: str
    n: int


class CourseView(Struct):
    """What became of an event's deliveries, and when they moved."""

    states: list[StateCount]
    first_attempt: datetime | None = None
    last_answer: datetime | None = None
    last_change: datetime | None = None
