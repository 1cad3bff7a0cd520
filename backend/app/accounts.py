"""Accounts: people who sign in to the portal, their sessions, and the first sign-in of a new installation.

A session is a random token of which only the hash is kept; it ends 12 hours after it was last used. Every account has a person
behind it, so whoever signs in has an inbox of their own.
"""

import contextlib
import re
import secrets
from datetime import datetime
from hashlib import sha256

import msgspec

from backend.app.base import Aggregate
from backend.app.person_checks import check_locale, check_zone, checked_person
from backend.app.views import Page, moment, moment_or_none
from backend.domain.errors import Forbidden, Invalid, NotFound, StoreUnavailable, Taken, TokenExpired, TokenInvalid, Unauthenticated
from backend.security.limits import SIGN_IN
from backend.security.passwords import check_password, hash_password, outdated
from backend.security.roles import ROLES, Actor, need
from backend.store import accounts, marks, persons, whole_person
from backend.store.accounts import AccountRow, SessionRow
from backend.store.port import Tx

SESSION = 12 * 3600.0  # seconds after the last use
PROLONG = 1800.0  # seconds between two writes that let a session live on
SENDING = 900.0  # seconds a token of one's own lives, that is shown in a snippet
MAIN = 1  # the space that is there from the start
CLAIM = "claim"  # the mark: hash of the link that makes the first administrator
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+\-]{1,99}")


class AccountView(msgspec.Struct):
    """Who may sign in. `user`: the user id of the person behind it."""

    login: str
    name: str
    role: str
    user: str
    created_at: datetime
    disabled_at: datetime | None = None


class SessionView(msgspec.Struct):
    """One browser that is signed in. `id` names it and opens nothing; `agent` is what the browser said of itself."""

    id: str
    login: str
    agent: str
    began_at: datetime
    ends_at: datetime  # unless it is used again before


class Session(msgspec.Struct):
    """`token` goes into an HttpOnly cookie and is shown once."""

    token: str
    actor: Actor
    expires: float


class Accounts(Aggregate):
    """Accounts of a space. Signing in takes as long for a login that does not exist, and is limited per login and per address."""

    async def create(
        self,
        actor: Actor,
        login: str,
        password: str,
        role: str,
        name: str = "",
        user_id: str = "",
        *,
        timezone: str = "UTC",
        locale: str = "en",
    ) -> AccountView:
        """Make an account, and its person unless `user_id` (default: the login) is known. Errors: `Invalid`, `Taken`, `Erased`."""
        need(actor, "accounts.write")
        login, user_id = checked_login(login), user_id or checked_login(login)
        _check_role(role)
        check_zone(timezone)
        check_locale(locale)
        hashed = await hash_password(password)

        def write(tx: Tx) -> AccountRow:
            row = self.add(tx, actor.space, login, hashed, role, name or login, user_id, timezone, locale)
            self.note(tx, actor, "account.create", f"account:{login}", role=role)
            return row

        row = await self.changing(actor.space, [checked_person(actor.space, user_id)], write)
        return _view(row, user_id)

    async def sign_in(self, login: str, password: str, *, address: str = "", agent: str = "", space: int = MAIN) -> Session:
        """A session, for the right password. `address`: of the network, `agent`: of the browser. Raises `Unauthenticated`, `TooManyRequests`."""
        login = login.strip().lower()[:200]
        await self.app.limits.take(SIGN_IN, f"login:{space}:{login}")
        if address:
            await self.app.limits.take(SIGN_IN, f"address:{address}")
        kept = await self.app.store.read(lambda tx: accounts.get(tx, space, login))
        usable = kept if kept is not None and kept.disabled is None and kept.password else None
        if not await check_password(usable.password if usable else None, password) or usable is None:
            raise Unauthenticated("Login and password do not fit together. Check both, or ask an administrator for a new password.")
        again = await hash_password(password) if outdated(usable.password) else ""
        return await self.app.store.write(lambda tx: self.begin(tx, space, login, again, agent))

    async def who(self, token: str) -> Actor:
        """The actor of a session, which lives on. Raises `TokenInvalid`, `TokenExpired`."""
        hashed, now = _hash(token), self.app.clock.now()

        def read(tx: Tx) -> tuple[SessionRow, Actor] | None:
            found = accounts.session(tx, hashed)
            if found is None or found[1].disabled is not None:
                return None
            return found[0], self._actor(tx, found[1])

        found = await self.app.store.read(read)
        if found is None:
            raise TokenInvalid("You are signed out. Sign in again.")
        session, actor = found
        if session.expires <= now:
            raise TokenExpired("You were signed out after 12 hours without use. Sign in again.")
        if session.expires < now + SESSION - PROLONG:
            with contextlib.suppress(StoreUnavailable):  # it can still be read, and the session is still good
                await self.app.store.write(lambda tx: accounts.prolong(tx, hashed, now + SESSION))
        return actor

    async def sign_out(self, token: str) -> None:
        """End a session; one that has ended already is no error."""
        hashed = _hash(token)
        await self.app.store.write(lambda tx: accounts.end_session(tx, hashed))

    async def set_password(self, actor: Actor, login: str, password: str, old: str = "") -> None:
        """A new password; every session of the account ends. One's own needs the old one. Errors: `NotFound`, `Invalid`, `Forbidden`."""
        login = checked_login(login)
        row = await self.app.store.read(lambda tx: accounts.get(tx, actor.space, login))
        if row is None or row.person != actor.person:
            need(actor, "accounts.write")
        if row is None:
            raise NotFound(f"There is no account {login!r} here.")
        if row.person == actor.person:
            await self.app.limits.take(SIGN_IN, f"login:{actor.space}:{login}")
            if not await check_password(row.password, old):
                raise Forbidden("The old password does not fit. Type it again.")
        hashed = await hash_password(password)

        def write(tx: Tx) -> None:
            kept = self._found(tx, actor.space, login)
            kept.password = hashed
            accounts.put(tx, kept)
            accounts.end_sessions(tx, actor.space, login)
            self.note(tx, actor, "account.password", f"account:{login}")

        await self.app.store.write(write)

    async def disable(self, actor: Actor, login: str) -> AccountView:
        """Nobody signs in with it any more; its sessions end at once. Errors: `NotFound`, `Invalid` for the last administrator."""
        return await self._switch(actor, checked_login(login), disabled=True)

    async def enable(self, actor: Actor, login: str) -> AccountView:
        """Signing in works again. Raises `NotFound`."""
        return await self._switch(actor, checked_login(login), disabled=False)

    async def claim(self, token: str, login: str, password: str, name: str = "") -> Session:
        """The first administrator, made with the one-time link of an empty installation. Raises `TokenInvalid`, `Invalid`."""
        login, mark = checked_login(login), _hash(token).hex()
        if await self.app.store.read(lambda tx: marks.get(tx, CLAIM)) != mark:
            raise TokenInvalid("This link was used already, or a newer one was made. Start Carillon again to see the current one.")
        hashed = await hash_password(password)

        def write(tx: Tx) -> Session:
            if not marks.take(tx, CLAIM, mark):
                raise TokenInvalid("This link was used a moment ago. Sign in with the account that was made with it.")
            self.add(tx, MAIN, login, hashed, "admin", name or login, login, "UTC", "en")
            self.note(tx, Actor(MAIN, login, "admin", via="portal"), "account.claim", f"account:{login}", role="admin")
            return self.begin(tx, MAIN, login)

        return await self.changing(MAIN, [checked_person(MAIN, login)], write)

    async def list(self, actor: Actor) -> Page[AccountView]:
        """All accounts of the space, by login."""
        need(actor, "accounts.write")

        def read(tx: Tx) -> Page[AccountView]:
            rows = accounts.every(tx, actor.space)
            names = persons.known(tx, actor.space, [row.person for row in rows])
            return Page([_view(row, names.get(row.person, "")) for row in rows])

        return await self.app.store.read(read)

    async def set_role(self, actor: Actor, login: str, role: str) -> AccountView:
        """What the account may do from now on. Errors: `NotFound`, `Invalid` for an unknown role and for the last administrator."""
        need(actor, "accounts.write")
        login = checked_login(login)
        _check_role(role)

        def write(tx: Tx) -> tuple[AccountRow, str]:
            row = self._found(tx, actor.space, login)
            was, row.role = row.role, role
            if was == "admin" and role != "admin" and row.disabled is None:
                self._keep_an_admin(tx, row, "Make another one first, then give this one another role.")
            if was != role:
                accounts.put(tx, row)
                self.note(tx, actor, "account.role", f"account:{login}", role=role, was=was)
            return row, persons.known(tx, actor.space, [row.person]).get(row.person, "")

        return _view(*await self.app.store.write(write))

    async def sending_token(self, actor: Actor) -> tuple[str, datetime]:
        """A token with which the actor's own program may send events for a quarter of an hour, and when it ends.

        Only somebody who is signed in gets one: a token must not make another that outlives it.
        """
        need(actor, "events.send")
        if actor.scopes is not None:
            raise Forbidden("A token does not make another one. Sign in to the portal, or use a program's credentials.")
        ends = self.app.clock.now() + SENDING

        def write(tx: Tx) -> None:
            self.note(tx, actor, "token.make", f"user:{actor.subject}", seconds=round(SENDING), scope="events:write")

        await self.app.store.write(write)
        made = self.app.tokens.issue(
            space=actor.space, subject=actor.subject, role=actor.role, scopes=("events:write",), ttl=SENDING, name=actor.name
        )
        return made, moment(ends)

    async def sessions(self, actor: Actor) -> Page[SessionView]:
        """The actor's own, the one used last first; no other's can be named."""
        now = self.app.clock.now()
        rows = await self.app.store.read(lambda tx: accounts.sessions_of(tx, actor.space, actor.person, now))
        return Page([SessionView(session_id(row.token), row.login, row.agent, moment(row.created), moment(row.expires)) for row in rows])

    async def end_session(self, actor: Actor, ident: str) -> None:
        """End one of the actor's own. Raises `NotFound`."""
        now = self.app.clock.now()

        def write(tx: Tx) -> None:
            for row in accounts.sessions_of(tx, actor.space, actor.person, now):
                if session_id(row.token) == ident:
                    accounts.end_session(tx, row.token)
                    self.note(tx, actor, "account.sign_out", f"account:{row.login}")
                    return
            raise NotFound("There is no such session of yours; it may have ended already.")

        await self.app.store.write(write)

    def begin(self, tx: Tx, space: int, login: str, password: str = "", agent: str = "") -> Session:
        """A session for an account whose owner has just proved to be it. `password`: a new hash of it to keep."""
        token, now = secrets.token_urlsafe(32), self.app.clock.now()
        row = accounts.get(tx, space, login)
        if row is None or row.disabled is not None:
            raise Unauthenticated("This account was disabled. Ask an administrator.")
        if password:
            row.password = password
            accounts.put(tx, row)
        kept = SessionRow(token=_hash(token), space=space, login=login, created=now, expires=now + SESSION, agent=agent[:300])
        accounts.add_session(tx, kept)
        actor = self._actor(tx, row)
        self.note(tx, actor, "account.sign_in", f"account:{login}")
        return Session(token, actor, now + SESSION)

    async def _switch(self, actor: Actor, login: str, *, disabled: bool) -> AccountView:
        need(actor, "accounts.write")

        def write(tx: Tx) -> tuple[AccountRow, str]:
            row = self._found(tx, actor.space, login)
            if disabled and row.role == "admin" and row.disabled is None:
                self._keep_an_admin(tx, row, "Make another one first, then disable this one.")
            row.disabled = self.app.clock.now() if disabled else None
            accounts.put(tx, row)
            if disabled:
                accounts.end_sessions(tx, actor.space, login)
            self.note(tx, actor, "account.disable" if disabled else "account.enable", f"account:{login}")
            return row, persons.known(tx, actor.space, [row.person]).get(row.person, "")

        return _view(*await self.app.store.write(write))

    @staticmethod
    def _keep_an_admin(tx: Tx, row: AccountRow, what: str) -> None:
        if not whole_person.other_admins(tx, row.space, row.person):
            raise Invalid(f"This is the last administrator. {what}", field="role")

    def _found(self, tx: Tx, space: int, login: str) -> AccountRow:
        row = accounts.get(tx, space, login, lock=True)
        if row is None:
            raise NotFound(f"There is no account {login!r} here.")
        return row

    def add(
        self, tx: Tx, space: int, login: str, hashed: str, role: str, name: str, user_id: str, timezone: str, locale: str
    ) -> AccountRow:
        """The account and, unless there is one of this user id, its person. Raises `Taken`, `Erased`."""
        person = self.app.people.ensure(tx, space, user_id, name, timezone, locale)
        row = AccountRow(
            space=space,
            login=login,
            name=name,
            password=hashed,
            role=role,
            person=person.person,
            timezone=timezone,
            locale=locale,
            created=self.app.clock.now(),
        )
        if not accounts.add(tx, row):
            raise Taken(f"There is an account {login!r} already. Choose another login.", field="login")
        return row

    def _actor(self, tx: Tx, row: AccountRow) -> Actor:
        person = persons.get(tx, row.space, row.person)
        if person is None or person.erased is not None:
            raise TokenInvalid("The person behind this account is gone. Ask an administrator for a new account.")
        return Actor(
            space=row.space,
            subject=person.user_id,
            role=row.role,
            person=row.person,
            name=row.name,
            timezone=person.timezone,
            locale=person.locale,
            via="portal",
        )


def session_id(token: str | bytes) -> str:
    """The name of a session in lists, of its token or of the token's hash."""
    return sha256(_hash(token) if isinstance(token, str) else token).hexdigest()[:32]


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(f"There is no role {role[:32]!r}.", field="role", allowed=list(ROLES))


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()  # the token is random, so nothing slower is needed


def checked_login(text: str) -> str:
    """A login as it is kept. Raises `Invalid`."""
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Invalid("A login is 2 to 100 letters, digits or . _ @ + -, and begins with a letter or digit.", field="login")
    return login


def _view(row: AccountRow, user: str) -> AccountView:
    return AccountView(row.login, row.name, row.role, user, moment(row.created), moment_or_none(row.disabled))
