"""/graphql: HTTP, graphql-transport-ws and graphql-sse. Strawberry's ASGI view, with our authentication, limits and errors.

A socket authenticates with `connection_init` ({"authorization": "Bearer ..."}) or the header; it closes with 4401 without a good
token and with 4403 when its token ends. A session's cookie counts only on our own pages.
"""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ConnectionInitMessage, Message
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from backend import telemetry
from backend.api.auth import actor_of, actor_of_token, bearer, network_address
from backend.api.problems import headers_of, problem
from backend.api.reading import need_json, read_body
from backend.domain.errors import MethodWrong, Refusal, TooManyRequests, Unauthenticated
from backend.graphql.context import Context
from backend.graphql.schema import explain, schema
from backend.security.limits import REQUESTS, STREAMS
from backend.security.roles import Actor

if TYPE_CHECKING:
    from backend.app.app import App

GRAPHQL_JSON = "application/graphql-response+json"
INIT_WAIT = timedelta(seconds=10)
SUBSCRIPTIONS = 50  # of one socket
UNAUTHENTICATED, ENDED, TOO_MANY = 4401, 4403, 4429


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """graphql-transport-ws with our authentication; closes when the token ends."""

    _ending: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        gauge = telemetry.SOCKETS.labels("socket")
        gauge.inc()
        try:
            await super().handle()
        finally:
            gauge.dec()

    async def handle_message(self, message: Message) -> None:
        said: Any = message  # anything that is JSON
        if not isinstance(said, dict) or not isinstance(said.get("type"), str):
            await self.handle_invalid_message("A message is a JSON object with a type")
            return
        if said["type"] in ("subscribe", "complete") and not isinstance(said.get("id"), str):
            await self.handle_invalid_message("The id of an operation is a text")
            return
        if said["type"] == "subscribe" and not _is_operation(said.get("payload")):
            await self.handle_invalid_message("The payload of subscribe is an object with a query")
            return
        await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        if not self.connection_init_received:
            try:
                self.context.actor = await self._actor(message.get("payload"))
            except TooManyRequests:
                await self.websocket.close(TOO_MANY, "Too many requests")
                return
            except Unauthenticated as refusal:
                telemetry.SOCKETS_CLOSED.labels(refusal.code()).inc()
                await self.websocket.close(UNAUTHENTICATED, refusal.detail[:120])
                return
        await super().handle_connection_init(message)
        if self.connection_acknowledged and self._ending is None and self.context.who().expires:
            self._ending = asyncio.create_task(self._end(self.context.who().expires))

    async def shutdown(self) -> None:
        if self._ending:
            self._ending.cancel()
        await super().shutdown()

    async def _actor(self, payload: Any) -> Actor:
        given = payload.get("authorization", payload.get("Authorization")) if isinstance(payload, dict) else None
        if isinstance(given, str):
            return await actor_of_token(self.context.app, bearer(given) or given, self.context.address, "graphql")
        if self.context.actor is None:
            raise Unauthenticated
        return self.context.actor

    async def _end(self, expires: float) -> None:
        clock = self.context.app.clock
        await clock.sleep(max(0.0, expires - clock.now()))
        telemetry.SOCKETS_CLOSED.labels("token_expired").inc()
        for operation in list(self.operations):
            await self.cleanup_operation(operation)
        await self.websocket.close(ENDED, "The token has expired")


class Entrance(GraphQL[Context, None]):
    """The ASGI application behind both routes."""

    graphql_transport_ws_handler_class = Socket

    def __init__(self, app: "App") -> None:
        super().__init__(
            schema,
            graphql_ide=None,  # the stock ones load their scripts from other hosts
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
            connection_init_wait_timeout=INIT_WAIT,
            max_subscriptions_per_connection=SUBSCRIPTIONS,
        )
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            await self._admit(request)
        except Refusal as refusal:
            await _refused(refusal)(scope, receive, send)
            return
        try:
            response = await self.run(request)
        except HTTPException as error:
            response = _told(error.reason, {"code": "graphql_invalid", "status": error.status_code}, error.status_code)
        gauge = telemetry.SOCKETS.labels("sse")
        streams = isinstance(response, StreamingResponse)
        gauge.inc(streams)
        try:
            await response(scope, receive, send)
        finally:
            gauge.dec(streams)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        context: Context = request.scope["carillon.context"]
        return context

    def encode_json(self, data: object) -> str | bytes:
        return msgspec.json.encode(data, enc_hook=str).decode()  # bytes would leave as binary frames, which clients do not read

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        return True  # a token is sent by the page that has it, whoever's it is; a cookie from elsewhere was refused before

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        for error in result.errors or ():
            explain(error)
        response = await super().process_result(request, result)
        if isinstance(result, PreExecutionError):
            response.pop("data", None)  # nothing was executed (GraphQL over HTTP, 6.4)
        return response

    def create_response(self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response) -> Response:
        response = super().create_response(response_data, sub_response)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _admit(self, request: Request) -> None:
        """Who asks, how often, and the body; what Strawberry reads later is what was bounded here."""
        if request.method not in ("POST", "GET"):
            raise MethodWrong(allowed=["POST"])
        actor = await actor_of(self._app, request, "graphql")
        if actor is None:
            raise Unauthenticated
        await self._app.limits.take(REQUESTS, f"{actor.space} {actor.subject}")
        if request.method == "POST":
            need_json(request)
            request._body = await read_body(request)  # noqa: SLF001  (where Starlette keeps a body that was read)
        transport = "sse" if "text/event-stream" in request.headers.get("accept", "") else "http"
        request.scope["carillon.context"] = Context(self._app, network_address(request), transport, actor)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        address = network_address(socket)
        try:
            await self._app.limits.take(STREAMS, address)
            actor = await actor_of(self._app, socket, "graphql", socket=True)
        except Unauthenticated:
            actor = None  # told with 4401 once the socket can be spoken to
        except Refusal:
            await socket.close(1008)  # before it was accepted: the handshake is answered with 403
            return
        scope["carillon.context"] = Context(self._app, address, "socket", actor)
        await super().__call__(scope, receive, send)


def routes(app: "App") -> list[BaseRoute]:
    """/graphql for requests and for sockets."""
    entrance = Entrance(app)
    return [Route("/graphql", entrance), WebSocketRoute("/graphql", entrance)]


def _is_operation(payload: Any) -> bool:
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
        return False
    return isinstance(payload.get("variables"), dict | None) and isinstance(payload.get("operationName"), str | None)


def _refused(refusal: Refusal) -> Response:
    """A refusal before GraphQL begins, in GraphQL's shape."""
    shown = {name: value for name, value in problem(refusal).items() if name not in ("type", "title", "detail")}
    return _told(refusal.detail, shown, refusal.status, headers_of(refusal))


def _told(message: str, extensions: dict[str, Any], status: int, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode({"errors": [{"message": message, "extensions": extensions}]}, enc_hook=str)
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")
