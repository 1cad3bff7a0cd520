"""/v1/users and the rest of what is set up: round trips, revisions, paging, the inbox by list, poll and long poll."""

import asyncio
import json
from typing import Any

import pytest

from backend.app.app import App
from backend.app.views import PersonIn
from backend.clock import HeldClock
from carillon.house import House
from tests.api.conftest import ADMIN, Ask
from tests.channels.pushsink import Subscribed

WRITE = ("users:write",)
EVENT: dict[str, Any] = {"type": "order.shipped", "category": "orders", "to": {"user": "mia"}, "title": "Shipped", "message": "On its way", "channels": ["web"]}


@pytest.fixture
async def mia(app: App) -> None:
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia", email="mia@example.com"))


async def notify(ask: Ask, line: House, *titles: str) -> None:
    for title in titles:
        assert isinstance(line.clock, HeldClock)
        line.clock.move(1)
        answer = await ask("POST", "/v1/events", role="admin", json={**EVENT, "title": title})
        assert answer.status_code == 202, answer.text
        await line.settle()


async def test_a_person_from_put_to_erase(ask: Ask):
    made = await ask("PUT", "/v1/users/mia", scopes=WRITE, json={"name": "Mia", "email": "Mia@Example.com", "phone": "+49 30 901820", "timezone": "Europe/Berlin", "locale": "de", "attributes": {"plan": "pro"}})
    assert made.status_code == 200, made.text
    assert made.headers["etag"] == '"1"'
    changed = await ask("PUT", "/v1/users/mia", scopes=WRITE, json={"name": "Mia F."}, headers={"if-match": '"1"'})
    assert {name: changed.json()[name] for name in ("name", "email", "phone", "locale")} == {"name": "Mia F.", "email": "mia@example.com", "phone": "+4930901820", "locale": "de"}
    stale = await ask("PUT", "/v1/users/mia", scopes=WRITE, json={"name": "M"}, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["current"]) == (409, "stale", 2)
    assert (await ask("GET", "/v1/users", scopes=WRITE, params={"search": "mia@example.com"})).json()["items"][0]["id"] == "mia"
    export = await ask("GET", "/v1/users/mia/export", scopes=WRITE)
    assert export.status_code == 200
    assert "mia@example.com" in export.text
    assert (await ask("DELETE", "/v1/users/mia", scopes=WRITE)).status_code == 403
    gone = await ask("DELETE", "/v1/users/mia", scopes=("admin",))
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await ask("GET", "/v1/users/mia", scopes=WRITE)).status_code == 404


async def test_addresses(ask: Ask, mia: None):
    made = await ask("PUT", "/v1/users/mia/addresses", scopes=WRITE, json={"channel": "push", "address": "device-token-1", "label": "Phone"})
    assert made.status_code == 200, made.text
    listed = await ask("GET", "/v1/users/mia/addresses", scopes=WRITE)
    assert {a["channel"]: a["label"] for a in listed.json()["items"]} == {"push": "Phone", "email": ""}
    gone = await ask("DELETE", f"/v1/users/mia/addresses/{made.json()['id']}", scopes=WRITE)
    assert gone.status_code == 204
    assert (await ask("DELETE", f"/v1/users/mia/addresses/{made.json()['id']}", scopes=WRITE)).status_code == 404


async def test_preferences(ask: Ask, mia: None):
    own = {"role": "member", "subject": "mia"}
    put = await ask("PUT", "/v1/users/mia/preferences", **own, json={"matrix": {"orders": {"email": False}}, "quiet_hours": [{"start": "22:00", "end": "07:00"}], "consents": {"marketing": True}})
    assert put.status_code == 200, put.text
    told = (await ask("GET", "/v1/users/mia/preferences", **own)).json()
    assert told["matrix"] == {"orders": {"email": False}}
    assert told["quiet_hours"] == [{"start": "22:00", "end": "07:00", "days": [0, 1, 2, 3, 4, 5, 6]}]
    assert told["consents"] == {"marketing": True}
    locked = await ask("PUT", "/v1/users/mia/preferences", **own, json={"categories": {"security": False}})
    assert (locked.status_code, locked.json()["code"]) == (422, "locked")
    bad = await ask("PUT", "/v1/users/mia/preferences", **own, json={"quiet_hours": [{"start": "25:00", "end": "07:00"}]})
    assert (bad.status_code, bad.json()["field"]) == (422, "quiet_hours[0].start")


async def test_a_member_token_for_the_customers_page(ask: Ask, mia: None):
    made = await ask("POST", "/v1/users/mia/tokens", scopes=WRITE, json={"ttl": 60})
    assert made.status_code == 201
    counts = await ask("GET", "/v1/users/mia/counts", token=made.json()["token"])
    assert (counts.status_code, counts.json()) == (200, {"unread": 0, "unseen": 0})
    assert (await ask("GET", "/v1/users/noah/counts", token=made.json()["token"])).status_code == 403
    assert (await ask("POST", "/v1/users/mia/tokens", scopes=WRITE)).status_code == 201
    assert (await ask("POST", "/v1/users/nobody/tokens", scopes=WRITE)).status_code == 404


async def test_the_inbox_newest_first_and_by_cursor_oldest_first(ask: Ask, line: House, mia: None):
    own = {"role": "member", "subject": "mia"}
    start = (await ask("GET", "/v1/users/mia/notifications", **own)).json()["cursor"]
    await notify(ask, line, "one", "two", "three")
    page = (await ask("GET", "/v1/users/mia/notifications", **own, params={"limit": 2})).json()
    assert [item["title"] for item in page["items"]] == ["three", "two"]
    rest = (await ask("GET", "/v1/users/mia/notifications", **own, params={"after": page["next"]})).json()
    assert ([item["title"] for item in rest["items"]], rest["next"]) == (["one"], None)
    since = (await ask("GET", "/v1/users/mia/notifications", **own, params={"after": start})).json()
    assert [item["title"] for item in since["items"]] == ["one", "two", "three"]
    nid = since["items"][0]["id"]
    marked = await ask("PATCH", f"/v1/users/mia/notifications/{nid}", **own, json={"read": True})
    assert (marked.status_code, marked.json()) == (200, {"unread": 2, "unseen": 2})
    changes = (await ask("GET", "/v1/users/mia/notifications", **own, params={"after": since["cursor"]})).json()
    assert [(item["id"], item["read_at"] is not None) for item in changes["items"]] == [(nid, True)]
    everything = await ask("PATCH", "/v1/users/mia/notifications", **own, json={"read": True, "archived": True})
    assert everything.json() == {"unread": 0, "unseen": 0}


@pytest.mark.parametrize("after", ["x", "0:99999", "1:-1", "::", "l1:zz", "9" * 400])
async def test_a_cursor_from_elsewhere_is_refused(ask: Ask, mia: None, after: str):
    answer = await ask("GET", "/v1/users/mia/notifications", role="member", subject="mia", params={"after": after})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_foreign"), answer.text


async def test_a_long_poll_answers_with_the_next_change(ask: Ask, line: House, mia: None):
    own = {"role": "member", "subject": "mia"}
    start = (await ask("GET", "/v1/users/mia/notifications", **own)).json()["cursor"]
    poll = asyncio.create_task(ask("GET", "/v1/users/mia/notifications", **own, params={"after": start, "wait": 30}))
    await notify(ask, line, "ding")
    answer = await asyncio.wait_for(poll, 60)
    assert [item["title"] for item in answer.json()["items"]] == ["ding"]


async def test_a_long_poll_ends_empty_after_its_wait(ask: Ask, mia: None):
    own = {"role": "member", "subject": "mia"}
    start = (await ask("GET", "/v1/users/mia/notifications", **own)).json()["cursor"]
    answer = await ask("GET", "/v1/users/mia/notifications", **own, params={"after": start, "wait": 0.05})
    assert (answer.json()["items"], answer.json()["cursor"]) == ([], start)
    assert (await ask("GET", "/v1/users/mia/notifications", **own, params={"wait": 61})).status_code == 422


@pytest.mark.parametrize(
    ("query", "field"), [({"limit": "many"}, "limit"), ({"limit": "0"}, None), ({"limit": "201"}, None), ({"colour": "red"}, "colour"), ({"wait": "x"}, "wait")]
)
async def test_bad_parameters_are_named(ask: Ask, mia: None, query: dict[str, str], field: str | None):
    answer = await ask("GET", "/v1/users/mia/notifications", role="member", subject="mia", params=query)
    assert (answer.status_code, answer.json().get("field")) == (422, field), answer.text


async def test_groups_categories_templates_suppressions(ask: Ask, mia: None):
    admin = {"role": "admin"}
    group = await ask("PUT", "/v1/groups/team", **admin, json={"name": "Team", "members": ["mia"]})
    assert (group.status_code, group.json()["members"]) == (200, 1), group.text
    assert (await ask("GET", "/v1/groups/team", **admin)).json()["name"] == "Team"
    assert (await ask("DELETE", "/v1/groups/team", **admin)).status_code == 204
    category = await ask("PUT", "/v1/categories/billing", **admin, json={"name": "Billing", "kind": "essential", "type": "TRANSACTION"})
    assert (category.status_code, category.json()["revision"]) == (200, 1), category.text
    bad = await ask("PUT", "/v1/categories/billing", **admin, json={"name": "Billing", "kind": "important"})
    assert (bad.json()["field"], bad.json()["allowed"]) == ("kind", ["activity", "essential", "marketing", "service"])
    assert {c["key"] for c in (await ask("GET", "/v1/categories", **admin)).json()["items"]} >= {"billing", "security", "orders"}
    draft = {"content": {"web": {"title": "Hello {{ user.name }}"}}, "name": "Greeting"}
    put = await ask("PUT", "/v1/templates/hello", **admin, json=draft)
    assert (put.status_code, put.json()["published"]) == (200, 0), put.text
    published = await ask("POST", "/v1/templates/hello/publish", **admin)
    assert (published.status_code, published.json()["published"]) == (200, 1), published.text
    broken = await ask("PUT", "/v1/templates/hello", **admin, json={"content": {"web": {"title": "{% if %}"}}})
    refused = await ask("POST", "/v1/templates/hello/publish", **admin)
    assert (refused.status_code, refused.json()["code"]) == (422, "template_syntax"), (broken.text, refused.text)
    back = await ask("POST", "/v1/templates/hello/rollback", **admin, json={"version": 1})
    assert (back.status_code, back.json()["published"]) == (200, 2), back.text
    shown = await ask("POST", "/v1/templates/hello/preview", **admin, json={"user": "mia", "version": 1})
    assert shown.json()["messages"]["web"]["title"] == "Hello Mia", shown.text
    suppressed = await ask("PUT", "/v1/suppressions", **admin, json={"channel": "email", "address": "mia@example.com", "reason": "manual"})
    assert suppressed.status_code == 200, suppressed.text
    assert "mia@example.com" not in suppressed.text
    assert (await ask("DELETE", "/v1/suppressions", **admin, params={"channel": "email", "address": "mia@example.com"})).status_code == 204


async def test_lists_go_on_by_their_own_cursor_alone(ask: Ask):
    admin = {"role": "admin"}
    for n in range(5):
        await ask("PUT", "/v1/suppressions", **admin, json={"channel": "email", "address": f"a{n}@example.com"})
    seen: list[str] = []
    after = None
    while True:
        page = (await ask("GET", "/v1/suppressions", **admin, params={"limit": 2, **({"after": after} if after else {})})).json()
        seen += [row["address"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5
    cursor = (await ask("GET", "/v1/suppressions", **admin, params={"limit": 2})).json()["next"]
    for path, query in (("/v1/suppressions", {"channel": "email"}), ("/v1/templates", {}), ("/v1/dead", {}), ("/v1/deliveries", {})):
        foreign = await ask("GET", path, **admin, params={**query, "after": cursor})
        assert (foreign.status_code, foreign.json()["code"]) == (422, "cursor_foreign"), path
    changed = await ask("GET", "/v1/suppressions", **admin, params={"after": cursor[:-2] + "AA"})
    assert changed.json()["code"] == "cursor_foreign"


async def test_halts_stop_and_let_go(ask: Ask, line: House, mia: None, clock: HeldClock):
    operator = {"role": "operator"}
    halted = await ask("PUT", "/v1/halts/channel:web", **operator, json={"reason": "drill"})
    assert (halted.status_code, halted.json()["by"]) == (200, "root"), halted.text
    assert [h["scope"] for h in (await ask("GET", "/v1/halts", **operator)).json()["items"]] == ["channel:web"]
    clock.move(5)
    await notify(ask, line, "later")
    assert (await ask("GET", "/v1/deliveries", **operator, params={"user": "mia"})).json()["items"][0]["state"] == "held"
    assert (await ask("DELETE", "/v1/halts/channel:web", **operator)).status_code == 204
    assert (await ask("DELETE", "/v1/halts/channel:web", **operator)).status_code == 404
    clock.move(1000)
    await line.settle()
    assert (await ask("GET", "/v1/deliveries", **operator, params={"user": "mia"})).json()["items"][0]["state"] == "delivered"
    for bad in ("channel:fax", "everything", "category:"):
        assert (await ask("PUT", f"/v1/halts/{bad}", **operator)).status_code == 422


async def test_deliveries_by_filter_and_one_with_its_timeline(ask: Ask, line: House, mia: None):
    await notify(ask, line, "one", "two")
    listed = (await ask("GET", "/v1/deliveries", role="analyst", params={"user": "mia", "channel": "web", "limit": 1})).json()
    assert len(listed["items"]) == 1
    rest = await ask("GET", "/v1/deliveries", role="analyst", params={"user": "mia", "channel": "web", "limit": 1, "after": listed["next"]})
    assert rest.json()["items"][0]["id"] != listed["items"][0]["id"]
    one = (await ask("GET", f"/v1/deliveries/{listed['items'][0]['id']}", role="analyst")).json()
    assert one["state"] == "delivered"
    assert one["trace"]
    assert [entry["at"] for entry in one["timeline"]] == sorted(entry["at"] for entry in one["timeline"])
    assert (await ask("GET", "/v1/deliveries", role="analyst", params={"state": "lost"})).json()["field"] == "state"
    assert (await ask("GET", "/v1/deliveries/xyz", role="analyst")).json()["code"] == "invalid"
    assert (await ask("GET", f"/v1/deliveries/{'0' * 32}", role="analyst")).status_code == 404


async def test_chat_orders_alerts(ask: Ask, mia: None):
    members = await ask("PUT", "/v1/chat/support/members", scopes=WRITE, json={"members": ["mia"]})
    assert (members.status_code, members.json()) == (200, {"members": 1}), members.text
    said = await ask("POST", "/v1/chat/support/messages", role="member", subject="mia", json={"text": "hello"})
    assert (said.status_code, said.json()["text"]) == (201, "hello"), said.text
    order = await ask("PUT", "/v1/orders/o-1", role="admin", json={"owner": "mia", "state": "shipped"})
    assert (order.status_code, order.json()["state"]) == (200, "shipped"), order.text
    alert = await ask("POST", "/v1/alerts", role="operator", json={"title": "Slow", "severity": "warning"})
    assert alert.status_code == 201, alert.text
    solved = await ask("POST", "/v1/alerts", role="operator", json={"id": alert.json()["id"], "title": "Slow", "resolved": True})
    assert solved.json()["resolved_at"], solved.text
    where = await ask("GET", "/v1/client", role="member", subject="mia")
    assert where.json()["socket"] == "ws://localhost:8000/graphql"


async def test_nothing_is_there_and_wrong_methods_say_what_is(ask: Ask):
    missing = await ask("GET", "/v1/nothing", role="admin")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    wrong = await ask("DELETE", "/v1/events", role="admin")
    assert (wrong.status_code, wrong.headers["allow"], wrong.json()["code"]) == (405, "POST", "method_wrong")
    assert (await ask("HEAD", "/v1/categories", role="admin")).status_code == 200


async def test_a_character_nobody_can_keep(ask: Ask):
    assert (await ask("GET", "/v1/users/a%00b", role="admin")).json()["code"] == "invalid"
    assert (await ask("GET", "/v1/users", role="admin", params={"search": "a\x00b"})).json()["code"] == "invalid"
    assert (await ask("GET", "/v1/users?search=a&search=b", role="admin")).json()["field"] == "search"


async def test_a_browser_is_registered_by_its_own_person(ask: Ask, mia: None):
    browser = Subscribed()
    given = {"channel": "push", "platform": "webpush", "address": json.dumps(browser.json), "label": "Firefox on Linux"}
    made = await ask("PUT", "/v1/users/mia/addresses", role="member", subject="mia", json=given)
    assert (made.status_code, made.json()["platform"], made.json()["label"]) == (200, "webpush", "Firefox on Linux"), made.text
    again = await ask("PUT", "/v1/users/mia/addresses", role="member", subject="mia", json={**given, "platform": "", "address": browser.address})
    assert again.json()["id"] == made.json()["id"]
    for wrong in ({**browser.json, "endpoint": "https://127.0.0.1/x"}, {**browser.json, "keys": {}}, {**browser.json, "endpoint": "http://push.example.test/x"}):
        refused = await ask("PUT", "/v1/users/mia/addresses", role="member", subject="mia", json={**given, "address": json.dumps(wrong)})
        assert (refused.status_code, refused.json()["code"]) == (422, "not_a_subscription"), refused.text
        assert browser.json["endpoint"] not in refused.text
    other = await ask("PUT", "/v1/users/mia/addresses", role="member", subject="tom", json=given)
    assert other.status_code == 403


@pytest.mark.parametrize("path", ["/notify-sw.js", "/notify-push.js"])
async def test_scripts_for_browsers_are_there_without_the_portal(ask: Ask, path: str):
    answer = await ask("GET", path)
    assert (answer.status_code, answer.headers["service-worker-allowed"], answer.headers["cache-control"]) == (200, "/", "no-cache")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert (await ask("GET", path, headers={"if-none-match": answer.headers["etag"]})).status_code == 304
    assert (await ask("POST", path)).status_code == 405
