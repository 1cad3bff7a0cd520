"""What people turn on and off is counted once, by category, channel and way; what was answered before counting began is filled in; on both engines."""

import random
from collections import Counter

import msgspec
import pytest
from sqlalchemy import insert, select

from backend.app.engagement_views import EngagementIn, ShiftsView
from backend.app.shifting import Shifting
from backend.clock import HeldClock
from backend.domain.category import Category
from backend.domain.ids import NO_ID
from backend.domain.shift import Shift
from backend.domain.tally import QUARTER, SHIFT, Cut
from backend.store import demo_rows, migrate, rollup, shifts, tallies
from backend.store import tables as t
from backend.store.open import open_store
from backend.store.shifts import Said

SPACE, NOW, DAY = 1, 1_790_000_000.0, 86_400.0
EMAIL, SMS = 3, 4
HERE = int(NOW // QUARTER)
CUT = Cut(96)


def plant(tx):
    """Two categories."""
    for key in ("offers", "orders"):
        body = msgspec.json.encode(Category(key, key, "marketing" if key == "offers" else "service")).decode()
        tx.conn.execute(insert(t.categories), {"space": SPACE, "key": key, "body": body, "revision": 1, "changed": NOW})


def seen(tx, category="", channel="", since=HERE - 1_000, below=HERE + 1):
    while rollup.compact(tx, 1_000):
        pass
    return Shifting(shifts.read(tx, SPACE, since, below, CUT), EngagementIn(0, 1, category=category, channel=channel))


class ShiftContract:
    """Subclasses give `url` of an empty database."""

    @pytest.fixture
    async def store(self, url):
        migrate.migrate(url, HeldClock(NOW))
        store = open_store(url, HeldClock(NOW))
        await store.start()
        await store.write(plant)
        yield store
        await store.close()

    async def test_whatever_is_counted_adds_up_however_it_is_cut(self, store):
        rng = random.Random(7)
        told = Counter()
        for _ in range(300):
            category = rng.choice(["", "offers", "orders"])
            kind = rng.choice(["opted_in", "opted_out"]) if category and rng.random() < 0.5 else rng.choice(["turned_on", "turned_off"])
            channel = 0 if kind.startswith("opted") else rng.choice([EMAIL, SMS])
            told[Said(Shift(SHIFT[kind], category, channel), rng.choice(["portal", "link"]), rng.random() < 0.2, HERE - rng.randrange(500))] += rng.randrange(1, 4)
        half = dict(list(told.items())[:120])
        await store.write(lambda tx: shifts.keep(tx, SPACE, half, NOW))
        await store.write(lambda tx: rollup.compact(tx, 50))
        await store.write(lambda tx: shifts.keep(tx, SPACE, {key: n for key, n in told.items() if key not in half}, NOW))
        found = await store.write(seen)
        whole = msgspec.structs.asdict(found.whole())
        assert sum(whole.values()) == sum(told.values())
        assert whole["opted_in"] == sum(n for one, n in told.items() if one.shift.kind == SHIFT["opted_in"])
        assert whole["cells_off"] == sum(n for one, n in told.items() if one.shift.kind == SHIFT["turned_off"] and one.shift.category)
        for parts in (found.by_way(), found.by_place({n: n - (HERE - 1_000) // 96 for n in range((HERE - 1_000) // 96, HERE // 96 + 1)}, 12)):
            sums = Counter()
            for part in parts:
                sums.update(msgspec.structs.asdict(getattr(part, "shifts", part)))
            assert {name: sums[name] for name in whole} == whole
        assert [part.key for part in found.by_category()] in (["offers", "orders"], ["orders", "offers"])
        offers = (await store.write(lambda tx: seen(tx, "offers"))).whole()
        assert sum(msgspec.structs.asdict(offers).values()) == sum(n for one, n in told.items() if one.shift.category == "offers")
        texts = await store.write(lambda tx: seen(tx, channel="sms"))
        assert [part.key for part in texts.by_channel()] == ["sms"] and texts.whole().opted_in == whole["opted_in"], "an answer is about no channel"

    async def test_a_unit_is_none_and_no_unit_is_one(self, store):
        def write(tx):
            tx.conn.execute(insert(t.cohorts), {"space": SPACE, "cohort": 5, "category": "orders", "priority": "low", "event": NO_ID, "created": NOW})
            shifts.count(tx, SPACE, [Shift(SHIFT["paused"])], "portal", NOW - DAY)
            while rollup.compact(tx, 100):
                pass
            first = tallies.first(tx, SPACE)
            tallies.add(tx, Counter({(SPACE, HERE, 5, EMAIL, "", 2): 9}))
            asked = tallies.Asked(SPACE, HERE - 500, HERE + 1)
            states = tx.conn.execute(select(t.totals)).all(), tx.conn.execute(select(t.standing)).all()
            return first, tallies.first(tx, SPACE), [(part.category, part.kind, part.n) for part in tallies.by_parts(tx, asked)], tallies.providers(tx, SPACE, HERE - 500, HERE), states

        assert await store.write(write) == (None, HERE, [("orders", 2, 9)], [], ([], []))
        assert (await store.write(seen)).whole() == ShiftsView(paused=1)

    async def test_the_demo_takes_its_own_away(self, store):
        def write(tx):
            shifts.count(tx, SPACE, [Shift(SHIFT["opted_out"], "offers")] * 3, "portal", NOW, demo=True)
            shifts.count(tx, SPACE, [Shift(SHIFT["opted_out"], "offers")], "portal", NOW)
            whole = seen(tx).whole()
            while not demo_rows.drop_counters(tx, SPACE):
                pass
            return whole.opted_out, seen(tx).whole().opted_out

        assert await store.write(write) == (4, 1)

    async def test_answers_of_before_are_filled_in(self, url):
        migrate.migrate(url, HeldClock(NOW))
        migrate.downgrade(url, "0022")
        store = open_store(url, HeldClock(NOW))
        said = [  # person, category, seconds before now, given, source
            (1, "offers", 9_000, True, "portal"), (1, "offers", 8_000, True, "api"), (1, "offers", 100, False, "one_click"), (2, "offers", 100, False, "mailer"),
            (2, "orders", 90, True, "api, on behalf"), (2, "orders", 80, False, "link"), (2, "orders", 70, True, "link"), (3, "offers", 50, True, "a form"),
        ]  # fmt: skip

        def write(tx):
            plant(tx)
            for n in (1, 2, 3):
                tx.conn.execute(insert(t.people), {"space": SPACE, "person": n, "user_id": f"u{n}", "bucket": 0, "revision": 1, "profile": b"", "created": NOW, "changed": NOW, "demo": n == 3})
            rows = [{"space": SPACE, "person": p, "category": c, "at": NOW - ago, "given": yes, "source": source} for p, c, ago, yes, source in said]
            tx.conn.execute(insert(t.consents), rows)

        await store.start()
        await store.write(write)
        await store.close()
        assert migrate.migrate(url, HeldClock(NOW))[0] == "0023"
        store = open_store(url, HeldClock(NOW))
        await store.start()
        found = await store.write(seen)
        assert found.whole() == ShiftsView(opted_in=3, opted_out=3), "what says again what stood counts nothing, nor does yes to what is on by itself"
        assert {part.key: (part.shifts.opted_in, part.shifts.opted_out) for part in found.by_category()} == {"offers": (2, 2), "orders": (1, 1)}
        assert {part.key: part.shifts.opted_in + part.shifts.opted_out for part in found.by_way()} == {"portal": 1, "one_click": 1, "link": 2, "program": 2}
        late = await store.write(lambda tx: seen(tx, since=int((NOW - 120) // QUARTER)))
        assert late.whole() == ShiftsView(opted_in=2, opted_out=3)

        def days(tx):
            shifts.count(tx, SPACE, [Shift(SHIFT["opted_in"], "offers")], "portal", NOW)
            while not demo_rows.drop_counters(tx, SPACE):
                pass
            return seen(tx).whole()

        assert await store.write(days) == ShiftsView(opted_in=3, opted_out=3), "what is filled in and what is counted now stand together, the demo's apart"
        await store.close()


class TestSqliteShifts(ShiftContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"sqlite:///{tmp_path / 'carillon.db'}"


class TestPostgresShifts(ShiftContract):
    @pytest.fixture
    def url(self, fresh_postgres_url):
        return fresh_postgres_url
