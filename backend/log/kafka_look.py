"""When the first records behind some marks were appended: read with a consumer of its own that marks nothing and joins no group."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import confluent_kafka as ck

from backend.log.kafka_lanes import line

SOME = 100  # messages taken at once
SLICE = 0.2  # seconds of one wait
SETTINGS = {
    "enable.auto.commit": False, "auto.offset.reset": "earliest", "fetch.min.bytes": 1, "fetch.wait.max.ms": 100,
    "max.partition.fetch.bytes": 16_384, "queued.min.messages": 1,
}  # fmt: skip  # one record of each is wanted, and a broker sends at least a batch


def first_times(config: Mapping[str, Any], starts: Sequence[Any], patience: float) -> dict[tuple[str, int], float]:
    """(topic on the wire, partition) -> seconds, of those that answered in time. Blocks: run it in a thread."""
    found: dict[tuple[str, int], float] = {}
    if not starts:
        return found
    consumer, until = ck.Consumer({**config, **SETTINGS}, logger=line), time.monotonic() + patience
    try:
        consumer.assign(list(starts))
        while len(found) < len(starts) and time.monotonic() < until:
            for message in consumer.consume(SOME, SLICE):
                place = (message.topic() or "", message.partition() or 0)
                if message.error() is None and place not in found:
                    found[place] = message.timestamp()[1] / 1000
                    consumer.pause([ck.TopicPartition(*place)])
    finally:
        consumer.close()
    return found
