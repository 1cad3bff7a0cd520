"""Groups: membership and wishes that reach every member's facts."""

import pytest

from backend.app.app import App
from backend.app.views import GroupIn, PersonIn, PreferencesIn
from backend.domain.errors import CursorForeign, Invalid, Locked, NotFound, Stale, UnknownUser
from backend.domain.ids import person_id
from backend.domain.person import Wishes
from backend.store import people as line
from backend.store import tables
from tests.app.actors import ADMIN, OPERATOR, actor, gone, plant, rows, trail


async def people(app: App, *names: str, space: int = 1) -> None:
    for name in names:
        await app.people.put(actor("admin", space=space), name, PersonIn(name=name))


async def facts(app: App, user: str):
    person = person_id(1, user)
    return (await app.store.read(lambda tx: line.facts_of(tx, 1, [person], app.clock.now())))[person]


async def test_members_are_replaced_added_and_removed(each_app: App) -> None:
    app = each_app
    await people(app, "ann", "ben", "cem")
    made = await app.groups.put(OPERATOR, "vip", GroupIn(name="VIP", members=["ann", "ben", "ben"]))
    assert (made.members, made.revision, made.name) == (2, 1, "VIP")
    key = await plant(app, "cem")
    assert (await app.groups.add_members(ADMIN, "vip", ["cem", "ann"])).members == 3
    assert await gone(app, key) and (await facts(app, "cem")).groups == ("vip",)
    assert (await app.groups.remove_members(ADMIN, "vip", ["ann", "nobody"])).members == 2
    keys = [await plant(app, name) for name in ("ann", "ben", "cem")]
    assert (await app.groups.put(ADMIN, "vip", GroupIn(members=["ann", "ben"]))).members == 2
    assert [await gone(app, key) for key in keys] == [True, True, True]
    assert sorted((await app.groups.members(ADMIN, "vip")).items) == ["ann", "ben"]
    assert [r.items[0].members for r in [await app.groups.list(ADMIN)]] == [2]


async def test_a_change_of_wishes_reaches_every_member(each_app: App) -> None:
    app = each_app
    await people(app, "ann", "ben", "cem")
    await app.groups.put(ADMIN, "vip", GroupIn(members=["ann", "ben"]))
    revisions = {name: (await facts(app, name)).revision for name in ("ann", "ben", "cem")}
    keys = {name: await plant(app, name) for name in ("ann", "ben", "cem")}
    shown = await app.groups.put(ADMIN, "vip", GroupIn(preferences=PreferencesIn(channels={"sms": False})))
    assert shown.preferences.channels == {"sms": False}
    assert {name: await gone(app, key) for name, key in keys.items()} == {"ann": True, "ben": True, "cem": False}
    for name, more in (("ann", 1), ("ben", 1), ("cem", 0)):
        now = await facts(app, name)
        assert now.revision == revisions[name] + more
        assert now.group_wishes == ((("vip", Wishes({"sms": False})),) if more else ())


async def test_deleting_a_group_takes_its_wishes_along(app: App) -> None:
    await people(app, "ann")
    await app.groups.put(ADMIN, "vip", GroupIn(members=["ann"], preferences=PreferencesIn(channels={"sms": False})))
    key = await plant(app, "ann")
    await app.groups.delete(ADMIN, "vip")
    assert await gone(app, key) and (await facts(app, "ann")).group_wishes == ()
    assert (await app.people.get(ADMIN, "ann")).groups == []
    with pytest.raises(NotFound):
        await app.groups.get(ADMIN, "vip")
    with pytest.raises(NotFound):
        await app.groups.delete(ADMIN, "vip")


async def test_unknown_members_leave_nothing_behind(app: App) -> None:
    await people(app, "ann")
    before = await trail(app)
    with pytest.raises(UnknownUser, match="'ben' and 1 more") as refused:
        await app.groups.put(ADMIN, "vip", GroupIn(members=["ann", "ben", "cem"]))
    assert refused.value.facts["missing"] == ["ben", "cem"]
    assert await rows(app, tables.groups) == [] and await rows(app, tables.memberships) == [] and await trail(app) == before


async def test_refusals(app: App) -> None:
    await app.groups.put(ADMIN, "vip", GroupIn())
    with pytest.raises(Stale):
        await app.groups.put(ADMIN, "vip", GroupIn(name="x"), 7)
    with pytest.raises(Stale):
        await app.groups.put(ADMIN, "new", GroupIn(name="x"), 1)
    with pytest.raises(Locked):
        await app.groups.put(ADMIN, "vip", GroupIn(preferences=PreferencesIn(categories={"security": False})))
    with pytest.raises(Invalid):
        await app.groups.put(ADMIN, "vip", GroupIn(preferences=PreferencesIn(consents={"marketing": True})))
    with pytest.raises(Invalid):
        await app.groups.put(ADMIN, "a b", GroupIn())
    with pytest.raises(Invalid, match="10,000"):
        await app.groups.add_members(ADMIN, "vip", [f"u{n}" for n in range(10_001)])
    with pytest.raises(NotFound):
        await app.groups.add_members(ADMIN, "none", [])
    with pytest.raises(CursorForeign):
        await app.groups.members(ADMIN, "vip", after="xyz")


async def test_members_come_in_pages_without_gap_or_double(app: App) -> None:
    names = [f"u{n}" for n in range(23)]
    await people(app, *names)
    await app.groups.put(ADMIN, "all", GroupIn(members=names))
    seen: list[str] = []
    after = ""
    while True:
        page = await app.groups.members(ADMIN, "all", after=after, limit=5)
        seen += page.items
        if page.next is None:
            break
        after = page.next
    assert sorted(seen) == sorted(names) and len(seen) == 23


async def test_groups_of_two_spaces_are_two(app: App) -> None:
    await people(app, "ann")
    await people(app, "ann", space=2)
    await app.groups.put(ADMIN, "vip", GroupIn(members=["ann"]))
    there = actor("admin", space=2)
    with pytest.raises(NotFound):
        await app.groups.get(there, "vip")
    await app.groups.put(there, "vip", GroupIn(name="Other", preferences=PreferencesIn(channels={"web": False})))
    assert (await app.groups.get(ADMIN, "vip")).preferences.channels == {}
    assert (await app.groups.get(there, "vip")).members == 0
