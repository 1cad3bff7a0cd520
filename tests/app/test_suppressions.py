"""Suppressions: by hash, and in the facts of everybody who has the address."""

from datetime import UTC, datetime

import pytest

from backend.app.app import App
from backend.app.views import AddressIn, PersonIn, SuppressionIn
from backend.clock import HeldClock
from backend.domain.errors import CursorForeign, Invalid, NotFound, UnknownChannel
from backend.domain.ids import person_id
from backend.store import people as line
from backend.store import tables
from tests.app.actors import ADMIN, OPERATOR, actor, gone, plant, rows, trail


async def suppressed(app: App, user: str) -> list[str]:
    person = person_id(1, user)
    facts = (await app.store.read(lambda tx: line.facts_of(tx, 1, [person], app.clock.now())))[person]
    return [a.suppressed for a in facts.addresses]


async def test_everybody_who_has_the_address_is_told(each_app: App) -> None:
    app = each_app
    for user in ("ann", "ben"):
        await app.people.put(ADMIN, user, PersonIn(email="shared@example.com"))
    keys = [await plant(app, user) for user in ("ann", "ben")]
    made = await app.suppressions.put(OPERATOR, SuppressionIn("email", "Shared@Example.com", "bounced"))
    assert made.address == app.sealer.address_hash("email", "shared@example.com").hex()
    assert [await gone(app, key) for key in keys] == [True, True]
    assert await suppressed(app, "ann") == ["bounced"] == await suppressed(app, "ben")
    assert (await app.people.get(ADMIN, "ann")).revision == 2
    view = (await app.people.addresses(ADMIN, "ann")).items[0]
    assert view.suppressed is not None and view.suppressed.code == "suppressed"
    keys = [await plant(app, user) for user in ("ann", "ben")]
    await app.suppressions.remove(ADMIN, "email", made.address)
    assert [await gone(app, key) for key in keys] == [True, True] and await suppressed(app, "ann") == [""]
    with pytest.raises(NotFound):
        await app.suppressions.remove(ADMIN, "email", "shared@example.com")


async def test_an_address_that_comes_later_is_suppressed_too(app: App) -> None:
    await app.suppressions.put(ADMIN, SuppressionIn("sms", "+49 30 901820", "stop"))
    await app.people.put(ADMIN, "ann", PersonIn(phone="+4930901820"))
    assert await suppressed(app, "ann") == ["stop"]


async def test_the_table_and_the_trail_hold_no_address(app: App) -> None:
    await app.suppressions.put(ADMIN, SuppressionIn("email", "secret@example.com"))
    kept = str(await rows(app, tables.suppressions)) + str(await rows(app, tables.audit))
    assert "secret" not in kept and "example.com" not in kept
    assert [action for _, action, _ in await trail(app)] == ["suppression.put"]


async def test_one_that_ends_ends_by_itself(app: App, clock: HeldClock) -> None:
    await app.people.put(ADMIN, "ann", PersonIn(email="a@example.com"))
    until = datetime.fromtimestamp(clock.now() + 60, UTC)
    await app.suppressions.put(ADMIN, SuppressionIn("email", "a@example.com", "soft", until))
    assert await suppressed(app, "ann") == ["soft"]
    clock.move(61)
    assert await suppressed(app, "ann") == [""] and (await app.people.addresses(ADMIN, "ann")).items[0].suppressed is None
    with pytest.raises(Invalid):
        await app.suppressions.put(ADMIN, SuppressionIn("email", "a@example.com", "soft", until))


async def test_pages_and_spaces(app: App) -> None:
    there = actor("admin", space=2)
    for n in range(7):
        await app.suppressions.put(ADMIN, SuppressionIn("email", f"a{n}@example.com"))
        await app.suppressions.put(there, SuppressionIn("sms", f"+49309018{n:02}"))
    seen, after = [], ""
    while True:
        page = await app.suppressions.list(ADMIN, after=after, limit=3)
        seen += page.items
        if page.next is None:
            break
        after = page.next
    assert len({s.address for s in seen}) == 7 == len(seen) and {s.channel for s in seen} == {"email"}
    assert (await app.suppressions.list(ADMIN, channel="sms")).items == []
    assert await app.suppressions.find(there, "email", "a1@example.com") is None
    assert await app.suppressions.find(ADMIN, "email", "a1@example.com") is not None
    with pytest.raises(CursorForeign):
        await app.suppressions.list(ADMIN, after="!!!")
    with pytest.raises(UnknownChannel):
        await app.suppressions.list(ADMIN, channel="fax")


async def test_what_is_no_address_is_refused(app: App) -> None:
    await app.people.put(ADMIN, "ann", PersonIn())
    for given in (SuppressionIn("email", "nonsense"), SuppressionIn("sms", "911x")):
        with pytest.raises(Invalid):
            await app.suppressions.put(ADMIN, given)
    with pytest.raises(Invalid):
        await app.people.put_address(ADMIN, "ann", AddressIn("email", "nonsense"))
    assert await rows(app, tables.suppressions) == []
