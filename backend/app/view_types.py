"""What every view is made of: names of channels and priorities, moments, pages, reasons."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import Meta, Struct

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


class ReasonView(Struct):
    """A reason: its code (contracts.md), its parameters, and the sentence for whoever reads it."""

    code: str
    params: dict[str, Any] = {}
    text: str = ""
