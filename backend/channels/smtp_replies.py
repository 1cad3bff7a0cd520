"""What the replies of a mail server mean: RFC 5321 codes, RFC 3463 enhanced codes, by the command they answer."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from backend.channels.base import Answer, Meaning

Phase = Literal["mail", "rcpt", "data", "final"]

RAW = 1000  # characters kept of a reply
_ENHANCED = re.compile(r"\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?=[\s:;]|$)")

# The most particular line decides: phase and enhanced code, phase and its subject, phase and code, code, class.
MEANS: Mapping[str, Meaning] = {
    "rcpt 5.1.7": "refused",  # speaks of the sender's address
    "rcpt 5.1.8": "refused",
    "rcpt 5.1": "bad_address",
    "rcpt 5.2.1": "bad_address",  # disabled, as in a report (reports.py)
    "530": "temporary",  # sign in first: our settings are wrong, not the message
    "534": "temporary",
    "535": "temporary",
    "538": "temporary",
    "final 2": "accepted",
    "4": "temporary",
    "5": "refused",
}


def meaning(phase: Phase, code: str, enhanced: str = "") -> Meaning:
    """Of one reply. What no server should say is temporary while nothing was sent, and unknown after the body."""
    if phase == "final" and code[:1] == "2":
        return MEANS["final 2"]
    keys = [code, code[:1]]
    if enhanced[:1] == code[:1]:  # "450 5.1.1" is temporary: the basic code decides whether to come again
        keys = [f"{phase} {enhanced}", f"{phase} {enhanced.rpartition('.')[0]}", *keys]
    for key in keys:
        if key in MEANS:
            return MEANS[key]
    return "unknown" if phase == "final" else "temporary"


def words(lines: Sequence[bytes]) -> str:
    """A reply as one readable line: printable characters only, at most `RAW`."""
    text = " / ".join(line.decode("utf-8", "replace") for line in lines)[:RAW]
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)


def answer_of(phase: Phase, lines: Sequence[bytes]) -> Answer:
    """The answer that a whole reply gives. `code` is the enhanced code where the server sends one, else the three digits."""
    raw = words(lines)
    code, found = raw[:3], _ENHANCED.match(raw)
    enhanced = found[1] if found else ""
    return Answer(meaning(phase, code, enhanced), enhanced or code, raw)
