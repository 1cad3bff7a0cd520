"""The history of the demo: true to the rows on every engine, made once however often it is interrupted, and marked."""

import pytest
from sqlalchemy import select

from backend.app.accounts import MAIN
from backend.domain.delivery import State
from backend.store import tables
from backend.store.port import Tx
from carillon import demo
from carillon.demo import plot
from carillon.demo.campaigns import seed_shelf
from carillon.demo.cast import PEOPLE
from carillon.demo.history import History, Stopped, place
from carillon.demo.life import Life
from carillon.demo.plot import TINY, Size, Users
from tests.demo.conftest import is_true, opened, rows, seeded
from tests.line.houses import NOON


async def test_every_number_is_true_to_the_rows(house):
    await seeded(house)
    await is_true(house.app)
    made = await rows(house.app)
    assert made["people"] == TINY.people + len(PEOPLE) + 5
    assert made["notifications"] > 50
    assert made["receipts"] > 50
    assert made["captures"] > 5
    await house.settle()  # what was held or waits for a retry belongs to the line
    house.clock.move(86_400)
    await house.settle()
    await is_true(house.app)
    states = await house.app.store.read(lambda tx: set(tx.conn.scalars(select(tables.deliveries.c.state))))
    assert not states & {State.PENDING, State.HELD, State.RETRYING, State.SENDING}


async def test_rules_know_what_the_crowd_got_and_did(house):
    await seeded(house)
    await house.settle()

    def read(tx: Tx):
        s, n, d = tables.summaries.c, tables.notifications.c, tables.deliveries.c
        got = set(tx.conn.scalars(select(s.person).where(s.got.is_not(None))))
        had = set(tx.conn.scalars(select(d.person).where(d.state.in_((State.SENT, State.DELIVERED)))))
        last = max(tx.conn.scalars(select(s.got).where(s.got.is_not(None))))
        return got, had, last, len(tx.conn.scalars(select(s.person).where(s.opened.is_not(None))).all()), set(tx.conn.scalars(select(n.person)))

    got, had, last, opened, told = await house.app.store.read(read)
    assert had <= got <= told and opened > 5 and last <= house.clock.now()


async def test_nobody_but_the_demo_is_in_it_and_nothing_left_the_house(house):
    await seeded(house)

    def read(tx: Tx):
        demo = set(tx.conn.scalars(select(tables.people.c.person).where(tables.people.c.demo)))
        told = set(tx.conn.scalars(select(tables.notifications.c.person)))
        providers = set(tx.conn.scalars(select(tables.attempts.c.provider)))
        return told - demo, providers, set(tx.conn.scalars(select(tables.cohorts.c.demo).where(tables.cohorts.c.event == bytes(16))))

    strangers, providers, cohorts = await house.app.store.read(read)
    assert strangers == set()
    assert providers <= {"capture-email", "capture-push", "capture-sms"}
    assert cohorts == {True}


async def test_seeding_again_changes_nothing(house):
    life = await seeded(house)
    before = await rows(house.app)
    await life.seed()
    assert await rows(house.app) == before


async def test_interrupted_anywhere_it_goes_on_where_it_was(alone, tmp_path_factory):
    await seeded(alone)
    whole = await rows(alone.app)
    async with opened({"CARILLON_HOME": str(tmp_path_factory.mktemp("other"))}) as other:
        await other.app.first_start()
        await demo.first(other.app)
        life = Life(other.app, TINY)
        await demo.seed_rest(other.app)
        await life._crowd()
        await seed_shelf(other.app)
        for allowed in (1, 5, 11, 1_000):
            asked = iter(range(allowed))

            def go_on(tx: Tx, asked=asked) -> bool:
                return next(asked, None) is not None

            async def told(done: int, of: int) -> None: ...

            if allowed < 1_000:
                with pytest.raises(Stopped):
                    await History(other.app, TINY, go_on).write(told)
                await is_true(other.app)
            else:
                await History(other.app, TINY, go_on).write(told)
        assert await rows(other.app) == whole
        kept = await other.app.store.read(place)
        assert kept.done == kept.of > 17


async def test_people_behind_the_sign_ins_find_something_in_their_inbox(alone):
    await seeded(alone)
    def read(tx: Tx):
        a = tables.accounts.c
        mine = select(a.person).where(a.space == MAIN)
        return tx.conn.execute(select(tables.inbox.c.id).where(tables.inbox.c.person.in_(mine))).all()

    assert len(await alone.app.store.read(read)) >= 3


def test_the_plan_is_the_same_every_time_and_has_a_rhythm():
    size = Size(people=200, days=30, daily=100)
    users = Users(size, ["admin"])
    plan = plot.portions(NOON, size, users)
    assert plan == plot.portions(NOON, size, Users(size, ["admin"]))
    single = [m for portion in plan for m in portion.moments]
    assert all(NOON - 30 * plot.DAY < m.at < NOON for m in single)
    by_day: dict[int, int] = {}
    for m in single:
        by_day[int(m.at // plot.DAY)] = by_day.get(int(m.at // plot.DAY), 0) + len(m.events)
    assert len(by_day) == 30
    whole = {day: n for day, n in by_day.items() if day != int(NOON // plot.DAY)}
    sundays = [n for day, n in whole.items() if (day + 3) % 7 == 6]
    tuesdays = [n for day, n in whole.items() if (day + 3) % 7 == 1]
    assert max(sundays) < min(tuesdays)
    nights = sum(len(m.events) for m in single if m.at % plot.DAY < 5 * plot.HOUR)
    noons = sum(len(m.events) for m in single if 9 * plot.HOUR <= m.at % plot.DAY < 14 * plot.HOUR)
    assert nights * 3 < noons
    assert {portion.letter for portion in plan} == {"", "maintenance", "product_tips", "weekly_offer"}
