"""Amazon SES: SMTP with X-SES-MESSAGE-TAGS, heard by its events through an SNS topic.

Anybody may make a topic and let Amazon sign its messages, so the topic is named in a field and no other is heard.
Sources: docs.aws.amazon.com/ses/latest/dg: "SMTP endpoints", "Specifying a configuration set", "Examples of event data that SES publishes to SNS",
"SNS notification contents".
"""

import re
from datetime import datetime
from typing import Any

from backend.channels import esp
from backend.channels.base import Provider
from backend.channels.kinds import Forged, Given, Heard, Hook, Kind, Late, Parts
from backend.channels.sns import REPEATS, Sns
from backend.domain.errors import Invalid
from backend.domain.machines import is_machine

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
_TOPIC = re.compile(r"arn:aws(-us-gov)?:sns:[a-z0-9-]{1,40}:\d{12}:[A-Za-z0-9_.-]{1,256}")
_MESSAGE_ID = re.compile(r"<?([0-9a-f]{32})\b")

# eventType (notificationType of a notification); behind the slash type and subtype of a bounce, the subtype or feedback type of a complaint
MEANS: esp.Table = {
    "Send": (),
    "Reject": ("failed",),  # SES found a virus
    "Rendering Failure": ("failed",),
    "Delivery": ("delivered",),
    "DeliveryDelay": ("deferred",),
    "Bounce/Permanent": ("bounced",),
    "Bounce/Permanent/General": ("bounced",),
    "Bounce/Permanent/NoEmail": ("bounced_hard",),
    "Bounce/Permanent/Suppressed": ("bounced_hard",),
    "Bounce/Permanent/OnAccountSuppressionList": ("bounced_hard",),
    "Bounce/Permanent/UnsubscribedRecipient": ("bounced_policy", "unsubscribed"),
    "Bounce/Transient": ("bounced_soft",),
    "Bounce/Transient/General": ("bounced_soft",),
    "Bounce/Transient/MailboxFull": ("bounced_soft",),
    "Bounce/Transient/MessageTooLarge": ("bounced_soft",),
    "Bounce/Transient/ContentRejected": ("bounced_policy",),
    "Bounce/Transient/AttachmentRejected": ("bounced_policy",),
    "Bounce/Transient/CustomTimeoutExceeded": ("bounced_soft",),
    "Bounce/Undetermined": ("bounced_soft",),
    "Complaint": ("complained",),
    "Complaint/abuse": ("complained",),
    "Complaint/fraud": ("complained",),
    "Complaint/virus": ("complained",),
    "Complaint/other": ("complained",),
    "Complaint/auth-failure": ("deferred",),  # a mail server's word on our DKIM (RFC 6591), nobody complained
    "Complaint/not-spam": ("deferred",),  # the contrary of a complaint (RFC 6430)
    "Open": ("opened_human",),
    "Open/machine": ("opened_machine",),
    "Click": ("clicked",),
    "Click/machine": ("clicked_machine",),
    "Subscription/out": ("unsubscribed",),
    "Subscription/in": (),  # a yes to our categories is given to us
}  # fmt: skip
_TIMES = ("delivery", "bounce", "complaint", "open", "click", "deliveryDelay", "subscription")


def marks(delivery: str) -> dict[str, str]:
    """The header that brings our id back; SES wants only letters, digits, - and _ in it."""
    return {"X-SES-MESSAGE-TAGS": f"{esp.ID}={delivery}"}


def ses_kind(sns: Sns) -> Kind:
    """The kind, which asks `sns` whether a message is Amazon's."""

    async def hear(given: Given, hook: Hook, space: int, now: float) -> Heard:
        """One event. SNS repeats what is answered by anything but 2xx, for at most an hour; a 4xx but 429 ends it."""
        message = esp.read(hook.body, dict[str, Any])
        if given.fields.get("topic", "") != esp.said(message, "TopicArn") or not given.fields.get("topic"):
            raise Forged("This message is of another SNS topic than the one entered for this provider. Enter its ARN on the page Providers.")
        await sns.verify(message, now)
        try:
            esp.check_time(_seconds(esp.said(message, "Timestamp")), now, REPEATS)
        except Late as late:
            return Heard(status=200, body=late.detail.encode())
        kind = esp.said(message, "Type")
        if kind == "SubscriptionConfirmation":
            await sns.confirm(message)
        if kind != "Notification":
            return Heard()
        told = esp.said(message, "Message")
        if not told.lstrip().startswith("{"):  # SES says hello to a new topic in a sentence
            return Heard()
        return esp.heard(given, space, [_event(esp.read(told.encode(), dict[str, Any]), now)], once=esp.said(message, "MessageId"), repeats=REPEATS)

    return Kind(key="ses", name="Amazon SES", channel="email", needs=_NEEDS, fields=_FIELDS, make=_make, hear=hear)


def _event(one: dict[str, Any], now: float) -> esp.Event:
    name = esp.said(one, "eventType") or esp.said(one, "notificationType")
    part = "deliveryDelay" if name == "DeliveryDelay" else name.lower()
    body = one.get(part)
    body = body if isinstance(body, dict) else {}
    recipient, details, status, raw = _first(body), [], "", ""
    if name == "Bounce":
        details = [esp.said(body, "bounceType"), esp.said(body, "bounceSubType")]
        status, raw = esp.said(recipient, "status"), esp.said(recipient, "diagnosticCode")
    elif name == "Complaint":
        details = [esp.said(body, "complaintFeedbackType")]
    elif name in ("Open", "Click"):
        details = ["machine"] if is_machine(esp.said(body, "userAgent") or "unnamed") else []
    elif name == "Subscription":
        details = ["out" if _out(body) else "in"]
    elif name == "DeliveryDelay":
        status, raw = esp.said(recipient, "status"), esp.said(recipient, "diagnosticCode")
    raw = raw or esp.said(body, "smtpResponse") or esp.said(body, "reason") or esp.said(one, "failure", "errorMessage")
    keys = ["/".join([name, *details[:n]]) for n in range(len(details), -1, -1)]
    at = next((told for field in _TIMES if (told := esp.said(one, field, "timestamp"))), "")
    code = "/".join(d for d in details if d) or esp.said(body, "complaintSubType") or name
    return esp.Event(_delivery(one), esp.meaning(MEANS, *keys), esp.moment(at, now), code, raw, status, "bounced_hard")


def _delivery(one: dict[str, Any]) -> bytes:
    """Of the tag; of a notification without tags, of the Message-ID that we wrote, when the topic includes the original headers."""
    mail = one.get("mail")
    mail = mail if isinstance(mail, dict) else {}
    tags = mail.get("tags")
    values = tags.get(esp.ID) if isinstance(tags, dict) else None
    if isinstance(values, list) and values and (found := esp.delivery_of(str(values[0]))):
        return found
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and esp.said(header, "name").lower() == "message-id" and (told := _MESSAGE_ID.match(esp.said(header, "value"))):
            return esp.delivery_of(told[1])
    return b""


def _first(body: dict[str, Any]) -> dict[str, Any]:
    """The one recipient: each of our mails has one."""
    for name in ("bouncedRecipients", "complainedRecipients", "delayedRecipients"):
        listed = body.get(name)
        if isinstance(listed, list) and listed and isinstance(listed[0], dict):
            return listed[0]
    return {}


def _out(body: dict[str, Any]) -> bool:
    new = body.get("newTopicPreferences")
    new = new if isinstance(new, dict) else {}
    topics = new.get("topicSubscriptionStatus")
    said_out = [esp.said(topic, "subscriptionStatus") == "OptOut" for topic in (topics if isinstance(topics, list) else []) if isinstance(topic, dict)]
    return new.get("unsubscribeAll") is True or any(said_out)


def _seconds(iso: str) -> float:
    try:
        return datetime.fromisoformat(iso).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _check_region(value: str) -> None:
    if not _REGION.fullmatch(value):
        raise Invalid("This is no region of Amazon's. Write it as eu-central-1.")


def _check_topic(value: str) -> None:
    if not _TOPIC.fullmatch(value):
        raise Invalid("This is no ARN of an SNS topic. Copy it from the topic's page: arn:aws:sns:eu-central-1:123456789012:mails.")


def _make(given: Given, parts: Parts) -> Provider:
    chosen = given.fields.get("configuration_set", "")
    own = {"X-SES-CONFIGURATION-SET": chosen} if chosen else {}
    url = esp.smtp_url(f"email-smtp.{given.fields['region']}.amazonaws.com", given.fields["user"], given.fields["password"], given)
    return esp.Esp(url, clock=parts.clock, key=given.key, marks=lambda delivery: {**marks(delivery), **own})


_NEEDS = {
    "en": "A verified domain out of the sandbox, SMTP credentials, a configuration set that publishes its events to an SNS topic, and an https subscription of that topic to the address that Carillon shows once it is saved (raw message delivery off). It is confirmed by itself.",
    "de": "Eine bestätigte Domain außerhalb der Sandbox, SMTP-Zugangsdaten, ein Configuration Set, das seine Ereignisse in ein SNS-Topic schreibt, und ein https-Abonnement des Topics auf die Adresse, die Carillon nach dem Speichern zeigt (Raw message delivery aus). Es wird von selbst bestätigt.",
}
_FIELDS = (
    esp.text("region", "Region", "Region", "Such as eu-central-1", "Etwa eu-central-1", check=_check_region),
    esp.text("user", "SMTP user name", "SMTP-Benutzername", "SES, SMTP settings, Create SMTP credentials. Not an access key.", "SES, SMTP settings, Create SMTP credentials. Kein Access Key."),
    esp.secret("password", "SMTP password", "SMTP-Passwort"),
    esp.text("configuration_set", "Configuration set", "Configuration Set", "The one whose events go to the topic", "Das, dessen Ereignisse in das Topic gehen", required=False),
    esp.text("topic", "ARN of the SNS topic", "ARN des SNS-Topics", "Only messages of this topic are believed.", "Nur Nachrichten dieses Topics werden geglaubt.", required=False, check=_check_topic),
    esp.RATE,
)  # fmt: skip
KIND = ses_kind(Sns())
