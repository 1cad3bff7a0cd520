"""How the demo leaves: everything of it goes, nothing of anybody else, a step at a time, and every number stays true."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.app.accounts import MAIN
from backend.app.demo import NoDemo
from backend.app.views import PersonIn, TemplateIn
from backend.domain.errors import NotFound, TokenInvalid, Unauthenticated
from backend.domain.event import EventIn, To
from backend.domain.ids import person_id
from backend.security.roles import SYSTEM
from backend.store import tables
from carillon import demo
from carillon.demo.life import Life
from carillon.demo.plot import TINY
from tests.demo.conftest import is_true, rows, seeded

OF_A_NEW_HOUSE = {"categories", "spaces"}


def event(**to) -> EventIn:
    return EventIn(type="order.shipped", category="orders", to=To(**to), title="On its way")


async def gone(app, who=SYSTEM, each=None) -> int:
    steps = 0
    while not (await app.demo.leave(who)).gone:
        steps += 1
        assert steps < 100
        if each:
            await each(app)
    return steps


async def test_nothing_of_it_is_left(house):
    await seeded(house)
    await house.settle()
    told = await house.app.demo.counts(SYSTEM)
    made = await rows(house.app)
    assert (told.people, told.notifications, told.deliveries) == (made["people"], made["notifications"], made["deliveries"])
    assert (told.inbox, told.captures) == (made["inbox"], made["captures"])
    assert len(told.templates) == 12
    assert len(told.accounts) == 5
    assert await gone(house.app, each=is_true) > 2
    await is_true(house.app)
    left = await rows(house.app)
    assert left.keys() - OF_A_NEW_HOUSE == set()
    assert (await house.app.demo.state(SYSTEM)).stage == "gone"
    with pytest.raises(NoDemo):
        await house.app.demo.leave(SYSTEM)
    assert not (Path(house.settings.home) / "demo_sign_ins").exists()


async def test_everybody_else_stays_with_all_that_is_theirs(house):
    app = house.app
    await seeded(house)
    await app.people.put(SYSTEM, "real", PersonIn(name="Real Person", email="real@example.net", groups=["loyal"]))
    await app.events.accept(SYSTEM, [event(user="real"), event(users=["real", "mia", "zoe"]), event(group="loyal"), event(user="mia")])
    await app.templates.put(SYSTEM, "order_shipped", TemplateIn(content=(await app.templates.get(SYSTEM, "order_shipped")).draft, name="Mine"))
    await house.settle()
    mine = person_id(MAIN, "real")
    before = (await app.deliveries.list(SYSTEM, user="real")).items
    assert {one.channel for one in before} == {"web", "email"}
    counts = await app.demo.counts(SYSTEM)
    assert counts.kept == ["order_shipped"]
    await gone(app, each=is_true)
    await is_true(app)
    assert (await app.deliveries.list(SYSTEM, user="real")).items == before
    assert [row["key"] for row in await every(app, tables.templates)] == ["order_shipped"]
    assert {row["user_id"] for row in await every(app, tables.people)} == {"real"}
    assert {row["recipients"] for row in await every(app, tables.events)} == {1}
    assert {row["person"] for row in await every(app, tables.notifications)} == {mine}
    assert {row["key"] for row in await every(app, tables.groups)} == {"loyal"}
    for one in {row["id"].hex() for row in await every(app, tables.events)}:
        ledger = (await app.events.get(SYSTEM, one)).ledger
        assert ledger.planned == ledger.sent + ledger.skipped > 0


async def test_whoever_sends_it_away_stays_signed_in_and_everybody_else_of_it_does_not(alone):
    app = alone.app
    signs = {one.login: one for one in (await app.first_start()).sign_ins}
    await seeded(alone)
    session = await app.accounts.sign_in("admin", signs["admin"].password)
    other = await app.accounts.sign_in("analyst", signs["analyst"].password)
    assert (await app.demo.counts(session.actor)).account == "admin"
    await gone(app, session.actor)
    who = await app.accounts.who(session.token)
    assert who.role == "admin"
    assert [one.login for one in (await app.accounts.list(who)).items] == ["admin"]
    with pytest.raises(TokenInvalid):
        await app.accounts.who(other.token)
    with pytest.raises(Unauthenticated):
        await app.accounts.sign_in("analyst", signs["analyst"].password)
    assert {row["user_id"]: bool(row["demo"]) for row in await every(app, tables.people)} == {"admin": False}
    await is_true(app)
    assert (await rows(app)).keys() - OF_A_NEW_HOUSE <= {"accounts", "people", "sessions", "summaries"}


async def test_who_takes_it_away_from_outside_gets_a_link_for_the_first_account(alone):
    await seeded(alone)
    await gone(alone.app)
    told = await alone.app.first_start()
    assert told.sign_ins == ()
    assert (await alone.app.accounts.claim(told.claim, "root", "a long test password")).actor.role == "admin"


async def test_interrupted_it_goes_on_and_it_comes_again_when_asked(alone):
    app = alone.app
    await seeded(alone)
    for _ in range(2):
        await app.demo.leave(SYSTEM)
    with pytest.raises(demo.StillLeaving):
        await demo.start(app)
    assert await Life(app, TINY).tick() is False  # nothing comes in while it leaves
    await gone(app)
    await demo.start(app)
    await seeded(alone)
    await is_true(app)
    assert (await rows(app))["people"] == TINY.people + 12
    assert (await app.people.get(SYSTEM, "noor")).name == "Noor Haddad"
    await gone(app)
    with pytest.raises(NotFound):
        await app.people.get(SYSTEM, "noor")


async def every(app, table):
    return await app.store.read(lambda tx: [dict(row._mapping) for row in tx.conn.execute(select(table)).all()])
