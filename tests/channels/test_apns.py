"""Apple: our client and another one against the same fake, over TLS and HTTP/2; goodbyes, lost connections, and what every reason means."""

import asyncio
import json
import shutil
import socket
import struct
import time
from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
import uvloop
from hypercorn.asyncio import serve
from hypercorn.config import Config

from backend.channels import apns, apns_link, apns_pool
from backend.channels.apns import Apns, key_of
from backend.channels.apns_answers import MEANS
from backend.channels.base import Answer
from backend.clock import HeldClock
from backend.domain.errors import Invalid, Unavailable
from backend.domain.template import PushMessage
from tests.channels.fake_apns import KEY_ID, P8, TEAM, TOPIC, Apple, apple_at
from tests.channels.pushes import APPLE, FULL, NOON, PLAIN, answers, outgoing

ORACLES = Path(__file__).parents[1] / "oracles"
DEVICE = APPLE.removeprefix("apns:")


@pytest.fixture
async def apple(certificates, monkeypatch):
    async with apple_at(certificates.context) as fake:
        monkeypatch.setattr(apns, "HOSTS", {"production": ("127.0.0.1", fake.port), "sandbox": ("127.0.0.1", 1)})
        monkeypatch.setattr(apns, "TRUSTED", str(certificates.ca))
        monkeypatch.setattr(apns_pool, "PAUSES", (0.01,))
        fake.now = lambda: NOON
        yield fake


def client(clock=None, **more) -> Apns:
    return Apns(P8, **{"key_id": KEY_ID, "team": TEAM, "topic": TOPIC, "clock": clock or HeldClock(NOON), **more})


@pytest.fixture
async def provider(apple):
    made = client()
    yield made
    await made.close()


def device(n: int) -> str:
    return f"apns:{n:064x}"


def many(count: int, **more):
    return [outgoing(n, address=device(n), **more) for n in range(1, count + 1)]


# ---- the fake is a fair one
async def test_another_client_is_served_by_the_fake(apple, certificates, tmp_path):
    """@parse/node-apn: what it is answered is what we are answered."""
    node = shutil.which("node")
    assert node, "node is missing: install the Debian package nodejs"
    apple.now = time.time
    (tmp_path / "key.p8").write_text(P8)
    apple.say = lambda token: (410, {"reason": "Unregistered", "timestamp": 1_795_600_000_000}) if token.startswith("dead") else None
    program = f"""
        const apn = require({json.dumps(str(ORACLES / "node_modules/@parse/node-apn"))});
        const fs = require('fs');
        const provider = new apn.Provider({{
          token: {{key: fs.readFileSync({json.dumps(str(tmp_path / "key.p8"))}), keyId: '{KEY_ID}', teamId: '{TEAM}'}},
          address: '127.0.0.1', port: {apple.port}, ca: fs.readFileSync({json.dumps(str(certificates.ca))}), rejectUnauthorized: true, requestTimeout: 9000,
        }});
        const note = new apn.Notification();
        note.topic = '{TOPIC}'; note.alert = {{title: 'T', body: 'B'}}; note.badge = 3; note.pushType = 'alert';
        note.collapseId = 'o1'; note.expiry = 0; note.priority = 10;
        provider.send(note, ['{"a" * 64}', 'dead{"a" * 60}', 'ab12']).then((answer) => {{ console.log(JSON.stringify(answer)); provider.shutdown(); }});
    """
    process = await asyncio.create_subprocess_exec(node, "-e", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        said, trouble = await process.communicate()
    assert process.returncode == 0, trouble.decode()
    answer = json.loads(said)
    assert [one["device"] for one in answer["sent"]] == ["a" * 64]
    failed = {one["device"]: (one["status"], one["response"]["reason"]) for one in answer["failed"]}
    assert {device[:4]: got for device, got in failed.items()} == {"dead": (410, "Unregistered"), "ab12": (400, "BadDeviceToken")}
    headers, body = apple.sent[0]
    assert headers["apns-collapse-id"] == "o1"
    assert body["aps"]["alert"] == {"title": "T", "body": "B"}


# ---- what is sent
async def test_what_a_whole_message_says(provider, apple):
    one = outgoing(7, APPLE, FULL, priority="critical", badge=4, expires=NOON + 90.9)
    (got,) = await answers(provider, one)
    assert got.meaning == "accepted"
    ((headers, body),) = apple.sent
    mark = one.delivery.hex()
    assert {name: value for name, value in headers.items() if name != "authorization"} == {
        ":method": "POST", ":scheme": "https", ":authority": "127.0.0.1", ":path": f"/3/device/{DEVICE}", "apns-topic": TOPIC, "apns-push-type": "alert",
        "apns-priority": "10", "apns-id": str(UUID(mark)), "apns-collapse-id": mark, "apns-expiration": str(int(NOON + 90)),
    }  # fmt: skip
    assert body == {
        "aps": {
            "alert": {"title": FULL.title, "body": FULL.body}, "badge": 4, "sound": "default", "interruption-level": "time-sensitive", "thread-id": "orders",
            "category": "orders", "mutable-content": 1,
        },
        "delivery": mark, "link": FULL.link, "image": FULL.image,
        "actions": json.dumps([{"key": "track", "label": "Track it", "link": "https://example.com/t/1"}, {"key": "later", "label": "Later"}], separators=(",", ":")),
    }  # fmt: skip


async def test_urgency_follows_the_priority(provider, apple):
    for n, priority in enumerate(("critical", "high", "normal", "low")):
        await answers(provider, outgoing(n, APPLE, priority=priority))
    assert [headers["apns-priority"] for headers, _ in apple.sent] == ["10", "10", "5", "5"]
    assert ["sound" in body["aps"] for _, body in apple.sent] == [True, True, True, False]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (PushMessage("x", "y", image="http://example.com/a.png"), "image_not_https"),
        (PushMessage("", ""), "empty"),
        (PushMessage("x", "ü" * 2_050), "too_large"),
    ],
)
async def test_what_fits_on_no_device_is_refused_before_anything_is_sent(provider, apple, message, code):
    (got,) = await answers(provider, outgoing(1, APPLE, message))
    assert (got.meaning, got.code, apple.connections) == ("refused", code, 0)


async def test_what_just_fits_is_taken(provider, apple):
    size = len(apns.payload_of(outgoing(1, APPLE, PushMessage("x", ""))))
    got = await answers(provider, outgoing(1, APPLE, PushMessage("x", "y" * (4096 - size))), outgoing(2, device(2), PushMessage("x", "y" * (4097 - size))))
    assert [(a.meaning, a.code) for a in got] == [("accepted", "200"), ("refused", "too_large")]


# ---- what answers mean
STATUS = {"Unregistered": 410, "ExpiredToken": 410, "PayloadTooLarge": 413, "TooManyRequests": 429, "TooManyProviderTokenUpdates": 429, "Shutdown": 503}
STATUS |= {"InternalServerError": 500, "ServiceUnavailable": 503, "Forbidden": 403, "BadPath": 404, "MethodNotAllowed": 405}
DEAD = {"BadDeviceToken", "Unregistered", "ExpiredToken"}
OURS = {  # what speaks of our key, topic or haste, and of Apple's own troubles
    "BadTopic", "MissingTopic", "TopicDisallowed", "BadCertificate", "BadCertificateEnvironment", "ExpiredProviderToken", "InvalidProviderToken",
    "MissingProviderToken", "UnrelatedKeyIdInToken", "BadEnvironmentKeyIdInToken", "TooManyProviderTokenUpdates", "TooManyRequests", "IdleTimeout",
    "InternalServerError", "ServiceUnavailable", "Shutdown",
}  # fmt: skip


@pytest.mark.parametrize("reason", MEANS)
async def test_what_a_reason_means(provider, apple, reason):
    status = STATUS.get(reason, 403 if "Token" in reason and reason in OURS else 400)
    apple.say = lambda token: (status, {"reason": reason, "timestamp": 1_795_600_000_123}) if token == DEVICE else None
    got, other = await answers(provider, outgoing(1, APPLE), outgoing(2, device(2)))
    meaning = "bad_address" if reason in DEAD else "temporary" if reason in OURS else "refused"
    assert got == Answer(meaning, reason, f"{status} {reason}", known=1_795_600_000.123 if reason in DEAD else 0.0)
    assert other.meaning == "accepted", "nothing else is disturbed"


@pytest.mark.parametrize(
    ("said", "meaning", "code"),
    [
        ((410, {"reason": "Unregistered", "timestamp": "soon"}), "bad_address", "Unregistered"),
        ((410, {}), "bad_address", "410"),
        ((400, {"reason": "SomethingNew"}), "refused", "SomethingNew"),
        ((403, {"reason": "SomethingNew"}), "temporary", "SomethingNew"),
        ((503, {"reason": ["x"]}), "temporary", "503"),
        ((400, {"reason": {"x": "y" * 9_000}}), "refused", "400"),
        ((302, {}), "temporary", "302"),
    ],
)
async def test_what_apple_never_said_before(provider, apple, said, meaning, code):
    apple.say = lambda token: said
    (got,) = await answers(provider, outgoing(1, APPLE))
    assert (got.meaning, got.code, got.known) == (meaning, code, 0.0)
    assert len(got.raw) <= 500


# ---- the token that says who we are
async def test_a_token_serves_forty_minutes(apple):
    clock = HeldClock(NOON)
    apple.now = clock.now
    made = client(clock)
    for n in range(6):
        assert [a.meaning for a in await answers(made, outgoing(n, APPLE))] == ["accepted"]
        clock.move(900)
    assert len(apple.tokens) == 2
    await made.close()


async def test_a_token_that_is_called_expired_is_replaced_once(apple):
    clock = HeldClock(NOON)
    apple.now = clock.now
    made = client(clock)
    await answers(made, outgoing(1, APPLE))
    apple.expired = set(apple.tokens)
    (young,) = await answers(made, outgoing(2, APPLE))
    assert (young.meaning, young.code) == ("temporary", "ExpiredProviderToken"), "a new one would be as wrong, and Apple counts them"
    clock.move(61)
    got = await answers(made, *many(30))
    assert {a.meaning for a in got} == {"accepted"}
    assert len(apple.tokens) == 2
    await made.close()


@pytest.mark.parametrize("wrong", [{"team": "TEAM999999"}, {"key_id": "KEY9999999"}, {"topic": "com.example.other"}])
async def test_wrong_credentials_are_temporary_and_check_says_so(apple, wrong):
    made = client(**wrong)
    (got,) = await answers(made, outgoing(1, APPLE))
    assert (got.meaning, got.code) == ("temporary", "TopicDisallowed" if "topic" in wrong else "InvalidProviderToken")
    with pytest.raises(Unavailable, match=got.code):
        await made.reachable()
    await made.close()


@pytest.mark.parametrize("text", ["", "nonsense", P8.replace("M", "N", 9), "rsa"])
def test_what_is_no_key_of_apple_is_refused_and_never_repeated(text):
    if text == "rsa":
        from tests.channels.fake_fcm import PEM as text  # noqa: N811
    with pytest.raises(Invalid, match=r"whole \.p8 file") as refused:
        key_of(text)
    assert "MII" not in refused.value.detail


# ---- Check
async def test_check_sends_to_nobody(provider, apple):
    assert await provider.reachable() == f"Apple takes messages for {TOPIC}."
    assert apple.sent == []


async def test_check_says_why_nobody_answers(apple):
    with pytest.raises(Unavailable, match="cannot be reached"):
        await client(host="sandbox").reachable()


async def test_a_server_without_http2_or_with_a_foreign_certificate_gets_nothing(apple, certificates, monkeypatch):
    monkeypatch.setattr(apns, "TRUSTED", None)
    made = client()
    (got,) = await answers(made, outgoing(1, APPLE))
    assert (got.meaning, got.code) == ("temporary", "tls")
    await made.close()


# ---- goodbyes and lost connections
async def test_nothing_is_lost_and_nothing_doubled_by_a_goodbye_every_200_requests_with_50_in_flight(apple):
    apple.goodbye_every = 200
    made = client(connections=2)
    told: list[Answer] = []
    every, over = iter(many(3_000)), asyncio.Event()

    def following(answer: Answer) -> None:
        told.append(answer)
        if len(told) == 3_000:
            over.set()
        elif (attempt := next(every, None)) is not None:
            made.post(0, attempt, following)

    for _ in range(50):
        made.post(0, next(every), following)
    async with asyncio.timeout(60):
        await over.wait()
    assert Counter((a.meaning, a.code) for a in told) == {("accepted", "200"): 3_000}
    seen = Counter(headers["apns-collapse-id"] for headers, _ in apple.sent)
    assert len(seen) == 3_000, "nothing was lost"
    assert set(seen.values()) == {1}, "nothing was doubled, not even for Apple"
    assert apple.connections >= 15
    await made.close()


async def test_a_goodbye_gives_back_what_was_not_looked_at_and_the_others_are_answered(apple):
    held: list = []

    def raw(session, stream):
        held.append((session, stream))
        if len(held) == 5 and apple.connections == 1:
            session.goodbye(held[2][1], why=b'{"reason":"Shutdown"}')
            for kept, number in held[:3]:
                kept.answer(number, 200, {})
            session.flush()
        elif apple.connections > 1:
            session.answer(stream, 200, {})
        return True

    apple.raw = raw
    made = client(connections=1)
    got = await answers(made, *many(5))
    assert [a.meaning for a in got] == ["accepted"] * 5
    assert [session is held[0][0] for session, _ in held] == [True] * 5 + [False] * 2
    await made.close()


async def test_what_was_not_answered_when_the_connection_ends_is_unknown_and_the_rest_goes_out_on_another(apple):
    def raw(session, stream):
        if session.count == 3 and apple.connections == 1:
            session.transport.abort()
        return apple.connections == 1

    apple.raw, apple.streams = raw, 3
    made = client(connections=1)
    got = await answers(made, *many(8))
    assert Counter((a.meaning, a.code) for a in got) == {("unknown", "connection_lost"): 3, ("accepted", "200"): 5}
    await made.close()


async def test_a_stream_that_is_refused_is_sent_again_and_one_that_is_broken_off_is_unknown(apple):
    codes = iter([7, 7, 2])

    def raw(session, stream):
        code = next(codes, None)
        if code is not None:
            session.h2.reset_stream(stream, error_code=code)
        return code is not None

    apple.raw = raw
    made = client()
    got = await answers(made, *many(3))
    assert Counter((a.meaning, a.code) for a in got) == {("accepted", "200"): 2, ("unknown", "reset"): 1}
    assert len(apple.sent) == 2
    await made.close()


async def test_a_server_that_only_says_goodbye_is_not_asked_for_ever(apple):
    def farewell(session):
        session.flush()
        session.goodbye(0, 0, b'{"reason":"IdleTimeout"}')
        apple.greedy_first = farewell

    apple.greedy_first = farewell
    made = client(connections=1)
    got = await answers(made, *many(3))
    assert {a.meaning for a in got} == {"temporary"}
    assert apple.sent == []
    assert apple.connections <= 8
    await made.close()


async def test_as_many_streams_as_the_server_allows_and_no_more(apple):
    apple.streams = 7
    made = client(connections=1)
    open_at_once = []

    def raw(session, stream):
        open_at_once.append(session.h2.open_inbound_streams)
        return False

    apple.raw = raw
    got = await answers(made, *many(100))
    assert {a.meaning for a in got} == {"accepted"}
    assert max(open_at_once) <= 7
    await made.close()


async def test_a_server_that_gives_no_room_keeps_nothing_waiting_for_ever(apple, monkeypatch):
    monkeypatch.setattr(apns_link, "LOOK", 0.02)
    apple.streams = 0
    made = client(connections=1, patience=0.1, connect=0.9)
    assert {(a.meaning, a.code) for a in await answers(made, *many(3))} == {("temporary", "busy")}
    await made.close()


async def test_more_than_a_window_is_sent_as_the_server_makes_room(apple):
    made = client(connections=1)
    got = await answers(made, *many(100, message=PushMessage("x", "y" * 3_800)))  # 380 kB, the window holds 64
    assert {a.meaning for a in got} == {"accepted"}
    await made.close()


async def test_answers_larger_than_a_window_are_read(apple):
    apple.say = lambda token: (400, {"reason": "PayloadEmpty", "more": "x" * 7_000})
    made = client(connections=1)
    for attempt in many(30):  # 210 kB, our window holds 64
        assert [(a.meaning, a.code) for a in await answers(made, attempt)] == [("refused", "PayloadEmpty")]
    assert apple.connections == 1
    await made.close()


async def test_an_answer_that_does_not_come_is_unknown_and_the_connection_serves_on(apple, monkeypatch):
    monkeypatch.setattr(apns_link, "LOOK", 0.02)
    apple.raw = lambda session, stream: session.count == 1
    made = client(connections=1, patience=0.2)
    got = await answers(made, *many(3))
    assert [(a.meaning, a.code) for a in got] == [("unknown", "timeout"), ("accepted", "200"), ("accepted", "200")]
    assert apple.connections == 1
    await made.close()


async def test_nobody_there_is_temporary_and_asked_after_a_pause(apple):
    made = client(host="sandbox")
    assert {(a.meaning, a.code) for a in await answers(made, *many(5))} == {("temporary", "connection")}
    assert {(a.meaning, a.code) for a in await answers(made, *many(5))} == {("temporary", "connection")}
    await made.close()


@pytest.mark.parametrize(
    "bytes_",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack(">HBBBL", 0xFFFF, 0xFF, 0, 0, 1),
        struct.pack(">HBBBL", 0, 4, 5, 0, 2) + b"push",
        struct.pack(">HBBBL", 0, 4, 9, 0, 1) + b"cont",
        struct.pack(">HBBBL", 0, 2, 1, 4, 1) + b"\xff\xff",
        struct.pack(">HBBBL", 0, 2, 1, 12, 1) + b"\xff\xff",
        struct.pack(">HBBBL", 0, 3, 7, 0, 0) + b"bye",
        struct.pack(">HBBBL", 0, 1, 1, 0, 1) + b"x" + struct.pack(">HBBBL", 0, 0, 0, 1, 1),
    ],
)
async def test_a_server_that_breaks_http2_ends_its_connection_and_nothing_else(apple, bytes_):
    def raw(session, stream):
        if apple.connections == 1:
            session.transport.write(bytes_)
        return apple.connections == 1

    apple.raw = raw
    made = client(connections=1)
    (got,) = await answers(made, outgoing(1, APPLE))
    assert (got.meaning, got.code) == ("unknown", "connection_lost")
    assert [a.meaning for a in await answers(made, outgoing(2, APPLE))] == ["accepted"]
    await made.close()


def test_under_the_loop_that_a_house_runs_on(certificates, monkeypatch):
    async def through():
        async with apple_at(certificates.context) as fake:
            fake.now = lambda: NOON
            monkeypatch.setattr(apns, "HOSTS", {"production": ("127.0.0.1", fake.port)})
            monkeypatch.setattr(apns, "TRUSTED", str(certificates.ca))
            made = client()
            got = await answers(made, *many(20))
            await made.close()
            return {a.meaning for a in got}

    assert uvloop.run(through()) == {"accepted"}


# ---- order, halts, the end
async def test_one_device_gets_its_messages_in_order(provider, apple):
    got = await answers(provider, *(outgoing(n, device(n % 3 + 1), PushMessage(f"{n}", "")) for n in range(60)))
    assert {a.meaning for a in got} == {"accepted"}
    for one in range(3):
        path = f"/3/device/{device(one + 1).removeprefix('apns:')}"
        titles = [int(body["aps"]["alert"]["title"]) for headers, body in apple.sent if headers[":path"] == path]
        assert titles == list(range(one, 60, 3))


async def test_what_waits_is_called_back(provider, apple):
    told: dict[int, Answer] = {}
    for n in range(3):
        provider.post(0, outgoing(n, device(5)), lambda answer, n=n: told.setdefault(n, answer))
    await asyncio.sleep(0)
    provider.recall({outgoing(n).delivery for n in (0, 2)}, Answer("withheld", "halted", "all"))
    await provider.close()
    assert [told[n].meaning for n in range(3)] == ["withheld", "temporary", "withheld"]
    assert apple.sent == []


async def test_the_end_answers_everything_once(apple):
    held: list = []

    def raw(session, stream):
        held.append((session, stream))
        return True

    apple.raw, apple.streams = raw, 2
    made = client(connections=1, patience=0.3)
    told: dict[int, list[Answer]] = {n: [] for n in range(1, 5)}
    for n, row in told.items():
        made.post(0, outgoing(n, device(n), PLAIN), row.append)
    async with asyncio.timeout(10):
        while len(held) < 2:
            await asyncio.sleep(0.01)
    held[0][0].answer(held[0][1], 200, {})
    held[0][0].flush()
    await made.close()
    assert [[a.meaning for a in row] for row in told.values()] == [["accepted"], ["unknown"], ["temporary"], ["temporary"]]


# ---- a server that nobody here wrote
async def test_hypercorn_and_its_goodbyes(certificates, monkeypatch):
    """Another HTTP/2 server over TLS. It says goodbye every 200 requests, and what it cannot answer any more then is unknown, never doubled."""
    knows, over = Apple(), asyncio.Event()
    knows.now = lambda: NOON

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while (event := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{event['type']}.complete"})
            return await send({"type": "lifespan.shutdown.complete"})
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        assert scope["http_version"] == "2"
        status, said = knows.judged(scope["method"], scope["path"], headers, body)
        await send({"type": "http.response.start", "status": status, "headers": [(b"apns-id", headers["apns-id"].encode())]})
        return await send({"type": "http.response.body", "body": json.dumps(said).encode() if said else b""})

    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    config = Config()
    config.certfile = config.keyfile = str(certificates.ca.parent / "here.pem")
    port = bound.getsockname()[1]
    config.bind, config.keep_alive_max_requests = [f"fd://{bound.detach()}"], 200
    monkeypatch.setattr(apns, "HOSTS", {"production": ("127.0.0.1", port)})
    monkeypatch.setattr(apns, "TRUSTED", str(certificates.ca))
    monkeypatch.setattr(apns_pool, "PAUSES", (0.01,))
    serving = asyncio.create_task(serve(app, config, shutdown_trigger=over.wait))
    made = client()
    async with asyncio.timeout(30):
        while (await answers(made, outgoing(10_000, device(10_000))))[0].meaning != "accepted":  # until it listens
            await asyncio.sleep(0.05)
    knows.sent.clear()
    got = []
    for n in range(10):
        got += await answers(made, *(outgoing(n * 50 + k, device(n * 50 + k + 1)) for k in range(50)))
    await made.close()
    over.set()
    await serving
    meanings = Counter(a.meaning for a in got)
    assert set(meanings) <= {"accepted", "unknown"}, Counter(got)
    assert meanings["accepted"] >= 300, "it breaks off what is open when it says goodbye, and nothing else"
    seen = Counter(headers["apns-collapse-id"] for headers, _ in knows.sent)
    assert set(seen.values()) == {1}
    assert len(seen) >= meanings["accepted"]
