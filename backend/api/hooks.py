"""/hooks/{key}: where providers tell what became of messages. Nothing is believed before its signature was looked at."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from backend.api.auth import network_address
from backend.api.reading import read_body
from backend.channels.kinds import Hook
from backend.domain.event import BODY_LIMIT

if TYPE_CHECKING:
    from backend.app.app import App


async def hear(app: "App", request: Request) -> Response:
    """Answers what the provider wants to read; refusals are problem documents, and an engine that is away is a 503: providers repeat then."""
    key = request.path_params["key"]
    query = request.scope.get("query_string", b"").decode("latin-1")
    url = f"{app.settings.base_url}/hooks/{key}" + (f"?{query}" if query else "")
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = await read_body(request, BODY_LIMIT)
    method = "GET" if request.method == "HEAD" else request.method
    heard = await app.hooks.hear(key, Hook(method, url, dict(request.query_params), headers, body), network_address(request))
    return Response(heard.body, heard.status, {"Cache-Control": "no-store"}, heard.media)
