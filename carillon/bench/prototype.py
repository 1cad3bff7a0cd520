"""The experiment that the line is compared with, when its folder is given in CARILLON_BENCH_PROTOTYPE: `lite2.py` with its own sinks."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket

SINKS = ("smtp", "http")


def folder() -> Path | None:
    """Where it is, or None."""
    given = os.environ.get("CARILLON_BENCH_PROTOTYPE")
    return Path(given) if given else None


def run(source: Path, count: int) -> float:
    """Deliveries a second, as it prints them."""
    with tempfile.TemporaryDirectory(prefix="carillon-bench-") as made:
        copy = Path(made) / "prototype"
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
        copy.chmod(0o700)
        with _sinks(copy) as ports:
            env = os.environ | {f"{name.upper()}_PORT": str(port) for name, port in ports.items()}
            command = [sys.executable, "lite2.py", "lite.db", str(count)]
            done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, check=False, timeout=300)
        found = re.search(r"END lite2 ([\d,]+)/s", done.stdout)
        if found is None:
            raise RuntimeError(f"The prototype said no figure: {(done.stdout + done.stderr)[-1000:]}")
        return float(found[1].replace(",", ""))


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
