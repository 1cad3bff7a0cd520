"""What the facade shows of dead letters: groups by cause, one letter opened, and what sending again would do."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from backend.app.views import UnitView
from backend.domain.deadletter import Advice

LetterState = Literal["open", "replayed", "dropped"]


class LetterGroupView(Struct):
    """Letters of one cause. `code`: what the cause begins with."""

    fingerprint: str
    code: str
    cause: str
    advice: Advice
    stage: str
    topic: str
    count: int
    oldest_at: datetime
    newest_at: datetime


class LetterCounts(Struct):
    """How many letters there are; `today`: sent again within a day."""

    open: int
    replayed: int
    dropped: int
    today: int
    oldest_at: datetime | None = None


class LetterView(Struct):
    """One letter opened. `body`: title, message and data as they would be sent, null where nobody can read the record."""

    id: str
    at: datetime
    stage: str
    topic: str
    cause: str
    fingerprint: str
    detail: str = ""
    type: str = ""
    category: str = ""
    priority: str = ""
    template: str = ""
    version: int = 0
    channel: str = ""
    user: str = ""
    event: str = ""
    delivery: str = ""
    body: dict[str, Any] | None = None
    replayed_at: datetime | None = None
    dropped_at: datetime | None = None


class GoingView(Struct):
    """Letters that are on their way back at a rate: how many, and when the last one goes."""

    waiting: int
    until: datetime | None = None


class AgainView(Struct):
    """What would become of letters sent again now, decided by the line's own rules. `looked`: at how many of `count`."""

    count: int
    looked: int
    sent: int = 0
    held: int = 0
    stopped: int = 0
    unreadable: int = 0
    units: list[UnitView] = []  # of the first letter
    user: str = ""
