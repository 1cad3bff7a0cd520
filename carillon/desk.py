"""Where a command's question goes: to the instance that runs here, or, when none runs, to a facade it opens itself.

Both answer the same requests, so a command is written once. On embedded engines there is one writer: a running instance is asked
over its address with the credential in HOME; on servers every command opens the facade beside whatever runs.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from backend.api.app import routes
from backend.app.app import open_app
from backend.clock import SystemClock
from backend.domain.errors import Refusal, StoreUnavailable
from backend.settings import Settings
from backend.store.migrate import migrate, pending
from carillon import local, local_routes

PATIENCE = 300.0  # seconds: an export or a purge takes its time
NEAR = 3.0  # seconds a running instance may take to take the call


class Answered(Refusal):
    """The house said no."""


class Desk:
    """`ask` gives the decoded JSON of the answer. Raises `Answered` with the house's own words.

    `alone`: no instance runs on this home, so what is handed in waits for one.
    """

    def __init__(self, client: httpx.AsyncClient, *, alone: bool) -> None:
        self._client, self.alone = client, alone

    async def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request; `query` without those that are None."""
        wanted = {name: value for name, value in query.items() if value is not None}
        try:
            answer = await self._client.request(method, path, json=body, params=wanted)
        except httpx.TransportError as error:
            raise StoreUnavailable(
                f"The running Carillon at {self._client.base_url} stopped answering ({type(error).__name__})."
            ) from error
        said = answer.json() if answer.content else None
        if answer.status_code >= 400:
            detail = said.get("detail") if isinstance(said, dict) else None
            if isinstance(said, dict) and "items" in said:
                return said  # an array of which nothing was accepted: each item tells why
            raise Answered(detail or f"Carillon answered {answer.status_code} to {method} {path}.", answer=said)
        return said


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """The desk that answers for these settings. Raises what opening the facade raises."""
    if settings.embedded and (known := local.read(settings.home)) is not None:
        timeout = httpx.Timeout(PATIENCE, connect=NEAR)
        head = {"Authorization": f"Bearer {known.token}"}
        async with httpx.AsyncClient(base_url=known.address, headers=head, timeout=timeout, trust_env=False) as client:
            desk = Desk(client, alone=False)
            if await _answers(client):
                yield desk
                return
    clock = SystemClock()
    await asyncio.to_thread(_schema, settings, clock)
    async with open_app(settings, clock) as app:
        credential = local.Credential()
        credential.token = local.issue(app, 3600.0)
        asgi = Starlette(routes=[*local_routes.routes(app, credential), *routes(app)])
        head = {"Authorization": f"Bearer {credential.token}"}
        transport = httpx.ASGITransport(asgi)
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url, headers=head, timeout=None) as client:  # noqa: S113 - in this process
            yield Desk(client, alone=settings.embedded)


async def _answers(client: httpx.AsyncClient) -> bool:
    """Whether it is our instance: something else may have taken the port of one that was killed."""
    try:
        return (await client.get("/local/ping")).status_code == 204
    except httpx.TransportError:
        return False


def _schema(settings: Settings, clock: SystemClock) -> None:
    if settings.embedded:
        migrate(settings.database_url, clock)
    elif waiting := pending(settings.database_url):
        raise Refusal(f"The database lacks {len(waiting)} revisions of the schema ({', '.join(waiting)}). Run: carillon migrate")
