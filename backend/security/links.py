"""Signed links for /u /p /y /c /o: short tokens that need no row, made for one purpose and unreadable for another.

Token: base64url(payload, 16-byte BLAKE2b MAC under a key of the purpose). Payload: flags, space (2 bytes), then what the
flags name: delivery id (16), person (8) with category, expiry (4), hash of the target (8).
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Literal

from msgspec import Struct

from backend.domain.errors import LinkExpired, LinkInvalid
from backend.security.sealing import Sealer

Purpose = Literal["u", "p", "y", "c", "o"]
PURPOSES: tuple[Purpose, ...] = ("u", "p", "y", "c", "o")  # unsubscribe, preferences, why, click, open
_DELIVERY, _PERSON, _EXPIRY, _TARGET = 1, 2, 4, 8
_MAC = 16
_LONGEST = 400  # characters of a token: a category's key has at most 128


class Link(Struct, frozen=True):
    """What a signed link stands for. `person` with `category` outlives the delivery's row, so that an unsubscribe works years later.

    `expires`: whole seconds since 1970, 0 never. `target`: `target_hash` of where a click leads.
    """

    space: int
    delivery: bytes = b""
    person: int = 0
    category: str = ""
    expires: int = 0
    target: bytes = b""


class Links:
    """Makes and reads tokens. Safe to share."""

    def __init__(self, sealer: Sealer) -> None:
        self._macs = {purpose: blake2b(digest_size=_MAC, key=sealer.derive(f"link-{purpose}")) for purpose in PURPOSES}

    def make(self, purpose: Purpose, link: Link) -> str:
        """The token, 47 characters for a delivery alone."""
        flags, parts = 0, b""
        if link.delivery:
            flags, parts = _DELIVERY, link.delivery
        if link.expires:
            flags, parts = flags | _EXPIRY, parts + link.expires.to_bytes(4, "big")
        if link.target:
            flags, parts = flags | _TARGET, parts + link.target
        if link.person:
            flags, parts = flags | _PERSON, parts + link.person.to_bytes(8, "big") + link.category.encode()
        payload = bytes((flags,)) + link.space.to_bytes(2, "big") + parts
        mac = self._mac(purpose, payload)
        return urlsafe_b64encode(payload + mac).rstrip(b"=").decode()

    def _mac(self, purpose: Purpose, payload: bytes) -> bytes:
        made = self._macs[purpose].copy()  # its key is taken in already: half of the work
        made.update(payload)
        return made.digest()

    def read(self, purpose: Purpose, token: str, now: float) -> Link:
        """What the token stands for. Raises `LinkInvalid` (not ours, changed, of another purpose) and `LinkExpired`."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"==") if len(token) <= _LONGEST else b""
        except (binascii.Error, ValueError):
            raw = b""
        payload, mac = raw[:-_MAC], raw[-_MAC:]
        if len(payload) < 3 or not compare_digest(mac, self._mac(purpose, payload)):
            raise LinkInvalid
        link = _parse(payload)
        if link.expires and link.expires <= now:
            raise LinkExpired
        return link

    def click(self, link: Link, url: str) -> str:
        """A click token bound to `url`: the link is /c/{token}?to={url}, and another target is refused."""
        return self.make("c", Link(link.space, link.delivery, link.person, link.category, link.expires, target_hash(url)))

    def clicked(self, token: str, url: str, now: float) -> Link:
        """The link of a click; `LinkInvalid` when `url` is not the target it was made for."""
        link = self.read("c", token, now)
        if not link.target or not compare_digest(link.target, target_hash(url)):
            raise LinkInvalid
        return link


def target_hash(url: str) -> bytes:
    """8 bytes that stand for where a click leads; the token's MAC makes it unforgeable."""
    return blake2b(url.encode(), digest_size=8, person=b"carillon-click").digest()


def _parse(payload: bytes) -> Link:
    flags, space, rest = payload[0], int.from_bytes(payload[1:3], "big"), payload[3:]
    delivery = target = b""
    expires = person = 0
    if flags & _DELIVERY:
        delivery, rest = rest[:16], rest[16:]
    if flags & _EXPIRY:
        expires, rest = int.from_bytes(rest[:4], "big"), rest[4:]
    if flags & _TARGET:
        target, rest = rest[:8], rest[8:]
    if flags & _PERSON:
        person, rest = int.from_bytes(rest[:8], "big"), rest[8:]
    return Link(space, delivery, person, rest.decode(), expires, target)
