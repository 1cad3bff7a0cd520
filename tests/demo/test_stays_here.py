"""What is for the demo's people never leaves the house, whatever is configured: a real mail server hears of real people alone."""

import pytest

from backend.app.views import PersonIn
from backend.channels.capture import Behaviour
from backend.domain.event import EventIn, To
from backend.security.roles import SYSTEM
from backend.store import tables
from carillon import demo
from tests.channels.mailserver import server
from tests.demo.conftest import opened
from tests.demo.test_leaving import every


@pytest.mark.parametrize("category", ["security", "orders"])
async def test_a_real_mail_server_hears_of_real_people_alone(tmp_path, category):
    async with server() as there:
        env = {"CARILLON_HOME": str(tmp_path), "CARILLON_SMTP_URL": f"smtp://127.0.0.1:{there.port}"}
        async with opened(env) as house:
            app = house.app
            await app.first_start()
            await demo.first(app)
            await app.people.put(SYSTEM, "real", PersonIn(name="Real Person", email="real@example.net", groups=["customers"]))
            await app.captures.behave(SYSTEM, "email", Behaviour("fail"))
            ways = ["email", "push", "sms", "web"]
            given = [
                EventIn(type="t", category=category, to=To(user="mia"), title="To her alone", channels=ways),
                EventIn(type="t", category=category, to=To(users=["mia", "real"]), title="To both", channels=ways),
                EventIn(type="t", category=category, to=To(group="customers"), title="To the group", channels=ways),
                EventIn(type="t", category=category, to=To(user="noor"), title="Held over night where it may be", channels=ways),
            ]
            await app.events.accept(SYSTEM, given)
            await house.settle()
            await app.captures.behave(SYSTEM, "email", Behaviour())
            for _ in range(12):  # retries, and what was held
                house.clock.move(7_200)
                await house.settle()
            mails = b"\n".join(there.taken)
            assert mails.count(b"To: real@example.net") == 2 == len(there.taken)
            assert {line.split(b":")[1].strip().lower() for line in there.envelopes if line.upper().startswith(b"RCPT")} == {b"<real@example.net>"}
            attempts = await every(app, tables.attempts)
            by_delivery = {row["delivery"]: row["provider"] for row in attempts}
            real = {row["id"] for row in await every(app, tables.deliveries) if row["person"] == person(app, "real")}
            assert {provider for made, provider in by_delivery.items() if made in real and provider == "smtp"} == {"smtp"}
            assert {provider for made, provider in by_delivery.items() if made not in real} == {"capture-email", "capture-push", "capture-sms"}
            kept = [one for one in (await app.captures.list(SYSTEM, channel="email", limit=200)).items if one.user == "mia"]
            assert len(kept) == 3


def person(app, user):
    return app.people.new_row(1, user, user).person
