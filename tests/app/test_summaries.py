"""What rules look at of people stands in the transaction that changes them, on both engines; whoever was there before is filled in."""

import msgspec
import pytest
from sqlalchemy import delete, update

from backend.app.app import App
from backend.app.summing import SOME as PART
from backend.app.summing import Summing
from backend.app.views import PersonIn, PreferencesIn
from backend.domain.errors import Stale
from backend.domain.fields import MOST
from backend.domain.ids import person_id
from backend.store import marks, persons, summaries, tables
from tests.app.actors import ADMIN, rows


async def looked_at(app: App, user: str) -> tuple[dict, dict]:
    (row,) = [row for row in await rows(app, tables.summaries) if row["person"] == person_id(1, user)]
    return row["attributes"], row["consents"]


async def fields(app: App) -> dict[str, tuple[str, bool]]:
    return {row["name"]: (row["kind"], bool(row["used"])) for row in await rows(app, tables.fields)}


async def test_a_person_s_scalars_are_looked_at_from_the_moment_they_are_given(each_app: App) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(attributes={"plan": "pro", "age": 41, "vip": True, "since": "2024-02-29", "tags": ["a"], "note": "x" * 201}))
    assert (await looked_at(app, "mia"))[0] == {"plan": "pro", "age": 41, "vip": True, "since": "2024-02-29"}
    assert await fields(app) == {"plan": ("text", True), "age": ("number", True), "vip": ("flag", True), "since": ("date", True)}
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia"))
    assert (await looked_at(app, "mia"))[0]["plan"] == "pro", "what is left out stays"
    await app.people.put(ADMIN, "mia", PersonIn(attributes={"plan": "free"}))
    assert (await looked_at(app, "mia"))[0] == {"plan": "free"}
    with pytest.raises(Stale):
        await app.people.put(ADMIN, "mia", PersonIn(attributes={"plan": "gone"}), 1)
    assert (await looked_at(app, "mia"))[0] == {"plan": "free"}, "what was refused is not looked at either"
    await app.people.put_many(ADMIN, [("ben", PersonIn(attributes={"plan": "pro"})), ("zoe", PersonIn())])
    assert [(await looked_at(app, user))[0] for user in ("ben", "zoe")] == [{"plan": "pro"}, {}]


async def test_the_latest_answer_is_looked_at(each_app: App) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn())
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": True, "product": True}))
    assert (await looked_at(app, "mia"))[1] == {"marketing": True, "product": True}
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": False}))
    assert (await looked_at(app, "mia"))[1] == {"marketing": False, "product": True}


async def test_a_sealed_field_stands_nowhere_and_comes_back_when_it_is_opened(each_app: App) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(attributes={"plan": "pro", "illness": "flu"}))
    assert await app.store.write(lambda tx: summaries.use_field(tx, 1, "illness", used=False)) and not await app.store.write(lambda tx: summaries.use_field(tx, 1, "none", used=False))
    assert (await looked_at(app, "mia"))[0] == {"plan": "pro"}
    await app.people.put(ADMIN, "ben", PersonIn(attributes={"illness": "cold"}))
    await app.people.put(ADMIN, "mia", PersonIn(attributes={"plan": "pro", "illness": "fever"}))
    await Summing(app).once()
    assert [row["attributes"] for row in await rows(app, tables.summaries)].count({}) >= 1 and (await looked_at(app, "mia"))[0] == {"plan": "pro"}
    await app.store.write(lambda tx: summaries.use_field(tx, 1, "illness", used=True))
    await Summing(app).once()
    assert (await looked_at(app, "mia"))[0] == {"plan": "pro", "illness": "fever"} and (await looked_at(app, "ben"))[0] == {"illness": "cold"}


async def test_people_who_were_there_before_are_filled_in_from_where_it_stood(each_app: App, monkeypatch) -> None:
    app = each_app
    for n in range(0, PART * 2 + 3, 100):
        await app.people.put_many(ADMIN, [(f"u{m}", PersonIn(attributes={"n": m})) for m in range(n, min(n + 100, PART * 2 + 3))])
    await app.preferences.put(ADMIN, "u7", PreferencesIn(consents={"marketing": True}))

    def older(tx) -> None:
        tx.conn.execute(update(tables.summaries).values(attributes={}, consents={}))
        tx.conn.execute(delete(tables.fields))
        tx.conn.execute(delete(tables.marks).where(tables.marks.c.name.like("people.summed%")))
        person = min(tx.conn.scalars(tables.people.select().with_only_columns(tables.people.c.person)))
        tx.conn.execute(update(tables.people).where(tables.people.c.person == person).values(profile=b"closed"))

    await app.store.write(older)
    real, parts = marks.put, []

    def dies(tx, name, value) -> None:
        real(tx, name, value)
        parts.append(value)
        if len(parts) == 2:
            raise RuntimeError("the process dies before the commit")

    monkeypatch.setattr(marks, "put", dies)
    with pytest.raises(RuntimeError):
        await Summing(app).once()
    filled = [row for row in await rows(app, tables.summaries) if row["attributes"]]
    assert len(filled) == PART - 1, "the first part, but the one whose profile is closed"
    await Summing(app).once()
    assert parts[1] == parts[2] and parts[3:] == ["done"] and parts[0] == str(max(row["person"] for row in filled))
    assert len([row for row in await rows(app, tables.summaries) if row["attributes"]]) == PART * 2 + 2
    assert (await looked_at(app, "u7"))[1] == {"marketing": True} and await fields(app) == {"n": ("number", True)}
    assert await Summing(app).once() == 0, "and it is over"


async def test_an_erased_person_leaves_no_field_that_is_theirs_alone(each_app: App) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(attributes={"plan": "pro", "only hers": 1}))
    await app.people.put(ADMIN, "ben", PersonIn(attributes={"plan": "free"}))
    await app.people.erase(ADMIN, "mia")
    assert await fields(app) == {"plan": ("text", True)} and [row["attributes"] for row in await rows(app, tables.summaries) if row["attributes"]] == [{"plan": "free"}]


async def test_a_space_takes_so_many_fields(app: App) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(attributes={f"f{n:03}": n for n in range(MOST + 5)}))
    assert len(await fields(app)) == MOST == len((await looked_at(app, "mia"))[0])


async def test_what_the_profile_holds_is_never_less(app: App) -> None:
    given = {"tags": ["a"], "note": "x" * 300, "n": 1}
    await app.people.put(ADMIN, "mia", PersonIn(attributes=given))
    row = await app.store.read(lambda tx: persons.get(tx, 1, person_id(1, "mia")))
    assert row is not None and msgspec.json.decode(app.sealer.unseal("profile", row.profile))["attributes"] == given
