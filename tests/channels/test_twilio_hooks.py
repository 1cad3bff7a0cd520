"""What Twilio tells us: signed requests are heard, all others are refused. Twilio's own validator and its published vectors are the judges."""

import asyncio
import json
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from hypothesis import given as some
from hypothesis import settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from backend.channels import fields, twilio, twilio_codes
from backend.channels.kinds import Forged, Given, Hook
from backend.channels.twilio_hooks import SETTINGS, hear, signed, word_of
from backend.domain.errors import Invalid
from tests.channels.fake_twilio import HOOK, MOBILE, SID, TOKEN, TYPED
from tests.channels.mailserver import NOON

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
DELIVERY = "0123456789abcdef0123456789abcdef"
KEY = {"signing_key": "webhooks_sharedkey_1", "signing_secret": "another secret"}


def known(**typed):
    return Given("sms", fields.read(twilio.KIND, {**TYPED, **typed}), HOOK)


def hook(form, url=f"{HOOK}?d={DELIVERY}&g=2", *, token=TOKEN, algorithm=None, headers=None, body=None):
    signature = RequestValidator(token).compute_signature(url, dict(form), algorithm)
    return Hook("POST", url, {}, {"content-type": FORM, "x-twilio-signature": signature, **(headers or {})}, urlencode(form).encode() if body is None else body)


def status(word, error="", **more):
    return {"AccountSid": SID, "MessageSid": "SM" + "1" * 32, "MessageStatus": word, "To": MOBILE, "From": "+4915100000000", **({"ErrorCode": error} if error else {}), **more}


def incoming(body, **more):
    return {"AccountSid": SID, "MessageSid": "SM" + "2" * 32, "SmsStatus": "received", "From": MOBILE, "To": "+4915100000000", "Body": body, **more}


def heard(form, typed=None, **more):
    return asyncio.run(hear(known(**(typed or {})), hook(form, **more), 1, NOON))


# ---- published vectors: documentation of webhook security, and the tests of Twilio's libraries
CALL = {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": "+14158675309", "To": "+18005551212", "Caller": "+14158675309"}
MYCOMPANY = "https://mycompany.com/myapp.php?foo=1&bar=2"
JSON, HASH = '{"property": "value", "boolean": true}', "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


def test_the_published_vector_of_a_form():
    asked = Hook("POST", MYCOMPANY, {}, {"content-type": FORM, "x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, urlencode(CALL).encode())
    assert {name: value for name, (value,) in signed({"auth_token": "12345"}, asked).items()} == CALL
    with pytest.raises(Forged):
        signed({"auth_token": "12346"}, asked)


def test_the_published_vector_of_json():
    headers = {"content-type": "application/json", "x-twilio-signature": "a9nBmqA0ju/hNViExpshrM61xv4="}
    asked = Hook("POST", f"{MYCOMPANY}&bodySHA256={HASH}", {}, headers, JSON.encode())
    assert signed({"auth_token": "12345"}, asked) == {"property": ["value"], "boolean": ["True"]}
    with pytest.raises(Forged):
        signed({"auth_token": "12345"}, Hook("POST", asked.url, {}, headers, JSON.replace("value", "other").encode()))


@some(st.lists(st.tuples(st.sampled_from("abc") | st.text(max_size=8), st.text(max_size=12)), max_size=12), st.booleans())
@settings(deadline=None, max_examples=150)
def test_twilios_validator_agrees_about_every_form(pairs, strong):
    """Fields may come twice, be empty, hold anything."""
    url, algorithm = f"{HOOK}?d={DELIVERY}", "HMAC_SHA256" if strong else None
    pairs = [(name, value) for name, value in pairs if name.isprintable()]
    rows: dict[str, list[str]] = {}
    for name, value in pairs:
        rows.setdefault(name, []).append(value)
    judge = type("Rows", (dict,), {"getlist": dict.__getitem__})(rows)
    signature = RequestValidator("s" if not strong else KEY["signing_secret"]).compute_signature(url, judge, algorithm)
    headers = {"content-type": FORM, "x-twilio-signature": signature}
    if strong:
        headers[SETTINGS] = f"key={KEY['signing_key']},algorithm=HMAC_SHA256"
    found = signed({"auth_token": "s", **(KEY if strong else {})}, Hook("POST", url, {}, headers, urlencode(pairs).encode()))
    assert found == rows


# ---- forged ones
@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"x-twilio-signature": ""}}, {"headers": {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}}, {"headers": {"x-twilio-signature": "ä"}},
        {"headers": {"x-twilio-signature": "A" * 10_000}}, {"token": "another"}, {"body": urlencode(status("failed")).encode()}, {"body": b""},
        {"headers": {SETTINGS: "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}}, {"headers": {SETTINGS: "algorithm=none"}},
        {"headers": {"content-type": "application/json"}}, {"headers": {"content-type": "application/json"}, "body": b"{}"},
    ],
)  # fmt: skip
def test_what_is_not_signed_by_the_account_is_forged(change):
    with pytest.raises(Forged):
        heard(status("delivered"), **change)


def test_another_address_delivery_or_account_is_forged():
    good = hook(status("delivered"))
    for url in (good.url.replace("g=2", "g=3"), good.url.replace("0123", "1123"), good.url.replace("https:", "http:"), good.url.replace("/sms?", "/sms-2?"), HOOK):
        with pytest.raises(Forged):
            asyncio.run(hear(known(), Hook("POST", url, {}, good.headers, good.body), 1, NOON))
    with pytest.raises(Forged, match="another account"):
        heard({**status("delivered"), "AccountSid": "AC" + "f" * 32})


def test_the_query_that_counts_is_the_signed_one():
    good = hook(status("delivered"))
    found = asyncio.run(hear(known(), Hook("POST", good.url, {"d": "f" * 32, "g": "9"}, good.headers, good.body), 1, NOON))
    assert (found.receipts[0].delivery.hex(), found.receipts[0].generation) == (DELIVERY, 2)


def test_a_signing_key_of_its_own_replaces_the_token():
    named = {SETTINGS: f"key={KEY['signing_key']},algorithm=HMAC_SHA256"}
    strong = {"token": KEY["signing_secret"], "algorithm": "HMAC_SHA256"}
    assert heard(status("delivered"), KEY, headers=named, **strong).receipts
    for bad in ({}, {"headers": named}, {"headers": {SETTINGS: "key=other,algorithm=HMAC_SHA256"}, **strong}, {"headers": {SETTINGS: f"key={KEY['signing_key']},algorithm=HMAC_SHA1"}, "token": KEY["signing_secret"]}):
        with pytest.raises(Forged):
            heard(status("delivered"), KEY, **bad)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=1&" * 300, b"x" * 65_000])
def test_what_cannot_be_read_is_refused(body):
    with pytest.raises((Invalid, Forged)):
        heard(status("delivered"), body=body)


@pytest.mark.parametrize("said", ["[]", "null", "7", '{"a": ', "\udcff"])
def test_json_that_is_no_object_is_refused(said):
    body = said.encode("utf-8", "surrogateescape")
    url = f"{HOOK}?bodySHA256={sha256(body).hexdigest()}"
    with pytest.raises((Invalid, Forged)):
        heard({}, url=url, body=body, headers={"content-type": "application/json"})


def test_a_status_in_json_is_heard():
    body = json.dumps({**status("undelivered"), "ErrorCode": 30006, "More": None}).encode()
    url = f"{HOOK}?d={DELIVERY}&g=0&bodySHA256={sha256(body).hexdigest()}"
    (receipt,) = heard({}, url=url, body=body, headers={"content-type": "application/json"}).receipts
    assert (receipt.kind, receipt.code) == ("bounced_hard", "30006")


# ---- statuses
@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("queued", None), ("accepted", None), ("scheduled", None), ("sending", None), ("receiving", None), ("new-one", None), ("sent", "sent"),
        ("delivered", "delivered"), ("read", "read"), ("undelivered", "bounced_soft"), ("failed", "failed"), ("canceled", "failed"),
    ],
)  # fmt: skip
def test_statuses_are_one_vocabulary(word, kind):
    found = heard(status(word))
    assert [receipt.kind for receipt in found.receipts] == ([kind] if kind else [])
    if kind:
        (receipt,) = found.receipts
        assert (receipt.delivery.hex(), receipt.generation, receipt.provider, receipt.space) == (DELIVERY, 2, "sms", 1)
        assert receipt.raw == f"SM{'1' * 32} {word}"


@pytest.mark.parametrize(("code", "kind"), twilio_codes.ENDS.items())
@pytest.mark.parametrize("word", ["undelivered", "failed"])
def test_every_code_of_an_end(code, kind, word):
    found = heard(status(word, str(code)))
    assert [(receipt.kind, receipt.code) for receipt in found.receipts] == [(kind, str(code))]
    assert [(out.address, out.stop) for out in found.opt_outs] == ([(MOBILE, True)] if code == 21610 else [])
    assert MOBILE not in found.receipts[0].raw


@pytest.mark.parametrize("query", ["", "?d=", "?d=zz", "?d=0123&g=1", f"?d={DELIVERY}&g=-1", f"?d={DELIVERY}&g=99999999999", f"?d={DELIVERY}&g=x"])
def test_an_address_without_a_delivery_of_ours_is_no_receipt(query):
    try:
        assert heard(status("delivered"), url=HOOK + query).receipts == ()
    except Invalid:
        assert "x" in query or "zz" in query


# ---- people
@pytest.mark.parametrize(
    "word", ["STOP", "stop", " Stop. ", "STOPALL", "Unsubscribe", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE", "„Stopp“", "Abmelden!", "ABBESTELLEN"]
)
def test_stop_in_its_words(word):
    found = heard(incoming(word))
    assert [(out.channel, out.address, out.stop) for out in found.opt_outs] == [("sms", MOBILE, True)]
    assert (found.media, found.body.endswith(b"<Response/>"), found.receipts) == ("text/xml", True, ())


@pytest.mark.parametrize("word", ["START", "yes", "Unstop"])
def test_start_in_its_words(word):
    assert [(out.address, out.stop) for out in heard(incoming(word)).opt_outs] == [(MOBILE, False)]


@pytest.mark.parametrize("text", ["Please stop by tomorrow", "", "👍", "stopper", "no", "S T O P", "x" * 2_000])
def test_other_words_are_nothing(text):
    found = heard(incoming(text))
    assert (found.opt_outs, found.receipts, found.body.endswith(b"<Response/>")) == ((), (), True)


@pytest.mark.parametrize(("kind", "stop"), [("STOP", [True]), ("START", [False]), ("HELP", []), ("stop", [True])])
def test_advanced_opt_out_counts_and_is_never_answered_twice(kind, stop):
    found = heard(incoming("Schluss jetzt", OptOutType=kind), {"help_text": "Call us"})
    assert [out.stop for out in found.opt_outs] == stop
    assert found.body.endswith(b"<Response/>")


@pytest.mark.parametrize("word", ["HELP", "info", "Hilfe?"])
def test_help_is_answered_in_the_senders_words_unless_twilio_does(word):
    assert b"<Message>Us &amp; Co &lt;+49&gt;</Message>" in heard(incoming(word), {"help_text": "Us & Co <+49>"}).body
    assert heard(incoming(word)).body.endswith(b"<Response/>")


@pytest.mark.parametrize("sender", ["whatsapp:+4915112345678", "12345", "", "rcs:agent"])
def test_who_is_no_number_opts_out_of_nothing(sender):
    assert heard(incoming("STOP", From=sender)).opt_outs == ()


@some(st.text(max_size=40))
def test_any_text_is_one_word_or_none(text):
    assert word_of(text) in ("STOP", "START", "HELP", "")
