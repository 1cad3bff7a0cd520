"""Touches: that somebody got or did something. The line writes them down packed, one row a transaction; a round sums them up into what rules look at,
into the stamps of a run's recipients, and into counts of people. Pure."""

from collections.abc import Iterable

import msgspec

GOT, OPENED, CLICKED, READ, UNSUBSCRIBED, COMPLAINED, BOUNCED, ACTED = range(1, 9)
OF_RECEIPT = {
    "opened_human": OPENED, "clicked": CLICKED, "read": READ, "unsubscribed": UNSUBSCRIBED, "complained": COMPLAINED, "bounced_hard": BOUNCED,
    "bounced_soft": BOUNCED, "bounced_policy": BOUNCED,
}  # fmt: skip
STAMPS = {
    GOT: "got", OPENED: "opened", CLICKED: "clicked", READ: "read", UNSUBSCRIBED: "unsubscribed", COMPLAINED: "complained", BOUNCED: "bounced",
}  # of `recipients`  # fmt: skip
LAST = {GOT: "got", OPENED: "opened", READ: "opened", CLICKED: "clicked"}  # of `summaries`: who reads in the inbox has opened


class Touch(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """`at` seconds. `cohort` and `channel` of the delivery; of an act its `type` instead."""

    did: int
    person: int
    at: float
    channel: int = 0
    cohort: int = 0
    type: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Touch]).decode


def packed(touches: Iterable[Touch]) -> bytes:
    """As one row holds them."""
    return _encode(list(touches))


def unpacked(body: bytes) -> list[Touch]:
    """What a row holds."""
    return _decode(body)
