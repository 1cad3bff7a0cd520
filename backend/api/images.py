"""Images of messages: POST /v1/images takes one, GET /v1/images lists them, GET /i/{name} gives one to everybody."""

from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from backend.api.endpoint import Answer, Call, Endpoint, ListQuery
from backend.app.images import ImageView
from backend.app.views import Page
from backend.security.pictures import LARGEST

if TYPE_CHECKING:
    from backend.app.app import App

_FOR_GOOD = {
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-resource-policy": "cross-origin",  # mailboxes show it from their own pages
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
    "content-disposition": "inline",
}


async def add(call: Call) -> Answer:
    """Keep a picture; the header X-Label says what people call it."""
    label = unquote(call.request.headers.get("x-label", ""))[:500]
    return Answer(await call.app.images.add(call.actor, label, call.body), 201)


async def every(call: Call) -> Answer:
    """Every picture of the space."""
    return call.page("images", await call.app.images.list(call.actor, after=call.after("images") or "", limit=call.query.limit))


async def show(app: "App", request: Request) -> Response:
    """The bytes, for good: nothing under a name ever changes."""
    name = str(request.path_params["name"])
    etag = f'"{name.partition(".")[0]}"'
    kind, data = await app.images.read(name)
    if request.headers.get("if-none-match", "") in (etag, "*"):
        return Response(b"", 304, {**_FOR_GOOD, "etag": etag})
    return Response(data, 200, {**_FOR_GOOD, "etag": etag}, kind)


ENDPOINTS = [
    Endpoint(
        "POST", "/v1/images", "addImage", "Keep a picture", add, ("content.write",), body=bytes, answer=ImageView, status=201, limit=LARGEST + 1,
        media="image/*",
    ),
    Endpoint("GET", "/v1/images", "listImages", "Every picture", every, ("content.read",), answer=Page[ImageView], query=ListQuery),
]
