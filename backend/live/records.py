"""Records of the topic `live`: what open screens are told. They may be lost; the store's cursor tells what was missed."""

import msgspec

from backend.log.codec import encode
from backend.store.inbox import Row


class InboxChanged(msgspec.Struct, tag_field="kind", tag="inbox"):
    """A row of somebody's inbox is new or different."""

    row: Row


class ChatSaid(msgspec.Struct, tag_field="kind", tag="chat"):
    """A new message of a chat channel."""

    space: int
    channel: str
    seq: int
    id: bytes
    author: str
    text: str
    at: float


class OrderMoved(msgspec.Struct, tag_field="kind", tag="order"):
    """An order's state changed."""

    space: int
    order: str
    person: int
    state: str
    detail: str
    at: float


class AlertRaised(msgspec.Struct, tag_field="kind", tag="alert"):
    """A system alert was raised or resolved."""

    space: int
    id: bytes
    severity: str
    title: str
    message: str
    at: float
    resolved_at: float | None = None


Live = InboxChanged | ChatSaid | OrderMoved | AlertRaised


def changed(row: Row) -> bytes:
    """The value of a record that tells of an inbox row."""
    return encode(InboxChanged(row))
