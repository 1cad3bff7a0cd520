"""Signing in: who may, for how long, and what a stranger can learn."""

import stat
import time
from pathlib import Path

import pytest

from backend.app.accounts import SESSION, session_id
from backend.app.app import App, open_app
from backend.app.first_start import FILE
from backend.app.views import PersonIn
from backend.clock import HeldClock
from backend.domain.errors import Forbidden, Invalid, NotFound, Taken, TokenExpired, TokenInvalid, TooManyRequests, Unauthenticated
from backend.domain.ids import person_id
from backend.security.roles import ROLES
from backend.store import tables
from tests.app.actors import ADMIN, MEMBER, actor, rows, trail
from tests.app.conftest import settings

PASSWORD = "correct horse battery"


@pytest.fixture
async def app(app: App) -> App:
    """With an account."""
    await app.accounts.create(ADMIN, "Mia@Example.com", PASSWORD, "marketer", "Mia", "mia", timezone="Europe/Berlin", locale="de")
    return app


async def test_a_session_is_the_person_with_the_role(app: App) -> None:
    session = await app.accounts.sign_in(" MIA@example.com ", PASSWORD)
    who = await app.accounts.who(session.token)
    assert who == session.actor
    assert (who.subject, who.role, who.person, who.name) == ("mia", "marketer", person_id(1, "mia"), "Mia")
    assert (who.timezone, who.locale, who.scopes, who.via) == ("Europe/Berlin", "de", None, "portal")
    assert (await app.people.get(who, "mia")).name == "Mia"


async def test_neither_password_nor_token_is_kept(app: App) -> None:
    session = await app.accounts.sign_in("mia@example.com", PASSWORD)
    kept = str(await rows(app, tables.accounts)) + str(await rows(app, tables.sessions)) + str(await rows(app, tables.audit))
    assert PASSWORD not in kept and session.token not in kept and "$argon2id$" in kept


async def test_a_session_slides_for_twelve_hours(app: App, clock: HeldClock) -> None:
    session = await app.accounts.sign_in("mia@example.com", PASSWORD)
    for _ in range(3):
        clock.move(SESSION - 60)
        await app.accounts.who(session.token)
    clock.move(SESSION + 1)
    with pytest.raises(TokenExpired):
        await app.accounts.who(session.token)


async def test_signing_out_ends_it(app: App) -> None:
    session = await app.accounts.sign_in("mia@example.com", PASSWORD)
    await app.accounts.sign_out(session.token)
    await app.accounts.sign_out(session.token)
    for token in (session.token, "made up", ""):
        with pytest.raises(TokenInvalid):
            await app.accounts.who(token)


async def test_a_stranger_cannot_tell_whether_a_login_exists(app: App) -> None:
    answers, took = [], []
    for login in ("mia@example.com", "nobody@example.com"):
        began = time.perf_counter()
        with pytest.raises(Unauthenticated) as refused:
            await app.accounts.sign_in(login, "wrong password!")
        took.append(time.perf_counter() - began)
        answers.append(refused.value.detail)
    assert answers[0] == answers[1]
    assert took[1] > took[0] / 5  # both hash; without a hash it is a hundred times shorter


async def test_tries_are_limited_per_login_and_per_address(app: App, clock: HeldClock) -> None:
    async def attempts(login: str, address: str) -> int:
        for n in range(50):
            try:
                await app.accounts.sign_in(login.format(n), "x" * 300, address=address.format(n))  # too long to be hashed: quick
            except TooManyRequests as refused:
                assert refused.facts["retry_after"] > 0
                return n
            except Unauthenticated:
                pass
        return 50

    assert await attempts("mia@example.com", "10.0.0.{}") == 10
    with pytest.raises(TooManyRequests):  # the right password does not help either
        await app.accounts.sign_in("mia@example.com", PASSWORD)
    assert await attempts("user{}@example.com", "10.1.0.1") == 10
    clock.move(61)
    assert (await app.accounts.sign_in("mia@example.com", PASSWORD)).actor.subject == "mia"


async def test_a_disabled_account_is_out_at_once(app: App) -> None:
    session = await app.accounts.sign_in("mia@example.com", PASSWORD)
    assert (await app.accounts.disable(ADMIN, "mia@example.com")).disabled_at is not None
    with pytest.raises(TokenInvalid):
        await app.accounts.who(session.token)
    with pytest.raises(Unauthenticated):
        await app.accounts.sign_in("mia@example.com", PASSWORD)
    await app.accounts.enable(ADMIN, "mia@example.com")
    assert await app.accounts.sign_in("mia@example.com", PASSWORD)
    with pytest.raises(TokenInvalid):
        await app.accounts.who(session.token)


async def test_the_last_administrator_stays(app: App) -> None:
    await app.accounts.create(ADMIN, "root", PASSWORD, "admin")
    with pytest.raises(Invalid, match="last administrator"):
        await app.accounts.disable(ADMIN, "root")
    with pytest.raises(Invalid, match="last administrator"):
        await app.people.erase(ADMIN, "root")
    await app.accounts.create(ADMIN, "second", PASSWORD, "admin")
    await app.accounts.disable(ADMIN, "root")
    with pytest.raises(Invalid, match="last administrator"):
        await app.accounts.disable(ADMIN, "second")


async def test_a_new_password_ends_every_session(app: App) -> None:
    session = await app.accounts.sign_in("mia@example.com", PASSWORD)
    with pytest.raises(Forbidden):
        await app.accounts.set_password(session.actor, "mia@example.com", "another password", "not the old one")
    await app.accounts.set_password(session.actor, "mia@example.com", "another password", PASSWORD)
    with pytest.raises(TokenInvalid):
        await app.accounts.who(session.token)
    with pytest.raises(Forbidden):
        await app.accounts.set_password(actor("member", "ben"), "mia@example.com", "another password", "another password")
    await app.accounts.set_password(ADMIN, "mia@example.com", "yet another password")
    assert await app.accounts.sign_in("mia@example.com", "yet another password")
    with pytest.raises(NotFound):
        await app.accounts.set_password(ADMIN, "nobody", "yet another password")


async def test_what_makes_no_account(app: App) -> None:
    for login, password, role, error in (
        ("mia@example.com", PASSWORD, "member", Taken),
        ("a", PASSWORD, "member", Invalid),
        ("a b", PASSWORD, "member", Invalid),
        ("ben", "short", "member", Invalid),
        ("ben", PASSWORD, "king", Invalid),
    ):
        with pytest.raises(error):
            await app.accounts.create(ADMIN, login, password, role)
    assert len(await rows(app, tables.accounts)) == 1 and len(await rows(app, tables.people)) == 1
    with pytest.raises(Forbidden):
        await app.accounts.create(MEMBER, "ben", PASSWORD, "admin")


async def test_accounts_of_two_spaces_are_two(app: App) -> None:
    there = actor("admin", space=2)
    await app.accounts.create(there, "mia@example.com", "another password", "admin", user_id="mia")
    assert (await app.accounts.sign_in("mia@example.com", PASSWORD)).actor.space == 1
    with pytest.raises(Unauthenticated):
        await app.accounts.sign_in("mia@example.com", "another password")
    session = await app.accounts.sign_in("mia@example.com", "another password", space=2)
    assert (session.actor.space, session.actor.role) == (2, "admin")
    assert [a.role for a in (await app.accounts.list(there)).items] == ["admin"]
    with pytest.raises(NotFound):
        await app.accounts.disable(actor("admin", space=3), "mia@example.com")


async def test_an_account_takes_the_person_that_is_there(app: App) -> None:
    await app.people.put(ADMIN, "ben", PersonIn(name="Ben", email="ben@example.com"))
    view = await app.accounts.create(ADMIN, "ben-login", PASSWORD, "member", "B", "ben")
    assert view.user == "ben" and (await app.people.get(ADMIN, "ben")).email == "ben@example.com"


async def test_the_demo_prints_its_sign_ins_at_every_start(home: Path, clock: HeldClock) -> None:
    for _ in range(2):
        async with open_app(settings(home, demo=True), clock) as app:
            told = await app.first_start()
            assert told.claim == "" and [one.role for one in told.sign_ins] == list(ROLES)
            for one in told.sign_ins:
                assert (await app.accounts.sign_in(one.login, one.password)).actor.role == one.role
            first = told.sign_ins
            clock.move(3600)
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    assert len({one.password for one in first}) == 5
    async with open_app(settings(home, demo=True), clock) as app:
        await app.accounts.set_password(ADMIN, "analyst", "my own password now")
        await app.accounts.disable(ADMIN, "member")
        assert [one.role for one in (await app.first_start()).sign_ins] == ["admin", "marketer", "operator"]


async def test_an_empty_installation_is_claimed_once(home: Path, clock: HeldClock) -> None:
    async with open_app(settings(home), clock) as app:
        old = (await app.first_start()).claim
        told = await app.first_start()
        assert told.sign_ins == () and told.claim and told.claim != old
        kept = str(await rows(app, tables.marks))
        assert told.claim not in kept
        for token in (old, "", "made up"):
            with pytest.raises(TokenInvalid):
                await app.accounts.claim(token, "root", PASSWORD)
        with pytest.raises(Invalid):
            await app.accounts.claim(told.claim, "root", "short")
        session = await app.accounts.claim(told.claim, "root", PASSWORD)
        assert (session.actor.role, session.actor.subject) == ("admin", "root")
        with pytest.raises(TokenInvalid):
            await app.accounts.claim(told.claim, "second", PASSWORD)
        assert (await app.first_start()).claim == ""
        assert ("root", "account.claim", "account:root") in await trail(app)


async def test_a_role_is_changed_and_holds_from_the_next_call_on(app: App) -> None:
    session = await app.accounts.sign_in("mia@example.com", PASSWORD)
    assert (await app.accounts.set_role(ADMIN, "mia@example.com", "operator")).role == "operator"
    assert (await app.accounts.who(session.token)).role == "operator"
    await app.accounts.set_role(ADMIN, "mia@example.com", "operator")  # no change, no audit
    assert [row[1] for row in await trail(app)].count("account.role") == 1
    with pytest.raises(Invalid, match="There is no role 'king'"):
        await app.accounts.set_role(ADMIN, "mia@example.com", "king")
    with pytest.raises(NotFound):
        await app.accounts.set_role(ADMIN, "nobody", "admin")


async def test_the_last_administrator_keeps_the_role(app: App) -> None:
    await app.accounts.create(ADMIN, "root", PASSWORD, "admin")
    with pytest.raises(Invalid, match="last administrator"):
        await app.accounts.set_role(ADMIN, "root", "member")
    await app.accounts.set_role(ADMIN, "mia@example.com", "admin")
    assert (await app.accounts.set_role(ADMIN, "root", "member")).role == "member"


async def test_ones_own_sessions_are_listed_and_ended(app: App, clock: HeldClock) -> None:
    first = await app.accounts.sign_in("mia@example.com", PASSWORD, agent="Firefox" * 100)
    clock.move(60)
    second = await app.accounts.sign_in("mia@example.com", PASSWORD, agent="Chrome")
    listed = (await app.accounts.sessions(second.actor)).items
    assert [(one.id, one.agent[:7]) for one in listed] == [(session_id(second.token), "Chrome"), (session_id(first.token), "Firefox")]
    assert len(listed[1].agent) == 300
    assert first.token not in str(listed)
    with pytest.raises(NotFound):
        await app.accounts.end_session(ADMIN, session_id(first.token))
    await app.accounts.end_session(second.actor, session_id(first.token))
    with pytest.raises(TokenInvalid):
        await app.accounts.who(first.token)
    assert await app.accounts.who(second.token)
    clock.move(SESSION + 60)
    assert (await app.accounts.sessions(second.actor)).items == []
