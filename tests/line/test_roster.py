"""Providers that are added, changed and removed in a running house: everybody follows without a start, nothing is lost and nothing doubled."""

import asyncio
import contextlib

import msgspec
import pytest

from backend.app.provider_views import CheckIn, ModeView, OrderIn, PlaceIn, ProviderIn, SelfTestIn
from backend.app.views import AddressIn
from backend.channels import registry, smtp_kind
from backend.channels.guard import Guard
from backend.domain.errors import Invalid, NotFound, Stale, Taken
from backend.security.roles import SYSTEM
from backend.store import alert_rows, parked
from carillon.bench.sink_smtp import Manner, Sink
from tests.line.houses import admin, member, order_shipped, standing
from workers.roster import Roster

TWO = 2
PUSH = msgspec.structs.replace(smtp_kind.KIND, key="pushes", channel="push", route="push")
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def looks_when_told(monkeypatch):
    """Roster and guard look when the test says so: what happens between two looks is part of what is tested."""
    monkeypatch.setattr(Roster, "run", lambda roster: asyncio.Event().wait())
    monkeypatch.setattr(Guard, "run", lambda guard: asyncio.Event().wait())


@contextlib.asynccontextmanager
async def sinks(*manners):
    """Mail servers; each with its port."""
    made = [Sink(manner=manner) for manner in manners]
    try:
        yield [(sink, await sink.start()) for sink in made]
    finally:
        for sink in made:
            await sink.close()


def server(port, **more):
    used = {name: more.pop(name) for name in ("weight", "used", "revision") if name in more}
    return ProviderIn("smtp", {"host": "127.0.0.1", "port": port, "encryption": "none", **more}, **used)


async def put(stand, key, given, space=1):
    view = await stand.app.providers.put(admin(space), key, given)
    await stand.house.roster.look()
    return view


async def sends(stand, n, space=1, **more):
    people = [await stand.person(space=space) for _ in range(n)]
    made = await stand.accept(*(order_shipped(to=user, channels=["email"], **more) for user in people), space=space)
    await stand.settle()
    return made


async def test_one_that_is_added_takes_over_from_capture_and_is_removed_again(kind, line_engines, tmp_path):
    async with standing(kind, tmp_path / "home") as stand, sinks(None) as ((sink, port),):
        await sends(stand, 3)
        assert sink.count == 0
        await put(stand, "mail", server(port))
        made = await sends(stand, 5)
        assert sink.count == 5
        view = await stand.delivery(made[0])
        assert [entry.provider for entry in view.timeline if entry.kind == "attempt"] == ["mail"]
        await stand.house.guard.look()
        (shown,) = [one for one in (await stand.app.providers.list(SYSTEM)).items if one.origin == "portal"]
        assert (shown.key, shown.breaker, shown.points, shown.weight) == ("mail", "closed", 100, 100)
        assert (await stand.app.providers.outlook(SYSTEM, "mail")).then == "capture"
        await stand.app.providers.remove(SYSTEM, "mail")
        await stand.house.roster.look()
        await sends(stand, 2)
        assert sink.count == 5
        with pytest.raises(NotFound):
            await stand.app.providers.remove(SYSTEM, "mail")


async def test_what_waits_at_one_that_is_replaced_goes_to_the_new_one_and_nothing_is_doubled(kind, line_engines, tmp_path):
    async with standing(kind, tmp_path / "home") as stand, sinks(Manner(delay=0.1), None) as ((slow, at_slow), (quick, at_quick)):
        await put(stand, "mail", server(at_slow, connections=2))
        people = [await stand.person() for _ in range(60)]
        made = await stand.accept(*(order_shipped(to=user, channels=["email"]) for user in people))
        async with asyncio.timeout(20):
            while slow.count < 4:
                await asyncio.sleep(0.01)
        await put(stand, "mail", server(at_quick, connections=2))
        await stand.settle()
        stand.clock.move(5)
        await stand.settle()
        assert slow.count >= 4
        assert quick.count > 30, "what had not begun went to the new one"
        assert len(set(slow.ids + quick.ids)) == slow.count + quick.count == 60, "each once"
        assert sum([(await stand.ledger(one)).get("sent", 0) for one in made]) == 60


async def test_two_spaces_go_by_their_own(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(None, None) as ((one, at_one), (two, at_two)):
        await stand.new_space(TWO)
        await put(stand, "mail", server(at_one))
        await sends(stand, 2, space=TWO)
        assert (one.count, two.count) == (0, 0), "the other space has none and captures"
        await put(stand, "mail", server(at_two), space=TWO)
        made = await sends(stand, 3, space=TWO)
        await sends(stand, 4)
        assert (one.count, two.count) == (4, 3)
        attempts = [entry.provider for entry in (await stand.delivery(made[0], space=TWO)).timeline if entry.kind == "attempt"]
        assert attempts == ["2.mail"]
        assert {view.known for view in (await stand.app.providers.list(admin(TWO))).items if view.origin == "portal"} == {"2.mail"}
        with pytest.raises(NotFound):
            await stand.app.providers.remove(admin(3), "mail")


async def test_weights_share_people_and_a_person_stays(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(None, None, None) as ((one, at_one), (two, at_two), (spare, at_spare)):
        for key, port, weight in (("first", at_one, 70), ("second", at_two, 30), ("spare", at_spare, 0)):
            await put(stand, key, server(port, weight=weight))
        await sends(stand, 200)
        assert 110 <= one.count <= 165
        assert one.count + two.count == 200
        assert spare.count == 0, "it only stands in"
        user = await stand.person()
        before = one.count, two.count
        for _ in range(4):
            await stand.send(order_shipped(to=user, channels=["email"]))
        assert sorted((one.count - before[0], two.count - before[1])) == [0, 4], "a person stays with one"
        page = await stand.app.providers.arrange(SYSTEM, "email", OrderIn([PlaceIn("spare", 100), PlaceIn("first", 0), PlaceIn("second", 0)]))
        assert [view.key for view in page.items if view.origin == "portal"] == ["spare", "first", "second"]
        await stand.house.roster.look()
        await sends(stand, 10)
        assert spare.count == 10
        with pytest.raises(Invalid, match="names each provider of email once"):
            await stand.app.providers.arrange(SYSTEM, "email", OrderIn([PlaceIn("spare", 100)]))


async def test_where_all_are_switched_off_it_waits_and_goes_when_one_is_on(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(None) as ((sink, port),):
        await put(stand, "mail", server(port))
        await put(stand, "mail", server(port, used=False))
        made = await sends(stand, 6)
        assert sink.count == 0
        view = await stand.delivery(made[0])
        assert (view.state, view.reason.code) == ("held", "provider_off")
        assert await stand.app.store.read(lambda tx: parked.count(tx, 1, "down:email")) == 6
        assert (await stand.app.providers.get(SYSTEM, "mail")).breaker == "off"
        await put(stand, "mail", server(port, used=True))
        await stand.settle()
        await stand.settle(after=1)
        assert sink.count == 6, "not an hour later: it is let go at once"
        assert sum([(await stand.ledger(one)).get("sent", 0) for one in made]) == 6


async def test_an_address_that_nobody_reaches_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "KINDS", (*registry.KINDS, PUSH))
    async with standing("embedded", tmp_path / "home") as stand, sinks(None) as ((_, port),):
        await put(stand, "firebase", ProviderIn("pushes", {"host": "127.0.0.1", "port": port, "encryption": "none"}))
        user = await stand.person()
        await stand.app.people.put_address(SYSTEM, user, AddressIn("push", "apns:" + "ab" * 32))
        (made,) = await stand.accept(order_shipped(to=user, channels=["push"]))
        await stand.settle()
        view = await stand.delivery(made, "push")
        assert (view.state, view.reason.code) == ("failed", "no_provider")
        assert "reaches" in view.reason.text
        assert await stand.captured(user, "push") == []
        assert await stand.ledger(made) == {"planned": 1, "failed": 1}


async def test_a_space_that_is_tested_captures_everything_and_calls_back_what_waits(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(Manner(delay=0.2)) as ((sink, port),):
        await put(stand, "mail", server(port, connections=1))
        people = [await stand.person() for _ in range(20)]
        made = await stand.accept(*(order_shipped(to=user, channels=["email"]) for user in people))
        async with asyncio.timeout(20):
            while sink.count < 2:
                await asyncio.sleep(0.01)
        await stand.app.providers.put_mode(SYSTEM, ModeView(True))
        await stand.house.roster.look()
        begun = sink.count + 1  # one flies
        await stand.settle()
        await stand.settle(after=5)
        assert sink.count <= begun + 1
        kept = sum([len(await stand.captured(user)) for user in people])
        assert kept + sink.count == 20
        assert sum([(await stand.ledger(one)).get("sent", 0) for one in made]) == 20
        assert (await stand.app.providers.mode(member(people[0]))).test
        before = sink.count
        await stand.app.providers.put_mode(SYSTEM, ModeView(False))
        await stand.house.roster.look()
        await sends(stand, 2)
        assert sink.count == before + 2


async def test_a_test_to_oneself_goes_by_that_very_provider_and_has_its_page(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(None, None) as ((one, at_one), (spare, at_spare)):
        await put(stand, "mail", server(at_one))
        await put(stand, "spare", server(at_spare, weight=0))
        user = await stand.person(email="op@example.com")
        actor = msgspec.structs.replace(member(user), role="operator")
        sent = await stand.app.providers.send_test(actor, "spare", SelfTestIn())
        await stand.settle()
        assert (one.count, spare.count) == (0, 1)
        view = await stand.app.deliveries.get(actor, sent.delivery)
        assert (view.state, view.title, view.event) == ("sent", "Test of spare", sent.event)
        assert [entry.provider for entry in view.timeline if entry.kind == "attempt"] == ["spare"]
        typed = await stand.app.providers.send_test(actor, "mail", SelfTestIn("Other@Example.com"))
        await stand.settle()
        assert (one.count, spare.count) == (1, 1), "to the one that was typed alone"
        assert (await stand.app.deliveries.get(actor, typed.delivery)).state == "sent"
        assert await stand.ledger(typed.event) == {"planned": 1, "sent": 1}
        await stand.app.providers.put(SYSTEM, "spare", server(at_spare, used=False))
        with pytest.raises(Invalid, match="switched off"):
            await stand.app.providers.send_test(actor, "spare", SelfTestIn())
        with pytest.raises(Invalid, match="program has no address"):
            await stand.app.providers.send_test(msgspec.structs.replace(SYSTEM, person=0), "mail", SelfTestIn())


async def test_one_whose_secrets_cannot_be_opened_waits_and_says_so(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(None) as ((sink, port),):
        await put(stand, "mail", server(port, user="me", password="open sesame"))
        row = await stand.app.store.read(_row)
        assert b"sesame" not in row.secrets and "sesame" not in row.fields
        row.secrets = row.secrets[:-1] + bytes([row.secrets[-1] ^ 1])
        await stand.app.store.write(lambda tx: _put(tx, row))
        await stand.house.roster.look()
        made = await sends(stand, 2)
        assert sink.count == 0
        assert (await stand.delivery(made[0])).reason.code == "provider_off"
        assert (await stand.app.providers.get(SYSTEM, "mail")).breaker == "unseen"
        with pytest.raises(Invalid, match="go together"):
            await put(stand, "mail", server(port, user="me"))
        await put(stand, "mail", server(port))
        await stand.settle()
        await stand.settle(after=1)
        assert sink.count == 2


def _row(tx):
    from backend.store import providers

    return providers.get(tx, 1, "mail")


def _put(tx, row):
    from backend.store import providers

    providers.put(tx, row)


async def test_two_people_who_edit_one_provider(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand:
        first = await put(stand, "mail", server(25))
        second = await stand.app.providers.put(SYSTEM, "mail", server(26, revision=first.revision))
        with pytest.raises(Stale) as refused:
            await stand.app.providers.put(SYSTEM, "mail", server(27, revision=first.revision))
        assert refused.value.facts == {"seen": first.revision, "current": second.revision}
        answers = await asyncio.gather(
            *(stand.app.providers.put(SYSTEM, "mail", server(port, revision=second.revision)) for port in (30, 31)), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in answers) == ["ProviderView", "Stale"], "of two at once one wins"
        with pytest.raises(Stale):
            await stand.app.providers.remove(SYSTEM, "mail", first.revision)


async def test_a_check_says_what_happened_and_keeps_what_is_secret(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(None) as ((_, port),):
        checked = await stand.app.providers.check(SYSTEM, "new", CheckIn("smtp", dict(server(port).fields)))
        assert checked.well and "answered" in checked.said
        checked = await stand.app.providers.check(SYSTEM, "new", CheckIn("smtp", {**server(1).fields, "timeout": 1}))
        assert not checked.well and "cannot be reached" in checked.said
        await put(stand, "mail", server(port, user="me", password="open sesame"))
        checked = await stand.app.providers.check(SYSTEM, "mail", CheckIn())
        assert not checked.well and "sesame" not in checked.said
        with pytest.raises(Invalid, match="Type Password again") as refused:
            await stand.app.providers.check(SYSTEM, "mail", CheckIn("smtp", {**server(port).fields, "host": "elsewhere.example", "user": "me"}))
        assert refused.value.facts["field"] == "password", "what is kept is not sent to another server"
        view = await stand.app.providers.get(SYSTEM, "mail")
        assert (view.secrets, "password" in view.fields) == (["password"], False)
        with pytest.raises(NotFound):
            await stand.app.providers.check(SYSTEM, "nobody", CheckIn())


@pytest.mark.parametrize(("key", "error"), [("smtp", Taken), ("smtp-2", Taken), ("capture-email", Taken), ("Big", Invalid), ("a.b", Invalid), ("x" * 41, Invalid), ("", Invalid)])
async def test_keys_that_belong_to_others_or_read_like_none(tmp_path, key, error):
    async with standing("embedded", tmp_path / "home") as stand:
        with pytest.raises(error) as refused:
            await stand.app.providers.put(SYSTEM, key, server(25))
        assert refused.value.facts["field"] == "key"


async def test_one_that_is_put_right_is_used_at_once_and_what_waited_for_it_goes(tmp_path):
    async with standing("embedded", tmp_path / "home") as stand, sinks(Manner(refuse={"mail": "451 4.3.0 try again"}), None) as ((_, wrong), (right, at_right)):
        await put(stand, "mail", server(wrong, connections=20))
        failed = await sends(stand, 14)
        await stand.house.guard.look()
        assert (await stand.app.providers.get(SYSTEM, "mail")).breaker == "open"
        held = await sends(stand, 5)
        assert (await stand.delivery(held[0])).reason.code == "breaker_open"
        assert await stand.app.store.read(lambda tx: parked.count(tx, 1, "down:email")) >= 5
        await put(stand, "mail", server(at_right))
        await stand.house.guard.look()
        assert (await stand.app.providers.get(SYSTEM, "mail")).breaker == "closed", "what was known of the old one says nothing of the new one"
        await stand.settle()
        await stand.settle(after=1)
        assert right.count >= 5, "not after the pause of a breaker, nor an hour later"
        await stand.settle(after=7_200)
        assert right.count == 19
        assert sum([(await stand.ledger(one)).get("sent", 0) for one in held + failed]) == 19
        await asyncio.gather(*stand.app._pending)
        alerts = await stand.app.store.read(lambda tx: alert_rows.newest(tx, 1, 50))
        assert [one.title for one in alerts if "mail" in one.title and one.resolved_at is None] == []
