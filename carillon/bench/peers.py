"""Beside Celery and taskiq: the same work on the same machine in the same rounds. They run in an environment of their own, made on demand
under build/ from carillon/bench/peer/requirements.lock. Figures are deliveries a second.

Their work is written as cheaply as it can be (`peer/work.py`), and every advantage is theirs: what they do is filled in before the clock starts, and
they have one queue where ours has two topics. Of each line, ours too, the first twentieth is not counted.
"""

import base64
import hashlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
import uvloop
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from backend.domain.html_text import text_of
from carillon.bench import line, stand
from carillon.bench.figures import ROUNDS, Row, spread, steady

COUNT = int(os.environ.get("CARILLON_BENCH_COUNT", "12000"))  # deliveries of one run of ours; theirs are fewer, so that runs take as long
SHARES = {"celery": 5, "taskiq": 4}  # how many times fewer
GOALS = {"celery": 10, "taskiq": 6}
HERE = Path(__file__).parent / "peer"
ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300.0  # seconds
LOOK = 0.5
TABLES = """create table peer_seen (key text primary key, id uuid not null, at timestamptz not null default clock_timestamp());
  create table peer_events (id uuid primary key, person text not null, category smallint not null, priority smallint not null, template text not null,
    data text not null, accepted timestamptz not null default clock_timestamp());
  create table peer_notifications (id uuid primary key, event uuid not null, person text not null, category smallint not null, priority smallint not null,
    planned smallint not null, skipped smallint not null, trace text not null, accepted timestamptz not null default clock_timestamp());
  create table peer_deliveries (id uuid primary key, notification uuid not null, person text not null, channel smallint not null, address bytea not null,
    state smallint not null, answer text, changed timestamptz not null default clock_timestamp());
  create table peer_attempts (delivery uuid not null, n smallint not null, provider smallint not null, started timestamptz not null default clock_timestamp(),
    ended timestamptz, outcome smallint, code text, raw text, primary key (delivery, n));
  create table peer_deltas (n_th bigint generated always as identity primary key, minute integer not null, category smallint not null,
    channel smallint not null, was smallint not null, now smallint not null, n integer not null)"""
TAKEN = "select extract(epoch from changed)::float8 from peer_deliveries where state = 2 order by changed"
# what each was fastest with on two cores, of those tried (docs/benchmarks.md)
CHOICES: dict[str, Any] = {"ahead": 16, "late": True, "databases": 10, "smtps": 10}


def rows() -> list[Row]:
    """Rounds of ours and theirs, one after another."""
    programs()
    runs: dict[str, list[float]] = {"embedded": [], "servers": [], "celery": [], "taskiq": []}
    for _ in range(ROUNDS):
        for name, rates in runs.items():
            rates.append(one(name))
            print(f"{name}: {rates[-1]:,.0f}/s", flush=True)
    told = {
        "embedded": "Carillon, one process, SQLite", "servers": "Carillon, three processes, Kafka, PostgreSQL, Redis",
        "celery": "Celery, two processes, Redis and PostgreSQL", "taskiq": "taskiq, two processes with 50 at once, Redis and PostgreSQL",
    }  # fmt: skip
    made = [(f"the same mails in the same rounds, deliveries a second: {told[name]}", spread(rates), "") for name, rates in runs.items()]
    for name, goal in GOALS.items():
        for ours in ("embedded", "servers"):
            ratios = [mine / theirs for mine, theirs in zip(runs[ours], runs[name], strict=True)]
            made.append((f"{told[ours]} : {name.capitalize() if name == 'celery' else name}", spread(ratios, "{:.1f}"), f"at least {goal}"))
    return made


def one(name: str, count: int = COUNT) -> float:
    """Deliveries a second of one run."""
    if name in GOALS:
        return peer(name, max(count // SHARES[name], 100))
    return uvloop.run(line.embedded(count) if name == "embedded" else line.servers(count)).steady


def peer(name: str, count: int, **choices: Any) -> float:
    """One run of Celery or taskiq, as their own rows tell."""
    with stand.sink() as smtp, _work(smtp, count, choices) as work:
        known = json.loads(work.read_text())
        env = {name: value for name, value in os.environ.items() if not name.startswith("CARILLON_")} | {"CARILLON_BENCH_WORK": str(work)}
        python = programs()
        subprocess.run([python, f"{name}_app.py"], cwd=HERE, env=env, check=True)
        workers = {
            "celery": ["celery", "-A", "celery_app", "worker", "-c", "2", "-O", "fair", "-l", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"],
            "taskiq": ["taskiq", "worker", "taskiq_app:broker", "-w", "2", "--max-async-tasks", "50", "--max-prefetch", "50", "--log-level", "ERROR"],
        }  # fmt: skip
        said = work.with_name("said")
        with said.open("wb") as out:
            process = subprocess.Popen([str(python), "-m", *workers[name]], cwd=HERE, env=env, stdout=out, stderr=out)
        try:
            with psycopg.connect(known["database"], autocommit=True) as db:
                return steady(_until(db, process, count))
        except Exception as error:
            error.add_note(said.read_text()[-2000:])
            raise
        finally:
            process.terminate()
            process.wait(60)


def programs() -> Path:
    """Python of an environment that has Celery and taskiq in the versions of the lock; installed the first time."""
    lock = HERE / "requirements.lock"
    folder = ROOT / "build" / f"peers-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        print("Installing Celery and taskiq (once; a minute).", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r", str(lock)]
        subprocess.run([str(python), "-m", "pip", *install], check=True)
        (folder / "whole").touch()
    return python


@contextmanager
def _work(smtp: str, count: int, choices: dict[str, Any]) -> Iterator[Path]:
    """A database and keys of its own, people's preferences in them, and the file that says what to do; all gone afterwards."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    base, cache_url, sink = os.environ["CARILLON_BENCH_DATABASE_URL"], os.environ["CARILLON_BENCH_CACHE_URL"], urlsplit(smtp)
    database = urlunsplit(urlsplit(base)._replace(path=f"/{name}"))
    key = AESGCM.generate_key(256)
    known = {
        "key": name, "count": count, "people": stand.PEOPLE, "database": database, "cache": cache_url, "smtp_host": sink.hostname, "smtp_port": sink.port,
        "html": stand.HTML, "text": text_of(stand.HTML), "subject": stand.SUBJECT, "brand": {"name": "Shop", "color": "#2563eb"}, "sample": stand.data(0),
        "sealing": key.hex(), "signing": secrets.token_hex(32),
    } | CHOICES | choices  # fmt: skip
    with psycopg.connect(base, autocommit=True) as db, redis.Redis.from_url(cache_url) as cache:
        db.execute(f'create database "{name}"')
        try:
            with psycopg.connect(database) as own:
                own.execute(TABLES)
            with cache.pipeline(transaction=False) as all_at_once:
                for n in range(stand.PEOPLE):
                    nonce = secrets.token_bytes(12)
                    sealed = base64.b64encode(nonce + AESGCM(key).encrypt(nonce, f"user{n}@example.com".encode(), None)).decode()
                    wishes = {"name": "Jane Doe", "sealed": sealed, "otherwise": {}, "categories": {"news": {"email": False}, "system": {"email": True}}}
                    all_at_once.set(f"{name}:wishes:user{n}", json.dumps(wishes))
                all_at_once.execute()
            with tempfile.TemporaryDirectory(prefix="carillon-bench-") as folder:
                file = Path(folder) / "work"
                file.write_text(json.dumps(known))
                yield file
        finally:
            db.execute(f'drop database "{name}" with (force)')
            for key in cache.scan_iter(f"{name}*", 1000):
                cache.delete(key)


def _until(db: "psycopg.Connection[tuple[Any, ...]]", process: "subprocess.Popen[bytes]", count: int) -> list[float]:
    """When each was taken."""
    limit = time.monotonic() + LIMIT
    while True:
        done = int(db.execute("select count(*) from peer_deliveries where state = 2").fetchone()[0])  # type: ignore[index]
        if done >= count:
            return [float(at) for (at,) in db.execute(TAKEN)]
        if process.poll() is not None:
            raise RuntimeError(f"It ended with {process.returncode} after {done} of {count}.")
        if time.monotonic() > limit:
            raise TimeoutError(f"After {LIMIT:.0f} seconds only {done} of {count}.")
        time.sleep(LOOK)


if __name__ == "__main__":  # one run with choices: peers.py taskiq 3000 late=0 smtps=50
    stand.find_engines()
    who, many, *given = sys.argv[1:]
    print(f"{who}: {peer(who, int(many), **{name: int(value) for name, value in (one.split('=') for one in given)}):,.0f}/s")
