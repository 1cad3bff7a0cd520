"""Push by Firebase Cloud Messaging, HTTP v1: the kind `fcm`, for Android, Apple and browsers whose app uses Firebase.

Messages are written here and held to Google's discovery document by the tests: building firebase-admin's Message and encoding it takes longer
than sending it, and its client retries on its own. Access tokens are google-auth's (fcm_access.py), meanings stand in fcm_answers.py.
"""

from collections.abc import Callable, Collection
from typing import Any

import aiohttp
import msgspec

from backend.channels.base import Answer, Outgoing
from backend.channels.fcm_access import Access, NoAccess, account_of
from backend.channels.fcm_answers import answer_of
from backend.channels.inorder import InOrder
from backend.channels.kinds import Field, Given, Kind, Parts
from backend.channels.push import ALARM, HASTE, Unfit, data_of, fits, mark_of, message_of, secure, words
from backend.clock import Clock
from backend.domain.errors import Unavailable

BASE = "https://fcm.googleapis.com"
LONGEST_TTL = 2_419_200  # seconds, four weeks: what Firebase keeps at most
PATIENCE = 30.0  # seconds for one answer
CONNECT = 10.0
KEPT = 60.0  # seconds that an idle connection is kept; Google closes it after minutes
ANSWER = 65_536  # bytes of an answer that are read
CHECKED = {"validateOnly": True, "message": {"token": "carillon-asks-whether-all-is-well", "notification": {"title": "Carillon"}}}

_encode = msgspec.json.Encoder().encode


def body_of(outgoing: Outgoing, now: float, android_channel: str = "") -> bytes:
    """The request (projects.messages.send). Raises `Unfit`."""
    message, mark, seconds = message_of(outgoing), mark_of(outgoing), _seconds(outgoing, now)
    haste = outgoing.priority in HASTE
    notice = {"title": message.title, "body": message.body, **({"image": message.image} if message.image else {})}
    notification, data = _encode(notice), _encode(data_of(outgoing, message))
    android: dict[str, Any] = {"tag": mark}
    aps: dict[str, Any] = {"thread-id": outgoing.category} if outgoing.category else {}
    if outgoing.priority != "low":
        aps["sound"] = "default"
    if outgoing.priority == ALARM:
        aps["interruption-level"] = "time-sensitive"
    if outgoing.badge is not None:
        android["notificationCount"] = aps["badge"] = outgoing.badge
    if android_channel:
        android["channelId"] = android_channel
    if message.image:
        aps["mutable-content"] = 1  # an extension of the app loads it
    if message.actions:
        aps["category"] = outgoing.category
    browser: dict[str, Any] = {"tag": mark}
    if message.actions:
        browser["actions"] = [{"action": one.key, "title": one.label} for one in message.actions]
    if message.image:
        browser["image"] = message.image
    payload = _encode({"aps": aps})
    fits(len(notification) + len(data) + max(len(payload), len(_encode(browser))))
    ttl = LONGEST_TTL if seconds is None else seconds
    whole = {
        **_target(outgoing.address),
        "notification": msgspec.Raw(notification),
        "data": msgspec.Raw(data),
        "android": {"collapseKey": mark, "priority": "HIGH" if haste else "NORMAL", "ttl": f"{ttl}s", "notification": android},
        "apns": {
            "headers": {
                "apns-push-type": "alert", "apns-priority": "10" if haste else "5", "apns-collapse-id": mark,
                **({"apns-expiration": str(int(outgoing.expires))} if outgoing.expires else {}),
            },
            "payload": msgspec.Raw(payload),
            **({"fcmOptions": {"image": message.image}} if message.image else {}),
        },
        "webpush": {
            "headers": {"Urgency": "high" if haste else "normal", "TTL": str(ttl), "Topic": mark},
            "notification": browser,
            **({"fcmOptions": {"link": message.link}} if secure(message.link) else {}),
        },
    }  # fmt: skip
    return _encode({"message": whole})


def _target(address: str) -> dict[str, str]:
    return {"fid": address[4:]} if address.startswith("fid:") else {"token": address}


def _seconds(outgoing: Outgoing, now: float) -> int | None:
    """How long it is of use; 0: it is delivered at once or never."""
    return min(max(0, int(outgoing.expires - now)), LONGEST_TTL) if outgoing.expires else None


class Fcm:
    """The provider. `account`: the JSON of a service account; raises `Invalid`. Nothing is connected before `start`."""

    channel = route = "push"
    lanes = 1  # order is kept for each device, so no two of them need wait for one another

    def __init__(
        self, account: str, *, clock: Clock, key: str = "fcm", open_limit: int = 256, rate: int = 0, android_channel: str = "", patience: float = PATIENCE,
        connect: float = CONNECT, base: str = "",
    ) -> None:  # fmt: skip
        self.key, self.open_limit, self.rate = key, open_limit, rate
        self._account, self._clock, self._android, self._answer = account_of(account), clock, android_channel, patience
        self.patience, self._connect = patience * 2 + connect, connect
        self._url = f"{base or BASE}/v1/projects/{self._account['project_id']}/messages:send"
        self._row = InOrder(self._send)
        self._access: Access | None = None
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Connections open when there is something to send."""
        self._access, self._session = Access(self._account, self._clock), self._opened()

    async def close(self, patience: float | None = None) -> None:
        """Answer what waits, wait for what flies."""
        await self._row.close(self._answer if patience is None else patience)
        if self._access is not None:
            await self._access.close()
        if self._session is not None:
            await self._session.close()

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        """One message to one device."""
        self._row.put(outgoing, done)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """What waits behind another one to its device."""
        self._row.recall(deliveries, answer)

    async def reachable(self) -> str:
        """Fetches an access token and has a message to no device checked, which sends none."""
        access, session = Access(self._account, self._clock), self._opened()
        try:
            answer = await self._ask(session, _encode(CHECKED), await access.token(), "")
        except NoAccess as no:
            raise Unavailable(no.answer.raw) from None
        finally:
            await access.close()
            await session.close()
        if answer.meaning not in ("bad_address", "accepted"):  # that the token is none is what it says when all is well
            raise Unavailable(f"Firebase answered: {answer.raw}")
        return f"Firebase takes messages for the project {self._account['project_id']}."

    def _opened(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self.open_limit, keepalive_timeout=KEPT, ttl_dns_cache=60)
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=self._answer + self._connect, sock_connect=self._connect),
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"}, skip_auto_headers=("User-Agent", "Accept"),
        )  # fmt: skip

    async def _send(self, outgoing: Outgoing) -> Answer:
        assert self._access is not None and self._session is not None  # noqa: PT018
        try:
            body = body_of(outgoing, self._clock.now(), self._android)
            token = await self._access.token()
            answer = await self._ask(self._session, body, token, outgoing.address)
            if answer.code == "UNAUTHENTICATED":  # it was revoked, or ended before its time
                self._access.spoil(token)
                answer = await self._ask(self._session, body, await self._access.token(), outgoing.address)
        except (Unfit, NoAccess) as no:
            return no.answer
        return answer

    async def _ask(self, session: aiohttp.ClientSession, body: bytes, token: str, address: str) -> Answer:
        headers, again = {"Authorization": f"Bearer {token}"}, True
        while True:
            try:
                async with session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                    read = await _read(response)
                    return answer_of(response.status, response.headers.get("Retry-After", ""), read, address, self._clock.now())
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as away:
                return Answer("temporary", "connection", words(f"Firebase cannot be reached: {away}"))
            except TimeoutError:
                return Answer("unknown", "timeout", f"Firebase did not answer within {self._answer:g} seconds.")
            except (aiohttp.ClientError, OSError) as lost:
                if again:  # a kept connection had ended, mostly; should it have been taken, its mark makes the repeat take its place
                    again = False
                    continue
                return Answer("unknown", "connection_lost", words(f"Firebase went away before it answered: {type(lost).__name__}"))


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """So much of an answer as counts; the rest is left, with its connection."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > ANSWER:
            response.close()
            break
    return bytes(body[:ANSWER])


def _account(text: str) -> None:
    account_of(text)


def _make(given: Given, parts: Parts) -> Fcm:
    return Fcm(
        given.fields["account"], clock=parts.clock, key=given.key, open_limit=given.number("open"), rate=given.number("rate"),
        android_channel=given.fields.get("android_channel", ""),
    )  # fmt: skip


KIND = Kind(
    key="fcm",
    name="Firebase Cloud Messaging",
    channel="push",
    needs={
        "en": "A Firebase project with your app in it, and the key file of a service account of that project.",
        "de": "Ein Firebase-Projekt mit Ihrer App darin und die Schlüsseldatei eines Dienstkontos dieses Projekts.",
    },
    fields=(
        Field(
            name="account", form="secret_lines", title={"en": "Service account (JSON)", "de": "Dienstkonto (JSON)"}, longest=16_384, check=_account,
            hint={"en": "Firebase console: Project settings, Service accounts, Generate new private key. Paste the whole file.",
                  "de": "Firebase-Konsole: Projekteinstellungen, Dienstkonten, Neuen privaten Schlüssel generieren. Die ganze Datei einfügen."},
        ),
        Field(
            name="android_channel", rare=True, required=False, title={"en": "Android channel", "de": "Android-Kanal"}, longest=100,
            hint={"en": "The notification channel that your Android app made; empty for its default.",
                  "de": "Der Benachrichtigungskanal, den Ihre Android-App angelegt hat; leer für ihren Standard."},
        ),
        Field(
            name="open", rare=True, form="number", title={"en": "Open at once", "de": "Zugleich offen"}, usual="256", low=1, high=1_000,
            hint={"en": "How many messages each process may have under way.", "de": "So viele Nachrichten darf jeder Prozess zugleich unterwegs haben."},
        ),
        Field(
            name="rate", rare=True, form="number", title={"en": "Messages a second", "de": "Nachrichten je Sekunde"}, usual="10000", low=0, high=100_000,
            hint={"en": "The most that all processes together send; Firebase allows 600,000 a minute. 0 for any number.",
                  "de": "So viele senden alle Prozesse zusammen höchstens; Firebase erlaubt 600.000 je Minute. 0 für beliebig viele."},
        ),
    ),
    make=_make,
)  # fmt: skip
