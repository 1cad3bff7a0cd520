"""Kafka from jars of Maven Central: one broker or three on loopback, each broker and controller at once (KRaft).

`deploy/pom.xml` names the jars; they are fetched once per user and version. Durable as in production: with three brokers
a record is acknowledged when two have it. A member that dies gives its partitions up after six seconds, not 45.
"""

import asyncio
import base64
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path
from xml.etree import ElementTree as ET

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from carillon.engines.home import EngineError, Home, port_is_free
from carillon.engines.processes import Process, tail
from carillon.engines.programs import ensure, find

POM = Path(__file__).resolve().parents[2] / "deploy" / "pom.xml"
PATIENCE = 300.0  # seconds; a cluster comes together slowly on cores that do other things, and a broker that ends is seen at once
STOP = signal.SIGTERM  # an orderly shutdown: leaders are handed over, logs closed
SETTINGS = """\
process.roles=broker,controller
node.id={node}
controller.quorum.bootstrap.servers={controllers}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={quorum}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={quorum}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.consumer.session.timeout.ms=6000
group.consumer.min.session.timeout.ms=3000
group.consumer.heartbeat.interval.ms=1000
group.consumer.min.heartbeat.interval.ms=1000
group.consumer.assignment.interval.ms=0
num.network.threads=2
num.io.threads=2
log.segment.bytes=134217728
log.retention.hours=72
log.cleaner.dedupe.buffer.size=16777216
"""


async def start(home: Home) -> dict[str, Process]:
    """Start the brokers that do not run; the processes by name (`kafka1` ...) once all answer as one cluster."""
    libs = await asyncio.to_thread(jars)
    nodes = range(1, home.brokers + 1)
    place = home.place("kafka", None)
    started = {name: home.processes[name] for name in (f"kafka{node}" for node in nodes) if home.running(name)}
    absent = [node for node in nodes if f"kafka{node}" not in started]
    for node in absent:
        for port in (home.broker_port(node), home.controller_port(node)):
            if not port_is_free(port):
                raise EngineError(f"Kafka's port {port} is taken by another program. Stop that, or use another --home.")
    await asyncio.gather(*(_format(home, place, libs, node) for node in absent))
    started |= {f"kafka{node}": _launch(place, libs, node) for node in absent}
    try:
        await _ready(home, place, started)
    except EngineError:
        for node in absent:
            await started[f"kafka{node}"].stop(STOP, 5.0)
        raise
    return started


def jars() -> Path:
    """The directory of Kafka's jars; fetched from Maven Central when this user does not have this version yet."""
    if not POM.exists():
        raise EngineError(f"Kafka needs {POM}, which comes with a checkout. Or use a running Kafka by its URL: CARILLON_LOG_URL.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "carillon"
    libs = cache / f"kafka-{version()}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if libs.exists():
            return libs
        ensure(["Maven"])
        part = Path(tempfile.mkdtemp(dir=cache, prefix="kafka-part-"))
        command = [find("mvn"), "-q", "-B", "-C", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={part}"]
        done = subprocess.run(command, cwd=cache, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(part)
            raise EngineError(f"Kafka could not be fetched from Maven Central:\n{done.stdout[-2000:]}{done.stderr[-1000:]}")
        part.rename(libs)
    return libs


def version() -> str:
    """Kafka's version, as the pom has it."""
    found = ET.parse(POM).findtext("properties/kafka.version")  # noqa: S314 - our own file
    if not found:
        raise EngineError(f"{POM} names no kafka.version.")
    return found


def _java(libs: Path) -> list[str]:
    """The first compiler alone: the second one's work pays off after a quarter of an hour, and until then it takes more than the broker (of 24,000
    mails in a row 108, 63 and 47 microseconds each with both, 30, 25 and 34 with one)."""
    return [
        *(find("java"), "-Xms128m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.awt.headless=true"),
        *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{libs}/*"),
    ]


def _ids(home: Home, place: Path) -> dict[str, str]:
    """The ids of the cluster and of each node's directory: made once, the first voters are named by them."""
    kept = place / "ids.json"
    if not kept.exists():
        kept.write_text(json.dumps({name: _made_id() for name in ["cluster", *(str(n) for n in range(1, home.brokers + 1))]}))
    ids: dict[str, str] = json.loads(kept.read_text())
    return ids


def _made_id() -> str:
    """A Kafka id: 16 bytes in URL-safe base 64, not beginning with a dash (it would be taken for an option)."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    return made if not made.startswith("-") else _made_id()


async def _format(home: Home, place: Path, libs: Path, node: int) -> None:
    """Write the node's settings, and its empty data directory when it has none."""
    ids = _ids(home, place)
    data = place / f"data{node}"
    copies = min(home.brokers, 3)
    controllers = [f"127.0.0.1:{home.controller_port(n)}" for n in range(1, home.brokers + 1)]
    settings = place / f"node{node}.properties"
    settings.write_text(
        SETTINGS.format(
            node=node,
            controllers=",".join(controllers),
            port=home.broker_port(node),
            controller=home.controller_port(node),
            data=data,
            copies=copies,
            quorum=2 if copies > 1 else 1,
        )
    )
    if (data / "meta.properties").exists():
        return
    voters = ",".join(f"{n}@{address}:{ids[str(n)]}" for n, address in enumerate(controllers, 1))
    command = ["format", "-t", ids["cluster"], "-c", str(settings), "--ignore-formatted", "--initial-controllers", voters]
    formatting = await asyncio.create_subprocess_exec(
        *(*_java(libs), "kafka.tools.StorageTool", *command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await formatting.communicate()
    if formatting.returncode:
        raise EngineError(f"Kafka's data directory could not be made:\n{said.decode(errors='replace')[-3000:]}")


def _launch(place: Path, libs: Path, node: int) -> Process:
    """Start one broker, detached: it outlives us, and a Ctrl-C in our terminal is not its own."""
    with (place / f"node{node}.log").open("w") as log:
        broker = subprocess.Popen(
            [*_java(libs), "kafka.Kafka", str(place / f"node{node}.properties")],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    process = Process.of(broker.pid)
    broker.returncode = 0  # we keep it by pid; without this Popen warns when it is forgotten while it runs
    return process


async def _ready(home: Home, place: Path, started: dict[str, Process]) -> None:
    """Return once every broker answers and the cluster counts them all."""
    addresses = ",".join(f"127.0.0.1:{home.broker_port(node)}" for node in range(1, home.brokers + 1))
    for _ in range(int(PATIENCE / 0.05)):
        for name, process in started.items():
            if not process.alive():
                raise EngineError(f"Kafka's broker {name} ended while starting:\n{tail(place / f'node{name[-1]}.log')}")
        if not any(port_is_free(home.broker_port(node)) for node in range(1, home.brokers + 1)) and await asyncio.to_thread(
            _counted, addresses, home.brokers
        ):
            return
        await asyncio.sleep(0.05)
    raise EngineError(f"Kafka did not answer within {PATIENCE:.0f} s:\n{tail(place / 'node1.log')}")


def _counted(addresses: str, brokers: int) -> bool:
    admin = AdminClient({"bootstrap.servers": addresses, "log_level": 0})
    try:
        return len(admin.list_topics(timeout=2.0).brokers) == brokers
    except KafkaException:
        return False
