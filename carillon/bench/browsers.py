"""What Web Push carries alone, with real keys: each message is encrypted for the browser it goes to, and posted over TLS to a sink."""

import datetime as dt
import os
import ssl
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from backend.channels.base import Outgoing
from backend.channels.egress import Egress
from backend.channels.webpush import Webpush
from backend.channels.webpush_seal import Vapid, make_key, read_key
from backend.clock import SystemClock
from backend.domain.space import Sender
from backend.domain.template import Action, PushMessage
from backend.security.browsers import PREFIX, base64url, written
from carillon.bench import stand

BROWSERS = 2_000
NAME = "push.bench.test"
MESSAGE = PushMessage(
    "Your order 778812 is on its way", "Two parcels arrive on Friday between nine and noon; somebody should be at home.",
    image="https://shop.example.com/i/778812.png", link="https://shop.example.com/orders/778812",
    actions=(Action("track", "Track it", "https://shop.example.com/t/778812"),),
)  # fmt: skip


async def run(count: int, flown: Callable[..., Any]) -> float:
    """Messages with image, button, link and badge to so many browsers of one push service."""
    with TemporaryDirectory() as folder:
        pem = Path(folder, "sink.pem")
        trusted = _certified(pem)
        with stand.sink(str(pem), module="carillon.bench.sink_webpush") as url:
            port = urlsplit(url).port

            async def here(name: str, port: int) -> list[str]:
                return ["127.0.0.1"]

            addresses = [_address(f"https://{NAME}:{port}/wpush/v2/{n:032x}") for n in range(BROWSERS)]
            egress = Egress(resolve=here, allowed=frozenset({"127.0.0.1"}), context=trusted)
            vapid = Vapid(read_key(make_key()), "mailto:bells@example.com")
            provider = Webpush(key="webpush", vapid=vapid, clock=SystemClock(), egress=egress)

            def made(n: int) -> Outgoing:
                who = n % BROWSERS
                return Outgoing(n.to_bytes(16, "big"), 1, who, "push", 1, addresses[who], MESSAGE, Sender(), category="orders", badge=3)

            rate: float = await flown(provider, made, count)
            return rate


def _address(endpoint: str) -> str:
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    told = {"endpoint": endpoint, "keys": {"p256dh": base64url(point), "auth": base64url(os.urandom(16))}}
    return PREFIX + written(msgspec.json.encode(told).decode())


def _certified(file: Path) -> ssl.SSLContext:
    """A certificate of `NAME` by itself, for a day, with its key in `file`; a context that trusts it."""
    key, called = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    own = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + own)
    context = ssl.create_default_context(cadata=own.decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
