"""A house that is stopped while a mail server hangs: within seconds, and everything that was begun has an outcome that stands."""

import asyncio
from time import monotonic

import pytest
from sqlalchemy import func, select

from backend.settings import load
from backend.store.tables import attempts
from carillon.house import House
from tests.channels.mailserver import HANG, server
from tests.line.houses import NOON, HeldClock, Stand, environment, order_shipped
from workers.line import LANDING

pytestmark = pytest.mark.timeout(240)


async def begun(stand):
    return await stand.app.store.read(lambda tx: tx.conn.scalar(select(func.count()).select_from(attempts)))


async def test_a_mail_server_that_hangs_keeps_no_stop_waiting_and_what_it_had_is_written(kind, line_engines, tmp_path):
    """One of its mails may have been taken, of the other nothing was. Of service both go again; the first may so be heard twice, as after any
    answer that never came."""
    hangs = [True]

    def script(step, n):
        return HANG if hangs[0] and step == "final" else None

    async with server(script) as there:
        url = f"smtp://127.0.0.1:{there.port}?connections=1&timeout=60"
        with environment(kind, tmp_path / "home", again=False, CARILLON_SMTP_URL=url) as variables:
            house = House(load(variables), HeldClock(NOON))
            await house.start()
            stand, made = Stand(house, house.clock, kind), list[str]()
            for n in (1, 2):  # the second waits behind the first
                made += await stand.accept(order_shipped(to=await stand.person(), channels=["email"]))
                while await begun(stand) < n or not there.heard:
                    await asyncio.sleep(0.01)
            began = monotonic()
            await house.stop()
            assert monotonic() - began < 4 * LANDING, "a stop waited for a mail server that hangs"

            hangs[0] = False
            async with House(load(variables), HeldClock(NOON)) as again:
                stand = Stand(again, again.clock, kind)
                assert [(await stand.delivery(one)).state for one in made] == ["retrying", "retrying"]
                assert there.taken == []
                await stand.settle(after=3_600)
                assert [await stand.ledger(one) for one in made] == [{"planned": 1, "sent": 1}] * 2
            assert len(there.taken) == 2
