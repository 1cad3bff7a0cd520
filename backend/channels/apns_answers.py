"""What Apple's answers mean (Handling notification responses from APNs): the reason decides, not the status."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.channels.base import Answer, Meaning
from backend.channels.push import words

# A token of another topic is our bundle id as often as the device's: the device stays. What speaks of our key or topic is put right by an
# operator, and then goes out.
MEANS: Mapping[str, Meaning] = {
    "BadCollapseId": "refused",
    "BadDeviceToken": "bad_address",
    "BadExpirationDate": "refused",
    "BadMessageId": "refused",
    "BadPriority": "refused",
    "BadTopic": "temporary",
    "DeviceTokenNotForTopic": "refused",
    "DuplicateHeaders": "refused",
    "IdleTimeout": "temporary",
    "InvalidPushType": "refused",
    "MissingDeviceToken": "refused",
    "MissingTopic": "temporary",
    "PayloadEmpty": "refused",
    "TopicDisallowed": "temporary",
    "BadCertificate": "temporary",
    "BadCertificateEnvironment": "temporary",
    "ExpiredProviderToken": "temporary",
    "Forbidden": "refused",
    "InvalidProviderToken": "temporary",
    "MissingProviderToken": "temporary",
    "UnrelatedKeyIdInToken": "temporary",
    "BadEnvironmentKeyIdInToken": "temporary",
    "BadPath": "refused",
    "MethodNotAllowed": "refused",
    "ExpiredToken": "bad_address",
    "Unregistered": "bad_address",
    "PayloadTooLarge": "refused",
    "TooManyProviderTokenUpdates": "temporary",
    "TooManyRequests": "temporary",
    "InternalServerError": "temporary",
    "ServiceUnavailable": "temporary",
    "Shutdown": "temporary",
}


def answer_of(status: int, body: bytes) -> Answer:
    """The answer that a whole response gives."""
    if status == 200:
        return Answer("accepted", "200", "200")
    said = _object(body)
    reason = said.get("reason")
    if not isinstance(reason, str) or not reason:
        return Answer(_by_status(status), str(status), words(f"{status} {body[:2000].decode('utf-8', 'replace')}"))
    meaning, known = MEANS.get(reason, _by_status(status)), said.get("timestamp")
    since = known / 1000 if isinstance(known, int | float) and meaning == "bad_address" else 0.0
    return Answer(meaning, words(reason)[:40], words(f"{status} {reason}"), known=since)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def _by_status(status: int) -> Meaning:
    """Of a reason that is not in the table yet."""
    if status == 410:
        return "bad_address"
    return "refused" if 400 <= status < 500 and status not in (403, 408, 429) else "temporary"
