"""Which provider takes what, and which there are."""

from dataclasses import replace

import pytest

from backend.channels.capture import Capture
from backend.channels.registry import providers
from backend.channels.router import Owned, Router
from backend.clock import HeldClock
from backend.domain import balance
from backend.domain.balance import Share
from backend.domain.delivery import CHANNEL_NUMBER, PLATFORMS, Delivery
from backend.domain.errors import Invalid, UnknownChannel
from backend.security.sealing import Sealer
from backend.settings import load
from tests.channels.mailserver import NOON, Answers, outgoing, server


class Nowhere:
    """A shelf that nobody looks at in these tests."""

    async def keep(self, rows):
        raise AssertionError(rows)

    async def behaviour(self, channel):
        raise AssertionError(channel)


async def report(receipt):
    raise AssertionError(receipt)


def made(tmp_path, smtp_url=""):
    settings = replace(load({"CARILLON_HOME": str(tmp_path)}), smtp_url=smtp_url)
    return providers(settings, shelf=Nowhere(), sealer=Sealer(b"k" * 32), clock=HeldClock(NOON), report=report)


def delivery(channel, space=1, person=1, platform="", via=""):
    address = b"a" * 16 + (bytes((PLATFORMS[platform],)) if platform else b"")
    return Delivery(
        id=b"d" * 16, notification=b"n" * 16, event=b"e" * 16, space=space, person=person, channel=CHANNEL_NUMBER[channel], address=address,
        category="orders", priority="normal", cohort=1, accepted=NOON, via=via,
    )  # fmt: skip


class Fake:
    """A provider that is only known by name."""

    lanes, open_limit, patience, rate = 1, 64, 1.0, 0

    def __init__(self, key, route):
        self.key, self.route, self.channel = key, route, route.partition("-")[0]


def owned(key, route="email", *, space=1, weight=100, used=True):
    return Owned(space, route, weight, Fake(key, route) if used else None)


def test_without_settings_everything_is_captured(tmp_path):
    router = Router(made(tmp_path))
    assert {channel: router.choose(delivery(channel)).key for channel in ("email", "push", "sms")} == {
        "email": "capture-email",
        "push": "capture-push",
        "sms": "capture-sms",
    }


def test_the_first_of_a_channel_and_capture_for_the_demo(tmp_path):
    router = Router(made(tmp_path, "smtp://mail.example.com"))
    assert router.choose(delivery("email")).key == "smtp"
    kept = router.choose(delivery("email"), demo=True)
    assert kept.key == "capture-email"
    assert isinstance(kept, Capture)
    assert router.choose(delivery("sms")).key == "capture-sms"


def test_a_channel_without_provider_is_named():
    with pytest.raises(UnknownChannel, match="push"):
        Router([]).choose(delivery("push"))


def test_a_wrong_url_is_refused_at_the_start(tmp_path):
    with pytest.raises(Invalid, match="mail server"):
        made(tmp_path, "mail.example.com:25")


async def test_the_router_starts_and_closes_what_it_has(tmp_path):
    async with server() as there:
        router = Router(made(tmp_path, f"smtp://127.0.0.1:{there.port}"))
        await router.start()
        answers = Answers()
        answers.post(router.choose(delivery("email")), outgoing(1))
        assert (await answers.all(1))[1].meaning == "accepted"
        await router.close()
        answers.post(router.choose(delivery("email")), outgoing(2))
        assert (await answers.all(2))[2].code == "closing"


def test_a_space_goes_by_its_own_providers_and_the_others_by_the_installation(tmp_path):
    router = Router(made(tmp_path, "smtp://mail.example.com"))
    router.become([owned("2.mail", space=2), owned("2.texts", "sms", space=2)])
    assert [router.choose(delivery("email", space)).key for space in (1, 2, 3)] == ["smtp", "2.mail", "smtp"]
    assert [router.choose(delivery("sms", space)).key for space in (1, 2)] == ["capture-sms", "2.texts"]
    assert router.choose(delivery("email", 2), demo=True).key == "capture-email"
    router.become([])
    assert router.choose(delivery("email", 2)).key == "smtp", "a space without any goes by the installation again"


def test_an_address_that_no_provider_of_its_channel_reaches_is_refused_and_never_captured(tmp_path):
    router = Router(made(tmp_path))
    router.become([owned("firebase", "push")])
    assert router.choose(delivery("push")).key == router.choose(delivery("push", platform="fid")).key == "firebase"
    nobody = router.choose(delivery("push", platform="apns"))
    answers = []
    nobody.post(0, outgoing(1), answers.append)
    assert [(answer.meaning, answer.code) for answer in answers] == [("refused", "no_provider")]
    assert router.choose(delivery("push", platform="apns"), demo=True).key == "capture-push", "the demo stays in the house"
    router.become([owned("firebase", "push"), owned("apple", "push-apns")])
    assert router.choose(delivery("push", platform="apns")).key == "apple"


def test_where_every_provider_is_switched_off_it_waits_and_is_not_captured(tmp_path):
    router = Router(made(tmp_path, "smtp://mail.example.com"))
    router.become([owned("mail", used=False), owned("spare", used=False)])
    answers = []
    router.choose(delivery("email")).post(0, outgoing(1), answers.append)
    assert [(answer.meaning, answer.code) for answer in answers] == [("withheld", "provider_off")]
    router.become([owned("mail", used=False), owned("spare")])
    assert router.choose(delivery("email")).key == "spare"


def test_nothing_of_a_space_that_is_tested_leaves_the_house(tmp_path):
    router = Router(made(tmp_path, "smtp://mail.example.com"))
    router.become([owned("mail"), owned("2.mail", space=2)], tested={2, 3})
    assert [router.choose(delivery("email", space)).key for space in (1, 2, 3)] == ["mail", "capture-email", "capture-email"]
    assert router.choose(delivery("email", 2, via="2.mail")).key == "capture-email", "a test of a provider neither"
    assert {router.choose(delivery("push", 2, platform=platform)).key for platform in ("", "apns", "webpush")} == {"capture-push"}
    router.become([owned("mail"), owned("2.mail", space=2)])
    assert router.choose(delivery("email", 2)).key == "2.mail"


def test_a_test_of_a_provider_goes_to_that_very_one(tmp_path):
    router = Router(made(tmp_path))
    router.become([owned("mail"), owned("spare", weight=0)])
    assert router.choose(delivery("email")).key == "mail"
    assert router.choose(delivery("email", via="spare")).key == "spare"
    assert router.choose(delivery("email", via="removed")).key == "none"


def test_people_are_shared_by_places_and_stay_where_they_are(tmp_path):
    router = Router(made(tmp_path))
    some = [owned("a", weight=70), owned("b", weight=30)]
    router.become(some)
    (rivals,) = [one for one in router.groups() if one.route == "email" and one.space == 1]
    router.turn(rivals, balance.spread([Share("a", 70), Share("b", 30)]))

    def chosen():
        return [router.choose(delivery("email", person=person)).key for person in range(2_000)]

    at_rest = chosen()
    assert 0.65 < at_rest.count("a") / 2_000 < 0.75
    router.become([*some, owned("texts", "sms")])
    assert chosen() == at_rest, "what changes elsewhere moves nobody"
    router.turn(rivals, balance.spread([Share("a", 70, given=10), Share("b", 30)]))
    assert {(one, other) for one, other in zip(at_rest, chosen(), strict=True)} == {("a", "a"), ("b", "b"), ("a", "b")}
