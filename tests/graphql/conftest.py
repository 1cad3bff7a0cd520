"""GraphQL over ASGI for requests, and a real server on loopback for sockets and event streams."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from backend.api.app import routes as http_routes
from backend.app.app import App
from backend.app.views import PersonIn
from backend.graphql.app import routes
from tests.api.conftest import ADMIN, line, token_for
from tests.app.conftest import app, clock, home, migrated

__all__ = ["app", "clock", "home", "line", "migrated"]

Query = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def people(app: App) -> None:
    for name in ("mia", "noah"):
        await app.people.put(ADMIN, name, PersonIn(name=name.title(), email=f"{name}@example.com"))


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=[*http_routes(app), *routes(app)]), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as opened:
        yield opened


@pytest.fixture
def query(app: App, client: httpx.AsyncClient) -> Query:
    """`await query("{ me { id } }", role="admin")` is the decoded answer."""

    async def ask(document: str, variables: dict[str, Any] | None = None, *, role: str = "", scopes: tuple[str, ...] | None = None, subject: str = "root", space: int = 1) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token_for(app, role, scopes, subject, space)}"}
        answer = await client.post("/graphql", json={"query": document, "variables": variables or {}}, headers=headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    return ask


@pytest.fixture
async def served(app: App) -> AsyncIterator[str]:
    """`host:port` of a real server, set up as the product sets it up."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(Starlette(routes=[*http_routes(app), *routes(app)]), ws="websockets-sansio", ws_per_message_deflate=False, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:
        await asyncio.sleep(0.005)
    yield f"127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await running
    listening.close()


class Socket:
    """A graphql-transport-ws client of a few lines."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.send(msgspec.json.encode(message).decode())

    async def hear(self) -> dict[str, Any]:
        raw = await asyncio.wait_for(self.connection.recv(), 60)
        assert isinstance(raw, str), "the protocol speaks in text frames"
        told: dict[str, Any] = msgspec.json.decode(raw)
        return told

    async def init(self, token: str | None) -> dict[str, Any]:
        await self.say(type="connection_init", payload={"authorization": f"Bearer {token}"} if token else {})
        return await self.hear()

    async def subscribe(self, document: str, ident: str = "1", **variables: Any) -> None:
        await self.say(type="subscribe", id=ident, payload={"query": document, "variables": variables})

    async def closed(self) -> tuple[int, str]:
        await asyncio.wait_for(self.connection.wait_closed(), 60)
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""


@pytest.fixture
async def open_socket(served: str) -> AsyncIterator[Callable[..., Awaitable[Socket]]]:
    """`await open_socket()`; closed at the end."""
    opened: list[Socket] = []

    async def connect_one(**more: Any) -> Socket:
        one = Socket(await connect(f"ws://{served}/graphql", subprotocols=["graphql-transport-ws"], compression=None, proxy=None, **more))  # type: ignore[list-item]
        opened.append(one)
        return one

    yield connect_one
    for one in opened:
        await one.connection.close()
