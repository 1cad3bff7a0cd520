"""Imports by the facade: nobody is touched before the start, everybody once after it, and a process that is killed is gone on from."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from backend.app import importing
from backend.app.app import App
from backend.app.audience_views import AudienceIn, CountIn, ImportIn, ImportView
from backend.app.engagement_views import EngagementIn
from backend.app.importing import Importing
from backend.app.views import AddressIn, GroupIn, PersonIn, PreferencesIn
from backend.clock import HeldClock
from backend.domain.errors import Forbidden, Invalid, NotFound, TooLarge, UnknownAudience, UnknownCategory, WrongState
from backend.store import retention, rollup, tables
from tests.app.actors import ADMIN, ANALYST, MARKETER, actor, rows, trail
from tests.app.conftest import NOW

FILE = (
    "Kundennummer;E-Mail;Name;Zeitzone;Gruppe;plan;alter\n"
    "mia;mia@example.com;Mia;Europe/Berlin;;pro;30\n"
    "ben;ben@example.com;Ben;;;free;\n"
    "zoe;no-address;Zoe;;;pro;31\n"
    "mia;other@example.com;Mia 2;;;free;9\n"
    ";nobody@example.com;;;;;\n"
    'kai;kai@example.com;"=HYPERLINK(""x"")";Mars/Base;;pro;1\n'
    "eva;eva@example.com;=1+1;;;pro;40\n"
)
MAPPING = {"Kundennummer": "user_id", "E-Mail": "email", "Name": "name", "Zeitzone": "timezone", "Gruppe": "group", "plan": "attribute:plan", "alter": "number:age"}


async def sent(text: str | bytes) -> AsyncIterator[bytes]:
    data = text.encode() if isinstance(text, str) else text
    for n in range(0, len(data), 1_000):
        yield data[n : n + 1_000]


async def walked(app: App) -> None:
    while await Importing(app).once():
        pass


async def checked(app: App, text: str | bytes = FILE, **changes: Any) -> ImportView:
    begun = await app.imports.begin(MARKETER, "kunden.csv", sent(text))
    await app.imports.map(MARKETER, begun.id, ImportIn(**{"mapping": MAPPING, **changes}))
    await walked(app)
    return await app.imports.get(MARKETER, begun.id)


async def everything(app: App) -> dict[str, Any]:
    names = ("people", "addresses", "memberships", "consents", "listed", "summaries", "audiences", "fields")
    return {name: await rows(app, tables.meta.tables[name]) for name in names}


async def test_a_file_is_guessed_checked_and_applied_and_nobody_is_touched_before(each_app: App) -> None:
    app = each_app
    await app.people.put(ADMIN, "ben", PersonIn(name="Ben", email="ben@example.com", attributes={"plan": "free", "city": "Oslo"}))
    await app.people.put(ADMIN, "eva", PersonIn(name="Eva", email="old@example.com", attributes={"plan": "free", "city": "Rome"}))
    before = await everything(app)
    begun = await app.imports.begin(MARKETER, "kunden.csv", sent(FILE.encode("cp1252")))
    assert (begun.state, begun.total, begun.delimiter, begun.mapping["Kundennummer"], begun.mapping["plan"]) == ("reading", 7, "semicolon", "user_id", "attribute:plan")
    await app.imports.map(MARKETER, begun.id, ImportIn(MAPPING, audience="pros", audience_name="Pros"))
    await walked(app)
    dry = await app.imports.get(MARKETER, begun.id)
    assert (dry.state, dry.checked, dry.new, dry.changed, dry.same, dry.refused, dry.duplicates) == ("ready", True, 1, 1, 1, 4, 1)
    assert dry.preview[0].cells[:2] == ["mia", "mia@example.com"] and (dry.preview[3].code, dry.preview[3].about) == ("duplicate", "2")
    assert await everything(app) == before, "checking touches nobody"
    with pytest.raises(Invalid, match="3 rows would be applied"):
        await app.imports.start(MARKETER, begun.id, 7)
    await app.imports.start(MARKETER, begun.id, 3)
    await walked(app)
    done = await app.imports.get(MARKETER, begun.id)
    assert (done.state, done.done, done.new, done.changed, done.same, done.refused) == ("finished", 7, 1, 1, 1, 4)
    mia, eva, ben = [await app.people.get(ADMIN, user) for user in ("mia", "eva", "ben")]
    assert (mia.email, mia.timezone, mia.attributes) == ("mia@example.com", "Europe/Berlin", {"plan": "pro", "age": 30})
    assert (eva.name, eva.email, eva.attributes) == ("=1+1", "eva@example.com", {"plan": "pro", "city": "Rome", "age": 40})
    assert ben.revision == 1, "who is the same is not written again"
    listed = await app.audiences.get(MARKETER, "pros")
    assert listed.size == 3 and sorted((await app.audiences.members(MARKETER, "pros")).items) == ["ben", "eva", "mia"]
    assert (await app.audiences.count(MARKETER, CountIn())).channels["email"] == 3
    assert await rows(app, tables.consents) == [], "an import is no opt-in"
    assert [action for _, action, _ in await trail(app) if action.startswith("import.")] == ["import.begin", "import.start"]
    text = "".join([part async for part in app.imports.errors(MARKETER, begun.id)])
    assert text.startswith("\ufeffline,code,reason,Kundennummer") and "'=HYPERLINK" in text and text.count("\n") == 5
    assert [line.split(",")[:2] for line in text.splitlines()[1:]] == [["4", "email_invalid"], ["5", "duplicate"], ["6", "user_missing"], ["7", "timezone_unknown"]]
    german = "".join([part async for part in app.imports.errors(MARKETER, begun.id, "de")])
    assert "Dieselbe Person steht schon in Zeile 2; diese zählt." in german and "Mars/Base" not in german.split("timezone_unknown")[1].split(".")[0]
    assert [(one.code, one.count) for one in done.reasons] == [("duplicate", 1), ("email_invalid", 1), ("timezone_unknown", 1), ("user_missing", 1)]
    with pytest.raises(WrongState):
        await app.imports.start(MARKETER, begun.id, 3)


@pytest.mark.parametrize("point", range(8))
async def test_one_that_is_killed_at_any_point_is_gone_on_from_exactly(app: App, monkeypatch: pytest.MonkeyPatch, point: int) -> None:
    monkeypatch.setattr(importing, "CHUNK", 3)
    text = "user_id,email,plan\n" + "".join(f"u{n},u{n}@example.com,p{n % 3}\n" for n in range(10))
    dry = await checked(app, text, mapping={"user_id": "user_id", "email": "email", "plan": "attribute:plan"}, audience="all", audience_name="All")
    await app.imports.start(MARKETER, dry.id, 10)
    true_write, calls = app.store.write, 0

    async def dies(fn: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > point // 2:
            if point % 2:  # all was written, and nobody lived to hear of it
                await true_write(fn, **more)
            raise SystemExit
        return await true_write(fn, **more)

    monkeypatch.setattr(app.store, "write", dies)
    with pytest.raises(SystemExit):
        await walked(app)
    monkeypatch.setattr(app.store, "write", true_write)
    await walked(app)
    done = await app.imports.get(MARKETER, dry.id)
    assert (done.state, done.new, done.done) == ("finished", 10, 10)
    assert [row["revision"] for row in await rows(app, tables.people) if row["user_id"].startswith("u")] == [1] * 10
    assert (await app.audiences.get(MARKETER, "all")).size == 10


async def test_rows_that_are_refused_are_shown_behind_the_first(app: App) -> None:
    text = "user_id,email\n" + "".join(f"u{n},{'no' if n in (2, 30) else f'u{n}@example.com'}\n" for n in range(40))
    dry = await checked(app, text, mapping={"user_id": "user_id", "email": "email"})
    assert [(one.line, one.code) for one in dry.preview if one.code] == [(4, "email_invalid"), (32, "email_invalid")]
    assert [one.line for one in dry.preview] == [*range(2, 10), 32]


async def test_consent_is_noted_with_its_source_and_who_said_no_stays_out(app: App) -> None:
    await app.people.put(ADMIN, "ben", PersonIn(name="Ben", email="ben@example.com"))
    await app.preferences.put(ADMIN, "ben", PreferencesIn(consents={"marketing": False}))
    begun = await app.imports.begin(MARKETER, "x.csv", sent(FILE))
    with pytest.raises(Invalid, match="no opt-in"):
        await app.imports.map(MARKETER, begun.id, ImportIn(MAPPING, consent_category="marketing", consent_source="fair"))
    with pytest.raises(UnknownCategory):
        await app.imports.map(MARKETER, begun.id, ImportIn(MAPPING, consent_category="nothing", consent_source="fair", consent_evidence="list"))
    await app.imports.map(MARKETER, begun.id, ImportIn(MAPPING, consent_category="marketing", consent_source="fair", consent_evidence="signed list 7"))
    await walked(app)
    await app.imports.start(MARKETER, begun.id, 3)
    await walked(app)
    done = await app.imports.get(MARKETER, begun.id)
    assert (done.opted_in, done.kept_out) == (2, 1)
    noted = [row for row in await rows(app, tables.consents) if row["source"] == "fair"]
    assert [(row["given"], row["evidence"]) for row in noted] == [(True, "signed list 7")] * 2
    assert (await app.preferences.get(ADMIN, "ben")).consents == {"marketing": False}
    await app.store.write(lambda tx: rollup.compact(tx, 100))
    trend = await app.engagement.report(ADMIN, EngagementIn(NOW - 900, NOW + 900))
    assert {part.key: (part.shifts.opted_in, part.shifts.opted_out) for part in trend.shifts_by_way} == {"import": (2, 0), "staff": (0, 1)}


async def test_one_that_was_not_started_is_given_up_and_one_that_runs_is_not(app: App) -> None:
    dry = await checked(app)
    await app.imports.cancel(MARKETER, dry.id)
    assert (await app.imports.get(MARKETER, dry.id)).state == "cancelled" and await rows(app, tables.import_rows) == []
    dry = await checked(app)
    await app.imports.start(MARKETER, dry.id, 3)
    with pytest.raises(WrongState, match="goes through"):
        await app.imports.cancel(MARKETER, dry.id)


async def test_what_cannot_be_asked_is_refused(app: App) -> None:
    with pytest.raises(Invalid, match="empty"):
        await app.imports.begin(MARKETER, "x", sent(""))
    with pytest.raises(Invalid, match="nobody"):
        await app.imports.begin(MARKETER, "x", sent("user_id,email\n"))
    with pytest.raises(NotFound):
        await app.imports.get(MARKETER, "zz")
    with pytest.raises(NotFound):
        await app.imports.get(actor("admin", space=2), (await checked(app)).id)
    begun = await app.imports.begin(MARKETER, "x", sent(FILE))
    with pytest.raises(UnknownAudience):
        await app.imports.map(MARKETER, begun.id, ImportIn(MAPPING, audience="none-such"))
    with pytest.raises(Forbidden):
        await app.imports.map(actor("operator"), begun.id, ImportIn(MAPPING, audience="x", audience_name="X"))
    with pytest.raises(Forbidden):
        await app.imports.list(ANALYST)
    await app.audiences.put(MARKETER, "people", AudienceIn(kind="list"))
    await app.imports.map(MARKETER, begun.id, ImportIn(MAPPING, audience="people"))


async def test_too_large_a_file_is_refused_while_it_comes(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.domain.people_file.LARGEST", 5_000)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1_000

    with pytest.raises(TooLarge):
        await app.imports.begin(MARKETER, "x", endless())
    assert read == 6


async def test_a_file_is_kept_as_it_comes_and_nothing_of_it_when_its_end_is_refused(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.app.imports.AT_ONCE", 100)
    monkeypatch.setattr("backend.domain.people_file.HEAD", 500)
    staged = []

    async def coming(end: str) -> AsyncIterator[bytes]:
        yield b"user_id,name\n"
        for n in range(0, 1_000, 100):
            staged.append(len(await rows(app, tables.import_rows)))
            yield "".join(f"u{k},U {k}\n" for k in range(n, n + 100)).encode() * (n != 300)
            await walked(app)  # what is not whole yet is not gone on with
        yield end.encode()

    with pytest.raises(Invalid, match="never ends"):
        await app.imports.begin(MARKETER, "x.csv", coming('u,"'))
    assert staged[-1] == 800, "it does not wait for the end of the file"
    assert await rows(app, tables.import_rows) == await rows(app, tables.imports) == []
    view = await app.imports.begin(MARKETER, "x.csv", coming("last,One\n"))
    assert (view.state, view.total, view.preview[0].cells, len(await rows(app, tables.import_rows))) == ("reading", 901, ["u0", "U 0"], 901)

    async def breaks() -> AsyncIterator[bytes]:
        async for piece in coming(""):
            yield piece
        raise SystemExit

    with pytest.raises(SystemExit):
        await app.imports.begin(MARKETER, "y.csv", breaks())
    await app.store.write(lambda tx: None)
    found = {one.name: one.state for one in (await app.imports.list(MARKETER)).items}
    assert found["y.csv"] in ("reading", "failed") and await rows(app, tables.people) == []


async def test_one_that_is_given_up_while_it_comes_stays_given_up(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.app.imports.AT_ONCE", 2)
    monkeypatch.setattr("backend.domain.people_file.HEAD", 10)
    monkeypatch.setattr("backend.domain.people_file.GUESS", 4)

    async def coming() -> AsyncIterator[bytes]:
        yield b"user_id,name\na,A\nb,B\nc,C\nd,D\n"
        await app.imports.cancel(MARKETER, (await app.imports.list(MARKETER)).items[0].id)
        yield b"e,E\nf,F\n"

    with pytest.raises(WrongState, match="cancelled while"):
        await app.imports.begin(MARKETER, "x.csv", coming())
    assert [one.state for one in (await app.imports.list(MARKETER)).items] == ["cancelled"] and await rows(app, tables.import_rows) == []


async def test_a_group_that_went_away_between_is_a_refused_row_and_the_rest_is_applied(app: App) -> None:
    await app.groups.put(ADMIN, "vips", GroupIn())
    text = "user_id,group\nmia,vips\nben,\nzoe,none\n"
    dry = await checked(app, text, mapping={"user_id": "user_id", "group": "group"})
    assert (dry.new, dry.refused) == (2, 1)
    await app.groups.delete(ADMIN, "vips")
    await app.imports.start(MARKETER, dry.id, 2)
    await walked(app)
    done = await app.imports.get(MARKETER, dry.id)
    assert (done.state, done.new, done.refused, sum(one.count for one in done.reasons)) == ("finished", 1, 2, 2)


async def test_rows_are_dropped_a_day_after_the_end(app: App) -> None:
    dry = await checked(app)
    await app.imports.start(MARKETER, dry.id, 3)
    await walked(app)
    now = app.clock.now()
    await app.store.write(lambda tx: retention.sweep(tx, now + 86_000))
    assert await rows(app, tables.import_rows)
    await app.store.write(lambda tx: retention.sweep(tx, now + 86_500))
    assert await rows(app, tables.import_rows) == [] and (await app.imports.get(MARKETER, dry.id)).state == "finished"


async def test_changed_addresses_stand_where_the_old_ones_stood_also_those_that_stood_further_down(each_app: App, clock: HeldClock) -> None:
    app = each_app
    for n in range(30):
        await app.people.put(ADMIN, f"u{n}", PersonIn(email=f"old{n}@example.com"))
    clock.move(60)
    await app.people.put_address(ADMIN, "u1", AddressIn("email", "new1@example.com", "second"))
    await app.people.put_address(ADMIN, "u2", AddressIn("email", "third@example.com", "other"))
    began = (await app.people.addresses(ADMIN, "u0")).items[0].created_at
    clock.move(60)
    text = "user_id,email\n" + "".join(f"u{n},new{n}@example.com\n" for n in range(30))
    dry = await checked(app, text, mapping={"user_id": "user_id", "email": "email"}, overwrite=True)
    await app.imports.start(MARKETER, dry.id, 30)
    await walked(app)
    done = await app.imports.get(MARKETER, dry.id)
    assert (done.changed, done.new, done.refused) == (30, 0, 0)
    for n in range(30):
        held = (await app.people.addresses(ADMIN, f"u{n}")).items
        assert (held[0].address, held[0].created_at, held[0].label) == (f"new{n}@example.com", began, "")
        assert [one.address for one in held[1:]] == (["third@example.com"] if n == 2 else [])
        assert (await app.people.get(ADMIN, f"u{n}")).email == f"new{n}@example.com"
    assert (await app.audiences.count(MARKETER, CountIn())).channels["email"] == 30
