"""SendGrid, Mailgun, Postmark and SES, as they are heard: every row of their tables, their signatures, and what is forged, late or repeated."""

import asyncio
import datetime as dt
import json
import subprocess
import sys
from base64 import b64encode
from functools import cache
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from backend.channels import esp, mailgun, postmark, sendgrid, ses
from backend.channels.base import Answer
from backend.channels.kinds import Forged, Given, Heard, Hook, Kind, Late, Parts
from backend.channels.sns import Sns, canonical
from backend.clock import HeldClock
from backend.domain.errors import Invalid, Unavailable
from tests.channels import esp_judge
from tests.channels.esp_events import AT, EVENTS, MAIL, NOW, SENDGRID, D
from tests.channels.mailserver import MailServer, outgoing

TOPIC = "arn:aws:sns:eu-central-1:123456789012:mails"
CERTIFICATE = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
SUBSCRIBE = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:123456789012:mails&Token=2336412f37"
PASSWORD = "correct-horse-battery"
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
AMAZON = rsa.generate_private_key(65537, 2048)
PUBLIC = b64encode(SENDGRID_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
GIVEN = {
    "sendgrid": Given("mails", {"api_key": "SG.x", "webhook_key": PUBLIC}),
    "mailgun": Given("mails", {"user": "u", "password": "p", "webhook_key": "key-1"}),
    "postmark": Given("mails", {"token": "t", "webhook_password": PASSWORD}),
    "ses": Given("mails", {"region": "eu-central-1", "user": "u", "password": "p", "topic": TOPIC}),
}  # fmt: skip
TABLES = {"sendgrid": sendgrid.MEANS, "mailgun": mailgun.MEANS, "postmark": postmark.MEANS, "ses": ses.MEANS}


def hook(body: bytes, **headers: str) -> Hook:
    return Hook("POST", "https://x.example/hooks/mails", {}, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def of_sendgrid(events: list[Any], at: float = NOW, key: Any = SENDGRID_KEY) -> Hook:
    body, told = json.dumps(events).encode(), str(int(at))
    signature = b64encode(key.sign(told.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    return hook(body, **{sendgrid.SIGNATURE: signature, sendgrid.TIMESTAMP: told})


def of_mailgun(event: dict[str, Any], at: float = NOW, key: str = "key-1", token: str = "t" * 50) -> Hook:
    told = str(int(at))
    return hook(json.dumps({**event, "signature": {"timestamp": told, "token": token, "signature": mailgun.sign(key, told, token)}}).encode())


def of_postmark(event: dict[str, Any], password: str = PASSWORD) -> Hook:
    return hook(json.dumps(event).encode(), authorization="Basic " + b64encode(f"carillon:{password}".encode()).decode())


def message(kind: str = "Notification", text: str = "{}", at: float = NOW, **more: Any) -> dict[str, Any]:
    told = {
        "Type": kind, "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": TOPIC, "Message": text,
        "Timestamp": dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2", "SigningCertURL": CERTIFICATE,
    }  # fmt: skip
    return told | more


def signed(told: dict[str, Any], key: rsa.RSAPrivateKey = AMAZON) -> Hook:
    how = hashes.SHA1() if told["SignatureVersion"] == "1" else hashes.SHA256()
    return hook(json.dumps({**told, "Signature": b64encode(key.sign(canonical(told), padding.PKCS1v15(), how)).decode()}).encode())


def of_ses(event: dict[str, Any], **more: Any) -> Hook:
    return signed(message(text=json.dumps(event), **more))


@cache
def certificate(days: int = 1) -> bytes:
    now, day = dt.datetime.fromtimestamp(NOW, dt.UTC), dt.timedelta(days=1)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(AMAZON.public_key()).serial_number(7)
    return made.not_valid_before(now - 3 * day).not_valid_after(now + days * day).sign(AMAZON, hashes.SHA256()).public_bytes(Encoding.PEM)


class Amazon:
    """The port that fetches: what was asked, and a certificate for an answer."""

    def __init__(self, pem: bytes = b"") -> None:
        self.asked: list[str] = []
        self.pem = pem or certificate()

    async def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        return self.pem


def kind_of(name: str, amazon: Amazon | None = None) -> Kind:
    return {"sendgrid": sendgrid.KIND, "mailgun": mailgun.KIND, "postmark": postmark.KIND}.get(name) or ses.ses_kind(Sns(amazon or Amazon()))


def asked(name: str, event: dict[str, Any]) -> Hook:
    return {"sendgrid": lambda: of_sendgrid([event]), "mailgun": lambda: of_mailgun(event), "postmark": lambda: of_postmark(event), "ses": lambda: of_ses(event)}[name]()


async def hear(name: str, asked: Hook, now: float = NOW, given: Given | None = None, amazon: Amazon | None = None) -> Heard:
    kind = kind_of(name, amazon)
    assert kind.hear is not None
    return await kind.hear(given or GIVEN[name], asked, 7, now)


ROWS = [pytest.param(name, *row, id=f"{name}-{row[0]}-{n}") for name, rows in EVENTS.items() for n, row in enumerate(rows)]


@pytest.mark.parametrize(("name", "row", "event", "expected"), ROWS)
async def test_what_an_event_means(name: str, row: str, event: dict[str, Any], expected: tuple[str, ...]):
    heard = await hear(name, asked(name, event))
    assert heard.status == 200
    assert tuple(receipt.kind for receipt in heard.receipts) == expected
    for receipt in heard.receipts:
        assert (receipt.space, receipt.delivery.hex(), receipt.provider) == (7, D, "mails")
        assert NOW - 86_400 < receipt.at <= NOW
        assert MAIL not in receipt.raw and MAIL not in receipt.code


@pytest.mark.parametrize("name", EVENTS)
def test_every_row_of_the_table_has_an_event_here(name: str):
    assert {row for row, _, _ in EVENTS[name]} == set(TABLES[name])


# ---- another reader of the same events
AGREES = {
    "delivered": {"delivered"}, "deferred": {"deferred"}, "bounced": {"bounced_hard", "bounced_soft", "bounced_policy"}, "failed": {"failed"},
    "rejected": {"failed", "bounced_hard", "bounced_policy"}, "complained": {"complained"}, "opened": {"opened_human", "opened_machine"},
    "clicked": {"clicked", "clicked_machine"}, "unsubscribed": {"unsubscribed"}, "queued": set(), "sent": set(), "subscribed": set(), "autoresponded": set(),
    "inbound_failed": set(), "unknown": set(),
}  # fmt: skip
BESIDES = {"unsubscribed": {"unsubscribed"}, "other": {"complained"}}  # what we conclude besides from the reason of a rejected mail
# where we read the provider's documentation otherwise than anymail does, with why
OTHERWISE = {
    ("mailgun", "failed/permanent/suppress-complaint"): "it never left Mailgun; anymail calls every permanent failure a bounce",
    ("mailgun", "failed/permanent/suppress-unsubscribe"): "the same",
    ("postmark", "Bounce/SpamNotification"): "a filter judged the mail; the person did not complain, and their address stays",
    ("postmark", "Bounce/Unknown"): "recorded, where anymail has no word either",
    ("ses", "DeliveryDelay"): "anymail does not know it",
    ("ses", "Subscription/out"): "anymail does not know it",
    ("ses", "Complaint/auth-failure"): "about our DKIM, not about the person's wish (RFC 6591)",
    ("ses", "Complaint/not-spam"): "the contrary of a complaint (RFC 6430)",
    ("ses", "Bounce/Permanent/UnsubscribedRecipient"): "anymail has one word for a bounce",
}


def test_anymail_reads_the_same_from_every_event():
    whole = {
        name: [event if name != "mailgun" else {**event, "signature": {"token": "t"}} for _, event, _ in rows] for name, rows in EVENTS.items()
    }
    ran = subprocess.run([sys.executable, esp_judge.__file__], input=json.dumps(whole), capture_output=True, text=True, check=True)
    told = json.loads(ran.stdout)
    compared, differ = 0, {}
    for name, rows in EVENTS.items():
        for (row, _, ours), (event_type, reason) in zip(rows, told[name], strict=True):
            mine = set(ours) - BESIDES.get(str(reason), set()) if len(ours) > 1 else set(ours)
            if mine != (mine & AGREES.get(event_type, set())) or bool(mine) != bool(AGREES.get(event_type)):
                differ[name, row] = (event_type, reason, ours)
            compared += 1
    assert {pair: why for pair, why in differ.items() if pair not in OTHERWISE} == {}
    assert compared == sum(map(len, EVENTS.values())) > 120
    assert OTHERWISE.keys() == differ.keys()


# ---- what goes out
MARKED = {
    "sendgrid": (sendgrid.marks, f'X-SMTPAPI: {{"unique_args":{{"carillon_delivery":"{D}"}}}}'),
    "mailgun": (mailgun.marks, f'X-Mailgun-Variables: {{"carillon_delivery":"{D}"}}'),
    "postmark": (postmark.marks, f"X-PM-Metadata-carillon: {D}"),
    "ses": (ses.marks, f"X-SES-MESSAGE-TAGS: carillon_delivery={D}"),
}


@pytest.mark.parametrize("name", EVENTS)
async def test_a_mail_carries_the_id_by_which_it_comes_back(name: str):
    marks, line = MARKED[name]
    server = MailServer()
    await server.start()
    provider = esp.Esp(f"smtp://127.0.0.1:{server.port}", clock=HeldClock(NOW), key="mails", marks=marks)
    await provider.start()
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    provider.post(0, outgoing(int(D, 16), headers={"List-Id": "<orders.carillon>"}), answered.set_result)
    assert (await answered).meaning == "accepted"
    await provider.close()
    await server.close()
    head = server.heard[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert line in head and "List-Id: <orders.carillon>" in head


@pytest.mark.parametrize(
    ("name", "more", "host"),
    [
        ("sendgrid", {}, "smtp.sendgrid.net"), ("sendgrid", {"region": "eu"}, "smtp.eu.sendgrid.net"), ("mailgun", {"region": "us"}, "smtp.mailgun.org"),
        ("mailgun", {"region": "eu"}, "smtp.eu.mailgun.org"), ("postmark", {}, "smtp.postmarkapp.com"), ("postmark", {"purpose": "broadcast"}, "smtp-broadcasts.postmarkapp.com"),
        ("ses", {}, "email-smtp.eu-central-1.amazonaws.com"),
    ],
)  # fmt: skip
def test_one_types_credentials_and_no_host(name: str, more: dict[str, str], host: str):
    odd = {"password": "p:/@ ?#%é", "rate": "14"}
    given = Given("mails", {**GIVEN[name].fields, **more, **({} if name in ("sendgrid", "postmark") else odd), "rate": "14"})
    provider = kind_of(name).make(given, Parts(HeldClock(NOW), None, None, None))  # type: ignore[arg-type]
    assert isinstance(provider, esp.Esp)
    target = provider._target
    assert (target.host, target.port, target.verify, target.rate, provider.key) == (host, 587, True, 14, "mails")
    if name in ("mailgun", "ses"):
        assert target.password == odd["password"]


# ---- forged
async def forged(name: str, asked: Hook, **more: Any) -> None:
    with pytest.raises(Forged):
        await hear(name, asked, **more)


@pytest.mark.parametrize("name", EVENTS)
async def test_without_a_signature_nothing_is_heard(name: str):
    event = next(event for _, event, ours in EVENTS[name] if ours)
    whole = {"sendgrid": [event], "ses": message(text=json.dumps(event))}.get(name, event)
    await forged(name, hook(json.dumps(whole).encode()))


@pytest.mark.parametrize("name", EVENTS)
async def test_without_its_secret_a_provider_hears_nobody(name: str):
    event = next(event for _, event, ours in EVENTS[name] if ours)
    bare = {field: value for field, value in GIVEN[name].fields.items() if field not in ("webhook_key", "webhook_password", "topic")}
    given = Given("mails", bare | {"webhook_key": "", "webhook_password": "", "topic": ""})
    empty = {"mailgun": of_mailgun(event, key=""), "postmark": of_postmark(event, "")}.get(name, asked(name, event))
    await forged(name, empty, given=given)


async def test_sendgrids_signature_covers_the_time_and_every_byte():
    good = of_sendgrid([SENDGRID[1][1]])
    await forged("sendgrid", of_sendgrid([SENDGRID[1][1]], key=ec.generate_private_key(ec.SECP256R1())))
    await forged("sendgrid", msgspec.structs.replace(good, body=good.body.replace(b"delivered", b"spamreport")))
    await forged("sendgrid", msgspec.structs.replace(good, body=good.body + b" "))
    await forged("sendgrid", msgspec.structs.replace(good, headers={**good.headers, sendgrid.TIMESTAMP: str(int(NOW) + 1)}))
    for odd in ("", "AAAA", "é", "=" * 9, "A" * 10_000):
        await forged("sendgrid", msgspec.structs.replace(good, headers={**good.headers, sendgrid.SIGNATURE: odd}))
    assert (await hear("sendgrid", good)).receipts


def test_sendgrids_published_vector():
    """Of SendGrid's own libraries: the line break at the end is signed, too."""
    key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    signature = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
    event = {
        "email": "hello@world.com", "event": "dropped", "reason": "Bounced Address", "sg_event_id": "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
        "sg_message_id": "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
        "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>", "timestamp": 1600112492,
    }  # fmt: skip
    body = json.dumps([event], separators=(",", ":")).encode()
    sendgrid.verify(key, signature, "1600112502", body + b"\r\n")
    for changed in ((signature, "1600112503", body + b"\r\n"), (signature, "1600112502", body)):
        with pytest.raises(Forged):
            sendgrid.verify(key, *changed)


async def test_mailguns_signature_covers_time_and_token():
    event = EVENTS["mailgun"][2][1]
    await forged("mailgun", of_mailgun(event, key="key-2"))
    for part in ("timestamp", "token", "signature"):
        whole = json.loads(of_mailgun(event).body)
        whole["signature"][part] = str(int(NOW) + 5) if part == "timestamp" else "x" * 50
        await forged("mailgun", hook(json.dumps(whole).encode()))
        whole["signature"][part] = ["x"]
        await forged("mailgun", hook(json.dumps(whole).encode()))


def test_mailguns_signature_is_hmac_sha256_of_time_and_token():
    """RFC 4231, test case 2, cut in two: the concatenation is what is signed."""
    assert mailgun.sign("Jefe", "what do ya want ", "for nothing?") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


async def test_postmarks_password():
    event = EVENTS["postmark"][0][1]
    await forged("postmark", of_postmark(event, "another-password-of-theirs"))
    body = of_postmark(event).body
    for odd in ("", "Basic", "Basic !!", "Bearer " + PASSWORD, "Basic " + b64encode(PASSWORD.encode()).decode(), "basic é"):
        await forged("postmark", hook(body, authorization=odd))
    assert (await hear("postmark", of_postmark(event))).receipts


@pytest.mark.parametrize("version", ["1", "2"])
async def test_sns_signs_every_field_it_says(version: str):
    told = message(text=json.dumps(EVENTS["ses"][3][1]), SignatureVersion=version, Subject="Amazon SES Email Event Notification")
    good = signed(told)
    assert [r.kind for r in (await hear("ses", good)).receipts] == ["delivered"]
    whole = json.loads(good.body)
    for field in ("Message", "MessageId", "Subject", "Timestamp", "Type"):
        other = {**whole, field: "SubscriptionConfirmation" if field == "Type" else whole[field] + " "}
        await forged("ses", hook(json.dumps(other).encode()))
    await forged("ses", hook(json.dumps({**whole, "SignatureVersion": "2" if version == "1" else "1"}).encode()))
    await forged("ses", hook(json.dumps({**whole, "SignatureVersion": "3"}).encode()))
    await forged("ses", signed(told, rsa.generate_private_key(65537, 2048)))


def test_what_sns_signs_is_the_string_of_its_documentation():
    told = {"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Subject": "s", "Message": "hello\nworld", "Timestamp": "t", "Signature": "x", "Token": "no"}
    assert canonical(told) == b"Message\nhello\nworld\nMessageId\nm\nSubject\ns\nTimestamp\nt\nTopicArn\narn\nType\nNotification\n"
    assert canonical({**told, "Subject": None}) == b"Message\nhello\nworld\nMessageId\nm\nTimestamp\nt\nTopicArn\narn\nType\nNotification\n"
    asked = told | {"Type": "SubscriptionConfirmation", "SubscribeURL": "u", "Token": "k"}
    assert canonical(asked) == b"Message\nhello\nworld\nMessageId\nm\nSubscribeURL\nu\nTimestamp\nt\nToken\nk\nTopicArn\narn\nType\nSubscriptionConfirmation\n"


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem", "https://evil.example/a.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/a.pem", "https://evil.example/?sns.eu-central-1.amazonaws.com/a.pem", "file:///etc/passwd.pem",
        "https://sns.eu-central-1.amazonaws.com/?Action=Say&Words=a.pem", "https://sns.eu-central-1.amazonaws.com/a/../a.pem", "https://sns.amazonaws.com/a.pem",
        "https://s3.eu-central-1.amazonaws.com/a.pem", "https://sns.eu-central-1.amazonaws.com:444/a.pem", "https://sns.eu-central-1.amazonaws.com/a.pem\n", "",
    ],
)  # fmt: skip
async def test_no_certificate_is_fetched_from_elsewhere(url: str):
    amazon = Amazon()
    await forged("ses", of_ses(EVENTS["ses"][3][1], SigningCertURL=url), amazon=amazon)
    assert amazon.asked == []


async def test_a_certificate_that_has_ended_and_one_that_is_none():
    await forged("ses", of_ses(EVENTS["ses"][3][1]), amazon=Amazon(certificate(-1)))
    await forged("ses", of_ses(EVENTS["ses"][3][1]), amazon=Amazon(b"<html>no</html>"))


async def test_a_certificate_is_fetched_once():
    amazon = Amazon()
    kind = kind_of("ses", amazon)
    assert kind.hear is not None
    for _ in range(3):
        await kind.hear(GIVEN["ses"], of_ses(EVENTS["ses"][3][1]), 7, NOW)
    assert amazon.asked == [CERTIFICATE]


async def test_while_the_certificate_cannot_be_had_amazon_is_told_to_come_again():
    class Away(Amazon):
        async def __call__(self, url: str) -> bytes:
            raise Unavailable("away")

    with pytest.raises(Unavailable):
        await hear("ses", of_ses(EVENTS["ses"][3][1]), amazon=Away())


async def test_a_topic_of_somebody_else_is_not_heard():
    amazon = Amazon()
    await forged("ses", of_ses(EVENTS["ses"][3][1], TopicArn="arn:aws:sns:eu-central-1:999999999999:mails"), amazon=amazon)
    assert amazon.asked == []


async def test_a_subscription_is_confirmed_at_amazon_and_nowhere_else():
    amazon = Amazon()
    told = message("SubscriptionConfirmation", "You have chosen to subscribe to the topic", SubscribeURL=SUBSCRIBE, Token="2336412f37")
    assert (await hear("ses", signed(told), amazon=amazon)).receipts == ()
    assert amazon.asked == [CERTIFICATE, SUBSCRIBE]
    for url in ("https://evil.example/?Action=ConfirmSubscription", "http://169.254.169.254/", SUBSCRIBE.replace("Confirm", "Other"), SUBSCRIBE.replace("https", "http")):
        amazon = Amazon()
        await forged("ses", signed({**told, "SubscribeURL": url}), amazon=amazon)
        assert amazon.asked == [CERTIFICATE]
    amazon = Amazon()
    await forged("ses", signed(told, rsa.generate_private_key(65537, 2048)), amazon=amazon)
    assert amazon.asked == [CERTIFICATE]
    hello = message(text="Successfully validated SNS topic for Amazon SES event publishing.")
    assert (await hear("ses", signed(hello))).receipts == ()


# ---- late and repeated
async def test_what_is_late_changes_nothing_and_is_not_asked_for_again():
    delivered = SENDGRID[1][1]
    span = sendgrid.REPEATS + esp.SKEW
    assert (await hear("sendgrid", of_sendgrid([delivered], NOW - span + 5))).receipts
    with pytest.raises(Late):
        await hear("sendgrid", of_sendgrid([delivered], NOW - span - 5))
    await forged("sendgrid", of_sendgrid([delivered], NOW + esp.SKEW + 5))
    event = EVENTS["mailgun"][2][1]
    assert (await hear("mailgun", of_mailgun(event, NOW - mailgun.REPEATS))).receipts
    late = await hear("mailgun", of_mailgun(event, NOW - mailgun.REPEATS - esp.SKEW - 5))
    assert (late.status, late.receipts) == (406, ())  # after 406 alone Mailgun does not come again
    event = EVENTS["ses"][3][1]
    assert (await hear("ses", of_ses(event, at=NOW - 3000))).receipts
    late = await hear("ses", of_ses(event, at=NOW - 3600 - esp.SKEW - 5))
    assert (late.status, late.receipts) == (200, ())


async def test_a_request_is_named_so_that_its_repeat_is_known():
    for name, again, other in (
        ("sendgrid", of_sendgrid([SENDGRID[1][1]]), of_sendgrid([SENDGRID[1][1]], NOW - 1)),
        ("mailgun", of_mailgun(EVENTS["mailgun"][2][1]), of_mailgun(EVENTS["mailgun"][2][1], token="u" * 50)),
        ("ses", of_ses(EVENTS["ses"][3][1]), of_ses(EVENTS["ses"][3][1], MessageId="another")),
    ):
        first, second, third = await hear(name, again), await hear(name, again), await hear(name, other)
        assert first.once == second.once != third.once
        assert first.keep >= 2 * esp.SKEW
        assert (await hear(name, again, given=msgspec.structs.replace(GIVEN[name], key="others"))).once != first.once


# ---- odd ones
@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("odd", [None, [], "x", 7, {}, {"event": None}, {"RecordType": 5}, {"eventType": [], "mail": 3}, {"event-data": []}])
async def test_a_signed_request_of_another_shape_breaks_nothing(name: str, odd: Any):
    try:
        heard = await hear(name, asked(name, odd) if isinstance(odd, dict) or name != "mailgun" else hook(json.dumps(odd).encode()))
    except (Invalid, Forged):
        return
    assert heard.receipts == ()


async def test_an_event_about_a_mail_that_is_not_ours_says_nothing():
    for stranger in ("", "x", "é" * 32, "0" * 31, None, ["a"], {"a": 1}):
        heard = await hear("sendgrid", of_sendgrid([{**SENDGRID[1][1], esp.ID: stranger}]))
        assert heard.receipts == ()


async def test_a_batch_is_heard_whole_and_a_huge_one_is_refused():
    heard = await hear("sendgrid", of_sendgrid([event for _, event, _ in SENDGRID]))
    assert [r.kind for r in heard.receipts] == [kind for _, _, kinds in SENDGRID for kind in kinds]
    with pytest.raises(Invalid):
        esp.read(b"[" + b" " * esp.BIG + b"]", list[Any])
    with pytest.raises(Invalid):
        esp.read(b"[" * 100_000, list[Any])


async def test_times_that_cannot_be_are_now():
    for odd in (0, -1, 1e300, "soon", NOW + 3600, True, None):
        (receipt,) = (await hear("sendgrid", of_sendgrid([{**SENDGRID[1][1], "timestamp": odd}]))).receipts
        assert receipt.at == NOW
    (receipt,) = (await hear("sendgrid", of_sendgrid([SENDGRID[1][1]]))).receipts
    assert receipt.at == AT


async def test_ses_without_tags_is_known_by_our_message_id():
    event = json.loads(json.dumps(EVENTS["ses"][3][1]))
    del event["mail"]["tags"], event["eventType"]
    (receipt,) = (await hear("ses", of_ses({**event, "notificationType": "Delivery"}))).receipts
    assert receipt.delivery.hex() == D


# ---- what is typed
@pytest.mark.parametrize(
    ("kind", "field", "wrong"),
    [
        (sendgrid.KIND, "webhook_key", "MFkw"), (sendgrid.KIND, "webhook_key", "é"), (sendgrid.KIND, "api_key", "a\r\nb"), (postmark.KIND, "webhook_password", "short"),
        (ses.KIND, "region", "Frankfurt"), (ses.KIND, "region", "eu-central-1.evil.example/"), (ses.KIND, "topic", "mails"), (mailgun.KIND, "user", " u"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_refused_with_what_to_do(kind: Kind, field: str, wrong: str):
    check = next(one.check for one in kind.fields if one.name == field)
    assert check is not None
    with pytest.raises(Invalid) as refused:
        check(wrong)
    assert len(refused.value.detail) > 40


@pytest.mark.parametrize("name", EVENTS)
def test_fields_speak_english_and_german(name: str):
    kind = kind_of(name)
    assert (kind.key, kind.channel) == (name, "email")
    for told in (kind.needs, *(field.title for field in kind.fields), *(field.hint for field in kind.fields if field.hint)):
        assert set(told) == {"en", "de"} and all(told.values())
    assert {field.name for field in kind.fields if field.secret} >= {"password"} & {field.name for field in kind.fields}


def test_sendgrids_key_is_taken_with_and_without_its_pem_lines():
    pem = SENDGRID_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert sendgrid.public_key(PUBLIC).public_numbers() == sendgrid.public_key(pem).public_numbers()
