"""What Twilio's answers mean. Source of each number: https://www.twilio.com/docs/api/errors/<number>; of statuses: the Message resource.

A number that is not in here means what its HTTP status means. Twilio's sentences name telephone numbers: they are taken out of what is kept.
"""

import re
from collections.abc import Mapping

import msgspec

from backend.channels.base import Answer, Meaning
from backend.domain.receipt import Kind

OPTED_OUT = "opted_out"  # the code by which whoever writes the outcome knows that the person said STOP
Row = tuple[Meaning, str]

# Of the answer to a request. What is wrong with the account or with our sender is `temporary`: it opens the breaker, raises an alert and lets
# another provider take over, and nothing is lost by it.
ERRORS: Mapping[int, Row] = {
    20003: ("temporary", "credentials"),  # authentication failed
    20005: ("temporary", "suspended"),  # account not active
    20008: ("temporary", "credentials"),  # test credentials
    20404: ("temporary", "account"),  # no such account or messaging service
    20429: ("temporary", "throttled"),
    20503: ("temporary", "away"),
    21211: ("bad_address", "number_invalid"),
    21212: ("temporary", "sender"),  # 'From' is no number
    21217: ("bad_address", "number_invalid"),
    21408: ("refused", "region_not_enabled"),  # geo permissions of the account
    21421: ("bad_address", "number_invalid"),
    21602: ("refused", "empty"),
    21603: ("temporary", "sender"),  # 'From' is missing
    21604: ("refused", "number_invalid"),  # 'To' is missing
    21605: ("refused", "too_long"),
    21606: ("temporary", "sender"),  # 'From' is not ours or cannot text
    21607: ("temporary", "sender"),
    21608: ("refused", "trial_account"),  # a trial account texts verified numbers only
    21609: ("temporary", "callback"),  # our address for receipts is not reachable
    21610: ("bad_address", OPTED_OUT),
    21611: ("temporary", "queue_full"),  # of this sender
    21612: ("refused", "no_route"),  # this 'To' cannot be reached from this 'From'
    21614: ("bad_address", "not_mobile"),
    21617: ("refused", "too_long"),  # over 1600 characters
    21619: ("refused", "empty"),
    21635: ("bad_address", "landline"),
    21659: ("temporary", "sender"),
    21660: ("temporary", "sender"),
    21701: ("temporary", "sender"),  # no such messaging service
    21703: ("temporary", "sender"),  # a messaging service without numbers
    21704: ("temporary", "sender"),
    30001: ("temporary", "queue_full"),
    30002: ("temporary", "suspended"),
    30003: ("temporary", "unreachable"),
    30004: ("bad_address", "blocked"),
    30005: ("refused", "unknown_handset"),  # twice in a row a number is gone; once it may be moving to another operator
    30006: ("bad_address", "landline"),
    30007: ("refused", "filtered"),
    30008: ("temporary", "carrier"),
    30032: ("temporary", "sender"),  # toll-free number is not verified
    30034: ("temporary", "sender"),  # number is not registered for A2P 10DLC
    30450: ("refused", "fraud_guard"),  # SMS pumping protection
}

# Of an HTTP status whose body names no number. After 500, 502 and 504 nobody can say whether the message was taken; 503 and 429 say it was not.
STATUSES: Mapping[int, Row] = {
    401: ("temporary", "credentials"),
    403: ("temporary", "credentials"),
    404: ("temporary", "account"),
    408: ("unknown", "timeout"),
    429: ("temporary", "throttled"),
    500: ("unknown", "failed"),
    502: ("unknown", "failed"),
    503: ("temporary", "away"),
    504: ("unknown", "timeout"),
}

# Of a message that Twilio took: hard suppresses the number, policy says that the text or its sender is at fault.
ENDS: Mapping[int, Kind] = {
    21610: "failed",  # the person said STOP; the number is suppressed
    21611: "bounced_soft",
    21614: "bounced_hard",
    30001: "bounced_soft",
    30002: "bounced_policy",
    30003: "bounced_soft",
    30004: "bounced_hard",
    30005: "bounced_soft",
    30006: "bounced_hard",
    30007: "bounced_policy",
    30008: "bounced_soft",
    30010: "bounced_policy",  # dearer than allowed
    30017: "bounced_soft",  # congestion
    30018: "bounced_policy",  # the operator wants another kind of sender
    30022: "bounced_soft",  # A2P 10DLC rate
    30023: "bounced_soft",  # A2P 10DLC day's limit
    30024: "bounced_policy",  # sender is not provisioned
    30027: "bounced_soft",  # day's limit of T-Mobile
    30032: "bounced_policy",
    30034: "bounced_policy",
    30036: "bounced_soft",  # its validity ran out
    30038: "bounced_policy",
    30410: "bounced_soft",  # operator timed out
    30450: "bounced_policy",
    30453: "bounced_policy",
}
# The statuses that move something. What is queued, accepted, scheduled or sending will have another one; `read` is a stamp.
MOVES: Mapping[str, Kind] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "bounced_soft",
    "failed": "failed",
    "canceled": "failed",
}
TAKEN = frozenset(("accepted", "scheduled", "queued", "sending", "sent", "delivered", "read", "partially_delivered"))
BAD = ("undelivered", "failed", "canceled")

_NUMBERS = re.compile(r"\+?\d[\d\s().-]{5,}\d")


class Words(msgspec.Struct, frozen=True):
    """Twilio's error document."""

    code: int | None = None
    message: str | None = None


def clean(text: str) -> str:
    """Twilio's words without telephone numbers, on one line."""
    return _NUMBERS.sub("…", " ".join(text.split()))[:400]


def meaning_of(status: int, body: bytes, retry_after: float | None = None) -> Answer:
    """Of an answer that is no success. A page of somebody in between is no document of Twilio's, and only its status counts."""
    try:
        words = msgspec.json.decode(body, type=Words, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        words = Words()
    meaning, code = ERRORS.get(words.code or 0) or STATUSES.get(status) or _unlisted(status)
    raw = f"{status} {words.code or ''} {clean(words.message or '')}"
    return Answer(meaning, code, " ".join(raw.split()), retry_after if meaning == "temporary" else None)


def _unlisted(status: int) -> Row:
    if 400 <= status < 500:
        return "refused", "refused"
    return ("unknown", "failed") if status >= 500 else ("temporary", "unexpected")


def kind_of(status: str, error: int | None) -> Kind | None:
    """Which receipt a status is; None: of none."""
    return ENDS.get(error or 0, MOVES[status]) if status in BAD else MOVES.get(status)
