"""The inbox as its person has it. See `views`."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from backend.app.view_types import Moment
from backend.domain.template import Action


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
