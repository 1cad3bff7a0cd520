"""What Firebase's and Apple's providers carry alone, with real signatures: keys and certificates are made for the occasion."""

import datetime as dt
import json
from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from backend.channels import apns, fcm_access
from backend.channels.apns import Apns
from backend.channels.base import Outgoing, Provider
from backend.channels.fcm import Fcm
from backend.clock import SystemClock
from backend.domain.space import Sender
from backend.domain.template import Action, PushMessage
from carillon.bench import stand

Flown = Callable[[Provider, Callable[[int], Outgoing], int], Coroutine[Any, Any, float]]  # `channels.flown`
PERSONS = 2_000
MESSAGE = PushMessage(
    "Your order 778812 is on its way", "Two parcels arrive on Friday between nine and noon; somebody should be at home.",
    image="https://shop.example.com/i/778812.png", link="shop://orders/778812", actions=(Action("track", "Track it", "https://shop.example.com/t/778812"),),
)  # fmt: skip


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _made(n: int, address: str) -> Outgoing:
    return Outgoing(n.to_bytes(16, "big"), 1, n % PERSONS, "push", 1, address, MESSAGE, Sender(), category="orders", badge=3)


async def firebase(flown: Flown, count: int) -> float:
    """Messages with image, button, link and badge, by HTTP/1.1; one exchange for an access token."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with stand.sink(module="carillon.bench.sink_fcm") as url:
        base = f"http://{urlsplit(url).netloc}"
        fcm_access.ENDS = (base,)
        account = {"type": "service_account", "project_id": "bench", "private_key": _pem(key).decode(), "client_email": "b@bench.iam", "token_uri": f"{base}/token"}
        provider = Fcm(json.dumps(account), clock=SystemClock(), base=base)
        return await flown(provider, lambda n: _made(n, f"device{n % PERSONS:08d}:APA91b{'x' * 134}"), count)


async def apple(flown: Flown, count: int) -> float:
    """The same by HTTP/2 over TLS, on two connections."""
    key = ec.generate_private_key(ec.SECP256R1())
    with TemporaryDirectory() as folder:
        ours = _kept(Path(folder, "sink.pem"), key)
        with stand.sink("--file", str(ours), module="carillon.bench.sink_apns") as url:
            apns.HOSTS, apns.TRUSTED = {"production": ("127.0.0.1", urlsplit(url).port or 0)}, str(ours)
            provider = Apns(_pem(key).decode(), key_id="KEY1234567", team="TEAM123456", topic="com.example.bells", clock=SystemClock())
            return await flown(provider, lambda n: _made(n, f"apns:{n % PERSONS:064x}"), count)


def _kept(file: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    file.write_bytes(_pem(key) + _certificate(key))
    return file


def _certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Of 127.0.0.1, by itself, for a day."""
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")]), dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
