"""What a reader of Kafka makes of records and marks, without a broker."""

import asyncio
import gc

import pytest

from backend.domain.errors import LogUnavailable
from backend.log.kafka_lanes import KafkaReader, record_of
from tests.contracts.log_contract import LOW


def test_a_header_of_somebody_else_costs_no_record() -> None:
    class Strange:
        """What librdkafka hands over of a record that a mirror or a tool made."""

        headers = staticmethod(lambda: [("a", b"\xff"), ("b", None), ("traceparent", b"00-1")])
        timestamp = staticmethod(lambda: (1, 2_000))
        key = value = staticmethod(lambda: b"x")
        partition = offset = staticmethod(lambda: 3)

    assert record_of(Strange(), LOW).headers == {"a": "\ufffd", "b": "", "traceparent": "00-1"}


async def test_marks_that_are_refused_after_nobody_waits_any_longer_are_no_error_of_the_loop() -> None:
    """Each that is late or refused beside another was an ERROR with its traceback in the log, on top of the warning that says it."""

    class Lane:
        def __init__(self) -> None:
            self.marked = asyncio.get_running_loop().create_future()

        def post(self, order: object) -> "asyncio.Future[None]":
            return self.marked

    reader = KafkaReader({}, {}, 0.05, lambda reader: None)
    lanes = {name: Lane() for name in ("a", "b", "late")}
    reader._lanes = lanes  # type: ignore[assignment]
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: said.append(context))
    for name in ("a", "b"):
        lanes[name].marked.set_exception(LogUnavailable(f"refused {name}"))
    with pytest.raises(LogUnavailable, match="refused"):
        await reader.mark({(name, 0): 1 for name in lanes})
    lanes["late"].marked.set_exception(LogUnavailable("refused late"))
    reader._lanes = {}
    lanes.clear()
    await asyncio.sleep(0)
    gc.collect()
    await asyncio.sleep(0)
    assert said == []
