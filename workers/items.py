"""One delivery in the hands of `workers.deliver`, and what its attempts on record say about it. Pure."""

import msgspec

from backend.channels.base import Answer, Provider
from backend.domain.decision import Facts
from backend.domain.delivery import Delivery, State
from backend.log.port import Record
from backend.store import hot


class Item:
    """One record in hand."""

    __slots__ = ("answer", "delivery", "facts", "flew", "key", "provider", "record", "spent")

    def __init__(self, record: Record, delivery: Delivery) -> None:
        self.record, self.delivery = record, delivery
        self.facts: Facts | None = None
        self.key = ""  # of the provider that has or had it
        self.provider: Provider | None = None
        self.answer: Answer | None = None
        self.flew = 0.0  # when the provider got it
        self.spent = False  # of a provider's budget, or of its trials


def left_open(delivery: Delivery, place: hot.OpenAttempt) -> bool:
    """Its last attempt has no outcome, and the delivery did not go on without it."""
    stale = place.generation > delivery.generation or (place.generation == delivery.generation and place.state >= State.SENT)
    return place.open and not stale


def anew(delivery: Delivery, place: hot.OpenAttempt) -> bool:
    """It came back through decide (a hold, a replay) with attempts of earlier generations behind it."""
    return not place.open and place.generation == delivery.generation and place.state == State.PENDING


def start_of(item: Item) -> hot.Start:
    """The row that says it is about to be tried."""
    return hot.Start(item.delivery.space, item.delivery.id, item.delivery.attempt, item.provider.key if item.provider else "", item.delivery.generation)


def following_try(delivery: Delivery, attempt: int) -> Delivery:
    """The same delivery, to be tried under this number."""
    return msgspec.structs.replace(delivery, attempt=attempt)


def unknown(delivery: Delivery) -> hot.Move:
    """Nobody can say how it ended, and it may not be tried again."""
    return hot.Move(delivery.space, delivery.id, delivery.cohort, delivery.channel, delivery.generation, State.UNKNOWN, "provider_refused")


def lane_of(delivery: Delivery, lanes: int) -> int:
    """A person's lane at a provider, always the same one while this process runs. Nothing in it follows from the partition: what is read together comes
    from few of them, and would wait for few of a provider's lanes."""
    return hash((delivery.space, delivery.person)) % lanes
