"""An endpoint: one row of the route table, and what happens around its handler.

Around it, in this order: who asks (401), how often (429), whether they may (403), size (413) and type (415) of the body, its
values (422), an Idempotency-Key; a refusal anywhere becomes a problem document. The facade checks the permission again.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from backend import telemetry
from backend.api import idempotency
from backend.api.auth import actor_of
from backend.api.paging import Cursors
from backend.api.problems import problem_response, unforeseen
from backend.api.reading import convert_texts, decode, need_json, read_body, read_parts
from backend.app.views import Page
from backend.domain.errors import Forbidden, Invalid, Refusal, Unauthenticated
from backend.domain.event import BODY_LIMIT
from backend.security.limits import REQUESTS
from backend.security.roles import PERMISSIONS, Actor, may

if TYPE_CHECKING:
    from backend.app.app import App

JSON = "application/json"


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For endpoints without parameters in the query string."""


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every list: `after` is the `next` of the part before."""

    after: str | None = None
    limit: int = 50


class Call(msgspec.Struct):
    """One request on its way to its handler. `body` and `query` are values of the endpoint's types."""

    app: "App"
    request: Request
    actor: Actor
    path: Mapping[str, str]
    body: Any
    query: Any
    raw: bytes
    cursors: Cursors

    @property
    def key(self) -> str:
        """The last part of the path that names something: a user id, a key, an id."""
        return list(self.path.values())[-1]

    @property
    def seen(self) -> int | None:
        """The revision the caller read, from If-Match (RFC 9110); None when it names none. The facade refuses a stale one."""
        given = self.request.headers.get("if-match", "*").strip()
        if given == "*":
            return None
        number = given.removeprefix("W/").strip('"')
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise Invalid('If-Match holds the ETag of what you read, like "3".', field="if-match")
        return int(number)

    def filters(self) -> dict[str, str | None]:
        """The query's values but the place in the list, as cursors are bound to them."""
        return {k: None if v is None else str(v) for k, v in msgspec.structs.asdict(self.query).items() if k not in ("after", "limit")}

    def after(self, name: str) -> str | None:
        """The facade's cursor of list `name` out of the one in the query. Raises `CursorForeign`."""
        return self.cursors.unwrap(name, self.actor.space, self.filters(), self.query.after)

    def page(self, name: str, page: Page[Any]) -> "Answer":
        """A part of list `name`, its cursor signed."""
        return Answer(Page(page.items, self.cursors.wrap(name, self.actor.space, self.filters(), page.next)))


class Answer(msgspec.Struct):
    """What a handler gives back; `value` is encoded as JSON, None means no body."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = {}
    media: str = ""  # of a value of bytes: what they are


Handler = Callable[[Call], Awaitable[Answer]]


class Endpoint(msgspec.Struct, frozen=True):
    """`permissions`: one of them is enough (`together`: all are needed), none means anybody signed in; `own`: the person {id} may, too, with this permission.

    `body`, `answer`: types for reading and for the OpenAPI document; a body of type `bytes` is handed over unread,
    an answer that is a tuple is one of several types.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    permissions: tuple[str, ...] = ()
    own: str = ""
    body: Any = None
    answer: Any = None
    query: type[Any] = NoQuery
    status: int = 200
    optional_body: bool = False
    repeatable: bool = False  # takes an Idempotency-Key
    tag: str = ""
    limit: int = BODY_LIMIT  # bytes of the body
    together: bool = False
    media: str = ""  # what a body of bytes is, for the OpenAPI document; "": events
    streamed: bool = False  # a body of bytes is handed over as it comes, an iterator of parts

    def admits(self, actor: Actor, path: Mapping[str, str]) -> bool:
        """The early guard: what the facade would refuse at once."""
        if not self.permissions or (all if self.together else any)(may(actor, permission) for permission in self.permissions):
            return True
        return bool(self.own) and bool(actor.person) and actor.subject == path.get("id") and may(actor, self.own)


async def serve(app: "App", cursors: Cursors, endpoint: Endpoint, request: Request) -> Response:
    """Answer one request; never raises for what somebody sent."""
    began = time.perf_counter()
    response: Response
    try:
        response = await _answer(app, cursors, endpoint, request)
    except Refusal as refusal:
        response = problem_response(refusal)
    except Exception as error:  # noqa: BLE001  (whatever it was: a problem document, and a line in the log)
        response = problem_response(unforeseen(error, f"{endpoint.method} {endpoint.path}"))
    telemetry.HTTP_SECONDS.labels(endpoint.name, str(response.status_code)).observe(time.perf_counter() - began)
    return response


async def _answer(app: "App", cursors: Cursors, endpoint: Endpoint, request: Request) -> Response:
    actor = await actor_of(app, request)
    if actor is None:
        raise Unauthenticated
    await app.limits.take(REQUESTS, f"{actor.space} {actor.subject}")
    path: dict[str, str] = request.path_params
    if not endpoint.admits(actor, path):
        raise _forbidden(endpoint)
    if any("\x00" in value for value in path.values()):
        raise Invalid("A part of the address holds the character NUL. Remove it.")
    query = convert_texts(_single(request), endpoint.query)
    body: Any = None
    raw = b""
    if endpoint.streamed:
        body = read_parts(request, endpoint.limit)
    elif endpoint.body is not None:
        raw = await read_body(request, endpoint.limit)
        if endpoint.body is bytes:
            body = raw
        elif raw or not endpoint.optional_body:
            need_json(request)
            body = decode(raw, endpoint.body)
        else:
            body = endpoint.body()
    call = Call(app, request, actor, path, body, query, raw, cursors)
    key = request.headers.get("idempotency-key")
    if endpoint.repeatable and key is not None:
        return await idempotency.once(call, key, lambda: _run(endpoint, call))
    return await _run(endpoint, call)


async def _run(endpoint: Endpoint, call: Call) -> Response:
    answer = await endpoint.handler(call)
    headers = {"Cache-Control": "no-store", "RateLimit-Policy": REQUESTS.header(), **answer.headers}
    if (revision := getattr(answer.value, "revision", None)) is not None:
        headers["ETag"] = f'"{revision}"'
    if answer.value is None:
        return Response(b"", 204 if answer.status == 200 else answer.status, headers)
    if answer.media:
        return Response(answer.value, answer.status, headers, answer.media)
    return Response(encode(answer.value), answer.status, headers, JSON)


def encode(value: Any) -> bytes:
    """A view as JSON; made ids are shown as hexadecimal digits."""
    return msgspec.json.encode(value, enc_hook=str)


def _single(request: Request) -> dict[str, str]:
    """Parameters of the query string, each given once."""
    texts: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in texts:
            raise Invalid(f"The parameter {name[:64]!r} is given twice. Give it once.", field=name[:64])
        if "\x00" in value:
            raise Invalid(f"The parameter {name[:64]!r} holds the character NUL. Remove it.", field=name[:64])
        if value != "":
            texts[name] = value
    return texts


def _forbidden(endpoint: Endpoint) -> Forbidden:
    roles = sorted({role for p in endpoint.permissions for role in PERMISSIONS[p][0]})
    scopes = sorted({scope for p in endpoint.permissions for scope in PERMISSIONS[p][1]})
    either = " and " if endpoint.together else " or "
    told = f"it needs the scope {either.join(scopes)}" + (f", or the role {' or '.join(roles)}" if roles else "")
    return Forbidden(
        f"You may not do this: {told}. Ask an administrator for it.", permission=endpoint.permissions[0], scopes=scopes, roles=roles
    )
