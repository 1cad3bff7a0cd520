"""Which provider takes what, and which there are."""

from dataclasses import replace

import pytest

from backend.channels.capture import Capture
from backend.channels.registry import providers
from backend.channels.router import Router
from backend.clock import HeldClock
from backend.domain.delivery import CHANNEL_NUMBER, Delivery
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


def delivery(channel):
    return Delivery(
        id=b"d" * 16, notification=b"n" * 16, event=b"e" * 16, space=1, person=1, channel=CHANNEL_NUMBER[channel], address=b"a", category="orders",
        priority="normal", cohort=1, accepted=NOON,
    )  # fmt: skip


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
