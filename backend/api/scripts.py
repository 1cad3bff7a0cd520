"""/notify-sw.js and /notify-push.js: what pages load that notify their visitors (docs/web-push.md), ours and those of others.

Where the portal is served too its bundle holds the same files, and sends them with the same headers.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from backend.app.app import App

ASSETS = Path(__file__).parents[2] / "assets"
PATHS = ("/notify-sw.js", "/notify-push.js")
HEADERS = {
    "service-worker-allowed": "/",
    "cache-control": "no-cache",  # asked for each time, and mostly answered with 304: a worker that is old shows what is new wrongly
    "access-control-allow-origin": "*",  # a module of another origin is loaded only with it
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
}


async def script(app: "App", request: Request) -> Response:
    """One of the files, to everybody."""
    body, tag = _file(request.url.path)
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", 304, {**HEADERS, "etag": tag})
    return Response(body, 200, {**HEADERS, "etag": tag}, "text/javascript; charset=utf-8")


@cache
def _file(path: str) -> tuple[bytes, str]:
    body = (ASSETS / path.lstrip("/")).read_bytes()
    return body, f'"{sha256(body).hexdigest()[:24]}"'
