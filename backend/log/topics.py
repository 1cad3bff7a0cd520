"""Every topic there is, with its partitions, retention and replication, and the bounds of one record.

Both engines create exactly what `TOPICS` declares and refuse records for anything else, so a misspelt topic fails at its
first append on a laptop and not at its first append in production.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from backend.domain.errors import TooLarge
from backend.domain.ids import bucket_of
from backend.log.port import Record

PRIORITIES = ("critical", "high", "normal", "low")  # in the order in which a stage looks at them
CHANNELS = ("push", "web", "email", "sms")
PARTITIONS = 8
RETENTION = 72 * 3600.0  # seconds
REPLICATION = 3  # copies, where there are that many brokers
RECORD_LIMIT = 900_000  # bytes of key, value and headers; Kafka's own default limit for a batch is 1,048,588


class Topic(msgspec.Struct, frozen=True):
    """The declaration of one topic. `retention` is in seconds, `replication` the copies wanted."""

    name: str
    partitions: int = PARTITIONS
    retention: float = RETENTION
    replication: int = REPLICATION

    def copies(self, brokers: int) -> int:
        """Copies that so many brokers can hold."""
        return max(1, min(self.replication, brokers))


def events(priority: str) -> str:
    """Events for one person."""
    return f"events.{priority}"


def fanouts(priority: str) -> str:
    """Events for many, before they are resolved to people."""
    return f"fanouts.{priority}"


def deliveries(channel: str, priority: str) -> str:
    """What a channel is to send."""
    return f"deliveries.{channel}.{priority}"


def partition_of(space: int, person: int) -> int:
    """The partition of a person, the same in every topic of people."""
    return bucket_of(space, person) % PARTITIONS


def spread_of(made: bytes) -> int:
    """The partition of what belongs to no person: a fan-out, an alert, a message of a chat."""
    return int.from_bytes(made[-2:], "big") % PARTITIONS


RECEIPTS = "receipts"  # what providers report
LIVE = "live"  # changes for open screens
DEAD = "dead"  # ids and reasons of what cannot be handled

TOPICS: tuple[Topic, ...] = (
    *(Topic(events(priority)) for priority in PRIORITIES),
    *(Topic(fanouts(priority)) for priority in PRIORITIES),
    *(Topic(deliveries(channel, priority)) for channel in CHANNELS for priority in PRIORITIES),
    Topic(RECEIPTS),
    Topic(LIVE),
    Topic(DEAD),
)


class Declared(Mapping[str, Topic]):
    """Topics by name, and the check that every engine makes before it appends or reads."""

    def __init__(self, topics: Iterable[Topic]) -> None:
        self._topics = {topic.name: topic for topic in topics}

    def __getitem__(self, name: str) -> Topic:
        try:
            return self._topics[name]
        except KeyError:
            raise ValueError(f"Topic {name!r} is not declared. Add it to backend/log/topics.py.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._topics)

    def __len__(self) -> int:
        return len(self._topics)

    def check(self, records: Sequence[Record]) -> None:
        """Raise `ValueError` for an undeclared topic or partition, `TooLarge` for a record above `RECORD_LIMIT`."""
        for record in records:
            if not 0 <= record.partition < self[record.topic].partitions:
                raise ValueError(f"Topic {record.topic!r} has no partition {record.partition}.")
            size = len(record.key) + len(record.value)
            if record.headers:
                size += sum(len(name) + len(text) for name, text in record.headers.items())
            if size > RECORD_LIMIT:
                raise TooLarge(f"A record of {size} bytes is above the log's limit of {RECORD_LIMIT}. Send less data in one event.")
