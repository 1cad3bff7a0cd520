"""Invitations: an administrator names a role, and hands over a link with which one person makes one account.

The link is shown once, lives seven days and works once; here only its hash is kept, and the name sealed until it is used.
"""

import secrets
from datetime import datetime
from hashlib import sha256
from typing import Literal

import msgspec

from backend.app.accounts import Session, checked_login
from backend.app.base import Aggregate, page_size
from backend.app.person_checks import check_locale, check_zone, checked_person
from backend.app.views import Page, moment, moment_or_none
from backend.domain.errors import Invalid, NotFound, Taken, TokenExpired, TokenInvalid
from backend.domain.ids import make_id, parse_id
from backend.security.passwords import hash_password
from backend.security.roles import ROLES, Actor, need
from backend.store import invitation_rows, persons
from backend.store.invitation_rows import InvitationRow
from backend.store.port import Tx

LIFE = 7 * 86_400.0  # seconds a link is good for
KEPT = 30 * 86_400.0  # seconds an ended invitation stays in the list
PAGE = 25
_NAME = 200  # characters
_SEAL = "invitation"
_NEWEST = b"\xff" * 16

Ending = Literal["open", "accepted", "revoked", "expired"]


class InvitationView(msgspec.Struct):
    """`url` is given once, when it is made. `login`: the account that came of it; the name is gone when it has ended by use or withdrawal."""

    id: str
    name: str
    role: str
    by: str
    ending: Ending
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    login: str = ""
    url: str | None = None


class Invited(msgspec.Struct, frozen=True):
    """What the page behind the link shows to whoever holds it."""

    name: str
    role: str
    expires_at: datetime


class Invitations(Aggregate):
    """Invitations of the actor's space. Whoever holds a link may use it: it is to be handed over as a password would be."""

    async def create(self, actor: Actor, role: str, name: str = "") -> InvitationView:
        """Make a link. `name`: of the person who is invited, "" to let them say. Raises `Invalid`."""
        need(actor, "accounts.write")
        if role not in ROLES:
            raise Invalid(f"There is no role {role[:32]!r}.", field="role", allowed=list(ROLES))
        name = _checked_name(name)
        token, now = secrets.token_urlsafe(24), self.app.clock.now()
        made = make_id(int(now * 1000), secrets.token_bytes(16))
        row = InvitationRow(
            space=actor.space,
            id=made,
            token=_hash(token),
            name=self.app.sealer.seal(_SEAL, name.encode(), made),
            role=role,
            by=actor.subject,
            created=now,
            expires=now + LIFE,
        )

        def write(tx: Tx) -> None:
            invitation_rows.forget(tx, actor.space, now - KEPT)
            invitation_rows.add(tx, row)
            self.note(tx, actor, "account.invite", f"invitation:{made.hex()}", role=role)

        await self.app.store.write(write)
        view = self._view(row, now)
        view.url = f"{self.app.settings.base_url}/invite?token={token}"
        return view

    async def list(self, actor: Actor, *, after: str = "", limit: int = PAGE) -> Page[InvitationView]:
        """The newest first, ended ones too for a month."""
        need(actor, "accounts.write")
        before, size, now = parse_id(after) if after else _NEWEST, page_size(limit), self.app.clock.now()
        rows = await self.app.store.read(lambda tx: invitation_rows.page(tx, actor.space, before, size + 1))
        return Page([self._view(row, now) for row in rows[:size]], rows[size - 1].id.hex() if len(rows) > size else None)

    async def revoke(self, actor: Actor, invitation_id: str) -> InvitationView:
        """The link works no more. One that was accepted is refused (`Invalid`): disable the account instead. Raises `NotFound`."""
        need(actor, "accounts.write")
        made, now = parse_id(invitation_id), self.app.clock.now()

        def write(tx: Tx) -> InvitationRow:
            row = invitation_rows.get(tx, actor.space, made, lock=True)
            if row is None:
                raise NotFound("There is no such invitation here. It may have ended more than a month ago.")
            if row.accepted is not None:
                raise Invalid(f"This invitation was accepted: the account is {row.login}. Disable that account instead.", login=row.login)
            if row.revoked is None:
                invitation_rows.revoke(tx, row, now)
                row.revoked, row.name = now, b""
                self.note(tx, actor, "account.invite_revoke", f"invitation:{made.hex()}", role=row.role)
            return row

        return self._view(await self.app.store.write(write), now)

    async def describe(self, token: str) -> Invited:
        """Who is invited as what. Changes nothing. Errors: `TokenInvalid`, `TokenExpired`."""
        hashed = _hash(token)
        row = self._usable(await self.app.store.read(lambda tx: invitation_rows.of_token(tx, hashed)))
        return Invited(self._name(row), row.role, moment(row.expires))

    async def accept(
        self, token: str, login: str, password: str, name: str = "", *, timezone: str = "UTC", locale: str = "en"
    ) -> Session:
        """Make the account, signed in. Of two who hold the link, one gets in. Errors: `TokenInvalid`, `TokenExpired`, `Invalid`, `Taken`."""
        hashed = _hash(token)
        row = self._usable(await self.app.store.read(lambda tx: invitation_rows.of_token(tx, hashed)))
        login, name = checked_login(login), _checked_name(name) or self._name(row)
        check_zone(timezone)
        check_locale(locale)
        person = checked_person(row.space, login)
        password_hash = await hash_password(password)

        def write(tx: Tx) -> Session:
            kept = self._usable(invitation_rows.of_token(tx, hashed, lock=True))
            if persons.get(tx, kept.space, person) is not None:  # an inbox that is somebody's already is not handed over
                raise Taken(f"The name {login!r} is in use already. Choose another one.", field="login")
            self.app.accounts.add(tx, kept.space, login, password_hash, kept.role, name or login, login, timezone, locale)
            invitation_rows.accept(tx, kept, login, self.app.clock.now())
            by = Actor(kept.space, login, kept.role, via="portal")
            self.note(tx, by, "account.accept", f"account:{login}", role=kept.role, invited_by=kept.by)
            return self.app.accounts.begin(tx, kept.space, login)

        return await self.changing(row.space, [person], write)

    def _usable(self, row: InvitationRow | None) -> InvitationRow:
        if row is None:
            raise TokenInvalid("This invitation is not known. Check that the link is complete, or ask for a new one.", ending="unknown")
        ending = _ending(row, self.app.clock.now())
        if ending == "accepted":
            raise TokenInvalid("This invitation was used already. Sign in with the account that was made with it.", ending=ending)
        if ending == "revoked":
            raise TokenInvalid("This invitation was withdrawn. Ask whoever sent it for a new one.", ending=ending)
        if ending == "expired":
            raise TokenExpired("This invitation was good for seven days, which are over. Ask whoever sent it for a new one.", ending=ending)
        return row

    def _name(self, row: InvitationRow) -> str:
        return self.app.sealer.unseal(_SEAL, row.name, row.id).decode() if row.name else ""

    def _view(self, row: InvitationRow, now: float) -> InvitationView:
        ended = row.accepted or row.revoked or (row.expires if row.expires <= now else None)
        return InvitationView(
            row.id.hex(), self._name(row), row.role, row.by, _ending(row, now), moment(row.created), moment(row.expires),
            moment_or_none(ended), row.login,
        )  # fmt: skip


def _ending(row: InvitationRow, now: float) -> Ending:
    if row.accepted is not None:
        return "accepted"
    if row.revoked is not None:
        return "revoked"
    return "expired" if row.expires <= now else "open"


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if len(name) > _NAME or not name.isprintable():
        raise Invalid(f"A name has at most {_NAME} letters, and none that cannot be seen.", field="name")
    return name


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()  # the token is random, so nothing slower is needed
