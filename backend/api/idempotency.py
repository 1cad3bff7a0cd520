"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the first answer again for 24 hours, with its headers.

Only answers that did something are kept: a refused request may be corrected and sent again under its key.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from backend.app.idempotency import Fresh
from backend.domain.errors import Unavailable

if TYPE_CHECKING:
    from backend.api.endpoint import Call

_KEPT_HEADERS = ("content-type", "location", "etag")


async def once(call: "Call", key: str, run: Callable[[], Awaitable[Response]]) -> Response:
    """Run the request, or give its first answer again. Errors: those of `app.idempotency.begin`."""
    request, store = call.request, call.app.idempotency
    kind = request.headers.get("content-type", "")
    attributes = sorted(f"{name}:{value}" for name, value in request.headers.items() if name.startswith("ce-"))
    digest = blake2b("\n".join([request.method, request.url.path, kind, *attributes, ""]).encode() + call.raw, digest_size=32).digest()
    begun = await store.begin(call.actor, key, digest)
    if not isinstance(begun, Fresh):
        headers, body = msgspec.msgpack.decode(begun.body, type=tuple[dict[str, str], bytes])
        return Response(body, begun.code, {"Cache-Control": "no-store", "Idempotency-Replayed": "true", **headers})
    try:
        response = await run()
    except BaseException:
        with suppress(Unavailable):  # a request that left no answer frees its key by itself after a minute
            await store.abandon(begun)
        raise
    if not 200 <= response.status_code < 300:
        await store.abandon(begun)
        return response
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    with suppress(Unavailable):  # the work is done: its answer counts, kept or not
        await store.finish(begun, response.status_code, msgspec.msgpack.encode((headers, bytes(response.body))))
    return response
