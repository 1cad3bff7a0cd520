"""How long analytics takes with millions of deliveries behind it: a month of tallies as the rollup keeps them, and the looks people take.

Rows are made as they would stand after the deliveries, not by making these: analytics reads nothing else.
"""

import random
import statistics
import time
from collections import Counter
from uuid import uuid4

import msgspec
from sqlalchemy import case, func, select

from backend.app.analytics_views import AnalyticsIn
from backend.app.app import App, open_app
from backend.clock import SystemClock
from backend.domain.delivery import CHANNEL_NUMBER, SKIPPED, State
from backend.domain.ids import NO_ID, cohort_id
from backend.domain.tally import ARRIVED, QUARTER, REFUSED, STAMP, STEP, TAKEN
from backend.security.roles import SYSTEM
from backend.settings import load
from backend.store import tables, tallies
from backend.store.migrate import migrate
from backend.store.port import Tx
from carillon.bench import stand

DAYS, CATEGORIES, TEMPLATES, FANOUTS = 30, 12, 3, 20
LOOKS = 7  # of each kind
CHANNELS = {"web": (0.45, 0.55), "email": (0.35, 0.3), "push": (0.15, 0.0), "sms": (0.05, 0.0)}  # share of the deliveries, share opened
PROVIDERS = {"web": ("inbox",), "email": ("alpha", "beta"), "push": ("gamma",), "sms": ("delta",)}
ZONES = ("Europe/Berlin", "Asia/Kathmandu", "America/New_York")


class Looked(msgspec.Struct):
    """Seconds of each look by what was asked, how many deliveries and rows stand behind them."""

    looks: dict[str, list[float]]
    deliveries: int
    rows: int


def _cohorts(now: float) -> list[dict[str, object]]:
    made = [(f"category-{c}", ("high", "normal", "low")[c % 3], f"template-{c}-{t}", NO_ID) for c in range(CATEGORIES) for t in range(TEMPLATES)]
    made += [(f"category-{n % CATEGORIES}", "low", f"template-{n % CATEGORIES}-0", uuid4().bytes) for n in range(FANOUTS)]
    return [
        {
            "space": 1, "cohort": cohort_id(1, c, p, t, event.hex()), "category": c, "priority": p, "template": t, "version": 1, "event": event,
            "created": now,
        }
        for c, p, t, event in made
    ]  # fmt: skip


def _of(chance: random.Random, born: int, cohort: int, units: int) -> tallies.Net:
    """What stands after so many units of a cohort in a quarter."""
    net: tallies.Net = Counter()
    drawn = Counter(chance.choices(list(CHANNELS), [share for share, _ in CHANNELS.values()], k=units))
    for channel, n in drawn.items():
        number, opened = CHANNEL_NUMBER[channel], CHANNELS[channel][1]
        provider = chance.choice(PROVIDERS[channel])
        failed, skipped = chance.randrange(1 + n // 50), chance.randrange(1 + n // 8)
        went = n - failed - skipped
        arrived = went if channel == "web" else round(went * 0.97) if channel != "email" else 0

        def put(kind: int, count: int, provider: str = "", number: int = number) -> None:
            if count:
                net[1, born, cohort, number, provider, int(kind)] += count

        put(State.SENT, went - arrived)
        put(State.DELIVERED, arrived)
        put(State.FAILED, failed)
        put(SKIPPED, skipped)
        put(STAMP["read" if channel == "web" else "opened_human"], round(went * opened))
        put(STAMP["clicked"], round(went * opened * 0.15))
        put(STAMP["opened_machine"], round(went * 0.2) if channel == "email" else 0)
        for kind, count in ((TAKEN, went), (ARRIVED, arrived), (REFUSED, failed)):
            put(kind, count, provider)
        steps = Counter(min(40, max(0, round(chance.gauss(9, 2.5)))) for _ in range(min(went, 40)))
        for step, count in steps.items():
            put(STEP + step, max(1, count * went // 40), provider)
    return net


async def _fill(app: App, deliveries: int, now: float) -> None:
    """One day made with care, and the month made of it."""
    chance, rows = random.Random(7), _cohorts(now)
    first = int(now // QUARTER) - DAYS * 96
    always, once = rows[: CATEGORIES * TEMPLATES], rows[CATEGORIES * TEMPLATES :]
    each = deliveries / (DAYS * 96) / (len(always) * 1.25)
    net: tallies.Net = Counter()
    for born in range(first, first + 96):
        busy = each * (1.6 if 28 <= born % 96 < 84 else 0.25)
        for row in always:
            net |= _of(chance, born, int(str(row["cohort"])), round(chance.expovariate(1 / busy)))
    for row in once:
        start = first + chance.randrange(88)
        for born in range(start, start + 8):
            net |= _of(chance, born, int(str(row["cohort"])), round(deliveries / 5 / DAYS / FANOUTS / 8))
    await app.store.write(lambda tx: _put(tx, rows, net))


def _put(tx: Tx, rows: list[dict[str, object]], net: tallies.Net) -> None:
    """All at once, as it comes to the same; the sums by the database."""
    tx.conn.execute(tables.cohorts.insert(), rows)
    values = [(*key, n) for key, n in net.items()]
    first = min(value[1] for value in values)
    columns = "space, born, cohort, channel, provider, kind, n"
    if tx.dialect == "sqlite":
        tx.raw.executemany(f"insert into tallies ({columns}) values (?,?,?,?,?,?,?)", values)
    else:
        with tx.raw.cursor().copy(f"copy tallies ({columns}) from stdin") as copy:
            for value in values:
                copy.write_row(value)
    for ahead in range(1, DAYS):
        shifted = columns.replace("born", f"born + {ahead * 96}", 1)
        tx.conn.exec_driver_sql(f"insert into tallies ({columns}) select {shifted} from tallies where born < {first + 96}")
    day = "select space, born / 96, cohort, channel, provider, kind, sum(n) from tallies group by space, born / 96, cohort, channel, provider, kind"
    tx.conn.exec_driver_sql(f"insert into tally_days (space, day, cohort, channel, provider, kind, n) {day}")
    whole = "select space, born, 0, channel, provider, kind, sum(n) from tallies group by space, born, channel, provider, kind"
    tx.conn.exec_driver_sql(f"insert into tallies ({columns}) {whole}")


def _weigh(tx: Tx) -> None:
    """What autovacuum would have done by then."""
    tx.conn.exec_driver_sql("analyze")


async def looks(deliveries: int, *, servers: bool) -> Looked:
    """Fill a new store and look at it."""
    with stand.home() as home:
        settings = load(stand.environment(servers, home, ""))
        migrate(settings.database_url, SystemClock())
        app = open_app(settings, SystemClock())
        await app.store.start()  # nothing else of the house is needed
        try:
            return await _looks(app, deliveries)
        finally:
            await app.store.close()


def _behind(tx: Tx) -> tuple[int, int]:
    """Rows, and units they count."""
    t = tables.tallies.c
    counted = select(func.count(), func.sum(case((t.kind <= SKIPPED, t.n), else_=0))).where(t.cohort != tallies.ALL)
    rows, units = tx.conn.execute(counted).one()
    return int(rows), int(units or 0)


async def _looks(app: App, deliveries: int) -> Looked:
    now = app.clock.now()
    await _fill(app, deliveries, now)
    await app.store.write(_weigh)
    rows, units = await app.store.read(_behind)
    day = 86_400.0
    asked = {
        "7 days": AnalyticsIn(now - 7 * day, now),
        "30 days": AnalyticsIn(now - 30 * day, now),
        "30 days of a category by template": AnalyticsIn(now - 30 * day, now, category="category-3", by="template"),
    }
    found: dict[str, list[float]] = {}
    for what, one in asked.items():
        for n in range(LOOKS + 1):
            began = time.perf_counter()
            await app.analytics.report(SYSTEM, msgspec.structs.replace(one, zone=ZONES[n % 3]))
            if n:  # the first fills the engine's own caches
                found.setdefault(what, []).append(time.perf_counter() - began)
    return Looked(found, units, rows)


def p95(times: list[float]) -> float:
    """The worst of few, the 95th of many."""
    return max(times) if len(times) < 20 else statistics.quantiles(times, n=20)[-1]
