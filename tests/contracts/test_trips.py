"""Several statements in one trip to PostgreSQL, and what is owed until the next one."""

import pytest
from sqlalchemy import text

from backend.clock import HeldClock
from backend.domain.delivery import State
from backend.domain.errors import StoreUnavailable
from backend.domain.touch import GOT, Touch, unpacked
from backend.store import hot
from backend.store.migrate import migrate
from backend.store.open import open_store
from backend.store.packed import Session, int8, session
from tests import engines
from tests.contracts.hot_rows import NOW, move, one, outcome

ECHO = ("trip_echo", "select $1::text", (b"x" * 65_536,))


@pytest.fixture(scope="module")
def migrated(postgres_url):
    with engines.database(postgres_url) as url:
        migrate(url, HeldClock(NOW))
        yield url


@pytest.fixture
async def store(migrated):
    made = open_store(migrated, HeldClock(NOW))
    await made.start()
    yield made
    await made.close()


def fails(name="trip_zero"):
    return name, "select 1 / $1::int8", (int8(0),)


async def marks(store):
    return await store.read(lambda tx: tx.conn.execute(text("select count(*) from marks where name like 'trip%'")).scalar_one())


def mark(name):
    return "trip_mark", "insert into marks (name, value) values ($1::text, 'x')", (name.encode(),)


async def test_who_comes_by_another_way_sees_what_was_owed(store):
    row = one(1)

    def write(tx):
        hot.write_decided(tx, [row], NOW)
        hot.write_moves(tx, [move(row, State.SENT)], NOW)
        return tx.conn.execute(text("select sum(n) from deltas where was = 0 and now = :sent"), {"sent": int(State.SENT)}).scalar_one()

    assert await store.write(write) == 1


async def test_what_people_got_goes_with_the_commit(store, monkeypatch):
    """Each trip costs the waiting thread the interpreter: counts and touches, which nobody waits for, are one with the commit."""
    rows, trips = [one(100 + n) for n in range(3)], []
    await store.write(lambda tx: hot.write_decided(tx, rows, NOW))
    trip = Session._trip
    monkeypatch.setattr(Session, "_trip", lambda self, asked, commit=False: (trips.append(([name.split("_2")[0] for name, _, _ in asked], commit)), trip(self, asked, commit))[1])

    def write(tx):
        hot.write_attempts(tx, [outcome(row, State.SENT) for row in rows[:2]], [hot.Start(1, rows[2].deliveries[0].id, 1, "smtp")], NOW)
        hot.write_touches(tx, [(1, Touch(GOT, 100, NOW, 2, 900)), (7, Touch(GOT, 101, NOW, 2, 901)), (1, Touch(GOT, 102, NOW, 2, 902))], NOW)

    await store.write(write)
    assert trips == [(["hot_end", "hot_start"], False), (["hot_count", "hot_touches", "hot_touches"], True)]
    found = await store.read(lambda tx: tx.conn.execute(text("select space, at, body from touches order by space")).all())
    assert [(space, at, [touch.person for touch in unpacked(body)]) for space, at, body in found] == [(1, NOW, [100, 102]), (7, NOW, [101])]


async def test_after_one_that_fails_none_is_run_and_nothing_stays(store):
    def write(tx):
        s = session(tx.raw)
        s.owe(*mark("trip 1")[:2], *mark("trip 1")[2])
        s.together([mark("trip 2"), fails(), mark("trip 3")])

    with pytest.raises(Exception, match="division by zero"):
        await store.write(write)
    assert await marks(store) == 0
    for _ in range(20):  # whichever connection of the pool it was
        assert await store.write(lambda tx: session(tx.raw).run("trip_one", "select $1::int8", int8(7)).get_value(0, 0)) == int8(7)


async def test_what_is_owed_when_the_function_fails_is_owed_no_more(store):
    def write(tx):
        session(tx.raw).owe(*fails()[:2], *fails()[2])
        raise ValueError("changed its mind")

    with pytest.raises(ValueError, match="changed its mind"):
        await store.write(write)
    for _ in range(20):
        await store.write(lambda tx: session(tx.raw).pay())


async def test_what_is_owed_at_the_end_fails_the_transaction(store):
    def write(tx):
        s = session(tx.raw)
        s.run(*mark("trip 4")[:2], *mark("trip 4")[2])
        s.owe(*fails()[:2], *fails()[2])

    with pytest.raises(Exception, match="division by zero"):
        await store.write(write)
    assert await marks(store) == 0


async def test_more_than_the_buffers_hold_goes_both_ways(store):
    answers = await store.write(lambda tx: [len(a.get_value(0, 0)) for a in session(tx.raw).together([ECHO] * 300)])
    assert answers == [65_536] * 300


async def test_a_connection_lost_amid_a_trip_is_one_refused_call(store):
    def write(tx):
        s = session(tx.raw)
        s.owe(*mark("trip 5")[:2], *mark("trip 5")[2])
        s.together([ECHO, ("trip_end", "select pg_terminate_backend(pg_backend_pid(), $1::int8)", (int8(1000),)), ECHO])

    with pytest.raises(StoreUnavailable):
        await store.write(write)
    assert await marks(store) == 0
    assert await store.write(lambda tx: session(tx.raw).run("trip_one", "select $1::int8", int8(7)).get_value(0, 0)) == int8(7)
