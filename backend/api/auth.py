"""Who is asking: a bearer token, or the portal's session cookie on requests of our own pages. Nothing else is looked at."""

from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from backend.domain.errors import Unauthenticated
from backend.security.limits import REFUSED
from backend.security.origin import check_origin
from backend.security.roles import Actor

if TYPE_CHECKING:
    from backend.app.app import App

SESSION_COOKIE = "carillon_session"


def bearer(header: str) -> str | None:
    """The token of an Authorization value (RFC 6750); None when there is none."""
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def network_address(connection: HTTPConnection) -> str:
    """Where the request comes from, as the server (with its trusted proxies) sees it."""
    return connection.client.host if connection.client else ""


async def actor_of(app: "App", connection: HTTPConnection, via: str = "api", *, socket: bool = False) -> Actor | None:
    """The actor; None when the request carries nothing to tell by.

    Raises `TokenExpired` or `TokenInvalid` for a bad token, `OriginForeign` for a cookie from another site's page, and
    `TooManyRequests` for an address that keeps trying.
    """
    if (token := bearer(connection.headers.get("authorization", ""))) is not None:
        return await actor_of_token(app, token, network_address(connection), via)
    session = connection.cookies.get(SESSION_COOKIE)
    if not session:
        return None
    method = connection.scope.get("method", "GET")
    check_origin(method, connection.headers, app.settings.base_url, socket=socket)
    return await app.accounts.who(session)


async def actor_of_token(app: "App", token: str, address: str, via: str) -> Actor:
    """The actor of a bearer token; each bad one costs its network address a bit of its quota."""
    try:
        return await app.tokens.verify(token, via)
    except Unauthenticated:
        await app.limits.take(REFUSED, address)
        raise
