"""Following Kafka's topics from their ends, without group or mark: what live screens show."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import confluent_kafka as ck

from backend.log.kafka_lanes import line, record_of
from backend.log.port import Record

SLICE = 0.2  # seconds of one poll; bounds how long closing takes


class KafkaTail:
    """One consumer at fixed positions, without group; its thread crosses to the loop once per batch."""

    BATCH = 500
    AHEAD = 20  # batches in memory; beyond that the rest waits on the broker

    def __init__(
        self, config: Mapping[str, Any], starts: Sequence[Any], names: Mapping[str, str], closed: Callable[["KafkaTail"], None]
    ) -> None:
        self._config = {**config, "enable.auto.commit": False, "auto.offset.reset": "latest", "fetch.queue.backoff.ms": 10}
        self._starts, self._names, self._on_close = list(starts), dict(names), closed
        self._loop = asyncio.get_running_loop()
        self._batches: asyncio.Queue[list[Record] | None] = asyncio.Queue()
        self._room = threading.Semaphore(self.AHEAD)
        self._stop = threading.Event()
        self._gone = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._follow()
        except Exception:  # noqa: BLE001 - a thread has nobody to raise to
            line.exception("the tail ends early")
        finally:  # or whoever closes us would wait for good
            self._cross(self._batches.put_nowait, None)
            self._cross(self._gone.set)

    def _follow(self) -> None:
        consumer = ck.Consumer(self._config, logger=line)
        consumer.assign(self._starts)
        while not self._stop.is_set():
            first = consumer.poll(SLICE)
            if first is None:
                continue
            messages = [first, *consumer.consume(self.BATCH - 1, 0)]
            records = [record_of(message, self._names[message.topic() or ""]) for message in messages if message.error() is None]
            while records and not self._room.acquire(timeout=SLICE):
                if self._stop.is_set():
                    break
            if records and not self._stop.is_set():
                self._cross(self._batches.put_nowait, records)
        consumer.close()

    def _cross(self, fn: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(fn, *args)
        except RuntimeError:  # the loop has ended before us
            line.debug("the tail ends after its loop")

    def __aiter__(self) -> AsyncIterator[Sequence[Record]]:
        return self

    async def __anext__(self) -> Sequence[Record]:
        records = await self._batches.get()
        if records is None:
            self._batches.put_nowait(None)  # for the next who asks
            raise StopAsyncIteration
        self._room.release()
        return records

    async def close(self) -> None:
        self._stop.set()
        await self._gone.wait()
        self._on_close(self)
