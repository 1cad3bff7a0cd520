"""Every door, everybody: each route of the table, and each role and scope, made from the table itself."""

import itertools

import pytest

from backend.api.app import ENDPOINTS
from backend.api.endpoint import Endpoint
from backend.app.app import App
from backend.app.views import PersonIn
from backend.security.roles import PERMISSIONS, ROLES, SCOPES
from tests.api.conftest import ADMIN, Ask

PARTS = {"id": "mia", "key": "orders", "nid": "0" * 32, "address": "00", "scope": "channel:sms", "channel": "support", "name": "plan", "run": "0" * 32}


def path_of(endpoint: Endpoint, **parts: str) -> str:
    if "{id}" in endpoint.path and endpoint.path.startswith(("/v1/events", "/v1/deliveries", "/v1/notifications")):
        parts = {"id": "0" * 32, **parts}
    return endpoint.path.format(**{**PARTS, **parts})


def may_in_theory(endpoint: Endpoint, role: str, scopes: tuple[str, ...] | None) -> bool:
    """Said again, by PERMISSIONS alone: what the guard should let through for somebody else's things."""
    if not endpoint.permissions:
        return True
    enough = all if endpoint.together else any
    if scopes is None:
        return enough(role in PERMISSIONS[p][0] for p in endpoint.permissions)
    return enough(any(scope == "admin" or scope in PERMISSIONS[p][1] for scope in scopes) for p in endpoint.permissions)


EVERYBODY = [*[(role, None) for role in ROLES], *[("", (scope,)) for scope in SCOPES], ("", ())]


@pytest.fixture
async def people(app: App) -> None:
    for name in ("mia", "noah"):
        await app.people.put(ADMIN, name, PersonIn(name=name.title()))


async def test_without_a_token_every_door_is_closed(ask: Ask):
    for endpoint in ENDPOINTS:
        answer = await ask(endpoint.method, path_of(endpoint), json={})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), endpoint.name
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_with_a_bad_token_every_door_is_closed(ask: Ask):
    for endpoint in ENDPOINTS:
        answer = await ask(endpoint.method, path_of(endpoint), json={}, token="a.b.c")
        assert (answer.status_code, answer.json()["code"]) in ((401, "token_invalid"), (429, "too_many_requests")), endpoint.name


@pytest.mark.parametrize(("role", "scopes"), EVERYBODY, ids=[role or (scopes[0] if scopes else "nothing") for role, scopes in EVERYBODY])
async def test_roles_and_scopes_open_their_doors_and_no_others(ask: Ask, people: None, role: str, scopes: tuple[str, ...] | None):
    opened = 0
    for endpoint in ENDPOINTS:
        answer = await ask(endpoint.method, path_of(endpoint), json={}, role=role, scopes=scopes, subject="noah")
        if may_in_theory(endpoint, role, scopes):
            opened += 1
            assert answer.status_code not in (401, 403), (endpoint.name, answer.text)
            assert answer.status_code < 500, (endpoint.name, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), endpoint.name
            assert answer.json()["permission"] in endpoint.permissions
    assert opened >= 1


async def test_a_member_reaches_their_own_things_alone(ask: Ask, people: None):
    own = [endpoint for endpoint in ENDPOINTS if endpoint.own]
    assert len(own) == 12
    for endpoint in own:
        path = path_of(endpoint, id="mia")
        mine = await ask(endpoint.method, path, json={}, role="member", subject="mia")
        assert mine.status_code not in (401, 403) or "here" in mine.json()["detail"], (endpoint.name, mine.text)
        theirs = await ask(endpoint.method, path, json={}, role="member", subject="noah")
        assert (theirs.status_code, theirs.json()["code"]) == (403, "forbidden"), endpoint.name


async def test_a_program_called_like_a_person_is_not_that_person(ask: Ask, people: None):
    for endpoint in (endpoint for endpoint in ENDPOINTS if endpoint.own):
        answer = await ask(endpoint.method, path_of(endpoint, id="mia"), json={}, scopes=("notifications:read",), subject="mia")
        assert answer.status_code == 403, endpoint.name


async def test_the_facade_refuses_by_itself_when_no_guard_stands_before_it(app: App, ask: Ask, people: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Endpoint, "admits", lambda self, actor, path: True)
    bodies = {
        "sendEvents": {"type": "t", "category": "orders", "to": {"user": "mia"}, "title": "T", "message": "M"},
        "dryRun": {"type": "t", "category": "orders", "to": {"user": "mia"}, "title": "T", "message": "M"},
        "putAddress": {"channel": "push", "address": "token"},
        "markNotification": {"seen": True},
        "markNotifications": {"seen": True},
        "putCategory": {"name": "Orders"},
        "putTemplate": {"content": {}},
        "rollbackTemplate": {"version": 1},
        "putSuppression": {"channel": "email", "address": "a@example.com"},
        "setChatMembers": {"members": ["mia"]},
        "postChatMessage": {"text": "hello"},
        "putProvider": {"kind": "smtp"},
        "arrangeProviders": {"order": []},
        "putTestMode": {"test": True},
        "putOrder": {"owner": "mia", "state": "paid"},
        "raiseAlert": {"title": "T"},
        "replayDead": {"fingerprint": "f"},
        "restoreAudience": {"version": 1},
        "addAudienceMembers": {"users": ["mia"]},
        "removeAudienceMembers": {"users": ["mia"]},
        "putField": {"used": False},
        "duplicateAudience": {"key": "copy"}, "duplicateCampaign": {"key": "copy"},
        "mapImport": {"mapping": {}},
        "startImport": {"confirm": 1},
        "sampleSize": {"rate": 0.05, "gain": 0.01},
        "rollOut": {"variant": 0},
        "previewTimes": {"cron": "0 9 * * *"},
        "putSchedule": {"name": "Greeting", "category": "orders", "cron": "0 9 * * *", "to": {"user": "mia"}, "title": "T", "type": "t"},
    }
    queries = {
        "compareCampaigns": {"campaigns": "spring,fall"},
        "calendar": {"since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"},
        "searchUsers": {"search": "mia"}, "removeSuppression": {"channel": "email", "address": "a@example.com"}}
    for endpoint in ENDPOINTS:
        if not endpoint.permissions:
            continue
        answer = await ask(endpoint.method, path_of(endpoint), json=bodies.get(endpoint.name, {}), params=queries.get(endpoint.name, {}), scopes=(), subject="noah")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (endpoint.name, answer.text)


def test_the_table_names_each_method_of_a_path_once():
    pairs = [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS]
    assert len(set(pairs)) == len(pairs)
    for one, other in itertools.combinations(ENDPOINTS, 2):
        assert one.name != other.name
    assert all(p in PERMISSIONS for endpoint in ENDPOINTS for p in (*endpoint.permissions, *([endpoint.own] if endpoint.own else [])))
