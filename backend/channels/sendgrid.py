"""SendGrid: SMTP with X-SMTPAPI, heard by its signed Event Webhook.

Sources: twilio.com/docs/sendgrid, "SMTP API: unique arguments", "Event Webhook reference", "Event Webhook security features".
"""

import binascii
import re
from base64 import b64decode
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from backend.channels import esp
from backend.channels.base import Provider
from backend.channels.kinds import Field, Forged, Given, Heard, Hook, Kind, Parts
from backend.domain.errors import Invalid
from backend.domain.machines import is_machine

HOSTS = {"global": "smtp.sendgrid.net", "eu": "smtp.eu.sendgrid.net"}
# "increasing intervals for up to 24 hours"; nothing says that a repeated request is signed anew, so a kept signature must do as long
REPEATS = 24 * 3600.0
SIGNATURE, TIMESTAMP = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"

# event; of "bounce" with type "blocked" the event is called "blocked"; behind the slash its bounce_classification, its reason, or "machine"
MEANS: esp.Table = {
    "processed": (),
    "delivered": ("delivered",),
    "deferred": ("deferred",),
    "bounce": ("bounced",),
    "bounce/invalid address": ("bounced_hard",),
    "bounce/mailbox unavailable": ("bounced_soft",),
    "bounce/technical": ("bounced_soft",),
    "bounce/technical failure": ("bounced_soft",),
    "bounce/content": ("bounced_policy",),
    "bounce/reputation": ("bounced_policy",),
    "bounce/frequency or volume too high": ("bounced_policy",),
    "blocked": ("bounced_policy",),  # speaks of this mail, never of the address: SendGrid does not suppress it either
    "blocked/technical": ("bounced_soft",),
    "blocked/technical failure": ("bounced_soft",),
    "blocked/mailbox unavailable": ("bounced_soft",),
    "expired": ("bounced_soft",),  # it had tried for 72 hours
    "dropped": ("failed",),
    "dropped/bounced address": ("bounced_hard",),
    "dropped/invalid": ("bounced_hard",),
    "dropped/unsubscribed address": ("failed", "unsubscribed"),
    "dropped/spam reporting address": ("failed", "complained"),
    "dropped/invalid smtpapi header": ("failed",),
    "dropped/spam content (if spam checker app is enabled)": ("bounced_policy",),
    "dropped/recipient list over package quota": ("failed",),
    "open": ("opened_human",),
    "open/machine": ("opened_machine",),
    "click": ("clicked",),
    "spamreport": ("complained",),
    "unsubscribe": ("unsubscribed",),
    "group_unsubscribe": ("unsubscribed",),
    "group_resubscribe": (),  # a yes to our categories is given to us
    "account_status_change": (),
}  # fmt: skip


def marks(delivery: str) -> dict[str, str]:
    """The header that brings our id back with every event of the mail."""
    return {"X-SMTPAPI": f'{{"unique_args":{{"{esp.ID}":"{delivery}"}}}}'}


@lru_cache(64)
def public_key(words: str) -> ec.EllipticCurvePublicKey:
    """The verification key as SendGrid's page shows it: base64 of DER, with or without the lines of PEM around it. Raises `Invalid`."""
    bare = re.sub(r"-----[A-Z ]+-----|\s", "", words)
    try:
        key = load_der_public_key(b64decode(bare, validate=True))
    except (ValueError, TypeError, binascii.Error):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Invalid("This is not SendGrid's verification key. Copy it from Settings, Mail Settings, Event Webhooks: it begins with MFkw.")
    return key


def _check_key(value: str) -> None:
    public_key(value)


def verify(key: str, signature: str, timestamp: str, body: bytes) -> None:
    """ECDSA on P-256 with SHA-256 over timestamp and body. Raises `Forged`."""
    try:
        public_key(key).verify(b64decode(signature, validate=True), timestamp.encode("ascii") + body, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError, binascii.Error):  # not base64, not ASCII
        raise Forged from None


async def hear(given: Given, hook: Hook, space: int, now: float) -> Heard:
    """A batch of events. SendGrid takes any 2xx, and repeats the batch after anything else."""
    signature, timestamp = hook.headers.get(SIGNATURE, ""), hook.headers.get(TIMESTAMP, "")
    if not given.fields.get("webhook_key"):
        raise Forged("No verification key is entered for this provider, so nothing that comes here can be believed. Enter it on the page Providers.")
    verify(given.fields["webhook_key"], signature, timestamp, hook.body)
    esp.check_time(float(timestamp) if timestamp.isdigit() else 0.0, now, REPEATS)
    events = [_event(one, now) for one in esp.read(hook.body, list[dict[str, Any]])[: esp.EVENTS]]
    return esp.heard(given, space, events, once=timestamp + signature, repeats=REPEATS)


def _event(one: dict[str, Any], now: float) -> esp.Event:
    name, reason = esp.said(one, "event"), esp.said(one, "reason")
    detail = esp.said(one, "bounce_classification") if name == "bounce" else reason if name == "dropped" else ""
    if name == "bounce" and esp.said(one, "type") in ("blocked", "expired"):
        name = esp.said(one, "type")
    if name == "open" and (one.get("sg_machine_open") is True or is_machine(esp.said(one, "useragent") or "unnamed")):
        detail = "machine"
    words = esp.meaning(MEANS, f"{name}/{detail.strip().lower()}", name)
    raw = reason or esp.said(one, "response")
    return esp.Event(
        esp.delivery_of(esp.said(one, esp.ID)), words, esp.moment(esp.said(one, "timestamp"), now), name, raw,
        esp.said(one, "status") if name in ("bounce", "blocked", "deferred") else "", "bounced_hard",
    )  # fmt: skip


def _make(given: Given, parts: Parts) -> Provider:
    url = esp.smtp_url(HOSTS[given.fields.get("region") or "global"], "apikey", given.fields["api_key"], given)
    return esp.Esp(url, clock=parts.clock, key=given.key, marks=marks)


KIND = Kind(
    key="sendgrid",
    name="SendGrid",
    channel="email",
    needs={
        "en": "An account with a verified sender domain, an API key that may send mail, and the Event Webhook with Signature Verification on, pointed at the address that Carillon shows once it is saved.",
        "de": "Ein Konto mit bestätigter Absenderdomain, ein API-Schlüssel, der Mail senden darf, und der Event Webhook mit eingeschalteter Signaturprüfung auf die Adresse, die Carillon nach dem Speichern zeigt.",
    },
    fields=(
        esp.secret("api_key", "API key", "API-Schlüssel", "Settings, API Keys. It begins with SG.", "Settings, API Keys. Er beginnt mit SG."),
        Field(
            name="region", form="choice", title={"en": "Region", "de": "Region"}, usual="global", required=False,
            choices=(("global", {"en": "Global", "de": "Weltweit"}), ("eu", {"en": "European Union", "de": "Europäische Union"})),
        ),
        esp.secret(
            "webhook_key", "Verification key of the webhook", "Prüfschlüssel des Webhooks", "Settings, Mail Settings, Event Webhooks. It begins with MFkw.",
            "Settings, Mail Settings, Event Webhooks. Er beginnt mit MFkw.", required=False, check=_check_key,
        ),
        esp.RATE,
    ),
    make=_make,
    hear=hear,
)  # fmt: skip
