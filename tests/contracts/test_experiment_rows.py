"""What is counted of a run by variant, on both engines: by assignment, within the window of each wave, without those who get the winner."""

import pytest
from sqlalchemy import insert, update

from backend.clock import HeldClock
from backend.domain.ids import make_id
from backend.domain.tally import STAMP
from backend.domain.verdict import Count
from backend.store import experiment_rows
from backend.store import tables as t
from backend.store.experiment_rows import OFF, VerdictRow
from backend.store.migrate import migrate
from backend.store.open import open_store

NOW, DAY = 1_790_000_000.0, 86_400.0
RUN, OTHER = make_id(int(NOW * 1000), b"run"), make_id(int(NOW * 1000), b"other")


def plant(tx):
    """Two waves a day apart that are tried on, a rest; 20 people of each variant, 10 of the rest, 5 held out; another run beside."""
    waves = [(0, "test", NOW), (1, "test", NOW + DAY), (2, "rest", None)]
    tx.conn.execute(insert(t.waves), [{"space": 1, "run": RUN, "n": n, "kind": kind, "at": at, "recipients": 20, "state": "waiting", "changed": NOW} for n, kind, at in waves])
    rows = []
    for n in range(55):
        variant, wave = (n % 2, n // 2 % 2) if n < 40 else (-3, 2) if n < 50 else (-2, 0)
        rows.append({"run": RUN, "person": n, "space": 1, "variant": variant, "wave": wave, "foreseen": b"", "got": NOW if n < 30 else None, "clicked": None, "bounced": NOW if n == 33 else None})
    rows.append({**rows[0], "run": OTHER})
    tx.conn.execute(insert(t.recipients), rows)


def click(tx, person, at):
    tx.conn.execute(update(t.recipients).where(t.recipients.c.run == RUN, t.recipients.c.person == person).values(clicked=at))


def counted(tx, now=NOW + 9 * DAY):
    return experiment_rows.counted(tx, 1, RUN, "clicked", 3 * DAY, now)


class CountContract:
    async def test_people_by_assignment_and_hits_within_the_window_of_their_wave(self, store):
        def write(tx):
            click(tx, 0, NOW + 3 * DAY)  # wave 0: just within
            click(tx, 4, NOW + 3 * DAY + 1)  # wave 0: too late
            click(tx, 2, NOW + 4 * DAY)  # wave 1 began a day later
            click(tx, 1, NOW + 60)
            click(tx, 52, NOW + 60)  # held out
            return counted(tx)

        found = await store.write(write)
        assert found.arms == {0: Count(20, 2, 0, 15), 1: Count(20, 1, 0, 15, bounced=1)}
        assert (found.rest, found.holdout) == (10, (5, 1))
        assert (found.first, found.last) == (NOW, NOW + DAY)

    async def test_what_has_not_happened_yet_does_not_count(self, store):
        def write(tx):
            click(tx, 1, NOW + 60)
            return counted(tx, NOW + 59).arms[1].hits, counted(tx, NOW + 60).arms[1].hits

        assert await store.write(write) == (0, 1)

    async def test_who_gets_the_winner_later_was_not_tried_on(self, store):
        def write(tx):
            tx.conn.execute(update(t.recipients).where(t.recipients.c.run == RUN, t.recipients.c.variant == -3).values(variant=1, clicked=NOW))
            return counted(tx)

        found = await store.write(write)
        assert (found.arms[1], found.rest) == (Count(20, 0, 0, 15, bounced=1), 10)

    async def test_opens_by_machines_stand_apart_by_variant(self, store):
        def write(tx):
            tx.conn.execute(insert(t.cohorts), [{"space": 1, "cohort": 7 + v, "category": "offers", "priority": "low", "event": RUN, "created": NOW, "campaign": "c", "variant": v, "demo": False} for v in (0, 1)])
            tx.conn.execute(insert(t.tallies), [{"space": 1, "born": born, "cohort": 8, "channel": 2, "kind": STAMP["opened_machine"], "n": 3} for born in (0, 900)])
            return counted(tx)

        found = await store.write(write)
        assert [found.arms[v].machine for v in (0, 1)] == [0, 6]

    async def test_runs_are_watched_once_and_those_without_an_experiment_are_left_alone(self, store):
        def write(tx):
            runs = [{"space": 1, "id": made, "campaign": "c", "version": 1, "planned": NOW, "state": "running", "forecast": bytes(16), "created": NOW, "started": started}
                    for made, started in ((RUN, NOW), (OTHER, NOW - 100 * DAY))]  # fmt: skip
            tx.conn.execute(insert(t.runs), runs)
            before = experiment_rows.unwatched(tx, NOW - DAY, 10)
            for _ in range(2):
                experiment_rows.watch(tx, VerdictRow(space=1, run=RUN, state=OFF, next=None, at=NOW))
            return before, experiment_rows.unwatched(tx, NOW - DAY, 10), experiment_rows.come(tx, NOW + 1e9, 10), experiment_rows.page(tx, 1, None, 10)

        assert await store.write(write) == ([(1, RUN, "c", 1)], [], [], [])


class TestSqliteCounts(CountContract):
    @pytest.fixture
    async def store(self, tmp_path):
        url = f"sqlite:///{tmp_path / 'carillon.db'}"
        migrate(url, HeldClock(NOW))
        store = open_store(url, HeldClock(NOW))
        await store.start()
        await store.write(plant)
        yield store
        await store.close()


class TestPostgresCounts(CountContract):
    @pytest.fixture
    async def store(self, fresh_postgres_url):
        migrate(fresh_postgres_url, HeldClock(NOW))
        store = open_store(fresh_postgres_url, HeldClock(NOW))
        await store.start()
        await store.write(plant)
        yield store
        await store.close()
