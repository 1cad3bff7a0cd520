"""Where bounces of a mail come back to: an envelope sender of its own for each delivery (VERP), signed, so that nobody can invent a bounce.

`b+<delivery>.<signature>@<bounce domain>`: the delivery in 32 hexadecimal digits, of another space than the first with `-<space>` behind it.
All in lower case, because servers on the way may change it; at most 56 of the 64 characters of a local part (RFC 5321, 4.5.3.1.1).
"""

import re
from hashlib import blake2b
from hmac import compare_digest

import msgspec

from backend.domain.ids import parse_id
from backend.security.sealing import Sealer

FIRST = 1  # the space that is not written
_SIGNED = re.compile(r"b\+([0-9a-f]{32})(?:-([1-9a-f][0-9a-f]{0,3}))?\.([0-9a-f]{16})")
_SIGNATURE = 8  # bytes: guessing one takes 2**63 tries, each a mail


class Bounced(msgspec.Struct, frozen=True):
    """Whose mail came back."""

    space: int
    delivery: bytes


class Verp:
    """Writes and reads such addresses. Safe to share."""

    def __init__(self, sealer: Sealer) -> None:
        self._key = sealer.derive("bounce-address")

    def address(self, space: int, delivery: bytes, domain: str) -> str:
        """The envelope sender of a delivery at a bounce domain."""
        who = delivery.hex() if space == FIRST else f"{delivery.hex()}-{space:x}"
        return f"b+{who}.{self._signature(who, domain)}@{domain}"

    def read(self, address: str) -> Bounced | None:
        """What `address` wrote; None for everything else: the domain is signed with it, so one that was ours elsewhere counts no more."""
        local, _, domain = address.strip().lower().rpartition("@")
        found = _SIGNED.fullmatch(local)
        if not found or not domain.isascii():
            return None
        who = local[2:].partition(".")[0]
        if not compare_digest(found[3], self._signature(who, domain)):
            return None
        return Bounced(int(found[2], 16) if found[2] else FIRST, parse_id(found[1]))

    def _signature(self, who: str, domain: str) -> str:
        return blake2b(f"{who}@{domain.lower()}".encode(), digest_size=_SIGNATURE, key=self._key).hexdigest()
