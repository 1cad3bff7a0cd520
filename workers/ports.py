"""What stages need of the rest of the house, and no more."""

from collections.abc import Sequence
from typing import Protocol

from backend.channels.base import Outgoing, Provider
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


class Renderer(Protocol):
    """From a delivery to what its provider is given."""

    async def prepare(self, deliveries: Sequence[Delivery]) -> None:
        """Load the template versions these need."""
        ...

    def outgoing(self, delivery: Delivery, facts: Facts) -> Outgoing:
        """Pure but for unsealing. Raises a `Refusal` that names what is missing."""
        ...
