"""What a person's fields may hold. Each check raises `Invalid` with the repair."""

import re
from typing import Any
from zoneinfo import available_timezones

import msgspec

from backend.app.base import is_own
from backend.domain.errors import Invalid
from backend.domain.ids import person_id
from backend.security.roles import Actor

GROUPS = 1_000  # of one person
ATTRIBUTES = 32 * 1024  # bytes of JSON
_USER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+\-]{0,127}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_ZONES = frozenset(available_timezones())


def checked_person(space: int, user_id: str) -> int:
    """Our id of the user id. Raises `Invalid` for one that is none."""
    if not _USER_ID.fullmatch(user_id):
        raise Invalid("A user id is 1 to 128 letters, digits or . _ : @ + -, and begins with a letter or digit.", field="id", given=user_id[:64])
    return person_id(space, user_id)


def own_person(actor: Actor, user_id: str) -> int:
    """The actor's own person, or 0 when `user_id` is somebody else."""
    return actor.person if is_own(actor, user_id) else 0


def check_zone(name: str) -> None:
    """Raises `Invalid` unless it is a zone of the IANA database."""
    if name not in _ZONES:
        raise Invalid("There is no such time zone. Use a name of the IANA database, like Europe/Berlin.", field="timezone", given=name[:64])


def check_locale(tag: str) -> None:
    """Raises `Invalid` unless it reads like a language tag (BCP 47)."""
    if not _LOCALE.fullmatch(tag):
        raise Invalid("A locale is a language tag like en, de or pt-BR.", field="locale", given=tag[:35])


def check_fields(fields: dict[str, Any]) -> None:
    """All of a person's fields that were given."""
    if "timezone" in fields:
        check_zone(fields["timezone"])
    if "locale" in fields:
        check_locale(fields["locale"])
    if fields.get("name") and not fields["name"].isprintable():
        raise Invalid("A name may not hold line breaks or other control characters.", field="name")
    if len(msgspec.json.encode(fields.get("attributes", {}))) > ATTRIBUTES:
        raise Invalid(f"The attributes are larger than {ATTRIBUTES // 1024} KB. Keep what notifications need.", field="attributes")
    if len(fields.get("groups", ())) > GROUPS:
        raise Invalid(f"A person is in at most {GROUPS:,} groups.", field="groups", limit=GROUPS)
