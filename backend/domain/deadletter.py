"""Dead letters: a fingerprint under which failures of the same cause stand together, whatever ids and numbers they carry."""

import re
from hashlib import blake2b
from typing import Any, Literal

LONGEST = 2_000  # characters of a cause that are looked at

_RULES = (
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>)]+", re.IGNORECASE), "<url>"),
    (re.compile(r"[^\s'\"<>@,;:]+@[^\s'\"<>@,;:]+"), "<address>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?=[a-z]*[0-9])[0-9a-f]{12,}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "<ip>"),
    (re.compile(r"\+?\d[\d .,:/()-]*\d|\d"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def normal_form(cause: str) -> str:
    """The cause with addresses, URLs, ids and numbers replaced: what is the same about failures of one kind."""
    text = cause[:LONGEST]
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text.strip().lower()


def fingerprint(stage: str, code: str, cause: str) -> str:
    """16 hexadecimal digits, the same for the same stage, code and normal form of the cause, on every machine and run."""
    return blake2b("\x1f".join((stage, code, normal_form(cause))).encode(), digest_size=8).hexdigest()


Advice = Literal["retry", "fix", "drop", "look"]
_ADVICE: dict[str, Advice] = {"retry_exhausted": "retry", "unknown_category": "fix", "unknown_audience": "drop", "unreadable": "drop"}


def code_of(cause: str) -> str:
    """What letters of one kind begin with: a code of ours, or the name of a mistake."""
    return cause.partition(":")[0].strip()[:64]


def advice(cause: str) -> Advice:
    """What helps most often: send again, repair and send again, drop, or look, for a mistake of the program's own."""
    return _ADVICE.get(code_of(cause), "look")


def patched(value: Any, patch: Any) -> Any:
    """A merge patch (RFC 7396): null takes a member away, an object goes into the one that is there, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    made = dict(value) if isinstance(value, dict) else {}
    for name, new in patch.items():
        if new is None:
            made.pop(name, None)
        else:
            made[name] = patched(made.get(name), new)
    return made


def patch_of(old: Any, new: Any) -> Any:
    """The merge patch that makes `new` of `old`; {} when they are the same."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    made: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        if name not in old or type(old[name]) is not type(value) or old[name] != value:
            made[name] = patch_of(old[name], value) if isinstance(old.get(name), dict) and isinstance(value, dict) else value
    return made
