"""Cursors of lists: what the facade gave as `next`, signed for one list with its filters in one space.

base64url(8-byte MAC, cursor). A cursor of another list, of other filters, of another space or of nobody is refused: it could
only skip rows or show them twice.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b
from hmac import compare_digest

from backend.domain.errors import CursorForeign
from backend.security.sealing import Sealer

_MAC = 8
_LONGEST = 1000  # characters


class Cursors:
    """`wrap` what leaves, `unwrap` what comes back with the same list name, space and filters."""

    def __init__(self, sealer: Sealer) -> None:
        self._key = sealer.derive("list-cursor")

    def wrap(self, name: str, space: int, filters: Mapping[str, str | None], cursor: str | None) -> str | None:
        """The cursor to show; None stays None."""
        if cursor is None:
            return None
        raw = cursor.encode()
        return urlsafe_b64encode(self._mac(name, space, filters, raw) + raw).rstrip(b"=").decode()

    def unwrap(self, name: str, space: int, filters: Mapping[str, str | None], shown: str | None) -> str | None:
        """The facade's own cursor. Raises `CursorForeign`."""
        if not shown:
            return None
        try:
            both = urlsafe_b64decode(shown.encode("ascii") + b"==") if len(shown) <= _LONGEST else b""
        except (binascii.Error, ValueError):
            both = b""
        mac, raw = both[:_MAC], both[_MAC:]
        if not compare_digest(mac, self._mac(name, space, filters, raw)):
            raise CursorForeign
        return raw.decode()

    def _mac(self, name: str, space: int, filters: Mapping[str, str | None], raw: bytes) -> bytes:
        digest = blake2b(digest_size=_MAC, key=self._key)
        for part in (
            name.encode(),
            str(space).encode(),
            *(f"{k}={v}".encode() for k, v in sorted(filters.items()) if v is not None),
            b"",
            raw,
        ):
            digest.update(len(part).to_bytes(4, "big") + part)
        return digest.digest()
