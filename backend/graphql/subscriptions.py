"""The four subscriptions: each a stream of the facade, turned into the schema's types, ended when the token does."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

import strawberry

from backend import telemetry
from backend.clock import Clock
from backend.domain.errors import TokenExpired
from backend.graphql.context import Asked, subject
from backend.graphql.types import ChatMessage, Notification, OrderStatus, SystemAlert

T = TypeVar("T")
V = TypeVar("V")


@strawberry.type
class Subscription:
    """What can be watched."""

    @strawberry.subscription
    async def notifications(
        self, info: Asked, user_id: strawberry.ID, after: str | None = strawberry.UNSET
    ) -> AsyncGenerator[Notification | None, None]:
        """Changes of an inbox: from now on, or since `after`. A notification comes again when its state changes."""
        actor, user = subject(info, user_id)
        async for one in _told(info, "notifications", info.context.app.inbox.stream(actor, user, after or None), Notification.of):
            yield one

    @strawberry.subscription
    async def system_alerts(self, info: Asked) -> AsyncGenerator[SystemAlert | None, None]:
        """Alerts as they are raised and resolved."""
        async for one in _told(info, "systemAlerts", info.context.app.alerts.stream(info.context.who()), SystemAlert.of):
            yield one

    @strawberry.subscription
    async def chat_messages(
        self, info: Asked, channel_id: strawberry.ID, after: str | None = strawberry.UNSET
    ) -> AsyncGenerator[ChatMessage | None, None]:
        """Messages of a chat channel its members see: from now on, or since `after`."""
        stream = info.context.app.chat.stream(info.context.who(), str(channel_id), after or None)
        async for one in _told(info, "chatMessages", stream, ChatMessage.of):
            yield one

    @strawberry.subscription
    async def order_updates(self, info: Asked, order_id: strawberry.ID) -> AsyncGenerator[OrderStatus | None, None]:
        """States of an order, for its owner."""
        async for one in _told(info, "orderUpdates", info.context.app.orders.stream(info.context.who(), str(order_id)), OrderStatus.of):
            yield one


async def _told(info: Asked, name: str, stream: AsyncIterator[V], of: Callable[[V], T]) -> AsyncGenerator[T, None]:
    """The stream's items as `T`. Over SSE it ends with `TokenExpired` when the token does; a socket is closed as a whole."""
    sent = telemetry.LIVE_SENT.labels(name)
    context = info.context
    source = _until(stream, context.who().expires, context.app.clock) if context.transport == "sse" else stream
    try:
        async for item in source:
            sent.inc()
            yield of(item)
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


async def _until(stream: AsyncIterator[V], expires: float, clock: Clock) -> AsyncGenerator[V, None]:
    """The stream until `expires` (seconds; 0 never), whether or not it has something to say. One task owns it from first to last."""
    handed: asyncio.Queue[V | Exception | None] = asyncio.Queue(1)

    async def pump() -> None:
        try:
            async for item in stream:
                await handed.put(item)
        except Exception as error:  # noqa: BLE001  (raised again by the reader)
            await handed.put(error)
        else:
            await handed.put(None)

    async def end() -> None:
        await clock.sleep(max(0.0, expires - clock.now()))
        await handed.put(TokenExpired())

    running = [asyncio.create_task(pump()), *([asyncio.create_task(end())] if expires else [])]
    try:
        while (item := await handed.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        for task in running:
            task.cancel()
