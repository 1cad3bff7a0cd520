"""Firebase: what we send against Google's discovery document, the real exchange for a token, and what every answer means."""

import asyncio
import json
import warnings

import pytest
from firebase_admin import messaging

from backend.channels import fcm, fcm_access
from backend.channels.base import Answer
from backend.channels.fcm import Fcm, body_of
from backend.channels.fcm_access import account_of
from backend.channels.push import LARGEST, mark_of
from backend.clock import HeldClock
from backend.domain.errors import Invalid, Unavailable
from backend.domain.template import PushMessage
from tests.channels.fake_fcm import PROJECT, VALID, error, firebase
from tests.channels.pushes import FULL, NOON, PLAIN, TOKEN, answers, outgoing

FID = "fid:cIcxK0kpT2-q8nVJ5l4yZz"
BAD_TOKEN = "The registration token is not a valid FCM registration token"


@pytest.fixture
async def google(monkeypatch):
    async with firebase() as fake:
        monkeypatch.setattr(fcm_access, "ENDS", (fake.base,))
        monkeypatch.setattr(fcm, "BASE", fake.base)
        yield fake


@pytest.fixture
async def provider(google):
    made = Fcm(google.account(), clock=HeldClock(NOON))
    await made.start()
    yield made
    await made.close()


# ---- what is sent
@pytest.mark.parametrize("priority", ["critical", "high", "normal", "low"])
@pytest.mark.parametrize("message", [FULL, PLAIN, PushMessage("Only a title", ""), PushMessage("x", "y", link="https://example.com/o")])
async def test_every_request_is_what_googles_document_describes(provider, google, message, priority):
    got = await answers(
        provider,
        outgoing(1, message=message, priority=priority, badge=3, expires=NOON + 90, collapse="order 778812"),
        outgoing(2, address=FID, message=message, priority=priority),
    )
    assert [a.meaning for a in got] == ["accepted"] * 2
    assert got[0].raw == f"projects/{PROJECT}/messages/1"
    assert (google.wrong, len(google.sent)) == ([], 2)
    assert google.assertions[0]["iss"] == f"bells@{PROJECT}.iam.gserviceaccount.com"
    assert len(google.assertions) == 1, "one token serves"


async def test_what_a_whole_message_says(provider, google):
    one = outgoing(7, message=FULL, priority="critical", badge=4, expires=NOON + 90.9)
    await answers(provider, one)
    (sent,) = google.sent
    mark = one.delivery.hex()
    assert sent["token"] == TOKEN
    assert sent["notification"] == {"title": FULL.title, "body": FULL.body, "image": FULL.image}
    assert sent["data"] == {
        "delivery": mark, "link": "shop://orders/778812",
        "actions": json.dumps([{"key": "track", "label": "Track it", "link": "https://example.com/t/1"}, {"key": "later", "label": "Later"}], separators=(",", ":")),
    }  # fmt: skip
    assert sent["android"] == {"collapseKey": mark, "priority": "HIGH", "ttl": "90s", "notification": {"tag": mark, "notificationCount": 4}}
    assert sent["apns"]["headers"] == {"apns-push-type": "alert", "apns-priority": "10", "apns-collapse-id": mark, "apns-expiration": str(int(NOON + 90))}
    assert sent["apns"]["payload"]["aps"] == {
        "thread-id": "orders", "sound": "default", "interruption-level": "time-sensitive", "badge": 4, "mutable-content": 1, "category": "orders",
    }  # fmt: skip
    assert sent["apns"]["fcmOptions"] == {"image": FULL.image}
    assert sent["webpush"]["headers"] == {"Urgency": "high", "TTL": "90", "Topic": mark}
    assert sent["webpush"]["notification"]["actions"] == [{"action": "track", "title": "Track it"}, {"action": "later", "title": "Later"}]
    assert "fcmOptions" not in sent["webpush"], "a link of an app is none of a browser"


def test_our_message_says_what_googles_own_library_would_encode():
    """firebase-admin encodes the same message the same way, where it has a field for it."""
    mark = outgoing(7).delivery.hex()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a token beside a fid
        theirs = messaging.Message(
            token=TOKEN,
            notification=messaging.Notification("Hello", "World"),
            android=messaging.AndroidConfig(
                collapse_key=mark, priority="high", ttl=90, notification=messaging.AndroidNotification(tag=mark, notification_count=2, channel_id="orders")
            ),
        )
    their = json.loads(str(theirs))
    ours = json.loads(body_of(outgoing(7, priority="high", expires=NOON + 90, badge=2), NOON, "orders"))["message"]
    assert ours["notification"] == their["notification"]
    android = their["android"]
    assert ours["android"] == {
        "collapseKey": android["collapse_key"], "priority": android["priority"].upper(), "ttl": android["ttl"],
        "notification": {"tag": mark, "notificationCount": 2, "channelId": "orders"},
    }  # fmt: skip
    assert android["notification"] == {"tag": mark, "notification_count": 2, "channel_id": "orders"}


def test_the_document_finds_what_is_wrong():
    whole = json.loads(body_of(outgoing(1, message=FULL), NOON))
    assert not list(VALID.iter_errors(whole))
    whole["message"]["android"]["ttl"] = "90"
    whole["message"]["android"]["priority"] = "URGENT"
    whole["message"]["notification"]["color"] = "red"
    whole["message"]["data"]["n"] = 1
    assert len(list(VALID.iter_errors(whole))) == 4


def test_a_collapse_key_of_an_event_is_the_mark_of_all_its_messages_in_one_space():
    one, two = outgoing(1, collapse="order 778812 ☎" * 9), outgoing(2, collapse="order 778812 ☎" * 9)
    assert mark_of(one) == mark_of(two) != mark_of(outgoing(3))
    assert mark_of(outgoing(1)) != mark_of(outgoing(2))
    assert len(mark_of(one)) == 32
    assert mark_of(one).isalnum()


@pytest.mark.parametrize(
    ("message", "code", "why"),
    [
        (PushMessage("x", "y", image="http://example.com/a.png"), "image_not_https", "https"),
        (PushMessage("x", "y", image="javascript:alert(1)"), "image_not_https", "https"),
        (PushMessage("", ""), "empty", "title"),
        (PushMessage("x", "ü" * 2_100), "too_large", f"{LARGEST} at most"),
        (PushMessage("x", "y", link="https://example.com/" + "o" * 4_000), "too_large", "Shorten"),
    ],
)
async def test_what_fits_on_no_device_is_refused_before_anything_is_sent(provider, google, message, code, why):
    (got,) = await answers(provider, outgoing(message=message))
    assert (got.meaning, got.code) == ("refused", code)
    assert why in got.raw
    assert (google.sent, google.assertions) == ([], [])


async def test_what_just_fits_is_sent(provider, google):
    (got,) = await answers(provider, outgoing(message=PushMessage("x", "y" * 3_700)))
    assert got.meaning == "accepted"
    assert google.wrong == []


# ---- what answers mean
ROWS = [
    (error(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."), "bad_address", "UNREGISTERED", None),
    (error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", BAD_TOKEN), "bad_address", "INVALID_ARGUMENT", None),
    (error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "x", ("message.token",)), "bad_address", "INVALID_ARGUMENT", None),
    (error(400, "INVALID_ARGUMENT", "", "x", ("message.fid",)), "bad_address", "INVALID_ARGUMENT", None),
    (error(400, "INVALID_ARGUMENT", "", "Invalid value", ("message.data[0].value",)), "refused", "INVALID_ARGUMENT", None),
    (error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Android message is too big"), "refused", "INVALID_ARGUMENT", None),
    (error(400, "INVALID_ARGUMENT", "", "x", ("message.token", "message.data")), "refused", "INVALID_ARGUMENT", None),
    (error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "refused", "SENDER_ID_MISMATCH", None),
    (error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), "temporary", "THIRD_PARTY_AUTH_ERROR", None),
    (error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After="17"), "temporary", "QUOTA_EXCEEDED", 17.0),
    (error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After="Wed, 25 Nov 2026 12:00:40 GMT"), "temporary", "QUOTA_EXCEEDED", 40.0),
    (error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", Retry_After="soon"), "temporary", "QUOTA_EXCEEDED", None),
    (error(503, "UNAVAILABLE", "UNAVAILABLE", Retry_After="9" * 30), "temporary", "UNAVAILABLE", 3600.0),
    (error(500, "INTERNAL", "INTERNAL"), "temporary", "INTERNAL", None),
    (error(403, "PERMISSION_DENIED", message="The API is off"), "temporary", "PERMISSION_DENIED", None),
    (error(404, "NOT_FOUND", message="no project"), "temporary", "NOT_FOUND", None),
    (error(400, "SOMETHING_NEW", "SOMETHING_NEW"), "refused", "SOMETHING_NEW", None),
    (error(502, "SOMETHING_NEW"), "temporary", "SOMETHING_NEW", None),
    ((502, {}, b"<html>Bad gateway</html>"), "temporary", "502", None),
    ((503, {"Retry-After": "3"}, b""), "temporary", "503", 3.0),
    ((413, {}, b"too large"), "refused", "413", None),
    ((302, {"Location": "http://127.0.0.1:1/"}, b""), "temporary", "302", None),
    ((200, {}, b"<html>sign in to this network</html>"), "unknown", "garbled", None),
    ((200, {}, b'{"name": 7}'), "unknown", "garbled", None),
    ((400, {}, b'{"error": [1, {"details": 3}]}'), "refused", "400", None),
    ((400, {}, b'{"error": {"status": 7, "details": [3, {"fieldViolations": [1, {"field": {}}]}, {"fieldViolations": 2}]}}'), "refused", "7", None),
    ((400, {}, b"[" * 100_000), "refused", "400", None),
    ((500, {}, b"x" * 1_000_000), "temporary", "500", None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "meaning", "code", "wait"), ROWS, ids=[f"{n}-{row[2]}" for n, row in enumerate(ROWS)])
async def test_what_an_answer_means(provider, google, said, meaning, code, wait):
    google.say = lambda address: said if address == TOKEN else None
    got, other = await answers(provider, outgoing(1), outgoing(2, address=FID))
    assert (got.meaning, got.code, got.retry_after) == (meaning, code, wait)
    assert str(said[0]) in got.raw
    assert len(got.raw) <= 500
    assert other.meaning == "accepted", "nothing else is disturbed"


async def test_the_token_of_a_device_is_not_kept_with_the_words(provider, google):
    google.say = lambda address: error(404, "NOT_FOUND", "UNREGISTERED", f"{address} is\r\nnot \x1bregistered")
    (got,) = await answers(provider, outgoing())
    assert TOKEN not in got.raw
    assert got.raw == "404 UNREGISTERED: … is not �registered"


# ---- access
async def test_a_token_is_fetched_anew_before_its_end_and_nobody_waits_for_it(google):
    clock = HeldClock(NOON)
    made = Fcm(google.account(), clock=clock)
    await made.start()
    await answers(made, *(outgoing(n, address=f"device-{n}") for n in range(50)))
    assert len(google.assertions) == 1
    clock.move(3_400)  # within the last five minutes
    await answers(made, outgoing(60))
    await made._access._asking if made._access._asking else None
    assert len(google.assertions) == 2
    google.tokens = {max(google.tokens)}
    await answers(made, outgoing(61))
    assert len(google.assertions) == 2
    clock.move(10_000)  # long over
    google.tokens.clear()
    (got,) = await answers(made, outgoing(62))
    assert got.meaning == "accepted"
    assert len(google.assertions) == 3
    await made.close()


async def test_a_token_that_is_refused_is_replaced_at_once(provider, google):
    await answers(provider, outgoing(1))
    google.tokens.clear()
    got = await answers(provider, *(outgoing(n, address=f"device-{n}") for n in range(20)))
    assert {a.meaning for a in got} == {"accepted"}
    assert len(google.assertions) == 2


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        ((400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}), "oauth_refused"),
        ((401, {"error": "deleted_client"}), "oauth_refused"),
    ],
)
async def test_without_access_everything_waits_and_google_is_not_asked_for_each(google, refusal, code):
    clock = HeldClock(NOON)
    made = Fcm(google.account(), clock=clock)
    await made.start()
    google.refuse = refusal
    got = await answers(made, *(outgoing(n, address=f"device-{n}") for n in range(40)))
    got += await answers(made, outgoing(41))
    assert {(a.meaning, a.code) for a in got} == {("temporary", code)}
    assert refusal[1]["error"] in got[0].raw
    assert len(google.assertions) == 1
    google.refuse = None
    clock.move(6)
    assert [a.meaning for a in await answers(made, outgoing(42))] == ["accepted"]
    await made.close()


async def test_another_accounts_key_is_refused_by_the_exchange(google):
    made = Fcm(google.account(token_uri=f"{google.base}/token", client_email="x@y.z"), clock=HeldClock(NOON))
    await made.start()
    google.refuse = (400, {"error": "invalid_grant", "error_description": "Invalid JWT"})
    with pytest.raises(Unavailable, match="invalid_grant"):
        await made.reachable()
    await made.close()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: "nonsense", "paste all of it"),
        (lambda text: "[]", "paste all of it"),
        (lambda text: json.dumps({**json.loads(text), "type": "authorized_user"}), "no service account"),
        (lambda text: json.dumps({**json.loads(text), "project_id": ""}), '"project_id" is missing'),
        (lambda text: json.dumps({**json.loads(text), "project_id": "../../x"}), '"project_id"'),
        (lambda text: json.dumps({**json.loads(text), "private_key": "-----BEGIN"}), '"private_key"'),
        (lambda text: json.dumps({**json.loads(text), "private_key": 7}), '"private_key" is missing'),
        (lambda text: json.dumps({**json.loads(text), "token_uri": "https://evil.example/token"}), '"token_uri"'),
        (lambda text: json.dumps({**json.loads(text), "token_uri": "http://oauth2.googleapis.com/token"}), '"token_uri"'),
        (lambda text: json.dumps({**json.loads(text), "token_uri": "https://oauth2.googleapis.com@evil.example/token"}), '"token_uri"'),
        (lambda text: json.dumps({**json.loads(text), "token_uri": "https://[::1"}), '"token_uri"'),
    ],
)
async def test_a_file_that_is_no_service_account_is_refused_with_the_repair(google, change, what):
    with pytest.raises(Invalid, match=what) as refused:
        account_of(change(google.account()))
    assert "MII" not in refused.value.detail


def test_a_google_account_is_taken_as_it_is_downloaded(google, monkeypatch):
    fake = google
    monkeypatch.setattr(fcm_access, "ENDS", ("https://oauth2.googleapis.com",))
    assert account_of(fake.account(token_uri="https://oauth2.googleapis.com/token", universe_domain="googleapis.com"))["project_id"] == PROJECT


# ---- the way there
async def test_a_kept_connection_that_ended_unseen_costs_nothing(provider, google):
    await answers(provider, outgoing(1))
    dropped = []
    google.drop = lambda request: not dropped and not dropped.append(request)
    (got,) = await answers(provider, outgoing(2))
    assert (got.meaning, len(dropped)) == ("accepted", 1)


async def test_a_connection_that_ends_each_time_leaves_it_unknown(provider, google):
    google.drop = lambda request: True
    (got,) = await answers(provider, outgoing(2))
    assert (got.meaning, got.code) == ("unknown", "connection_lost")


async def test_nobody_there_is_temporary(google):
    made = Fcm(google.account(), clock=HeldClock(NOON), base="http://127.0.0.1:1")
    await made.start()
    (got,) = await answers(made, outgoing(1))
    assert (got.meaning, got.code) == ("temporary", "connection")
    await made.close()


async def test_an_answer_that_does_not_come_is_unknown(google):
    made = Fcm(google.account(), clock=HeldClock(NOON), patience=0.1, connect=0.9)
    over = asyncio.Event()

    async def hang(reader, writer):
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    made._url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    await made.start()
    (got,) = await answers(made, outgoing(1))
    assert (got.meaning, got.code) == ("unknown", "timeout")
    over.set()
    await made.close()
    server.close()
    await server.wait_closed()


async def test_one_device_gets_its_messages_in_order_and_others_do_not_wait_for_it(provider, google):
    attempts = [outgoing(n, message=PushMessage(f"{n}", ""), address=f"device-{n % 3}") for n in range(60)]
    got = await answers(provider, *attempts)
    assert {a.meaning for a in got} == {"accepted"}
    for device in range(3):
        assert [int(m["notification"]["title"]) for m in google.sent if m["token"] == f"device-{device}"] == list(range(device, 60, 3))


async def test_what_waits_is_called_back_and_what_was_begun_goes_on(provider, google):
    told = {}
    for n in range(3):
        provider.post(0, outgoing(n), lambda answer, n=n: told.setdefault(n, answer))
    provider.recall({outgoing(n).delivery for n in (0, 2)}, Answer("withheld", "halted", "all"))
    assert list(told) == [2]
    await provider.close()
    assert [told[n].meaning for n in range(3)] == ["accepted", "temporary", "withheld"]
    provider.post(0, outgoing(4), lambda answer: told.setdefault(4, answer))
    assert told[4].code == "closing"


# ---- Check
async def test_check_exchanges_a_token_and_sends_nothing(provider, google):
    assert await provider.reachable() == f"Firebase takes messages for the project {PROJECT}."
    assert (len(google.assertions), len(google.checked), google.sent, google.wrong) == (1, 1, [], [])


@pytest.mark.parametrize(
    "said",
    [error(403, "PERMISSION_DENIED", message="Firebase Cloud Messaging API has not been used in this project"), error(401, "UNAUTHENTICATED", message="no")],
)
async def test_check_says_what_google_says(provider, google, said):
    google.say = lambda address: said
    with pytest.raises(Unavailable, match=json.loads(said[2])["error"]["message"]):
        await provider.reachable()


async def test_check_of_another_project_says_so(google):
    made = Fcm(google.account(project_id="another-project"), clock=HeldClock(NOON))
    with pytest.raises(Unavailable, match="NOT_FOUND"):
        await made.reachable()
