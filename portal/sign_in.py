"""Signing in and out: native form posts that set and clear an HttpOnly cookie, and the door in front of the pages."""

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.domain.errors import Invalid, Refusal, Taken, TooManyRequests, Unauthenticated, Unavailable
from portal.access import HOMES, SESSION_COOKIE, home_of, session_in
from portal.routes import STRANGERS, is_page, is_prerendered
from portal.wiring import app
from portal.words import preferred, say

if TYPE_CHECKING:
    from backend.app.accounts import Session

FORM_LIMIT = 4096  # bytes; a user name and a password
SIGN_IN = "/sign-in"
CLAIM = "/claim"
INVITE = "/invite"


def safe_next(path: str) -> str:
    """`path` when it is one of our own pages, else "": nobody is sent elsewhere by a link to the sign-in page."""
    parts = urlsplit(path)
    own = not parts.scheme and not parts.netloc and "\\" not in path and path.isprintable() and is_page(parts.path)
    return path if own else ""


def is_own_post(headers: dict[str, str], origins: Iterable[str]) -> bool:
    """Whether a browser says the form was on one of our pages (Fetch Metadata, else Origin). Silence counts as no."""
    site = headers.get("sec-fetch-site", "")
    origin = headers.get("origin", "")
    if site:
        return site == "same-origin"
    return origin in origins


class SessionRoutes:
    """`/`, `/session`, `/session/claim`, `/session/accept` and `/session/end`. `origins`: where our own pages are served from; the first is the public one."""

    def __init__(self, origins: list[str]) -> None:
        self._origins = origins
        self._secure = origins[0].startswith("https:")

    def routes(self) -> list[Route]:
        return [
            Route("/", self.start, methods=["GET", "HEAD"]),
            Route("/session", self.begin, methods=["POST"]),
            Route("/session/claim", self.claim, methods=["POST"]),
            Route("/session/accept", self.accept, methods=["POST"]),
            Route("/session/end", self.end, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """The bare address leads to the caller's start page, or to the sign-in page."""
        try:
            actor = await app().accounts.who(session_in(request.headers.get("cookie", "")))
        except Refusal:
            return RedirectResponse(SIGN_IN, 303)
        return RedirectResponse(home_of(actor.role), 303)

    async def begin(self, request: Request) -> Response:
        """Form fields `login`, `password`, `next`. Success: cookie and the page asked for; failure: back, with a reason."""
        if not is_own_post(dict(request.headers), self._origins):
            return self._back("foreign")
        fields = await _form(request)
        if fields is None:
            return self._back("wrong")
        onward = safe_next(fields.get("next", ""))
        try:
            address = request.client.host if request.client else ""
            agent = request.headers.get("user-agent", "")
            session = await app().accounts.sign_in(fields.get("login", ""), fields.get("password", ""), address=address, agent=agent)
        except TooManyRequests:
            return self._back("many", onward)
        except Unavailable:
            return self._back("away", onward)
        except Refusal:
            return self._back("wrong", onward)
        return self._begun(session, onward)

    async def claim(self, request: Request) -> Response:
        """Form fields `token`, `name`, `login`, `password`: the first administrator, signed in."""
        fields = await _form(request) or {}
        token = fields.get("token", "")[:100]

        def back(reason: str) -> Response:
            return RedirectResponse(f"/claim?reason={reason}&token={quote(token, safe='')}", 303)

        if not is_own_post(dict(request.headers), self._origins):
            return back("foreign")
        try:
            session = await app().accounts.claim(token, fields.get("login", ""), fields.get("password", ""), fields.get("name", "")[:200])
        except TooManyRequests:
            return back("many")
        except Unavailable:
            return back("away")
        except Invalid as refusal:
            return back("password" if refusal.facts.get("field") == "password" else "login")
        except Refusal:
            return back("used")
        return self._begun(session)

    async def accept(self, request: Request) -> Response:
        """Form fields `token`, `name`, `login`, `password`: the account that somebody was invited to make, signed in."""
        fields = await _form(request) or {}
        token = fields.get("token", "")[:100]

        def back(reason: str) -> Response:
            return RedirectResponse(f"{INVITE}?reason={reason}&token={quote(token, safe='')}", 303)

        if not is_own_post(dict(request.headers), self._origins):
            return back("foreign")
        language = preferred(request.headers.get("accept-language", ""))
        login, password = fields.get("login", ""), fields.get("password", "")
        try:
            session = await app().invitations.accept(token, login, password, fields.get("name", "")[:200], locale=language)
        except Unavailable:
            return back("away")
        except Taken:
            return back("taken")
        except Invalid as refusal:
            return back(str(refusal.facts.get("field", "login")))
        except Refusal:
            return back("over")  # the page finds out itself what became of the invitation
        return self._begun(session)

    def _begun(self, session: "Session", onward: str = "") -> Response:
        answer = RedirectResponse(onward or home_of(session.actor.role), 303)
        answer.set_cookie(SESSION_COOKIE, session.token, path="/", httponly=True, samesite="lax", secure=self._secure)
        return answer

    async def end(self, request: Request) -> Response:
        if not is_own_post(dict(request.headers), self._origins):
            return self._back("foreign")
        token = session_in(request.headers.get("cookie", ""))
        if token:
            with contextlib.suppress(Unauthenticated):  # it ended earlier; the cookie goes all the same
                await app().accounts.sign_out(token)
        answer = self._back("out")
        answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=self._secure)
        answer.headers["Clear-Site-Data"] = '"storage"'
        return answer

    def _back(self, reason: str, onward: str = "") -> Response:
        return RedirectResponse(f"{SIGN_IN}?reason={reason}" + (f"&next={quote(onward, safe='')}" if onward else ""), 303)


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a small urlencoded form, None when it is something else."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_LIMIT:
            return None
    try:
        return {k: v[0] for k, v in parse_qs(body.decode(), keep_blank_values=True, max_num_fields=8, strict_parsing=False).items()}
    except ValueError:
        return None


class Door:
    """In front of the pages: who is not signed in is sent to the sign-in page before any of it is loaded.

    It spares people a flash of an empty page. What protects data is the guard on every event handler. A socket, though,
    must come from one of our own pages: a browser sends the session cookie along whoever opens it.
    """

    def __init__(self, inner: ASGIApp, origins: list[str]) -> None:
        self._inner = inner
        self._origins = {origin.encode() for origin in origins}
        self._hosts = {urlsplit(origin).netloc for origin in origins}
        self._told = origins[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and dict(scope["headers"]).get(b"origin") not in self._origins:
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: HTTP 403
            return
        path = scope.get("path", "")
        bare = path.rstrip("/")
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and (is_page(bare) or bare in STRANGERS):
            answer = self._elsewhere(scope) or await self._turned_away(scope, bare)
            if answer is not None:
                await answer(scope, receive, send)
                return
            if is_prerendered(bare):  # prerendered as folders; saves the redirect to the slash
                scope = {**scope, "path": f"{bare}/", "raw_path": f"{bare}/".encode()}
        await self._inner(scope, receive, send)

    def _elsewhere(self, scope: Scope) -> Response | None:
        """A page opened at an address we were not told of could never connect, so it says so and what to do."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host in self._hosts:
            return None
        seen = "".join(c for c in host if c.isascii() and (c.isalnum() or c in ".-:[]"))[:253]
        text = say(preferred(headers.get("accept-language", "")), "address.other", told=self._told, seen=f"{scope['scheme']}://{seen}")
        return PlainTextResponse(text, 421)

    async def _turned_away(self, scope: Scope, path: str) -> Response | None:
        if path in (CLAIM, INVITE):
            return None  # whoever has the link has no account yet
        cookies = "; ".join(v.decode("latin-1") for k, v in scope["headers"] if k == b"cookie")
        try:
            actor = await app().accounts.who(session_in(cookies))
        except Unauthenticated:
            if path == SIGN_IN:
                return None
            query = scope.get("query_string", b"").decode("latin-1")
            onward = safe_next(path + (f"?{query}" if query else ""))
            return RedirectResponse(SIGN_IN + (f"?next={quote(onward, safe='')}" if onward else ""), 303)
        except Unavailable:
            return None  # the page itself says what is away
        return RedirectResponse(HOMES[actor.role], 303) if path == SIGN_IN else None
