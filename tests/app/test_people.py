"""People: what is kept, who may see and change it, and what reaches the line."""

import msgspec
import pytest

from backend.app.app import App
from backend.app.views import AddressIn, GroupIn, PersonIn
from backend.clock import HeldClock
from backend.domain.errors import CacheUnavailable, Forbidden, Invalid, NotFound, Stale, UnknownGroup
from backend.domain.ids import facts_key, person_id
from backend.domain.person import Profile
from backend.store import people as line
from backend.store import tables
from tests.app.actors import ADMIN, ANALYST, MARKETER, OPERATOR, actor, gone, plant, program, rows, trail

MIA = PersonIn(name="Mia", email="Mia@Example.com", phone="+49 30 901820", timezone="Europe/Berlin", locale="de", attributes={"plan": "pro"})


async def test_a_person_comes_back_as_put(each_app: App) -> None:
    await each_app.groups.put(ADMIN, "vip", GroupIn(name="VIP"))
    made = await each_app.people.put(OPERATOR, "mia", msgspec.structs.replace(MIA, groups=["vip"]))
    assert (made.email, made.phone, made.revision, made.groups) == ("mia@example.com", "+4930901820", 1, ["vip"])
    assert await each_app.people.get(OPERATOR, "mia") == made
    seen = await each_app.people.get(MARKETER, "mia")  # who plans what is sent needs no whole address
    assert (seen.email, seen.phone, seen.groups) == ("m…a@example.com", "+49…20", ["vip"])
    assert ("the-operator", "user.put", "user:mia") in await trail(each_app)


async def test_what_is_left_out_stays_and_null_clears(app: App) -> None:
    await app.people.put(ADMIN, "mia", MIA)
    changed = await app.people.put(ADMIN, "mia", PersonIn(phone=None, locale="en"))
    assert (changed.name, changed.email, changed.phone, changed.locale, changed.revision) == ("Mia", "mia@example.com", None, "en", 2)
    assert changed.attributes == {"plan": "pro"}


async def test_personal_data_is_sealed_and_the_line_can_open_it(app: App) -> None:
    await app.people.put(ADMIN, "mia", MIA)
    person = person_id(1, "mia")
    files = [path for path in app.settings.home.iterdir() if path.name.startswith("carillon.db")]
    kept = b"".join(path.read_bytes() for path in files)
    assert b"user.put" in kept  # it was written, and not sealed as a whole
    assert b"mia@example.com" not in kept.lower() and b"901820" not in kept and b"Mia" not in kept
    facts = (await app.store.read(lambda tx: line.facts_of(tx, 1, [person], app.clock.now())))[person]
    assert msgspec.json.decode(app.sealer.unseal("profile", facts.profile), type=Profile) == Profile("Mia", {"plan": "pro"})
    mail = next(a for a in facts.addresses if a.channel == 2)
    assert app.sealer.unseal("address", mail.sealed) == b"mia@example.com"
    assert mail.hash == app.sealer.address_hash("email", "MIA@example.com")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (PersonIn(email="not an address"), "email"),
        (PersonIn(email="a@b\r\nBcc: x@y.z"), "email"),
        (PersonIn(phone="12"), "phone"),
        (PersonIn(timezone="Mars/Olympus"), "timezone"),
        (PersonIn(timezone="../../etc/passwd"), "timezone"),
        (PersonIn(locale="<script>"), "locale"),
        (PersonIn(name="a\nb"), "name"),
        (PersonIn(attributes={"x": "y" * 40_000}), "attributes"),
    ],
)
async def test_what_cannot_be_right_is_refused_whole(app: App, given: PersonIn, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await app.people.put(ADMIN, "mia", msgspec.structs.replace(MIA, **{f: v for f, v in msgspec.structs.asdict(given).items() if v is not msgspec.UNSET}))
    assert refused.value.facts["field"] == field
    with pytest.raises(NotFound):
        await app.people.get(ADMIN, "mia")
    assert await trail(app) == []


@pytest.mark.parametrize("user_id", ["", " mia", "a b", "a/b", "-mia", "m" * 129, "mia\x00", "mï"])
async def test_a_user_id_that_is_none(app: App, user_id: str) -> None:
    with pytest.raises(Invalid):
        await app.people.put(ADMIN, user_id, PersonIn())


async def test_an_unknown_group_leaves_nothing_behind(app: App) -> None:
    with pytest.raises(UnknownGroup, match="nowhere"):
        await app.people.put(ADMIN, "mia", msgspec.structs.replace(MIA, groups=["nowhere"]))
    assert await rows(app, tables.people) == [] and await rows(app, tables.addresses) == [] and await trail(app) == []


async def test_a_stale_revision_names_both(each_app: App) -> None:
    await each_app.people.put(ADMIN, "mia", MIA)
    await each_app.people.put(ADMIN, "mia", PersonIn(name="Mia B."), 1)
    with pytest.raises(Stale) as refused:
        await each_app.people.put(ADMIN, "mia", PersonIn(name="Other"), 1)
    assert refused.value.facts == {"seen": 1, "current": 2} and refused.value.status == 409
    assert (await each_app.people.get(ADMIN, "mia")).name == "Mia B."


async def test_facts_are_forgotten_by_every_change(each_app: App) -> None:
    await each_app.people.put(ADMIN, "mia", MIA)
    for change in (
        lambda: each_app.people.put(ADMIN, "mia", PersonIn(locale="en")),
        lambda: each_app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1")),
    ):
        key = await plant(each_app, "mia")
        before = (await each_app.people.get(ADMIN, "mia")).revision
        await change()
        assert await gone(each_app, key)
        assert (await each_app.people.get(ADMIN, "mia")).revision == before + 1


async def test_facts_read_during_the_change_are_forgotten_too(app: App) -> None:
    await app.people.put(ADMIN, "mia", MIA)
    write = app.store.write

    async def slow(fn, **turn):  # somebody reads the old facts between the first drop and the commit
        key = await plant(app, "mia")
        assert not await gone(app, key)
        return await write(fn, **turn)

    app.store.write = slow  # type: ignore[method-assign]
    await app.people.put(ADMIN, "mia", PersonIn(locale="en"))
    app.store.write = write  # type: ignore[method-assign]
    assert await gone(app, facts_key(1, person_id(1, "mia")))


async def test_with_the_cache_away_nothing_changes(app: App) -> None:
    await app.people.put(ADMIN, "mia", MIA)
    drop = app.cache.drop

    async def away(keys):
        raise CacheUnavailable

    app.cache.drop = away  # type: ignore[method-assign]
    with pytest.raises(CacheUnavailable):
        await app.people.put(ADMIN, "mia", PersonIn(name="Else"))
    app.cache.drop = drop  # type: ignore[method-assign]
    assert (await app.people.get(ADMIN, "mia")).name == "Mia"


async def test_the_first_address_gives_way_and_the_others_stay(app: App, clock: HeldClock) -> None:
    await app.people.put(ADMIN, "mia", MIA)
    clock.move(1)
    await app.people.put_address(ADMIN, "mia", AddressIn("email", "work@example.com", "work"))
    clock.move(1)
    await app.people.put(ADMIN, "mia", PersonIn(email="new@example.com"))
    shown = (await app.people.addresses(ADMIN, "mia")).items
    assert [(a.channel, a.address, a.label) for a in shown] == [
        ("email", "new@example.com", ""),
        ("email", "work@example.com", "work"),
        ("sms", "+4930901820", ""),
    ]
    await app.people.put(ADMIN, "mia", PersonIn(email="WORK@example.com"))
    assert [a.address for a in (await app.people.addresses(ADMIN, "mia")).items if a.channel == "email"] == ["work@example.com"]


async def test_an_address_twice_is_one_address_and_can_be_removed(each_app: App) -> None:
    await each_app.people.put(ADMIN, "mia", MIA)
    one = await each_app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1"))
    again = await each_app.people.put_address(ADMIN, "mia", AddressIn("push", "token-1", "phone"))
    assert one.id == again.id
    pushes = [a for a in (await each_app.people.addresses(ADMIN, "mia")).items if a.channel == "push"]
    assert [(a.address, a.label) for a in pushes] == [("token-1", "phone")]
    await each_app.people.remove_address(ADMIN, "mia", one.id)
    with pytest.raises(NotFound):
        await each_app.people.remove_address(ADMIN, "mia", one.id)


async def test_a_member_reaches_only_themselves(app: App) -> None:
    mia, ben = actor("member", "mia"), actor("member", "ben")
    await app.people.put(ADMIN, "mia", MIA)
    await app.people.put(ADMIN, "ben", PersonIn(name="Ben"))
    assert (await app.people.get(mia, "mia")).name == "Mia"
    assert (await app.people.put(mia, "mia", PersonIn(name="Mia B.", timezone="UTC"))).name == "Mia B."
    assert (await app.people.put_address(mia, "mia", AddressIn("push", "device"))).channel == "push"
    for refused in (
        app.people.get(ben, "mia"),
        app.people.put(ben, "mia", PersonIn(name="x")),
        app.people.addresses(ben, "mia"),
        app.people.export(ben, "mia"),
        app.people.put(mia, "mia", PersonIn(groups=[])),
        app.people.put(mia, "mia", PersonIn(email="elsewhere@example.com")),
        app.people.put_address(mia, "mia", AddressIn("email", "elsewhere@example.com")),
        app.people.erase(mia, "mia"),
        app.people.token(mia, "mia"),
        app.people.search(mia, "m"),
        app.people.get(ANALYST, "mia"),
    ):
        with pytest.raises(Forbidden):
            await refused


async def test_a_program_named_like_a_person_is_not_that_person(app: App) -> None:
    await app.people.put(ADMIN, "shop", PersonIn(name="A person called shop"))
    with pytest.raises(Forbidden):
        await app.people.get(program("notifications:read"), "shop")
    assert (await app.people.get(program("users:write"), "shop")).name == "A person called shop"


async def test_search_finds_by_address_and_by_the_beginning_of_the_id(each_app: App) -> None:
    await each_app.people.put(ADMIN, "mia", MIA)
    for n in range(25):
        await each_app.people.put(ADMIN, f"user-{n:02}", PersonIn())
    found = (await each_app.people.search(OPERATOR, "MIA@example.com")).items
    assert [p.id for p in found] == ["mia"]
    assert [p.id for p in (await each_app.people.search(OPERATOR, "+49 30 901820")).items] == ["mia"]
    assert [p.id for p in (await each_app.people.search(OPERATOR, "user-1")).items] == [f"user-1{n}" for n in range(10)]
    assert len((await each_app.people.search(OPERATOR, "user")).items) == 20
    assert (await each_app.people.search(OPERATOR, "user_1")).items == []
    assert (await each_app.people.search(OPERATOR, "%")).items == []


async def test_a_token_speaks_for_its_person_alone(app: App, clock: HeldClock) -> None:
    await app.people.put(ADMIN, "mia", MIA)
    token = await app.people.token(program("users:write"), "mia", 600)
    who = await app.tokens.verify(token)
    assert (who.subject, who.role, who.person) == ("mia", "member", person_id(1, "mia"))
    assert (await app.people.get(who, "mia")).name == "Mia"
    with pytest.raises(NotFound):
        await app.people.token(ADMIN, "nobody", 600)
    for ttl in (0, 86_401, float("nan")):
        with pytest.raises(Invalid):
            await app.people.token(ADMIN, "mia", ttl)


async def test_two_spaces_with_the_same_user_ids_never_meet(each_app: App) -> None:
    here, there = actor("admin"), actor("admin", space=2)
    await each_app.people.put(here, "mia", MIA)
    with pytest.raises(NotFound):
        await each_app.people.get(there, "mia")
    await each_app.people.put(there, "mia", PersonIn(name="Another Mia", email="mia@example.com"))
    assert (await each_app.people.get(here, "mia")).name == "Mia"
    assert [p.name for p in (await each_app.people.search(there, "mia@example.com")).items] == ["Another Mia"]
    await each_app.people.erase(there, "mia")
    assert (await each_app.people.get(here, "mia")).email == "mia@example.com"
    foreign = msgspec.structs.replace(actor("member", "mia"), space=2)  # its person is of space 1
    with pytest.raises(Forbidden):
        await each_app.people.get(foreign, "mia")



async def test_many_people_are_put_all_or_none(each_app: App) -> None:
    app = each_app
    key = await plant(app, "user-3")
    assert await app.people.put_many(OPERATOR, [(f"user-{n}", PersonIn(name=f"U{n}")) for n in range(50)]) == 50
    assert await gone(app, key) and (await app.people.get(ADMIN, "user-3")).name == "U3"
    for bad in (("x y", PersonIn()), ("new", PersonIn(groups=["nowhere"]))):
        with pytest.raises((Invalid, UnknownGroup)):
            await app.people.put_many(OPERATOR, [("user-3", PersonIn(name="changed")), bad])
    assert (await app.people.get(ADMIN, "user-3")).name == "U3"
    with pytest.raises(Invalid):
        await app.people.put_many(OPERATOR, [("u", PersonIn())] * 101)
