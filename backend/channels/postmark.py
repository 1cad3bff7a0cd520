"""Postmark: SMTP with X-PM-Metadata, heard by its webhooks.

Postmark signs nothing. It offers basic authentication in a webhook's settings: the password there is a secret of the field `webhook_password`, and a
request without it is refused. There is no time in what it shows, so a request that was kept can be sent again: the same receipt again
is the same row, and moves nothing.
Sources: postmarkapp.com/developer, "Sending with SMTP", "Custom metadata FAQ", "Webhooks overview", "Bounce API: types", "Subscription change webhook".
"""

import hmac
from base64 import b64decode
from typing import Any

from backend.channels import esp
from backend.channels.base import Provider
from backend.channels.kinds import Field, Forged, Given, Heard, Hook, Kind, Parts
from backend.domain.errors import Invalid
from backend.domain.machines import is_machine

HOSTS = {"transactional": "smtp.postmarkapp.com", "broadcast": "smtp-broadcasts.postmarkapp.com"}
NAME = "carillon"  # of the metadata: at most 20 characters
SHORTEST = 16  # characters of a password that nobody guesses at a public address

# RecordType; behind the slash the Type of a bounce, the reason of a suppression, or "machine"
MEANS: esp.Table = {
    "Delivery": ("delivered",),
    "Open": ("opened_human",),
    "Open/machine": ("opened_machine",),
    "Click": ("clicked",),
    "Click/machine": ("clicked_machine",),
    "SpamComplaint": ("complained",),
    "SubscriptionChange/HardBounce": ("bounced_hard",),
    "SubscriptionChange/SpamComplaint": ("complained",),
    "SubscriptionChange/ManualSuppression": ("unsubscribed",),
    "SubscriptionChange/resumed": (),  # a yes to our categories is given to us
    "Bounce/HardBounce": ("bounced_hard",),
    "Bounce/Transient": ("deferred",),
    "Bounce/Unsubscribe": ("unsubscribed",),
    "Bounce/Subscribe": (),
    "Bounce/AutoResponder": (),
    "Bounce/AddressChange": (),
    "Bounce/DnsError": ("deferred",),
    "Bounce/SpamNotification": ("bounced_policy",),
    "Bounce/OpenRelayTest": ("deferred",),
    "Bounce/Unknown": ("deferred",),  # "unable to classify": recorded, and nothing is concluded from it
    "Bounce/SoftBounce": ("bounced_soft",),
    "Bounce/VirusNotification": ("bounced_policy",),
    "Bounce/ChallengeVerification": (),
    "Bounce/BadEmailAddress": ("bounced_hard",),
    "Bounce/SpamComplaint": ("complained",),
    "Bounce/ManuallyDeactivated": ("failed",),
    "Bounce/Unconfirmed": ("failed",),
    "Bounce/Blocked": ("bounced_policy",),
    "Bounce/SMTPApiError": ("failed",),
    "Bounce/InboundError": (),  # of mail that came in
    "Bounce/DMARCPolicy": ("bounced_policy",),
    "Bounce/TemplateRenderingFailed": ("failed",),
    "Inbound": (),
}  # fmt: skip


class PasswordWrong(Forged):
    """This request does not show the password of the webhook. Type the same one here and into Postmark's Basic auth credentials."""

    status = 401  # after a 403 Postmark would never repeat what it told while the password was mistyped


def marks(delivery: str) -> dict[str, str]:
    """The header that brings our id back with every event of the mail."""
    return {f"X-PM-Metadata-{NAME}": delivery}


def _verify(given: Given, hook: Hook) -> None:
    """Basic authentication (RFC 7617): the user may be any, the password is the secret. Raises `Forged`."""
    password = given.fields.get("webhook_password", "")
    if not password:
        raise Forged("No password is entered for this provider's webhooks, so nothing that comes here can be believed. Enter it on the page Providers.")
    scheme, _, coded = hook.headers.get("authorization", "").partition(" ")
    try:
        shown = b64decode(coded.strip(), validate=True).partition(b":")[2] if scheme.lower() == "basic" else b""
    except ValueError:
        shown = b""
    if not hmac.compare_digest(shown, password.encode()):
        raise PasswordWrong


async def hear(given: Given, hook: Hook, space: int, now: float) -> Heard:
    """One event. Postmark repeats what is answered by anything but 200 and 403."""
    _verify(given, hook)
    return esp.heard(given, space, [_event(esp.read(hook.body, dict[str, Any]), now)])


def _event(one: dict[str, Any], now: float) -> esp.Event:
    name, detail = esp.said(one, "RecordType"), ""
    if name == "Bounce":
        detail = esp.said(one, "Type")
    elif name == "SubscriptionChange":
        detail = esp.said(one, "SuppressionReason") if one.get("SuppressSending") is True else "resumed"
    elif name in ("Open", "Click") and is_machine(esp.said(one, "UserAgent") or "unnamed"):
        detail = "machine"
    at = next((told for field in ("DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt") if (told := esp.said(one, field))), "")
    bounced = name in ("Bounce", "SpamComplaint")
    return esp.Event(
        _delivery(one), esp.meaning(MEANS, f"{name}/{detail}", name), esp.moment(at, now), detail or name,
        esp.said(one, "Details") or esp.said(one, "Description"), esp.status_of(esp.said(one, "Details")) if bounced else "",
    )  # fmt: skip


def _delivery(one: dict[str, Any]) -> bytes:
    """Of the metadata, whose names Postmark gives back in whatever case."""
    data = one.get("Metadata")
    kept = {str(name).lower(): value for name, value in data.items()} if isinstance(data, dict) else {}
    return esp.delivery_of(esp.said(kept, NAME))


def _check_password(value: str) -> None:
    esp.one_line(value)
    if len(value) < SHORTEST:
        raise Invalid(f"The password of the webhooks has at least {SHORTEST} characters: the address is public. Let a password program make one.")


def _make(given: Given, parts: Parts) -> Provider:
    stream = given.fields.get("stream", "")
    own = {"X-PM-Message-Stream": stream} if stream else {}
    url = esp.smtp_url(HOSTS[given.fields.get("purpose") or "transactional"], given.fields["token"], given.fields["token"], given)
    return esp.Esp(url, clock=parts.clock, key=given.key, marks=lambda delivery: {**marks(delivery), **own})


KIND = Kind(
    key="postmark",
    name="Postmark",
    channel="email",
    needs={
        "en": "A server with a verified sender, its API token, and a webhook of the message stream pointed at the address that Carillon shows once it is saved, with basic authentication.",
        "de": "Ein Server mit bestätigtem Absender, sein API-Token, und ein Webhook des Message Streams auf die Adresse, die Carillon nach dem Speichern zeigt, mit Basic Authentication.",
    },
    fields=(
        esp.secret("token", "Server API token", "Server-API-Token", "Servers, your server, API Tokens", "Servers, Ihr Server, API Tokens"),
        Field(
            name="purpose", form="choice", title={"en": "For", "de": "Für"}, usual="transactional", required=False,
            choices=(("transactional", {"en": "Transactional mail", "de": "Transaktionsmails"}), ("broadcast", {"en": "Broadcasts, such as newsletters", "de": "Rundschreiben wie Newsletter"})),
        ),
        esp.text(
            "stream", "Message stream", "Message Stream", "Its ID. Empty: the usual one of the server.", "Seine ID. Leer: der übliche des Servers.", required=False,
        ),
        esp.secret(
            "webhook_password", "Password of the webhook", "Passwort des Webhooks", "Make one of 16 characters or more, and type the same one into Postmark's Basic auth credentials.",
            "Wählen Sie eines mit 16 Zeichen oder mehr, und tragen Sie dasselbe in Postmark unter Basic auth credentials ein.", required=False, check=_check_password,
        ),
        esp.RATE,
    ),
    make=_make,
    hear=hear,
)  # fmt: skip
