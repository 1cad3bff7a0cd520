"""Whole houses for the demo, on the embedded engines and on PostgreSQL, Redis and Kafka, with a clock the test owns."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.clock import HeldClock
from backend.domain.delivery import SKIPPED, State
from backend.domain.ledger import balance
from backend.domain.tally import STAMPS
from backend.settings import load
from backend.store import history, inbox, rollup, tables, tallies
from backend.store.port import Tx
from carillon import demo
from carillon.demo.life import Life
from carillon.demo.plot import TINY
from carillon.house import House
from tests.line.houses import NOON, environment, forget_all

QUIET = {"marks", "audit", "totals", "standing", "tallies", "tally_days", "deltas", "log_records", "log_marks", "log_heads"}  # tables that others write too, or that are compacted


@pytest.fixture(scope="session", autouse=True)
def broker():
    yield
    forget_all()


@pytest.fixture(params=["embedded", "servers"])
async def house(request, tmp_path) -> AsyncIterator[House]:
    """A running house with the demo's first part, on each set of engines."""
    given = request.getfixturevalue("engines") if request.param == "servers" else None
    with environment(request.param, tmp_path, given) as env:
        async with opened(env) as made:
            await made.app.first_start()
            await demo.first(made.app)
            yield made


def opened(env: dict[str, str], now: float = NOON) -> House:
    return House(load({**env, "CARILLON_DEMO": "small"}), HeldClock(now))


@pytest.fixture
async def alone(tmp_path) -> AsyncIterator[House]:
    """The same on the embedded engines alone."""
    async with opened({"CARILLON_HOME": str(tmp_path)}) as made:
        await made.app.first_start()
        await demo.first(made.app)
        yield made


async def seeded(house: House) -> Life:
    life = Life(house.app, TINY)
    await life.seed()
    return life


async def rows(app: App) -> dict[str, int]:
    """How many rows stand in each table that has any."""

    def read(tx: Tx) -> dict[str, int]:
        found = {t.name: tx.conn.scalar(select(func.count()).select_from(t)) or 0 for t in tables.meta.sorted_tables}
        return {name: n for name, n in found.items() if n and name not in QUIET}

    return await app.store.read(read)


async def is_true(app: App) -> None:
    """Every number says what the rows say."""

    def read(tx: Tx) -> None:
        assert balance(history.whole_ledger(tx, MAIN)) == 0
        assert Counter(history.recounted(tx, MAIN)) == rollup.everything(tx, MAIN)
        assert tallied(tx) == without_channel(tallies.recounted(tx, MAIN))
        for person in tx.conn.scalars(select(tables.inbox_heads.c.person)).all():
            head = inbox.head(tx, MAIN, person)
            assert (head.unread, head.unseen) == inbox.recount(tx, MAIN, person)

    async with asyncio.timeout(60):  # the house's own rollup may have something in hand, which nobody else can take
        while await app.store.write(unrolled):
            await asyncio.sleep(0)
    await app.store.write(read)


def unrolled(tx: Tx) -> int:
    """How many deltas are not in the tallies yet, after rolling up what can be."""
    while rollup.compact(tx, 5_000):
        pass
    return tx.conn.scalar(select(func.count()).select_from(tables.deltas)) or 0


def tallied(tx: Tx) -> Counter[tuple[int, int, int, int]]:
    """(born, cohort, channel, kind) -> units and stamps of the tallies."""
    t = tables.tallies.c
    kinds = [*State, SKIPPED, *STAMPS]
    rows = tx.conn.execute(select(t.born, t.cohort, t.channel, t.kind, func.sum(t.n)).where(t.kind.in_(kinds), t.cohort != tallies.ALL).group_by(t.born, t.cohort, t.channel, t.kind))
    return without_channel(Counter({(born, cohort, channel, kind): int(n) for born, cohort, channel, kind, n in rows}))


def without_channel(found: Counter[tuple[int, int, int, int]]) -> Counter[tuple[int, int, int, int]]:
    """What was skipped is known by its trace alone to belong to a channel."""
    made: Counter[tuple[int, int, int, int]] = Counter()
    for (born, cohort, channel, kind), n in found.items():
        made[born, cohort, 0 if kind == SKIPPED else channel, kind] += n
    return Counter({key: n for key, n in made.items() if n})
