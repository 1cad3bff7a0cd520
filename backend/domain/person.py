"""What the house knows of a person when it decides: one value, read in one trip, kept in the cache as MessagePack."""

from typing import Any

import msgspec


class QuietHours(msgspec.Struct, frozen=True, array_like=True):
    """Wall times "HH:MM" in the person's zone; `days` are weekdays (0 Monday) on which a quiet time begins."""

    start: str
    end: str
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


class Wishes(msgspec.Struct, frozen=True, omit_defaults=True):
    """Preferences of a person, of a group or of the space. None of a level says "no opinion": the next level decides."""

    channels: dict[str, bool] = {}  # channel -> wanted
    categories: dict[str, bool] = {}  # category -> wanted
    matrix: dict[str, dict[str, bool]] = {}  # category -> channel -> wanted
    quiet: tuple[QuietHours, ...] | None = None
    paused_until: float | None = None  # seconds; 0 means until further notice
    frequency: str = ""  # each, daily or weekly; "" no opinion
    tracking: bool | None = None  # whether opens and clicks may be counted


class Address(msgspec.Struct, frozen=True, array_like=True):
    """Where a person is on a channel, with the reason of a suppression of that address."""

    channel: int
    hash: bytes  # keyed, for equality
    sealed: bytes
    suppressed: str = ""  # reason of a suppression in force, "" when none
    label: str = ""
    region: str = ""  # of a telephone number: whose hours for advertising hold, "" where there are none (see `domain.sms_hours`)
    zones: tuple[str, ...] = ()  # and where its owner may be


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """Personal data, sealed as one blob at rest."""

    name: str = ""
    attributes: dict[str, Any] = {}


class Person(msgspec.Struct, frozen=True):
    """Facts of one person. `revision` grows with every change of anything here."""

    space: int
    person: int
    user_id: str
    revision: int
    timezone: str = "UTC"
    locale: str = "en"
    profile: bytes = b""  # sealed Profile
    addresses: tuple[Address, ...] = ()
    wishes: Wishes = Wishes()
    group_wishes: tuple[tuple[str, Wishes], ...] = ()  # (group key, wishes), by group key
    consents: dict[str, bool] = {}  # category -> last recorded answer
    groups: tuple[str, ...] = ()
    erased: bool = False
    demo: bool = False
