"""One process that runs until it is told to end: the entrances as guests of uvicorn in our own uvloop loop, the line beside them.

The first SIGINT or SIGTERM ends it in order (exit 0): nothing new is taken, what is in hand is finished. A second one ends it at
once; what was in hand is then where it was at the last commit.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Literal

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from backend import telemetry
from backend.api import app as api
from backend.api.health import livez, metrics, readyz
from backend.app.app import App
from backend.clock import SystemClock
from backend.domain.errors import CacheUnavailable, LogUnavailable, Refusal, StoreUnavailable, Unavailable
from backend.graphql import app as graphql
from backend.settings import Settings
from carillon import collector, heaps, local, local_routes
from carillon.house import House
from workers.line import STAGES

log = logging.getLogger("carillon")

Entrance = Literal["all", "portal", "api"]
Ready = Callable[[House], Awaitable[None]]
GRACE = 2  # seconds open requests get at the end, before their connections are closed
CUT = 5  # seconds until what does not notice even that is cancelled
WAITING = 1024  # connections the system holds for us while we are busy
FORCED = 130  # exit of a second Ctrl-C, as shells know it


class NoPort(Refusal):
    """The port is in use."""


class EngineAway(Refusal):
    """An engine does not answer."""


class Guest(uvicorn.Server):
    """uvicorn without signals of its own: the house has them. `open` is set once it takes requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.open = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.open.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hanging_up = asyncio.get_running_loop().call_later(GRACE, self._hang_up)
        try:
            await super().shutdown(sockets)
        finally:
            hanging_up.cancel()

    def _hang_up(self) -> None:
        """Streams never end by themselves: their clients see the connection close, and come again with their cursor."""
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.close()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def start_logging(*, as_json: bool) -> None:
    """Warnings and worse on standard error, a line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(telemetry.JsonLines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def run(settings: Settings, ready: Ready, *, entrance: Entrance | None = "all", names: Sequence[str] = STAGES) -> None:
    """Run until a signal. `ready` is awaited once everything answers. Raises a `Refusal` that says why it cannot start."""
    heaps.few()
    uvloop.run(keep(settings, ready, entrance, names))


async def keep(settings: Settings, ready: Ready, entrance: Entrance | None, names: Sequence[str]) -> None:
    """The whole life of the process."""
    ending = _signals()
    house = House(settings, SystemClock(), names)
    try:
        await house.start()
    except Unavailable as away:
        raise EngineAway(_what_to_do(settings, away)) from away
    try:
        async with AsyncExitStack() as stack:
            waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(ending.wait())]
            if entrance is not None:
                served = stack.enter_context(_listening(settings))
                credential = local.Credential()
                server = Guest(_config(_asgi(house.app, credential, entrance)))
                serving = asyncio.create_task(server.serve(sockets=[served]), name="entrances")
                stack.push_async_callback(_end, server, serving)
                await stack.enter_async_context(local.published(house.app, credential))
                await asyncio.wait([serving, asyncio.ensure_future(server.open.wait())], return_when=asyncio.FIRST_COMPLETED)
                waiting.append(serving)
            await ready(house)
            collector.spare()
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            waiting[0].cancel()
    finally:
        await house.stop()


async def _end(server: Guest, serving: "asyncio.Task[None]") -> None:
    server.should_exit = True
    await serving


def _signals() -> asyncio.Event:
    """Set at the first signal."""
    ending, loop = asyncio.Event(), asyncio.get_running_loop()

    def heard() -> None:
        if ending.is_set():
            sys.stderr.write("Ended at once. The next start goes on from the last commit.\n")
            sys.stderr.flush()
            os._exit(FORCED)
        ending.set()

    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, heard)
    return ending


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """A socket on the settings' port. Raises `NoPort`."""
    kind = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(kind, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((settings.host, settings.port))
            made.listen(WAITING)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise NoPort(
                    f"Port {settings.port} is in use by another program. Stop that one, or take another port: PORT={settings.port + 1} make up"
                ) from None
            raise NoPort(
                f"Nothing can be served at {settings.host}:{settings.port}: {error.strerror}. Correct CARILLON_HOST and CARILLON_PORT."
            ) from None
        made.setblocking(False)
        yield made


def _config(asgi: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        asgi,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=CUT,
        server_header=False,
        backlog=WAITING,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # a compressor for each socket costs 40 to 100 KB of memory
        ws_max_size=1024 * 1024,  # bytes of one message, as for a request's body
    )


def _asgi(app: App, credential: local.Credential, entrance: Entrance) -> ASGIApp:
    own = local_routes.routes(app, credential)
    if entrance == "api":
        return Starlette(routes=[*own, *api.routes(app), *graphql.routes(app)])
    from carillon.portal_serve import portal_app
    from portal.wiring import connect

    connect(app)
    health = [
        Route(path, api.PlainRoute(app, ["GET"], look)) for path, look in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics))
    ]
    rest = [*api.routes(app), *graphql.routes(app)] if entrance == "all" else health
    return portal_app([*own, *rest], origin=app.settings.base_url)


def _what_to_do(settings: Settings, away: Unavailable) -> str:
    name = {StoreUnavailable: "DATABASE_URL", LogUnavailable: "LOG_URL", CacheUnavailable: "CACHE_URL"}.get(type(away), "DATABASE_URL")
    hint = "Free the file or the disk" if settings.embedded else f"Start it, or correct CARILLON_{name}"
    return f"{away.detail} Carillon was not started. {hint}, then start again; `carillon check` looks at every engine."
