"""Reading from Kafka: one consumer per topic (a lane), each owned by one thread that polls, commits and takes rebalances.

One consumer on several topics would hold a critical record behind everything it fetched before (its queue is one line);
a consumer per lane lets `read(topics=...)` look at the critical one first. A lane's thread crosses to the loop once per batch.
It polls while somebody reads; when nobody does it holds its partitions still and asks once per second for rebalances.
"""

import asyncio
import collections
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import confluent_kafka as ck

from backend.domain.errors import LogUnavailable
from backend.log.port import Position, Record

SLICE = 0.05  # seconds of one poll; how long an order can wait behind an empty one
QUIET = 0.2  # the same in a lane that has brought nothing for a while: two dozen of them would else poll 500 times a second at rest
BEAT = 1.0  # seconds between polls of an idle lane, so that it hears of rebalances
BUFFER = 8_192  # KB that librdkafka fetches ahead for one lane
# bytes of one partition in one fetch: with the default megabyte partitions are read one after the other, and the next stage by one process at a time
FETCH = 65_536


class _Seldom(logging.Filter):
    """A client repeats that a broker refuses connections several times a second: one such line in half a minute is enough."""

    def __init__(self, seconds: float = 30.0) -> None:
        super().__init__()
        self._seconds, self._last = seconds, dict[str, float]()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if not text.startswith("FAIL"):
            return True
        reason = text.rpartition("]: ")[2].partition(" (after")[0]
        now = time.monotonic()
        if now < self._last.get(reason, -self._seconds) + self._seconds:
            return False
        if len(self._last) > 100:
            self._last.clear()
        self._last[reason] = now
        return True


line = logging.getLogger("carillon.log.kafka")  # librdkafka's own lines and ours
line.addFilter(_Seldom())

# what a commit answers when the partition has another owner by now: its records come to that owner again
GONE = {
    ck.KafkaError.UNKNOWN_MEMBER_ID,
    ck.KafkaError.ILLEGAL_GENERATION,
    ck.KafkaError.FENCED_MEMBER_EPOCH,
    ck.KafkaError.STALE_MEMBER_EPOCH,
    ck.KafkaError.REBALANCE_IN_PROGRESS,
    ck.KafkaError._ASSIGNMENT_LOST,
    ck.KafkaError._NO_OFFSET,
}


def record_of(message: Any, topic: str) -> Record:
    """A record as the caller named its topic."""
    # whatever mirrors or tools put there: one header must not cost the batch it came with
    headers = {name: text.decode(errors="replace") if isinstance(text, bytes) else str(text or "") for name, text in message.headers() or ()}
    at = message.timestamp()[1] / 1000
    return Record(topic, message.partition(), message.key() or b"", message.value() or b"", headers, message.offset(), at)


def marks_of(consumer: ck.Consumer, wire: str, partitions: Sequence[int], patience: float) -> dict[int, int]:
    """What the consumer's group has marked of a topic, by partition. Raises KafkaException.

    Not by `AdminClient.list_consumer_group_offsets`: librdkafka up to 2.16 at least ends the whole process when the connection to the
    group's coordinator is lost in the middle of that (confluentinc/librdkafka issue 4605).
    """
    found = consumer.committed([ck.TopicPartition(wire, partition) for partition in partitions], timeout=patience)
    for refused in (at.error for at in found if at.error):
        if refused.code() != ck.KafkaError.GROUP_ID_NOT_FOUND:  # a group that has never marked anything
            raise ck.KafkaException(refused)
    return {at.partition: at.offset for at in found if at.offset >= 0}


class _Lane:
    """One consumer and its thread. Everything that touches the consumer runs in that thread; `post` hands it over."""

    def __init__(self, config: Mapping[str, Any], topic: str, wire: str, lose: Callable[[set[Position]], None]) -> None:
        self.topic, self.group, self._wire, self._config, self._lose = topic, str(config["group.id"]), wire, dict(config), lose
        self._loop = asyncio.get_running_loop()
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._owned: set[int] = set()
        self._marked: dict[int, int] = {}  # of what is owned: what the group has marked; nobody else marks it meanwhile
        self._ahead: collections.deque[Record] = collections.deque()  # met by a beat, not handed over yet
        self._resting = False  # nobody reads: fetching is held, so that a backlog does not pile up here
        self._came = False  # a partition was assigned: it may stand held from before, or not held while we rest
        self._slice = SLICE
        self._asking = threading.Lock()  # a consumer must not be closed under whoever asks it for marks
        self._left = False
        self._consumer = self._open()
        self.fetching: asyncio.Future[list[Record]] | None = None  # of the loop
        self.ready: collections.deque[Record] = collections.deque()  # of the loop
        self.gone = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"lane {topic}", daemon=True)
        self._thread.start()

    # -- on the loop

    def post(self, order: Callable[[], Any]) -> "asyncio.Future[Any]":
        """Run `order` in the lane's thread."""
        future: asyncio.Future[Any] = self._loop.create_future()

        def carry() -> None:
            try:
                answer = order()
            except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits the future
                self._cross(_settle, future, None, error)
            else:
                self._cross(_settle, future, answer, None)

        self._orders.put(carry)
        return future

    def fetch(self, limit: int, seconds: float) -> "asyncio.Future[list[Record]]":
        """At most one fetch is on its way; what it brings stands in `ready`."""
        if self.fetching is None:
            self.fetching = self.post(lambda: self._fetch(limit, seconds))
            self.fetching.add_done_callback(self._fetched)
        return self.fetching

    def _fetched(self, future: "asyncio.Future[list[Record]]") -> None:
        self.fetching = None
        if future.cancelled():
            return
        if (error := future.exception()) is None:
            self.ready.extend(future.result())
        else:
            line.warning("lane %s could not fetch: %s", self.topic, error)

    def stop(self) -> None:
        self._orders.put(None)

    # -- in any thread

    def marks(self, partitions: Sequence[int], patience: float) -> dict[int, int] | None:
        """What the group has marked; None when this member has left. The broker is asked only for what is not known here: its answer
        comes behind that of the fetch that waits for records."""
        with self._asking:
            if self._left:
                return None
            if unknown := [partition for partition in partitions if partition not in self._marked]:
                found = marks_of(self._consumer, self._wire, unknown, patience)
                for partition in set(unknown) & self._owned:
                    self._marked.setdefault(partition, found.get(partition, 0))  # a mark made meanwhile is newer
            else:
                found = {}
            return {partition: upto for partition in partitions if (upto := self._marked.get(partition, found.get(partition, 0)))}

    # -- in the thread

    def _cross(self, fn: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(fn, *args)
        except RuntimeError:  # the loop has ended before us
            line.debug("lane %s ends after its loop", self.topic)

    def _run(self) -> None:
        while True:
            try:
                order = self._orders.get(timeout=BEAT)
            except queue.Empty:
                try:
                    self._beat()
                except Exception as error:  # noqa: BLE001 - a lane whose thread ended would be silent for good
                    line.warning("lane %s could not look for rebalances: %s", self.topic, error)
                continue
            if order is None:
                break
            order()
        try:
            with self._asking:
                self._left = True
                self._consumer.close()
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            line.warning("lane %s did not leave its group: %s", self.topic, error)
        self._cross(self.gone.set)

    def _open(self) -> ck.Consumer:
        consumer = ck.Consumer(self._config, logger=line)
        consumer.subscribe([self._wire], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        return consumer

    def _assigned(self, _: Any, parts: Sequence[Any]) -> None:
        self._owned |= {part.partition for part in parts}
        self._came = True

    def _revoked(self, _: Any, parts: Sequence[Any]) -> None:
        gone = {part.partition for part in parts}
        self._owned -= gone
        for partition in gone:
            self._marked.pop(partition, None)
        self._ahead = collections.deque(record for record in self._ahead if record.partition not in gone)
        self._cross(self._lose, {(self.topic, partition) for partition in gone})

    def _beat(self) -> None:
        """Take rebalances while nobody reads. What is fetched already goes back; the position is that of the last record met."""
        if not self._resting:
            self._consumer.pause(self._consumer.assignment())
            self._resting = True
        self._ahead.extend(self._poll(1, 0))  # of a partition that came just now

    def _fetch(self, limit: int, seconds: float) -> list[Record]:
        """Up to `limit` records, waiting for the first one until `seconds` have passed or another order waits."""
        if self._resting:
            self._consumer.resume(self._consumer.assignment())
            self._resting = False
        if self._ahead:
            return [self._ahead.popleft() for _ in range(min(limit, len(self._ahead)))]
        deadline = time.monotonic() + seconds
        while True:
            left, slice_ = deadline - time.monotonic(), self._slice
            records = self._poll(limit, max(0.0, min(left, slice_)))
            self._slice = SLICE if records else min(slice_ * 1.2, QUIET)
            if records or left <= slice_ or not self._orders.empty():
                return records

    def _poll(self, limit: int, seconds: float) -> list[Record]:
        first = self._consumer.poll(seconds)  # `consume` would wait for a full batch
        if self._came:
            # the client remembers what was held through a rebalance: a partition that was lost while this rested, and came back after it
            # had gone on reading, would stay silent for good
            self._came = False
            (self._consumer.pause if self._resting else self._consumer.resume)(self._consumer.assignment())
        if first is None:
            return []
        messages = [first, *self._consumer.consume(limit - 1, 0)] if limit > 1 else [first]
        records = []
        for message in messages:
            if (error := message.error()) is None:
                if message.partition() in self._owned:
                    records.append(record_of(message, self.topic))
            else:
                line.warning("lane %s: %s", self.topic, error)
                if error.fatal():
                    self._renew()
                    return []
        return records

    def _renew(self) -> None:
        """A consumer with a fatal error never works again; its successor joins anew and reads from the marks."""
        parts = [ck.TopicPartition(self._wire, partition) for partition in self._owned]
        self._revoked(self._consumer, parts)
        with self._asking:
            self._consumer.close()
            self._consumer = self._open()

    def commit(self, upto: Mapping[int, int]) -> None:
        """In the lane's thread: what is not ours any more is left to its new owner."""
        offsets = [ck.TopicPartition(self._wire, partition, offset) for partition, offset in upto.items() if partition in self._owned]
        if not offsets:
            return
        try:
            results = self._consumer.commit(offsets=offsets, asynchronous=False) or []
            errors = [result.error for result in results]
            self._marked |= {result.partition: result.offset for result in results if not result.error}
        except ck.KafkaException as error:
            errors = [error.args[0]]
        for refused in errors:
            if refused and refused.code() not in GONE:
                raise LogUnavailable(f"Kafka does not take marks ({refused.str()}). What was done since the last mark will be repeated.")


def _settle(future: "asyncio.Future[Any]", answer: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(answer)
    else:
        future.set_exception(error)


class KafkaReader:
    """A member of a group: one lane per topic. See the port for what is promised."""

    def __init__(
        self, common: Mapping[str, Any], lanes: Mapping[str, tuple[str, str]], timeout: float, closed: Callable[["KafkaReader"], None]
    ) -> None:
        settings = {
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "queued.max.messages.kbytes": BUFFER,
            "queued.min.messages": 4_000,  # of a partition: more than is carried out while a fetch of the others waits for its first record
            "max.partition.fetch.bytes": FETCH,
            "fetch.queue.backoff.ms": 10,  # the default holds a lane back for a second once its queue was full
            "fetch.wait.max.ms": 800,  # fetches that find nothing are most of what a broker at rest does; a lane that moves may wait for one to end
        }
        self._lanes = {
            topic: _Lane({**common, **settings, "group.id": group}, topic, wire, self._lose) for topic, (wire, group) in lanes.items()
        }
        self._timeout, self._closed, self._on_close = timeout, False, closed
        self._lost: set[Position] = set()
        self._paused: set[str] = set()
        self._turn = 0

    async def read(self, limit: int, wait: float, topics: Sequence[str] | None = None) -> list[Record]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait
        while not self._closed:
            lanes = [lane for topic, lane in self._lanes.items() if (topics is None or topic in topics) and topic not in self._paused]
            if records := self._take(lanes, limit):
                return records
            left = deadline - loop.time()
            if left <= 0:
                # a lane that polls already has nothing yet; the others are asked without waiting
                asked = [lane.fetch(limit, 0) for lane in lanes if lane.fetching is None]
                await (asyncio.wait(asked) if asked else asyncio.sleep(0))
                return self._take(lanes, limit)
            fetches = [lane.fetch(limit, left) for lane in lanes]
            if fetches:
                done, _ = await asyncio.wait(fetches, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if any(fetch.exception() for fetch in done):
                    await asyncio.sleep(min(left, BEAT))  # whatever it was, not in a tight loop
            else:
                await asyncio.sleep(min(left, SLICE))  # everything is paused
        return []

    def _take(self, lanes: Sequence[_Lane], limit: int) -> list[Record]:
        """What stands ready, every lane in its turn."""
        full = [lane for lane in lanes if lane.ready]
        if not full:
            return []
        self._turn += 1
        full = full[self._turn % len(full) :] + full[: self._turn % len(full)]
        records: list[Record] = []
        for index, lane in enumerate(full):
            share = -(-(limit - len(records)) // (len(full) - index))
            records += [lane.ready.popleft() for _ in range(min(share, len(lane.ready)))]
        return records

    def marks(self, group: str, topic: str, partitions: Sequence[int], patience: float) -> dict[int, int] | None:
        """In any thread: what the group has marked of the topic; None when it is not read here."""
        lane = self._lanes.get(topic)
        return lane.marks(partitions, patience) if lane and lane.group == group else None

    async def mark(self, upto: Mapping[Position, int]) -> None:
        by_topic: dict[str, dict[int, int]] = {}
        for (topic, partition), offset in upto.items():
            by_topic.setdefault(topic, {})[partition] = offset
        commits = [lane.post(_committing(lane, offsets)) for lane, offsets in ((self._lanes[t], o) for t, o in by_topic.items())]
        if not commits:
            return
        done, late = await asyncio.wait(commits, timeout=self._timeout)
        for commit in late:
            commit.add_done_callback(_heard)
        refused = [error for commit in done if (error := commit.exception())]
        if refused:
            raise refused[0]
        if late:
            raise LogUnavailable("Kafka does not take marks. What was done since the last mark will be repeated.")

    def _lose(self, positions: set[Position]) -> None:
        self._lost |= positions
        for lane in self._lanes.values():
            lane.ready = collections.deque(record for record in lane.ready if (record.topic, record.partition) not in positions)

    def lost(self) -> set[Position]:
        lost, self._lost = self._lost, set()
        return lost

    def pause(self, topics: Sequence[str]) -> None:
        self._paused |= set(topics)

    def resume(self, topics: Sequence[str]) -> None:
        self._paused -= set(topics)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for lane in self._lanes.values():
            lane.stop()
        goodbyes = [asyncio.ensure_future(lane.gone.wait()) for lane in self._lanes.values()]
        _, late = await asyncio.wait(goodbyes, timeout=self._timeout) if goodbyes else (set(), set())
        for goodbye in late:
            goodbye.cancel()  # the broker is away: its session ends by itself
        self._on_close(self)


def _heard(commit: "asyncio.Future[Any]") -> None:
    """What comes of a commit nobody waits for any longer; it was said already that it is late."""
    if not commit.cancelled():
        commit.exception()


def _committing(lane: _Lane, offsets: Mapping[int, int]) -> Callable[[], None]:
    return lambda: lane.commit(offsets)
