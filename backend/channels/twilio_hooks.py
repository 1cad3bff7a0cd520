"""What Twilio tells us: how messages ended, and what people wrote back. Every request is signed, or it is nobody's.

Signatures: https://www.twilio.com/docs/usage/security. The address, with sorted form fields behind it, under HMAC-SHA1 with the account's auth
token; of bodies in JSON the address has the hash. Where a signing key of its own is set up, HMAC-SHA256 with that key, named in a header: the
header alone never chooses a secret, nor lets a weaker way in. Words of people: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

import msgspec
from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    RequestValidator,
    get_signature_algorithm,
)

from backend.channels.kinds import Forged, Given, Heard, Hook, OptOut
from backend.channels.twilio_codes import ENDS, kind_of
from backend.domain.errors import Invalid
from backend.domain.receipt import Receipt

LARGEST = 64_000  # bytes of a request; Twilio's have about 1,000
MOST = 200  # fields of a request
REMEMBERED = 86_400.0  # seconds; what Twilio signs has no time in it, so nothing is too old, and rows know what comes again later
STOP = frozenset(("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "stopp", "abmelden", "abbestellen"))
START = frozenset(("start", "yes", "unstop"))
HELP = frozenset(("help", "info", "hilfe"))
SILENCE = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
SETTINGS = "x-twilio-webhooks-signature-settings"
OPTED_OUT = 21610


class Form(dict[str, list[str]]):
    """Fields as the validator reads them: each may come more than once."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    def one(self, name: str) -> str:
        """The first of this name."""
        return self.get(name, [""])[0]


async def hear(given: Given, hook: Hook, space: int, now: float) -> Heard:
    """Raises `Forged`, `Invalid`."""
    fields = signed(given.fields, hook)
    if fields.one("AccountSid") != given.fields["account_sid"]:
        raise Forged("This request is about another account at Twilio.")
    if fields.one("MessageStatus") or fields.one("SmsStatus") in ("sent", "delivered", "undelivered", "failed"):
        return _status(given.key, dict(parse_qsl(urlsplit(hook.url).query)), fields, space, now)
    if fields.one("From") and ("Body" in fields or "OptOutType" in fields):
        return _incoming(given.fields.get("help_text", ""), fields, now)
    return Heard(body=SILENCE, media="text/xml")


def signed(secrets: Mapping[str, str], hook: Hook) -> Form:
    """The fields of a request whose signature is right. Raises `Forged`, `Invalid`."""
    signature, named = hook.headers.get("x-twilio-signature", ""), hook.headers.get(SETTINGS, "")
    if not signature or not signature.isascii() or len(signature) > 200:
        raise Forged("This request has no signature of Twilio's.")
    if len(hook.body) > LARGEST:
        raise Invalid("This is more than Twilio sends.")
    secret, algorithm = secrets["auth_token"], HMAC_SHA1
    if named:
        key = next((value for name, _, value in (part.strip().partition("=") for part in named.split(",")) if name == "key"), "")
        if get_signature_algorithm(named).upper() != HMAC_SHA256 or not secrets.get("signing_key") or key != secrets["signing_key"]:
            raise Forged("This request names a signing key that is not configured here. Enter its id and secret with this provider.")
        secret, algorithm = secrets["signing_secret"], HMAC_SHA256
    elif secrets.get("signing_key"):
        raise Forged("This request is signed the old way, though a signing key is configured. Remove the key, or let Twilio use it.")
    try:
        text = hook.body.decode()
        fields = Form()
        media = hook.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media == "application/json":
            if "bodySHA256" not in dict(parse_qsl(urlsplit(hook.url).query, max_num_fields=MOST)):
                raise Forged("A body in JSON comes without its hash in the address.")
            judged: str | Form = text
        else:
            for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=MOST):
                fields.setdefault(name, []).append(value)
            judged = fields
        if not RequestValidator(secret).validate(hook.url, judged, signature, algorithm):
            raise Forged
        if isinstance(judged, str):
            said = msgspec.json.decode(hook.body, type=dict[str, object])
            fields.update({name: [value if isinstance(value, str) else str(value)] for name, value in said.items() if value is not None})
    except (ValueError, msgspec.DecodeError):  # not UTF-8, too many fields, no JSON, an address that is none
        raise Invalid("This request cannot be read.") from None
    return fields


def _status(provider: str, query: Mapping[str, str], fields: Form, space: int, now: float) -> Heard:
    """`d` and `g` of the address are ours, and signed with it (so they are read from the address, not from `Hook.query`)."""
    status = fields.one("MessageStatus") or fields.one("SmsStatus")
    code = fields.one("ErrorCode")
    error = int(code) if code.isascii() and code.isdigit() and len(code) < 7 else None
    outs = []
    if error == OPTED_OUT and fields.one("To").startswith("+"):
        outs.append(OptOut("sms", fields.one("To"), True, now, "21610"))
    kind = kind_of(status, error)
    try:
        delivery, generation = bytes.fromhex(query.get("d", "")), int(query.get("g") or 0)
    except ValueError:
        raise Invalid("The address names no delivery of ours.") from None
    if kind is None or len(delivery) != 16 or not 0 <= generation < 2**15:
        return Heard(opt_outs=outs)
    raw = " ".join(filter(None, (fields.one("MessageSid")[:34], status, code)))
    known = error if error in ENDS else None
    receipt = Receipt(space, delivery, kind, now, generation, provider, str(known or error or status), raw)
    return Heard([receipt], outs, once=f"{fields.one('MessageSid')} {status}", keep=REMEMBERED)


def word_of(body: str) -> str:
    """STOP, START, HELP or nothing. One word alone counts, whatever case and punctuation; a sentence with "stop" in it may mean anything."""
    word = body.strip().strip(".,!?;:'\"“”„()-").strip().casefold()
    return "STOP" if word in STOP else "START" if word in START else "HELP" if word in HELP else ""


def _incoming(help_text: str, fields: Form, now: float) -> Heard:
    """With OptOutType Twilio has answered already. Without it Twilio answers STOP and START, and HELP unless we are to."""
    asked, sender = fields.one("OptOutType").upper(), fields.one("From")
    word = asked if asked in ("STOP", "START", "HELP") else word_of(fields.one("Body"))
    if not sender.startswith("+"):
        return Heard(body=SILENCE, media="text/xml")
    if word in ("STOP", "START"):
        out = OptOut("sms", sender, word == "STOP", now, fields.one("Body")[:40])
        return Heard(opt_outs=[out], body=SILENCE, media="text/xml", once=fields.one("MessageSid"), keep=REMEMBERED)
    if word == "HELP" and not asked and help_text:
        body = f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{escape(help_text)}</Message></Response>'
        return Heard(body=body.encode(), media="text/xml")
    return Heard(body=SILENCE, media="text/xml")
