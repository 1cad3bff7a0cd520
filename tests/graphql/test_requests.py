"""Queries and mutations over HTTP: the contract's schema, who may, errors with codes, bounds."""

import json
import re
from typing import Any

import httpx
import pytest
from graphql import get_introspection_query

from backend.app.app import App
from backend.graphql.bounds import ALIASES, COST, DEPTH
from backend.graphql.schema import schema
from backend.security.roles import PERMISSIONS, ROLES, SCOPES
from carillon.house import House
from tests.api.conftest import ADMIN, token_for
from tests.channels.pushsink import Subscribed
from tests.graphql.conftest import Query

CONTRACT = """
type Subscription {
  notifications(userId: ID!, after: String): Notification
  systemAlerts: SystemAlert
  chatMessages(channelId: ID!, after: String): ChatMessage
  orderUpdates(orderId: ID!): OrderStatus
}
type Notification {
  id: ID!  type: NotificationType!  title: String!  message: String!  timestamp: DateTime!  metadata: JSON
  category: String!  priority: Priority!  seenAt: DateTime  readAt: DateTime  archivedAt: DateTime  snoozedUntil: DateTime
  actions: [Action!]!  image: String  link: String
  cursor: String!  silent: Boolean!  gap: Boolean!  unreadCount: Int!
}
enum NotificationType { SECURITY TRANSACTION ORDER CHAT SYSTEM PRODUCT MARKETING DIGEST }
type SystemAlert { id: ID!  severity: Severity!  title: String!  message: String!  timestamp: DateTime!  resolvedAt: DateTime }
type ChatMessage { id: ID!  channelId: ID!  author: String!  text: String!  timestamp: DateTime!  cursor: String! }
type OrderStatus { orderId: ID!  state: String!  detail: String  timestamp: DateTime! }
"""
SDL = re.sub(r'"""(?:.|\n)*?"""', "", schema.as_str())


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("kind", re.findall(r"(?:type|enum) \w+ \{[^}]*\}", CONTRACT), ids=lambda kind: kind.split()[1])
def test_the_schema_is_the_contracts(kind: str):
    assert words(kind) in words(SDL)


def test_queries_and_mutations_are_the_contracts():
    for root, names in (("Query", "engine schedule schedules firings previewTimes me notifications unreadCount preferences event delivery deliveries"), ("Mutation", "putSchedule pauseSchedule deleteSchedule sendEvent markNotifications setPreferences registerAddress postChatMessage")):
        body = re.search(rf"type {root} \{{([^}}]*)\}}", SDL)
        assert body
        assert re.findall(r"^  (\w+)", body.group(1), re.MULTILINE) == names.split()


SEND = "mutation($e: EventInput!) { sendEvent(event: $e) { id url duplicate } }"
INBOX = "query($u: ID, $n: Int! = 50, $a: String) { notifications(userId: $u, first: $n, after: $a) { edges { node { id title type priority readAt cursor unreadCount metadata } cursor } pageInfo { hasNextPage endCursor } cursor } }"
EVENT: dict[str, Any] = {"type": "order.shipped", "category": "orders", "to": {"user": "mia"}, "title": "Shipped", "message": "On its way", "channels": ["WEB"], "data": {"n": 1}}


async def test_an_event_from_mutation_to_inbox(query: Query, line: House, people: None):
    sent = (await query(SEND, {"e": {**EVENT, "id": "o-1"}}, role="admin"))["data"]["sendEvent"]
    again = (await query(SEND, {"e": {**EVENT, "id": "o-1"}}, role="admin"))["data"]["sendEvent"]
    assert (again["id"], again["url"]) == (sent["id"], f"/v1/events/{sent['id']}")
    await line.settle()
    page = (await query(INBOX, {}, role="member", subject="mia"))["data"]["notifications"]
    node = page["edges"][0]["node"]
    assert {name: node[name] for name in ("title", "type", "priority", "readAt", "unreadCount")} == {"title": "Shipped", "type": "ORDER", "priority": "NORMAL", "readAt": None, "unreadCount": 1}
    assert page["cursor"] == node["cursor"]
    assert (await query("{ unreadCount }", role="member", subject="mia"))["data"] == {"unreadCount": 1}
    marked = await query("mutation($i: [ID!]) { markNotifications(ids: $i, read: true) { unread unseen } }", {"i": [node["id"]]}, role="member", subject="mia")
    assert marked["data"]["markNotifications"] == {"unread": 0, "unseen": 0}
    event = await query("query($i: ID!) { event(id: $i) { type source ledger { planned sent } decisions { user units { channel outcome gates { gate result } } } } }", {"i": sent["id"]}, role="admin")
    assert event["data"]["event"]["source"] == "graphql"
    assert event["data"]["event"]["ledger"] == {"planned": 1, "sent": 1}
    listed = await query('{ deliveries(user: "mia") { edges { node { id state channel priority } } pageInfo { hasNextPage } } }', role="analyst")
    delivery = listed["data"]["deliveries"]["edges"][0]["node"]
    assert (delivery["state"], delivery["channel"]) == ("delivered", "web")
    one = await query("query($i: ID!) { delivery(id: $i) { state trace { gate } timeline { kind at } } }", {"i": delivery["id"]}, role="analyst")
    assert one["data"]["delivery"]["timeline"]


async def test_me_preferences_addresses_chat(query: Query, people: None, app: App):
    me = (await query("{ me { id role scopes expiresAt } }", role="member", subject="mia"))["data"]["me"]
    assert (me["id"], me["role"], me["scopes"]) == ("mia", "member", [])
    assert me["expiresAt"].endswith("Z")
    put = await query("mutation($p: PreferencesInput!) { setPreferences(preferences: $p) { matrix quietHours { start end days } pausedUntil revision } }",
                      {"p": {"matrix": {"orders": {"email": False}}, "quietHours": [{"start": "22:00", "end": "07:00"}], "pausedUntil": "2030-01-01T00:00:00+01:00"}}, role="member", subject="mia")
    told = put["data"]["setPreferences"]
    assert (told["matrix"], told["quietHours"][0]["start"], told["pausedUntil"]) == ({"orders": {"email": False}}, "22:00", "2029-12-31T23:00:00Z")
    assert (await query("{ preferences { matrix } }", role="member", subject="mia"))["data"]["preferences"]["matrix"] == told["matrix"]
    for given, kept in ({"frequency": "WEEKLY"}, "WEEKLY"), ({"channels": {"sms": False}}, "WEEKLY"), ({"frequency": None}, None):
        put = await query("mutation($p: PreferencesInput!) { setPreferences(preferences: $p) { frequency } }", {"p": given}, role="member", subject="mia")
        assert put["data"]["setPreferences"]["frequency"] == kept, given
    for given, counted in ({"tracking": False}, False), ({"channels": {"sms": False}}, False), ({"tracking": None}, None):
        put = await query("mutation($p: PreferencesInput!) { setPreferences(preferences: $p) { tracking } }", {"p": given}, role="member", subject="mia")
        assert put["data"]["setPreferences"]["tracking"] is counted, given
    address = await query('mutation { registerAddress(channel: PUSH, address: "device-1", label: "Phone") { id channel label } }', role="member", subject="mia")
    assert address["data"]["registerAddress"]["label"] == "Phone"
    browser = json.dumps(json.dumps(Subscribed().json))  # once more, as a string of GraphQL
    told = await query(f'mutation {{ registerAddress(channel: PUSH, address: {browser}, platform: "webpush", label: "Firefox on Linux") {{ platform label }} }}', role="member", subject="mia")
    assert told["data"]["registerAddress"] == {"platform": "webpush", "label": "Firefox on Linux"}
    apple = f'mutation {{ registerAddress(channel: PUSH, address: "{"AB" * 32}", platform: "apns") {{ address platform registeredAt }} }}'
    told = (await query(apple, role="member", subject="mia"))["data"]["registerAddress"]
    assert (told["address"], told["platform"]) == ("apns:" + "ab" * 32, "apns")
    assert told["registeredAt"]
    await app.chat.set_members(ADMIN, "support", ["mia"])
    said = await query('mutation { postChatMessage(channelId: "support", text: "hello") { author text cursor channelId } }', role="member", subject="mia")
    assert said["data"]["postChatMessage"]["text"] == "hello", said


NO_ID = "0" * 32
DOORS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unreadCount of another": ('{ unreadCount(userId: "mia") }', ("inbox.any",)),
    "notifications of another": ('{ notifications(userId: "mia") { cursor } }', ("inbox.any",)),
    "mark for another": ('mutation { markNotifications(userId: "mia", read: true) { unread } }', ("inbox.any",)),
    "preferences of another": ('{ preferences(userId: "mia") { revision } }', ("people.read",)),
    "set preferences of another": ('mutation { setPreferences(userId: "mia", preferences: {}) { revision } }', ("people.write",)),
    "address of another": ('mutation { registerAddress(userId: "mia", channel: PUSH, address: "d") { id } }', ("people.write",)),
    "event": (f'{{ event(id: "{NO_ID}") {{ id }} }}', ("events.read",)),
    "delivery": (f'{{ delivery(id: "{NO_ID}") {{ id }} }}', ("deliveries.read",)),
    "deliveries": ("{ deliveries { pageInfo { endCursor } } }", ("deliveries.read",)),
    "engine": ("{ engine { sentence } }", ("operate",)),
    "schedules": ("{ schedules { pageInfo { endCursor } } }", ("events.read",)),
    "schedule": ('{ schedule(key: "none") { key } }', ("events.read",)),
    "firings": ('{ firings(schedule: "none") { pageInfo { endCursor } } }', ("events.read",)),
    "previewTimes": ('{ previewTimes(cron: "0 9 * * *") }', ("events.send",)),
    "putSchedule": ('mutation { putSchedule(key: "k", schedule: {cron: "0 9 * * *", category: "none", to: {user: "mia"}}) { key } }', ("events.send",)),
    "pauseSchedule": ('mutation { pauseSchedule(key: "none") { key } }', ("events.send",)),
    "deleteSchedule": ('mutation { deleteSchedule(key: "none") }', ("events.send",)),
    "sendEvent": ('mutation { sendEvent(event: {type: "t", category: "none", to: {user: "mia"}}) { id } }', ("events.send",)),
}
EVERYBODY = [*[(role, None) for role in ROLES], *[("", (scope,)) for scope in SCOPES], ("", ())]


@pytest.mark.parametrize(("role", "scopes"), EVERYBODY, ids=[role or (scopes[0] if scopes else "nothing") for role, scopes in EVERYBODY])
async def test_roles_and_scopes_open_their_doors_and_no_others(query: Query, people: None, role: str, scopes: tuple[str, ...] | None):
    for name, (document, permissions) in DOORS.items():
        told = await query(document, role=role, scopes=scopes, subject="noah")
        codes = [error["extensions"]["code"] for error in told.get("errors", [])]
        may = any(role in PERMISSIONS[p][0] if scopes is None else any(s == "admin" or s in PERMISSIONS[p][1] for s in scopes) for p in permissions)
        assert ("forbidden" in codes) != may, (name, told)
        assert "unforeseen" not in codes, (name, told)


async def test_errors_carry_code_and_facts_and_do_not_null_the_rest(query: Query, people: None):
    told = await query("query($i: ID!) { me { id } event(id: $i) { id } }", {"i": "0" * 32}, role="admin")
    assert told["data"] == {"me": {"id": "root"}, "event": None}
    assert told["errors"][0]["extensions"]["code"] == "not_found"
    assert told["errors"][0]["path"] == ["event"]
    bad = await query(SEND, {"e": {**EVENT, "category": "none"}}, role="admin")
    assert bad["errors"][0]["extensions"]["code"] == "unknown_category"
    wrong = await query("mutation($p: PreferencesInput!) { setPreferences(preferences: $p) { revision } }", {"p": {"quietHours": [{"start": "25:00", "end": "1"}]}}, role="member", subject="mia")
    assert (wrong["errors"][0]["extensions"]["code"], wrong["errors"][0]["extensions"]["field"]) == ("invalid", "quiet_hours[0].start")


@pytest.mark.parametrize(
    "document",
    ["{", "{ nothing }", "{ me }", "query($a: Nope) { me { id } }", "", "mutation { sendEvent(event: {}) { id } }", "{ unreadCount(userId: 1.5) }"],
)
async def test_documents_that_are_none_have_a_code(app: App, client: httpx.AsyncClient, document: str):
    answer = await client.post("/graphql", json={"query": document}, headers={"Authorization": f"Bearer {token_for(app, 'admin')}"})
    assert answer.status_code in (200, 400)
    assert answer.json()["errors"][0]["extensions"]["code"] == "graphql_invalid"
    assert "data" not in answer.json()


async def test_the_words_of_what_nobody_foresaw_stay_inside(app: App, query: Query, monkeypatch: pytest.MonkeyPatch, people: None):
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(app.inbox, "counts", broken)
    told = await query("{ unreadCount }", role="member", subject="mia")
    assert told["errors"][0]["extensions"]["code"] == "unforeseen"
    assert "secret" not in str(told)


# ---- bounds
async def test_aliases_depth_and_cost_are_bounded(query: Query, people: None):
    assert "errors" not in await query("{ " + " ".join(f"a{n}: me {{ id }}" for n in range(ALIASES)) + " }", role="admin")
    many = await query("{ " + " ".join(f"a{n}: me {{ id }}" for n in range(ALIASES + 1)) + " }", role="admin")
    assert "aliases" in many["errors"][0]["message"]
    fields = "id title message timestamp category priority cursor silent gap unreadCount actions { key label link } "
    wide = await query("{ notifications(first: 200) { edges { node { ... } } } b: notifications(first: 200) { edges { node { ... } } } }".replace("...", fields), role="member", subject="mia")
    assert "errors" not in wide
    dear = await query(f"{{ notifications(first: {COST}) {{ edges {{ node {{ id }} }} }} }}", role="member", subject="mia")
    assert "fields" in dear["errors"][0]["message"]


async def test_a_bomb_of_fragments_costs_its_sender(query: Query):
    bomb = "{ ...f0 } " + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(60)) + " fragment f60 on Query { me { id } }"
    told = await query(bomb, role="admin")
    assert "fields" in told["errors"][0]["message"]
    circle = await query("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", role="admin")
    assert circle["errors"][0]["extensions"]["code"] == "graphql_invalid"


async def test_long_documents_are_not_read_to_their_end(query: Query):
    told = await query("{ " + "me { id } " * 2000 + "}", role="admin")
    assert told["errors"][0]["extensions"]["code"] == "graphql_invalid"


async def test_introspection_works_and_is_bounded(query: Query):
    told = await query(get_introspection_query(), role="member")
    assert "errors" not in told
    deep = "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }"
    assert (await query(deep, role="member"))["errors"]
    assert DEPTH >= 8


# ---- the door itself
async def test_without_a_token_nothing_is_told(client: httpx.AsyncClient):
    answer = await client.post("/graphql", json={"query": "{ __typename }"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"a=b", "headers": {"content-type": "application/x-www-form-urlencoded"}}, 415),
        ({"content": b"{" + b" " * 1024 * 1024 + b"}", "headers": {"content-type": "application/json"}}, 413),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"json": [{"query": "{ __typename }"}]}, 400),
        ({"json": {"query": 7}}, 400),
    ],
)
async def test_bad_requests(app: App, client: httpx.AsyncClient, how: dict[str, Any], status: int):
    headers = {"Authorization": f"Bearer {token_for(app, 'admin')}", **how.pop("headers", {})}
    answer = await client.post("/graphql", headers=headers, **how)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["extensions"]["code"]


async def test_get_runs_nothing(app: App, client: httpx.AsyncClient):
    answer = await client.get("/graphql", params={"query": "{ me { id } }"}, headers={"Authorization": f"Bearer {token_for(app, 'admin')}"})
    assert answer.status_code in (400, 405)


async def test_a_session_cookie_from_another_page_is_refused(client: httpx.AsyncClient):
    answer = await client.post("/graphql", json={"query": "{ me { id } }"}, headers={"cookie": "carillon_session=x", "origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "origin_foreign")
