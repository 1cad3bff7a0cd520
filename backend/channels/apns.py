"""Push to Apple's devices without anybody between: the kind `apns`, by HTTP/2 with a token that is signed with the team's key.

Connections are apns_link.py and apns_pool.py, meanings stand in apns_answers.py. A repeat has the collapse id of the first, so nobody sees it.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from backend.channels.apns_link import ONCE, Ask, Header
from backend.channels.apns_pool import CONNECT, Pool, Unreachable
from backend.channels.base import Answer, Outgoing
from backend.channels.inorder import InOrder
from backend.channels.kinds import Field, Given, Kind, Parts
from backend.channels.push import ALARM, HASTE, Unfit, data_of, fits, mark_of, message_of
from backend.clock import Clock
from backend.domain.errors import Invalid, Unavailable

HOSTS: Mapping[str, tuple[str, int]] = {"production": ("api.push.apple.com", 443), "sandbox": ("api.sandbox.push.apple.com", 443)}
TRUSTED: str | None = None  # file of certificates to trust beside the machine's own: of tests
KEPT = 2_400.0  # seconds that a token serves; Apple takes it for an hour, and no new one within 20 minutes
YOUNG = 60.0  # seconds: one that is called expired sooner would be so again
PATIENCE = 30.0  # seconds for one answer
NOBODY = "0" * 64  # a token that no device has

_encode = msgspec.json.Encoder().encode


def payload_of(outgoing: Outgoing) -> bytes:
    """What the device is given. Raises `Unfit`."""
    message = message_of(outgoing)
    aps: dict[str, Any] = {"alert": {"title": message.title, "body": message.body}}
    if outgoing.badge is not None:
        aps["badge"] = outgoing.badge
    if outgoing.priority != "low":
        aps["sound"] = "default"
    if outgoing.priority == ALARM:
        aps["interruption-level"] = "time-sensitive"
    if outgoing.category:
        aps["thread-id"] = outgoing.category
    if message.actions:
        aps["category"] = outgoing.category
    whole: dict[str, Any] = {"aps": aps, **data_of(outgoing, message)}
    if message.image:
        aps["mutable-content"] = 1  # an extension of the app loads it
        whole["image"] = message.image
    body = _encode(whole)
    fits(len(body))
    return body


def key_of(text: str) -> EllipticCurvePrivateKey:
    """The key of a .p8 file. Raises `Invalid`, and never repeats it."""
    try:
        key = load_pem_private_key(text.strip().encode(), None)
    except (ValueError, TypeError, UnicodeError):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise Invalid("This is no key of Apple. Paste the whole .p8 file, with its first and its last line.")
    return key


class Signed:
    """The token that says who we are (ES256)."""

    def __init__(self, key: EllipticCurvePrivateKey, key_id: str, team: str, clock: Clock) -> None:
        self._key, self._key_id, self._team, self._clock = key, key_id, team, clock
        self._at, self._text = 0.0, b""

    def text(self) -> bytes:
        """The value of the authorization header."""
        now = self._clock.now()
        if not self._text or not 0 <= now - self._at < KEPT:
            made = jwt.encode({"iss": self._team, "iat": int(now)}, self._key, algorithm="ES256", headers={"kid": self._key_id})
            self._at, self._text = now, b"bearer " + made.encode()
        return self._text

    def renewed(self, used: bytes) -> bool:
        """After one was called expired: whether there is another to try."""
        if used == self._text and self._clock.now() - self._at >= YOUNG:
            self._text = b""
        return used != self._text


class Apns:
    """The provider. `key`: of a .p8 file; raises `Invalid`. Nothing is connected before the first message."""

    channel, route = "push", "push-apns"
    lanes = 1  # order is kept for each device, so no two of them need wait for one another

    def __init__(
        self, signing: str, *, key_id: str, team: str, topic: str, clock: Clock, host: str = "production", key: str = "apns", open_limit: int = 500,
        connections: int = 2, rate: int = 0, patience: float = PATIENCE, connect: float = CONNECT,
    ) -> None:  # fmt: skip
        self.key, self.open_limit, self.rate = key, open_limit, rate
        self._clock, self._topic, self._wait = clock, topic, patience
        self.patience = 2 * patience + connect
        self._where, self._connections, self._connect = HOSTS[host], connections, connect
        self._signed = Signed(key_of(signing), key_id, team, clock)
        self._context = ssl.create_default_context()
        if TRUSTED:
            self._context.load_verify_locations(TRUSTED)
        self._context.set_alpn_protocols(["h2"])
        self._first: list[Header] = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", self._where[0].encode())]
        self._always: list[Header] = [(b"apns-topic", topic.encode()), (b"apns-push-type", b"alert")]
        self._row = InOrder(self._send)
        self._pool = self._pooled()

    async def start(self) -> None:
        """Connections open when there is something to send."""

    async def close(self, patience: float | None = None) -> None:
        """Answer what waits, wait for what flies."""
        await self._pool.close(self._wait if patience is None else patience)
        await self._row.close(self._connect if patience is None else min(self._connect, patience))

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        """One message to one device."""
        self._row.put(outgoing, done)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """What waits for a connection, or behind another one to its device."""
        self._row.recall(deliveries, answer)
        self._pool.recall(deliveries, answer)

    async def reachable(self) -> str:
        """Opens a connection of its own and sends to a device that nobody has: all is well when Apple says just that."""
        try:
            link = await self._pooled().opened()
        except Unreachable as away:
            raise Unavailable(away.answer.raw) from None
        try:
            heard, done = _waited()
            link.send([Ask(b"", self._headers(NOBODY, "low", self._signed.text()), b'{"aps":{"alert":"Carillon"}}', done)])
            answer = await heard
        finally:
            link.abort("It was only asked whether all is well.")
        if answer.code not in ("BadDeviceToken", "Unregistered"):
            raise Unavailable(f"Apple answered: {answer.raw}")
        return f"Apple takes messages for {self._topic}."

    def _pooled(self) -> Pool:
        host, port = self._where
        return Pool(host, port, self._context, most=self._connections, patience=self._wait, connect=self._connect)

    def _headers(self, device: str, priority: str, token: bytes, *own: Header) -> list[Header]:
        path = ONCE(b":path", b"/3/device/" + device.encode())
        return [*self._first, path, *self._always, (b"apns-priority", b"10" if priority in HASTE else b"5"), (b"authorization", token), *own]

    async def _send(self, outgoing: Outgoing) -> Answer:
        try:
            body = payload_of(outgoing)
        except Unfit as unfit:
            return unfit.answer
        own: list[Header] = [
            ONCE(b"apns-id", str(UUID(bytes=outgoing.delivery)).encode()), ONCE(b"apns-collapse-id", mark_of(outgoing).encode()),
        ]  # fmt: skip
        if outgoing.expires:
            own.append(ONCE(b"apns-expiration", str(int(outgoing.expires)).encode()))
        token = self._signed.text()
        answer = await self._asked(outgoing, token, own, body)
        if answer.code == "ExpiredProviderToken" and self._signed.renewed(token):
            answer = await self._asked(outgoing, self._signed.text(), own, body)
        return answer

    async def _asked(self, outgoing: Outgoing, token: bytes, own: list[Header], body: bytes) -> Answer:
        heard, done = _waited()
        headers = self._headers(outgoing.address.removeprefix("apns:"), outgoing.priority, token, *own)
        self._pool.put(Ask(outgoing.delivery, headers, body, done))
        return await heard


def _waited() -> tuple[asyncio.Future[Answer], Callable[[Answer], None]]:
    """An answer to wait for, and what gives it."""
    heard: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def done(answer: Answer) -> None:
        if not heard.done():  # whoever waited may have been cancelled
            heard.set_result(answer)

    return heard, done


def _key(text: str) -> None:
    key_of(text)


def _id(text: str) -> None:
    if not re.fullmatch(r"[A-Z0-9]{10}", text):
        raise Invalid("This is ten capital letters and digits, as Apple's developer pages show it. Copy it from there.")


def _topic(text: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,155}", text):
        raise Invalid("A bundle id is written like com.example.app. Copy it from Xcode or App Store Connect.")


def _make(given: Given, parts: Parts) -> Apns:
    fields = given.fields
    return Apns(
        fields["signing"], key_id=fields["key_id"], team=fields["team"], topic=fields["topic"], host=fields["environment"], clock=parts.clock,
        key=given.key, open_limit=given.number("open"), connections=given.number("connections"),
    )  # fmt: skip


KIND = Kind(
    key="apns",
    name="Apple (APNs)",
    channel="push",
    route="push-apns",
    needs={
        "en": "An Apple developer account with your app in it, and a key for push notifications (.p8) of its team.",
        "de": "Ein Apple-Entwicklerkonto mit Ihrer App darin und einen Schlüssel für Push-Mitteilungen (.p8) seines Teams.",
    },
    fields=(
        Field(
            name="signing", form="secret_lines", title={"en": "Key (.p8)", "de": "Schlüssel (.p8)"}, longest=2_048, check=_key,
            hint={"en": "developer.apple.com: Certificates, Identifiers & Profiles, Keys. Paste the whole file.",
                  "de": "developer.apple.com: Certificates, Identifiers & Profiles, Keys. Die ganze Datei einfügen."},
        ),
        Field(
            name="key_id", title={"en": "Key ID", "de": "Schlüssel-ID"}, longest=10, check=_id,
            hint={"en": "Ten characters; they stand beside the key, and in the name of its file.",
                  "de": "Zehn Zeichen; sie stehen beim Schlüssel und im Namen seiner Datei."},
        ),
        Field(
            name="team", title={"en": "Team ID", "de": "Team-ID"}, longest=10, check=_id,
            hint={"en": "Ten characters, under Membership details.", "de": "Zehn Zeichen, unter Membership details."},
        ),
        Field(
            name="topic", title={"en": "Bundle ID of the app", "de": "Bundle-ID der App"}, longest=155, check=_topic,
            hint={"en": "For example com.example.app.", "de": "Zum Beispiel com.example.app."},
        ),
        Field(
            name="environment", form="choice", title={"en": "Environment", "de": "Umgebung"}, usual="production",
            choices=(
                ("production", {"en": "Production: App Store and TestFlight", "de": "Produktion: App Store und TestFlight"}),
                ("sandbox", {"en": "Sandbox: apps run from Xcode", "de": "Sandbox: aus Xcode gestartete Apps"}),
            ),
        ),
        Field(
            name="connections", rare=True, form="number", title={"en": "Connections", "de": "Verbindungen"}, usual="2", low=1, high=16,
            hint={"en": "How many each process opens at most; one carries hundreds of messages at once.",
                  "de": "So viele öffnet jeder Prozess höchstens; eine trägt Hunderte Nachrichten zugleich."},
        ),
        Field(
            name="open", rare=True, form="number", title={"en": "Open at once", "de": "Zugleich offen"}, usual="500", low=1, high=2_000,
            hint={"en": "How many messages each process may have under way.", "de": "So viele Nachrichten darf jeder Prozess zugleich unterwegs haben."},
        ),
    ),
    make=_make,
)  # fmt: skip
