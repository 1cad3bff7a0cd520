"""The directory of a set of engines: its ports, secrets and processes, kept in `state.json` under a lock."""

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carillon.engines.processes import Process

PORTS = range(20000, 32000)  # below the range from which Linux and macOS take ports for outgoing connections
SPAN = 10  # ports of one set: PostgreSQL, Redis, three brokers, three controllers, two spare


class EngineError(Exception):
    """An engine cannot be had or started; the text says which, why, and what to do."""


class Home:
    """One set of engines. `path` is traversable by others (PostgreSQL may run as another user), its files are not readable.

    `ports` are chosen free at first and kept. `processes` are what we started, by name; nothing else is ever signalled.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.brokers = 1
        self.base = 0
        self.password = ""
        self.secret_key = ""
        self.processes: dict[str, Process] = {}
        self._state = self.path / "state.json"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory against other `up` and `down`; the operating system frees it when we die."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711)
        with (self.path / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._load()
            yield

    def choose(self, brokers: int | None, base: int | None) -> None:
        """Settle ports and number of brokers: the kept ones, or new ones for a new directory."""
        if self.base:
            for asked, kept, option in ((brokers, self.brokers, "brokers"), (base, self.base, "base-port")):
                if asked is not None and asked != kept:
                    raise EngineError(
                        f"The engines in {self.path} were made with --{option} {kept}, not {asked}: Kafka keeps both in its data. "
                        f"Use another --home, or remove this one first (`down`, then delete the directory)."
                    )
            return
        self.brokers = brokers or 1
        self.base = base or _free_block()
        self.password = secrets.token_urlsafe(24)
        self.secret_key = secrets.token_urlsafe(48)
        self.save()

    def save(self) -> None:
        """Write the state, whole or not at all, readable by its owner alone."""
        content = {
            "base": self.base,
            "brokers": self.brokers,
            "password": self.password,
            "secret_key": self.secret_key,
            "processes": {name: process.as_json() for name, process in self.processes.items()},
        }
        private(self._state, json.dumps(content, indent=1))

    def _load(self) -> None:
        if not self._state.exists():
            return
        content: dict[str, Any] = json.loads(self._state.read_text())
        self.base, self.brokers = content["base"], content["brokers"]
        self.password, self.secret_key = content["password"], content["secret_key"]
        self.processes = {name: Process(**fields) for name, fields in content["processes"].items()}

    def running(self, name: str) -> bool:
        """Whether the process we started under this name still is that process."""
        return name in self.processes and self.processes[name].alive()

    @property
    def postgres_port(self) -> int:
        return self.base

    @property
    def redis_port(self) -> int:
        return self.base + 1

    def broker_port(self, node: int) -> int:
        """Port for clients of broker `node` (1 to 3)."""
        return self.base + 1 + node

    def controller_port(self, node: int) -> int:
        """Port on which the controllers of the brokers talk to each other."""
        return self.base + 4 + node

    @property
    def urls(self) -> dict[str, str]:
        """What `carillon` is told, by variable name."""
        brokers = ",".join(f"127.0.0.1:{self.broker_port(node)}" for node in range(1, self.brokers + 1))
        return {
            "CARILLON_DATABASE_URL": f"postgresql://carillon:{self.password}@127.0.0.1:{self.postgres_port}/carillon",
            "CARILLON_LOG_URL": f"kafka://{brokers}",
            "CARILLON_CACHE_URL": f"redis://127.0.0.1:{self.redis_port}/0",
        }

    def place(self, name: str, user: pwd.struct_passwd | None) -> Path:
        """A data directory for an engine; outside the home when `user` cannot reach into it (a checkout below /root)."""
        if user is None:
            place = self.path / name
            place.mkdir(mode=0o700, exist_ok=True)
            return place
        parent = self.path if _reaches(user, self.path) else self.elsewhere
        parent.mkdir(mode=0o711, exist_ok=True)
        if parent.stat().st_uid != os.geteuid():  # /var/tmp belongs to everyone: do not build on what others laid there
            raise EngineError(f"{parent} belongs to another user. Remove it, or choose another --home.")
        place = parent / name
        place.mkdir(mode=0o700, exist_ok=True)
        os.chown(place, user.pw_uid, user.pw_gid)
        return place

    @property
    def elsewhere(self) -> Path:
        """Where data goes that cannot lie in the home."""
        return Path("/var/tmp") / f"carillon-{hashlib.sha256(str(self.path).encode()).hexdigest()[:12]}"  # noqa: S108 - owner is checked

    def remove(self) -> None:
        """Delete the directory and its data."""
        for path in (self.path, self.elsewhere):
            shutil.rmtree(path, ignore_errors=True)


def private(path: Path, content: str) -> None:
    """Replace a file by one that only its owner can read."""
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(content)
    part.replace(path)


def unprivileged() -> pwd.struct_passwd | None:
    """The user that servers run as when we are root (PostgreSQL refuses root); None: as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EngineError("PostgreSQL does not run as root, and this system has neither a user `postgres` nor `nobody`. Run as a normal user.")


def identity(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments for starting a program as `user`; none: as ourselves."""
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def port_is_free(port: int) -> bool:
    """Whether nothing listens on this port of the loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_block() -> int:
    start = secrets.choice(range(PORTS.start, PORTS.stop, SPAN))
    for offset in range(0, len(PORTS), SPAN):
        base = PORTS.start + (start - PORTS.start + offset) % len(PORTS)
        if all(port_is_free(port) for port in range(base, base + SPAN)):
            return base
    raise EngineError(f"No {SPAN} free ports in a row between {PORTS.start} and {PORTS.stop} on 127.0.0.1. Choose some with --base-port.")


def _reaches(user: pwd.struct_passwd, path: Path) -> bool:
    seen = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(path)],
        cwd="/",
        stderr=subprocess.DEVNULL,
        check=False,
        **identity(user),
    )
    return seen.returncode == 0
