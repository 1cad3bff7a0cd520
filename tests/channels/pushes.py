"""Push attempts for the tests of its providers."""

import asyncio

from backend.channels.base import Answer, Outgoing, Provider
from backend.domain.space import Sender
from backend.domain.template import Action, PushMessage

NOON = 1_795_608_000.0
TOKEN = "dQw4w9WgXcQ:APA91bH" + "x" * 120
APPLE = "apns:" + "ab" * 32
FULL = PushMessage(
    "Your order ships", "Two parcels arrive on Friday: “Nordlicht” and ☎", image="https://img.example.com/a.png", link="shop://orders/778812",
    actions=(Action("track", "Track it", "https://example.com/t/1"), Action("later", "Later")),
)  # fmt: skip
PLAIN = PushMessage("Hello", "World")


def outgoing(n: int = 1, address: str = TOKEN, message=PLAIN, **more) -> Outgoing:
    given = {"priority": "normal", "category": "orders", **more}
    return Outgoing(n.to_bytes(16, "big"), 1, n, "push", 1, address, message, Sender(), **given)


async def answers(provider: Provider, *attempts: Outgoing) -> list[Answer]:
    """In the order of the attempts; each is answered exactly once."""
    loop = asyncio.get_running_loop()
    waits = [loop.create_future() for _ in attempts]
    for attempt, wait in zip(attempts, waits, strict=True):
        provider.post(0, attempt, wait.set_result)
    async with asyncio.timeout(30):
        return list(await asyncio.gather(*waits))
