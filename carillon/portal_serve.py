"""Serves the prebuilt portal, and whatever routes it is given, as one ASGI app for our own uvicorn server on our own loop.

Reflex is a guest: it neither compiles nor opens a port nor starts a process. `portal_app` needs a finished bundle
(`carillon.portal_build`); three settings of Reflex used for that are internal to it, which is why its version is pinned and
`tests/portal/test_serve.py` holds the outcome.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import reflex as rx
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api import scripts
from carillon.portal_build import CLIENT, INLINE, ROOT, WEB, BuildFailed, is_built
from carillon.portal_files import Files

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
HASHED = "/assets/"  # names in here carry the hash of their content
YEAR = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400"


def origins_of(origin: str) -> list[str]:
    """Origins our pages may come from: the public one, and its loopback twins when it is a loopback address."""
    parts = urlsplit(origin)
    own = f"{parts.scheme}://{parts.netloc}"
    if parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        return [own]
    port = f":{parts.port}" if parts.port else ""
    return list(dict.fromkeys([own, f"{parts.scheme}://localhost{port}", f"{parts.scheme}://127.0.0.1{port}"]))


def portal_app(routes: Sequence[BaseRoute], *, origin: str, lifespan: Lifespan | None = None) -> ASGIApp:
    """The portal with `routes` (API, GraphQL, hooks) in front of it on the same port.

    `origin`: where people reach it, scheme and host (settings.base_url); sockets and forms from elsewhere are refused.
    `lifespan`: entered before Reflex and left after it. `portal.wiring.connect(app)` must be called before requests come.
    Raises `BuildFailed` when no bundle of these sources lies ready. One portal per process: Reflex keeps its app globally.
    """
    if not is_built():
        raise BuildFailed("The portal is not built for these sources. Run: python -m carillon.portal_build")
    origins = origins_of(origin)
    reflex, reflex_app = _reflex(origins)
    from portal.downloads import DownloadRoutes
    from portal.sign_in import Door, SessionRoutes  # reads Reflex's settings when imported

    @asynccontextmanager
    async def life(outer: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if lifespan is not None:
                await stack.enter_async_context(lifespan(outer))
            stack.enter_context(reflex.set_contexts())  # inherited by the tasks it starts
            await stack.enter_async_context(reflex_app.router.lifespan_context(reflex_app))
            yield

    pages = Mount("/", app=Door(reflex_app, origins))
    outer = Starlette(routes=[*routes, *SessionRoutes(origins).routes(), *DownloadRoutes(origins).routes(), pages], lifespan=life)
    return Headers(Files(outer, CLIENT), json.loads(INLINE.read_text()))


def _reflex(origins: list[str]) -> tuple[rx.App, Starlette]:
    """Reflex's app, and what it makes with compiling switched off and the finished bundle mounted."""
    os.environ |= {
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_WEB_WORKDIR": str(WEB),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_CORS_ALLOWED_ORIGINS": ",".join(origins),
    }
    before = Path.cwd()
    os.chdir(ROOT)  # Reflex looks for rxconfig.py in the current folder when its app is made
    try:
        if str(ROOT) not in sys.path:
            sys.path.insert(0, str(ROOT))
        from portal.portal import app  # reads the settings above when imported

        with app.set_contexts():
            made = app()
    finally:
        os.chdir(before)
    if not isinstance(made, Starlette):
        raise TypeError(f"Reflex returns a {type(made).__name__} now; its lifespan must be entered another way.")
    return app, made


class Headers:
    """Adds what every answer carries: security headers, a Content-Security-Policy for pages, and how long to keep files."""

    def __init__(self, inner: ASGIApp, inline: dict[str, list[str]]) -> None:
        self._inner = inner
        self._policies = {page: policy(hashes) for page, hashes in inline.items()}
        self._fallback = self._policies.get("/__spa-fallback.html", policy([]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        path: str = scope["path"]

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in {**SECURITY_HEADERS, **(scripts.HEADERS if path in scripts.PATHS else {})}.items():
                    headers.setdefault(name, value)
                kept = self._kept(path, message["status"])
                if kept:
                    headers.setdefault("cache-control", kept)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("content-security-policy", self._policy_of(path))
                    headers.setdefault("cache-control", "no-cache")
            await send(message)

        await self._inner(scope, receive, finish)

    def _policy_of(self, path: str) -> str:
        return self._policies.get(f"{path.rstrip('/')}/index.html", self._fallback)

    @staticmethod
    def _kept(path: str, status: int) -> str:
        if status not in (200, 206, 304):
            return ""
        if path.startswith(HASHED):
            return YEAR
        return DAY if path.startswith("/fonts/") else ""


def policy(inline: Sequence[str]) -> str:
    """Nothing from elsewhere, no script that was not built, no frame around us. React writes style attributes, hence inline styles."""
    scripts = " ".join(["'self'", *(f"'{item}'" for item in inline)])
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
