"""Web Push: notifications in browsers that somebody allowed to, through whichever push service each browser uses (RFC 8030, 8291, 8292).

The kind `webpush`. What is sent is in webpush_notice.py, how it is encrypted and signed in webpush_seal.py, what answers mean in
webpush_answers.py, and how addresses that browsers gave us are kept from leading inside in egress.py.
"""

import asyncio
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import aiohttp
from aiohttp import ClientError, ClientSession, ClientTimeout

from backend.channels.base import Answer, Outgoing
from backend.channels.egress import Egress, NotPublic
from backend.channels.inorder import InOrder
from backend.channels.kinds import Field, Given, Kind, Parts
from backend.channels.push import Unfit
from backend.channels.webpush_answers import answer_of
from backend.channels.webpush_notice import headers_of, payload_of
from backend.channels.webpush_seal import Vapid, check_contact, make_key, read_key, seal
from backend.clock import Clock
from backend.domain.errors import Invalid, Unavailable
from backend.security.browsers import Browser, NotASubscription, browser_of

CONNECT, ANSWER = 5.0, 10.0  # seconds to open a connection, and to hear an answer
REST = 30.0  # seconds a push service that cannot be reached is left alone: what goes there must not hold up others
RESTING = 1_024  # push services
HEARD = 4_096  # bytes read of an answer
SERVICES = {  # to see whether the outside can be reached; messages go to whichever a browser names
    "Google": "https://fcm.googleapis.com/",
    "Mozilla": "https://updates.push.services.mozilla.com/",
    "Apple": "https://web.push.apple.com/",
    "Microsoft": "https://wns2-par02p.notify.windows.com/",
}
EGRESS = Egress()


class Webpush:
    """The provider. What goes to one browser goes in order, and no browser waits for another."""

    channel, route = "push", "push-webpush"
    lanes = 1
    patience = CONNECT + 2 * ANSWER

    def __init__(
        self, *, key: str, vapid: Vapid, clock: Clock, icon: str = "", rate: int = 0, open_limit: int = 256, egress: Egress = EGRESS
    ) -> None:  # fmt: skip
        self.key, self.rate, self.open_limit = key, rate, open_limit
        self._vapid, self._clock, self._icon, self._egress = vapid, clock, icon, egress
        self._row = InOrder(self._send)
        self._resting: dict[str, tuple[float, Answer]] = {}  # push service -> until when, and what is answered
        self._session: ClientSession | None = None

    async def start(self) -> None:
        """Connections are opened when there is something to send."""
        timeout = ClientTimeout(total=CONNECT + 2 * ANSWER, sock_connect=CONNECT, sock_read=ANSWER)
        self._session = self._egress.session(limit=self.open_limit, timeout=timeout)

    async def close(self, patience: float | None = None) -> None:
        """Answer what waits, wait for what flies."""
        await self._row.close(ANSWER if patience is None else patience)
        if self._session is not None:
            await self._session.close()

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        """One message to one browser."""
        self._row.put(outgoing, done)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """What waits behind another one to its browser."""
        self._row.recall(deliveries, answer)

    async def reachable(self) -> str:
        """Which of the great push services answer from here; they are asked nothing that needs a subscription."""
        session = self._egress.session(limit=len(SERVICES), timeout=ClientTimeout(total=CONNECT))
        try:
            found = await asyncio.gather(*(_answers(session, url) for url in SERVICES.values()))
        finally:
            await session.close()
        well = [name for name, yes in zip(SERVICES, found, strict=True) if yes]
        if not well:
            raise Unavailable(f"None of the push services of {', '.join(SERVICES)} can be reached from here. Let this machine open https connections to the outside.")
        return f"The push services of {', '.join(well)} can be reached."

    async def _send(self, outgoing: Outgoing) -> Answer:
        assert self._session is not None
        now = self._clock.now()
        try:
            browser = browser_of(outgoing.address)
            body = seal(browser, payload_of(outgoing, self._icon))
        except NotASubscription as wrong:
            return Answer("bad_address", wrong.code(), wrong.detail)
        except Unfit as unfit:
            return unfit.answer
        until, resting = self._resting.get(browser.origin, (0.0, None))
        if resting is not None and until > now:
            return resting
        headers = {**headers_of(outgoing, now), "Authorization": self._vapid.header(browser.origin, now)}
        answer = await self._ask(self._session, browser, headers, body, now)
        if answer.code == "connection_lost":  # a kept connection had ended, mostly; should it have been taken, its topic makes the repeat take its place
            answer = await self._ask(self._session, browser, headers, body, now)
        if answer.code == "credentials":
            self._vapid.forget(browser.origin)
        return answer

    async def _ask(self, session: ClientSession, browser: Browser, headers: dict[str, str], body: bytes, now: float) -> Answer:
        host = browser.origin.removeprefix("https://")
        try:
            async with session.post(browser.endpoint, data=body, headers=headers, allow_redirects=False) as response:
                heard = b"" if response.status < 300 else await response.content.read(HEARD)
                return answer_of(response.status, response.headers, heard, browser.endpoint, now)
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, NotPublic):
                return Answer("bad_address", "not_public", f"{host} leads to an address that is not public, and nothing is sent there.")
            return self._rest(browser, Answer("temporary", "dns", f"{host} is not known to the name server."), now)
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError):
            return self._rest(browser, Answer("temporary", "tls", f"TLS with {host} failed."), now)
        except aiohttp.ClientConnectorError as error:
            return self._rest(browser, Answer("temporary", "connection", f"{host} cannot be reached: {error.os_error.strerror}."), now)
        except aiohttp.ConnectionTimeoutError:
            return self._rest(browser, Answer("temporary", "timeout", f"{host} did not open within {CONNECT:g} seconds."), now)
        except aiohttp.InvalidURL:
            return Answer("bad_address", "bad_endpoint", f"An endpoint at {host} is no address that can be called.")
        except TimeoutError:
            return self._rest(browser, Answer("unknown", "timeout", f"{host} took the message and did not answer within {ANSWER:g} seconds."), now)
        except (ClientError, OSError) as error:
            return Answer("unknown", "connection_lost", f"{host} went away before it answered ({type(error).__name__}).")

    def _rest(self, browser: Browser, answer: Answer, now: float) -> Answer:
        """As `answer`; for a while nobody else waits there for the same."""
        if len(self._resting) >= RESTING:
            self._resting = {origin: kept for origin, kept in self._resting.items() if kept[0] > now}
        if len(self._resting) < RESTING:
            name = browser.origin.removeprefix("https://")
            self._resting[browser.origin] = (now + REST, Answer("temporary", answer.code, f"{name} could not be reached a moment ago, and is left alone.", REST))
        return answer


async def _answers(session: ClientSession, url: str) -> bool:
    try:
        async with session.head(url, allow_redirects=False):
            return True
    except (ClientError, OSError, TimeoutError):
        return False


def _check_icon(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or not text.isprintable() or " " in text:
        raise Invalid("Browsers show a picture only from an https address. Give one, or leave the field empty.", field="icon")


def _check_key(text: str) -> None:
    read_key(text)


def make(given: Given, parts: Parts) -> Webpush:
    """Raises `Invalid`."""
    check_contact(given.fields["contact"])
    vapid = Vapid(read_key(given.fields["private_key"]), given.fields["contact"])
    return Webpush(key=given.key, vapid=vapid, clock=parts.clock, icon=given.fields.get("icon", ""), rate=given.number("rate"), open_limit=given.number("open"), egress=EGRESS)


KIND = Kind(
    key="webpush",
    name="Web Push",
    channel="push",
    route="push-webpush",
    needs={
        "en": "Nothing to sign up for: browsers bring their own push services, and they are free. Your pages must be served over https.",
        "de": "Keine Anmeldung nötig: Browser bringen ihre eigenen Push-Dienste mit, und die kosten nichts. Ihre Seiten müssen über https erreichbar sein.",
    },
    fields=(
        Field(
            name="contact",
            title={"en": "Contact for push services", "de": "Kontakt für Push-Dienste"},
            hint={
                "en": "Whom Google, Mozilla, Apple or Microsoft write to when something is wrong with your messages, like mailto:ops@example.com. Recipients never see it.",
                "de": "An wen sich Google, Mozilla, Apple oder Microsoft wenden, wenn mit Ihren Nachrichten etwas nicht stimmt, etwa mailto:technik@example.com. Empfänger sehen das nie.",
            },
            longest=320,
            check=check_contact,
        ),
        Field(
            name="private_key", rare=True,
            form="secret_lines",
            required=False,
            make=make_key,
            title={"en": "VAPID private key", "de": "Privater VAPID-Schlüssel"},
            hint={
                "en": "Leave it empty and a key is made for you. Only if you move here from elsewhere: the key that browsers subscribed with. Changing it "
                "later disconnects every browser until its owner opens your page again.",
                "de": "Leer lassen, dann wird ein Schlüssel für Sie erzeugt. Nur wenn Sie von anderswo umziehen: der Schlüssel, mit dem sich Browser angemeldet "
                "haben. Wird er später geändert, sind alle Browser abgemeldet, bis ihre Besitzer Ihre Seite wieder öffnen.",
            },
            longest=2_000,
            check=_check_key,
        ),
        Field(
            name="icon", rare=True,
            required=False,
            title={"en": "Picture beside every message", "de": "Bild neben jeder Nachricht"},
            hint={
                "en": "The https address of a square picture, such as your logo (192 by 192 pixels). Empty: the browser shows its own.",
                "de": "Die https-Adresse eines quadratischen Bildes, etwa Ihres Logos (192 mal 192 Pixel). Leer: der Browser zeigt seines.",
            },
            longest=1_000,
            check=_check_icon,
        ),
        Field(
            name="open", rare=True,
            form="number",
            usual="256",
            low=1,
            high=1_000,
            title={"en": "Open at once", "de": "Zugleich offen"},
            hint={"en": "How many messages each process may have under way.", "de": "So viele Nachrichten darf jeder Prozess zugleich unterwegs haben."},
        ),
        Field(
            name="rate", rare=True,
            form="number",
            required=False,
            usual="0",
            high=100_000,
            title={"en": "Most messages a second", "de": "Höchstens Nachrichten pro Sekunde"},
            hint={"en": "0 for as many as there are.", "de": "0 für so viele, wie es gibt."},
        ),
    ),
    make=make,
)
