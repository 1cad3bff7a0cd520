"""Which provider takes a delivery: the first of its channel, and capture for those whose messages must never leave the house."""

import asyncio
from collections.abc import Sequence

from backend.channels.base import Provider
from backend.domain.delivery import CHANNEL_NAME, Delivery
from backend.domain.errors import UnknownChannel

CAPTURE = "capture-"  # how keys of capture providers begin


class Router:
    """What is for a person of the demo stays in the house whatever is configured."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self.providers = tuple(providers)
        self._first: dict[str, Provider] = {}
        self._captures: dict[str, Provider] = {}
        for provider in providers:
            self._first.setdefault(provider.channel, provider)
            if provider.key.startswith(CAPTURE):
                self._captures.setdefault(provider.channel, provider)

    def choose(self, delivery: Delivery, *, demo: bool = False) -> Provider:
        """The provider that takes the next attempt; `demo`: it is for a person of the demo. Raises `UnknownChannel` when there is none."""
        channel = CHANNEL_NAME[delivery.channel]
        of = self._captures if demo else self._first
        provider = of.get(channel)
        if provider is None:
            raise UnknownChannel(f"There is no provider for the channel {channel}. Configure one.", channel=channel)
        return provider

    async def start(self) -> None:
        """All providers."""
        for provider in self.providers:
            await provider.start()

    async def close(self) -> None:
        """All providers, side by side: one that hangs does not make the others wait."""
        await asyncio.gather(*(provider.close() for provider in self.providers))
