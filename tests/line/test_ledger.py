"""The ledger can be wrong: `planned` and what became of it are counted apart, so a unit that gets lost is seen."""

import msgspec
import pytest

from backend.domain import gates
from backend.domain.ledger import Ledger, balance
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
