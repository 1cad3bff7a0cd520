"""The log on Kafka 4: an idempotent producer served by the loop, and the calls that ask the cluster.

`append` waits for delivery reports that the loop fetches itself: from another thread each report would have to win the
interpreter's lock from a busy loop. Readers and tails stand in `kafka_lanes` and `kafka_tail`. On the wire topics carry the prefix, and a
group is one consumer group per topic, `<prefix><group>@<topic>`, so that a rebalance of one lane leaves the others alone.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import confluent_kafka as ck
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # no re-export marks
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from backend.domain.errors import LogUnavailable, TooLarge
from backend.log.kafka_lanes import GONE, KafkaReader, line, marks_of
from backend.log.kafka_look import first_times
from backend.log.kafka_tail import KafkaTail
from backend.log.port import Position, Record
from backend.log.topics import TOPICS, Declared, Topic

Answer = TypeVar("Answer")
Headers = list[tuple[str, str | bytes | None]]  # as the client wants them

ASK = 3.0  # seconds that a question to the cluster may take
SERVE = 0.001  # seconds between looks for delivery reports while some are awaited
LINGER = 1  # milliseconds; callers bring batches, so waiting longer for more only adds delay (5 ms: idle append 7 ms against 3)
LATEST, EARLIEST = OffsetSpec.latest(), OffsetSpec.earliest()  # type: ignore[no-untyped-call]
SESSION = 6.0  # seconds until the lanes of a process that died go to another one; with the next heartbeat they move within 8
BEATS = 6  # heartbeats in a session
CHUNK = 500  # records handed to librdkafka before the loop may do something else: about 2 ms

UNKNOWN = {
    ck.KafkaError.UNKNOWN_TOPIC_OR_PART,
    ck.KafkaError._UNKNOWN_TOPIC,
    ck.KafkaError._UNKNOWN_PARTITION,
}


class _Flight:
    """The records of one `append` that are on their way."""

    def __init__(self) -> None:
        self.open = 1  # ours, until every record is handed over
        self.failed: ck.KafkaError | None = None
        self.landed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def report(self, error: ck.KafkaError | None, _: Any) -> None:
        self.open -= 1
        if error is not None:
            self.failed = error
        if self.open == 0 and not self.landed.done():
            self.landed.set_result(None)


class KafkaLog:
    """The log port on `servers` (`host:port,...`). `timeout`: seconds until an append without an answer is refused."""

    def __init__(self, servers: str, prefix: str = "", timeout: float = 8.0, topics: Iterable[Topic] = TOPICS, session: float = SESSION) -> None:
        self.servers, self.prefix, self.timeout, self.session = servers, prefix, timeout, session
        self.topics = Declared(topics)
        self._wire = {name: prefix + name for name in self.topics}
        self._flights: set[_Flight] = set()
        self._serving: asyncio.Task[None] | None = None
        self._open: set[KafkaReader | KafkaTail] = set()
        self._askers: dict[str, ck.Consumer] = {}  # by group: they ask for marks and read nothing
        self._asking = threading.Lock()
        self._producer: ck.Producer | None = None
        self._replaced: list[ck.Producer] = []  # until each has reported what it still held
        self._admin: AdminClient | None = None

    def config(self, **more: Any) -> dict[str, Any]:
        """What every client of ours has in common."""
        return {
            "bootstrap.servers": self.servers,
            "client.id": "carillon",
            "reconnect.backoff.ms": 100,
            "reconnect.backoff.max.ms": 1_000,  # an engine that comes back is noticed within a second
            "socket.timeout.ms": 10_000,
            "topic.metadata.refresh.fast.interval.ms": 250,
        } | more

    async def start(self) -> None:
        self._admin = AdminClient(self.config(log_level=0))
        self._producer = self._new_producer()
        await self.reachable()

    def _new_producer(self) -> ck.Producer:
        milliseconds = int(self.timeout * 1000)
        settings = {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": min(LINGER, milliseconds - 1),
            "message.timeout.ms": milliseconds,
            "request.timeout.ms": milliseconds,
            "compression.type": "lz4",
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 200_000,
        }
        return ck.Producer(self.config(**settings), logger=line)

    async def close(self) -> None:
        for part in list(self._open):
            await part.close()
        if self._serving:
            await self._serving
        self._producer = self._admin = None
        await asyncio.to_thread(self._dismiss)

    def _dismiss(self) -> None:
        with self._asking:
            while self._askers:
                self._askers.popitem()[1].close()

    async def create_topics(self) -> list[str]:
        """Create what is missing; a topic with fewer partitions than declared gets the rest."""
        brokers = len((await self._ask(lambda admin: admin.describe_cluster(request_timeout=ASK))).nodes)
        have = (await self._blocking(lambda admin: admin.list_topics(timeout=ASK))).topics
        missing = [topic for topic in self.topics.values() if self._wire[topic.name] not in have]
        grown = [
            NewPartitions(self._wire[topic.name], topic.partitions)
            for topic in self.topics.values()
            if topic not in missing and len(have[self._wire[topic.name]].partitions) < topic.partitions
        ]
        if missing:
            wanted = [self._declaration(topic, topic.copies(brokers)) for topic in missing]
            await self._all(lambda admin: admin.create_topics(wanted, operation_timeout=30, request_timeout=30), exists_already=True)
        if grown:
            await self._all(lambda admin: admin.create_partitions(grown, operation_timeout=30, request_timeout=30))
        if missing or grown:
            await self._led()
        return [topic.name for topic in missing]

    async def _led(self) -> None:
        """Return once every declared partition has a leader that all can ask for: the cluster answers before that."""
        deadline = time.monotonic() + 30
        while True:
            have = (await self._blocking(lambda admin: admin.list_topics(timeout=ASK))).topics
            found = [have.get(self._wire[topic.name]) for topic in self.topics.values()]
            led = [sum(part.leader >= 0 for part in topic.partitions.values()) if topic else 0 for topic in found]
            if all(count >= topic.partitions for count, topic in zip(led, self.topics.values(), strict=True)):
                # a broker that is busy making and removing files knows later than the controller that it leads
                everything = [position for topic in self.topics for position in self._positions(topic)]
                await self._offsets(everything, LATEST, patience=60.0)
                return
            if time.monotonic() > deadline:
                raise LogUnavailable(
                    f"Kafka at {self.servers} made the topics, but some have no leader yet. Look at its brokers, and try again."
                )
            await asyncio.sleep(0.05)

    def _declaration(self, topic: Topic, copies: int) -> NewTopic:
        config = {
            "retention.ms": str(int(topic.retention * 1000)),
            "cleanup.policy": "delete",
            "min.insync.replicas": str(max(1, copies - 1)),  # of three copies one may be away
        }
        return NewTopic(self._wire[topic.name], num_partitions=topic.partitions, replication_factor=copies, config=config)

    async def append(self, records: Sequence[Record]) -> None:
        self.topics.check(records)
        if not records:
            return
        deadline = time.monotonic() + self.timeout
        flight = _Flight()
        for start in range(0, len(records), CHUNK):
            if start:
                await asyncio.sleep(0)
            await self._produce(records[start : start + CHUNK], flight, deadline)
        flight.report(None, None)
        self._flights.add(flight)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        await flight.landed
        if flight.failed:
            raise self._away(flight.failed)

    async def _produce(self, records: Sequence[Record], flight: _Flight, deadline: float) -> None:
        for record in records:
            headers: Headers | None = list(record.headers.items()) if record.headers else None
            while True:
                producer = self._client()
                try:
                    producer.produce(
                        self._wire[record.topic], record.value, record.key, record.partition, on_delivery=flight.report, headers=headers
                    )
                    flight.open += 1
                    break
                except BufferError:  # a broker that is slow or away: the buffer empties or its records time out
                    if time.monotonic() > deadline:
                        raise LogUnavailable("Kafka takes records more slowly than they come. Send it again in a moment.") from None
                    producer.poll(0)
                    await asyncio.sleep(0.01)
                except ck.KafkaException as error:
                    self._renew(error.args[0])
                    raise self._away(error.args[0]) from error

    async def _serve(self) -> None:
        """Fetch delivery reports until no append waits."""
        while self._flights:
            await asyncio.sleep(SERVE)
            self._client().poll(0)
            self._replaced = [old for old in self._replaced if old.poll(0) or len(old)]
            landed = [flight for flight in self._flights if flight.landed.done()]
            self._flights.difference_update(landed)
            for flight in landed:
                if not flight.landed.cancelled() and flight.failed:
                    self._renew(flight.failed)

    def _client(self) -> ck.Producer:
        if self._producer is None:
            raise LogUnavailable("The event log is closed.")
        return self._producer

    def _renew(self, error: ck.KafkaError) -> None:
        """An idempotent producer whose sequence broke refuses everything from then on; its successor starts a new one."""
        if error.fatal() or error.code() == ck.KafkaError._FATAL:
            line.warning("the producer is replaced: %s", error)
            old, self._producer = self._client(), self._new_producer()
            old.purge()  # what it still held is reported as failed, and repeated by those who appended it
            self._replaced.append(old)  # not at once: whoever waits for a report that nobody fetches would wait for good

    async def reader(self, group: str, topics: Sequence[str]) -> KafkaReader:
        lanes = {topic: (self.prefix + self.topics[topic].name, self._group(group, topic)) for topic in topics}
        await self._shorten({of for _, of in lanes.values()})
        reader = KafkaReader(self.config(), lanes, self.timeout, self._open.discard)
        self._open.add(reader)
        return reader

    async def tail(self, topics: Sequence[str]) -> KafkaTail:
        ends = await self._offsets([p for topic in topics for p in self._positions(topic)], LATEST)
        starts = [ck.TopicPartition(self._wire[topic], partition, offset) for (topic, partition), offset in ends.items()]
        names = {self._wire[topic]: topic for topic in topics}
        tail = KafkaTail(self.config(**{"group.id": f"{self.prefix}tail"}), starts, names, self._open.discard)
        self._open.add(tail)
        return tail

    async def lag(self, group: str, topics: Sequence[str]) -> dict[str, int]:
        positions = [p for topic in topics for p in self._positions(topic)]
        ends, starts, *marks = await asyncio.gather(
            self._offsets(positions, LATEST),
            self._offsets(positions, EARLIEST),
            *(self._marks(group, topic) for topic in topics),
        )
        marked = {position: offset for found in marks for position, offset in found.items()}
        lags = dict.fromkeys(topics, 0)
        for position, end in ends.items():
            lags[position[0]] += max(0, end - max(marked.get(position, 0), starts[position]))
        return lags

    async def oldest(self, group: str, topics: Sequence[str]) -> dict[str, float]:
        positions = [p for topic in topics for p in self._positions(topic)]
        ends, *marks = await asyncio.gather(self._offsets(positions, LATEST), *(self._marks(group, topic) for topic in topics))
        marked = {position: offset for found in marks for position, offset in found.items()}
        behind = [(topic, partition, marked.get((topic, partition), 0)) for (topic, partition), end in ends.items() if end > marked.get((topic, partition), 0)]
        starts = [ck.TopicPartition(self._wire[topic], partition, offset) for topic, partition, offset in behind]
        times = await asyncio.to_thread(first_times, self.config(**{"group.id": f"{self.prefix}look"}), starts, ASK)
        found: dict[str, float] = {}
        for topic, partition, _ in behind:
            at = times.get((self._wire[topic], partition))
            if at is not None:
                found[topic] = min(at, found.get(topic, at))
        return found

    async def reachable(self) -> None:
        await self._ask(lambda admin: admin.describe_cluster(request_timeout=ASK))

    async def _shorten(self, groups: Iterable[str]) -> None:
        """Ask for short sessions of these groups. Brokers have bounds and rights of their own: what they refuse is said, and reading goes on."""
        wanted = {"consumer.session.timeout.ms": self.session, "consumer.heartbeat.interval.ms": self.session / BEATS}
        entries = [ConfigEntry(name, str(int(seconds * 1000)), incremental_operation=AlterConfigOpType.SET) for name, seconds in wanted.items()]
        resources = [ConfigResource(ResourceType.GROUP, group, incremental_configs=entries) for group in groups]
        try:
            await self._all(lambda admin: admin.incremental_alter_configs(resources, request_timeout=ASK))
        except LogUnavailable as error:
            cause = error.__cause__.args[0].str() if isinstance(error.__cause__, ck.KafkaException) else error.detail
            line.warning(
                "Kafka keeps its own session for our groups, 45 s unless its settings say otherwise: so long the lanes of a process that died "
                "stand still. It said: %s. Lower group.consumer.min.session.timeout.ms and group.consumer.min.heartbeat.interval.ms of the brokers.",
                cause,
            )

    # -- questions to the cluster

    def _positions(self, topic: str) -> list[Position]:
        return [(topic, partition) for partition in range(self.topics[topic].partitions)]

    def _group(self, group: str, topic: str) -> str:
        return f"{self.prefix}{group}@{topic}"

    async def _offsets(self, positions: Sequence[Position], spec: OffsetSpec, patience: float = ASK) -> dict[Position, int]:
        asked = {ck.TopicPartition(self._wire[topic], partition): spec for topic, partition in positions}
        if not asked:
            return {}
        deadline = time.monotonic() + patience
        while True:
            try:
                found = await self._all(lambda admin: admin.list_offsets(asked, request_timeout=ASK))
                return {(at.topic[len(self.prefix) :], at.partition): info.offset for at, info in found.items()}
            except LogUnavailable:  # a partition that moves has no leader for a moment
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.2)
                await self._blocking(lambda admin: admin.list_topics(timeout=ASK))  # else it keeps to the leader and epoch it knows

    async def _marks(self, group: str, topic: str) -> dict[Position, int]:
        parts = [partition for _, partition in self._positions(topic)]
        try:
            found = await asyncio.to_thread(self._marked, self._group(group, topic), topic, parts)
        except ck.KafkaException as error:
            raise self._away(error.args[0]) from error
        return {(topic, partition): offset for partition, offset in found.items()}

    def _marked(self, group: str, topic: str, parts: Sequence[int]) -> dict[int, int]:
        """In any thread. A group that is read here is asked by the member that reads it, another by a consumer that joins nothing."""
        deadline = time.monotonic() + ASK
        while True:
            try:
                for part in list(self._open):
                    if isinstance(part, KafkaReader) and (found := part.marks(group, topic, parts, ASK)) is not None:
                        return found
                with self._asking:
                    if self._producer is None:
                        raise LogUnavailable("The event log is closed.")
                    if group not in self._askers:
                        self._askers[group] = ck.Consumer(self.config(**{"group.id": group, "enable.auto.commit": False}), logger=line)
                    return marks_of(self._askers[group], self._wire[topic], parts, ASK)
            except ck.KafkaException as error:  # a group that moves between members has no coordinator for a moment
                if time.monotonic() > deadline or not (error.args[0].retriable() or error.args[0].code() in GONE):
                    raise
                time.sleep(0.1)

    async def _blocking(self, question: Callable[[AdminClient], Answer]) -> Answer:
        if self._admin is None:
            raise LogUnavailable("The event log is closed.")
        try:
            return await asyncio.to_thread(question, self._admin)
        except ck.KafkaException as error:
            raise self._away(error.args[0]) from error

    async def _ask(self, question: Callable[[AdminClient], "Future[Any]"]) -> Any:
        future = await self._blocking(question)
        try:
            return await asyncio.wrap_future(future)
        except ck.KafkaException as error:
            raise self._away(error.args[0]) from error

    async def _all(self, question: Callable[[AdminClient], "dict[Any, Future[Any]]"], *, exists_already: bool = False) -> dict[Any, Any]:
        futures = await self._blocking(question)
        answers = {}
        for about, future in futures.items():
            try:
                answers[about] = await asyncio.wrap_future(future)
            except ck.KafkaException as error:
                if exists_already and error.args[0].code() == ck.KafkaError.TOPIC_ALREADY_EXISTS:
                    continue  # another process was faster
                raise self._away(error.args[0]) from error
        return answers

    def _away(self, error: ck.KafkaError) -> LogUnavailable | TooLarge:
        if error.code() == ck.KafkaError.MSG_SIZE_TOO_LARGE:
            return TooLarge("Kafka refuses a record of this size. Send less data, or raise max.message.bytes of its topic.")
        if error.code() in UNKNOWN:
            return LogUnavailable(
                f"Kafka at {self.servers} lacks a topic ({error.str()}). Run `carillon migrate` to create what is missing."
            )
        reason = f"Kafka at {self.servers} does not answer ({error.str()})."
        return LogUnavailable(f"{reason} Nothing was accepted. Start it, or correct CARILLON_LOG_URL, and send it again.")
