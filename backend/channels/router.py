"""Which provider takes a delivery: of those of its space and route whom the guard lets, and capture for those whose messages must never leave the
house.

A space's own providers come first, then those of the installation, then capture. A provider that sends is never replaced by capture: what
capture keeps reaches nobody.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from backend.channels import nobody
from backend.channels.base import Answer, Provider
from backend.domain import breaker
from backend.domain.balance import PLACES, WHOLE
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER, HASH, ROUTE_CHANNEL, ROUTES, Delivery, route_of
from backend.domain.errors import UnknownChannel
from backend.domain.ids import bucket_of

CAPTURE = "capture-"  # how keys of capture providers begin
HOUSE = 0  # in place of a space: providers of the installation


class Owned(msgspec.Struct, frozen=True):
    """A provider of a space. `provider` None: it is switched off, or cannot be made."""

    space: int
    route: str
    weight: int
    provider: Provider | None


class Rivals:
    """The providers of a space and route, in order: they stand in for each other. `plain` takes everything while nothing is shared; else the
    `table` has who takes a place. `trying`: who is tried beside them. `down`: whom to name where nobody is able."""

    __slots__ = ("all", "down", "plain", "route", "shares", "space", "table", "trying", "weights")

    def __init__(self, space: int, route: str, every: Sequence[Provider], weights: Sequence[int]) -> None:
        self.space, self.route, self.all, self.weights = space, route, tuple(every), tuple(weights)
        self.plain: Provider | None = self.all[0]
        self.table: Sequence[Provider] = ()
        self.shares: tuple[Sequence[tuple[int, str]], Sequence[str]] = ((), ())
        self.trying: Sequence[Provider] = ()
        self.down = ""

    @property
    def channel(self) -> str:
        return ROUTE_CHANNEL[self.route]

    def turn(self, shares: Sequence[tuple[int, str]], trying: Sequence[str], down: str) -> None:
        """From now on: places below which a provider takes it."""
        self.down = down
        if not shares or (shares, trying) == self.shares:
            return
        self.shares, by_key = (shares, trying), {provider.key: provider for provider in self.all}
        self.trying = [by_key[key] for key in trying]
        self.plain = by_key[shares[0][1]] if len(shares) == 1 and not trying else None
        self.table, low = [], 0
        for below, key in shares:
            self.table += [by_key[key]] * (below - low)
            low = below
        assert len(self.table) == PLACES

    def same(self, other: "Rivals") -> bool:
        """Whether they are the very same."""
        return self.all == other.all and self.weights == other.weights


Ways = dict[str | int, Rivals]  # by route, and by the number of the channel that is named so: most addresses need no look at their platform


def _numbered(ways: Ways) -> Ways:
    return {**ways, **{CHANNEL_NUMBER[route]: rivals for route, rivals in ways.items() if isinstance(route, str) and route in CHANNEL_NUMBER}}


class Router:
    """What is for a person of the demo, or in a space that is being tested, stays in the house whatever is configured.

    `providers`: those of the installation, with a capture of each channel. `limited`: attempts that a provider with a budget, or one that is
    being tried, may still take; a provider that is not in it takes any number. `retired`: whom nothing more is given.
    """

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._house = tuple(providers)
        self._kept: Ways = {}
        self._ways: Ways = {}  # of spaces without providers of their own
        self._lay_out()
        self._of: dict[int, Ways] = {}  # of the others
        self.providers: tuple[Provider, ...] = self._house
        self._by_key = {provider.key: provider for provider in self.providers}
        self._downs = False
        self.limited: dict[str, int] = {}
        self.tried: dict[str, tuple[float, int, float]] = {}  # provider -> (breaker's change, trials taken, since)
        self.answers: dict[str, Counter[tuple[str, str]]] = {}
        self.took: dict[str, float] = {}
        self.retired: set[Provider] = set()
        self.watchers: list[Callable[[], None]] = []
        self.leavers: list[Callable[[Provider, Answer], None]] = []  # told the provider that is left alone from now on, and why

    def _lay_out(self) -> None:
        for route in ROUTES:
            kept = [provider for provider in self._house if provider.key.startswith(CAPTURE) and provider.channel == ROUTE_CHANNEL[route]]
            sent = [provider for provider in self._house if provider.route == route and not provider.key.startswith(CAPTURE)]
            if kept:
                self._kept[route] = Rivals(HOUSE, route, kept[:1], [WHOLE])
            if sent:
                self._ways[route] = Rivals(HOUSE, route, sent, [WHOLE, *[0] * (len(sent) - 1)])
            elif kept:
                self._ways[route] = self._kept[route]
        self._kept, self._ways = _numbered(self._kept), _numbered(self._ways)

    def choose(self, delivery: Delivery, *, demo: bool = False) -> Provider:
        """The provider that takes the next attempt; `demo`: it is for a person of the demo. Raises `UnknownChannel` when there is none."""
        ways = self._kept if demo else self._of.get(delivery.space, self._ways)
        rivals = ways.get(delivery.channel if len(delivery.address) <= HASH else route_of(CHANNEL_NAME[delivery.channel], delivery.address))
        if rivals is None:
            channel = CHANNEL_NAME[delivery.channel]
            raise UnknownChannel(f"There is no provider for the channel {channel}. Configure one.", channel=channel)
        if delivery.via and not demo:
            return self._asked_for(delivery.via, rivals)
        return rivals.plain or self._share(rivals, delivery)

    def _share(self, rivals: Rivals, delivery: Delivery) -> Provider:
        for provider in rivals.trying:  # the first few that come tell whether it is well
            if self.limited.get(provider.key, 0) > 0:
                return provider
        return rivals.table[bucket_of(delivery.space, delivery.person)]

    def _asked_for(self, key: str, rivals: Rivals) -> Provider:
        """A test of one provider goes to that very one, unless everything of the space stays in the house; of one that is gone, to nobody."""
        if rivals.all[0].key.startswith(CAPTURE):
            return rivals.all[0]
        return next((one for one in self.providers if one.key == key), nobody.missing(rivals.channel, rivals.route))

    def away(self, delivery: Delivery) -> Answer | None:
        """Why nobody can take it now; asked only while some are down."""
        rivals = self._of.get(delivery.space, self._ways).get(route_of(CHANNEL_NAME[delivery.channel], delivery.address))
        return Answer("withheld", "breaker_open", rivals.down) if rivals is not None and rivals.down and not delivery.via else None

    # ---- for the roster
    def become(self, owned: Sequence[Owned], tested: Collection[int] = ()) -> None:
        """From now on spaces have these providers, in order, and everything of the spaces in `tested` stays in the house."""
        before = {(rivals.space, rivals.route): rivals for rivals in self.groups()}
        of: dict[int, Ways] = {}
        for space in {one.space for one in owned} | set(tested):
            ways = dict(self._ways)
            claimed = {ROUTE_CHANNEL[one.route] for one in owned if one.space == space}
            for route in ROUTES:
                mine = [one for one in owned if one.space == space and one.route == route]
                if made := self._own(space, route, mine, claimed):
                    old = before.get((space, route))
                    ways[route] = old if old is not None and old.same(made) else made
            of[space] = self._kept if space in tested else _numbered(ways)
        self.providers = (*(one.provider for one in owned if one.provider is not None), *self._house)
        self._of, self._by_key = of, {provider.key: provider for provider in self.providers}
        for key in self.limited.keys() - self._by_key.keys():
            del self.limited[key]
        self._downs = any(rivals.down for rivals in self.groups())

    def _own(self, space: int, route: str, mine: Sequence[Owned], claimed: Collection[str]) -> Rivals | None:
        """Who stands for a route of a space; None: those of the installation."""
        able = [(one.provider, one.weight) for one in mine if one.provider is not None]
        if able:
            return Rivals(space, route, [provider for provider, _ in able], [weight for _, weight in able])
        channel, house = ROUTE_CHANNEL[route], self._ways.get(route)
        if mine:
            return Rivals(space, route, [nobody.off(channel, route)], [WHOLE])
        sends = house is not None and not house.all[0].key.startswith(CAPTURE)
        return Rivals(space, route, [nobody.missing(channel, route)], [WHOLE]) if channel in claimed and not sends else None

    # ---- for the guard
    @property
    def down(self) -> bool:
        """Whether there is a route that has nobody who is able."""
        return self._downs

    def groups(self) -> list[Rivals]:
        """All that stand in for each other, those of the installation first."""
        found = {id(rivals): rivals for ways in (self._ways, *self._of.values()) for rivals in ways.values()}
        return list(found.values())

    def turn(self, rivals: Rivals, shares: Sequence[tuple[int, str]], *, trying: Sequence[str] = (), down: str = "") -> None:
        """From now on: places below which a provider takes it; `trying`: those that are tried beside them; `down`: whom to name where
        nobody can."""
        rivals.turn(shares, trying, down)
        self._downs = any(one.down for one in self.groups()) if down or self._downs else False

    def heard(self, key: str, answers: Mapping[tuple[str, str], int], took: float = 0.0) -> None:
        """How a provider answered: (meaning, code) -> how often; `took`: seconds of all of them together."""
        if key in self._by_key:
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

    def leave(self, provider: Provider, answer: Answer) -> None:
        """Call back what waits at a provider."""
        for leaver in self.leavers:
            leaver(provider, answer)

    async def start(self) -> None:
        """All providers."""
        for provider in self.providers:
            await provider.start()

    async def close(self, patience: float | None = None) -> None:
        """All providers, side by side: one that hangs does not make the others wait. See `Provider.close`."""
        await asyncio.gather(*(provider.close(patience) for provider in self.providers))
