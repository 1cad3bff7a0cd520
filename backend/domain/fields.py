"""Fields: attributes of people that rules may look at. What is kept of them unsealed, and of what kind each is. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

Kind = Literal["text", "number", "flag", "date"]
KINDS: tuple[Kind, ...] = ("text", "number", "flag", "date")
LONGEST = 200  # characters of a text that rules may look at; a longer one is prose
NAME = 64  # characters of a name
MOST = 200  # fields of a space
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T.*)?")
_BAD = re.compile(r'["\\\x00-\x1f|]')  # in a name: a quotation mark would end the path it is put into


def named(name: str) -> bool:
    """Whether an attribute of this name can be a field."""
    return 0 < len(name) <= NAME and not _BAD.search(name) and name not in ("user_id", "timezone", "locale")


def kind_of(value: Any) -> Kind | None:
    """What a value is; None for what no rule looks at: lists, objects, nothing, prose."""
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float):
        return "number" if abs(value) < 1e15 else None
    if not isinstance(value, str) or len(value) > LONGEST or "\x00" in value:
        return None
    if _DATE.fullmatch(value):
        try:
            date.fromisoformat(value[:10])
        except ValueError:
            return "text"
        return "date"
    return "text"


def met(attributes: Mapping[str, Any]) -> dict[str, Kind]:
    """name -> kind of those that are fields."""
    return {name: kind for name, value in attributes.items() if named(name) and (kind := kind_of(value)) is not None}


def visible(attributes: Mapping[str, Any], used: Mapping[str, bool]) -> dict[str, Any]:
    """What stands in the summary: fields that are not sealed. `used`: of the space's fields; one that is not there yet is none."""
    return {name: attributes[name] for name in met(attributes) if used.get(name, False)}
