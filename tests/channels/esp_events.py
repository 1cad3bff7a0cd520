"""Events of mail providers in the shapes of their documentation, written for these tests: one for every row of their tables, and then some.

Each is (name, payload, what we make of it). `D` is the delivery they speak of.
"""

from typing import Any

D = "0198c0ffee00aa11bb22cc33dd44ee55"
NOW = 1_795_000_000.0
AT = NOW - 30
ISO = "2026-11-18T11:06:10Z"  # AT
MAIL = "mia@example.com"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
Row = tuple[str, dict[str, Any], tuple[str, ...]]


def _sendgrid(event: str, **more: Any) -> dict[str, Any]:
    base = {
        "email": MAIL, "timestamp": int(AT), "smtp-id": "<0198@mail.example.com>", "event": event, "category": ["orders"],
        "sg_event_id": "c2VuZGdyaWQtZXZlbnQ", "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0", "carillon_delivery": D,
    }  # fmt: skip
    return base | more


def _bounce(classification: str = "", kind: str = "bounce", status: str = "", reason: str = f"550 5.1.1 <{MAIL}> unknown") -> dict[str, Any]:
    more = {"bounce_classification": classification} if classification else {}
    return _sendgrid("bounce", type=kind, status=status, reason=reason, ip="192.0.2.1", tls=1, **more)


SENDGRID: list[Row] = [
    ("processed", _sendgrid("processed", send_at=int(AT)), ()),
    ("delivered", _sendgrid("delivered", response="250 2.0.0 OK", tls=1), ("delivered",)),
    ("deferred", _sendgrid("deferred", response="450 4.2.1 try again later", attempt="3"), ("deferred",)),
    ("bounce", _bounce(status="5.1.1"), ("bounced_hard",)),
    ("bounce", _bounce(status="5.2.2"), ("bounced_soft",)),
    ("bounce", _bounce(status="5.7.1"), ("bounced_policy",)),
    ("bounce", _bounce(), ("bounced_hard",)),
    ("bounce", _bounce("Unclassified", status="5.1.10"), ("bounced_hard",)),
    ("bounce/invalid address", _bounce("Invalid Address", status="5.5.0"), ("bounced_hard",)),
    ("bounce/mailbox unavailable", _bounce("Mailbox Unavailable", status="5.2.2"), ("bounced_soft",)),
    ("bounce/technical", _bounce("Technical", status="5.4.4"), ("bounced_soft",)),
    ("bounce/technical failure", _bounce("Technical Failure", status="5.4.4"), ("bounced_soft",)),
    ("bounce/content", _bounce("Content", status="5.7.1"), ("bounced_policy",)),
    ("bounce/reputation", _bounce("Reputation", status="5.7.1"), ("bounced_policy",)),
    ("bounce/frequency or volume too high", _bounce("Frequency or Volume Too High", status="4.7.28"), ("bounced_policy",)),
    ("blocked", _bounce("Unclassified", "blocked", reason="unable to get mx info"), ("bounced_policy",)),
    ("blocked/technical", _bounce("Technical", "blocked"), ("bounced_soft",)),
    ("blocked/technical failure", _bounce("Technical Failure", "blocked"), ("bounced_soft",)),
    ("blocked/mailbox unavailable", _bounce("Mailbox Unavailable", "blocked"), ("bounced_soft",)),
    ("blocked", _bounce("Invalid Address", "blocked", status="5.1.1"), ("bounced_policy",)),
    ("expired", _bounce("", "expired"), ("bounced_soft",)),
    ("dropped", _sendgrid("dropped", reason="Something new"), ("failed",)),
    ("dropped/bounced address", _sendgrid("dropped", reason="Bounced Address", status="5.0.0"), ("bounced_hard",)),
    ("dropped/invalid", _sendgrid("dropped", reason="Invalid"), ("bounced_hard",)),
    ("dropped/unsubscribed address", _sendgrid("dropped", reason="Unsubscribed Address"), ("failed", "unsubscribed")),
    ("dropped/spam reporting address", _sendgrid("dropped", reason="Spam Reporting Address"), ("failed", "complained")),
    ("dropped/invalid smtpapi header", _sendgrid("dropped", reason="Invalid SMTPAPI header"), ("failed",)),
    ("dropped/spam content (if spam checker app is enabled)", _sendgrid("dropped", reason="Spam Content (if Spam Checker app is enabled)"), ("bounced_policy",)),
    ("dropped/recipient list over package quota", _sendgrid("dropped", reason="Recipient List over Package Quota"), ("failed",)),
    ("open", _sendgrid("open", useragent=SAFARI, ip="192.0.2.7", sg_machine_open=False), ("opened_human",)),
    ("open/machine", _sendgrid("open", useragent=SAFARI, ip="192.0.2.7", sg_machine_open=True), ("opened_machine",)),
    ("open/machine", _sendgrid("open", useragent="Mozilla/5.0", ip="192.0.2.7"), ("opened_machine",)),
    ("click", _sendgrid("click", useragent=SAFARI, ip="192.0.2.7", url="https://shop.example.com/"), ("clicked",)),
    ("spamreport", _sendgrid("spamreport"), ("complained",)),
    ("unsubscribe", _sendgrid("unsubscribe"), ("unsubscribed",)),
    ("group_unsubscribe", _sendgrid("group_unsubscribe", asm_group_id=10), ("unsubscribed",)),
    ("group_resubscribe", _sendgrid("group_resubscribe", asm_group_id=10), ()),
    ("account_status_change", _sendgrid("account_status_change", type="compliance_suspend"), ()),
]  # fmt: skip


def _mailgun(event: str, **more: Any) -> dict[str, Any]:
    base = {
        "id": "G9Bn5sl1TC6nu79C8C0bwg", "event": event, "timestamp": AT, "log-level": "info", "recipient": MAIL, "recipient-domain": "example.com", "tags": [],
        "message": {"headers": {"to": MAIL, "message-id": "0198@mg.example.com", "from": "shop@example.com", "subject": "Shipped"}},
        "user-variables": {"carillon_delivery": D},
    }  # fmt: skip
    return {"event-data": base | more}


def _failed(severity: str, reason: str, code: int = 550, message: str = "", **status: Any) -> dict[str, Any]:
    told = {"code": code, "message": message, "description": "", "attempt-no": 1} | status
    return _mailgun("failed", severity=severity, reason=reason, **{"delivery-status": told})


def _looked(event: str, agent: str = SAFARI, **client: Any) -> dict[str, Any]:
    told = {"client-info": {"user-agent": agent, "device-type": "desktop", "client-type": "browser", **client}, "ip": "192.0.2.7"}
    return _mailgun(event, **told, **({"url": "https://shop.example.com/"} if event == "clicked" else {}))


MAILGUN: list[Row] = [
    ("accepted", _mailgun("accepted"), ()),
    ("stored", _mailgun("stored"), ()),
    ("delivered", _mailgun("delivered", **{"delivery-status": {"code": 250, "message": "OK", "tls": True}}), ("delivered",)),
    ("rejected", _mailgun("rejected", reject={"reason": "Sandbox subdomains are for test purposes only", "description": ""}), ("failed",)),
    ("failed/temporary", _failed("temporary", "generic", 452, f"452 4.2.2 the mailbox of <{MAIL}> is full"), ("deferred",)),
    ("failed/permanent", _failed("permanent", "something new", 550, "550 5.7.1 refused"), ("bounced_policy",)),
    ("failed/permanent/bounce", _failed("permanent", "bounce", 550, f"550 5.1.1 <{MAIL}>: no such user"), ("bounced_hard",)),
    ("failed/permanent/bounce", _failed("permanent", "bounce", 552, "", **{"enhanced-code": "5.2.2"}), ("bounced_soft",)),
    ("failed/permanent/bounce", _failed("permanent", "bounce", 550, "no such user here"), ("bounced_hard",)),
    ("failed/permanent/generic", _failed("permanent", "generic", 550, "refused", **{"bounce-type": "soft"}), ("bounced_soft",)),
    ("failed/permanent/generic", _failed("permanent", "generic", 550, "refused", **{"bounce-type": "hard"}), ("bounced_hard",)),
    ("failed/permanent/suppress-bounce", _failed("permanent", "suppress-bounce", 605, "", description="Not delivering to previously bounced address"), ("bounced_hard",)),
    ("failed/permanent/suppress-complaint", _failed("permanent", "suppress-complaint", 607), ("failed", "complained")),
    ("failed/permanent/suppress-unsubscribe", _failed("permanent", "suppress-unsubscribe", 606), ("failed", "unsubscribed")),
    ("failed/permanent/old", _failed("permanent", "old", 602, "Too old"), ("bounced_soft",)),
    ("failed/permanent/espblock", _failed("permanent", "espblock", 421, "421 4.7.0 blocked for now"), ("bounced_policy",)),
    ("opened", _looked("opened", bot=""), ("opened_human",)),
    ("opened/machine", _looked("opened", bot="apple"), ("opened_machine",)),
    ("opened/machine", _looked("opened", "Mozilla/5.0"), ("opened_machine",)),
    ("clicked", _looked("clicked"), ("clicked",)),
    ("clicked/machine", _looked("clicked", "Barracuda Sentinel (EE)"), ("clicked_machine",)),
    ("unsubscribed", _mailgun("unsubscribed"), ("unsubscribed",)),
    ("complained", _mailgun("complained"), ("complained",)),
]  # fmt: skip


def _postmark(record: str, **more: Any) -> dict[str, Any]:
    return {"RecordType": record, "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "ServerID": 23, "MessageStream": "outbound", "Tag": "orders", "Metadata": {"carillon": D}} | more


def _returned(kind: str, details: str = "") -> dict[str, Any]:
    record = "SpamComplaint" if kind == "SpamComplaint" else "Bounce"
    told = {"Type": kind, "Details": details, "Description": f"It was {kind}.", "BouncedAt": ISO, "Email": MAIL, "ID": 4323372036854775807, "TypeCode": 1, "Inactive": False}
    return _postmark(record, **told)


def _changed(reason: str, *, off: bool = True) -> dict[str, Any]:
    told = {"Recipient": MAIL, "ChangedAt": ISO, "Origin": "Recipient", "SuppressSending": off, "SuppressionReason": reason if off else None}
    return _postmark("SubscriptionChange", **told)


POSTMARK: list[Row] = [
    ("Delivery", _postmark("Delivery", Recipient=MAIL, DeliveredAt=ISO, Details="250 2.0.0 OK"), ("delivered",)),
    ("Open", _postmark("Open", Recipient=MAIL, ReceivedAt=ISO, UserAgent=SAFARI, FirstOpen=True), ("opened_human",)),
    ("Open/machine", _postmark("Open", Recipient=MAIL, ReceivedAt=ISO, UserAgent="Mozilla/5.0", FirstOpen=True), ("opened_machine",)),
    ("Click", _postmark("Click", Recipient=MAIL, ReceivedAt=ISO, UserAgent=SAFARI, OriginalLink="https://shop.example.com/"), ("clicked",)),
    ("Click/machine", _postmark("Click", Recipient=MAIL, ReceivedAt=ISO, UserAgent="Mimecast", OriginalLink="https://shop.example.com/"), ("clicked_machine",)),
    ("SpamComplaint", _returned("SpamComplaint"), ("complained",)),
    ("SubscriptionChange/HardBounce", _changed("HardBounce"), ("bounced_hard",)),
    ("SubscriptionChange/SpamComplaint", _changed("SpamComplaint"), ("complained",)),
    ("SubscriptionChange/ManualSuppression", _changed("ManualSuppression"), ("unsubscribed",)),
    ("SubscriptionChange/resumed", _changed("", off=False), ()),
    ("Bounce/HardBounce", _returned("HardBounce", f"action: failed smtp;550 5.1.1 {MAIL} unknown"), ("bounced_hard",)),
    ("Bounce/Transient", _returned("Transient", "smtp;451 4.7.1 greylisted"), ("deferred",)),
    ("Bounce/Unsubscribe", _returned("Unsubscribe"), ("unsubscribed",)),
    ("Bounce/Subscribe", _returned("Subscribe"), ()),
    ("Bounce/AutoResponder", _returned("AutoResponder"), ()),
    ("Bounce/AddressChange", _returned("AddressChange"), ()),
    ("Bounce/DnsError", _returned("DnsError"), ("deferred",)),
    ("Bounce/SpamNotification", _returned("SpamNotification", "554 5.7.1 it looks like spam"), ("bounced_policy",)),
    ("Bounce/OpenRelayTest", _returned("OpenRelayTest"), ("deferred",)),
    ("Bounce/Unknown", _returned("Unknown"), ("deferred",)),
    ("Bounce/SoftBounce", _returned("SoftBounce", "552 5.2.2 mailbox full"), ("bounced_soft",)),
    ("Bounce/VirusNotification", _returned("VirusNotification"), ("bounced_policy",)),
    ("Bounce/ChallengeVerification", _returned("ChallengeVerification"), ()),
    ("Bounce/BadEmailAddress", _returned("BadEmailAddress"), ("bounced_hard",)),
    ("Bounce/ManuallyDeactivated", _returned("ManuallyDeactivated"), ("failed",)),
    ("Bounce/Unconfirmed", _returned("Unconfirmed"), ("failed",)),
    ("Bounce/Blocked", _returned("Blocked"), ("bounced_policy",)),
    ("Bounce/SMTPApiError", _returned("SMTPApiError"), ("failed",)),
    ("Bounce/InboundError", _returned("InboundError"), ()),
    ("Bounce/DMARCPolicy", _returned("DMARCPolicy"), ("bounced_policy",)),
    ("Bounce/TemplateRenderingFailed", _returned("TemplateRenderingFailed"), ("failed",)),
    ("Bounce/SpamComplaint", _returned("SpamComplaint") | {"RecordType": "Bounce"}, ("complained",)),
    ("Inbound", _postmark("Inbound", From=MAIL), ()),
]  # fmt: skip


def _ses(event: str, part: str = "", **body: Any) -> dict[str, Any]:
    mail = {
        "timestamp": ISO, "source": "shop@example.com", "sendingAccountId": "123456789012", "messageId": "0102019-ses", "destination": [MAIL],
        "headersTruncated": False, "headers": [{"name": "From", "value": "shop@example.com"}, {"name": "Message-ID", "value": f"<{D}@example.com>"}],
        "commonHeaders": {"from": ["shop@example.com"]}, "tags": {"ses:configuration-set": ["events"], "carillon_delivery": [D]},
    }  # fmt: skip
    return {"eventType": event, "mail": mail, part or event.lower(): {"timestamp": ISO, **body}}


def _back(kind: str, sub: str, status: str = "", words: str = "") -> dict[str, Any]:
    recipient = {"emailAddress": MAIL} | ({"action": "failed", "status": status, "diagnosticCode": words} if status else {})
    return _ses("Bounce", bounceType=kind, bounceSubType=sub, bouncedRecipients=[recipient], feedbackId="0102-feedback")


def _complaint(kind: str | None) -> dict[str, Any]:
    return _ses("Complaint", complainedRecipients=[{"emailAddress": MAIL}], feedbackId="0102-feedback", complaintFeedbackType=kind, complaintSubType=None)


def _wish(*, out: bool) -> dict[str, Any]:
    topics = [{"topicName": "news", "subscriptionStatus": "OptOut" if out else "OptIn"}]
    return _ses("Subscription", contactList="people", source="UnsubscribeHeader", newTopicPreferences={"unsubscribeAll": False, "topicSubscriptionStatus": topics})


SES: list[Row] = [
    ("Send", _ses("Send"), ()),
    ("Reject", _ses("Reject", reason="Bad content"), ("failed",)),
    ("Rendering Failure", _ses("Rendering Failure", "failure", errorMessage="Attribute is not present", templateName="t"), ("failed",)),
    ("Delivery", _ses("Delivery", recipients=[MAIL], smtpResponse="250 ok", processingTimeMillis=546), ("delivered",)),
    ("DeliveryDelay", _ses("DeliveryDelay", "deliveryDelay", delayType="TransientCommunicationFailure", delayedRecipients=[{"emailAddress": MAIL, "status": "4.4.1", "diagnosticCode": "smtp; 421 4.4.1 no answer"}]), ("deferred",)),
    ("Bounce/Permanent", _back("Permanent", "SomethingNew"), ("bounced_hard",)),
    ("Bounce/Permanent/General", _back("Permanent", "General", "5.1.1", f"smtp; 550 5.1.1 <{MAIL}> unknown"), ("bounced_hard",)),
    ("Bounce/Permanent/General", _back("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 policy"), ("bounced_policy",)),
    ("Bounce/Permanent/NoEmail", _back("Permanent", "NoEmail"), ("bounced_hard",)),
    ("Bounce/Permanent/Suppressed", _back("Permanent", "Suppressed"), ("bounced_hard",)),
    ("Bounce/Permanent/OnAccountSuppressionList", _back("Permanent", "OnAccountSuppressionList"), ("bounced_hard",)),
    ("Bounce/Permanent/UnsubscribedRecipient", _back("Permanent", "UnsubscribedRecipient"), ("bounced_policy", "unsubscribed")),
    ("Bounce/Transient", _back("Transient", "SomethingNew"), ("bounced_soft",)),
    ("Bounce/Transient/General", _back("Transient", "General"), ("bounced_soft",)),
    ("Bounce/Transient/MailboxFull", _back("Transient", "MailboxFull"), ("bounced_soft",)),
    ("Bounce/Transient/MessageTooLarge", _back("Transient", "MessageTooLarge"), ("bounced_soft",)),
    ("Bounce/Transient/ContentRejected", _back("Transient", "ContentRejected"), ("bounced_policy",)),
    ("Bounce/Transient/AttachmentRejected", _back("Transient", "AttachmentRejected"), ("bounced_policy",)),
    ("Bounce/Transient/CustomTimeoutExceeded", _back("Transient", "CustomTimeoutExceeded"), ("bounced_soft",)),
    ("Bounce/Undetermined", _back("Undetermined", "Undetermined"), ("bounced_soft",)),
    ("Complaint", _complaint(None), ("complained",)),
    ("Complaint/abuse", _complaint("abuse"), ("complained",)),
    ("Complaint/fraud", _complaint("fraud"), ("complained",)),
    ("Complaint/virus", _complaint("virus"), ("complained",)),
    ("Complaint/other", _complaint("other"), ("complained",)),
    ("Complaint/auth-failure", _complaint("auth-failure"), ("deferred",)),
    ("Complaint/not-spam", _complaint("not-spam"), ("deferred",)),
    ("Open", _ses("Open", userAgent=SAFARI, ipAddress="192.0.2.7"), ("opened_human",)),
    ("Open/machine", _ses("Open", userAgent="Mozilla/5.0", ipAddress="192.0.2.7"), ("opened_machine",)),
    ("Click", _ses("Click", userAgent=SAFARI, ipAddress="192.0.2.7", link="https://shop.example.com/"), ("clicked",)),
    ("Click/machine", _ses("Click", userAgent="python-requests/2.32", ipAddress="192.0.2.7", link="https://shop.example.com/"), ("clicked_machine",)),
    ("Subscription/out", _wish(out=True), ("unsubscribed",)),
    ("Subscription/in", _wish(out=False), ()),
]  # fmt: skip
EVENTS = {"sendgrid": SENDGRID, "mailgun": MAILGUN, "postmark": POSTMARK, "ses": SES}
