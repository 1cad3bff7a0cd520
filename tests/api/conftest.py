"""The real facade on embedded engines behind the real routes, asked over ASGI; `ask` sends one request as somebody."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from backend.api.app import routes
from backend.app.app import App
from backend.security.roles import Actor
from carillon.house import House
from tests.app.conftest import app, clock, home, migrated

__all__ = ["app", "clock", "home", "migrated"]

Ask = Callable[..., Awaitable[httpx.Response]]
ADMIN = Actor(space=1, subject="root", role="admin", person=1, via="cli")


def token_for(of: App, role: str = "", scopes: tuple[str, ...] | None = None, subject: str = "root", space: int = 1, ttl: float = 600.0) -> str:
    """A token with a role, or with scopes."""
    return of.tokens.issue(space=space, subject=subject, role=role, scopes=scopes, ttl=ttl)


@pytest.fixture
async def line(app: App) -> AsyncIterator[House]:
    """The whole line beside the same facade: `await line.settle()` returns when it has nothing left to do."""
    house = House(app.settings, app.clock, app=app)
    await house.router.start()
    house.line.start()
    yield house
    await house.line.stop()
    await house.router.close()


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=routes(app)), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as opened:
        yield opened


@pytest.fixture
def ask(app: App, client: httpx.AsyncClient) -> Ask:
    """`await ask("GET", "/v1/users/mia", role="admin")`; `json` or `content` as httpx takes them."""

    async def send(method: str, path: str, *, role: str = "", scopes: tuple[str, ...] | None = None, subject: str = "root", space: int = 1, token: str | None = None, **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if role or scopes is not None or token:
            headers["Authorization"] = f"Bearer {token or token_for(app, role, scopes, subject, space)}"
        return await client.request(method, path, headers=headers, **more)

    return send
