"""People as they are handed in and shown: profile, addresses, wishes, groups. See `views`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from backend.app.view_types import Clock, Key, Moment, Name, ReasonView


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
    """Where a person is on a channel; an address handed in twice is one address. `platform`: of push, whose device it is: fcm (a registration
    token of Firebase, also when it is left out), fid (a Firebase installation id), apns (a device token of Apple, hexadecimal), webpush (what JSON.stringify(subscription) says
    in a browser)."""

    channel: Literal["email", "push", "sms"]
    address: Annotated[str, Meta(min_length=1, max_length=4096)]
    label: Name = ""
    platform: Literal["", "fcm", "fid", "apns", "webpush"] = ""


class AddressView(Struct):
    """`created_at`: of a device, when its app registered it last. `platform`: of a device, as in `AddressIn`."""

    id: str  # its keyed hash, hexadecimal
    channel: str
    address: str
    label: str = ""
    suppressed: ReasonView | None = None
    created_at: datetime | None = None
    platform: str = ""


class QuietHoursIn(Struct, forbid_unknown_fields=True):
    """Wall times in the person's zone; a span may pass midnight. `days` on which it begins, 0 is Monday."""

    start: Clock
    end: Clock
    days: list[Annotated[int, Meta(ge=0, le=6)]] = field(default_factory=lambda: [0, 1, 2, 3, 4, 5, 6])


class PreferencesIn(Struct, forbid_unknown_fields=True):
    """Wishes. What is left out stays; null for one entry of a table takes the wish back, so that the next level decides.

    `consents`: the person's answer to a marketing category, recorded with time and source. `frequency`: what can wait comes as it
    happens (each), together between 17:00 and 18:00 (daily), or then on Fridays (weekly). `tracking`: whether opens and clicks of the
    person's mails are counted, where a category counts any.
    """

    channels: dict[str, bool | None] | UnsetType = UNSET
    categories: dict[str, bool | None] | UnsetType = UNSET
    matrix: dict[str, dict[str, bool | None]] | UnsetType = UNSET
    quiet_hours: list[QuietHoursIn] | None | UnsetType = UNSET
    paused_until: Moment | None | UnsetType = UNSET
    consents: dict[str, bool] | UnsetType = UNSET
    frequency: Literal["each", "daily", "weekly"] | None | UnsetType = UNSET
    tracking: bool | None | UnsetType = UNSET


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
    tracking: bool | None = None


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
