"""What every benchmark stands on: a home of its own, engines, people, a published template, a mail sink that costs little."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from confluent_kafka.admin import AdminClient

from backend.app.app import App, open_app
from backend.app.views import PersonIn, TemplateIn
from backend.clock import SystemClock
from backend.domain.event import EventIn, To
from backend.domain.template import Content, EmailContent
from backend.security.roles import SYSTEM
from backend.settings import Settings, load
from backend.store.migrate import migrate

PEOPLE = 2_000
TEMPLATE = "bench_order"  # the demo has none of this name
ENGINES = ("DATABASE", "LOG", "CACHE")
MADE = "databases"  # in a home: what was made for it
PATIENCE = 30.0  # seconds

SUBJECT = "Your order {{ order_id }} is on its way"
HTML = """<html><head><title>Order</title></head><body style="font-family:sans-serif"><h1 style="color:{{ brand.color }}">{{ brand.name }}</h1>
<p>Hi {{ user.name }}, your order #{{ order_id }} shipped with {{ carrier }} and arrives on {{ eta }}.</p>
<table><tbody>{% for row in rows %}<tr><td style="padding:4px">{{ row.sku }}</td><td style="padding:4px">{{ row.name }}</td><td style="padding:4px">{{ row.qty }}</td>
<td style="padding:4px">{{ row.price }} {{ currency }}</td></tr>{% endfor %}</tbody></table><p>Total <b>{{ total }} {{ currency }}</b></p>
<p><a href="https://shop.example.com/track/{{ tracking }}">Track your parcel</a></p>{% if links.unsubscribe %}<p><a href="{{ links.unsubscribe }}">Unsubscribe</a></p>{% endif %}</body></html>"""


def find_engines() -> bool:
    """Whether there are some in CARILLON_BENCH_*_URL; those of the tests serve as well."""
    for name in ENGINES:
        found = os.environ.get(f"CARILLON_BENCH_{name}_URL") or os.environ.get(f"CARILLON_TEST_{name}_URL")
        if not found:
            return False
        os.environ[f"CARILLON_BENCH_{name}_URL"] = found
    return True


def environment(servers: bool, home: Path, smtp: str) -> dict[str, str]:
    """Variables of one run. On servers they come from CARILLON_BENCH_{DATABASE,LOG,CACHE}_URL; database and prefix are new."""
    made = {"CARILLON_HOME": str(home), "CARILLON_SMTP_URL": smtp, "CARILLON_DEMO": "0", "CARILLON_SECRET_KEY": "bench" * 8}
    if servers:
        name = f"bench_{uuid.uuid4().hex[:12]}"
        base = os.environ["CARILLON_BENCH_DATABASE_URL"]
        with psycopg.connect(base, autocommit=True) as db:
            db.execute(f'create database "{name}"')
        with (home / MADE).open("a") as made_here:
            made_here.write(f"{name}\n")
        parts = urlsplit(base)
        made["CARILLON_DATABASE_URL"] = urlunsplit(parts._replace(path=f"/{name}"))
        made["CARILLON_LOG_URL"] = f"{os.environ['CARILLON_BENCH_LOG_URL']}?prefix={name}."
        made["CARILLON_CACHE_URL"] = f"{os.environ['CARILLON_BENCH_CACHE_URL']}?prefix={name}"
    return made


@contextmanager
def home() -> Iterator[Path]:
    """A home of its own that is gone afterwards, with what `environment` made for it: an old database is tidied up, and old topics are looked after, at
    the cost of whoever is measured next."""
    with tempfile.TemporaryDirectory(prefix="carillon-bench-") as folder:
        try:
            yield Path(folder)
        finally:
            made = Path(folder) / MADE
            for name in made.read_text().split() if made.exists() else ():
                drop(name)


def drop(name: str) -> None:
    """Take away a database of this name and the topics whose names begin with it."""
    with psycopg.connect(os.environ["CARILLON_BENCH_DATABASE_URL"], autocommit=True) as db:
        db.execute(f'drop database if exists "{name}" with (force)')
    admin = AdminClient({"bootstrap.servers": urlsplit(os.environ["CARILLON_BENCH_LOG_URL"]).netloc, "log_level": 0})
    topics = [topic for topic in admin.list_topics(timeout=PATIENCE).topics if topic.startswith(f"{name}.")]
    if topics:
        for gone in admin.delete_topics(topics, operation_timeout=PATIENCE).values():
            gone.result()


@contextmanager
def sink(*manner: str, module: str = "carillon.bench.sink_smtp") -> Iterator[str]:
    """A mail server that takes everything, unless told otherwise; its URL."""
    process = subprocess.Popen([sys.executable, "-m", module, "0", *manner], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[-1])
        yield f"smtp://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


@asynccontextmanager
async def facade(settings: Settings) -> AsyncIterator[App]:
    """The facade alone, on a migrated store."""
    clock = SystemClock()
    await asyncio.to_thread(migrate, settings.database_url, clock)
    async with open_app(settings, clock) as app:
        yield app


def settings_of(variables: dict[str, str]) -> Settings:
    """Settings of these variables alone."""
    return load(variables)


async def furnish(app: App, people: int = PEOPLE) -> None:
    """People with an address, and a template with an HTML mail of about 2 KB."""
    for start in range(0, people, 50):
        some = range(start, min(start + 50, people))
        await asyncio.gather(*(app.people.put(SYSTEM, f"user{n}", PersonIn(name="Jane Doe", email=f"user{n}@example.com")) for n in some))
    mail = EmailContent(subject=SUBJECT, html=HTML)
    await app.templates.put(SYSTEM, TEMPLATE, TemplateIn(content=Content(email=mail), samples=data(0)))
    await app.templates.publish(SYSTEM, TEMPLATE)


def data(n: int) -> dict[str, object]:
    """The data of one event."""
    rows = [
        {"sku": "A-1", "name": "Blue Widget", "qty": 2, "price": "19.99"},
        {"sku": "B-2", "name": "Red Gadget", "qty": 1, "price": "89.97"},
    ] * 3
    return {
        "order_id": 778_812 + n,
        "total": "129.95",
        "currency": "USD",
        "eta": "2026-11-25",
        "carrier": "UPS",
        "tracking": "1Z999AA10123456784",
        "rows": rows,
    }


def order(n: int, people: int = PEOPLE, priority: str = "high") -> EventIn:
    """One event of the bench: an HTML mail to one of the people, with a producer's id."""
    return EventIn(
        type="order.shipped",
        category="security" if priority == "critical" else "system",  # no ordered one: there a next mail to somebody waits until the one before was answered
        to=To(user=f"user{n % people}"),
        template=TEMPLATE,
        channels=["email"],
        data=data(n),
        id=f"order:{n}",
        priority=priority,
    )


async def fill(app: App, count: int, people: int = PEOPLE, priority: str = "high", first: int = 0) -> None:
    """Accept so many events, 500 at a time, numbered from `first`."""
    for start in range(first, first + count, 500):
        answers = await app.events.accept(SYSTEM, [order(n, people, priority) for n in range(start, min(start + 500, first + count))])
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        if refused:
            raise refused[0]


def cpu(pids: Sequence[int]) -> float:
    """Seconds of CPU of these processes so far, with those of their children that have ended."""
    total = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def resident(pid: int) -> float:
    """Megabytes of memory that a process has now."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def engines() -> dict[str, int]:
    """The processes that listen where CARILLON_BENCH_*_URL point to, those of this machine; by name."""
    names = {"DATABASE": "postgres", "LOG": "kafka", "CACHE": "redis"}
    ports = {urlsplit(os.environ[f"CARILLON_BENCH_{engine}_URL"]).port: name for engine, name in names.items()}
    listening: dict[str, str] = {}  # inode of a socket -> name; proc_net_tcp(5): 0A is LISTEN
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and (name := ports.get(int(fields[1].rsplit(":", 1)[1], 16))):
                listening[f"socket:[{fields[9]}]"] = name
    found: dict[str, int] = {}
    for entry in sorted((int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()), reverse=True):
        with contextlib.suppress(OSError):
            for held in Path(f"/proc/{entry}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if name := listening.get(str(held.readlink())):
                        found[name] = entry  # of a family the first process, which is the parent
    return found


def engines_cpu(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds of CPU so far, children included."""
    parents: dict[int, list[int]] = {}
    for one in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if one.name.isdigit():
                parents.setdefault(int((one / "stat").read_text().rsplit(")", 1)[1].split()[1]), []).append(int(one.name))
    out = {}
    for name, pid in pids.items():
        out[name] = cpu([pid])
        for child in parents.get(pid, []):
            with contextlib.suppress(OSError):
                out[name] += cpu([child])
    return out
