"""All HTTP routes: the table of /v1 with what surrounds it, signed links, tokens, health. `routes(app)` is what a server mounts."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from backend.api import (
    audiences,
    campaigns,
    content,
    docs,
    engagement,
    events,
    experiments,
    forecasts,
    health,
    hooks,
    hosted,
    images,
    imports,
    links,
    live,
    oauth,
    operating,
    providers,
    schedules,
    scripts,
    unsubscribe,
    users,
)
from backend.api.endpoint import Endpoint, serve
from backend.api.paging import Cursors
from backend.api.problems import problem_response, unforeseen
from backend.domain.errors import MethodWrong, NotFound, Refusal

if TYPE_CHECKING:
    from backend.app.app import App

ENDPOINTS: list[Endpoint] = [*events.ENDPOINTS, *operating.ENDPOINTS, *providers.ENDPOINTS, *users.ENDPOINTS, *content.ENDPOINTS, *images.ENDPOINTS, *live.ENDPOINTS, *schedules.ENDPOINTS, *audiences.ENDPOINTS, *engagement.ENDPOINTS, *campaigns.ENDPOINTS, *forecasts.ENDPOINTS, *experiments.ENDPOINTS, *imports.ENDPOINTS]

Plain = Callable[["App", Request], Awaitable[Response]]
PLAIN: list[tuple[str, str, Plain]] = [
    ("GET POST", "/u/{token}", links.guarded(unsubscribe.unsubscribe)),
    ("GET POST", "/p/{token}", links.guarded(hosted.preferences)),
    ("GET", "/y/{token}", links.guarded(links.why)),
    ("GET", "/c/{token}", links.guarded(links.click, many=True)),
    ("GET", "/o/{token}.gif", links.guarded(links.opened, many=True)),
    ("GET", "/i/{name}", images.show),
    ("GET POST", "/hooks/{key}", hooks.hear),
    *(("GET", path, scripts.script) for path in scripts.PATHS),
    ("POST", "/oauth/token", oauth.token),
    ("GET", "/oauth/jwks.json", oauth.jwks),
    ("GET", "/livez", health.livez),
    ("GET", "/readyz", health.readyz),
    ("GET", "/metrics", health.metrics),
]


class Resource:
    """One path: picks the endpoint by method, and answers 405 with Allow for the others."""

    def __init__(self, app: "App", cursors: Cursors, endpoints: Sequence[Endpoint]) -> None:
        self._app, self._cursors = app, cursors
        self._of = {endpoint.method: endpoint for endpoint in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._of.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if endpoint is None:
            response = _method_wrong(sorted(self._of))
        else:
            response = await serve(self._app, self._cursors, endpoint, Request(scope, receive, send))
        await response(scope, receive, send)


class PlainRoute:
    """A page or document outside the table."""

    def __init__(self, app: "App", methods: Sequence[str], handler: Plain) -> None:
        self._app, self._methods, self._handler = app, methods, handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if ("GET" if scope["method"] == "HEAD" else scope["method"]) not in self._methods:
            response = _method_wrong(self._methods)
        else:
            try:
                response = await self._handler(self._app, Request(scope, receive, send))
            except Refusal as refusal:
                response = problem_response(refusal)
            except Exception as error:  # noqa: BLE001  (whatever it was: a problem document, and a line in the log)
                response = problem_response(unforeseen(error, f"{scope['method']} {scope['path']}"))
        await response(scope, receive, send)


def routes(app: "App") -> list[BaseRoute]:
    """Routes in the order they are tried; what is unknown below /v1 is answered here, the rest is left to others."""
    cursors = Cursors(app.sealer)
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, []).append(endpoint)
    document, page = docs.openapi(ENDPOINTS, app.settings.base_url), docs.page(ENDPOINTS)
    found: list[BaseRoute] = [Route(path, Resource(app, cursors, endpoints)) for path, endpoints in by_path.items()]
    found += [Route(path, PlainRoute(app, methods.split(), handler)) for methods, path, handler in PLAIN]
    found += [Route("/v1/openapi.json", PlainRoute(app, ["GET"], document)), Route("/v1/docs", PlainRoute(app, ["GET"], page))]
    found += [
        Route(path, PlainRoute(app, ["GET", "POST", "PUT", "PATCH", "DELETE"], _nothing_here))
        for path in ("/v1", "/v1/{rest:path}", "/oauth/{rest:path}")
    ]
    return found


async def _nothing_here(app: "App", request: Request) -> Response:
    return problem_response(NotFound(f"There is nothing at {request.url.path[:200]}. The addresses are listed at /v1/docs."))


def _method_wrong(methods: Sequence[str]) -> Response:
    return problem_response(MethodWrong(allowed=list(methods)), {"Allow": ", ".join(methods)})
