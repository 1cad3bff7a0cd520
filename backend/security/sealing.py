"""Personal data at rest: AES-256-GCM under keys derived from SECRET_KEY, and keyed hashes of addresses.

A key serves one purpose (HKDF, RFC 5869, the purpose as info), so that what was sealed as an address never opens as a profile.
Sealed bytes: 2 bytes key id, 12 bytes nonce, ciphertext with a 16-byte tag. The key id names the secret, so that a new
SECRET_KEY may be introduced while what the older one sealed stays readable.
"""

import os
from contextlib import suppress
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, HASH, PLATFORMS
from backend.domain.errors import Invalid, Refusal
from backend.security.addresses import channel_number, normalise

_ID, _NONCE = 2, 12


class Unsealable(Refusal):
    """Something kept here cannot be opened: it was sealed with another SECRET_KEY, or was changed. Start with the key it was sealed with."""

    status = 500


class Sealer:
    """Seals and opens with keys made of `secret`; `older` secrets open only. Safe to share between threads."""

    def __init__(self, secret: bytes, *older: bytes) -> None:
        self._secrets = {_key_id(s): s for s in (*older, secret)}
        self._current = _key_id(secret)
        self._boxes: dict[tuple[bytes, str], AESGCM] = {}
        self._address_key = self.derive("address-hash")

    def derive(self, purpose: str) -> bytes:
        """32 bytes that only this purpose knows, of the current secret."""
        return _derive(self._secrets[self._current], purpose)

    def seal(self, purpose: str, plain: bytes, aad: bytes | None = None) -> bytes:
        """`aad` is not kept: the same must be given to `unseal`, e.g. the id of the row it belongs to."""
        nonce = os.urandom(_NONCE)  # random: a purpose's key stays far below 2**32 seals (NIST SP 800-38D)
        return self._current + nonce + self._box(self._current, purpose).encrypt(nonce, plain, aad)

    def unseal(self, purpose: str, sealed: bytes, aad: bytes | None = None) -> bytes:
        """What was sealed. Raises `Unsealable`."""
        try:
            return self._box(sealed[:_ID], purpose).decrypt(sealed[_ID : _ID + _NONCE], sealed[_ID + _NONCE :], aad)
        except (InvalidTag, KeyError, ValueError):
            raise Unsealable(purpose=purpose) from None

    def address_hash(self, channel: int | str, text: str) -> bytes:
        """Equal for equal normalised addresses of a channel (see `addresses.normalise`): 16 bytes, of a device that names its platform
        (`apns:…`) one more for that. Raises `Invalid`."""
        number = channel_number(channel)
        plain = normalise(number, text)
        digest = blake2b(bytes((number,)), digest_size=HASH, key=self._address_key)
        digest.update(plain.encode())
        platform = PLATFORMS.get(plain.partition(":")[0]) if CHANNEL_NAME[number] == "push" else None
        return digest.digest() + (bytes((platform,)) if platform else b"")

    def possible_hashes(self, text: str) -> list[tuple[int, bytes]]:
        """(channel, `address_hash`) of each channel whose address the text may be; none when it reads like no address."""
        found = []
        for number in (CHANNEL_NUMBER["email"], CHANNEL_NUMBER["sms"]):
            with suppress(Invalid):
                found.append((number, self.address_hash(number, text)))
        return found

    def _box(self, key_id: bytes, purpose: str) -> AESGCM:
        box = self._boxes.get((key_id, purpose))
        if box is None:
            box = self._boxes[key_id, purpose] = AESGCM(_derive(self._secrets[key_id], purpose))
        return box


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=b"carillon", info=purpose.encode()).derive(secret)


def _key_id(secret: bytes) -> bytes:
    return blake2b(secret, digest_size=_ID, person=b"carillon-key-id").digest()
