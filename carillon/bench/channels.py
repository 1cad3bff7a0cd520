"""Each provider alone in this process, against a sink of this machine: what a channel can carry when nothing else is to be done.

A channel is one function that flies so many attempts and says how many a second were answered well; `CHANNELS` names it with its goal.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec
import uvloop

from backend.channels import fields, twilio
from backend.channels.base import Answer, Outgoing, Provider
from backend.channels.capture import Behaviour, Kept
from backend.channels.kinds import Given, Parts
from backend.channels.smtp import Smtp
from backend.clock import SystemClock
from backend.domain.receipt import Receipt
from backend.domain.space import Sender
from backend.domain.template import EmailMessage, SmsMessage
from backend.security.sealing import Sealer
from carillon.bench import browsers, stand
from carillon.bench.figures import ROUNDS, Row, spread
from carillon.bench.pushes import apple, firebase

COUNT = int(os.environ.get("CARILLON_BENCH_CHANNEL", "20000"))  # attempts of one run
PATIENCE = 120.0  # seconds for all of them
PERSONS = 2_000
HEADERS = {
    "List-Unsubscribe": f"<https://bells.example.com/u/{'x' * 78}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Id": "<orders.example.com>", "Feedback-ID": "orders:1:service:carillon", "Auto-Submitted": "auto-generated",
}  # fmt: skip


class Channel(msgspec.Struct, frozen=True):
    """`run(count)`: attempts answered well in a second."""

    what: str
    goal: int
    run: Callable[[int], Coroutine[Any, Any, float]]


async def flown(provider: Provider, made: Callable[[int], Outgoing], count: int, good: frozenset[str] = frozenset({"accepted", "delivered"})) -> float:
    """Attempts a second: as many open as the provider allows, each answer makes room for the next. Raises when one was not answered well."""
    left, answered = count, 0
    meanings: Counter[str] = Counter()
    over = asyncio.Event()

    def done(answer: Answer) -> None:
        nonlocal answered
        answered += 1
        meanings[answer.meaning if answer.meaning in good else f"{answer.meaning} {answer.code}"] += 1
        if answered == count:
            over.set()
        elif left:
            loop.call_soon(post)  # never from within an answer: a provider that refuses at once would call itself

    def post() -> None:
        nonlocal left
        if left:
            left -= 1
            outgoing = made(left)
            provider.post(outgoing.person % provider.lanes, outgoing, done)

    loop = asyncio.get_running_loop()
    await provider.start()
    try:
        began = time.perf_counter()
        for _ in range(min(count, provider.open_limit)):
            post()
        async with asyncio.timeout(PATIENCE):
            await over.wait()
        seconds = time.perf_counter() - began
    finally:
        await provider.close()
    if meanings.keys() - good:
        raise AssertionError(f"Not all were answered well: {dict(meanings)}")
    return count / seconds


async def email(count: int) -> float:
    """HTML mails of about 2 KB to a mail server that takes everything."""
    text = "Hi Jane Doe, your order shipped with UPS and arrives on Wednesday.\n" * 5
    message = EmailMessage("Your order 778812 is on its way", f"<html><body>{'<p>row of an order</p>' * 80}</body></html>", text)
    sender = Sender(address="bells@example.com", name="Carillon")

    def made(n: int) -> Outgoing:
        return Outgoing(
            n.to_bytes(16, "big"), 1, n % PERSONS, "email", 1, f"user{n % PERSONS}@example.com", message, sender, headers=HEADERS,
            category="orders",
        )  # fmt: skip

    with stand.sink() as url:
        return await flown(Smtp(url, clock=SystemClock()), made, count)


async def sms(count: int) -> float:
    """Texts of one segment by Twilio's own client, to numbers that are looked at as any are, within a day's sum."""
    typed = {"account_sid": "AC" + "a" * 32, "auth_token": "0" * 32, "sender": "MG" + "b" * 32, "countries": "DE", "spend_cap": "900000"}
    parts = Parts(SystemClock(), Sealer(b"b" * 32), _Nowhere(), _unheard, _Purse())
    provider = twilio.Twilio(Given("texts", fields.read(twilio.KIND, typed), "https://bells.example.com/hooks/texts"), parts)
    message, sender = SmsMessage("Hi Jane Doe, your order 778812 is on its way and arrives on Wednesday."), Sender()

    def made(n: int) -> Outgoing:
        return Outgoing(n.to_bytes(16, "big"), 1, n % PERSONS, "sms", 1, f"+491511{n % PERSONS:07d}", message, sender, category="orders")

    with stand.sink(module="carillon.bench.sink_twilio") as url:
        provider.base = url.replace("smtp:", "http:")
        return await flown(provider, made, count)


class _Purse:
    """Has it all."""

    async def take(self, provider: str, day: int, amount: int, cap: int) -> int:
        return amount

    async def spent_out(self, provider: str) -> None:
        raise AssertionError(provider)


class _Nowhere:
    """Nothing is captured here."""

    async def keep(self, rows: Sequence[Kept]) -> None:
        raise AssertionError(rows)

    async def behaviour(self, channel: str) -> Behaviour:
        raise AssertionError(channel)


async def _unheard(receipt: Receipt) -> None:
    raise AssertionError(receipt)


async def webpush(count: int) -> float:
    """See `browsers`."""
    return await browsers.run(count, flown)


CHANNELS: Mapping[str, Channel] = {
    "fcm": Channel("Pushes by Firebase (HTTP/1.1)", 3_000, lambda count: firebase(flown, count)),
    "apns": Channel("Pushes to Apple (HTTP/2, TLS)", 3_000, lambda count: apple(flown, count)),
    "email": Channel("HTML mails by SMTP", 5_000, email),
    "sms": Channel("SMS by Twilio's client", 1_000, sms),
    "webpush": Channel("Web Push, each message encrypted for its browser", 250, webpush),
}


def rows() -> list[Row]:
    """Rounds of each."""
    made: list[Row] = []
    for name, channel in CHANNELS.items():
        rates = []
        for _ in range(ROUNDS):
            rates.append(uvloop.run(channel.run(COUNT)))
            print(f"{name}: {rates[-1]:,.0f}/s", flush=True)
        made.append((f"{channel.what}, the provider alone, local sink, a second", spread(rates), f"at least {channel.goal:,}"))
    return made
