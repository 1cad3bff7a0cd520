"""The engine and schedules over GraphQL: the same facade, its refusals with their codes."""

from backend.app.app import App
from tests.app.actors import OPERATOR
from tests.graphql.conftest import Query

PUT = "mutation($k: ID!, $s: ScheduleInput!) { putSchedule(key: $k, schedule: $s) { key cron zone to { users } channels priority paused upcoming revision last { id } } }"
DAILY = {"cron": "0 9 * * 1-5", "zone": "Europe/Oslo", "category": "orders", "to": {"users": ["mia"]}, "title": "Good morning", "channels": ["WEB"], "priority": "LOW"}


async def test_the_engine_says_what_is_stuck(query: Query, people: None, app: App) -> None:
    told = await query("{ engine { sentence well findings { kind look link n } lanes { stage priority waiting oldest } stages { name processes } dead { n more } took { priority p99 } } }", role="operator")
    engine = told["data"]["engine"]
    assert (len(engine["lanes"]), engine["dead"]) == (24, {"n": 0, "more": False})
    assert engine["well"] == (not engine["findings"])
    assert engine["sentence"] == (await app.engine.now(OPERATOR)).sentence


async def test_a_schedule_is_made_changed_paused_listed_and_deleted(query: Query, people: None) -> None:
    made = (await query(PUT, {"k": "morning", "s": {**DAILY, "revision": 0}}, role="admin"))["data"]["putSchedule"]
    assert (made["key"], made["cron"], made["to"], made["channels"], made["priority"], made["revision"]) == ("morning", "0 9 * * 1-5", {"users": ["mia"]}, ["WEB"], "LOW", 1)
    assert len(made["upcoming"]) == 5
    stale = await query(PUT, {"k": "morning", "s": {**DAILY, "revision": 0}}, role="admin")
    assert stale["errors"][0]["extensions"]["code"] == "stale"
    await query(PUT, {"k": "noon", "s": DAILY}, role="admin")
    page = (await query("{ schedules(first: 1) { edges { node { key } cursor } pageInfo { hasNextPage endCursor } } }", role="analyst"))["data"]["schedules"]
    assert ([edge["node"]["key"] for edge in page["edges"]], page["pageInfo"]["hasNextPage"]) == (["morning"], True)
    rest = await query("query($a: String) { schedules(after: $a) { edges { node { key } } pageInfo { hasNextPage } } }", {"a": page["pageInfo"]["endCursor"]}, role="analyst")
    assert rest["data"]["schedules"] == {"edges": [{"node": {"key": "noon"}}], "pageInfo": {"hasNextPage": False}}
    paused = (await query('mutation { pauseSchedule(key: "morning") { paused upcoming revision } }', role="admin"))["data"]["pauseSchedule"]
    assert paused == {"paused": True, "upcoming": [], "revision": 2}
    assert (await query('{ firings(schedule: "morning") { edges { node { outcome } } } }', role="analyst"))["data"]["firings"] == {"edges": []}
    assert (await query('mutation { deleteSchedule(key: "morning") }', role="admin"))["data"]["deleteSchedule"] == "morning"
    gone = await query('{ schedule(key: "morning") { key } }', role="admin")
    assert (gone["data"], gone["errors"][0]["extensions"]["code"]) == ({"schedule": None}, "not_found")


async def test_what_never_fires_and_what_does_not_fit_is_refused_with_the_reason(query: Query, people: None) -> None:
    assert len((await query('{ previewTimes(cron: "0 9 * * *", zone: "person") }', role="admin"))["data"]["previewTimes"]) == 5
    for given, code in (({"cron": "0 0 31 2 *"}, "invalid"), ({"zone": "Mars/Olympus"}, "invalid"), ({"grace": -1}, "invalid"), ({"name": "x" * 201}, "invalid"), ({"to": {}}, "invalid")):
        told = await query(PUT, {"k": "never", "s": {**DAILY, **given}}, role="admin")
        assert told["errors"][0]["extensions"]["code"] == code, (given, told)
    assert (await query('{ schedule(key: "never") { key } }', role="admin"))["data"] == {"schedule": None}
