"""What Amazon SNS posts to a web address: verified before anything of it is believed, and subscriptions confirmed.

The signature is RSA PKCS #1 v1.5 over some of its fields, with SHA-1 (version 1) or SHA-256 (version 2). The certificate comes from an
address in the message itself, so that address must be one of Amazon's, and of no other form than theirs.
Sources: docs.aws.amazon.com/sns/latest/dg: "Verifying the signatures of Amazon SNS messages", "Parsing message formats", "HTTP/S retries".
"""

import re
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from backend.channels.esp import said
from backend.channels.kinds import Forged
from backend.domain.errors import Unavailable

Fetch = Callable[[str], Awaitable[bytes]]  # of an https address; raises `Unavailable`
REPEATS = 3600.0  # the most a topic's delivery policy may spend on one message
PATIENCE = 10.0  # seconds for one answer of SNS
LONGEST = 65_536  # bytes of one
KEPT = 16  # certificates; a region has one at a time
HASHES: Mapping[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}
# what is signed, in this order; a field that is not there is left out
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HOST = r"https://sns\.[a-z]{2}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com"
# a query would let anybody have Amazon say something of their choice
_CERTIFICATE = re.compile(_HOST + r"/[A-Za-z0-9_-]{1,200}\.pem")
_SUBSCRIBE = re.compile(_HOST + r"/\?[A-Za-z0-9_.~%:=&-]{1,2000}")


async def fetch(url: str) -> bytes:
    """The port's real one: no redirects, no more than `LONGEST`."""
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False) as client, client.stream("GET", url) as answer:
            held = bytearray()
            async for piece in answer.aiter_bytes():
                held += piece
                if len(held) > LONGEST:
                    raise Unavailable("Amazon SNS answered with more than a certificate. It will be asked again.")
            if answer.status_code != 200:
                raise Unavailable(f"Amazon SNS answered {answer.status_code}. It will be asked again.")
            return bytes(held)
    except httpx.HTTPError as error:
        raise Unavailable(f"Amazon SNS cannot be reached from here ({type(error).__name__}). Allow https to sns.<region>.amazonaws.com.") from None


class Sns:
    """Verifies messages; keeps certificates, by their address."""

    def __init__(self, fetch: Fetch = fetch) -> None:
        self._fetch = fetch
        self._kept: OrderedDict[str, x509.Certificate] = OrderedDict()

    async def verify(self, message: Mapping[str, Any], now: float) -> None:
        """Raises `Forged`; `Unavailable` when the certificate cannot be had now."""
        known = HASHES.get(said(message, "SignatureVersion"))
        url = said(message, "SigningCertURL")
        signed = canonical(message)
        if known is None or not signed or not _CERTIFICATE.fullmatch(url):
            raise Forged
        certificate = await self._certificate(url)
        key, at = certificate.public_key(), datetime.fromtimestamp(now, UTC)
        if not isinstance(key, RSAPublicKey) or not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise Forged
        try:
            key.verify(b64decode(said(message, "Signature"), validate=True), signed, PKCS1v15(), known())
        except (InvalidSignature, ValueError):
            raise Forged from None

    async def confirm(self, message: Mapping[str, Any]) -> None:
        """Say yes to a subscription whose message was verified. Raises `Forged`, `Unavailable`."""
        url = said(message, "SubscribeURL")
        if not _SUBSCRIBE.fullmatch(url) or "Action=ConfirmSubscription" not in url:
            raise Forged
        await self._fetch(url)

    async def _certificate(self, url: str) -> x509.Certificate:
        if url not in self._kept:
            try:
                self._kept[url] = x509.load_pem_x509_certificate(await self._fetch(url))
            except ValueError:
                raise Forged from None
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[url]


def canonical(message: Mapping[str, Any]) -> bytes:
    """The string that is signed: each field's name and value on lines of their own. b"" for a type that is not known."""
    names = SIGNED.get(said(message, "Type"), ())
    return "".join(f"{name}\n{message[name]}\n" for name in names if isinstance(message.get(name), str)).encode("utf-8", "replace")
