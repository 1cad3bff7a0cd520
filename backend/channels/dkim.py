"""Signing a mail by DKIM (RFC 6376, relaxed/relaxed), for servers that do not: RSA (rsa-sha256) or Ed25519 (RFC 8463).

Signed are the headers that people and mailbox providers go by, those of one-click unsubscribing among them (RFC 8058, 4), and From once more than it
is there, so that nobody can add another one.
"""

import re
from base64 import b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backend.domain.errors import Invalid

SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type", b"list-unsubscribe", b"list-unsubscribe-post",
    b"list-id", b"feedback-id", b"auto-submitted",
)  # fmt: skip
BITS = 1_024  # of an RSA key at least; receivers ignore shorter ones (RFC 8301)
_WSP = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_FIELD = re.compile(rb"\r\n(?![ \t])")
SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


class Signer:
    """`key`: a private key in PEM. Raises `Invalid`."""

    def __init__(self, domain: str, selector: str, key: str) -> None:
        try:
            made = load_pem_private_key(key.strip().encode(), None)
        except (ValueError, TypeError):
            raise Invalid("This is no private key in PEM, or it has a password. Paste all of it, from -----BEGIN to -----END.", field="dkim_key") from None
        if isinstance(made, RSAPrivateKey):
            if made.key_size < BITS:
                raise Invalid(f"This RSA key has {made.key_size} bits, and receivers want {BITS} at least. Make one of 2048.", field="dkim_key")
        elif not isinstance(made, Ed25519PrivateKey):
            raise Invalid("DKIM takes RSA and Ed25519 keys only. Make one of these.", field="dkim_key")
        self._key: RSAPrivateKey | Ed25519PrivateKey = made
        way = b"rsa-sha256" if isinstance(made, RSAPrivateKey) else b"ed25519-sha256"
        self._begin = b"v=1; a=%b; c=relaxed/relaxed; d=%b; s=%b;" % (way, domain.encode("ascii"), selector.encode("ascii"))

    def sign(self, mail: bytes, now: float) -> bytes:
        """The mail with its signature before it. It has CRLF at the end of its lines, and dots are not doubled yet."""
        head, _, body = mail.partition(b"\r\n\r\n")
        fields: dict[bytes, bytes] = {}
        for field in _FIELD.split(head):
            name, _, value = field.partition(b":")
            fields[name.strip().lower()] = value
        names = [name for name in SIGNED if name in fields]
        value = b" %b t=%d;\r\n h=%b;\r\n bh=%b;\r\n b=" % (self._begin, int(now), b":\r\n ".join([*names, b"from"]), b64encode(sha256(relaxed_body(body)).digest()))
        text = b"".join(relaxed_field(name, fields[name]) + b"\r\n" for name in names) + relaxed_field(b"dkim-signature", value)
        code = b64encode(self._made(text))
        return b"DKIM-Signature:%b%b\r\n%b" % (value, b"\r\n ".join(code[n : n + 72] for n in range(0, len(code), 72)), mail)

    def _made(self, text: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(text, PKCS1v15(), SHA256())
        return self._key.sign(sha256(text).digest())  # of the hash: RFC 8463, 3


def relaxed_field(name: bytes, value: bytes) -> bytes:
    """RFC 6376, 3.4.2."""
    return name + b":" + _WSP.sub(b" ", _FOLD.sub(b"", value)).strip(b" \t")


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4."""
    if b" " in body or b"\t" in body:
        body = b"\r\n".join([_WSP.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")])
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""
