"""Invitations: a link for one account, for seven days, and nothing in the store that would open it."""

import asyncio

import pytest

from backend.app.app import App
from backend.app.invitations import KEPT, LIFE
from backend.app.views import PersonIn
from backend.clock import HeldClock
from backend.domain.errors import Invalid, NotFound, Refusal, Taken, TokenExpired, TokenInvalid
from backend.security.roles import ROLES
from backend.store import tables
from tests.app.actors import ADMIN, actor, rows, trail

PASSWORD = "correct horse battery"


def token(url: str | None) -> str:
    assert url and url.startswith("http://localhost:8000/invite?token=")
    return url.partition("=")[2]


async def test_an_invitation_becomes_one_account_that_is_signed_in(each_app: App) -> None:
    app = each_app
    made = await app.invitations.create(ADMIN, "marketer", "  Mia   Berg ")
    link = token(made.url)
    assert (made.name, made.role, made.ending, made.by) == ("Mia Berg", "marketer", "open", ADMIN.subject)
    shown = await app.invitations.describe(link)
    assert (shown.name, shown.role, (shown.expires_at - made.created_at).total_seconds()) == ("Mia Berg", "marketer", LIFE)
    session = await app.invitations.accept(link, "Mia@Example.com", PASSWORD, locale="de")
    who = await app.accounts.who(session.token)
    assert (who.subject, who.role, who.name, who.locale) == ("mia@example.com", "marketer", "Mia Berg", "de")
    (kept,) = (await app.invitations.list(ADMIN)).items
    assert (kept.ending, kept.login, kept.name, kept.url) == ("accepted", "mia@example.com", "", None)
    for call in (app.invitations.describe(link), app.invitations.accept(link, "second", PASSWORD)):
        with pytest.raises(TokenInvalid, match="used already"):
            await call
    assert [a.login for a in (await app.accounts.list(ADMIN)).items] == ["mia@example.com"]
    said = await trail(app)
    assert (ADMIN.subject, "account.invite", f"invitation:{made.id}") in said
    assert ("mia@example.com", "account.accept", "account:mia@example.com") in said


async def test_neither_the_link_nor_the_name_can_be_read_from_the_store(app: App) -> None:
    made = await app.invitations.create(ADMIN, "admin", "Mia Berg")
    kept = str([await rows(app, table) for table in tables.meta.sorted_tables])
    assert token(made.url) not in kept and "Mia Berg" not in kept and made.id in kept.replace("\\x", "")


async def test_of_two_who_hold_the_link_one_gets_in(each_app: App) -> None:
    app = each_app
    link = token((await app.invitations.create(ADMIN, "member")).url)
    got = await asyncio.gather(*[app.invitations.accept(link, f"user{n}", PASSWORD) for n in range(4)], return_exceptions=True)
    assert sorted(isinstance(one, TokenInvalid) for one in got) == [False, True, True, True]
    assert len(await rows(app, tables.accounts)) == len(await rows(app, tables.people)) == 1


async def test_it_ends_after_seven_days_and_leaves_the_list_after_a_month(app: App, clock: HeldClock) -> None:
    link = token((await app.invitations.create(ADMIN, "member", "Mia")).url)
    clock.move(LIFE - 1)
    assert (await app.invitations.describe(link)).name == "Mia"
    clock.move(1)
    for call in (app.invitations.describe(link), app.invitations.accept(link, "mia", PASSWORD)):
        with pytest.raises(TokenExpired, match="seven days"):
            await call
    assert [one.ending for one in (await app.invitations.list(ADMIN)).items] == ["expired"]
    clock.move(KEPT + 1)
    await app.invitations.create(ADMIN, "member", "Ben")
    assert [one.name for one in (await app.invitations.list(ADMIN)).items] == ["Ben"]
    assert await rows(app, tables.accounts) == []


async def test_a_withdrawn_one_opens_nothing(app: App) -> None:
    made = await app.invitations.create(ADMIN, "admin", "Mia")
    for _ in range(2):
        assert (await app.invitations.revoke(ADMIN, made.id)).ending == "revoked"
    with pytest.raises(TokenInvalid, match="withdrawn"):
        await app.invitations.accept(token(made.url), "mia", PASSWORD)
    used = await app.invitations.create(ADMIN, "admin", "Ben")
    await app.invitations.accept(token(used.url), "ben", PASSWORD)
    with pytest.raises(Invalid, match="Disable that account"):
        await app.invitations.revoke(ADMIN, used.id)
    with pytest.raises(NotFound):
        await app.invitations.revoke(ADMIN, "0" * 32)
    with pytest.raises(NotFound):
        await app.invitations.revoke(actor("admin", space=2), used.id)


async def test_nobody_takes_over_somebody_elses_inbox_with_an_invitation(app: App) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", email="mia@example.com"))
    await app.accounts.create(ADMIN, "ben", PASSWORD, "member")
    link = token((await app.invitations.create(ADMIN, "member")).url)
    for login in ("mia", "MIA", "ben"):
        with pytest.raises(Taken):
            await app.invitations.accept(link, login, PASSWORD)
    assert (await app.invitations.accept(link, "mia.berg", PASSWORD)).actor.subject == "mia.berg"


async def test_what_is_no_invitation_and_what_makes_no_account(app: App) -> None:
    for role, name in (("king", ""), ("", ""), ("admin", "x" * 201), ("admin", "Mia\u202eBerg"), ("admin", "a\x00b")):
        with pytest.raises(Invalid):
            await app.invitations.create(ADMIN, role, name)
    assert await rows(app, tables.invitations) == []
    link = token((await app.invitations.create(ADMIN, "member")).url)
    for login, password, name in (("!", PASSWORD, ""), ("mia", "short", ""), ("mia", "x" * 257, ""), ("mia", PASSWORD, "x" * 201)):
        with pytest.raises(Refusal):
            await app.invitations.accept(link, login, password, name)
    for wrong in ("", "made up", link[:-1], link + "x"):
        with pytest.raises(TokenInvalid):
            await app.invitations.accept(wrong, "mia", PASSWORD)
    assert await rows(app, tables.accounts) == [] and await rows(app, tables.people) == []
    assert (await app.invitations.describe(link)).role == "member"


async def test_the_list_is_paged_and_of_one_space(app: App, clock: HeldClock) -> None:
    for n in range(5):
        await app.invitations.create(ADMIN, ROLES[n], f"Person {n}")
        clock.move(1)
    await app.invitations.create(actor("admin", space=2), "admin", "Elsewhere")
    first = await app.invitations.list(ADMIN, limit=3)
    rest = await app.invitations.list(ADMIN, limit=3, after=first.next or "")
    assert [one.name[-1] for one in (*first.items, *rest.items)] == ["4", "3", "2", "1", "0"] and rest.next is None
