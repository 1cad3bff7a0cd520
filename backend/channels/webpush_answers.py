"""What push services answer, and what it means. RFC 8030 (5, 7.3, 8.4), RFC 8292 (4.2), and what Mozilla, Google, Apple and Microsoft say beyond.

A wrong key of ours is never the device's fault: the device stays, and operators see why nothing goes out.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from backend.channels.base import Answer, Meaning

RAW = 300  # characters kept of what a push service says
LONGEST = 24 * 3600.0  # seconds that a push service may make us wait

# The most particular decides: "status reason", status, class. Mozilla gives an `errno`, Apple a `reason`; Google writes a sentence.
# -> meaning, and the code shown
MEANS: Mapping[str, tuple[Meaning, str]] = {
    "200": ("accepted", ""),
    "201": ("accepted", ""),
    "202": ("accepted", ""),
    "400 VapidPkHashMismatch": ("refused", "vapid_mismatch"),  # Apple; the browser subscribed with another key
    "403 VapidPkHashMismatch": ("refused", "vapid_mismatch"),
    "400 UnauthorizedRegistration": ("temporary", "credentials"),
    "400 BadJwtToken": ("temporary", "credentials"),
    "400 BadAuthorizationHeader": ("temporary", "credentials"),
    "400": ("refused", "bad_request"),
    "401": ("temporary", "credentials"),  # Mozilla 109: our signature, our clock, or the contact
    "402": ("temporary", "credentials"),
    "403": ("temporary", "credentials"),  # Apple BadJwtToken, Google and Microsoft alike
    "404": ("bad_address", "gone"),  # Mozilla 102: "should not be used again"
    "406": ("temporary", "busy"),  # Microsoft: this channel is throttled
    "408": ("temporary", "busy"),
    "410": ("bad_address", "gone"),  # Mozilla 103, 105, 106; Apple Unregistered; Google: unsubscribed or expired
    "413": ("refused", "payload_too_large"),
    "425": ("temporary", "busy"),
    "429": ("temporary", "busy"),
    "2": ("accepted", ""),
    "3": ("refused", "redirected"),  # never followed: an endpoint is used as it was given
    "4": ("refused", "bad_request"),
    "5": ("temporary", "away"),
}
PHRASES = {  # Google writes no reason, but a sentence
    "do not correspond to the credentials used to create the subscriptions": "VapidPkHashMismatch",
    "UnauthorizedRegistration": "UnauthorizedRegistration",
}
STRANGE: tuple[Meaning, str] = ("unknown", "protocol")


def answer_of(status: int, headers: Mapping[str, str], body: bytes, endpoint: str, now: float) -> Answer:
    """The answer that a response gives; `body` may be cut. `endpoint` is kept out of what is kept."""
    words = _words(body, endpoint)
    keys = [f"{status} {reason}" for reason in _reasons(body, words)] + [str(status), str(status)[:1]]
    meaning, code = next((MEANS[key] for key in keys if key in MEANS), STRANGE)
    raw = f"{status} {words}".rstrip()
    wait = wait_of(headers.get("Retry-After", ""), now) if meaning == "temporary" else None
    return Answer(meaning, code or str(status), raw, wait)


def wait_of(text: str, now: float) -> float | None:
    """Of `Retry-After`: seconds, or a date (RFC 9110, 10.2.3); None when it says nothing that can be read."""
    text = text.strip()[:64]
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), LONGEST)
    try:
        return min(max(0.0, parsedate_to_datetime(text).timestamp() - now), LONGEST)
    except (TypeError, ValueError, OverflowError):
        return None


def _reasons(body: bytes, words: str) -> list[str]:
    try:
        said: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        said = None
    reason = said.get("reason") if isinstance(said, dict) else None
    found = [reason] if isinstance(reason, str) else []
    return found + [reason for phrase, reason in PHRASES.items() if phrase in words]


def _words(body: bytes, endpoint: str) -> str:
    """One readable line without the endpoint or its parts."""
    text = body.decode("utf-8", "replace").replace(endpoint, "…")
    for part in sorted(re.split(r"[/?=&]", endpoint.split("/", 3)[-1]), key=len, reverse=True):
        if len(part) >= 12:
            text = text.replace(part, "…")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:RAW]
