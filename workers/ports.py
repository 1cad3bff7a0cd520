"""What stages need of the rest of the house, and no more."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from backend.channels.base import Answer, Outgoing, Provider
from backend.domain.decision import Facts
from backend.domain.delivery import Delivery


class FactsOf(Protocol):
    """What the recheck may look at, for each delivery, as fresh as the cache."""

    async def of_deliveries(self, deliveries: Sequence[Delivery], now: float) -> Sequence[Facts]: ...

    async def forget(self, persons: Sequence[tuple[int, int]]) -> None:
        """The facts of these (space, person) changed: read them anew."""
        ...


class Router(Protocol):
    """Which provider takes what."""

    def choose(self, delivery: Delivery, *, demo: bool = False) -> Provider:
        """The provider that takes the next attempt of this delivery; of a person of the demo, one that keeps it here."""
        ...

    @property
    def down(self) -> bool:
        """Whether there is a channel that nobody can take anything of."""
        ...

    def away(self, delivery: Delivery) -> Answer | None:
        """Why nobody can take this one now; asked only while something is down."""
        ...

    @property
    def limited(self) -> Mapping[str, int]:
        """Providers that take only so many now; empty as a rule."""
        ...

    def spend(self, key: str) -> bool:
        """Take one of these; False when nothing is left."""
        ...

    async def close(self, patience: float | None = None) -> None:
        """Answer what every provider has, and close them: see `Provider.close`."""
        ...

    def give_back(self, key: str) -> None:
        """One that was taken was not used."""
        ...

    def heard(self, key: str, answers: Mapping[tuple[str, str], int], took: float = 0.0) -> None:
        """How a provider answered: (meaning, code) -> how often; `took`: seconds of all of them together."""
        ...

    @property
    def retired(self) -> Collection[Provider]:
        """Providers that nothing more is given; empty as a rule."""
        ...

    @property
    def watchers(self) -> list[Callable[[], None]]:
        """Called when something may fly that could not before."""
        ...

    @property
    def leavers(self) -> list[Callable[[Provider, Answer], None]]:
        """Told which provider is left alone from now on, and why."""
        ...


class Renderer(Protocol):
    """From a delivery to what its provider is given."""

    async def prepare(self, deliveries: Sequence[Delivery]) -> None:
        """Load the template versions these need."""
        ...

    def outgoing(self, delivery: Delivery, facts: Facts, *, leaves: bool = False) -> Outgoing:
        """Pure but for unsealing. `leaves`: it is not captured. Raises a `Refusal` that names what is missing."""
        ...
