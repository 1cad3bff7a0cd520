"""The first start of an installation: the demo's sign-ins, or the one-time link for the first administrator of an empty one."""

import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from backend.app.accounts import CLAIM, MAIN
from backend.domain.errors import Taken
from backend.security.passwords import check_password
from backend.security.roles import ROLES, SYSTEM, Actor
from backend.settings import make_home
from backend.store import accounts, marks

if TYPE_CHECKING:
    from backend.app.app import App

FILE = "demo_sign_ins"


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in of the demo, to be shown at every start."""

    role: str
    login: str
    password: str


class FirstStart(msgspec.Struct, frozen=True):
    """What `carillon up` prints. `claim`: token of the link that makes the first administrator, "" when somebody has an account."""

    sign_ins: tuple[SignIn, ...] = ()
    claim: str = ""


async def first_start(app: "App") -> FirstStart:
    """Make what a new installation needs, once, and tell what is to be printed, every time."""
    empty = await app.store.read(accounts.count) == 0
    if not app.settings.demo or await app.store.read(lambda tx: marks.get(tx, "demo")) == "gone":
        return FirstStart(claim=await _new_claim(app)) if empty else FirstStart()
    path = app.settings.home / FILE
    if empty:
        await _make(app, path)
    return FirstStart(tuple([one for one in kept_sign_ins(app.settings.home) if await _works(app, one)]))


async def _make(app: "App", path: Path) -> None:
    kept = kept_sign_ins(app.settings.home) or tuple(SignIn(role, role, secrets.token_urlsafe(12)) for role in ROLES)
    make_home(app.settings.home)
    # written before the accounts are made: a password that nobody can read would lock the demo up
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(kept))
    by = Actor(MAIN, SYSTEM.subject, SYSTEM.role, name=SYSTEM.name, via="line")
    for one in kept:
        try:
            await app.accounts.create(by, one.login, one.password, one.role, one.role.capitalize())
        except Taken:
            continue  # another process starts at the same time


async def _new_claim(app: "App") -> str:
    token = secrets.token_urlsafe(24)
    await app.store.write(lambda tx: marks.put(tx, CLAIM, sha256(token.encode()).hexdigest()))
    return token


def kept_sign_ins(home: Path) -> tuple[SignIn, ...]:
    """The sign-ins that the demo made, as they were made."""
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=tuple[SignIn, ...])
    except (FileNotFoundError, msgspec.DecodeError):
        return ()


async def _works(app: "App", one: SignIn) -> bool:
    """Whoever changed a demo password or disabled the account does not want to see it printed."""
    row = await app.store.read(lambda tx: accounts.get(tx, MAIN, one.login))
    return row is not None and row.disabled is None and await check_password(row.password, one.password)
