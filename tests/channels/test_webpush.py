"""Web Push: encryption by published vectors and others' software, headers, what answers mean over a socket, and where nothing is ever sent."""

import asyncio
import json
import socket

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from backend.channels.base import Answer
from backend.channels.egress import public
from backend.channels.inorder import CLOSING
from backend.channels.kinds import Given, Parts
from backend.channels.push import Unfit
from backend.channels.webpush import KIND, REST
from backend.channels.webpush_answers import MEANS
from backend.channels.webpush_notice import TTL, payload_of
from backend.channels.webpush_seal import LIFE, ROOM, Vapid, check_contact, make_key, public_key, read_key, seal
from backend.clock import HeldClock
from backend.domain.errors import Invalid
from backend.domain.template import Action
from backend.security.addresses import mask, normalise
from backend.security.browsers import browser_of
from backend.security.sealing import Sealer
from tests.channels.pushsink import NAME, NOON, Subscribed, base64url, outgoing, push_sink, sending, unpadded


async def answered(provider, *given):
    """The answers to these, posted at once."""
    waits = []
    for one in given:
        waits.append(asyncio.get_running_loop().create_future())
        provider.post(0, one, waits[-1].set_result)
    return await asyncio.wait_for(asyncio.gather(*waits), 20)


# ---- encryption
def test_the_published_vector_of_rfc_8291():
    """Appendix A."""
    browser = browser_of(json.dumps({
        "endpoint": "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    }))  # fmt: skip
    private = read_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    assert public_key(private) == "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    body = seal(browser, b"When I grow up, I want to be a watermelon", unpadded("DGv6ra1nlYgDCS1FRnbzlw"), private)
    assert base64url(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXz"
        "tLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(max_size=ROOM - 2))
def test_others_software_opens_what_we_encrypt(plain):
    browser = Subscribed()
    body = seal(browser_of(browser.address), json.dumps(base64url(plain)[: ROOM - 2]).encode())
    assert len(body) <= 4096
    assert browser.opens(body) == base64url(plain)[: ROOM - 2]


def test_each_message_has_a_key_and_a_salt_of_its_own():
    browser = browser_of(Subscribed().address)
    one, other = seal(browser, b"x"), seal(browser, b"x")
    assert one[:16] != other[:16]
    assert one[21:86] != other[21:86]


# ---- addresses
def test_an_address_has_one_spelling():
    browser = Subscribed()
    shown = json.dumps({**browser.json, "keys": {k: v + "=" for k, v in browser.json["keys"].items()}}, indent=2).replace("\n", "")
    loud = json.dumps({**browser.json, "endpoint": browser.json["endpoint"].replace(f"https://{NAME}", f"HTTPS://{NAME.upper()}:443")})
    spelled = normalise("push", browser.address)
    assert spelled == "webpush:" + json.dumps(
        {"endpoint": browser.json["endpoint"], "keys": {"auth": browser.json["keys"]["auth"], "p256dh": browser.json["keys"]["p256dh"]}}, separators=(",", ":")
    )
    assert normalise("push", f"webpush:{shown}") == normalise("push", f"webpush:{loud}") == normalise("push", spelled) == spelled
    hashed = Sealer(b"k" * 32).address_hash("push", browser.address)
    assert (len(hashed), hashed[16]) == (17, 3)
    assert browser.json["endpoint"].rpartition("/")[2][:-4] not in mask("push", spelled)


def changed(**more):
    browser = Subscribed().json
    return "webpush:" + json.dumps({**browser, **{name: value for name, value in more.items() if name != "keys"}, "keys": {**browser["keys"], **more.get("keys", {})}})


@pytest.mark.parametrize("endpoint", [
    "http://push.example.test/x", "https://127.0.0.1/x", "https://[::1]/x", "https://2130706433/x", "https://0x7f.0.0.1/x", "https://127.1/x", "https://localhost/x",
    "https://a.localhost/x", "https://printer.local/x", "https://metadata.google.internal/x", "https://push/x", "https://u:p@push.example.test/x",
    "https://push.example.test/x#y", "https://push.example.test/x y", "https://push.example.test/\r\nHost: x", "https://push.example.test:0/x", "https://push.example.test:99999/x",
    "https://push.example.test\\@evil.example/x", "ftp://push.example.test/x", "", "https://", None, 7, ["x"], "https://pu\u017fh.example.test/x", "https://xn--/x",
    "https://push.example.test/" + "x" * 4096,
])  # fmt: skip
def test_an_endpoint_that_leads_nowhere_public_is_refused(endpoint):
    with pytest.raises(Invalid) as refused:
        normalise("push", changed(endpoint=endpoint).replace("\\r", "").replace("\\n", "") if endpoint and "\r" in str(endpoint) else changed(endpoint=endpoint))
    assert "push subscription" in refused.value.detail or "4096" in refused.value.detail


@pytest.mark.parametrize("keys", [
    {"auth": ""}, {"auth": base64url(b"x" * 15)}, {"auth": base64url(b"x" * 17)}, {"auth": None}, {"auth": "!" * 22}, {"p256dh": base64url(b"\x04" + b"x" * 64)},
    {"p256dh": base64url(b"\x02" + b"x" * 32)}, {"p256dh": base64url(bytes(65))}, {"p256dh": 5}, {"p256dh": "x" * 100_000},
])  # fmt: skip
def test_keys_of_a_wrong_length_or_off_the_curve_are_refused(keys):
    with pytest.raises(Invalid):
        normalise("push", changed(keys=keys))


@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=20), lambda inner: st.dictionaries(st.sampled_from(["endpoint", "keys", "auth"]), inner)).map(json.dumps))
def test_whatever_is_typed_is_refused_and_nothing_worse(text):
    with pytest.raises(Invalid):
        normalise("push", "webpush:" + text)


def test_a_token_of_firebase_stays_a_token():
    assert normalise("push", "fcm-token:APA91b") == "fcm-token:APA91b"


# ---- what is sent
async def test_a_browser_is_told_everything(tmp_path):
    browser, key = Subscribed(), make_key()
    async with push_sink(tmp_path) as service:
        browser = Subscribed(service.origin)
        async with sending(service.egress(), vapid=Vapid(read_key(key), "mailto:bells@example.com"), icon="https://example.com/icon.png") as provider:
            actions = [Action("track", "Track it", "https://example.com/t"), Action("later", "Later"), Action("third", "No browser shows a third")]
            one = outgoing(
                browser.address, image="https://example.com/p.png", link="https://example.com/o/1", actions=actions, priority="high", expires=NOON + 90.7,
                collapse="order 1", badge=3,
            )  # fmt: skip
            assert await answered(provider, one) == [Answer("accepted", "201", "201")]
        ((path, headers, body),) = service.heard
        assert path == browser.json["endpoint"].removeprefix(service.origin)
        assert (headers["TTL"], headers["Urgency"], headers["Content-Encoding"]) == ("90", "high", "aes128gcm")
        assert len(headers["Topic"]) == 32
        assert "Cookie" not in headers
        word, _, public = headers["Authorization"].removeprefix("vapid t=").partition(", k=")
        assert public == public_key(read_key(key))
        numbers = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unpadded(public))
        claims = jwt.decode(word, numbers, algorithms=["ES256"], audience=service.origin, options={"verify_exp": False})
        assert claims == {"aud": service.origin, "exp": int(NOON + LIFE), "sub": "mailto:bells@example.com"}
        assert browser.opens(body) == {
            "id": one.delivery.hex(), "title": "Order shipped", "body": "It is on its way.", "icon": "https://example.com/icon.png", "image": "https://example.com/p.png",
            "link": "https://example.com/o/1", "tag": headers["Topic"], "renotify": True, "badge": 3,
            "actions": [{"action": "track", "title": "Track it", "link": "https://example.com/t"}, {"action": "later", "title": "Later"}],
        }  # fmt: skip


async def test_how_long_how_urgent_and_in_whose_place(tmp_path):
    async with push_sink(tmp_path) as service:
        browser = Subscribed(service.origin)
        async with sending(service.egress()) as provider:
            given = [outgoing(browser.address, n, priority=priority) for n, priority in enumerate(("critical", "high", "normal", "low"), 1)]
            given += [outgoing(browser.address, 5, expires=NOON - 5), outgoing(browser.address, 6, expires=NOON + 1e9)]
            await answered(provider, *given)
        headers = [headers for _, headers, _ in service.heard]
        assert [one["Urgency"] for one in headers[:4]] == ["high", "high", "normal", "low"]
        assert [one["TTL"] for one in headers] == [str(TTL)] * 4 + ["0", str(TTL)]
        assert headers[0]["Topic"] == (1).to_bytes(16, "big").hex()
        assert len({one["Topic"] for one in headers}) == 6
        assert [browser.opens(body).get("silent", False) for _, _, body in service.heard[:4]] == [False, False, False, True]


def test_a_word_is_signed_once_in_hours():
    vapid = Vapid(read_key(make_key()), "mailto:bells@example.com")
    first = vapid.header("https://a.example", NOON)
    assert vapid.header("https://a.example", NOON + LIFE - 3601) == first
    assert vapid.header("https://b.example", NOON) != first
    assert vapid.header("https://a.example", NOON + LIFE - 3599) != first
    assert vapid.header("https://a.example", NOON - 86_400) != first, "a clock that was set back"


# ---- sizes
def test_what_is_too_large_loses_text_then_picture_then_buttons():
    def made(**more):
        return json.loads(payload_of(outgoing("", **more)))

    long = made(body="ü" * 5_000, image="https://example.com/p.png", actions=[Action("a", "A")])
    assert long["body"].endswith("ü…")
    assert len(long["body"]) > 1_800
    assert {"image", "actions"} <= long.keys()
    wide = made(body="x" * 300, image="https://example.com/" + "p" * 3_800, actions=[Action("a", "A")])
    assert "image" not in wide
    assert len(wide["body"]) == 201
    assert "actions" in wide
    assert "actions" not in made(actions=[Action("a", "A", "https://example.com/" + "p" * 4_000)])
    with pytest.raises(Unfit) as refused:
        made(title="t" * 5_000)
    assert refused.value.answer.code == "too_large"


@given(st.text(max_size=6_000), st.text(min_size=1, max_size=300))
def test_what_is_sent_always_fits(body, title):
    made = payload_of(outgoing("", title=title, body=body))
    assert len(made) <= ROOM
    kept = json.loads(made).get("body", "")
    assert kept == body or (kept.endswith("…") and body.startswith(kept[:-1]))


async def test_a_picture_in_the_clear_is_refused(tmp_path):
    async with push_sink(tmp_path) as service, sending(service.egress()) as provider:
        (answer,) = await answered(provider, outgoing(Subscribed(service.origin).address, image="http://example.com/p.png"))
        assert (answer.meaning, answer.code) == ("refused", "image_not_https")
        assert service.heard == []


# ---- what answers mean
SAID = {  # row of the table -> (status, body)
    "200": (200, ""), "201": (201, ""), "202": (202, ""), "2": (204, ""), "3": (307, ""), "4": (418, "teapot"), "5": (500, '{"errno":999}'),
    "400": (400, '{"code":400,"errno":112,"error":"Bad Request","message":"Invalid TTL"}'), "401": (401, '{"code":401,"errno":109}'), "402": (402, ""),
    "403": (403, '{"reason":"BadJwtToken"}'), "404": (404, '{"errno":102}'), "406": (406, ""), "408": (408, ""), "410": (410, '{"reason":"Unregistered"}'),
    "413": (413, '{"errno":104}'), "425": (425, ""), "429": (429, "slow down"),
    "400 VapidPkHashMismatch": (400, '{"reason":"VapidPkHashMismatch"}'),
    "403 VapidPkHashMismatch": (403, "the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions."),
    "400 UnauthorizedRegistration": (400, "<HTML><TITLE>UnauthorizedRegistration</TITLE>"), "400 BadJwtToken": (400, '{"reason":"BadJwtToken"}'),
    "400 BadAuthorizationHeader": (400, '{"reason":"BadAuthorizationHeader"}'),
}  # fmt: skip


def test_every_row_of_the_table_is_tried():
    assert SAID.keys() == MEANS.keys()


def test_only_what_speaks_of_the_browser_retires_it_and_only_what_may_pass_is_tried_again():
    said = {}
    for row, (meaning, _) in MEANS.items():
        said.setdefault(meaning, set()).add(row)
    assert said == {
        "accepted": {"200", "201", "202", "2"},
        "bad_address": {"404", "410"},
        "refused": {"400 VapidPkHashMismatch", "403 VapidPkHashMismatch", "400", "413", "3", "4"},
        "temporary": {
            "400 UnauthorizedRegistration", "400 BadJwtToken", "400 BadAuthorizationHeader", "401", "402", "403", "406", "408", "425", "429", "5",
        },
    }  # fmt: skip


@pytest.mark.parametrize("row", SAID)
async def test_each_answer_over_a_socket(tmp_path, row):
    status, said = SAID[row]
    meaning, code = MEANS[row]
    wait = {"Retry-After": "120"} if status in (406, 429, 500) else {}
    async with push_sink(tmp_path, lambda request, n: web.Response(status=status, text=said, headers=wait)) as service:
        browser = Subscribed(service.origin)
        async with sending(service.egress()) as provider:
            (answer,) = await answered(provider, outgoing(browser.address))
    assert (answer.meaning, answer.code) == (meaning, code or str(status))
    assert answer.raw.startswith(str(status))
    assert answer.retry_after == (120.0 if wait else None)
    assert len(service.heard) == 1


async def test_what_nobody_may_know_is_not_kept(tmp_path):
    async with push_sink(tmp_path, lambda request, n: web.Response(status=400, text=f"bad {request.url} {request.path} \r\n\x00 {request.headers['Topic']}" + "y" * 9_000)) as service:
        browser = Subscribed(service.origin)
        async with sending(service.egress()) as provider:
            (answer,) = await answered(provider, outgoing(browser.address))
    assert browser.json["endpoint"].rpartition("/")[2] not in answer.raw
    assert len(answer.raw) <= 310
    assert answer.raw.isprintable()


@pytest.mark.parametrize(("said", "seconds"), [
    ("120", 120.0), ("Wed, 25 Nov 2026 12:02:00 GMT", 120.0), ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0), ("99999999", 86_400.0), ("soon", None), ("-5", None), ("", None),
    ("Wed, 25 Nov 99999 12:02:00 GMT", None),
])  # fmt: skip
async def test_when_it_may_be_tried_again(tmp_path, said, seconds):
    async with push_sink(tmp_path, lambda request, n: web.Response(status=503, headers={"Retry-After": said})) as service, sending(service.egress()) as provider:
        (answer,) = await answered(provider, outgoing(Subscribed(service.origin).address))
    assert (answer.meaning, answer.retry_after) == ("temporary", seconds)


async def test_a_word_that_was_not_believed_is_signed_anew(tmp_path):
    clock = HeldClock(NOON)
    async with push_sink(tmp_path, lambda request, n: web.Response(status=401) if n == 1 else None) as service:
        async with sending(service.egress(), clock) as provider:
            browser = Subscribed(service.origin)
            await answered(provider, outgoing(browser.address))
            clock.move(1)
            await answered(provider, outgoing(browser.address))
        first, second = (headers["Authorization"] for _, headers, _ in service.heard)
        assert first != second


# ---- where nothing is sent
@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "::127.0.0.1", "nonsense", "",
])  # fmt: skip
def test_what_is_not_everybodys(address):
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "142.250.1.1", "2607:f8b0::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_what_is_everybodys(address):
    assert public(address)


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]])
async def test_a_name_that_leads_inside_reaches_nothing(tmp_path, found):
    async def inside(name, port):
        return found

    async with push_sink(tmp_path) as service, sending(service.egress(resolve=inside, allowed=frozenset())) as provider:
        (answer,) = await answered(provider, outgoing(Subscribed(service.origin).address))
        assert (answer.meaning, answer.code) == ("bad_address", "not_public")
        assert service.heard == []


async def test_a_name_that_turns_inside_later_reaches_nothing(tmp_path):
    """The connection goes to what was checked, and is not looked up again behind its back."""
    asked = []

    async def turning(name, port):
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with push_sink(tmp_path) as service, sending(service.egress(resolve=turning)) as provider:
        addresses = [Subscribed(service.origin).address, Subscribed(service.origin.replace(NAME, f"other.{NAME}")).address]
        answers = await answered(provider, *(outgoing(address, n) for n, address in enumerate(addresses, 1)))
        assert [answer.meaning for answer in answers] == ["accepted", "bad_address"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(tmp_path, status):
    async with push_sink(tmp_path, lambda request, n: web.Response(status=status, headers={"Location": f"https://{NAME}:{request.url.port}/elsewhere"})) as service:
        async with sending(service.egress()) as provider:
            (answer,) = await answered(provider, outgoing(Subscribed(service.origin).address))
        assert (answer.meaning, answer.code) == ("refused", "redirected")
        assert len(service.heard) == 1


# ---- an outside that is away
async def test_a_service_that_is_away_is_left_alone_for_a_while(tmp_path):
    clock = HeldClock(NOON)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with push_sink(tmp_path) as service, sending(service.egress(), clock) as provider:
            away, well = Subscribed(f"https://{NAME}:{closed.getsockname()[1]}"), Subscribed(service.origin)
            answers = await answered(provider, outgoing(away.address, 1), outgoing(away.address, 2), outgoing(well.address, 3))
            assert [(answer.meaning, answer.code) for answer in answers] == [("temporary", "connection"), ("temporary", "connection"), ("accepted", "201")]
            assert answers[1].retry_after == REST
            clock.move(REST + 1)
            (answer,) = await answered(provider, outgoing(away.address, 4))
            assert answer.retry_after is None, "it was asked again"


async def test_a_certificate_of_another_is_not_believed(tmp_path):
    async with push_sink(tmp_path) as service, sending(service.egress(context=None)) as provider:
        (answer,) = await answered(provider, outgoing(Subscribed(service.origin).address))
        assert (answer.meaning, answer.code) == ("temporary", "tls")
        assert service.heard == []


async def test_a_connection_that_dies_amid_the_answer_is_unknown(tmp_path):
    def drop(request, n):
        request.transport.abort()
        return web.Response()

    async with push_sink(tmp_path, drop) as service, sending(service.egress()) as provider:
        (answer,) = await answered(provider, outgoing(Subscribed(service.origin).address))
        assert (answer.meaning, answer.code) == ("unknown", "connection_lost")
        assert len(service.heard) == 2, "the same once more: its topic takes the place of the first"


async def test_a_service_that_never_answers_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr("backend.channels.webpush.ANSWER", 0.2)
    async with push_sink(tmp_path, lambda request, n: asyncio.sleep(5)) as service, sending(service.egress()) as provider:
        (answer,) = await answered(provider, outgoing(Subscribed(service.origin).address))
        assert (answer.meaning, answer.code) == ("unknown", "timeout")


# ---- order
async def test_one_browser_is_told_in_order_and_holds_up_nobody_else(tmp_path):
    gate = asyncio.Event()

    async def wait(request):
        if request.headers["Topic"] == (1).to_bytes(16, "big").hex():
            await gate.wait()

    async with push_sink(tmp_path, lambda request, n: wait(request)) as service, sending(service.egress()) as provider:
        browser, other, order = Subscribed(service.origin), Subscribed(service.origin), []
        for n in (1, 2, 3):
            provider.post(0, outgoing(browser.address, n), lambda answer, n=n: order.append(n))
        await answered(provider, outgoing(other.address, 9))
        assert order == []
        gate.set()
        await answered(provider, outgoing(browser.address, 10))
        assert order == [1, 2, 3]


async def test_what_waits_can_be_called_back_and_is_answered_at_the_end(tmp_path):
    gate, begun = asyncio.Event(), asyncio.Event()

    async def wait():
        begun.set()
        await gate.wait()

    async with push_sink(tmp_path, lambda request, n: wait()) as service, sending(service.egress()) as provider:
        browser, got = Subscribed(service.origin), {}
        for n in (1, 2, 3):
            provider.post(0, outgoing(browser.address, n), lambda answer, n=n: got.setdefault(n, answer))
        await begun.wait()
        halted = Answer("withheld", "halted", "channel:push")
        provider.recall({(1).to_bytes(16, "big"), (2).to_bytes(16, "big")}, halted)
        assert got == {2: halted}
        gate.set()
        await provider.close()
        assert (got[1].meaning, got[3]) == ("accepted", CLOSING)
        provider.post(0, outgoing(browser.address, 4), lambda answer: got.setdefault(4, answer))
        assert got[4] == CLOSING
        assert len(service.heard) == 1


# ---- the kind
def test_a_provider_is_made_of_its_fields():
    for field in KIND.fields:
        assert {"en", "de"} <= field.title.keys()
    key = next(field for field in KIND.fields if field.name == "private_key")
    made = key.make()
    key.check(made)
    provider = KIND.make(Given("webpush", {"contact": "mailto:a@example.com", "private_key": made, "icon": "", "rate": "0", "open": "9"}), Parts(HeldClock(NOON), None, None, None))
    assert (provider.channel, provider.route, KIND.way, provider.open_limit) == ("push", "push-webpush", "push-webpush", 9)


@pytest.mark.parametrize("key", ["", "x", "-----BEGIN " + "PRIVATE KEY-----\nx", base64url(bytes(32)), base64url(b"\xff" * 32), base64url(b"x" * 31)])
def test_a_key_that_is_none_is_refused_without_repeating_it(key):
    with pytest.raises(Invalid) as refused:
        read_key(key)
    assert not key or key not in refused.value.detail


@pytest.mark.parametrize("contact", ["", "ops@example.com", "mailto:ops", "mailto:ops@localhost", "mailto: ops@example.com", "mailto:<ops@example.com>", "http://example.com", "https://localhost", "mailto:a@b.example\r\nX: y", "https://", "mailto:a@b@c.example"])
def test_a_contact_that_push_sinks_refuse_is_refused(contact):
    with pytest.raises(Invalid):
        check_contact(contact)


@pytest.mark.parametrize("contact", ["mailto:ops@example.com", "https://example.com/contact"])
def test_a_contact_that_they_take(contact):
    check_contact(contact)
