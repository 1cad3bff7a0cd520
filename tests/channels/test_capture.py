"""Capture keeps what it is given, sealed, on the real store; and misbehaves as it is told, on a clock that the test owns."""

import asyncio

import msgspec
import pytest

from backend.app.captures import StoreShelf
from backend.channels.base import Answer, Outgoing
from backend.channels.capture import Behaviour, Capture, Captured
from backend.clock import HeldClock
from backend.domain.errors import StoreUnavailable
from backend.domain.receipt import Receipt
from backend.domain.space import Sender
from backend.domain.template import PushMessage, SmsMessage
from backend.security.sealing import Sealer
from backend.store import captures
from backend.store.migrate import migrate
from backend.store.open import open_store
from tests.channels.mailserver import NOON, Answers, outgoing

SEALER = Sealer(b"k" * 32)


class Ground:
    def __init__(self, store, clock):
        self.store, self.clock, self.receipts = store, clock, []
        self.away = 0  # times the log refuses a receipt

    async def report(self, receipt):
        if self.away:
            self.away -= 1
            raise StoreUnavailable
        self.receipts.append(receipt)

    def provider(self, channel="email"):
        return Capture(channel, shelf=StoreShelf(self.store), sealer=SEALER, clock=self.clock, report=self.report)

    async def behave(self, channel="email", **how):
        await self.store.write(lambda tx: captures.behave(tx, channel, Behaviour(**how)))

    async def kept(self):
        rows = await self.store.read(lambda tx: captures.page(tx, 1, channels=(1, 2, 3, 4), delivery=None, before=None, limit=1000))
        return {
            (int.from_bytes(row.delivery, "big"), kept.attempt): kept
            for row in rows
            for kept in [msgspec.json.decode(SEALER.unseal("capture", row.sealed), type=Captured)]
        }


@pytest.fixture
async def ground(tmp_path):
    url, clock = f"sqlite:///{tmp_path}/carillon.db", HeldClock(NOON)
    await asyncio.to_thread(migrate, url, clock)
    store = open_store(url, clock)
    await store.start()
    yield Ground(store, clock)
    await store.close()


async def turn(until):
    async with asyncio.timeout(60):
        while not until():
            await asyncio.sleep(0.001)


async def send(provider, *mails):
    answers = Answers()
    for mail in mails:
        answers.post(provider, mail)
    return await answers.all(len(mails))


async def test_what_is_kept_is_what_would_have_left(ground):
    mail = outgoing(7, subject="Grüße", sender=Sender(address="bells@example.com", name="Bells", reply_to="shop@example.com"))
    assert (await send(ground.provider(), mail))[7] == Answer("accepted", "250", "kept")
    kept = (await ground.kept())[7, 1]
    assert (kept.address, kept.message, kept.sender) == ("mia@example.com", mail.message, "Bells <bells@example.com>")
    assert f"Message-ID: <{7:032x}@example.com>" in kept.mail
    assert "Reply-To: shop@example.com" in kept.mail
    rows = await ground.store.read(lambda tx: captures.page(tx, 1, channels=(1, 2, 3, 4), delivery=None, before=None, limit=9))
    assert b"mia@example.com" not in rows[0].sealed


@pytest.mark.parametrize(("channel", "message"), [("push", PushMessage("Hi", "there")), ("sms", SmsMessage("Hi"))])
async def test_push_and_sms(ground, channel, message):
    out = Outgoing((1).to_bytes(16, "big"), 1, 1, channel, 1, "somewhere", message, Sender())
    assert (await send(ground.provider(channel), out))[1].meaning == "accepted"
    assert (await ground.kept())[1, 1].message == message


async def test_many_in_order_and_a_repeat_is_one(ground):
    answers = Answers()
    provider = ground.provider()
    for n in range(1, 501):
        answers.post(provider, outgoing(n))
    await answers.all(500)
    assert answers.order == list(range(1, 501))
    await send(provider, outgoing(3))
    assert len(await ground.kept()) == 500
    await provider.close()


@pytest.mark.parametrize(("mode", "meaning", "code"), [("fail", "temporary", "told_to_fail"), ("refuse", "refused", "told_to_refuse")])
async def test_failing_and_refusing_keep_nothing(ground, mode, meaning, code):
    await ground.behave(mode=mode)
    answer = (await send(ground.provider(), outgoing(1)))[1]
    assert (answer.meaning, answer.code) == (meaning, code)
    assert not await ground.kept()
    await ground.behave(mode="ok")
    assert (await send(ground.provider(), outgoing(1)))[1].meaning == "accepted"


async def test_slow_is_as_slow_as_it_was_told(ground):
    await ground.behave(mode="slow", seconds=3.0)
    provider, answers = ground.provider(), Answers()
    answers.post(provider, outgoing(1))
    await turn(lambda: ground.clock._sleepers)
    ground.clock.move(2.9)
    await asyncio.sleep(0.01)
    assert not answers.order
    ground.clock.move(0.2)
    assert (await answers.all(1))[1].meaning == "accepted"


async def test_hanging_ends_unknown(ground):
    await ground.behave(mode="hang", seconds=60.0)
    provider, answers = ground.provider(), Answers()
    answers.post(provider, outgoing(1))
    await turn(lambda: ground.clock._sleepers)
    assert not answers.order
    ground.clock.move(61)
    assert (await answers.all(1))[1].meaning == "unknown"
    assert not await ground.kept()


@pytest.mark.parametrize(("mode", "meaning"), [("hang", "unknown"), ("slow", "accepted")])
async def test_closing_answers_what_hangs_or_dawdles(ground, mode, meaning):
    await ground.behave(mode=mode, seconds=3600.0)
    provider, answers = ground.provider(), Answers()
    answers.post(provider, outgoing(1))
    await turn(lambda: ground.clock._sleepers)
    await provider.close()
    assert (await answers.all(1))[1].meaning == meaning


async def test_bouncing_is_accepted_and_then_reported_however_long_the_log_is_away(ground):
    await ground.behave(mode="bounce")
    ground.away = 2
    assert (await send(ground.provider(), outgoing(5)))[5].meaning == "accepted"
    for _ in range(2):
        await turn(lambda: ground.clock._sleepers)
        ground.clock.move(1)
    await turn(lambda: ground.receipts)
    (receipt,) = ground.receipts
    at = receipt.at
    assert receipt == Receipt(
        1, (5).to_bytes(16, "big"), "bounced_hard", at, provider="capture-email", code="5.1.1", raw="The capture provider was told to bounce.", person=5
    )  # fmt: skip
    assert (5, 1) in await ground.kept()


async def test_a_share_is_the_same_share_each_time(ground):
    await ground.behave(mode="refuse", share=0.25)
    mails = [outgoing(n << 24) for n in range(1, 201)]
    first, second = [await send(ground.provider(), *mails) for _ in range(2)]
    refused = {n for n, answer in first.items() if answer.meaning == "refused"}
    assert refused == {n for n, answer in second.items() if answer.meaning == "refused"}
    assert refused == {n for n in first if n < 2**30}
    assert {n for n, _ in await ground.kept()} == first.keys() - refused


async def test_what_cannot_be_a_mail_is_refused_and_the_others_are_kept(ground):
    answers = await send(ground.provider(), outgoing(1), outgoing(2, subject="a\r\nBcc: eve@example.com"), outgoing(3, to="x"), outgoing(4))
    assert [answers[n].meaning for n in range(1, 5)] == ["accepted", "refused", "refused", "accepted"]
    assert {n for n, _ in await ground.kept()} == {1, 4}


async def test_a_store_that_is_away_is_temporary(ground):
    await ground.store.close()
    answer = (await send(ground.provider(), outgoing(1)))[1]
    assert answer.meaning == "temporary"
