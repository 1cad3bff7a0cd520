"""/v1/chat, /v1/orders, /v1/alerts: what feeds the live subscriptions besides the inbox; and /v1/client, where the stream is."""

import msgspec

from backend.api.endpoint import Answer, Call, Endpoint
from backend.app.views import AlertIn, AlertView, ChatMessageIn, ChatMessageView, MembersIn, OrderIn, OrderView


class ClientView(msgspec.Struct):
    """Where a browser finds the stream: WebSocket (graphql-transport-ws), HTTP (graphql-sse), and the poll to fall back to. `push_key`: what it
    subscribes to Web Push with (`applicationServerKey`), "" while there is no provider; `push_worker`: the service worker."""

    graphql: str
    socket: str
    notifications: str
    version: str
    push_key: str
    push_worker: str


class MembersView(msgspec.Struct):
    """How many members the channel has now."""

    members: int


async def set_members(call: Call) -> Answer:
    """Who belongs to a chat channel."""
    return Answer(MembersView(await call.app.chat.set_members(call.actor, call.path["channel"], call.body.members)))


async def post(call: Call) -> Answer:
    """Say something; members who are not connected are notified under category chat."""
    return Answer(await call.app.chat.post(call.actor, call.path["channel"], call.body.text), 201)


async def put_order(call: Call) -> Answer:
    """An order's new state."""
    return Answer(await call.app.orders.put(call.actor, call.key, call.body))


async def alert(call: Call) -> Answer:
    """Raise or resolve a system alert."""
    return Answer(await call.app.alerts.raise_(call.actor, call.body), 201)


async def client(call: Call) -> Answer:
    """Addresses for the customer's own pages."""
    base = call.app.settings.base_url
    socket = "ws" + base.removeprefix("http") + "/graphql"
    key, worker = await call.app.browsers.key(call.actor), f"{base}/notify-sw.js"
    return Answer(ClientView(f"{base}/graphql", socket, f"{base}/v1/users/{{id}}/notifications", "1", key, worker))


ENDPOINTS = [
    Endpoint(
        "PUT",
        "/v1/chat/{channel}/members",
        "setChatMembers",
        "Who belongs to a chat channel",
        set_members,
        ("people.write",),
        body=MembersIn,
        answer=MembersView,
    ),
    Endpoint(
        "POST",
        "/v1/chat/{channel}/messages",
        "postChatMessage",
        "Say something in a chat channel",
        post,
        ("chat.write",),
        body=ChatMessageIn,
        answer=ChatMessageView,
        status=201,
        repeatable=True,
    ),
    Endpoint("PUT", "/v1/orders/{id}", "putOrder", "An order's new state", put_order, ("events.send",), body=OrderIn, answer=OrderView),
    Endpoint(
        "POST",
        "/v1/alerts",
        "raiseAlert",
        "Raise or resolve a system alert",
        alert,
        ("operate",),
        body=AlertIn,
        answer=AlertView,
        status=201,
        repeatable=True,
    ),
    Endpoint("GET", "/v1/client", "getClient", "Where the stream is, for browsers", client, answer=ClientView),
]
