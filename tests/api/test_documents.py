"""The OpenAPI document, the page that shows it, JWKS, health and metrics."""

import importlib
import pkgutil
import re
from typing import Any

import httpx
import jsonschema
import msgspec
import pytest
from jsonschema.validators import validator_for

import backend
import carillon
import workers
from backend.api.app import ENDPOINTS, PLAIN
from backend.api.docs import version
from backend.api.openapi import document
from backend.api.problems import table
from backend.app.app import App
from backend.domain.errors import CacheUnavailable, Refusal
from backend.telemetry import REGISTRY

DOCUMENT = document(ENDPOINTS, "http://localhost:8000", version())
CONTRACT = """
POST /v1/events
GET /v1/events/{id}
GET /v1/deliveries
GET /v1/deliveries/{id}
GET /v1/notifications/{id}
POST /v1/decisions
GET /v1/users/{id}/notifications
PATCH /v1/users/{id}/notifications/{nid}
PATCH /v1/users/{id}/notifications
GET /v1/users/{id}/counts
PUT /v1/users/{id}
GET /v1/users/{id}
DELETE /v1/users/{id}
GET /v1/users/{id}/addresses
PUT /v1/users/{id}/addresses
GET /v1/users/{id}/preferences
PUT /v1/users/{id}/preferences
GET /v1/users/{id}/export
POST /v1/users/{id}/erase
POST /v1/users/{id}/tokens
PUT /v1/groups/{key}
GET /v1/groups/{key}
DELETE /v1/groups/{key}
PUT /v1/categories/{key}
GET /v1/categories/{key}
PUT /v1/templates/{key}
GET /v1/templates/{key}
POST /v1/templates/{key}/publish
POST /v1/templates/{key}/rollback
POST /v1/templates/{key}/preview
GET /v1/suppressions
PUT /v1/suppressions
DELETE /v1/suppressions
GET /v1/dead
POST /v1/dead/replay
GET /v1/providers
GET /v1/providers/{key}
GET /v1/halts/{scope}
PUT /v1/halts/{scope}
DELETE /v1/halts/{scope}
PUT /v1/chat/{channel}/members
POST /v1/chat/{channel}/messages
PUT /v1/orders/{id}
POST /v1/alerts
GET /v1/client
"""


@pytest.mark.parametrize("line", CONTRACT.split("\n")[1:-1])
def test_every_path_of_the_contract_is_there(line: str):
    method, path = line.split()
    assert DOCUMENT["paths"][path][method.lower()]["responses"]


def test_paths_outside_the_table_are_there():
    assert {path for _, path, _ in PLAIN} == {"/u/{token}", "/p/{token}", "/y/{token}", "/c/{token}", "/o/{token}.gif", "/i/{name}", "/hooks/{key}", "/notify-sw.js", "/notify-push.js", "/oauth/token", "/oauth/jwks.json", "/livez", "/readyz", "/metrics"}


def every(of: Any, name: str) -> list[Any]:
    if isinstance(of, dict):
        return ([of[name]] if name in of else []) + [found for value in of.values() for found in every(value, name)]
    return [found for value in of for found in every(value, name)] if isinstance(of, list) else []


def test_references_resolve_and_names_are_unique():
    schemas = DOCUMENT["components"]["schemas"]
    used = [ref for ref in every(DOCUMENT, "$ref") if isinstance(ref, str)]
    assert len(used) > 80
    assert all(ref.startswith("#/components/schemas/") and ref.rsplit("/", 1)[1] in schemas for ref in used)
    names = every(DOCUMENT["paths"], "operationId")
    assert len(set(names)) == len(names) == len(ENDPOINTS)


def test_schemas_are_schemas():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        try:
            validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
        except jsonschema.SchemaError as error:
            pytest.fail(f"{name}: {error.message}")


def test_the_document_is_openapi():
    """The parts of OpenAPI 3.1 that programs stumble over: each operation has answers, each path parameter is declared, once."""
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert set(DOCUMENT["info"]) >= {"title", "version"}
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            declared = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
            assert declared == re.findall(r"\{(\w+)\}", path)
            assert all(p.get("required") for p in operation["parameters"] if p["in"] == "path")
            assert all(set(p) <= {"name", "in", "required", "schema", "description"} for p in operation["parameters"])
            assert all("description" in answer for answer in operation["responses"].values())
            assert "401" in operation["responses"]
            assert all(code in operation["responses"] for code in (("413", "415") if "requestBody" in operation else ()))


async def test_document_and_page_are_served_without_a_token(client: httpx.AsyncClient):
    told = await client.get("/v1/openapi.json")
    assert told.status_code == 200
    assert told.json()["paths"].keys() == DOCUMENT["paths"].keys()
    page = await client.get("/v1/docs")
    assert page.status_code == 200
    for endpoint in ENDPOINTS:
        assert f'id="{endpoint.name}"' in page.text
    for code in table():
        assert f'id="{code}"' in page.text


async def test_the_page_asks_no_other_host_and_runs_nothing(client: httpx.AsyncClient):
    page = await client.get("/v1/docs")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", page.text)
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_the_public_keys(app: App, client: httpx.AsyncClient):
    told = await client.get("/oauth/jwks.json")
    assert told.headers["content-type"] == "application/jwk-set+json"
    assert told.json() == app.keys.jwks()
    assert all("d" not in key for key in told.json()["keys"])


async def test_health(app: App, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch):
    assert (await client.get("/livez")).json() == {"state": "live"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"state": "ready", "engines": {"store": "ready", "log": "ready", "cache": "ready"}})

    async def away() -> None:
        raise CacheUnavailable

    monkeypatch.setattr(app.cache, "reachable", away)
    waiting = await client.get("/readyz")
    assert (waiting.status_code, waiting.json()["engines"]["cache"]) == (503, "cache_unavailable")
    assert waiting.headers["retry-after"] == "1"
    assert 'carillon_engine_up{engine="cache"} 0.0' in (await client.get("/metrics")).text


async def test_metrics_are_named_after_us_and_know_nobody(client: httpx.AsyncClient, ask):
    await ask("GET", "/v1/users/mia-the-first", role="admin")
    told = (await client.get("/metrics")).text
    assert re.search(r'carillon_http_request_seconds_count\{endpoint="getUser",status="404"\} \d', told)
    assert "mia" not in told
    families = [family.name for family in REGISTRY.collect()]
    assert all(name.startswith(("carillon_", "process_", "python_")) for name in families)


def test_every_refusal_has_a_code_of_its_own_and_a_sentence():
    for package in (backend, carillon, workers):  # a refusal counts wherever it is written, not only where another test looked
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    seen: dict[str, type[Refusal]] = {}
    kinds = [Refusal]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        assert seen.setdefault(kind.code(), kind) is kind
        assert kind.__doc__
    assert all(sentence.endswith(".") for _, sentence in table().values())
    assert all(400 <= status < 600 for status, _ in table().values())
    assert msgspec.json.encode(table())
