"""A push service on a real TLS socket that answers what it is told, and browsers to decrypt what it was given with others' software."""

import json
import ssl
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from os import urandom

import http_ece
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from backend.channels.base import Outgoing
from backend.channels.egress import Egress
from backend.channels.webpush import Webpush
from backend.channels.webpush_seal import Vapid, make_key, read_key
from backend.clock import HeldClock
from backend.domain.space import Sender
from backend.domain.template import PushMessage

NOON = 1_795_608_000.0
NAME = "push.example.test"


def base64url(raw):
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Subscribed:
    """One browser with keys of its own, as `PushSubscription.toJSON()` tells them."""

    def __init__(self, origin=f"https://{NAME}", path=""):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = urandom(16)
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.json = {
            "endpoint": f"{origin}/wpush/v2/{path or base64url(urandom(24))}", "expirationTime": None,
            "keys": {"p256dh": base64url(point), "auth": base64url(self.auth)},
        }  # fmt: skip
        self.address = "webpush:" + json.dumps(self.json)

    def opens(self, body):
        """The JSON inside; decrypted by http_ece, which is not ours."""
        return json.loads(http_ece.decrypt(body, private_key=self.private, auth_secret=self.auth, version="aes128gcm"))


def certified(folder, name=NAME):
    """(contexts of a server of this name, of a client who trusts it)."""
    key, called = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.DNSName(f"*.{name}")])
    own = made.add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    (folder / "push.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + own.public_bytes(Encoding.PEM)
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "push.pem")
    trusting = ssl.create_default_context(cadata=own.public_bytes(Encoding.PEM).decode())
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return serving, trusting


class PushSink:
    """`script(request, n)` gives the answer to the n-th request, counted from 1; None: 201."""

    def __init__(self, folder, script=lambda request, n: None):
        self.serving, self.trusting = certified(folder)
        self.script, self.heard = script, []  # (path, headers, body)

    async def start(self):
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{any:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.serving)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self):
        await self._runner.cleanup()

    async def _take(self, request):
        body = await request.read()
        if request.method == "POST":
            self.heard.append((request.path, dict(request.headers), body))
        said = self.script(request, len(self.heard))
        if hasattr(said, "__await__"):
            said = await said
        return said or web.Response(status=201, headers={"Location": f"https://{NAME}/message/1"})

    @property
    def origin(self):
        return f"https://{NAME}:{self.port}"

    def egress(self, **more):
        """Every name under ours leads here."""

        async def resolve(name, port):
            if name == NAME or name.endswith("." + NAME):
                return ["127.0.0.1"]
            raise OSError("unknown")

        return Egress(**{"resolve": resolve, "allowed": frozenset({"127.0.0.1"}), "context": self.trusting, **more})


@asynccontextmanager
async def push_sink(folder, script=lambda request, n: None):
    service = PushSink(folder, script)
    await service.start()
    try:
        yield service
    finally:
        await service.close()


@asynccontextmanager
async def sending(egress, clock=None, vapid=None, **more):
    """A provider that is started."""
    vapid = vapid or Vapid(read_key(make_key()), "mailto:bells@example.com")
    provider = Webpush(key="webpush", vapid=vapid, clock=clock or HeldClock(NOON), egress=egress, **more)
    await provider.start()
    try:
        yield provider
    finally:
        await provider.close()


def outgoing(to, n=1, *, title="Order shipped", body="It is on its way.", **more):
    message = PushMessage(title, body, more.pop("image", ""), more.pop("link", ""), tuple(more.pop("actions", ())))
    return Outgoing(n.to_bytes(16, "big"), 1, n, "push", 1, to, message, Sender(), **more)


def unpadded(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
