"""Bearer tokens, sessions' cookies, OAuth clients, limits, and two spaces that share every id."""

from typing import Any

import httpx
import pytest

from backend.api.app import ENDPOINTS
from backend.app.accounts import MAIN
from backend.app.app import App
from backend.app.categories import seed
from backend.app.views import PersonIn
from backend.clock import HeldClock
from backend.security.limits import REFUSED, REQUESTS
from backend.security.roles import Actor
from backend.store import space_rows
from carillon.house import House
from tests.api.conftest import ADMIN, Ask, token_for

LOCAL = "http://localhost:8000"


# ---- cookies
@pytest.fixture
async def cookie(app: App) -> dict[str, str]:
    await app.accounts.create(ADMIN, "root@example.com", "a long password", "admin", "Root")
    session = await app.accounts.sign_in("root@example.com", "a long password")
    return {"cookie": f"carillon_session={session.token}"}


async def test_a_session_counts_on_our_own_pages(client: httpx.AsyncClient, cookie: dict[str, str]):
    assert (await client.get("/v1/categories", headers={**cookie, "sec-fetch-site": "same-origin"})).status_code == 200
    made = await client.put("/v1/groups/a", json={"name": "A"}, headers={**cookie, "origin": LOCAL})
    assert made.status_code == 200, made.text


@pytest.mark.parametrize("origin", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}, {"origin": "null"}, {}])
async def test_and_on_no_other(client: httpx.AsyncClient, cookie: dict[str, str], origin: dict[str, str]):
    answer = await client.put("/v1/groups/a", json={"name": "A"}, headers={**cookie, **origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_foreign")
    assert (await client.get("/v1/groups/a", headers={**cookie, "sec-fetch-site": "same-origin"})).status_code == 404


async def test_a_cookie_that_ended(client: httpx.AsyncClient, app: App):
    answer = await client.get("/v1/categories", headers={"cookie": "carillon_session=made-up", "sec-fetch-site": "same-origin"})
    assert answer.status_code == 401


async def test_a_bearer_token_needs_no_origin(ask: Ask):
    assert (await ask("PUT", "/v1/groups/a", role="admin", json={"name": "A"}, headers={"origin": "https://shop.example"})).status_code == 200


# ---- OAuth
@pytest.fixture
async def shop(app: App) -> tuple[str, str]:
    made = await app.clients.create(ADMIN, "shop", ["events:write", "users:write"])
    assert made.secret
    return made.id, made.secret


async def test_client_credentials(app: App, client: httpx.AsyncClient, ask: Ask, shop: tuple[str, str]):
    for how in ({"auth": shop, "data": {"grant_type": "client_credentials"}}, {"data": {"grant_type": "client_credentials", "client_id": shop[0], "client_secret": shop[1]}}):
        answer = await client.post("/oauth/token", **how)
        told = answer.json()
        assert (answer.status_code, told["token_type"], told["expires_in"], told["scope"]) == (200, "Bearer", 3600, "events:write users:write"), told
        assert answer.headers["cache-control"] == "no-store"
    made = await ask("PUT", "/v1/users/mia", token=told["access_token"], json={"name": "Mia"})
    assert made.status_code == 200
    assert (await ask("GET", "/v1/categories", token=told["access_token"])).status_code == 403
    narrow = await client.post("/oauth/token", auth=shop, data={"grant_type": "client_credentials", "scope": "events:write"})
    actor = await app.tokens.verify(narrow.json()["access_token"])
    assert (actor.scopes, actor.subject, actor.person) == (("events:write",), "shop", 0)


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "admin"}, 400, "invalid_scope"),
    ],
)
async def test_token_requests_that_fail_say_it_as_oauth_does(client: httpx.AsyncClient, shop: tuple[str, str], change: dict[str, str], status: int, error: str):
    answer = await client.post("/oauth/token", data={"grant_type": "client_credentials", "client_id": shop[0], "client_secret": shop[1], **change})
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_token_requests_that_cannot_be_read(client: httpx.AsyncClient):
    for how in ({"content": b"x", "headers": {"content-type": "text/plain"}}, {"content": "client_id=a&client_id=b", "headers": {"content-type": "application/x-www-form-urlencoded"}}, {"data": {"grant_type": "client_credentials"}, "headers": {"authorization": "Basic ###"}}):
        answer = await client.post("/oauth/token", **how)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


# ---- limits
async def test_guessing_secrets_is_slowed_down(client: httpx.AsyncClient, shop: tuple[str, str]):
    form = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "wrong"}
    codes = [(await client.post("/oauth/token", data=form)).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]


async def test_guessing_tokens_is_slowed_down_and_good_ones_still_pass(ask: Ask):
    codes = [(await ask("GET", "/v1/client", token="a.b.c")).status_code for _ in range(REFUSED.quota + 1)]
    assert codes == [401] * REFUSED.quota + [429]
    assert (await ask("GET", "/v1/client", role="member")).status_code == 200


async def test_a_token_has_a_quota_and_is_told(app: App, ask: Ask, clock: HeldClock):
    told = await ask("GET", "/v1/client", role="member")
    assert told.headers["ratelimit-policy"] == f'"requests";q={REQUESTS.quota};w=60'
    await app.limits.take(REQUESTS, "1 root", REQUESTS.quota - 1)
    refused = await ask("GET", "/v1/client", role="member")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["ratelimit"].startswith('"requests";r=0;t=')
    assert (await ask("GET", "/v1/client", role="member", subject="another")).status_code == 200
    clock.move(1)
    assert (await ask("GET", "/v1/client", role="member")).status_code == 200


# ---- two spaces
OTHER = 2
EVENT: dict[str, Any] = {"id": "same", "type": "t", "category": "orders", "to": {"user": "mia"}, "title": "secret of one", "message": "m", "channels": ["web", "email"]}


@pytest.fixture
async def spaces(app: App, line: House, ask: Ask) -> dict[str, str]:
    """Space 1 holds things of Mia; space 2 has a Mia of its own who has nothing."""
    now = app.clock.now()
    await app.store.write(lambda tx: (space_rows.ensure(tx, OTHER, "other", now), seed(tx, OTHER, now)))
    other = Actor(space=OTHER, subject="root", role="admin", person=1, via="cli")
    await app.people.put(ADMIN, "mia", PersonIn(name="Mia One", email="one@example.com"))
    await app.people.put(other, "mia", PersonIn(name="Mia Two", email="two@example.com"))
    event = (await ask("POST", "/v1/events", role="admin", json=EVENT)).json()["id"]
    for path, body in (
        ("/v1/groups/team", {"name": "secret of one", "members": ["mia"]}),
        ("/v1/categories/special", {"name": "secret of one"}),
        ("/v1/templates/special", {"name": "secret of one", "content": {"web": {"title": "secret of one"}}}),
        ("/v1/chat/support/members", {"members": ["mia"]}),
        ("/v1/orders/o-1", {"owner": "mia", "state": "secret of one"}),
        ("/v1/halts/channel:sms", {"reason": "secret of one"}),
        ("/v1/suppressions", {"channel": "email", "address": "x@example.com", "reason": "secret of one"}),
        ("/v1/providers/special", {"kind": "smtp", "fields": {"host": "secret-of-one.example.com"}, "used": False}),
    ):
        assert (await ask("PUT", path, role="admin", json=body)).status_code == 200, path
    await line.settle()
    delivery = (await app.deliveries.list(ADMIN)).items[0]
    inbox = await app.inbox.list(Actor(1, "mia", "member", person=(await app.tokens.verify(app.tokens.member(1, "mia", 60))).person), "mia")
    return {"event": event, "delivery": delivery.id, "nid": inbox.items[0].id, "cursor": inbox.cursor}


async def test_nothing_of_one_space_is_seen_from_another(ask: Ask, spaces: dict[str, str]):
    for endpoint in ENDPOINTS:
        if endpoint.method != "GET":
            continue
        keys = {"id": "mia", "key": "special", "scope": "channel:sms", "channel": "support", "run": "0" * 32, "name": "plan"}
        keys |= {"id": spaces["event"]} if endpoint.path.startswith("/v1/events") else {"id": spaces["delivery"]} if endpoint.path.startswith("/v1/deliveries") else {"id": spaces["nid"]} if endpoint.path.startswith("/v1/notifications") else {}
        for who in ({"role": "admin"}, {"scopes": ("notifications:read:any", "admin")}, {"role": "member", "subject": "mia"}):
            answer = await ask("GET", endpoint.path.format(**keys), space=OTHER, **who, params={"search": "mia"} if endpoint.name == "searchUsers" else {})
            assert "secret of one" not in answer.text, endpoint.name
            assert "secret-of-one" not in answer.text, endpoint.name
            assert "one@example.com" not in answer.text, endpoint.name
            assert "Mia One" not in answer.text, endpoint.name
            assert spaces["event"] not in answer.text, endpoint.name


async def test_nothing_of_one_space_is_changed_from_another(ask: Ask, spaces: dict[str, str]):
    other = {"role": "admin", "space": OTHER}
    marks = await ask("PATCH", f"/v1/users/mia/notifications/{spaces['nid']}", role="member", subject="mia", space=OTHER, json={"read": True})
    assert marks.status_code in (200, 404)
    for path in ("/v1/groups/team", "/v1/halts/channel:sms"):
        assert (await ask("DELETE", path, **other)).status_code == 404
    assert (await ask("DELETE", "/v1/suppressions", **other, params={"channel": "email", "address": "x@example.com"})).status_code == 404
    assert (await ask("POST", "/v1/templates/special/publish", **other)).status_code == 404
    assert (await ask("DELETE", "/v1/users/mia", **other)).status_code == 204
    mine = await ask("GET", "/v1/users/mia", role="admin")
    assert mine.json()["name"] == "Mia One"
    counts = await ask("GET", "/v1/users/mia/counts", role="member", subject="mia")
    assert counts.json() == {"unread": 1, "unseen": 1}


async def test_the_same_id_in_two_spaces_is_two_events(ask: Ask, spaces: dict[str, str]):
    other = await ask("POST", "/v1/events", role="admin", space=OTHER, json=EVENT)
    assert (other.status_code, other.json()["id"] == spaces["event"]) == (202, False)


async def test_a_cursor_of_one_space_is_foreign_in_another(app: App, ask: Ask, spaces: dict[str, str]):
    for n in range(3):
        await ask("PUT", "/v1/suppressions", role="admin", json={"channel": "email", "address": f"b{n}@example.com"})
    cursor = (await ask("GET", "/v1/suppressions", role="admin", params={"limit": 1})).json()["next"]
    foreign = await ask("GET", "/v1/suppressions", role="admin", space=OTHER, params={"after": cursor})
    assert foreign.json()["code"] == "cursor_foreign"
    assert MAIN != OTHER
    assert token_for(app, "admin", space=OTHER)
