"""People as a list on both engines: found by address, id, group, language and zone; in part for who may not see all."""

import pytest

from backend.app.app import App
from backend.app.views import GroupIn, PersonIn, PreferencesIn
from backend.domain.errors import CursorForeign, Forbidden, NotFound
from backend.store import roster_rows
from tests.app.actors import ADMIN, MARKETER, OPERATOR, actor
from tests.app.line_rows import happened


async def town(app: App) -> None:
    await app.groups.put(ADMIN, "club", GroupIn(name="Club"))
    for name, zone, locale, groups in (("ann", "Europe/Oslo", "nb", []), ("ben", "Europe/Berlin", "de-AT", ["club"]), ("benno", "Europe/Berlin", "de", [])):
        await app.people.put(
            ADMIN, name, PersonIn(name=name.title(), email=f"{name}@example.com", phone=None, timezone=zone, locale=locale, groups=groups)
        )


async def ids(app: App, **asked) -> list[str]:
    return [line.id for line in (await app.roster.list(MARKETER, **asked)).items]


async def test_people_are_found_by_what_is_known_of_them(each_app: App) -> None:
    app = each_app
    await town(app)
    assert await ids(app) == ["ann", "ben", "benno"]
    assert await ids(app, text="ben") == ["ben", "benno"]
    assert await ids(app, text=" BEN@example.com ") == ["ben"]
    assert await ids(app, text="nobody@example.com") == []
    assert await ids(app, group="club") == ["ben"]
    assert await ids(app, locale="de") == ["ben", "benno"]
    assert await ids(app, locale="de", timezone="Europe/Oslo") == []
    assert await ids(app, text="%") == []
    first = await app.roster.list(ADMIN, limit=2)
    second = await app.roster.list(ADMIN, limit=2, after=first.next)
    assert ([line.id for line in second.items], second.next) == (["benno"], None)
    assert (await app.roster.list(actor("admin", space=2))).items == []
    with pytest.raises(CursorForeign):
        await app.roster.list(ADMIN, after="x" * 500)
    await app.people.erase(ADMIN, "ben")
    assert await ids(app) == ["ann", "benno"]
    (gone,) = (await app.roster.list(ADMIN, erased=True)).items
    assert gone.erased_at is not None and (gone.name, gone.email) == ("", "") and "ben" not in gone.id


async def test_a_look_at_people_is_bounded(each_app: App, monkeypatch) -> None:
    app = each_app
    await town(app)
    monkeypatch.setattr(roster_rows, "EXAMINED", 1)
    monkeypatch.setattr(roster_rows, "STEPS", 2)
    page = await app.roster.list(ADMIN, timezone="Europe/Berlin", locale="de", text="")
    assert ([line.id for line in page.items], page.next) == (["ben"], "ben")
    rest = await app.roster.list(ADMIN, timezone="Europe/Berlin", after=page.next)
    assert [line.id for line in rest.items] == ["benno"]


async def test_addresses_are_seen_in_part_without_the_right(app: App) -> None:
    await app.people.put(ADMIN, "ann", PersonIn(name="Ann", email="ann.berg@example.com", phone="+14155552671"))
    whole, part = (await app.roster.list(OPERATOR)).items[0], (await app.roster.list(MARKETER)).items[0]
    assert (whole.email, whole.phone) == ("ann.berg@example.com", "+14155552671")
    for seen in (part, await app.people.get(MARKETER, "ann"), (await app.people.search(MARKETER, "ann")).items[0]):
        assert "ann.berg" not in (seen.email or "") and "4155552" not in (seen.phone or "") and seen.email and seen.phone
    assert all("ann.berg" not in one.address for one in (await app.people.addresses(MARKETER, "ann")).items)
    assert (await app.people.get(actor("member", "ann"), "ann")).email == "ann.berg@example.com"
    assert [one.address for one in (await app.people.addresses(OPERATOR, "ann")).items] == ["ann.berg@example.com", "+14155552671"]
    with pytest.raises(Forbidden):
        await app.people.export(MARKETER, "ann")


async def test_the_trail_of_consent_and_what_an_erasure_takes(each_app: App, clock) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(email="mia@example.com"))
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": True}), evidence="form of 3 May")
    clock.move(60)
    await app.preferences.put(actor("member", "mia"), "mia", PreferencesIn(consents={"marketing": False}))
    trail = (await app.roster.consents(ADMIN, "mia")).items
    assert [(one.category, one.given, one.evidence) for one in trail] == [("marketing", False, ""), ("marketing", True, "form of 3 May")]
    assert trail[1].source == "portal, on behalf"
    await happened(app, "mia")
    held = await app.roster.holdings(ADMIN, "mia")
    assert (held.addresses, held.consents, held.inbox, held.notifications, held.deliveries, held.waiting, held.captures) == (1, 2, 1, 1, 2, 1, 1)
    with pytest.raises(NotFound):
        await app.roster.holdings(ADMIN, "nobody")
    with pytest.raises(Forbidden):
        await app.roster.holdings(OPERATOR, "mia")
