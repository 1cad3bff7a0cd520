"""Mailgun: SMTP with X-Mailgun-Variables, heard by its signed webhooks.

Sources: documentation.mailgun.com, "Sending via SMTP", "Attaching metadata", "Webhooks: securing, payloads, retries", "Event structure".
"""

import hmac
from hashlib import sha256
from typing import Any

from backend.channels import esp
from backend.channels.base import Provider
from backend.channels.kinds import Field, Forged, Given, Heard, Hook, Kind, Late, Parts
from backend.domain.machines import is_machine

HOSTS = {"us": "smtp.mailgun.org", "eu": "smtp.eu.mailgun.org"}
REPEATS = 8 * 3600.0  # "during 8 hours": 5, 10, 15 minutes, 1, 2 and 4 hours
LONGEST = 50  # characters of a token
STOP = 406  # the one status after which Mailgun does not repeat a request

# event; behind the slash of "failed" severity and reason, of "opened" the kind of a bot
MEANS: esp.Table = {
    "accepted": (),
    "stored": (),
    "delivered": ("delivered",),
    "rejected": ("failed",),
    "failed/temporary": ("deferred",),
    "failed/permanent": ("bounced",),
    "failed/permanent/bounce": ("bounced",),
    "failed/permanent/generic": ("bounced",),
    "failed/permanent/suppress-bounce": ("bounced_hard",),
    "failed/permanent/suppress-complaint": ("failed", "complained"),
    "failed/permanent/suppress-unsubscribe": ("failed", "unsubscribed"),
    "failed/permanent/old": ("bounced_soft",),  # it had tried as long as it does
    "failed/permanent/espblock": ("bounced_policy",),
    "opened": ("opened_human",),
    "opened/machine": ("opened_machine",),
    "clicked": ("clicked",),
    "clicked/machine": ("clicked_machine",),
    "unsubscribed": ("unsubscribed",),
    "complained": ("complained",),
}  # fmt: skip


def marks(delivery: str) -> dict[str, str]:
    """The header that brings our id back with every event of the mail."""
    return {"X-Mailgun-Variables": f'{{"{esp.ID}":"{delivery}"}}'}


def sign(key: str, timestamp: str, token: str) -> str:
    """HMAC-SHA256 over timestamp and token, in hex: what Mailgun signs. It does not cover the event, TLS does."""
    return hmac.new(key.encode(), (timestamp + token).encode(), sha256).hexdigest()


async def hear(given: Given, hook: Hook, space: int, now: float) -> Heard:
    """One event. Mailgun repeats what is answered by anything but 200 and 406."""
    whole = esp.read(hook.body, dict[str, Any])
    timestamp, token, signature = (esp.said(whole, "signature", name) for name in ("timestamp", "token", "signature"))
    key = given.fields.get("webhook_key", "")
    if not key:
        raise Forged("No signing key is entered for this provider, so nothing that comes here can be believed. Enter it on the page Providers.")
    if not token or len(token) > LONGEST * 2 or not timestamp.isdigit() or not hmac.compare_digest(sign(key, timestamp, token).encode(), signature.encode()):
        raise Forged
    try:
        esp.check_time(float(timestamp), now, REPEATS)
    except Late as late:
        return Heard(status=STOP, body=late.detail.encode())
    data = whole.get("event-data")
    event = _event(data if isinstance(data, dict) else {}, now)
    return esp.heard(given, space, [event], once=token, repeats=REPEATS)


def _event(data: dict[str, Any], now: float) -> esp.Event:
    name, agent = esp.said(data, "event"), esp.said(data, "client-info", "user-agent")
    severity, reason = esp.said(data, "severity"), esp.said(data, "reason")
    told = [esp.said(data, "delivery-status", part) for part in ("message", "description")]
    keys = [name]
    if name == "failed":
        keys = [f"{name}/{severity}/{reason}", f"{name}/{severity}"]
    elif name in ("opened", "clicked") and (esp.said(data, "client-info", "bot") or is_machine(agent or "unnamed")):
        keys = [f"{name}/machine"]
    status = esp.said(data, "delivery-status", "enhanced-code") or esp.status_of(*told)
    hard = esp.said(data, "delivery-status", "bounce-type") == "hard" or reason == "bounce"
    return esp.Event(
        esp.delivery_of(esp.said(data, "user-variables", esp.ID)), esp.meaning(MEANS, *keys), esp.moment(esp.said(data, "timestamp"), now),
        esp.said(data, "delivery-status", "code") or reason or name, next((one for one in told if one), "") or esp.said(data, "reject", "reason"),
        status if name == "failed" else "", "bounced_hard" if hard else "bounced_soft",
    )  # fmt: skip


def _make(given: Given, parts: Parts) -> Provider:
    url = esp.smtp_url(HOSTS[given.fields.get("region") or "us"], given.fields["user"], given.fields["password"], given)
    return esp.Esp(url, clock=parts.clock, key=given.key, marks=marks)


KIND = Kind(
    key="mailgun",
    name="Mailgun",
    channel="email",
    needs={
        "en": "A verified domain, an SMTP user of it, and webhooks of every event pointed at the address that Carillon shows once it is saved.",
        "de": "Eine bestätigte Domain, ein SMTP-Benutzer dazu, und Webhooks aller Ereignisse auf die Adresse, die Carillon nach dem Speichern zeigt.",
    },
    fields=(
        esp.text("user", "SMTP user", "SMTP-Benutzer", "Sending, Domain settings, SMTP credentials, such as postmaster@mg.example.com", "Sending, Domain settings, SMTP credentials, etwa postmaster@mg.example.com"),
        esp.secret("password", "SMTP password", "SMTP-Passwort"),
        Field(
            name="region", form="choice", title={"en": "Region", "de": "Region"}, usual="us", required=False,
            choices=(("us", {"en": "United States", "de": "USA"}), ("eu", {"en": "European Union", "de": "Europäische Union"})),
        ),
        esp.secret(
            "webhook_key", "Webhook signing key", "Signaturschlüssel der Webhooks", "Settings, API security, HTTP webhook signing key",
            "Settings, API security, HTTP webhook signing key", required=False,
        ),
        esp.RATE,
    ),
    make=_make,
    hear=hear,
)  # fmt: skip
