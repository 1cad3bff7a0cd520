"""Push through a whole house: from every answer of Firebase and Apple over a socket to the delivery's state, the device, the retry and the page."""

import asyncio

import msgspec
import pytest

from backend.app.provider_views import CheckIn, ProviderIn, SelfTestIn
from backend.app.views import AddressIn
from backend.channels import apns, apns_pool, fcm, fcm_access
from backend.channels.apns_answers import MEANS
from backend.channels.guard import Guard
from backend.security.roles import SYSTEM
from tests.channels.conftest import certificates  # noqa: F401 - a fixture
from tests.channels.fake_apns import KEY_ID, P8, TEAM, TOPIC, apple_at
from tests.channels.fake_fcm import PEM, firebase
from tests.channels.test_apns import DEAD, OURS, STATUS
from tests.channels.test_fcm import ROWS
from tests.line.houses import member, order_shipped, standing
from workers.roster import Roster

pytestmark = pytest.mark.timeout(240)
BECOMES = {"refused": ("failed", None), "bad_address": ("bounced", "unregistered"), "temporary": ("retrying", None), "unknown": ("retrying", None)}


@pytest.fixture(autouse=True)
def looks_when_told(monkeypatch):
    """No breaker turns by itself: many of these answers would open it."""
    monkeypatch.setattr(Roster, "run", lambda roster: asyncio.Event().wait())
    monkeypatch.setattr(Guard, "run", lambda guard: asyncio.Event().wait())


@pytest.fixture
async def google(monkeypatch):
    async with firebase() as fake:
        monkeypatch.setattr(fcm_access, "ENDS", (fake.base,))
        monkeypatch.setattr(fcm, "BASE", fake.base)
        yield fake


@pytest.fixture
async def apple(certificates, monkeypatch):  # noqa: F811
    async with apple_at(certificates.context) as fake:
        monkeypatch.setattr(apns, "HOSTS", {"production": ("127.0.0.1", fake.port)})
        monkeypatch.setattr(apns, "TRUSTED", str(certificates.ca))
        monkeypatch.setattr(apns_pool, "PAUSES", (0.01,))
        yield fake


def signing():
    return {"signing": P8, "key_id": KEY_ID, "team": TEAM, "topic": TOPIC}


async def put(stand, key, given):
    await stand.app.providers.put(SYSTEM, key, given)
    await stand.house.roster.look()


async def devices(stand, count, platform, named):
    """People with one device each; token -> user."""
    made = {}
    for n in range(count):
        user, token = await stand.person(), named(n)
        await stand.app.people.put_address(SYSTEM, user, AddressIn("push", token, platform=platform))
        made[token] = user
    return made


async def told(stand, users, **more):
    """token -> event, of those who were told something by push alone."""
    events = await stand.accept(*(order_shipped(to=user, channels=["push"], **more) for user in users.values()))
    await stand.settle()
    return dict(zip(users, events, strict=True))


async def seen(stand, user, event):
    """What the page shows: state, code and words of the last attempt, and why the device gets nothing more."""
    view = await stand.delivery(event, "push")
    attempts = [entry for entry in view.timeline if entry.kind == "outcome"]
    (device,) = [a for a in (await stand.app.people.addresses(SYSTEM, user)).items if a.channel == "push"]
    return view, attempts, device.suppressed.params["reason"] if device.suppressed else None


async def test_every_answer_of_firebase_goes_to_state_device_retry_and_page(google, tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        await put(stand, "firebase", ProviderIn("fcm", {"account": google.account()}))
        users = await devices(stand, len(ROWS), "fcm", lambda n: f"device-{n}:APA91b")
        rows = dict(zip(users, ROWS, strict=True))
        google.say = lambda token: rows[token][0]
        events = await told(stand, users)
        for token, event in events.items():
            _, meaning, code, _ = rows[token]
            view, attempts, why = await seen(stand, users[token], event)
            assert (view.state, why) == BECOMES[meaning], rows[token]
            assert [entry.provider for entry in attempts] == ["firebase"]
            assert code in repr(attempts), "the page says what the provider said"
            assert token not in repr(view)
        google.say = lambda token: None
        await stand.settle(after=3_700)
        for token, event in events.items():
            if rows[token][1] in ("temporary", "unknown"):
                assert (await seen(stand, users[token], event))[0].state == "sent", rows[token]
        assert google.wrong == []
        assert PEM.splitlines()[3] not in repr((await stand.app.providers.list(SYSTEM)).items)


async def test_every_reason_of_apple_goes_to_state_device_retry_and_page(apple, tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        apple.now = stand.clock.now
        await put(stand, "apple", ProviderIn("apns", signing()))
        users = await devices(stand, len(MEANS), "apns", lambda n: f"{n + 1:064x}")
        reasons = dict(zip(users, MEANS, strict=True))
        apple.say = lambda token: (STATUS.get(reasons[token], 400), {"reason": reasons[token], "timestamp": int((stand.now + 1) * 1000)})
        events = await told(stand, users)
        for token, event in events.items():
            reason = reasons[token]
            view, attempts, why = await seen(stand, users[token], event)
            assert (view.state, why) == BECOMES["bad_address" if reason in DEAD else "temporary" if reason in OURS else "refused"], reason
            assert [entry.provider for entry in attempts] == ["apple"]
            assert reason in repr(attempts), "the page says what the provider said"
            assert token not in repr(view)
        apple.say = lambda token: None
        await stand.settle(after=3_700)
        for token, event in events.items():
            if reasons[token] in OURS:
                assert (await seen(stand, users[token], event))[0].state == "sent", reasons[token]


async def test_a_dead_device_gets_nothing_until_its_app_registers_it_and_apple_speaks_of_the_time_before(apple, tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        apple.now = stand.clock.now
        await put(stand, "apple", ProviderIn("apns", signing()))
        user, token = await stand.person("mia"), "ab" * 32
        stand.clock.move(100)
        await stand.app.people.put_address(SYSTEM, user, AddressIn("push", token, "Mia's phone", "apns"))
        gone_at = stand.now - 50
        apple.say = lambda _: (410, {"reason": "Unregistered", "timestamp": int(gone_at * 1000)})
        old = (await told(stand, {token: user}))[token]
        view, _, why = await seen(stand, user, old)
        assert (view.state, why) == ("bounced", None), "it was registered after Apple saw it go"
        gone_at = stand.now + 1
        stand.clock.move(10)
        assert (await seen(stand, user, (await told(stand, {token: user}))[token]))[2] == "unregistered"
        apple.sent.clear()
        third = (await told(stand, {token: user}))[token]
        assert await stand.units(third) == {"push": ["skip suppressed"]}
        assert apple.sent == []
        apple.say = lambda _: None
        await stand.app.people.put_address(member(user), user, AddressIn("push", token, "Mia's phone", "apns"))
        assert (await seen(stand, user, (await told(stand, {token: user}))[token]))[0].state == "sent"


async def test_the_badge_is_what_is_unread_in_the_inbox(google, apple, tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        apple.now = stand.clock.now
        await put(stand, "firebase", ProviderIn("fcm", {"account": google.account()}))
        await put(stand, "apple", ProviderIn("apns", signing()))
        user = await stand.person("mia")
        await stand.app.people.put_address(SYSTEM, user, AddressIn("push", "device-1:APA91b", platform="fcm"))
        await stand.app.people.put_address(SYSTEM, user, AddressIn("push", "ab" * 32, platform="apns"))
        for _ in range(3):
            await stand.send(order_shipped(to=user, channels=["web"]))
        await stand.send(order_shipped(to=user, channels=["push"], title="☎ three are unread"))
        (message,), ((_, body),) = google.sent, apple.sent
        assert (message["android"]["notification"]["notificationCount"], body["aps"]["badge"]) == (3, 3)
        assert message["notification"]["title"] == body["aps"]["alert"]["title"] == "☎ three are unread"
        assert message["token"] == "device-1:APA91b"


async def test_a_person_sends_themselves_a_push_and_a_device_that_was_retired_is_usable_again(apple, tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        apple.now = stand.clock.now
        await put(stand, "apple", ProviderIn("apns", signing()))
        user = await stand.person("mia")
        me = msgspec.structs.replace(member(user), role="admin")
        apple.say = lambda _: (410, {"reason": "Unregistered", "timestamp": int((stand.now + 1) * 1000)})
        for said, state in ((apple.say, "bounced"), (lambda _: None, "sent")):
            apple.say = said
            sent = await stand.app.providers.send_test(me, "apple", SelfTestIn("AB" * 32))  # as a person copies it, without a platform
            await stand.settle()
            assert (await stand.app.deliveries.get(SYSTEM, sent.delivery)).state == state
        assert len((await stand.app.people.addresses(SYSTEM, user)).items) == 2, "the mail address and one device"


async def test_both_are_checked_from_what_is_typed(google, apple, tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        apple.now = stand.clock.now
        good = await stand.app.providers.check(SYSTEM, "firebase", CheckIn("fcm", {"account": google.account()}))
        assert good.well, good
        wrong = await stand.app.providers.check(SYSTEM, "firebase", CheckIn("fcm", {"account": google.account(project_id="another-one")}))
        assert not wrong.well
        assert "NOT_FOUND" in wrong.said
        good = await stand.app.providers.check(SYSTEM, "apple", CheckIn("apns", signing()))
        assert good.well, good
        wrong = await stand.app.providers.check(SYSTEM, "apple", CheckIn("apns", {**signing(), "team": "ANOTHER123"}))
        assert not wrong.well
        assert "InvalidProviderToken" in wrong.said
