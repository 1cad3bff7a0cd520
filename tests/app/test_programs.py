"""Programs: their credentials, and answers kept for Idempotency-Key."""

import asyncio

import pytest

from backend.app.app import App
from backend.app.idempotency import Answer, Fresh
from backend.clock import HeldClock
from backend.domain.errors import Conflict, Forbidden, IdempotencyMismatch, Invalid, NotFound, Unauthenticated
from backend.store import tables
from tests.app.actors import ADMIN, OPERATOR, actor, program, rows

SHOP = program("events:write")


async def test_a_program_is_what_its_credentials_say(app: App) -> None:
    made = await app.clients.create(ADMIN, "shop", ["events:write", "users:write", "events:write"], "The shop")
    assert made.secret and made.secret not in str(await rows(app, tables.clients))
    who = await app.clients.verify("shop", made.secret)
    assert (who.subject, who.scopes, who.role, who.person, who.space) == ("shop", ("events:write", "users:write"), "", 0, 1)
    assert [c.secret for c in (await app.clients.list(ADMIN)).items] == [None]
    again = await app.clients.create(ADMIN, "shop", ["events:write"])
    for ident, secret in (("shop", made.secret), ("shop", ""), ("other", again.secret or ""), ("", "")):
        with pytest.raises(Unauthenticated):
            await app.clients.verify(ident, secret)
    with pytest.raises(Unauthenticated):
        await app.clients.verify("shop", again.secret or "", space=2)
    await app.clients.remove(ADMIN, "shop")
    with pytest.raises(Unauthenticated):
        await app.clients.verify("shop", again.secret or "")
    with pytest.raises(NotFound):
        await app.clients.remove(ADMIN, "shop")


async def test_what_makes_no_program(app: App) -> None:
    for ident, scopes in (("a b", ["events:write"]), ("shop", []), ("shop", ["everything"])):
        with pytest.raises(Invalid):
            await app.clients.create(ADMIN, ident, scopes)
    with pytest.raises(Forbidden):
        await app.clients.create(OPERATOR, "shop", ["admin"])


async def test_the_first_answer_again(each_app: App) -> None:
    begun = await each_app.idempotency.begin(SHOP, "key-1", b"digest")
    assert isinstance(begun, Fresh)
    with pytest.raises(Conflict):
        await each_app.idempotency.begin(SHOP, "key-1", b"digest")
    await each_app.idempotency.finish(begun, 202, b'{"id":"secret"}')
    assert await each_app.idempotency.begin(SHOP, "key-1", b"digest") == Answer(202, b'{"id":"secret"}')
    with pytest.raises(IdempotencyMismatch):
        await each_app.idempotency.begin(SHOP, "key-1", b"other")
    assert b"secret" not in (await rows(each_app, tables.idempotency))[0]["answer"]


async def test_of_two_at_once_one_begins(each_app: App) -> None:
    both = await asyncio.gather(*(each_app.idempotency.begin(SHOP, "key", b"d") for _ in range(2)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["Conflict", "Fresh"]


async def test_keys_belong_to_who_sent_them(app: App) -> None:
    for who in (SHOP, actor("admin"), program("events:write", space=2)):
        assert isinstance(await app.idempotency.begin(who, "key", b"d"), Fresh)


async def test_it_is_forgotten_after_a_day(app: App, clock: HeldClock) -> None:
    begun = await app.idempotency.begin(SHOP, "key", b"d")
    assert isinstance(begun, Fresh)
    await app.idempotency.finish(begun, 202, b"first")
    clock.move(86_399)
    assert isinstance(await app.idempotency.begin(SHOP, "key", b"d"), Answer)
    clock.move(2)
    assert isinstance(await app.idempotency.begin(SHOP, "key", b"another body"), Fresh)


async def test_a_dead_process_is_taken_over_and_its_late_answer_does_not_count(app: App, clock: HeldClock) -> None:
    dead = await app.idempotency.begin(SHOP, "key", b"d")
    clock.move(59)
    with pytest.raises(Conflict):
        await app.idempotency.begin(SHOP, "key", b"d")
    clock.move(2)
    taken = await app.idempotency.begin(SHOP, "key", b"d")
    assert isinstance(dead, Fresh) and isinstance(taken, Fresh)
    await app.idempotency.finish(dead, 202, b"late")
    with pytest.raises(Conflict):
        await app.idempotency.begin(SHOP, "key", b"d")
    await app.idempotency.finish(taken, 202, b"mine")
    assert await app.idempotency.begin(SHOP, "key", b"d") == Answer(202, b"mine")


async def test_a_key_given_back_is_free(app: App) -> None:
    begun = await app.idempotency.begin(SHOP, "key", b"d")
    assert isinstance(begun, Fresh)
    await app.idempotency.abandon(begun)
    assert isinstance(await app.idempotency.begin(SHOP, "key", b"corrected"), Fresh)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
async def test_a_key_that_is_none(app: App, key: str) -> None:
    with pytest.raises(Invalid):
        await app.idempotency.begin(SHOP, key, b"d")
