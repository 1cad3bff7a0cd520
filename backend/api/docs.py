"""/v1/openapi.json and /v1/docs: the document, and a page that shows it without asking any other host for anything."""

from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

import msgspec
from jinja2 import Environment, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from backend.api.endpoint import Endpoint
from backend.api.openapi import document
from backend.api.pages import HEADERS, STYLE_SHEET
from backend.api.problems import table

if TYPE_CHECKING:
    from backend.app.app import App

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Carillon API</title><style>{{ style }}</style></head><body><main><header>Carillon</header>
<div class="card"><h1>HTTP API</h1>
<p>Send a bearer token: <code>Authorization: Bearer …</code>. Programs get one from <code>POST /oauth/token</code> with their id and secret.
Bodies are JSON in UTF-8, at most 1 MB. Times are RFC 3339. Lists are <code>{"items": […], "next": …}</code>; give <code>next</code> as <code>after</code>.
The document for machines is <a href="/v1/openapi.json">/v1/openapi.json</a>.</p></div>
{% for tag, operations in tags %}<h2 id="{{ tag }}">{{ tag }}</h2>
{% for o in operations %}<details class="card" id="{{ o.id }}"><summary><code><b>{{ o.method }}</b> {{ o.path }}</code> {{ o.summary }}</summary>
<p>{{ o.who }}</p>
{% if o.parameters %}<h3>Parameters</h3><ul>{% for p in o.parameters %}<li><code>{{ p.name }}</code> in {{ p.where }}{% if p.required %}, required{% endif %}: {{ p.schema }}</li>{% endfor %}</ul>{% endif %}
{% if o.body %}<h3>Body</h3><pre tabindex="0">{{ o.body }}</pre>{% endif %}
<h3>Answers</h3><ul>{% for code, said in o.answers %}<li><code>{{ code }}</code> {{ said }}</li>{% endfor %}</ul>
{% if o.answer %}<pre tabindex="0">{{ o.answer }}</pre>{% endif %}</details>
{% endfor %}{% endfor %}
<h2 id="types">Types</h2>{% for name, schema in schemas %}<details class="card" id="type-{{ name }}"><summary><code>{{ name }}</code></summary><pre tabindex="0">{{ schema }}</pre></details>
{% endfor %}
<h2 id="problems">Problems</h2><div class="card"><dl>{% for code, status, sentence in problems %}<dt id="{{ code }}"><code>{{ code }}</code> {{ status }}</dt><dd>{{ sentence }}</dd>{% endfor %}</dl></div>
</main></body></html>"""


def version() -> str:
    """Carillon's version as it is installed."""
    try:
        return installed("carillon")
    except PackageNotFoundError:
        return "0"


def openapi(endpoints: Sequence[Endpoint], base_url: str) -> Callable[["App", Request], Awaitable[Response]]:
    """The handler of /v1/openapi.json; the document is made once."""
    body = msgspec.json.encode(document(endpoints, base_url, version()))

    async def answer(app: "App", request: Request) -> Response:
        return Response(body, 200, {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}, "application/json")

    return answer


def page(endpoints: Sequence[Endpoint]) -> Callable[["App", Request], Awaitable[Response]]:
    """The handler of /v1/docs."""
    html = _render(document(endpoints, "", version()))

    async def answer(app: "App", request: Request) -> Response:
        return HTMLResponse(html, 200, HEADERS)

    return answer


def _render(made: dict[str, Any]) -> str:
    tags: dict[str, list[dict[str, Any]]] = {}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append(_operation(path, method, operation))
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_PAGE).render(
        style=STYLE_SHEET,
        tags=list(tags.items()),
        schemas=[(name, _pretty(schema)) for name, schema in made["components"]["schemas"].items()],
        problems=[(code, status, sentence) for code, (status, sentence) in table().items()],
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    needed = operation["x-permissions"]
    who = f"Needs the permission {' or '.join(needed)}" if needed else "Anybody signed in"
    answers = operation["responses"]
    good = next(iter(answers.values()))
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "who": who + (", or is the person." if operation.get("x-own") else "."),
        "parameters": [
            {"name": p["name"], "where": p["in"], "required": p["required"], "schema": _short(p["schema"])} for p in operation["parameters"]
        ],
        "body": _pretty(body["schema"]) if body else "",
        "answers": [(code, answer["description"]) for code, answer in answers.items()],
        "answer": _pretty(good["content"]["application/json"]["schema"]) if "content" in good else "",
    }


def _short(schema: dict[str, Any]) -> str:
    return msgspec.json.encode(schema).decode()


def _pretty(schema: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
