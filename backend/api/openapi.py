"""The OpenAPI 3.1 document of /v1, made from the route table and the very types that read requests and write answers."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from backend.api.endpoint import Endpoint
from backend.api.problems import PROBLEM_JSON
from backend.domain.event import EventIn

REF = "#/components/schemas/{name}"
_REFUSALS = {
    "401": "No token, or one that is not valid (any more)",
    "403": "The token lacks the scope or role that is named",
    "404": "There is no such thing in this space",
    "409": "Somebody changed it in between, or it is being done right now",
    "413": "The body is larger than 1 MB",
    "415": "The content type is not understood",
    "422": "A value is wrong; `field` and `allowed` name it",
    "429": "Too many requests; see Retry-After",
    "503": "An engine does not answer; nothing was lost",
}


class Problem(msgspec.Struct):
    """RFC 9457. What a refusal knows beyond this (field, allowed, current ...) stands beside."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    allowed: list[Any] | None = None


def document(endpoints: Sequence[Endpoint], base_url: str, version: str) -> dict[str, Any]:
    """The whole document, ready for JSON."""
    bodies = [_body(e) for e in endpoints if e.body is not None]
    answers = [kind for e in endpoints for kind in _answers(e)]
    types = [*bodies, *answers, *(e.query for e in endpoints), Problem]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    body_of = dict(zip((id(e) for e in endpoints if e.body is not None), schemas, strict=False))
    answer_of: dict[int, list[dict[str, Any]]] = {}
    for endpoint, schema in zip((e for e in endpoints for _ in _answers(e)), schemas[len(bodies) :], strict=False):
        answer_of.setdefault(id(endpoint), []).append(schema)
    query_of = dict(zip((id(e) for e in endpoints), schemas[len(bodies) + len(answers) :], strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        query = components[query_of[id(endpoint)]["$ref"].rsplit("/", 1)[1]]
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(
            endpoint, body_of.get(id(endpoint)), answer_of.get(id(endpoint), []), query
        )
    names = {e.query.__name__ for e in endpoints}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carillon",
            "version": version,
            "summary": "Notifications: accepted, decided, delivered, explained.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": base_url}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in components.items() if name not in names},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _answers(endpoint: Endpoint) -> tuple[Any, ...]:
    if endpoint.answer is None:
        return ()
    return endpoint.answer if isinstance(endpoint.answer, tuple) else (endpoint.answer,)


def _body(endpoint: Endpoint) -> Any:
    """Events are read by hand, item by item; the document shows what is read."""
    if endpoint.media:
        return None
    if endpoint.body is bytes:
        return EventIn | list[EventIn] if endpoint.status == 202 else EventIn
    return endpoint.body


def _operation(endpoint: Endpoint, body: dict[str, Any] | None, answers: list[dict[str, Any]], query: dict[str, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done"}
    if answers:
        good["content"] = {"application/json": {"schema": answers[0] if len(answers) == 1 else {"oneOf": answers}}}
    refusals = ["401", "403", "422", "429", "503"]
    refusals += ["404"] if "{" in endpoint.path else []
    refusals += ["409"] if endpoint.repeatable or endpoint.method == "PUT" else []
    refusals += ["413", "415"] if body is not None else ["413"] if endpoint.media else []
    problem = {PROBLEM_JSON: {"schema": {"$ref": REF.format(name="Problem")}}}
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.path.split("/")[2]],
        "parameters": [*_in_path(endpoint), *_in_query(query), *_in_headers(endpoint)],
        "responses": {
            str(endpoint.status): good,
            **{code: {"description": _REFUSALS[code], "content": problem} for code in sorted(refusals)},
        },
        "x-permissions": list(endpoint.permissions),
    }
    if endpoint.own:
        operation["x-own"] = endpoint.own
    if endpoint.media:
        operation["requestBody"] = {"required": True, "content": {endpoint.media: {"schema": {"type": "string", "format": "binary"}}}}
    if body is not None:
        operation["requestBody"] = {"required": not endpoint.optional_body, "content": {"application/json": {"schema": body}}}
        if endpoint.body is bytes:
            envelope = {"type": "object", "required": ["specversion", "id", "source", "type", "category"]}
            operation["requestBody"]["content"]["application/cloudevents+json"] = {"schema": envelope}
            operation["requestBody"]["content"]["application/cloudevents-batch+json"] = {"schema": {"type": "array", "items": envelope}}
    return operation


def _in_path(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in re.findall(r"\{(\w+)\}", endpoint.path)
    ]


def _in_query(query: dict[str, Any]) -> list[dict[str, Any]]:
    required = query.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in query.get("properties", {}).items()
    ]


def _in_headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    headers = []
    if endpoint.repeatable:
        told = "The first answer again for 24 hours."
        headers.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": told,
                "schema": {"type": "string", "maxLength": 255},
            }
        )
    if endpoint.method == "PUT" and getattr(endpoint.answer, "__struct_fields__", None) and "revision" in endpoint.answer.__struct_fields__:
        told = "The ETag of what you read; a change in between is refused with 409."
        headers.append({"name": "If-Match", "in": "header", "required": False, "description": told, "schema": {"type": "string"}})
    return headers
