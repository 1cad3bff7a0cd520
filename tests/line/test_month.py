"""31 days moved by the clock: history older than 30 days is gone, totals remain and say what was sent."""

import msgspec
import pytest
from sqlalchemy import func, select, text

from backend.domain.delivery import SKIPPED, State
from backend.domain.ledger import Ledger, balance
from backend.security.roles import SYSTEM
from backend.store import history, partitions, tables
from tests.line.houses import NOON, member, moment, order_shipped, standing

DAY = 86_400.0
DAYS = 33
HISTORY = ("events", "notifications", "deliveries", "attempts")
pytestmark = pytest.mark.asyncio(loop_scope="session")


async def counts(stand) -> dict[str, int]:
    def read(tx):
        names = [*HISTORY, "inbox", "captures", "seen", "receipts", "collapses"]
        return {name: tx.conn.scalar(select(func.count()).select_from(tables.meta.tables[name])) for name in names}

    return await stand.app.store.read(read)


async def test_after_a_month_history_is_gone_and_totals_remain(kind, line_engines, tmp_path):
    async with standing(kind, tmp_path / "home") as stand:
        mia, faults, made = await stand.person("mia"), [], []
        for day in range(DAYS):
            await stand.settle(after=DAY if day else 0)
            done = await stand.line.purge.once()
            faults += done.faults
            assert done.strays == 0, f"day {day}"
            if stand.kind == "servers":
                await partitions_are_ready(stand, day)
            made.append(await stand.send(order_shipped(to=mia, id=f"day{day}", collapse_key="k", title=f"Day {day}")))
        await stand.settle()
        await stand.line.rollup.once()
        assert faults == []

        kept = 31  # the day thirty days ago is kept whole, as is today
        left = await counts(stand)
        assert {left[name] for name in ("events", "notifications")} == {kept}
        assert left["deliveries"] == left["attempts"] + kept == 2 * kept
        for name in ("inbox", "captures", "seen"):
            assert left[name] == kept, name
        titles = [item.title for item in (await stand.app.inbox.list(member(mia), mia, None, 200)).items]
        assert titles == [f"Day {day}" for day in range(DAYS - 1, DAYS - 1 - kept, -1)]
        assert len(await stand.captured(mia)) == kept
        gone, still = made[: DAYS - kept], made[-kept:]
        assert await stand.ledger(still[0]) == {"planned": 3, "sent": 2, "skipped": 1}
        ids = [bytes.fromhex(one) for one in gone]  # asked of the store: a cache of servers keeps real time
        assert await stand.app.store.read(lambda tx: [history.event(tx, 1, one) for one in ids]) == [None] * len(gone)

        units, sealed = await stand.app.store.read(totals)
        assert units == {State.DELIVERED: DAYS, State.SENT: DAYS, SKIPPED: DAYS}
        assert len(sealed) == len(gone)
        for day, ledger in sealed:
            assert day < int(stand.now // DAY) - 30 + 1
            assert balance(ledger) == 0
            assert (ledger.planned, ledger.sent, ledger.skipped) == (3, 2, 1)


def totals(tx):
    """(units by the state they are in, [(day, ledger)] of the sealed days)."""
    t, seal = tables.totals.c, tables.ledger_totals.c
    units = {state: int(n) for state, n in tx.conn.execute(select(t.state, func.sum(t.n)).group_by(t.state)) if n}
    sealed = tx.conn.execute(select(seal.day, seal.totals).order_by(seal.day)).all()
    return units, [(day, msgspec.json.decode(body, type=Ledger)) for day, body in sealed]


async def partitions_are_ready(stand, day: int) -> None:
    """Seven days ahead, nothing older than thirty, nothing in a default partition."""

    def read(tx):
        found = {table: [its for _, its in partitions.days(tx, table)] for table in HISTORY}
        default = {table: tx.conn.scalar(text(f"select count(*) from {table}_default")) for table in HISTORY}
        return found, default

    found, default = await stand.app.store.read(read)
    today = int(stand.now // DAY)
    assert today == int(NOON // DAY) + day
    for table, its in found.items():
        assert max(its) == today + 7, table
        assert min(its) >= today - 30, table
    assert set(default.values()) == {0}


async def test_what_is_scheduled_lies_in_the_day_of_its_sending(kind, line_engines, tmp_path):
    async with standing(kind, tmp_path / "home") as stand:
        mia = await stand.person("mia")
        (made,) = await stand.accept(order_shipped(to=mia, send_at=moment(stand.now + 20 * DAY), id="later"))
        await stand.settle()
        for _ in range(20):
            await stand.settle(after=DAY)
            await stand.line.purge.once()
        assert await stand.inbox(mia) == ["Your order is on its way"]
        for _ in range(15):
            stand.clock.move(DAY)
            await stand.line.purge.once()
        assert await stand.ledger(made) == {"planned": 3, "sent": 2, "skipped": 1}
        assert (await stand.app.events.get(SYSTEM, made)).key == "later"
