"""The four subscriptions on sockets and event streams: protocol, authentication, end of a token, resume by cursor."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from backend.app.app import App
from backend.app.views import AlertIn, OrderIn
from backend.clock import HeldClock
from backend.domain.event import EventIn, To
from carillon.house import House
from tests.api.conftest import ADMIN, token_for
from tests.graphql.conftest import Socket

START = "0:0"  # everything that is kept
Open = Callable[..., Awaitable[Socket]]
WATCH = "subscription($u: ID!, $a: String) { notifications(userId: $u, after: $a) { id title cursor gap silent unreadCount readAt timestamp } }"


@pytest.fixture(autouse=True)
async def _people(people: None) -> None:
    """Mia and Noah."""


async def notify(app: App, line: House, *titles: str, user: str = "mia") -> None:
    for title in titles:
        line.clock.move(1)  # type: ignore[attr-defined]  # the tests' own clock
        await app.events.accept(ADMIN, [EventIn(type="t", category="orders", to=To(user=user), title=title, message="m", channels=["web"])])
        await line.settle()


async def watching(socket: Socket) -> None:
    """Return once everything said so far has been worked on: a ping is answered in turn."""
    await socket.say(type="ping")
    assert (await socket.hear())["type"] == "pong"


async def subscribed(app: App, count: int = 1) -> None:
    """Return once the hub knows that many streams."""
    while app.hub.streams < count:
        await asyncio.sleep(0.005)


# ---- protocol
async def test_a_notification_rings_on_the_socket(app: App, line: House, open_socket: Open):
    socket = await open_socket()
    assert await socket.init(app.tokens.member(1, "mia", 600)) == {"type": "connection_ack"}
    await socket.subscribe(WATCH, u="mia", a=START)
    await subscribed(app)
    await notify(app, line, "Shipped")
    told = await socket.hear()
    assert (told["type"], told["id"]) == ("next", "1")
    item = told["payload"]["data"]["notifications"]
    assert {name: item[name] for name in ("title", "gap", "silent", "unreadCount", "readAt")} == {"title": "Shipped", "gap": False, "silent": False, "unreadCount": 1, "readAt": None}
    await socket.say(type="complete", id="1")
    await watching(socket)
    await notify(app, line, "Unheard")
    await watching(socket)


async def test_without_a_cursor_it_starts_now(app: App, line: House, open_socket: Open):
    await notify(app, line, "before")
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 600))
    await socket.subscribe(WATCH, u="mia")
    await subscribed(app)
    heard = asyncio.create_task(socket.hear())
    while not heard.done():  # it listens before it has read where "now" is
        await notify(app, line, "after")
        await asyncio.wait([heard], timeout=0.2)
    assert heard.result()["payload"]["data"]["notifications"]["title"] == "after"


async def test_a_change_of_state_comes_again_with_a_new_cursor(app: App, line: House, open_socket: Open, query: Any):
    await notify(app, line, "Shipped")
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 600))
    page = (await query("{ notifications { edges { node { id cursor } } } }", role="member", subject="mia"))["data"]["notifications"]["edges"][0]["node"]
    await socket.subscribe(WATCH, u="mia", a=page["cursor"])
    await subscribed(app)
    await query("mutation($i: [ID!]) { markNotifications(ids: $i, read: true) { unread } }", {"i": [page["id"]]}, role="member", subject="mia")
    item = (await socket.hear())["payload"]["data"]["notifications"]
    assert (item["id"], item["unreadCount"]) == (page["id"], 0)
    assert item["readAt"]
    assert item["cursor"] != page["cursor"]


async def test_resume_by_cursor_loses_and_repeats_nothing(app: App, line: House, open_socket: Open):
    token = app.tokens.member(1, "mia", 600)
    one = await open_socket()
    await one.init(token)
    await one.subscribe(WATCH, u="mia", a=START)
    await subscribed(app)
    await notify(app, line, "1", "2")
    heard = [(await one.hear())["payload"]["data"]["notifications"] for _ in range(2)]
    await one.connection.close()
    await notify(app, line, "3", "4")
    two = await open_socket()
    await two.init(token)
    await two.subscribe(WATCH, u="mia", a=heard[-1]["cursor"])
    heard += [(await two.hear())["payload"]["data"]["notifications"] for _ in range(2)]
    await notify(app, line, "5")
    heard.append((await two.hear())["payload"]["data"]["notifications"])
    assert [item["title"] for item in heard] == ["1", "2", "3", "4", "5"]


async def test_a_cursor_of_another_epoch_tells_of_a_gap(app: App, line: House, open_socket: Open):
    await notify(app, line, "1")
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 600))
    await socket.subscribe(WATCH, u="mia", a="77:1")
    told = await socket.hear()
    assert told["payload"]["data"]["notifications"]["gap"] is True, told


async def test_chat_orders_and_alerts(app: App, clock: HeldClock, line: House, open_socket: Open):
    await app.chat.set_members(ADMIN, "support", ["mia"])
    await app.orders.put(ADMIN, "o-1", OrderIn(owner="mia", state="paid"))
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 600))
    await socket.subscribe('subscription { chatMessages(channelId: "support") { text author cursor channelId } }', "chat")
    await socket.subscribe('subscription { orderUpdates(orderId: "o-1") { orderId state detail timestamp } }', "order")
    operator = await open_socket()
    await operator.init(token_for(app, "operator"))
    await operator.subscribe("subscription { systemAlerts { title severity resolvedAt } }", "alert")
    await subscribed(app, 3)
    assert (await socket.hear())["payload"]["data"]["orderUpdates"]["state"] == "paid"  # an order begins with where it stands
    await app.chat.post(await app.tokens.verify(app.tokens.member(1, "mia", 60)), "support", "hello")
    assert (await socket.hear())["payload"]["data"]["chatMessages"]["text"] == "hello"
    clock.move(1)
    await app.orders.put(ADMIN, "o-1", OrderIn(owner="mia", state="shipped", detail="with DHL"))
    order = (await socket.hear())["payload"]["data"]["orderUpdates"]
    assert (order["state"], order["detail"]) == ("shipped", "with DHL")
    await app.alerts.raise_(ADMIN, AlertIn(title="Slow", severity="warning"))
    alert = (await operator.hear())["payload"]["data"]["systemAlerts"]
    assert (alert["title"], alert["severity"]) == ("Slow", "WARNING")


async def test_queries_and_mutations_work_on_the_socket_too(app: App, open_socket: Open):
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 600))
    await socket.subscribe("{ me { id } }", "q")
    assert await socket.hear() == {"id": "q", "type": "next", "payload": {"data": {"me": {"id": "mia"}}}}
    assert await socket.hear() == {"id": "q", "type": "complete"}


# ---- who may
@pytest.mark.parametrize("token", [None, "a.b.c", "expired"])
async def test_without_a_good_token_the_socket_closes_with_4401(app: App, clock: HeldClock, open_socket: Open, token: str | None):
    if token == "expired":
        token = app.tokens.member(1, "mia", 1)
        clock.move(2)
    socket = await open_socket()
    await socket.say(type="connection_init", payload={"authorization": f"Bearer {token}"} if token else {})
    assert (await socket.closed())[0] == 4401


async def test_to_subscribe_before_the_greeting_is_4401(open_socket: Open):
    socket = await open_socket()
    await socket.subscribe(WATCH, u="mia")
    assert (await socket.closed())[0] == 4401


async def test_the_header_serves_as_well(app: App, open_socket: Open):
    socket = await open_socket(additional_headers={"Authorization": f"Bearer {app.tokens.member(1, 'mia', 60)}"})
    assert await socket.init(None) == {"type": "connection_ack"}


async def test_when_the_token_ends_the_socket_closes_with_4403(app: App, clock: HeldClock, line: House, open_socket: Open):
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 60))
    await socket.subscribe(WATCH, u="mia")
    await subscribed(app)
    clock.move(30)
    await watching(socket)
    clock.move(31)
    assert await socket.closed() == (4403, "The token has expired")
    while app.hub.streams:
        await asyncio.sleep(0.005)


STREAMS = {
    "notifications": 'subscription { notifications(userId: "mia") { id } }',
    "chatMessages": 'subscription { chatMessages(channelId: "support") { id } }',
    "orderUpdates": 'subscription { orderUpdates(orderId: "o-1") { state } }',
    "systemAlerts": "subscription { systemAlerts { id } }",
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("space", [1, 2])
async def test_nobody_subscribes_to_what_is_not_theirs(app: App, open_socket: Open, name: str, space: int):
    await app.chat.set_members(ADMIN, "support", ["mia"])
    await app.orders.put(ADMIN, "o-1", OrderIn(owner="mia", state="paid"))
    socket = await open_socket()
    subject = "noah" if space == 1 else "mia"
    await socket.init(app.tokens.member(space, subject, 60))
    if (name, space) == ("notifications", 2):  # the other space's Mia has an inbox of her own: she hears nothing of this one
        await socket.subscribe(STREAMS[name])
        await subscribed(app)
        await app.orders.put(ADMIN, "o-1", OrderIn(owner="mia", state="shipped"))
        await watching(socket)
        return
    await socket.subscribe(STREAMS[name])
    told = await socket.hear()
    errors = told["payload"]["errors"] if told["type"] == "next" else told["payload"]
    assert errors[0]["extensions"]["code"] in ("forbidden", "not_found"), told
    assert app.hub.streams == 0


async def test_with_the_scope_a_program_reads_any_inbox(app: App, line: House, open_socket: Open):
    socket = await open_socket()
    await socket.init(token_for(app, scopes=("notifications:read:any",), subject="backend"))
    await socket.subscribe(WATCH, u="mia", a=START)
    await subscribed(app)
    await notify(app, line, "Shipped")
    assert (await socket.hear())["payload"]["data"]["notifications"]["title"] == "Shipped"


# ---- what clients should not send
@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", 4400),
        ("[]", 4400),
        ("7", 4400),
        ('{"type": "nonsense"}', 4400),
        ('{"id": "1"}', 4400),
        ('{"type": "subscribe", "id": 1, "payload": {"query": "{ me { id } }"}}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": "x"}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": 7}}', 4400),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "variables": []}}', 4400),
        ('{"type": "connection_init"}', 4429),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{"}}', 4400),
    ],
)
async def test_a_socket_that_is_misused_is_closed(app: App, open_socket: Open, message: str, code: int):
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 60))
    await socket.connection.send(message)
    assert (await socket.closed())[0] == code


async def test_an_id_twice_is_4409(app: App, open_socket: Open):
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 60))
    await socket.subscribe(WATCH, u="mia")
    await socket.subscribe(WATCH, u="mia")
    assert (await socket.closed())[0] == 4409


async def test_a_socket_holds_at_most_fifty_subscriptions(app: App, open_socket: Open):
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 60))
    for n in range(51):
        await socket.subscribe(WATCH, str(n), u="mia")
    told = await socket.hear()
    assert (told["type"], told["id"]) == ("error", "50")


async def test_validation_errors_end_the_operation_alone(app: App, open_socket: Open):
    socket = await open_socket()
    await socket.init(app.tokens.member(1, "mia", 60))
    await socket.subscribe("subscription { nothing }")
    told = await socket.hear()
    assert (told["type"], told["payload"][0]["extensions"]["code"]) == ("error", "graphql_invalid")
    await watching(socket)


async def test_a_cookie_from_another_page_opens_no_socket(open_socket: Open):
    with pytest.raises(InvalidStatus) as refused:
        await open_socket(additional_headers={"Cookie": "carillon_session=x"}, origin="https://evil.example")
    assert refused.value.response.status_code == 403


async def test_no_compression_is_offered(open_socket: Open, served: str):
    async with connect(f"ws://{served}/graphql", subprotocols=["graphql-transport-ws"], proxy=None) as one:  # type: ignore[list-item]
        assert one.protocol.extensions == []


# ---- event streams
async def events(served: str, token: str, body: dict[str, Any]) -> AsyncIterator[tuple[str, Any]]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with httpx.AsyncClient(trust_env=False) as http, http.stream("POST", f"http://{served}/graphql", json=body, headers=headers, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), await answer.aread()
        name = ""
        async for row in answer.aiter_lines():
            if row.startswith("event:"):
                name = row[6:].strip()
            elif row.startswith("data:"):
                yield name, msgspec.json.decode(row[5:].strip()) if row[5:].strip() else None


async def test_the_same_stream_as_events_with_the_same_cursor(app: App, line: House, served: str):
    token = app.tokens.member(1, "mia", 600)
    stream = events(served, token, {"query": WATCH, "variables": {"u": "mia", "a": START}})
    first = asyncio.create_task(anext(stream))
    await subscribed(app)
    await notify(app, line, "1")
    name, told = await first
    item = told["data"]["notifications"]
    assert (name, item["title"]) == ("next", "1")
    await stream.aclose()
    while app.hub.streams:
        await asyncio.sleep(0.005)
    await notify(app, line, "2")
    again = events(served, token, {"query": WATCH, "variables": {"u": "mia", "a": item["cursor"]}})
    assert (await anext(again))[1]["data"]["notifications"]["title"] == "2"
    await again.aclose()


async def test_an_event_stream_ends_with_its_token(app: App, clock: HeldClock, served: str):
    stream = events(served, app.tokens.member(1, "mia", 60), {"query": WATCH, "variables": {"u": "mia"}})
    first = asyncio.create_task(anext(stream))
    await subscribed(app)
    clock.move(61)
    name, told = await first
    assert (name, told["errors"][0]["extensions"]["code"]) == ("next", "token_expired")
    assert [name async for name, _ in stream] == ["complete"]


async def test_an_event_stream_for_somebody_else_is_refused(app: App, served: str):
    heard = [one async for one in events(served, app.tokens.member(1, "noah", 60), {"query": WATCH, "variables": {"u": "mia"}})]
    assert heard[0][1]["errors"][0]["extensions"]["code"] == "forbidden"
    assert heard[-1][0] == "complete"
