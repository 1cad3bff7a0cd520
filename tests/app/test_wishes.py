"""Preferences and consent: what a person says, what is kept as evidence, what comes of it."""

from datetime import UTC, datetime

import pytest

from backend.app.app import App
from backend.app.views import GroupIn, PersonIn, PreferencesIn, QuietHoursIn
from backend.app.wishes import CellView
from backend.clock import HeldClock
from backend.domain.errors import Forbidden, Invalid, Locked, NotFound, Stale, UnknownCategory, UnknownChannel
from backend.domain.ids import person_id
from backend.store import content, persons, tables
from tests.app.actors import ADMIN, MARKETER, actor, gone, plant, rows, trail

MIA = actor("member", "mia")


@pytest.fixture
async def app(app: App) -> App:
    """With Mia."""
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", timezone="Europe/Berlin"))
    return app


@pytest.fixture
async def each_app(each_app: App) -> App:
    """With Mia."""
    await each_app.people.put(ADMIN, "mia", PersonIn(name="Mia", timezone="Europe/Berlin"))
    return each_app


async def history(app: App) -> list[tuple[str, bool, str, str]]:
    found = await app.store.read(lambda tx: persons.consents_of(tx, 1, person_id(1, "mia")))
    return [(c.category, c.given, c.source, c.evidence) for c in found]


async def test_wishes_come_back_and_null_takes_one_back(each_app: App) -> None:
    app = each_app
    until = datetime(2027, 1, 1, tzinfo=UTC)
    given = PreferencesIn(
        channels={"sms": False, "push": True},
        categories={"orders": True},
        matrix={"orders": {"email": False}},
        quiet_hours=[QuietHoursIn("22:00", "08:00", [4, 0, 4])],
        paused_until=until,
    )
    key = await plant(app, "mia")
    shown = await app.preferences.put(MIA, "mia", given)
    assert await gone(app, key)
    assert (shown.channels, shown.categories, shown.matrix) == ({"sms": False, "push": True}, {"orders": True}, {"orders": {"email": False}})
    assert shown.quiet_hours == [QuietHoursIn("22:00", "08:00", [0, 4])] and shown.paused_until == until and shown.timezone == "Europe/Berlin"
    assert await app.preferences.get(MIA, "mia") == shown
    left = await app.preferences.put(
        MIA, "mia", PreferencesIn(channels={"sms": None}, matrix={"orders": {"email": None}}, quiet_hours=None, paused_until=None)
    )
    assert (left.channels, left.matrix, left.quiet_hours, left.paused_until) == ({"push": True}, {}, [], None)
    assert left.categories == {"orders": True} and left.revision == shown.revision + 1
    assert ("mia", "preferences.put", "user:mia") in await trail(app)


async def test_marketing_is_a_recorded_answer_with_source_and_evidence(app: App, clock: HeldClock) -> None:
    await app.preferences.put(MIA, "mia", PreferencesIn(consents={"marketing": True}), evidence="form sign-up, version 3")
    clock.move(5)
    await app.preferences.put(MIA, "mia", PreferencesIn(categories={"marketing": False}))
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"product": True}), evidence="ticket 7")
    assert await history(app) == [
        ("marketing", True, "portal", "form sign-up, version 3"),
        ("marketing", False, "portal", ""),
        ("product", True, "portal, on behalf", "ticket 7"),
    ]
    assert (await app.preferences.get(MIA, "mia")).consents == {"marketing": False, "product": True}


async def test_answers_of_the_same_moment_keep_their_order(app: App) -> None:
    for answer in (True, False, True, False):
        await app.preferences.put(MIA, "mia", PreferencesIn(consents={"marketing": answer}))
    assert [given for _, given, _, _ in await history(app)] == [True, False, True, False]
    assert (await app.preferences.get(MIA, "mia")).consents == {"marketing": False}


async def test_a_service_category_switched_on_again_takes_an_unsubscription_back(app: App) -> None:
    await app.preferences.put(MIA, "mia", PreferencesIn(consents={"orders": False}))
    assert not (await cell(app, "orders", "web")).wanted
    await app.preferences.put(MIA, "mia", PreferencesIn(categories={"orders": True}))
    assert (await cell(app, "orders", "web")).wanted
    await app.preferences.put(MIA, "mia", PreferencesIn(categories={"chat": True}))  # nothing to take back: no row
    assert [category for category, *_ in await history(app)] == ["orders", "orders"]


async def cell(app: App, category: str, channel: str) -> CellView:
    view = await app.preferences.matrix(MIA, "mia")
    return next(row for row in view.rows if row.category == category).channels[channel]


async def test_the_matrix_says_what_holds_and_why(each_app: App) -> None:
    app = each_app
    await app.groups.put(ADMIN, "vip", GroupIn(members=["mia"], preferences=PreferencesIn(matrix={"orders": {"email": False}})))
    assert await cell(app, "orders", "email") == CellView(False, "group:vip", "cell")
    assert await cell(app, "orders", "web") == CellView(True, "default")
    assert await cell(app, "security", "sms") == CellView(True, "locked")
    assert await cell(app, "marketing", "email") == CellView(False, "consent", "no_consent")
    await app.preferences.put(MIA, "mia", PreferencesIn(matrix={"orders": {"email": True}}, consents={"marketing": True}, channels={"web": False}))
    assert await cell(app, "orders", "email") == CellView(True, "person", "cell")
    assert await cell(app, "orders", "web") == CellView(False, "person", "channel")
    assert await cell(app, "marketing", "email") == CellView(True, "default")
    rows_ = {row.category: row for row in (await app.preferences.matrix(ADMIN, "mia")).rows}
    assert rows_["security"].locked and not rows_["orders"].locked and rows_["marketing"].consent is True


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (PreferencesIn(categories={"security": False}), Locked),
        (PreferencesIn(matrix={"security": {"sms": False}}), Locked),
        (PreferencesIn(consents={"security": False}), Locked),
        (PreferencesIn(categories={"nothing": True}), UnknownCategory),
        (PreferencesIn(matrix={"nothing": {"sms": True}}), UnknownCategory),
        (PreferencesIn(consents={"nothing": True}), UnknownCategory),
        (PreferencesIn(channels={"fax": True}), UnknownChannel),
        (PreferencesIn(matrix={"orders": {"fax": True}}), UnknownChannel),
        (PreferencesIn(quiet_hours=[QuietHoursIn("08:00", "08:00")]), Invalid),
        (PreferencesIn(quiet_hours=[QuietHoursIn("08:00", "09:00", [])]), Invalid),
        (PreferencesIn(quiet_hours=[QuietHoursIn("08:00", "09:00")] * 15), Invalid),
    ],
)
async def test_one_wrong_wish_refuses_all_of_them(app: App, given: PreferencesIn, error: type[Exception]) -> None:
    before = await rows(app, tables.people)
    given.paused_until = datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(error) as refused:
        await app.preferences.put(MIA, "mia", given)
    assert refused.value.code() == {Locked: "locked"}.get(error, refused.value.code())
    assert await rows(app, tables.people) == before and await history(app) == []


async def test_only_the_person_and_who_may_write_people(app: App) -> None:
    for who in (actor("member", "ben"), MARKETER):
        with pytest.raises(Forbidden):
            await app.preferences.put(who, "mia", PreferencesIn(channels={"web": False}))
    with pytest.raises(Forbidden):
        await app.preferences.get(actor("member", "ben"), "mia")
    with pytest.raises(NotFound):
        await app.preferences.put(ADMIN, "nobody", PreferencesIn())
    with pytest.raises(Stale):
        await app.preferences.put(MIA, "mia", PreferencesIn(), 9)


async def test_the_defaults_of_the_space_hold_for_who_says_nothing(each_app: App) -> None:
    app = each_app
    before = await app.store.read(content.revision)
    shown = await app.preferences.put_of_space(MARKETER, PreferencesIn(channels={"web": False}, quiet_hours=[QuietHoursIn("21:00", "07:00")]))
    assert shown == await app.preferences.of_space(MARKETER) and await app.store.read(content.revision) == before + 1
    assert await cell(app, "orders", "web") == CellView(False, "space", "channel")
    view = await app.preferences.matrix(MIA, "mia")
    assert (view.quiet_hours, view.quiet_source) == ([QuietHoursIn("21:00", "07:00")], "space")
    await app.preferences.put(MIA, "mia", PreferencesIn(channels={"web": True}))
    assert await cell(app, "orders", "web") == CellView(True, "person", "channel")
    for given in (PreferencesIn(consents={"marketing": True}), PreferencesIn(categories={"security": False})):
        with pytest.raises((Invalid, Locked)):
            await app.preferences.put_of_space(ADMIN, given)
    assert (await app.preferences.of_space(ADMIN)).channels == {"web": False}
