"""The experiment that the line is compared with, when its folder is given in CARILLON_BENCH_PROTOTYPE: `lite2.py` embedded, `run.py` on
servers, with its own sinks."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket
from urllib.parse import urlsplit, urlunsplit

import psycopg

from carillon.bench import stand

SINKS = ("smtp", "http")
LIMIT = 600  # seconds


def folder() -> Path | None:
    """Where it is, or None."""
    given = os.environ.get("CARILLON_BENCH_PROTOTYPE")
    return Path(given) if given else None


def embedded(source: Path, count: int) -> float:
    """Deliveries a second in one process, as it prints them."""
    return _run(source, r"END lite2 ([\d,]+)/s", {}, "lite2.py", "lite.db", str(count))


def servers(source: Path, count: int) -> float:
    """The same of its two processes on the engines of CARILLON_BENCH_*_URL. Its cache is emptied: nothing else may need it."""
    return _on_engines(source, count, r"END ([\d,]+)/s")


def decide(source: Path, count: int) -> float:
    """Microseconds of CPU of its decide for an event, while both of its processes run."""
    return _on_engines(source, count, r"^decide .* cpu (\d+) us")


def _on_engines(source: Path, count: int, figure: str) -> float:
    name = f"prototype_{uuid.uuid4().hex[:12]}"
    base = os.environ["CARILLON_BENCH_DATABASE_URL"]
    with psycopg.connect(base, autocommit=True) as db:
        db.execute(f'create database "{name}"')
    log, cache = (urlsplit(os.environ[f"CARILLON_BENCH_{engine}_URL"]) for engine in ("LOG", "CACHE"))
    with tempfile.NamedTemporaryFile("w", prefix="carillon-bench-") as told:  # it asks for a file that holds the pid
        told.write(f"{stand.engines()['postgres']}\n")
        told.flush()
        env = {
            "PL2_PG": urlunsplit(urlsplit(base)._replace(path=f"/{name}")), "BOOTSTRAP": log.netloc, "REDIS_PORT": str(cache.port), "PG_PIDFILE": told.name,
        }  # fmt: skip
        try:
            return _run(source, figure, env, "run.py", str(count))
        finally:
            stand.drop(name)


def _run(source: Path, figure: str, env: dict[str, str], *arguments: str) -> float:
    with tempfile.TemporaryDirectory(prefix="carillon-bench-") as made:
        copy = Path(made) / "prototype"
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
        copy.chmod(0o700)
        _mail_only(copy / "common.py")
        _to_the_end(copy / "run.py")
        with _sinks(copy) as ports:
            env = os.environ | env | {f"{name.upper()}_PORT": str(port) for name, port in ports.items()}
            done = subprocess.run([sys.executable, *arguments], cwd=copy, env=env, capture_output=True, text=True, check=False, timeout=LIMIT)
        found = re.search(figure, done.stdout, re.MULTILINE)
        if found is None or done.returncode:  # it looks whether all was sent, after it said how fast
            raise RuntimeError(f"The prototype did not come to its end: {(done.stdout + done.stderr)[-1000:]}")
        return float(found[1].replace(",", ""))


def _mail_only(common: Path) -> None:
    """Its events are mail and push in turn; ours are mail, which costs more."""
    text = common.read_text()
    changed = re.sub(r"channels=\[EMAIL if [^\]]+\]", "channels=[EMAIL]", text)
    if changed == text:
        raise RuntimeError("The prototype is another one than this comparison was written for: its events name their channels elsewhere.")
    common.chmod(0o600)
    common.write_text(changed)


def _to_the_end(runner: Path) -> None:
    """On servers it stops after a minute and divides all it was given by that, sent or not."""
    text = runner.read_text()
    changed = text.replace("time.time() + 60", f"time.time() + {LIMIT}")
    if changed == text:
        raise RuntimeError("The prototype is another one than this comparison was written for: it stops otherwise.")
    runner.chmod(0o600)
    runner.write_text(changed)


@contextmanager
def _sinks(copy: Path) -> Iterator[dict[str, int]]:
    ports = {name: _free_port() for name in SINKS}
    processes = [subprocess.Popen([sys.executable, "sinks.py", name, str(port)], cwd=copy) for name, port in ports.items()]
    try:
        for port in ports.values():
            _wait_for(port)
        yield ports
    finally:
        for process in processes:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    raise RuntimeError("A sink of the prototype did not open.")
