"""Apple's provider API as its documents describe it, on h2 over TLS: HTTP/2 alone, a token signed with ES256, rules for headers and size.

What a request is answered is one function, so that another server (hypercorn) can stand behind it too.
"""

import asyncio
import contextlib
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hyperframe.frame import GoAwayFrame

KEY = ec.generate_private_key(ec.SECP256R1())
P8 = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
TEAM, KEY_ID, TOPIC = "TEAM123456", "KEY1234567", "com.example.bells"
TYPES = {"alert", "background", "location", "voip", "complication", "fileprovider", "mdm", "liveactivity", "pushtotalk", "widgets", "controls"}
Say = tuple[int, dict[str, Any]]


class Apple:
    """What it knows. `say`: from a device's token to another answer than success; `now`: its clock."""

    def __init__(self) -> None:
        self.sent: list[tuple[dict[str, str], dict[str, Any]]] = []  # what was processed
        self.wrong: list[str] = []
        self.tokens: set[str] = set()
        self.say: Callable[[str], Say | None] = lambda _: None
        self.now: Callable[[], float] = time.time
        self.expired: set[str] = set()  # tokens that are called too old
        self.connections = 0
        self.port = 0
        # ways to misbehave
        self.goodbye_every = 0  # requests of a connection after which it says goodbye
        self.streams = 100
        self.greedy_first: Callable[[Session], None] | None = None  # called once, when a connection is made
        self.raw: Callable[[Session, int], bool] | None = None  # takes a request itself
        self.sessions: set[Session] = set()

    def judged(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Say:
        """The answer to one request."""
        if method != "POST":
            return 405, {"reason": "MethodNotAllowed"}
        device = re.fullmatch(r"/3/device/([0-9a-fA-F]+)", path)
        if not device:
            return 404, {"reason": "BadPath"}
        if (wrong := self._token(headers.get("authorization", ""))) is not None:
            return wrong
        if len(body) > 4096:
            return 413, {"reason": "PayloadTooLarge"}
        if headers.get("apns-topic") != TOPIC:
            return 400, {"reason": "TopicDisallowed" if headers.get("apns-topic") else "MissingTopic"}
        if headers.get("apns-push-type") not in TYPES:
            return 400, {"reason": "InvalidPushType"}
        if headers.get("apns-priority", "10") not in ("1", "5", "10"):
            return 400, {"reason": "BadPriority"}
        if len(headers.get("apns-collapse-id", "").encode()) > 64:
            return 400, {"reason": "BadCollapseId"}
        if not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", headers.get("apns-id", "00000000-0000-0000-0000-000000000000")):
            return 400, {"reason": "BadMessageId"}
        if not re.fullmatch(r"\d+", headers.get("apns-expiration", "0")):
            return 400, {"reason": "BadExpirationDate"}
        try:
            alert = json.loads(body)["aps"]["alert"]
            assert isinstance(alert, dict | str)
        except (ValueError, KeyError, TypeError, AssertionError):
            return 400, {"reason": "PayloadEmpty"}
        if len(device[1]) != 64 or device[1] == "0" * 64:
            return 400, {"reason": "BadDeviceToken"}
        self.sent.append(({**headers, ":path": path}, json.loads(body)))
        return self.say(device[1]) or (200, {})

    def _token(self, authorization: str) -> Say | None:
        if not authorization.lower().startswith("bearer "):
            return 403, {"reason": "MissingProviderToken"}
        text = authorization[7:]
        try:
            head = jwt.get_unverified_header(text)
            claims = jwt.decode(text, KEY.public_key(), algorithms=["ES256"], options={"require": ["iss", "iat"], "verify_iat": False})
            assert head.get("kid") == KEY_ID
            assert claims["iss"] == TEAM
            assert set(claims) == {"iss", "iat"}
        except (jwt.InvalidTokenError, AssertionError):
            return 403, {"reason": "InvalidProviderToken"}
        if not -60 <= self.now() - claims["iat"] <= 3600 or text in self.expired:
            return 403, {"reason": "ExpiredProviderToken"}
        self.tokens.add(text)
        return None


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, apple: Apple) -> None:
        self.apple = apple
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.asked: dict[int, tuple[dict[str, str], bytearray]] = {}
        self.count, self.last = 0, 2**31 - 1  # requests; the last stream that is looked at

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.apple.connections += 1
        self.apple.sessions.add(self)
        most = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.apple.streams}
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=most)
        self.h2.initiate_connection()
        if self.apple.greedy_first:
            greedy, self.apple.greedy_first = self.apple.greedy_first, None
            greedy(self)
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.apple.sessions.discard(self)

    def flush(self) -> None:
        self.transport.write(self.h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.asked[event.stream_id] = (dict(event.headers), bytearray())
            elif isinstance(event, h2.events.DataReceived):
                if event.stream_id in self.asked:
                    self.asked[event.stream_id][1].extend(event.data)
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.take(event.stream_id)
        self.flush()

    def take(self, stream: int) -> None:
        headers, body = self.asked.pop(stream)
        if stream > self.last:
            return  # after the goodbye nothing is looked at
        self.count += 1
        if self.apple.raw is not None and self.apple.raw(self, stream):
            return
        every = self.apple.goodbye_every
        if every and self.count == every:
            self.goodbye(stream)  # this one is still answered, and those before it
        status, said = self.apple.judged(headers[":method"], headers[":path"], headers, bytes(body))
        self.answer(stream, status, said)
        if every and self.count >= every:
            self.flush()
            asyncio.get_running_loop().call_later(0.05, self.transport.close)

    def answer(self, stream: int, status: int, said: dict[str, Any]) -> None:
        body = json.dumps(said).encode() if said else b""
        self.h2.send_headers(stream, [(":status", str(status)), ("apns-id", "x" * 36)], end_stream=not body)
        if body:
            self.h2.send_data(stream, body, end_stream=True)

    def goodbye(self, last: int, code: int = 0, why: bytes = b"") -> None:
        """As a server does it: what it has begun is still answered, which h2's own goodbye would not allow."""
        self.last = last
        self.flush()
        self.transport.write(GoAwayFrame(0, last_stream_id=last, error_code=code, additional_data=why).serialize())


@contextlib.asynccontextmanager
async def apple_at(context: ssl.SSLContext) -> AsyncIterator[Apple]:
    """On a port of this machine. `context`: of a server; it is made to speak HTTP/2."""
    apple = Apple()
    context.set_alpn_protocols(["h2"])
    server = await asyncio.get_running_loop().create_server(lambda: Session(apple), "127.0.0.1", 0, ssl=context)
    apple.port = server.sockets[0].getsockname()[1]
    try:
        yield apple
    finally:
        server.close()
        for session in tuple(apple.sessions):
            session.transport.abort()
        await server.wait_closed()
