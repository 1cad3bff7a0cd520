"""E-mail by SMTP to any server: the kind `smtp`, and the providers that a URL names. Measured: 46 us of CPU a mail, where aiosmtplib takes 250.

What it promises about the answer is in smtp_link.py, what replies mean in smtp_replies.py.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Collection

from backend.channels.base import Answer, Outgoing
from backend.channels.kinds import Field, Given, Kind, Parts
from backend.channels.mail import envelope, mail_of
from backend.channels.smtp_lane import Lane
from backend.channels.smtp_link import Parcel, Timing, Unreachable
from backend.channels.smtp_open import Target, is_host, open_link, parse_target
from backend.clock import Clock
from backend.domain.errors import HeaderUnsafe, Invalid, Unavailable


class Smtp:
    """The provider. `target`: a server, or a URL as `smtp_open.parse_target` wants it; raises `Invalid`. Nothing is connected before the
    first mail."""

    channel = route = "email"

    def __init__(self, target: str | Target, *, clock: Clock, timing: Timing | None = None, key: str = "smtp") -> None:
        self.key = key
        self._target = parse_target(target) if isinstance(target, str) else target
        self._timing = timing or Timing(answer=self._target.answer)
        self._context, self._clock = self._target.context(), clock
        self.lanes, self.open_limit = self._target.lanes, self._target.open_limit
        self.rate = self._target.rate
        self.patience = self._timing.connect + self._timing.answer
        self._lanes: list[Lane] = []

    async def start(self) -> None:
        """Lanes open their connections by themselves."""
        self._lanes = [Lane(self._target, self._timing, self._context) for _ in range(self.lanes)]

    async def close(self) -> None:
        """Answer what waits, wait for what flies, say goodbye."""
        await asyncio.gather(*(lane.close() for lane in self._lanes))

    def post(self, lane: int, outgoing: Outgoing, done: Callable[[Answer], None]) -> None:
        """One mail. What cannot be written as a mail is refused at once, before anything is sent."""
        try:
            parcel = self._parcel(outgoing, done)
        except HeaderUnsafe as unsafe:
            done(Answer("refused", unsafe.code(), unsafe.detail))
            return
        self._lanes[lane].put(parcel)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """What waits in the lanes; a mail that was begun goes on."""
        for lane in self._lanes:
            lane.recall(deliveries, answer)

    async def reachable(self) -> str:
        """Opens a connection of its own, signs in and leaves."""
        try:
            link = await open_link(self._target, self._timing, self._context)
        except Unreachable as away:
            raise Unavailable(away.why) from None
        encrypted = link.transport.get_extra_info("ssl_object") is not None
        link.quit()
        how = ("encrypted" if encrypted else "not encrypted") + (", signed in" if self._target.user else "")
        return f"{self._target.host}:{self._target.port} answered ({how}): {link.greeting}"

    def _parcel(self, outgoing: Outgoing, done: Callable[[Answer], None]) -> Parcel:
        sender, recipient = envelope(outgoing)
        # doubled dots, RFC 5321 4.5.2; a mail begins with From, never with a dot
        return Parcel(sender, recipient, mail_of(outgoing, self._clock.now()).replace(b"\r\n.", b"\r\n.."), done, outgoing.delivery)


def _host(text: str) -> None:
    if not is_host(text):
        raise Invalid("This is no name of a server. Write it like mail.example.com, without smtp:// before it and without a port.")


def _make(given: Given, parts: Parts) -> Smtp:
    fields = given.fields
    user, password = fields.get("user", ""), fields.get("password", "")
    if bool(user) != bool(password):
        missing = "password" if user else "user"
        raise Invalid(f"A user and a password go together, and the {missing} is missing. Give both, or neither.", field=missing)
    target = Target(
        host=fields["host"], port=given.number("port"), implicit=fields["encryption"] == "tls", starttls="must" if fields["encryption"] == "starttls" else "never",
        user=user, password=password, lanes=given.number("connections"), answer=float(given.number("timeout")), rate=given.number("rate"),
    )  # fmt: skip
    return Smtp(dataclasses.replace(target, verify=False) if target.near else target, clock=parts.clock, key=given.key)


KIND = Kind(
    key="smtp",
    name="SMTP",
    channel="email",
    needs={
        "en": "A mail server that accepts mail from you: its name, port and, mostly, a user and a password.",
        "de": "Einen Mailserver, der Mail von Ihnen annimmt: seinen Namen, den Port und meist einen Benutzer und ein Passwort.",
    },
    fields=(
        Field(
            name="host", title={"en": "Server", "de": "Server"}, longest=253, check=_host,
            hint={"en": "For example mail.example.com, as your mail provider names it.", "de": "Zum Beispiel mail.example.com, wie Ihr Mailanbieter ihn nennt."},
        ),
        Field(
            name="port", form="number", title={"en": "Port", "de": "Port"}, usual="587", low=1, high=65_535,
            hint={"en": "587 with STARTTLS, 465 with TLS from the first byte, 25 within your own network.",
                  "de": "587 mit STARTTLS, 465 mit TLS vom ersten Byte an, 25 im eigenen Netz."},
        ),
        Field(
            name="encryption", form="choice", title={"en": "Encryption", "de": "Verschlüsselung"}, usual="starttls",
            choices=(
                ("starttls", {"en": "STARTTLS", "de": "STARTTLS"}),
                ("tls", {"en": "TLS from the first byte", "de": "TLS vom ersten Byte an"}),
                ("none", {"en": "None (own network only)", "de": "Keine (nur im eigenen Netz)"}),
            ),
        ),
        Field(name="user", required=False, title={"en": "User", "de": "Benutzer"}, longest=320,
              hint={"en": "Leave it empty for a server that asks for none.", "de": "Bleibt leer bei einem Server, der keinen verlangt."}),
        Field(name="password", form="secret", required=False, title={"en": "Password", "de": "Passwort"}, longest=1_024),
        Field(name="connections", form="number", title={"en": "Connections", "de": "Verbindungen"}, usual="8", low=1, high=64,
              hint={"en": "How many each process keeps open at once.", "de": "Wie viele jeder Prozess zugleich offen hält."}),
        Field(name="rate", form="number", title={"en": "Mails a second", "de": "Mails je Sekunde"}, usual="0", low=0, high=100_000,
              hint={"en": "The most that all processes together send; 0 for any number.", "de": "So viele senden alle Prozesse zusammen höchstens; 0 für beliebig viele."}),
        Field(name="timeout", form="number", title={"en": "Patience in seconds", "de": "Geduld in Sekunden"}, usual="60", low=1, high=600,
              hint={"en": "A mail that is not answered within this time counts as unknown.", "de": "Eine Mail ohne Antwort in dieser Zeit gilt als ungewiss."}),
    ),
    make=_make,
)  # fmt: skip
