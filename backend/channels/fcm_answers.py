"""What Firebase's answers mean (https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode): the code of its error decides, not the status."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from backend.channels.base import Answer, Meaning
from backend.channels.push import words

# `token`: the registration token itself is no good. A sender that does not match is our credentials as often as the token: the device stays.
MEANS: Mapping[str, Meaning] = {
    "UNREGISTERED": "bad_address",
    "INVALID_ARGUMENT token": "bad_address",
    "INVALID_ARGUMENT": "refused",
    "SENDER_ID_MISMATCH": "refused",
    "THIRD_PARTY_AUTH_ERROR": "temporary",  # Apple's key is missing or wrong in the Firebase project
    "QUOTA_EXCEEDED": "temporary",
    "UNAVAILABLE": "temporary",
    "INTERNAL": "temporary",
    "UNSPECIFIED_ERROR": "temporary",
    "UNAUTHENTICATED": "temporary",  # our access, not the message
    "PERMISSION_DENIED": "temporary",
    "NOT_FOUND": "temporary",  # the project, for a device that is not found is UNREGISTERED
    "RESOURCE_EXHAUSTED": "temporary",
}
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
LONGEST_WAIT = 3600.0  # seconds that a provider may ask us to wait


def answer_of(status: int, retry_after: str, body: bytes, address: str, now: float) -> Answer:
    """The answer that a whole response gives."""
    said = _object(body)
    if status == 200:
        if isinstance(name := said.get("name"), str) and name:
            return Answer("accepted", "200", words(name))
        return Answer("unknown", "garbled", words(f"200 {body[:2000].decode('utf-8', 'replace')}", address))
    error = said.get("error")
    if not isinstance(error, dict):
        return Answer(_by_status(status), str(status), words(f"{status} {body[:2000].decode('utf-8', 'replace')}", address), after_of(retry_after, now))
    code, fields = _details(error)
    told = str(error.get("message", ""))
    meaning = MEANS.get(code, _by_status(status))
    if code == "INVALID_ARGUMENT" and _about_token(fields, told):
        meaning = MEANS["INVALID_ARGUMENT token"]
    raw = words(f"{status} {code}: {told}" + (f" ({', '.join(fields)})" if fields else ""), address)
    return Answer(meaning, code[:40], raw, after_of(retry_after, now) if meaning == "temporary" else None)


def after_of(text: str, now: float) -> float | None:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3), None without one that can be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return min(max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now), LONGEST_WAIT)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def _details(error: dict[str, Any]) -> tuple[str, list[str]]:
    """The code, of Firebase where it gives one, else of Google's API; and the fields that it finds wrong."""
    code, fields = str(error.get("status", "")), list[str]()
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        if detail.get("@type") == FCM_ERROR and isinstance(detail.get("errorCode"), str):
            code = detail["errorCode"]
        violations = detail.get("fieldViolations")
        fields += [str(one.get("field", ""))[:80] for one in (violations if isinstance(violations, list) else ()) if isinstance(one, dict)]
    return code, fields[:5]


def _about_token(fields: list[str], told: str) -> bool:
    """Firebase names no field when the token is no token; it says so."""
    if fields:
        return all(field in ("message.token", "message.fid") for field in fields)
    return "registration token" in told.lower() or "installation id" in told.lower()


def _by_status(status: int) -> Meaning:
    """Of an answer in nobody's words: a proxy's, mostly. What was not taken may be tried again."""
    return "refused" if status in (400, 413) else "temporary"
