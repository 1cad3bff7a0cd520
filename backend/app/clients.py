"""OAuth clients: programs with an id, a secret and scopes, who get tokens by client credentials (RFC 6749, 4.4)."""

import re
import secrets
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest

import msgspec

from backend.app.base import Aggregate
from backend.app.views import Page, moment
from backend.domain.errors import Invalid, NotFound, Unauthenticated
from backend.security.roles import SCOPES, Actor, need
from backend.store import accounts
from backend.store.accounts import ClientRow
from backend.store.port import Tx

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")
_NOBODY = bytes(32)


class ClientView(msgspec.Struct):
    """A program. `secret` is shown once, when it is made."""

    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    secret: str | None = None


class Clients(Aggregate):
    """Programs of the actor's space."""

    async def create(self, actor: Actor, client_id: str, scopes: list[str], name: str = "") -> ClientView:
        """Make one, or give the one with this id a new secret and these scopes. Raises `Invalid`."""
        need(actor, "accounts.write")
        if not _ID.fullmatch(client_id):
            raise Invalid("The id of a client is 1 to 64 letters, digits or . _ -, and begins with a letter or digit.", field="id")
        if not scopes or (unknown := [scope for scope in scopes if scope not in SCOPES]):
            what = f"There is no scope {unknown[0][:64]!r}." if scopes else "A client needs at least one scope."
            raise Invalid(what, field="scopes", allowed=list(SCOPES))
        secret = secrets.token_urlsafe(32)
        row = ClientRow(
            space=actor.space,
            id=client_id,
            name=name[:200] or client_id,
            secret=_hash(secret),
            scopes=" ".join(dict.fromkeys(scopes)),
            created=self.app.clock.now(),
        )

        def write(tx: Tx) -> None:
            accounts.put_client(tx, row)
            self.note(tx, actor, "client.create", f"client:{client_id}", scopes=row.scopes)

        await self.app.store.write(write)
        return _view(row, secret)

    async def verify(self, client_id: str, secret: str, *, space: int = 1) -> Actor:
        """The program of these credentials, with its scopes. Raises `Unauthenticated`."""
        row = await self.app.store.read(lambda tx: accounts.client(tx, space, client_id[:64]))
        if not compare_digest(row.secret if row else _NOBODY, _hash(secret)) or row is None:
            raise Unauthenticated("Client id and secret do not fit together. Check both, or have a new secret made.")
        return Actor(space=space, subject=row.id, scopes=tuple(row.scopes.split()), name=row.name)

    async def remove(self, actor: Actor, client_id: str) -> None:
        """It gets no tokens any more; those it has live to their end, an hour at most. Raises `NotFound`."""
        need(actor, "accounts.write")

        def write(tx: Tx) -> None:
            if not accounts.remove_client(tx, actor.space, client_id):
                raise NotFound(f"There is no client {client_id[:64]!r} here.")
            self.note(tx, actor, "client.remove", f"client:{client_id}")

        await self.app.store.write(write)

    async def list(self, actor: Actor) -> Page[ClientView]:
        """All of them, by id."""
        need(actor, "accounts.write")
        return Page([_view(row) for row in await self.app.store.read(lambda tx: accounts.clients_of(tx, actor.space))])


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()  # the secret is random, so nothing slower is needed


def _view(row: ClientRow, secret: str | None = None) -> ClientView:
    return ClientView(row.id, row.name, row.scopes.split(), moment(row.created), secret)
