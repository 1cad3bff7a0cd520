"""Devices: their platforms, fresh ones and old ones, and phones that change hands."""

import pytest
from msgspec import structs

from backend.app.app import App
from backend.app.devices import DEVICES
from backend.app.views import AddressIn, PersonIn, SuppressionIn
from backend.clock import HeldClock
from backend.domain.delivery import route_of
from backend.domain.errors import Invalid
from backend.domain.ids import person_id
from backend.store.suppress import suppress
from tests.app.actors import ADMIN, MARKETER, actor

PUSH = 3
APPLE = "ab" * 32
FID = "cIcxK0kpT2-q8nVJ5l4yZz"


async def shown(app, user="mia"):
    return [a for a in (await app.people.addresses(ADMIN, user)).items if a.channel == "push"]


def gone(app, view, known, now):
    return app.store.write(lambda tx: suppress(tx, 1, PUSH, bytes.fromhex(view.id), "bounced", "fcm", now, known))


@pytest.mark.parametrize(
    ("given", "kept", "platform", "route"),
    [
        (AddressIn("push", "x:APA91b"), "x:APA91b", "fcm", "push"),
        (AddressIn("push", "x:APA91b", platform="fcm"), "x:APA91b", "fcm", "push"),
        (AddressIn("push", FID, platform="fid"), f"fid:{FID}", "fid", "push"),
        (AddressIn("push", APPLE.upper(), platform="apns"), f"apns:{APPLE}", "apns", "push-apns"),
        (AddressIn("push", f"apns:{APPLE}"), f"apns:{APPLE}", "apns", "push-apns"),
        (AddressIn("push", f"apns:{APPLE}", platform="apns"), f"apns:{APPLE}", "apns", "push-apns"),
    ],
)
async def test_a_device_says_whose_it_is(app: App, given, kept, platform, route) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    made = await app.people.put_address(ADMIN, "mia", given)
    assert (made.address, made.platform) == (kept, platform)
    assert route_of("push", bytes.fromhex(made.id)) == route
    seen = (await app.people.addresses(MARKETER, "mia")).items
    assert [(a.platform, kept in a.address) for a in seen] == [(platform, False)]


@pytest.mark.parametrize(
    "given",
    [
        AddressIn("push", "ab", platform="apns"),
        AddressIn("push", "zz" * 32, platform="apns"),
        AddressIn("push", "ab" * 32 + "\n", platform="apns"),
        AddressIn("push", "apns:ab"),
        AddressIn("push", "short", platform="fid"),
        AddressIn("push", f"fid:{FID}", platform="apns"),
        AddressIn("push", f"apns:{APPLE}", platform="fcm"),
        AddressIn("email", "mia@example.com", platform="apns"),
    ],
)
async def test_what_no_device_is_called_is_refused_with_the_repair(app: App, given) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    with pytest.raises(Invalid) as refused:
        await app.people.put_address(ADMIN, "mia", given)
    assert refused.value.facts["field"] in ("address", "platform")
    assert await shown(app) == []


async def test_a_device_that_is_registered_again_is_fresh_and_changes_nothing_else(app: App, clock: HeldClock) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    first = await app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1", "Phone"))
    before = (await app.people.get(ADMIN, "mia")).revision
    clock.move(60)
    again = await app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1", "Phone"))
    assert again.id == first.id
    assert (again.created_at - first.created_at).total_seconds() == 60
    assert await shown(app) == [again]
    assert (await app.people.get(ADMIN, "mia")).revision == before


async def test_an_eleventh_takes_the_place_of_the_one_that_was_not_refreshed_for_longest(each_app: App) -> None:
    app, clock = each_app, each_app.clock
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", email="mia@example.com"))
    for n in range(DEVICES):
        clock.move(1)
        await app.people.put_address(ADMIN, "mia", AddressIn("push", f"token-{n}"))
    clock.move(1)
    await app.people.put_address(ADMIN, "mia", AddressIn("push", "token-0"))  # refreshed
    await gone(app, next(a for a in await shown(app) if a.address == "token-5"), 0.0, clock.now())
    for n in (10, 11):
        clock.move(1)
        await app.people.put_address(ADMIN, "mia", AddressIn("push", f"token-{n}"))
    assert {a.address for a in await shown(app)} == {f"token-{n}" for n in (0, 2, 3, 4, 6, 7, 8, 9, 10, 11)}
    assert (await app.people.get(ADMIN, "mia")).email == "mia@example.com"


async def test_a_phone_that_changed_hands_is_no_longer_the_others(each_app: App) -> None:
    app = each_app
    for user in ("mia", "ben"):
        await app.people.put(ADMIN, user, PersonIn(name=user))
    await app.people.put_address(ADMIN, "mia", AddressIn("push", "phone-1"))
    await app.people.put_address(ADMIN, "mia", AddressIn("push", "phone-2"))
    who = (1, person_id(1, "mia"))
    assert len((await app.facts.read([who], 0))[who].addresses) == 2
    await app.people.put_address(actor("member", "ben"), "ben", AddressIn("push", "phone-1"))
    assert [a.address for a in await shown(app)] == ["phone-2"]
    assert [a.address for a in await shown(app, "ben")] == ["phone-1"]
    assert len((await app.facts.read([who], 0))[who].addresses) == 1, "what decides was read anew"


async def test_the_same_phone_in_two_spaces_is_two(app: App) -> None:
    other = structs.replace(ADMIN, space=2)
    for who in (ADMIN, other):
        await app.people.put(who, "mia", PersonIn(name="Mia"))
        await app.people.put_address(who, "mia", AddressIn("push", "phone-1"))
    assert len(await shown(app)) == 1
    assert len((await app.people.addresses(other, "mia")).items) == 1


async def test_a_token_that_died_lives_again_when_its_app_registers_it(each_app: App) -> None:
    app, clock = each_app, each_app.clock
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    device = await app.people.put_address(ADMIN, "mia", AddressIn("push", APPLE, platform="apns"))
    clock.move(100)
    assert await gone(app, device, clock.now() - 200, clock.now()) == [], "Apple speaks of the time before it was registered"
    assert [a.suppressed for a in await shown(app)] == [None]
    assert await gone(app, device, clock.now() - 50, clock.now()) == [person_id(1, "mia")]
    assert [a.suppressed.params for a in await shown(app)] == [{"reason": "unregistered"}]
    again = await app.people.put_address(ADMIN, "mia", AddressIn("push", APPLE, platform="apns"))
    assert again.suppressed is None
    assert [a.suppressed for a in await shown(app)] == [None]


async def test_what_a_person_suppressed_stays_so(app: App) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    await app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1"))
    await app.suppressions.put(ADMIN, SuppressionIn("push", "token-1", reason="complaint"))
    again = await app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1"))
    assert again.suppressed.params == {"reason": "complaint"}
    assert [a.suppressed.params["reason"] for a in await shown(app)] == ["complaint"]
