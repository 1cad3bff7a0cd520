"""Which provider takes a delivery: of those of its channel whom the guard lets, and capture for those whose messages must never leave the house.

A provider that sends is never replaced by capture: what capture keeps reaches nobody.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from backend.channels.base import Answer, Provider
from backend.domain import breaker
from backend.domain.balance import PLACES
from backend.domain.delivery import CHANNEL_NAME, Delivery
from backend.domain.errors import UnknownChannel
from backend.domain.ids import bucket_of

CAPTURE = "capture-"  # how keys of capture providers begin


class Router:
    """What is for a person of the demo stays in the house whatever is configured.

    `limited`: attempts that a provider with a budget, or one that is being tried, may still take; a provider that is not in it takes any number.
    """

    def __init__(self, providers: Sequence[Provider]) -> None:
        self.providers = tuple(providers)
        self._by_key = {provider.key: provider for provider in self.providers}
        self._first: dict[str, Provider] = {}
        self._captures: dict[str, Provider] = {}
        for provider in providers:
            self._first.setdefault(provider.channel, provider)
            if provider.key.startswith(CAPTURE):
                self._captures.setdefault(provider.channel, provider)
        self._shared: dict[str, Sequence[tuple[int, Provider]]] = {}  # channels whose first provider does not take everything
        self._trying: dict[str, Sequence[Provider]] = {}
        self._down: dict[str, str] = {}  # channel -> its first provider, where none is able
        self.limited: dict[str, int] = {}
        self.tried: dict[str, tuple[float, int, float]] = {}  # provider -> (breaker's change, trials taken, since)
        self.answers: dict[str, Counter[tuple[str, str]]] = {}
        self.took: dict[str, float] = {}
        self.watchers: list[Callable[[], None]] = []
        self.leavers: list[Callable[[str], None]] = []  # told the provider that is left alone from now on

    def choose(self, delivery: Delivery, *, demo: bool = False) -> Provider:
        """The provider that takes the next attempt; `demo`: it is for a person of the demo. Raises `UnknownChannel` when there is none."""
        channel = CHANNEL_NAME[delivery.channel]
        if channel in self._shared and not demo:
            return self._share(channel, delivery)
        of = self._captures if demo else self._first
        provider = of.get(channel)
        if provider is None:
            raise UnknownChannel(f"There is no provider for the channel {channel}. Configure one.", channel=channel)
        return provider

    def _share(self, channel: str, delivery: Delivery) -> Provider:
        for provider in self._trying.get(channel, ()):  # the first few that come tell whether it is well
            if self.limited.get(provider.key, 0) > 0:
                return provider
        shares = self._shared[channel]
        place = bucket_of(delivery.space, delivery.person)
        n = next(n for n, (below, _) in enumerate(shares) if place < below)
        return shares[n][1]

    def away(self, delivery: Delivery) -> Answer | None:
        """Why nobody can take it now; asked only while a channel is down."""
        down = self._down.get(CHANNEL_NAME[delivery.channel])
        return Answer("withheld", "breaker_open", down) if down else None

    # ---- for the guard
    @property
    def down(self) -> bool:
        """Whether a channel has nobody who is able."""
        return bool(self._down)

    @property
    def channels(self) -> Sequence[str]:
        return tuple(self._first)

    def rivals(self, channel: str) -> list[Provider]:
        """The providers that may stand in for each other, in order of preference."""
        mine = [provider for provider in self.providers if provider.channel == channel]
        return [provider for provider in mine if not provider.key.startswith(CAPTURE)] or mine

    def turn(self, channel: str, shares: Sequence[tuple[int, str]], *, trying: Sequence[str] = (), down: str = "") -> None:
        """From now on: places below which a provider takes it; `trying`: those that are tried beside them; `down`: whom to name where
        nobody can."""
        self._trying[channel] = [self._by_key[key] for key in trying]
        if down:
            self._down[channel] = down
        else:
            self._down.pop(channel, None)
        if not shares or (not trying and list(shares) == [(PLACES, self._first[channel].key)]):
            self._shared.pop(channel, None)
        else:
            self._shared[channel] = [(below, self._by_key[key]) for below, key in shares]

    def heard(self, key: str, answers: Mapping[tuple[str, str], int], took: float = 0.0) -> None:
        """How a provider answered: (meaning, code) -> how often; `took`: seconds of all of them together."""
        self.answers.setdefault(key, Counter()).update(answers)
        self.took[key] = self.took.get(key, 0.0) + took

    def take_answers(self, key: str) -> tuple[int, int, Counter[str], float]:
        """Good ones, bad ones, the codes of these, and the seconds that all took together, since it was asked last."""
        found = self.answers.pop(key, Counter())
        good = sum(n for (meaning, _), n in found.items() if meaning in breaker.GOOD)
        codes: Counter[str] = Counter()
        for (meaning, code), n in found.items():
            if meaning in breaker.BAD:
                codes[code] += n
        return good, codes.total(), codes, self.took.pop(key, 0.0)

    def spend(self, key: str) -> bool:
        """Take one of what a limited provider may still take; False when nothing is left."""
        left = self.limited.get(key)
        if left is None:
            return True
        if left <= 0:
            return False
        self.limited[key] = left - 1
        if key in self.tried:
            changed, n, since = self.tried[key]
            self.tried[key] = (changed, n + 1, since)
        return True

    def give_back(self, key: str) -> None:
        """What was taken of it was not spent: a trial that nobody flew would never be answered, and be waited for."""
        if key in self.limited:
            self.limited[key] += 1
        if key in self.tried:
            changed, n, since = self.tried[key]
            self.tried[key] = (changed, max(0, n - 1), since)

    def wake(self) -> None:
        """Something may fly that could not before."""
        for watcher in self.watchers:
            watcher()

    def leave(self, key: str) -> None:
        """Call back what waits at a provider."""
        for leaver in self.leavers:
            leaver(key)

    async def start(self) -> None:
        """All providers."""
        for provider in self.providers:
            await provider.start()

    async def close(self) -> None:
        """All providers, side by side: one that hangs does not make the others wait."""
        await asyncio.gather(*(provider.close() for provider in self.providers))
