"""How commands reach the instance that runs on this machine: its address and a credential, in HOME, readable by its owner alone.

The file is written at the start, renewed while the instance runs, and removed at the stop. One that a killed process left is
recognised by its address not answering.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from backend.app.accounts import MAIN
from backend.app.app import App
from backend.domain.errors import Refusal
from backend.settings import Settings, make_home

FILE = "local.json"
LIFE = 24 * 3600.0  # seconds a credential is good for
RENEW = 12 * 3600.0  # seconds between two of them
SUBJECT = "command"  # whom the audit trail names


class Local(msgspec.Struct, frozen=True):
    """Where the running instance is, and the token it takes from whoever can read this file."""

    pid: int
    address: str
    token: str


def address_of(settings: Settings) -> str:
    """Where this machine reaches the instance, whatever name the outside knows it by."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"


def read(home: Path) -> Local | None:
    """What the file says; None when there is none."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=Local)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def issue(app: App, life: float = LIFE) -> str:
    """A token with every permission for a command of this machine."""
    return app.tokens.issue(space=MAIN, subject=SUBJECT, ttl=life, scopes=["admin"], name="carillon")


@asynccontextmanager
async def published(app: App, credential: "Credential") -> AsyncIterator[None]:
    """Keep the file while the context lasts."""
    credential.token = _write(app)
    renewing = asyncio.create_task(_renew(app, credential), name="local credential")
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        kept = read(app.settings.home)
        if kept is not None and kept.pid == os.getpid():
            (app.settings.home / FILE).unlink(missing_ok=True)
        with contextlib.suppress(Refusal):  # it ends by itself within a day
            await app.tokens.withdraw(await app.tokens.verify(credential.token), credential.token)


class Credential:
    """The token in force now; "" before there is one."""

    token = ""


async def _renew(app: App, credential: "Credential") -> None:
    while True:
        await asyncio.sleep(RENEW)
        credential.token = _write(app)


def _write(app: App) -> str:
    made = Local(os.getpid(), address_of(app.settings), issue(app))
    make_home(app.settings.home)
    partial = app.settings.home / f"{FILE}.partial"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(made))
    partial.replace(app.settings.home / FILE)
    return made.token
