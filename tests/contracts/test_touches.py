"""What people got and did is summed up once, whoever dies and whoever sums beside, on both engines."""

import asyncio
import random

import msgspec
import pytest
from sqlalchemy import insert, select

from backend.clock import HeldClock
from backend.domain.campaign import Campaign, Experiment
from backend.domain.ids import make_id
from backend.domain.tally import PEOPLE, people_cohort, quarter_of
from backend.domain.touch import ACTED, BOUNCED, CLICKED, COMPLAINED, GOT, OPENED, READ, UNSUBSCRIBED, Touch, unpacked
from backend.store import hot, rollup, touches
from backend.store import tables as t
from backend.store.migrate import migrate
from backend.store.open import open_store

SPACE, NOW, DAY = 1, 1_790_000_000.0, 86_400.0
PEOPLE_HERE = range(1, 21)
WEB, EMAIL = 1, 2
ORDERS, SPRING_A, SPRING_B, FALL_A = 11, 21, 22, 31  # cohorts
SPRING, FALL = make_id(int((NOW - DAY) * 1000), b"spring"), make_id(int((NOW - 2 * DAY) * 1000), b"fall")
HOLDOUT = -2


def plant(tx):
    """Twenty people, 20 of the demo, 13 erased; a campaign that counts `bought` for two days, one that counts nothing."""

    def put(table, rows):
        tx.conn.execute(insert(table), rows)

    put(t.people, [{"space": SPACE, "person": n, "user_id": f"u{n}", "bucket": 0, "revision": 1, "profile": b"", "created": NOW, "changed": NOW, "demo": n == 20,
                    "erased": NOW if n == 13 else None} for n in PEOPLE_HERE])  # fmt: skip
    put(t.summaries, [{"space": SPACE, "person": n} for n in PEOPLE_HERE if n != 13])
    put(t.cohorts, [{"space": SPACE, "cohort": c, "category": category, "priority": "low", "event": run, "created": NOW, "campaign": key, "variant": v, "demo": False}
                    for c, category, run, key, v in ((ORDERS, "orders", bytes(16), "", -1), (SPRING_A, "offers", SPRING, "spring", 0), (SPRING_B, "offers", SPRING, "spring", 1),
                                                     (FALL_A, "offers", FALL, "fall", 0))])  # fmt: skip
    goal = Campaign(category="offers", experiment=Experiment(metric="converted", event="bought", window_days=2))
    for key, run, body in (("spring", SPRING, goal), ("fall", FALL, Campaign(category="offers"))):
        put(t.campaign_versions, [{"space": SPACE, "key": key, "version": 3, "body": msgspec.json.encode(body).decode(), "at": NOW}])
        put(t.runs, [{"space": SPACE, "id": run, "campaign": key, "version": 3, "planned": NOW, "state": "running", "forecast": bytes(16), "created": NOW, "started": NOW - 3 * DAY}])
        put(t.waves, [{"space": SPACE, "run": run, "n": n, "kind": "all", "at": at, "recipients": 9, "state": "released", "changed": NOW}
                      for n, at in ((0, NOW - DAY), (1, NOW - 3 * DAY), (2, None))])  # fmt: skip
    variants = {n: (0 if n <= 8 else 1 if n <= 16 else HOLDOUT) for n in PEOPLE_HERE}
    waves = {n: 1 if n == 7 else 2 if n == 8 else 0 for n in PEOPLE_HERE}
    put(t.recipients, [{"run": run, "person": n, "space": SPACE, "variant": variants[n], "wave": waves[n], "foreseen": b""} for run in (SPRING, FALL) for n in PEOPLE_HERE])


async def summed(store, *told):
    await store.write(lambda tx: hot.write_touches(tx, [(SPACE, touch) for touch in told], NOW))
    await through(store, touches.Sums())


async def through(store, sums):
    while await store.write(lambda tx: sums.once(tx, NOW)):
        pass


async def rows(store, table, *where):
    return [dict(row) for row in await store.read(lambda tx: tx.conn.execute(select(table).where(*where).order_by(*table.primary_key)).mappings().all())]


async def summary(store, person):
    (row,) = await rows(store, t.summaries, t.summaries.c.person == person)
    return row


async def stamps(store, run, person):
    (row,) = await rows(store, t.recipients, t.recipients.c.run == run, t.recipients.c.person == person)
    return {name: row[name] for name in PEOPLE if row[name] is not None}


async def counted(store):
    """Tallies of people by run, variant, demo and stamp; the same from the rows, which must be equal."""

    def read(tx):
        while rollup.compact(tx, 1000):
            pass
        k = t.tallies.c
        kept = {(row.born, row.cohort, row.channel, row.kind): row.n for row in tx.conn.execute(select(t.tallies).where(k.cohort != 0, k.kind.in_(PEOPLE.values()), k.n != 0))}
        assert kept == dict(touches.recounted(tx, SPACE))
        assert tx.conn.execute(select(t.totals)).all() == [], "no unit moved"
        assert touches.unlike(tx, SPACE, 0.0) == 0
        return kept

    assert await store.read(lambda tx: touches.unlike(tx, SPACE, 0.0)) == 0, "also what is not compacted yet"
    kept = await store.write(read)
    names = {(quarter_of(run), people_cohort(SPACE, run, variant, demo), 0, kind): (run, variant, demo, name)
             for run in (SPRING, FALL) for variant in (0, 1, HOLDOUT) for demo in (False, True) for name, kind in PEOPLE.items()}  # fmt: skip
    return {names[key]: n for key, n in kept.items()}


class TouchContract:
    """Subclasses give `store`."""

    async def test_what_somebody_got_and_did_last_stands_in_the_summary(self, store):
        await summed(store, Touch(GOT, 1, NOW - 60, EMAIL, ORDERS), Touch(GOT, 1, NOW, WEB, ORDERS), Touch(OPENED, 1, NOW - 30, EMAIL, ORDERS), Touch(GOT, 2, NOW, EMAIL, SPRING_A))
        one = await summary(store, 1)
        assert (one["got"], one["opened"], one["clicked"]) == (NOW, NOW - 30, None)
        assert one["times"] == {"got|email": NOW - 60, "got|web": NOW, "got|orders": NOW, "opened|email": NOW - 30, "opened|orders": NOW - 30}
        await summed(store, Touch(CLICKED, 1, NOW + 5, EMAIL, ORDERS), Touch(GOT, 1, NOW - 999, EMAIL, ORDERS), Touch(READ, 1, NOW + 7, WEB, ORDERS), Touch(BOUNCED, 2, NOW, EMAIL, ORDERS))
        one, two = await summary(store, 1), await summary(store, 2)
        assert (one["got"], one["opened"], one["clicked"]) == (NOW, NOW + 7, NOW + 5), "what comes late takes nothing back, and who reads has opened"
        assert one["times"]["got|email"] == NOW - 60 and one["times"]["clicked|email"] == NOW + 5 and one["times"]["opened|web"] == NOW + 7
        assert two["times"] == {"got|email": NOW, "got|offers": NOW}
        assert await store.read(touches.waiting) is False and await rows(store, t.touches) == []

    async def test_stamps_are_of_the_first_time_and_each_person_counts_once(self, store):
        await summed(store, Touch(GOT, 1, NOW, EMAIL, SPRING_A), Touch(GOT, 1, NOW - 5, WEB, SPRING_A), Touch(GOT, 9, NOW, EMAIL, SPRING_B), Touch(GOT, 20, NOW, EMAIL, SPRING_B))
        await summed(store, Touch(GOT, 1, NOW + 9, WEB, SPRING_A), *(Touch(did, 1, NOW + 10, EMAIL, SPRING_A) for did in (OPENED, CLICKED, READ, UNSUBSCRIBED, COMPLAINED, BOUNCED)))
        assert await stamps(store, SPRING, 1) == {"got": NOW - 5, **dict.fromkeys(("opened", "clicked", "read", "unsubscribed", "complained", "bounced"), NOW + 10)}
        assert await stamps(store, FALL, 1) == {} and await stamps(store, SPRING, 2) == {}
        found = await counted(store)
        once = {(SPRING, 0, False, name): 1 for name in ("got", "opened", "clicked", "read", "unsubscribed", "complained", "bounced")}
        assert found == {**once, (SPRING, 1, False, "got"): 1, (SPRING, HOLDOUT, True, "got"): 1}

    async def test_acts_are_counted_and_convert_whoever_is_in_the_window(self, store):
        acts = {1: NOW - DAY, 2: NOW - DAY - 1, 3: NOW + DAY - 1, 4: NOW + DAY, 7: NOW, 8: NOW, 9: NOW, 17: NOW, 13: NOW, 99: NOW}
        await summed(store, *(Touch(ACTED, person, at, type="bought") for person, at in acts.items()), Touch(ACTED, 5, NOW, type="looked"), Touch(ACTED, 1, NOW + 3, type="bought"))
        done = {(row["type"], row["person"]): (row["first"], row["last"], row["n"]) for row in await rows(store, t.acts)}
        assert done["bought", 1] == (NOW - DAY, NOW + 3, 2) and done["looked", 5] == (NOW, NOW, 1)
        assert ("bought", 13) not in done and ("bought", 99) not in done, "whoever is not here leaves no trace"
        converted = {row["person"]: row["converted"] for row in await rows(store, t.recipients, t.recipients.c.run == SPRING) if row["converted"]}
        # 2 a second before the wave, 4 when the window is over, 7 in a wave of three days ago, 8 in one that has not begun; 17 is held out
        assert converted == {1: NOW - DAY, 3: NOW + DAY - 1, 9: NOW, 17: NOW}
        assert not [row for row in await rows(store, t.recipients, t.recipients.c.run == FALL) if row["converted"]], "it names no conversion"
        await summed(store, Touch(ACTED, 1, NOW, type="bought"), Touch(ACTED, 2, NOW, type="bought"))
        assert (await rows(store, t.acts, t.acts.c.person == 1))[0]["n"] == 3
        assert await stamps(store, SPRING, 1) == {"converted": NOW - DAY} and await stamps(store, SPRING, 2) == {"converted": NOW}
        assert await counted(store) == {(SPRING, 0, False, "converted"): 3, (SPRING, 1, False, "converted"): 1, (SPRING, HOLDOUT, False, "converted"): 1}
        assert [(await summary(store, 1))[name] for name in ("got", "opened", "clicked")] == [None] * 3

    async def test_a_sum_that_dies_before_the_commit_is_made_again_and_counts_once(self, store):
        sums = touches.Sums()
        await store.write(lambda tx: hot.write_touches(tx, [(SPACE, Touch(ACTED, 1, NOW, type="bought")), (SPACE, Touch(GOT, 1, NOW, EMAIL, SPRING_A))], NOW))

        def dies(tx):
            assert sums.once(tx, NOW) == 1
            raise RuntimeError("killed")

        for _ in range(2):
            with pytest.raises(RuntimeError):
                await store.write(dies)
        assert len(await rows(store, t.touches)) == 1 and await rows(store, t.acts) == []
        await through(store, sums)
        assert [row["n"] for row in await rows(store, t.acts)] == [1]
        assert await counted(store) == {(SPRING, 0, False, "got"): 1, (SPRING, 0, False, "converted"): 1}

    async def test_several_who_sum_at_once_count_nothing_twice(self, store):
        chance = random.Random(7)
        people = [n for n in PEOPLE_HERE if n != 13]
        for _ in range(120):
            some = [Touch(chance.choice((GOT, OPENED, CLICKED)), n, NOW + chance.randrange(100), EMAIL, SPRING_A if n <= 8 else SPRING_B) for n in chance.sample(people, 8)]
            some += [Touch(ACTED, chance.choice(people), NOW, type="bought") for _ in range(4)]
            await store.write(lambda tx, some=some: hot.write_touches(tx, [(SPACE, one) for one in some], NOW))
        await asyncio.gather(*(through(store, touches.Sums()) for _ in range(4)))
        assert await rows(store, t.touches) == [] and sum(row["n"] for row in await rows(store, t.acts)) == 480
        found = await counted(store)
        assert sum(n for (_, _, _, name), n in found.items() if name == "got") == len([row for row in await rows(store, t.recipients) if row["got"]]) > 10

    async def test_a_recount_finds_what_was_counted_wrong(self, store):
        await summed(store, Touch(GOT, 1, NOW, EMAIL, SPRING_A), Touch(GOT, 2, NOW, EMAIL, SPRING_A))
        await store.write(lambda tx: tx.conn.execute(t.recipients.update().where(t.recipients.c.person == 2).values(got=None)))
        assert await store.read(lambda tx: touches.unlike(tx, SPACE, 0.0)) == 1

    async def test_whoever_is_gone_is_taken_out_of_what_waits(self, store):
        told = [(SPACE, Touch(ACTED, person, NOW, type="bought")) for person in (1, 13, 2)]
        for some in (told, told[1:2]):
            await store.write(lambda tx, some=some: hot.write_touches(tx, some, NOW))
        await store.write(lambda tx: touches.forget_absent(tx, SPACE))
        left = [unpacked(bytes(row["body"])) for row in await rows(store, t.touches)]
        assert [[touch.person for touch in some] for some in left] == [[1, 2]]

    async def test_a_large_row_is_summed_whole(self, store):
        await store.write(lambda tx: hot.write_touches(tx, [(SPACE, Touch(ACTED, 1 + n % 5, NOW, type="bought")) for n in range(3 * touches.ONCE)], NOW))
        await through(store, touches.Sums())
        assert sum(row["n"] for row in await rows(store, t.acts)) == 3 * touches.ONCE


class TestSqliteTouches(TouchContract):
    @pytest.fixture
    async def store(self, tmp_path):
        url = f"sqlite:///{tmp_path / 'carillon.db'}"
        migrate(url, HeldClock(NOW))
        store = open_store(url, HeldClock(NOW))
        await store.start()
        await store.write(plant)
        yield store
        await store.close()


class TestPostgresTouches(TouchContract):
    @pytest.fixture
    async def store(self, fresh_postgres_url):
        migrate(fresh_postgres_url, HeldClock(NOW))
        store = open_store(fresh_postgres_url, HeldClock(NOW))
        await store.start()
        await store.write(plant)
        yield store
        await store.close()
