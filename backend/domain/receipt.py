"""Receipts: what a provider or a person tells us later about a delivery, in one vocabulary, and where it moves the delivery.

Order is (generation, rank). An end stays an end; only a late bounce may follow `delivered`. Seen, read, opened and the like are
first-time stamps and move nothing.
"""

from typing import Literal

import msgspec

from backend.domain.delivery import State

Kind = Literal[
    "sent", "delivered", "bounced_hard", "bounced_soft", "bounced_policy", "failed",
    "opened_human", "opened_machine", "clicked", "clicked_machine", "complained", "unsubscribed", "seen", "read", "deferred",
]  # fmt: skip
Place = tuple[int, int]  # (generation, state)

# bounced_soft is the final word of a mail server that gave up; deferred is a try that may succeed later: recorded, and moves nothing,
# as a click that a scanner of mail made is
# sent: the provider says that it has it, which settles an attempt of unknown end
STATE_BY_KIND: dict[str, State] = {
    "sent": State.SENT,
    "delivered": State.DELIVERED,
    "bounced_hard": State.BOUNCED,
    "bounced_soft": State.BOUNCED,
    "bounced_policy": State.BOUNCED,
    "failed": State.FAILED,
}
STAMPS: tuple[str, ...] = ("opened_human", "opened_machine", "clicked", "complained", "unsubscribed", "seen", "read")
MACHINE: dict[str, Kind] = {"opened_human": "opened_machine", "clicked": "clicked_machine"}  # the kind when no person did it
SUPPRESSES = {"bounced_hard": "bounced", "complained": "complained"}  # kind -> reason of the suppression of the address


class Soft(msgspec.Struct, frozen=True):
    """How many deliveries to an address may come back for a while before it is taken for dead, within how many seconds."""

    times: int
    within: float


# a mailbox that was full or away five times in two weeks belongs to nobody who looks into it
# and so does a number that could not be reached as often
SOFT = {"email": Soft(5, 14 * 86_400.0), "sms": Soft(5, 14 * 86_400.0)}
SOFT_CODES = ("4.2.", "5.2.")  # how answers begin that say the same at once (RFC 3463: the state of the mailbox)
GONE = "unregistered"  # the same of a device: its token is dead until its app registers it again


class Receipt(msgspec.Struct, frozen=True):
    """Record of `receipts`. `at` seconds, UTC; `raw` the provider's own words, cut to 500 characters."""

    space: int
    delivery: bytes
    kind: Kind
    at: float
    generation: int = 0
    provider: str = ""
    code: str = ""
    raw: str = ""
    person: int = 0  # when the sender of the receipt knows it
    looked: int = 0  # times it was found to be early
    v: int = 1


def ended(state: int) -> bool:
    """Whether a state is one of the ends."""
    return state >= State.DELIVERED


def moves(place: Place, receipt: Receipt) -> Place | None:
    """Where the receipt moves a delivery that stands at `place`; None: it is recorded and moves nothing."""
    to = STATE_BY_KIND.get(receipt.kind)
    if to is None:
        return None
    new = (receipt.generation, int(to))
    if new <= place:
        return None
    if receipt.generation == place[0] and ended(place[1]) and not (place[1] == State.DELIVERED and to is State.BOUNCED):
        return None
    return new
