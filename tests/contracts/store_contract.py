"""The store's port, one suite for both engines."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, text

from backend.domain.errors import StoreUnavailable
from backend.domain.ids import DAY_MS, first_of_day
from backend.store import hot, partitions
from backend.store.tables import events
from tests.contracts.hot_rows import BORN, NOW, count, ids, one

ROOT = Path(__file__).resolve().parents[2]
TODAY = int(NOW // 86400)
# A process that dies in the middle of a transaction, after it has written in it.
DYING = """
import asyncio, os, signal, sys
from backend.clock import SystemClock
from backend.store.open import open_store
async def main():
    store = open_store(sys.argv[1], SystemClock(), address="http://localhost:1")
    await store.start()
    await store.write(lambda tx: put(tx, "whole"))
    await store.write(lambda tx: (put(tx, "half"), print(os.getpid(), flush=True), sys.stdin.read()))
def put(tx, name):
    tx.conn.exec_driver_sql(f"insert into marks (name, value) values ('{name}', '')")
asyncio.run(main())
"""


class Stop(Exception):
    """What a test's own function gives up with."""


def put(tx, name, value=""):
    tx.conn.execute(text("insert into marks (name, value) values (:name, :value)"), {"name": name, "value": value})


def names(tx):
    return {name for (name,) in tx.conn.execute(text("select name from marks"))}


class StoreContract:
    """Subclasses give `store` (started, migrated, marks empty), `url` of it, `closed` (a store nobody answers) and `cut`
    (make what `store` is connected to go away once, or stand full, until it is called again)."""

    async def test_a_write_is_there_once_it_is_answered(self, store):
        assert await store.write(lambda tx: put(tx, "one") or 7) == 7
        assert await store.read(names) == {"one"}

    async def test_an_error_rolls_back_and_is_raised(self, store):
        def fail(tx):
            put(tx, "never")
            raise Stop

        with pytest.raises(Stop):
            await store.write(fail)
        assert await store.read(names) == set()
        await store.write(lambda tx: put(tx, "after"))
        assert await store.read(names) == {"after"}

    async def test_a_short_write_of_a_stage_is_a_write_like_any_other(self, store):
        def fail(tx):
            put(tx, "never")
            raise Stop

        fns = [lambda tx: put(tx, "one") or 1, fail, lambda tx: put(tx, "two") or 2]
        answers = await asyncio.gather(*(store.write(fn, turn="deliver", short=True) for fn in fns), return_exceptions=True)
        assert [a if isinstance(a, int) else type(a) for a in answers] == [1, Stop, 2]
        assert await store.read(names) == {"one", "two"}

    async def test_of_writes_that_wait_together_only_the_failing_one_is_lost(self, store):
        def fail(tx):
            put(tx, "never")
            put(tx, "never")  # the key is taken

        writes = [lambda tx, n=n: fail(tx) if n == 5 else put(tx, str(n)) for n in range(20)]
        answers = await asyncio.gather(*(store.write(fn) for fn in writes), return_exceptions=True)
        assert [n for n, a in enumerate(answers) if isinstance(a, Exception)] == [5]
        assert await store.read(names) == {str(n) for n in range(20)} - {"5"}

    async def test_raw_and_conn_are_one_transaction(self, store):
        def both(tx):
            put(tx, "conn")
            tx.raw.execute("insert into marks (name, value) values ('raw', '')")
            assert names(tx) == {"conn", "raw"}
            raise Stop

        with pytest.raises(Stop):
            await store.write(both)
        assert await store.read(names) == set()

    async def test_reads_see_committed_rows_only(self, store):
        written, seen = threading.Event(), threading.Event()

        def slow(tx):
            put(tx, "slow")
            written.set()
            assert seen.wait(20)

        writing = asyncio.ensure_future(store.write(slow))
        await asyncio.to_thread(written.wait, 20)
        assert await store.read(names) == set()
        seen.set()
        await writing
        assert await store.read(names) == {"slow"}

    async def test_a_read_is_one_snapshot(self, store):
        looked, written = threading.Event(), threading.Event()

        def twice(tx):
            before = names(tx)
            looked.set()
            assert written.wait(20)
            return before, names(tx)

        reading = asyncio.ensure_future(store.read(twice))
        await asyncio.to_thread(looked.wait, 20)
        await store.write(lambda tx: put(tx, "between"))
        written.set()
        assert await reading == (set(), set())

    async def test_a_read_cannot_write(self, store):
        with pytest.raises(Exception, match=r"(?i)read.?only"):
            await store.read(lambda tx: put(tx, "sly"))
        assert await store.read(names) == set()
        await store.write(lambda tx: put(tx, "honest"))

    async def test_writers_side_by_side_lose_nothing(self, store):
        await store.write(lambda tx: put(tx, "n", "0"))

        def add(tx):
            tx.conn.execute(text("update marks set value = cast(cast(value as integer) + 1 as text) where name = 'n'"))

        await asyncio.gather(*(store.write(add, turn=turn) for turn in ("person", "decide", "deliver") for _ in range(20)))
        assert await store.read(lambda tx: tx.conn.execute(text("select value from marks")).scalar_one()) == "60"

    async def test_a_person_waits_for_one_batch_of_a_stage_at_most(self, store):
        """While a stage's batch runs and more of them wait, a person's write comes before the second of those that waited."""
        order, running, go = [], threading.Event(), threading.Event()

        def first(tx):
            running.set()
            assert go.wait(20)

        blocked = asyncio.ensure_future(store.write(first, turn="decide"))
        await asyncio.to_thread(running.wait, 20)
        waiting = [asyncio.ensure_future(store.write(lambda tx: order.append("stage"), turn=t)) for t in ("decide", "deliver") * 20]
        await asyncio.sleep(0)
        waiting.append(asyncio.ensure_future(store.write(lambda tx: order.append("person"))))
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(blocked, *waiting)
        assert len(order) == 41
        assert order.index("person") <= self.batches_before_a_person

    async def test_a_write_cancelled_while_it_waits_leaves_the_store_working(self, store):
        writing = asyncio.ensure_future(store.write(lambda tx: put(tx, "maybe")))
        await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await store.write(lambda tx: put(tx, "next"))
        assert "next" in await store.read(names)

    async def test_a_process_killed_in_mid_transaction_leaves_nothing_half(self, store, url):
        await store.close()
        with subprocess.Popen(
            [sys.executable, "-c", DYING, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as dying:
            pid = int(await asyncio.to_thread(dying.stdout.readline))
            os.kill(pid, signal.SIGKILL)
            assert await asyncio.to_thread(dying.wait) == -signal.SIGKILL
        await store.start()  # its lock died with it
        assert await store.read(names) == {"whole"}

    async def test_what_does_not_answer_says_so(self, closed):
        with pytest.raises(StoreUnavailable, match="Nothing was changed"):
            await closed.start()
        with pytest.raises(StoreUnavailable):
            await closed.write(names)
        with pytest.raises(StoreUnavailable):
            await closed.reachable()

    async def test_an_engine_that_goes_away_is_an_error_and_comes_back_alone(self, store, cut):
        await store.write(lambda tx: put(tx, "before"))
        with cut(store), pytest.raises(StoreUnavailable):
            await store.write(lambda tx: (put(tx, "lost", "x" * 4_000_000), cut.now(tx), put(tx, "lost too")))
        with cut(store), pytest.raises(StoreUnavailable):
            await store.write(lambda tx: (cut.now(tx), put(tx, "lost as well")), turn="deliver", short=True)
        await store.write(lambda tx: put(tx, "after"))
        await store.reachable()
        assert await store.read(names) == {"before", "after"}

    async def test_a_closed_store_refuses(self, store):
        await store.close()
        with pytest.raises(StoreUnavailable):
            await store.write(names)
        with pytest.raises(StoreUnavailable):
            await store.read(names)
        await store.close()
        await store.start()
        assert await store.read(names) == set()

    # ---- days

    async def test_days_are_made_once(self, store):
        ensure = lambda tx: partitions.ensure(tx, NOW + 86400)  # noqa: E731
        first = await store.write(ensure)
        assert {n.rpartition("_")[0] for n in first} in (set(partitions.PARTITIONED), set())
        assert await store.write(ensure) == []

    async def test_a_row_born_too_early_is_a_stray_until_its_day_is_made(self, store):
        row = one(1, born=BORN + 30 * DAY_MS)
        await store.write(lambda tx: hot.write_decided(tx, [row], NOW))
        strays = await store.read(partitions.strays)
        assert set(strays) in ({"events", "notifications", "deliveries"}, set())
        await store.write(lambda tx: partitions.ensure(tx, NOW + 30 * 86400, ahead=0, back=0))
        assert await store.read(partitions.strays) == {}
        assert await store.read(lambda tx: hot.states_of(tx, 1, ids(row))) == {ids(row)[0]: (0, 0)}
        assert (await store.write(lambda tx: hot.write_decided(tx, [row], NOW))).pending == set(ids(row))

    async def test_old_days_are_dropped_and_the_rest_stays(self, store):
        old, kept = one(1, born=BORN - 2 * DAY_MS), one(2)
        await store.write(lambda tx: hot.write_decided(tx, [old, kept], NOW))
        starts = [hot.Start(1, i, 1, "smtp") for i in ids(old, kept)]
        await store.write(lambda tx: hot.write_attempts(tx, [], starts, NOW))
        dropped = []
        while some := await store.write(lambda tx: partitions.drop_before(tx, TODAY - 1)):
            dropped += some
        assert {d.partition("_")[0] for d in dropped} == set(partitions.PARTITIONED)
        assert [await count(store, table) for table in partitions.PARTITIONED] == [1, 1, 1, 1]
        # a record of a day that is gone does not stop the line, although the connection knew the day
        again = await store.write(lambda tx: hot.write_decided(tx, [old, kept], NOW))
        assert again.pending == set(ids(old, kept))

    async def test_the_first_id_of_a_day_belongs_to_it(self, store):
        low = first_of_day(TODAY)
        edge, before = one(1, event=low), one(2, event=(int.from_bytes(low, "big") - 1).to_bytes(16, "big"))
        rows = [edge, before]
        await store.write(lambda tx: hot.write_decided(tx, rows, NOW))
        while await store.write(lambda tx: partitions.drop_before(tx, TODAY)):
            pass
        assert await store.read(lambda tx: list(tx.conn.execute(select(events.c.id)).scalars())) == [low]
