"""Encrypting for one browser (RFC 8291 with RFC 8188), and saying who sends (VAPID, RFC 8292).

Own code because pywebpush takes 97 us of CPU a message where this takes 62: it loads the browser's key several times, and signs anew for each.
"""

import struct
from binascii import Error
from hmac import digest
from os import urandom
from urllib.parse import urlsplit

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from backend.domain.errors import Invalid
from backend.security.browsers import Browser, base64url, from_base64url

BODY = 4_096  # bytes that every push service must take (RFC 8030, 7.2)
HEAD, TAG, END = 16 + 4 + 1 + 65, 16, 1  # salt, record size, key length, key; GCM's tag; the delimiter of the last record
ROOM = BODY - HEAD - TAG - END  # bytes of a message before encryption: 3,993
CURVE = ec.SECP256R1()
LIFE = 12 * 3600.0  # seconds a signed word of ours is good for; 24 hours is the most that push services take
SPARE = 3600.0  # seconds before its end it is made anew: clocks differ
ORIGINS = 256  # push services whose word is kept; there are five or six that matter


def seal(browser: Browser, plain: bytes, salt: bytes | None = None, private: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """The body of a request, one record. `salt` and `private` are made anew for each message, but for published vectors."""
    private, salt = private or ec.generate_private_key(CURVE), salt or urandom(16)
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, browser.key))
    own = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    # HKDF (RFC 5869) of one block each: extract, then expand
    keyed = digest(digest(browser.auth, shared, "sha256"), b"WebPush: info\0" + browser.key + own + b"\x01", "sha256")
    root = digest(salt, keyed, "sha256")
    key = digest(root, b"Content-Encoding: aes128gcm\0\x01", "sha256")[:16]
    nonce = digest(root, b"Content-Encoding: nonce\0\x01", "sha256")[:12]
    return salt + struct.pack(">IB", BODY, len(own)) + own + AESGCM(key).encrypt(nonce, plain + b"\x02", None)


def make_key() -> str:
    """A new private key as it is kept: 32 bytes in base64url."""
    return base64url(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big"))


def read_key(text: str) -> ec.EllipticCurvePrivateKey:
    """A private key as `make_key` and other software write it, or as PEM. Raises `Invalid`, which does not repeat it."""
    text = text.strip()
    loaded: PrivateKeyTypes | None = None
    try:
        if text.startswith("-----BEGIN"):
            loaded = load_pem_private_key(text.encode(), None)
        elif len(raw := from_base64url(text)) == 32:
            loaded = ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)
    except (ValueError, TypeError, Error, UnsupportedAlgorithm):
        pass
    if not isinstance(loaded, ec.EllipticCurvePrivateKey) or not isinstance(loaded.curve, ec.SECP256R1):
        raise Invalid(
            "This is no VAPID private key. It is 32 bytes in base64url (43 characters), or a PEM of the curve P-256. Leave the field empty and one is made.",
            field="private_key",
        )
    return loaded


def public_key(private: ec.EllipticCurvePrivateKey) -> str:
    """What browsers are given as `applicationServerKey`: 65 bytes in base64url."""
    return base64url(private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def check_contact(text: str) -> None:
    """Whom a push service turns to when something is wrong. Apple refuses every message with an address that cannot be one. Raises `Invalid`."""
    parts = urlsplit(text)
    host = text.rpartition("@")[2] if parts.scheme == "mailto" else parts.hostname or ""
    named = parts.scheme in ("mailto", "https") and (parts.scheme == "https" or text.count("@") == 1)
    if not named or not text.isascii() or not text.isprintable() or any(c in text for c in " <>\"'") or "." not in host.strip(".") or host.endswith((".local", ".localhost")):
        raise Invalid(
            "Push services want to know whom to turn to. Write mailto:you@your-domain.com or https://your-domain.com/contact.", field="contact"
        )


class Vapid:
    """Signs for one installation; a word is good for every message to one push service for hours."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, contact: str) -> None:
        self._private, self._contact, self._public = private, contact, public_key(private)
        self._words: dict[str, tuple[float, str]] = {}

    def header(self, origin: str, now: float) -> str:
        """The value of `Authorization` for a push service."""
        until, word = self._words.get(origin, (0.0, ""))
        if until - SPARE < now or until > now + LIFE:  # the second: our clock was set back
            if len(self._words) >= ORIGINS:
                self._words.clear()
            until = now + LIFE
            claims = {"aud": origin, "exp": int(until), "sub": self._contact}
            word = f"vapid t={jwt.encode(claims, self._private, algorithm='ES256')}, k={self._public}"
            self._words[origin] = (until, word)
        return word

    def forget(self, origin: str) -> None:
        """It was not believed: the next one is signed anew."""
        self._words.pop(origin, None)


