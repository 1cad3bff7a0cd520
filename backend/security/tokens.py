"""Access tokens: JWTs signed RS256 by our own keys, and nothing else (RFC 8725, RFC 9068).

Claims: kid (header), iss BASE_URL, aud "carillon", sub, space, role?, scope? (space-separated), name?, jti, iat, exp.
A token with a role belongs to a person (its user id is `sub`); one without belongs to a program.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import jwt
import msgspec
from sqlalchemy import delete, select

from backend.clock import Clock
from backend.domain.errors import Forbidden, Invalid, StoreUnavailable, TokenExpired, TokenInvalid
from backend.domain.ids import person_id
from backend.security.keys import Keyring
from backend.security.roles import ROLES, SCOPES, Actor
from backend.store.port import Store, Tx
from backend.store.tables import revoked
from backend.store.upsert import insert_new

AUDIENCE = "carillon"
LONGEST = 8192  # characters
LONGEST_LIFE = 366 * 86400.0  # seconds
_SKEW = 60.0  # seconds another of our machines' clock may be ahead
_KEPT = 4096  # verified tokens remembered
_TRUSTED = 20.0  # seconds a verified token is taken without looking at `revoked` again


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: str
    space: int
    jti: str
    iat: float
    exp: float
    role: str = ""
    scope: str | None = None
    name: str = ""


class Tokens:
    """`issue` and `verify`. Verified tokens are remembered for a moment, by hash, never past their expiry."""

    def __init__(self, keys: Keyring, store: Store, clock: Clock, issuer: str) -> None:
        self._keys, self._store, self._clock, self._issuer = keys, store, clock, issuer
        self._known: OrderedDict[bytes, tuple[float, Actor, str]] = OrderedDict()  # hash -> (until, actor, jti)

    def issue(self, *, space: int, subject: str, ttl: float, role: str = "", scopes: Sequence[str] | None = None, name: str = "") -> str:
        """A token for `ttl` seconds. With a role and no scopes it has the role's permissions; with scopes, exactly theirs.

        Raises `Invalid` for an unknown role or scope, and for a lifetime above a year.
        """
        if role and role not in ROLES:
            raise Invalid(f"There is no role {role[:32]!r}.", field="role", allowed=ROLES)
        if unknown := [scope for scope in scopes or () if scope not in SCOPES]:
            raise Invalid(f"There is no scope {unknown[0][:64]!r}.", field="scope", allowed=SCOPES)
        if not subject or len(subject) > 256:
            raise Invalid("A token needs a subject of 1 to 256 characters.", field="sub")
        if not 0 < ttl <= LONGEST_LIFE:
            raise Invalid("A token lives for more than 0 seconds and at most a year.", field="ttl")
        now = self._clock.now()
        claims: dict[str, Any] = {"iss": self._issuer, "aud": AUDIENCE, "sub": subject, "space": space}
        claims |= {"jti": secrets.token_urlsafe(12), "iat": int(now), "exp": int(now + ttl + 0.999)}
        claims |= {"role": role} if role else {}
        claims |= {"scope": " ".join(scopes)} if scopes is not None else {}
        claims |= {"name": name} if name else {}
        kid, key = self._keys.current
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid, "typ": "at+jwt"})

    def member(self, space: int, user_id: str, ttl: float) -> str:
        """A token of one person, for the customer's own pages: their inbox, wishes and chats, nothing else."""
        return self.issue(space=space, subject=user_id, ttl=ttl, role="member")

    async def verify(self, token: str, via: str = "api") -> Actor:
        """Who the token speaks for. Raises `TokenExpired` or `TokenInvalid`; never anything else for a bad token."""
        now = self._clock.now()
        digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=20).digest()
        if (known := self._known.get(digest)) and known[0] > now:
            self._known.move_to_end(digest)
            return msgspec.structs.replace(known[1], via=via) if via != known[1].via else known[1]
        claims = await self._claims(token, now)
        trusted = _TRUSTED
        try:
            if await self._store.read(_is_revoked(claims.space, claims.jti)):
                raise TokenInvalid("The token has been withdrawn. Get a new one.")
        except StoreUnavailable:
            trusted = 0.0  # events are accepted while the store is away: the signature and the expiry speak alone until it is back
        actor = Actor(
            space=claims.space,
            subject=claims.sub,
            role=claims.role,
            scopes=tuple(claims.scope.split()) if claims.scope is not None else None if claims.role else (),
            person=person_id(claims.space, claims.sub) if claims.role else 0,
            name=claims.name or claims.sub,
            via=via,
            expires=claims.exp,
        )
        self._known[digest] = (min(claims.exp, now + trusted), actor, claims.jti)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return actor

    async def withdraw(self, actor: Actor, token: str) -> None:
        """End a token before its time, here at once and in other processes within 20 seconds. Its subject and admins may; `Forbidden` else."""
        claims = await self._claims(token, self._clock.now())
        if actor.space != claims.space or (actor.subject != claims.sub and actor.role != "admin" and "admin" not in (actor.scopes or ())):
            raise Forbidden("A token is withdrawn by whoever it belongs to, or by an administrator.")
        await self._store.write(_revoke(claims.space, claims.jti, claims.exp, self._clock.now()))
        for digest in [d for d, known in self._known.items() if known[2] == claims.jti]:
            del self._known[digest]

    async def _claims(self, token: str, now: float) -> _Claims:
        if len(token) > LONGEST:
            raise TokenInvalid("This is no token: it is too long.")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError):
            raise TokenInvalid("This is no token: it is not a signed JWT.") from None
        if header.get("alg") != "RS256":
            raise TokenInvalid(f"The token is signed with {str(header.get('alg'))[:16]}; only RS256 is accepted here. Get one made here.")
        key = await self._keys.get(str(header.get("kid", "")))
        if key is None:
            raise TokenInvalid("The token is signed with a key that is not ours, or not valid any more. Get a new one.")
        try:  # times are checked below, by our clock
            options: Any = dict.fromkeys((f"verify_{claim}" for claim in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")), False)
            payload = jwt.decode(token, key.public_key(), algorithms=["RS256"], options=options)
        except (jwt.PyJWTError, ValueError):
            raise TokenInvalid("The token's signature does not fit: it was changed. Get a new one.") from None
        try:
            claims = msgspec.convert(payload, _Claims)
        except msgspec.ValidationError as error:
            raise TokenInvalid(f"The token's claims are not ours: {error}. Get a new one.") from None
        if claims.iss != self._issuer:
            raise TokenInvalid(f"The token was made for {claims.iss[:80]!r}, not for {self._issuer!r}. Get one made here.")
        if claims.aud != AUDIENCE:
            raise TokenInvalid(f"The token is for {claims.aud[:80]!r}, not for {AUDIENCE!r}. Get one made for this.")
        if claims.exp <= now:
            raise TokenExpired
        if claims.iat > now + _SKEW:
            raise TokenInvalid("The token comes from the future: a clock is wrong. Set it, and get a new token.")
        return claims


def _is_revoked(space: int, jti: str) -> Callable[[Tx], bool]:
    def read(tx: Tx) -> bool:
        return tx.conn.execute(select(revoked.c.jti).where(revoked.c.space == space, revoked.c.jti == jti)).first() is not None

    return read


def _revoke(space: int, jti: str, expires: float, now: float) -> Callable[[Tx], None]:
    def write(tx: Tx) -> None:
        tx.conn.execute(delete(revoked).where(revoked.c.expires <= now))  # what has expired needs no row
        insert_new(tx, revoked, [{"space": space, "jti": jti, "expires": expires}])

    return write
