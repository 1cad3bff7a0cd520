"""What hosted pages change, and the way back from each change."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.app import wishes
from backend.app.app import App
from backend.app.views import CategoryIn, PersonIn, PreferencesIn, QuietHoursIn, moment
from backend.app.wishes import merged, reverse
from backend.domain.category import SEEDED, TELLING
from backend.domain.errors import Invalid, LinkInvalid, NotFound
from backend.domain.ids import person_id
from backend.security.links import Link
from backend.store import persons
from tests.app.actors import ADMIN, actor
from tests.domain import known

MIA = person_id(1, "mia")
ME = actor("member", "mia")
KNOWN = {c.key: c for c in SEEDED if c.kind in TELLING}
OPEN = [c.key for c in KNOWN.values() if c.kind != "essential"]


@pytest.fixture
async def app(app: App) -> App:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", email="mia@example.com", timezone="Europe/Berlin"))
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": True, "product": True}))
    return app


def leave(app: App, category: str = "marketing") -> str:
    return app.signed.make("u", Link(1, person=MIA, category=category))


async def wanted(app: App) -> dict[str, dict[str, bool]]:
    return {row.category: {c: cell.wanted for c, cell in row.channels.items()} for row in (await app.preferences.matrix(ME, "mia")).rows}


async def test_leaving_says_what_still_arrives_and_taking_back_restores_it(app: App) -> None:
    before, token = await wanted(app), leave(app)
    view = await app.hosted.leaving(token)
    assert "Offers" not in view.still and {"Security", "Orders", "Product news"} <= set(view.still)
    assert (view.fewer, view.offers) == (True, ["product"])
    await app.links.unsubscribe(token)
    assert not any((await wanted(app))["marketing"].values())
    await app.hosted.take_back(token)
    assert await wanted(app) == before
    await app.hosted.take_back(token)  # a second time changes nothing
    assert [c.given for c in await _history(app, "marketing")] == [True, False, True]


async def _history(app: App, category: str):
    return [c for c in await app.store.read(lambda tx: persons.consents_of(tx, 1, MIA)) if c.category == category]


async def test_fewer_keeps_the_inbox_alone_also_after_an_unsubscribe(app: App) -> None:
    token = leave(app)
    await app.links.unsubscribe(token)
    off = await wanted(app)
    back = await app.hosted.fewer(token)
    assert (await wanted(app))["marketing"] == {"web": True, "email": False, "push": False}
    assert (await _history(app, "marketing"))[-1].evidence == "unsubscribe page, in the app alone"
    await app.hosted.restore(token, back)
    assert await wanted(app) == off


async def test_all_marketing_stops_at_once_and_comes_back_as_it_was(app: App) -> None:
    await app.preferences.put(ME, "mia", PreferencesIn(consents={"product": False}))
    before, token = await wanted(app), leave(app)
    back = await app.hosted.stop_all(token)
    now = await wanted(app)
    assert not any(now["marketing"].values()) and now["orders"] == before["orders"]
    assert back.consents == {"marketing": True}  # what was off before stays off
    await app.hosted.restore(token, back)
    assert await wanted(app) == before


async def test_a_category_without_an_inbox_cannot_be_kept_in_it(app: App) -> None:
    await app.categories.put(ADMIN, "letters", CategoryIn("Letters", channels=["email"]))
    token = leave(app, "letters")
    assert not (await app.hosted.leaving(token)).fewer
    with pytest.raises(Invalid):
        await app.hosted.fewer(token)


async def test_the_way_back_reaches_no_other_wish_and_no_other_purpose(app: App) -> None:
    for back in (PreferencesIn(quiet_hours=[]), PreferencesIn(paused_until=None), PreferencesIn(channels={"email": False})):
        with pytest.raises(Invalid):
            await app.hosted.restore(leave(app), back)
    other = app.signed.make("y", Link(1, person=MIA))
    for call in (app.hosted.leaving, app.hosted.take_back, app.hosted.fewer, app.hosted.stop_all, app.hosted.preferences):
        with pytest.raises(LinkInvalid):
            await call(other)


async def test_nobody_is_behind_a_link_after_an_erasure(app: App) -> None:
    token = leave(app)
    await app.people.erase(ADMIN, "mia")
    view = await app.hosted.leaving(token)
    assert (view.link.opted_out, view.preferences, view.still) == (True, "", [])
    with pytest.raises(NotFound):
        await app.hosted.fewer(token)


async def test_saving_changes_all_or_nothing(app: App) -> None:
    token = app.signed.make("p", Link(1, person=MIA))
    with pytest.raises(Invalid):
        await app.hosted.save(token, PreferencesIn(frequency="daily"), PersonIn(timezone="Nowhere/Else"))
    assert (await app.hosted.preferences(token)).matrix.frequency == "each"
    back, person = await app.hosted.save(token, PreferencesIn(frequency="daily", quiet_hours=[QuietHoursIn("22:00", "07:00")]), PersonIn(timezone="Asia/Tokyo", locale="de"))
    view = await app.hosted.preferences(token)
    assert (view.matrix.frequency, view.timezone, view.locale, len(view.matrix.quiet_hours)) == ("daily", "Asia/Tokyo", "de", 1)
    await app.hosted.save(token, back, person)
    view = await app.hosted.preferences(token)
    assert (view.matrix.frequency, view.matrix.quiet_source, view.timezone, view.locale) == ("each", "default", "Europe/Berlin", "en")


# ---- the way back, of any change from anywhere
tick = st.dictionaries(st.sampled_from(["web", "email", "push", "sms"]), st.sampled_from([True, False, None]), max_size=3)
changes = st.builds(
    PreferencesIn,
    channels=tick,
    categories=st.dictionaries(st.sampled_from(OPEN), st.sampled_from([True, False, None]), max_size=3),
    matrix=st.dictionaries(st.sampled_from(OPEN), tick, max_size=3),
    quiet_hours=st.none() | st.lists(st.builds(QuietHoursIn, st.just("22:00"), st.sampled_from(["07:00", "09:30"])), max_size=2),
    paused_until=st.none() | st.sampled_from([moment(known.NOON), moment(known.NOON + 86_400)]),
    consents=st.dictionaries(st.sampled_from(OPEN), st.booleans(), max_size=3),
    frequency=st.sampled_from(["each", "daily", "weekly", None]),
)
said = st.dictionaries(st.sampled_from(OPEN), st.booleans(), max_size=3)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(known.wishes.filter(lambda w: all(q.start != q.end for q in w.quiet or ())), said, changes)
def test_the_way_back_leads_back_and_makes_no_yes_to_marketing(before, consents, change) -> None:
    before = merged(before, PreferencesIn(), KNOWN)
    after = merged(before, change, KNOWN)
    answers = wishes._answers(change, KNOWN, consents)
    back = reverse(before, consents, change, answers, KNOWN)
    assert _without_empty(merged(after, back, KNOWN)) == _without_empty(before)
    restored = {**consents, **answers, **wishes._answers(back, KNOWN, {**consents, **answers})}
    for key, category in KNOWN.items():
        held = consents.get(key, category.kind == "service")
        if key in answers:
            assert restored[key] is held, key


def _without_empty(level):
    return msgspec.structs.replace(level, matrix={key: cells for key, cells in level.matrix.items() if cells})
