"""/livez, /readyz, /metrics: for machines that watch; no token, nothing about people."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend import telemetry
from backend.domain.errors import Refusal

if TYPE_CHECKING:
    from backend.app.app import App

PATIENCE = 3.0  # seconds an engine may take to answer


async def livez(app: "App", request: Request) -> Response:
    """200 while this process answers at all."""
    return Response(b'{"state":"live"}', 200, {"Cache-Control": "no-store"}, "application/json")


async def readyz(app: "App", request: Request) -> Response:
    """200 when every engine answers, else 503 with the ones that do not."""
    looks = {"store": app.store.reachable, "log": app.log.reachable, "cache": app.cache.reachable}
    answers = await asyncio.gather(*(_look(name, look) for name, look in looks.items()))
    engines = dict(zip(looks, answers, strict=True))
    good = all(answer == "ready" for answer in answers)
    body = msgspec.json.encode({"state": "ready" if good else "waiting", "engines": engines})
    return Response(body, 200 if good else 503, {"Cache-Control": "no-store"} | ({} if good else {"Retry-After": "1"}), "application/json")


async def metrics(app: "App", request: Request) -> Response:
    """Prometheus text."""
    await readyz(app, request)
    return Response(telemetry.exposition(), 200, {"Cache-Control": "no-store"}, telemetry.METRICS_TYPE)


async def _look(name: str, look: Callable[[], Awaitable[None]]) -> str:
    try:
        await asyncio.wait_for(look(), PATIENCE)
    except Refusal as refusal:
        answer = refusal.code()
    except TimeoutError:
        answer = "no answer"
    else:
        answer = "ready"
    telemetry.ENGINE_UP.labels(name).set(answer == "ready")
    return answer
