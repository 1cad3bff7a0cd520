"""The container: what starting makes, what closing ends, and starting again."""

import asyncio
from pathlib import Path

import pytest

from backend.app.app import App, open_app
from backend.app.views import CategoryIn, PersonIn
from backend.clock import HeldClock
from backend.domain.category import SEEDED
from backend.domain.errors import CacheUnavailable, Invalid, SecondWriter
from backend.domain.ids import facts_key, person_id
from backend.security.sealing import Unsealable
from backend.store import tables
from tests.app.actors import ADMIN, rows
from tests.app.conftest import settings


async def test_a_second_start_finds_what_the_first_left(home: Path, clock: HeldClock) -> None:
    async with open_app(settings(home), clock) as app:
        await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
        await app.categories.put(ADMIN, "orders", CategoryIn("My orders"))
        token = await app.people.token(ADMIN, "mia", 600)
    async with open_app(settings(home), clock) as app:
        assert (await app.people.get(ADMIN, "mia")).name == "Mia"
        assert (await app.categories.get(ADMIN, "orders")).name == "My orders"
        assert len((await app.categories.list(ADMIN)).items) == len(SEEDED)
        assert (await app.tokens.verify(token)).subject == "mia"


async def test_a_second_process_is_refused_and_the_first_goes_on(app: App, home: Path, clock: HeldClock) -> None:
    with pytest.raises(SecondWriter):
        await open_app(settings(home), clock).start()
    await app.people.put(ADMIN, "mia", PersonIn())


async def test_what_was_opened_is_closed_when_a_later_part_refuses(home: Path, clock: HeldClock) -> None:
    async with open_app(settings(home), clock):
        pass


    with pytest.raises(Unsealable):  # the signing keys were sealed with another key
        await open_app(settings(home, secret_key=b"1" * 64), clock).start()
    async with open_app(settings(home), clock) as app:  # the file is free again
        assert await app.people.put(ADMIN, "mia", PersonIn())


async def test_facts_are_forgotten_later_when_the_cache_comes_back(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.app.base.FORGET_AGAIN", 0.001)
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    drop, calls = app.cache.drop, 0

    async def away_after_the_first(keys):
        nonlocal calls
        calls += 1
        if 1 < calls < 4:
            raise CacheUnavailable
        await drop(keys)
        if calls == 1:  # somebody reads the old facts before the commit
            await app.cache.put_many({facts_key(1, person_id(1, "mia")): b"old"}, 60.0)

    monkeypatch.setattr(app.cache, "drop", away_after_the_first)
    assert (await app.people.put(ADMIN, "mia", PersonIn(name="Else"))).name == "Else"
    async with asyncio.timeout(60):
        while await app.cache.get_many([facts_key(1, person_id(1, "mia"))]) != [None]:
            await asyncio.sleep(0.001)
    assert calls == 4


async def test_the_home_is_for_its_owner_alone(app: App, home: Path) -> None:
    assert home.stat().st_mode & 0o077 == 0


def test_settings_that_do_not_fit_together(home: Path, clock: HeldClock) -> None:
    with pytest.raises(Invalid, match="embedded"):
        open_app(settings(home, database_url="postgresql://localhost/x"), clock)


async def test_the_tables_of_a_new_space_hold_the_categories_alone(app: App) -> None:


    filled = {t.name for t in tables.meta.sorted_tables if await rows(app, t)}
    assert filled == {"spaces", "categories", "marks"}
