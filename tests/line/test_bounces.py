"""What comes back of a mail, from the server that refuses it to the delivery's page: through a real Postfix, and by receipts alone."""

import asyncio
import contextlib
import smtplib
import socket

import pytest

from backend.app.alerts import alert_rows
from backend.domain.receipt import SOFT, Receipt
from backend.security.roles import SYSTEM
from backend.settings import load
from carillon.house import House
from tests.channels.mailserver import MailServer
from tests.channels.postfix import postfix
from tests.line.houses import NOON, HeldClock, Stand, order_shipped

pytestmark = pytest.mark.timeout(240)
REFUSED = {
    "hard": "550 5.1.1 <hard@sink.example>: no such user",
    "full": "552 5.2.2 mailbox full",
    "spam": "554 5.7.1 looks like spam",
}


class Choosy(MailServer):
    """Refuses the recipients of `REFUSED`."""

    def __init__(self):
        super().__init__(self._script)

    def _script(self, step, _):
        if step == "EHLO":
            return b"250-sink\r\n250 8BITMIME\r\n"
        name = self.envelopes[-1].split(b"<")[1].split(b"@")[0].decode() if step == "RCPT" else ""
        return REFUSED[name].encode() + b"\r\n" if name in REFUSED else None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.asynccontextmanager
async def house_at(home, url):
    async with House(load({"CARILLON_HOME": str(home), "CARILLON_SMTP_URL": url, "CARILLON_DEMO": "0"}), HeldClock(NOON)) as house:
        yield Stand(house, house.clock, "embedded")
        await house.settle()


async def sent_to(stand, *names):
    """name -> the event of a mail to that name at sink.example, which a server took."""
    made = {}
    for name in names:
        user = await stand.person(user=name, email=f"{name}@sink.example")
        made[name] = await stand.send(order_shipped(to=user, channels=["email"], title=f"For {name}"))
    return made


async def until(true, seconds=60):
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.05)


async def suppressed(stand):
    return {view.reason for view in (await stand.app.suppressions.list(SYSTEM, channel="email")).items}


async def alerts(stand):
    await asyncio.gather(*stand.app._pending)
    return [alert.title for alert in await stand.app.store.read(lambda tx: alert_rows.newest(tx, 1, 50))]


async def test_real_bounces_of_postfix_reach_the_delivery_its_address_and_its_page(tmp_path):
    sink, port = Choosy(), free_port()
    await sink.start()
    with postfix(sink=sink.port, bounces=port) as there:
        async with house_at(tmp_path, f"smtp://127.0.0.1:{there}?bounces=bounces.example.com&listen=127.0.0.1:{port}") as stand:
            made = await sent_to(stand, "ok", "hard", "full", "spam")
            assert {(await stand.delivery(one)).state for one in made.values()} <= {"sent", "bounced"}

            async def all_back():
                await stand.settle()
                return [(await stand.delivery(made[name])).state for name in ("hard", "full", "spam")] == ["bounced"] * 3

            await until(all_back)
            page = {name: await stand.delivery(one) for name, one in made.items()}
            for name, receipt, words in (("hard", "bounced_hard", "no such user"), ("full", "bounced_soft", "mailbox full"), ("spam", "bounced_policy", "looks like spam")):
                entries = [(entry.kind, entry.text) for entry in page[name].timeline]
                assert entries == [("accepted", "accepted"), ("attempt", "attempt"), ("outcome", "2.0.0"), ("receipt", receipt)]
                (told,) = [entry for entry in page[name].timeline if entry.kind == "receipt"]
                assert told.provider == "smtp"
                assert words in told.raw
                assert "@" not in told.raw
            assert [entry.kind for entry in page["ok"].timeline] == ["accepted", "attempt", "outcome"]
            assert page["ok"].state == "sent"

            # the address that does not exist is suppressed; one that is full, and one that is not at fault, are not
            held = {name: await stand.units(await stand.send(order_shipped(to=name, channels=["email"]))) for name in ("hard", "full", "spam")}
            assert held["hard"] == {"email": ["skip suppressed"]}
            assert "skip suppressed" not in str(held["full"]) + str(held["spam"])
            assert await suppressed(stand) == {"bounced"}
            assert [title for title in await alerts(stand) if "policy (5.7.1)" in title]

            # a success that was asked for says that the mail went on, not that it arrived
            sender = next(provider for provider in stand.house.router.providers if provider.key == "smtp")
            delivery = bytes.fromhex(page["ok"].id)
            address = sender._verp.address(1, delivery, "bounces.example.com")
            taken = []
            known = sender.returns.intake._take

            async def take(raw, to):
                taken.append(raw)
                await known(raw, to)

            sender.returns.intake._take = take

            def ask():
                with smtplib.SMTP("127.0.0.1", there, timeout=10) as client:
                    client.ehlo()
                    client.mail(address, ["RET=HDRS", f"ENVID={delivery.hex()}"])
                    assert client.rcpt("ok@sink.example", ["NOTIFY=SUCCESS"])[0] == 250
                    client.data(b"Subject: Hello\r\n\r\nHi\r\n")

            await asyncio.to_thread(ask)

            async def came():
                return any(b"Action: relayed" in raw for raw in taken)  # beside those of the mails before

            await until(came)
            await stand.settle()
            (relayed,) = [raw for raw in taken if b"Action: relayed" in raw]
            assert b"Original-Envelope-Id: " + delivery.hex().encode() in relayed
            assert [entry.kind for entry in (await stand.delivery(made["ok"])).timeline] == ["accepted", "attempt", "outcome"]
    await sink.close()


@pytest.fixture
async def stand(tmp_path):
    sink = Choosy()
    await sink.start()
    async with house_at(tmp_path, f"smtp://127.0.0.1:{sink.port}") as made:
        yield made
    await sink.close()


async def came_back(stand, event, kind, code="4.2.2"):
    view = await stand.delivery(event)
    await stand.house.report(Receipt(1, bytes.fromhex(view.id), kind, stand.now, provider="smtp", code=code, raw=f"{code} said so"))
    await stand.settle()
    return (await stand.delivery(event)).state


async def test_an_address_that_comes_back_for_a_while_too_often_is_suppressed(stand):
    user = await stand.person(user="mia", email="mia@elsewhere.example")
    for n in range(SOFT["email"].times):
        assert await suppressed(stand) == set()
        event = await stand.send(order_shipped(to=user, channels=["email"], title=f"{n}"))
        assert await came_back(stand, event, "bounced_soft") == "bounced"
        stand.clock.move(60.0)
        await came_back(stand, event, "bounced_soft")  # told twice: one delivery
        stand.clock.move(86_400.0)
    assert await suppressed(stand) == {"bounced"}
    assert await stand.units(await stand.send(order_shipped(to=user, channels=["email"]))) == {"email": ["skip suppressed"]}


async def test_a_mailbox_that_is_full_each_time_is_suppressed_as_well(stand):
    """The server says so at once."""
    user = await stand.person(user="full", email="full@sink.example")
    for n in range(SOFT["email"].times):
        assert await suppressed(stand) == set()
        event = await stand.send(order_shipped(to=user, channels=["email"], title=f"{n}"))
        assert (await stand.delivery(event)).state == "failed"
        stand.clock.move(86_400.0)
    assert await suppressed(stand) == {"bounced"}


async def test_what_was_long_ago_counts_no_more(stand):
    user = await stand.person(user="mia", email="mia@elsewhere.example")
    for n in range(SOFT["email"].times + 2):
        event = await stand.send(order_shipped(to=user, channels=["email"], title=f"{n}"))
        await came_back(stand, event, "bounced_soft")
        stand.clock.move(SOFT["email"].within / (SOFT["email"].times - 1) + 1)
    assert await suppressed(stand) == set()


async def test_a_hundred_refusals_by_policy_are_one_alert_and_no_suppression(stand):
    user = await stand.person(user="mia", email="mia@elsewhere.example")
    for n in range(3):
        event = await stand.send(order_shipped(to=user, channels=["email"], title=f"{n}"))
        assert await came_back(stand, event, "bounced_policy", "5.7.1") == "bounced"
    assert len([title for title in await alerts(stand) if "by policy" in title]) == 1
    assert await suppressed(stand) == set()


async def test_a_complaint_suppresses_and_moves_nothing(stand):
    user = await stand.person(user="mia", email="mia@elsewhere.example")
    event = await stand.send(order_shipped(to=user, channels=["email"]))
    assert await came_back(stand, event, "complained", "abuse") == "sent"
    assert await suppressed(stand) == {"complained"}
