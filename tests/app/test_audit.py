"""The audit trail: in the transaction of the change, without personal data, for administrators of the space alone."""

from typing import Any

import pytest

from backend.app.app import App
from backend.app.views import AddressIn, CategoryIn, GroupIn, PersonIn, PreferencesIn, SuppressionIn
from backend.clock import HeldClock
from backend.domain.errors import Forbidden, Invalid, NotFound
from backend.store import audit, tables
from tests.app.actors import ADMIN, OPERATOR, actor, rows, trail


async def changes(app: App) -> list[tuple[str, object]]:
    """One change of each part, to be awaited one after the other."""
    return [
        ("user.put", lambda: app.people.put(OPERATOR, "mia", PersonIn("Mia Berger", "mia@example.com"))),
        ("address.put", lambda: app.people.put_address(OPERATOR, "mia", AddressIn("push", "token-77"))),
        ("preferences.put", lambda: app.preferences.put(OPERATOR, "mia", PreferencesIn(channels={"sms": False}))),
        ("group.put", lambda: app.groups.put(OPERATOR, "vip", GroupIn(members=["mia"]))),
        ("category.put", lambda: app.categories.put(ADMIN, "new", CategoryIn("New"))),
        ("suppression.put", lambda: app.suppressions.put(OPERATOR, SuppressionIn("email", "mia@example.com"))),
        ("account.create", lambda: app.accounts.create(ADMIN, "mia", "correct horse battery", "member")),
        ("client.create", lambda: app.clients.create(ADMIN, "shop", ["events:write"])),
        ("user.erase", lambda: app.people.erase(ADMIN, "mia")),
    ]


async def test_every_change_is_noted_and_none_tells_about_a_person(each_app: App) -> None:
    app = each_app
    for action, change in await changes(app):
        await change()  # type: ignore[operator]
        assert (await trail(app))[-1][1] == action
    kept = str(await rows(app, tables.audit))
    assert "Berger" not in kept and "example.com" not in kept and "token-77" not in kept


async def test_a_change_that_cannot_be_noted_is_not_made(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    for _, change in await changes(app):
        before = {table.name: await rows(app, table) for table in tables.meta.sorted_tables}
        with monkeypatch.context() as patch:
            patch.setattr(audit, "add", broken)
            with pytest.raises(RuntimeError, match="no space left"):
                await change()  # type: ignore[operator]
        assert before == {table.name: await rows(app, table) for table in tables.meta.sorted_tables}
        await change()  # type: ignore[operator]


def broken(*_: object) -> None:
    raise RuntimeError("no space left")


async def test_the_newest_first_in_pages_of_ones_own_space(app: App) -> None:
    for n in range(7):
        await app.groups.put(OPERATOR, f"g{n}", GroupIn())
    await app.groups.put(actor("admin", space=2), "other", GroupIn())
    seen, after = [], ""
    while True:
        page = await app.audit.list(ADMIN, after=after, limit=3)
        seen += [entry.object for entry in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == [f"group:g{n}" for n in reversed(range(7))]
    (entry,) = (await app.audit.list(ADMIN, target="group:g3")).items
    assert (entry.actor, entry.role, entry.action, entry.detail) == ("the-operator", "operator", "group.put", {"revision": 1, "members": 0, "made": True})
    with pytest.raises(Forbidden):
        await app.audit.list(OPERATOR)
    with pytest.raises(Invalid):
        await app.audit.list(ADMIN, after="xyz")
    with pytest.raises(Invalid):
        await app.audit.list(ADMIN, limit=201)


async def test_entries_are_found_by_who_kind_object_and_time(each_app: App, clock: HeldClock) -> None:
    app = each_app
    began = clock.now()
    await app.groups.put(OPERATOR, "vip", GroupIn())
    clock.move(3600)
    await app.groups.put(ADMIN, "vip_x", GroupIn())
    await app.categories.put(ADMIN, "new", CategoryIn("New"))
    clock.move(3600)

    async def found(**filters: Any) -> list[str]:
        return [entry.object for entry in (await app.audit.list(ADMIN, **filters)).items]

    assert await found(by="the-operator") == ["group:vip"]
    assert await found(area="group") == ["group:vip_x", "group:vip"]
    assert await found(area="gr%") == []
    assert await found(target="group:") == ["group:vip_x", "group:vip"]
    assert await found(target="group:vip") == ["group:vip"]
    assert await found(since=began + 3600) == ["category:new", "group:vip_x"]
    assert await found(until=began + 3600) == ["group:vip"]
    assert await found(since=began + 3600, until=began + 3601, area="category") == ["category:new"]
    one = (await app.audit.list(ADMIN)).items[0]
    assert await app.audit.get(ADMIN, one.id) == one
    with pytest.raises(NotFound):
        await app.audit.get(actor("admin", space=2), one.id)
