"""Erasing and exporting a person (GDPR): nothing that tells who they were stays, nothing they may see is left out."""

from pathlib import Path

import msgspec
import pytest

from backend.app.app import App
from backend.app.schedule_views import ScheduleIn
from backend.app.views import AddressIn, GroupIn, PersonIn, PreferencesIn, SuppressionIn
from backend.domain.delivery import State
from backend.domain.errors import Erased, Forbidden, NotFound, TokenInvalid
from backend.domain.event import Event
from backend.domain.ids import person_id
from backend.log.codec import decode, encode
from backend.store import letters, suppressions, tables
from backend.store import people as line
from tests.app.actors import ADMIN, OPERATOR, actor, gone, plant, rows, trail
from tests.app.line_rows import SECRET, happened

PHONE = "+4930901820"
# Six letters and more: shorter words would be found by chance in a token or a key.
TELLING = ("mia-berger", "Mia Berger", "berger", "901820", "birthday", "parcel", '"gift"', "token-77", "ticket 7", "order-7", "mia.login", "mia@example")


async def everything(app: App) -> None:
    """Mia in every table that knows people."""
    await app.groups.put(ADMIN, "vip", GroupIn())
    given = PersonIn("Mia Berger", "mia@example.com", PHONE, "Europe/Berlin", "de", {"guild": "berger"}, ["vip"])
    await app.people.put(ADMIN, "mia-berger", given)
    await app.people.put_address(ADMIN, "mia-berger", AddressIn("push", "token-77", "Mia's phone"))
    await app.preferences.put(ADMIN, "mia-berger", PreferencesIn(channels={"sms": False}, consents={"marketing": True}), evidence="ticket 7 by mia-berger")
    await app.suppressions.put(ADMIN, SuppressionIn("sms", PHONE, "stop"))
    await app.accounts.create(ADMIN, "mia.login", "correct horse battery", "member", "Mia Berger", "mia-berger")


async def cells(app: App) -> str:
    """Every cell of every table, opened where we can open it."""
    found = []
    for table in tables.meta.sorted_tables:
        for row in await rows(app, table):
            found.append(f"{table.name} {row}")
            for value in row.values():
                for purpose in ("address", "profile", "capture"):
                    try:
                        found.append(f"{table.name} opened {app.sealer.unseal(purpose, bytes(value))!r}")
                    except Exception:
                        continue
    return "\n".join(found)


async def test_nothing_that_tells_is_left(each_app: App) -> None:
    app = each_app
    await everything(app)
    made = await happened(app, "mia-berger")
    session = await app.accounts.sign_in("mia.login", "correct horse battery")
    before = await cells(app)
    assert [word for word in TELLING if word not in before] == []
    key = await plant(app, "mia-berger")
    await app.people.erase(ADMIN, "mia-berger")
    after = await cells(app)
    assert {word: [found for found in after.splitlines() if word in found] for word in TELLING if word in after} == {}
    assert await gone(app, key)
    with pytest.raises(TokenInvalid):
        await app.accounts.who(session.token)
    assert ("the-admin", "user.erase", f"user:erased {person_id(1, 'mia-berger'):016x}") in await trail(app)
    states = {r["id"]: (r["state"], r["reason"]) for r in await rows(app, tables.deliveries)}
    assert states == {made["held"]: (State.CANCELLED, "erased"), made["tried"]: (State.FAILED, "provider_refused")}
    waiting = await rows(app, tables.due)
    assert [(r["id"], decode(Event, bytes(r["value"])).body) for r in waiting] == [(made["scheduled"], b"{}")]
    (event,) = await rows(app, tables.events)
    assert msgspec.msgpack.decode(event["body"], type=Event).body == b"{}"


async def test_dead_letters_of_the_person_go_and_others_stay(each_app: App) -> None:
    """A letter holds the whole record: title, message and data of what could not be carried out."""
    app = each_app
    await everything(app)
    persons = {"mia-berger": person_id(1, "mia-berger"), "ben": person_id(1, "ben")}

    def bury(tx) -> None:
        for n, (name, person) in enumerate(persons.items()):
            value = encode(Event(bytes(16), 1, person, "order.shipped", "orders", "high", 1.0, body=b'{"title":"gift"}'))
            letters.insert(
                tx, space=1, id=bytes([n]) * 16, at=1.0, topic="events.high", stage=name, cause="c", fingerprint="f", detail="", value=value
            )

    await app.store.write(bury)
    await app.people.erase(ADMIN, "mia-berger")
    assert [row["stage"] for row in await rows(app, tables.dead)] == ["ben"]


async def test_late_records_meet_the_tombstone_and_the_user_id_stays_gone(app: App) -> None:
    await everything(app)
    await app.people.erase(ADMIN, "mia-berger")
    person = person_id(1, "mia-berger")
    facts = (await app.store.read(lambda tx: line.facts_of(tx, 1, [person], app.clock.now())))[person]
    assert facts.erased and facts.addresses == () and facts.groups == () and facts.profile == b""
    for again in (app.people.get(ADMIN, "mia-berger"), app.people.erase(ADMIN, "mia-berger"), app.people.export(ADMIN, "mia-berger"), app.preferences.get(ADMIN, "mia-berger")):
        with pytest.raises(NotFound):
            await again
    for back in (app.people.put(ADMIN, "mia-berger", PersonIn()), app.accounts.create(ADMIN, "mia-berger", "correct horse battery", "member")):
        with pytest.raises(Erased):
            await back
    assert (await app.people.search(ADMIN, "mia@example.com")).items == [] == (await app.people.search(ADMIN, "")).items


async def test_a_suppression_outlives_the_person(app: App) -> None:
    await everything(app)
    await app.people.erase(ADMIN, "mia-berger")
    kept = await app.store.read(lambda tx: suppressions.get(tx, 1, 4, app.sealer.address_hash("sms", PHONE)))
    assert kept is not None and kept.reason == "stop"
    consent = await rows(app, tables.consents)
    assert [(r["given"], r["evidence"]) for r in consent] == [(True, "")]


async def test_schedules_lose_the_id_and_one_for_this_person_alone_goes(app: App) -> None:
    for user in ("mia", "noah"):
        await app.people.put(ADMIN, user, PersonIn(name=user))
    plan = {"cron": "0 9 * * *", "category": "orders", "title": "Good morning"}
    for key, to in (("both", {"users": ["mia", "noah"]}), ("alone", {"user": "mia"}), ("list", {"users": ["mia"]}), ("other", {"user": "noah"})):
        await app.schedules.put(ADMIN, key, msgspec.convert({**plan, "to": to}, ScheduleIn))
    await app.people.erase(ADMIN, "mia")
    left = {one.key: (one.to.user, one.to.users, one.revision) for one in (await app.schedules.list(ADMIN)).items}
    assert left == {"both": (None, ["noah"], 2), "other": ("noah", None, 1)}
    assert not [row for row in await rows(app, tables.schedules) if "mia" in row["body"]]


async def test_others_keep_theirs(app: App) -> None:
    await everything(app)
    await app.people.put(ADMIN, "ben", PersonIn(name="Ben", email="ben@example.com", groups=["vip"]))
    await app.people.put(actor("admin", space=2), "mia-berger", PersonIn(name="Other Mia", email="mia@example.com"))
    await happened(app, "ben")
    before = await app.people.export(ADMIN, "ben")
    await app.people.erase(ADMIN, "mia-berger")
    assert {**await app.people.export(ADMIN, "ben"), "audit": 0} == {**before, "audit": 0}
    assert (await app.people.get(actor("admin", space=2), "mia-berger")).email == "mia@example.com"


async def test_the_export_holds_what_is_known_and_no_secret_of_ours(app: App) -> None:
    await everything(app)
    made = await happened(app, "mia-berger")
    out = await app.people.export(OPERATOR, "mia-berger")
    text = msgspec.json.encode(out).decode()
    assert out["user"]["name"] == "Mia Berger" and out["user"]["attributes"] == {"guild": "berger"} and out["groups"] == ["vip"]
    assert [(a["channel"], a["address"], a["suppressed"]) for a in out["addresses"]] == [
        ("email", "mia@example.com", ""), ("push", "token-77", ""), ("sms", PHONE, "stop"),
    ]  # fmt: skip
    assert out["preferences"] == {"channels": {"sms": False}}
    assert [(c["category"], c["given"], c["evidence"]) for c in out["consents"]] == [("marketing", True, "ticket 7 by mia-berger")]
    assert out["inbox"][0]["message"] == SECRET and out["notifications"][0]["data"] == {"gift": SECRET}
    assert out["notifications"][0]["decision"][0]["reasons"][0]["code"] == "quiet_hours"
    tried = next(d for d in out["deliveries"] if d["id"] == made["tried"].hex())
    assert (tried["state"], tried["attempts"][0]["code"]) == ("failed", "550") and out["captures"][0]["message"]["text"] == SECRET
    assert out["sign_ins"][0]["login"] == "mia.login" and "argon2" not in text
    assert "user.put" in [entry["action"] for entry in out["audit"]]
    mine = await app.people.export(actor("member", "mia-berger"), "mia-berger")
    assert mine["user"] == out["user"]
    with pytest.raises(Forbidden):
        await app.people.export(actor("member", "ben"), "mia-berger")


def test_the_list_of_tables_with_people_is_complete() -> None:
    """Whoever adds a table of people decides here what becomes of it when one is erased."""
    source = Path(__file__).resolve().parents[2].joinpath("backend/store/whole_person.py").read_text()
    kept = {
        "snapshots": "ids of whom a fan-out was for; nothing about them",
        "recipients": "counted as deliveries are; the number of a person nobody knows any more",
        "differences": "the same",
    }
    missing = [t.name for t in tables.meta.sorted_tables if "person" in t.c and t.name not in kept and t.name not in source]
    assert missing == []


def test_the_export_has_every_table_with_people() -> None:
    """Whoever adds a table of people decides here what they are shown of it."""
    sources = "".join(Path(__file__).resolve().parents[2].joinpath(path).read_text() for path in ("backend/app/export.py", "backend/store/persons.py", "backend/store/groups.py"))
    left_out = {
        "snapshots": "whom an event was for stands with its notification", "events": "stand with their notifications", "collapses": "which event is the newest under a key",
        "inbox_heads": "counts of the inbox", "chat_members": "read as chat messages", "ahead": "the order of what waits",
    }  # fmt: skip
    assert [t.name for t in tables.meta.sorted_tables if "person" in t.c and t.name not in left_out and t.name not in sources] == []


async def test_the_export_says_what_rules_see_and_what_campaigns_knew(app: App) -> None:
    await everything(app)
    person, run, at = person_id(1, "mia-berger"), b"\1" * 16, app.clock.now()

    def write(tx) -> None:
        for table, row in (
            (tables.runs, {"id": run, "campaign": "spring", "version": 1, "planned": at, "state": "finished", "forecast": bytes(16), "created": at}),
            (tables.recipients, {"run": run, "person": person, "variant": 1, "wave": 0, "foreseen": b"", "clicked": at}),
            (tables.differences, {"run": run, "person": person, "channel": 2, "foreseen": "send", "fact": "skip:no_address", "cause": "no_address", "at": at}),
            (tables.acts, {"type": "order.placed", "person": person, "first": at, "last": at, "n": 2}),
            (tables.listed, {"audience": "vips", "person": person, "created": at}),
            (tables.import_rows, {"import_id": run, "n": 7, "person": person, "sealed": b""}),
        ):
            tx.conn.execute(table.insert().values(space=1, **row))

    await app.store.write(write)
    out = await app.people.export(ADMIN, "mia-berger")
    assert (out["summary"]["attributes"], out["summary"]["consents"]) == ({"guild": "berger"}, {"marketing": True})
    assert [(a["type"], a["times"]) for a in out["acts"]] == [("order.placed", 2)] and out["lists"] == ["vips"] and out["imports"] == [{"import": run.hex(), "line": 7}]
    (campaign,) = out["campaigns"]
    assert (campaign["campaign"], campaign["variant"], campaign["converted_at"]) == ("spring", 1, None) and campaign["clicked_at"] is not None
    assert [(d["channel"], d["cause"]) for d in out["differences"]] == [("email", "no_address")]
    await app.people.erase(ADMIN, "mia-berger")
    for table in (tables.summaries, tables.acts, tables.listed, tables.import_rows, tables.fields):
        assert await rows(app, table) == [], table.name
