"""Browsers as push addresses: `webpush:` and what `PushSubscription.toJSON()` says, in one spelling. Shapes are checked here; who answers
at the endpoint is asked when something is sent (`channels.egress`)."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from backend.domain.errors import Invalid

PREFIX = "webpush:"
LONGEST = 4_096  # bytes of the whole address
POINT, AUTH = 65, 16  # bytes of a key and of the secret (RFC 8291, 3.1 and 3.2)
_SAFE = re.compile(r"https://[!#-;=?-\[\]_a-z~]+", re.IGNORECASE | re.ASCII)  # of ASCII, without what no URL holds: blanks, quotes, <>, \, ^, `, {|}
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")  # a name, never a number
_OURS = frozenset(("alt", "arpa", "internal", "local", "localhost", "onion"))  # last labels of names that are nobody's in public (RFC 6761 and kin)
_decoder = msgspec.json.Decoder(dict[str, Any])


class NotASubscription(Invalid):
    """This is no push subscription of a browser. Give what JSON.stringify(subscription) says, unchanged."""


class Browser(NamedTuple):
    """Where its push service takes messages for it, and with what they are encrypted for it."""

    endpoint: str
    key: bytes
    auth: bytes

    @property
    def origin(self) -> str:
        """Of its push service."""
        return "/".join(self.endpoint.split("/", 3)[:3])


def browser_of(text: str) -> Browser:
    """Of an address or of the bare JSON. Raises `Invalid`, naming the repair; never repeats the endpoint, which is as good as a password."""
    try:
        given = _decoder.decode(text.removeprefix(PREFIX).encode())
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise _wrong("it cannot be read as JSON") from None
    keys = given.get("keys")
    if not isinstance(keys, dict):
        raise _wrong("its keys are missing")
    key, auth = _bytes(keys.get("p256dh"), "p256dh", POINT), _bytes(keys.get("auth"), "auth", AUTH)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), key)
    except ValueError:
        raise _wrong("its p256dh is no point of the curve P-256") from None
    return Browser(_endpoint(given.get("endpoint")), key, auth)


def written(text: str) -> str:
    """The one spelling of the JSON: compact, keys sorted, unpadded base64url. Raises `Invalid`."""
    browser = browser_of(text)
    value = {"endpoint": browser.endpoint, "keys": {"auth": base64url(browser.auth), "p256dh": base64url(browser.key)}}
    plain = msgspec.json.encode(value).decode()
    if len(PREFIX + plain) > LONGEST:
        raise _wrong(f"it is longer than {LONGEST:,} bytes")
    return plain


def hint(text: str) -> str:
    """Enough to recognise it by: the push service, and how its endpoint ends."""
    browser = browser_of(text)
    return f"{browser.origin.removeprefix('https://')} …{browser.endpoint[-4:]}"


def base64url(raw: bytes) -> str:
    """Without padding (RFC 7515, appendix C)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """With or without padding. Raises `ValueError`."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*={0,2}", text):
        raise ValueError("This is not base64url.")
    bare = text.rstrip("=")
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _endpoint(given: object) -> str:
    if not isinstance(given, str) or len(given) > LONGEST or not _SAFE.fullmatch(given):
        raise _wrong("its endpoint is no https address")
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise _wrong("its endpoint is no https address") from None
    host = (parts.hostname or "").lower()
    if "@" in parts.netloc or parts.fragment or port == 0 or not _HOST.fullmatch(host) or host.rpartition(".")[2] in _OURS:
        raise _wrong("its endpoint is at no public push service")
    where = host if port in (None, 443) else f"{host}:{port}"
    return f"https://{where}{parts.path or '/'}" + (f"?{parts.query}" if parts.query else "")


def _bytes(given: object, name: str, size: int) -> bytes:
    try:
        raw = from_base64url(given) if isinstance(given, str) and len(given) <= 2 * size else b""
    except (ValueError, Error):
        raw = b""
    if len(raw) != size:
        raise _wrong(f"its {name} is not {size} bytes in base64url")
    return raw


def _wrong(why: str) -> NotASubscription:
    return NotASubscription(f"This is no push subscription of a browser: {why}. Give what JSON.stringify(subscription) says, unchanged.", field="address")
