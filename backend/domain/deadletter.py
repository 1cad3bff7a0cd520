"""Dead letters: a fingerprint under which failures of the same cause stand together, whatever ids and numbers they carry."""

import re
from hashlib import blake2b

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
