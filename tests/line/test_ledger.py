"""The ledger can be wrong: `planned` and what became of it are counted apart, so a unit that gets lost is seen."""

import asyncio

import msgspec
import pytest

from backend.app.alerts import alarm
from backend.app.views import AlertIn
from backend.domain import gates
from backend.domain.ledger import Ledger, balance
from backend.security.roles import SYSTEM
from backend.store import alert_rows
from tests.line.houses import order_shipped, standing

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY = 86_400.0


async def test_a_unit_that_a_mistake_of_ours_drops_is_missed_and_said(kind, line_engines, tmp_path, monkeypatch):
    whole = gates.decide

    def forgetful(facts):
        decision = whole(facts)
        return msgspec.structs.replace(decision, units=decision.units[1:])

    async with standing(kind, tmp_path / "home") as stand:
        said: list[str] = []
        monkeypatch.setattr(stand.line.purge, "_alarm", said.append)
        mia = await stand.person("mia")
        right = await stand.send(order_shipped(to=mia))
        monkeypatch.setattr(gates, "decide", forgetful)
        wrong = await stand.send(order_shipped(to=mia))
        monkeypatch.setattr(gates, "decide", whole)
        assert await stand.ledger(right) == {"planned": 3, "sent": 2, "skipped": 1}
        assert balance(Ledger(**msgspec.structs.asdict((await stand.event(wrong)).ledger))) == 1
        stand.clock.move(32 * DAY)
        done = await stand.line.purge.once()
        assert [missing for _, _, missing in done.faults] == [1]
        assert any("does not balance" in sentence for sentence in said)


async def test_what_the_house_says_is_an_alert_once_for_each_matter_until_it_is_resolved(stand):
    async def raised():
        rows = await stand.app.store.read(lambda tx: alert_rows.newest(tx, 1, 100))
        return [(row.title, row.message, row.id) for row in rows if "in a test" in row.title]

    async def until(n):
        async with asyncio.timeout(20):
            while len(await raised()) != n:
                await asyncio.sleep(0.005)

    stand.house.alarm("3 rows lie astray in a test. Look at the clock.")
    await until(1)
    await alarm(stand.app, "4 rows lie astray in a test. Look at the clock.")
    await alarm(stand.app, "A ledger does not balance in a test.")
    ((title, message, made), (other, _, _)) = await raised()
    assert {title, other} == {"4 rows lie astray in a test", "A ledger does not balance in a test."}
    await stand.app.alerts.raise_(SYSTEM, AlertIn(title=title, id=made.hex(), resolved=True))
    await until(1)
    await alarm(stand.app, message)
    await until(2)
