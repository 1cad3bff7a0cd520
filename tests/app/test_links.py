"""Signed links: one click unsubscribes and nothing else does; reasons in the person's words."""

import pytest

from backend.app.app import App
from backend.app.views import PersonIn, PreferencesIn
from backend.clock import HeldClock
from backend.domain.errors import Forbidden, LinkExpired, LinkInvalid, Locked, NotFound
from backend.domain.ids import person_id
from backend.security.links import Link
from backend.store import people as line
from backend.store import persons, tables
from tests.app.actors import ADMIN, gone, plant, rows, trail
from tests.app.line_rows import happened

MIA = person_id(1, "mia")


async def history(app: App) -> list[tuple[str, bool, str, str]]:
    found = await app.store.read(lambda tx: persons.consents_of(tx, 1, MIA))
    return [(c.category, c.given, c.source, c.evidence) for c in found]


async def mia(app: App, category: str = "orders") -> dict[str, bytes]:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", email="mia@example.com", timezone="Europe/Berlin", locale="de"))
    return await happened(app, "mia", category=category)


async def test_looking_changes_nothing_and_one_click_unsubscribes(each_app: App) -> None:
    app = each_app
    made = await mia(app)
    token = app.signed.make("u", Link(1, made["held"], MIA, "orders"))
    shown = await app.links.describe(token)
    assert (shown.category, shown.category_name, shown.kind, shown.channel) == ("orders", "Orders", "service", "email")
    assert (shown.address, shown.locale, shown.opted_out, shown.brand) == ("m…a@example.com", "de", False, "Carillon")
    assert await history(app) == []
    key = await plant(app, "mia")
    assert (await app.links.unsubscribe(token)).opted_out
    assert await gone(app, key)
    assert await history(app) == [("orders", False, "one_click", f"delivery {made['held'].hex()}")]
    facts = (await app.store.read(lambda tx: line.facts_of(tx, 1, [MIA], app.clock.now())))[MIA]
    assert facts.consents == {"orders": False} and facts.revision == 2
    await app.links.unsubscribe(token)
    assert len(await history(app)) == 1 and (await app.links.describe(token)).opted_out
    assert ("mia", "preferences.unsubscribe", "user:mia") in await trail(app)


async def test_it_works_after_history_has_gone(app: App) -> None:
    made = await mia(app, "marketing")
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": True}))
    for table in (tables.deliveries, tables.notifications):
        await app.store.write(lambda tx, table=table: tx.conn.execute(table.delete()))
    token = app.signed.make("u", Link(1, made["held"], MIA, "marketing"))
    assert (await app.links.unsubscribe(token)).opted_out
    assert (await history(app))[-1][:3] == ("marketing", False, "one_click")
    with pytest.raises(NotFound):
        await app.links.why(app.signed.make("y", Link(1, made["held"])))


async def test_a_link_to_a_delivery_alone_finds_person_and_category(app: App) -> None:
    made = await mia(app)
    await app.links.unsubscribe(app.signed.make("u", Link(1, made["held"])))
    assert [row[:2] for row in await history(app)] == [("orders", False)]


async def test_what_is_essential_cannot_be_left(app: App) -> None:
    made = await mia(app, "security")
    with pytest.raises(Locked):
        await app.links.unsubscribe(app.signed.make("u", Link(1, made["held"], MIA, "security")))
    assert await history(app) == []


async def test_forged_foreign_and_old_links(app: App, clock: HeldClock) -> None:
    made = await mia(app)
    good = app.signed.make("u", Link(1, made["held"], MIA, "orders"))
    other = app.signed.make("p", Link(1, person=MIA))
    changed = ("B" if good[5] != "B" else "C").join((good[:5], good[6:]))
    for token in (changed, other, "", "…", good + "A", "A" * 500):
        with pytest.raises(LinkInvalid):
            await app.links.unsubscribe(token)
    late = app.signed.make("u", Link(1, made["held"], MIA, "orders", int(clock.now()) + 10))
    clock.move(11)
    with pytest.raises(LinkExpired):
        await app.links.unsubscribe(late)
    assert await history(app) == [] and (await rows(app, tables.people))[0]["revision"] == 1


async def test_why_in_the_words_of_the_person(app: App) -> None:
    made = await mia(app)
    shown = await app.links.why(app.signed.make("y", Link(1, made["held"])))
    assert [r.code for r in shown.reasons] == ["lowered_priority", "quiet_hours"]
    assert shown.reasons[1].text == "Sie haben Ruhezeit von 22:00 bis 08:00."


async def test_hosted_preferences_reach_their_person_alone(app: App) -> None:
    await mia(app)
    await app.people.put(ADMIN, "ben", PersonIn())
    who = await app.links.person(app.signed.make("p", Link(1, person=MIA)))
    await app.preferences.put(who, "mia", PreferencesIn(consents={"marketing": True}))
    assert await history(app) == [("marketing", True, "link", "")]
    with pytest.raises(Forbidden):
        await app.preferences.get(who, "ben")
    with pytest.raises(Forbidden):
        await app.templates.list(who)


async def test_a_link_of_somebody_erased(app: App) -> None:
    made = await mia(app)
    await app.people.erase(ADMIN, "mia")
    shown = await app.links.unsubscribe(app.signed.make("u", Link(1, made["held"], MIA, "orders")))
    assert shown.opted_out and shown.address == "" and await history(app) == []
    with pytest.raises(NotFound):
        await app.links.person(app.signed.make("p", Link(1, person=MIA)))


async def test_a_link_of_one_space_does_nothing_in_another(app: App) -> None:
    made = await mia(app)
    await app.links.unsubscribe(app.signed.make("u", Link(2, made["held"], MIA, "orders")))
    assert await rows(app, tables.consents) == []
