"""Where the tests find PostgreSQL, Kafka and Redis: by URL from the environment, or started once in `.engines`.

`make test` starts its own and gives their URLs; a plain `pytest` uses those of `make engines`, starting them when a
test asks for the first time. No engine, no skip: what is missing and how to give it by URL is the error.
"""

import atexit
import contextlib
import functools
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = {
    "database": "CARILLON_TEST_DATABASE_URL",
    "log": "CARILLON_TEST_LOG_URL",
    "cache": "CARILLON_TEST_CACHE_URL",
}
SERVERS = {"database": "postgres", "log": "kafka", "cache": "redis"}
CLAIMS = "carillon:tests:databases"  # hash in the given Redis database: number -> pid of the run that uses it
STARTING = 300  # seconds; the first start may install packages and download Kafka


class Engines(NamedTuple):
    """URLs of the real engines: `postgresql://...`, `kafka://host:port,...`, `redis://host:port/0`."""

    database: str
    log: str
    cache: str


class EnginesMissing(Exception):
    """The engines for the tests could not be started."""


def engines() -> Engines:
    """The engines of this run; starts what the environment does not give, once, and fails the same way each time."""
    found = _engines()
    if isinstance(found, EnginesMissing):
        raise found
    return found


@functools.cache
def _engines() -> Engines | EnginesMissing:
    given = {kind: os.environ.get(name, "") for kind, name in VARIABLES.items()}
    missing = [kind for kind, url in given.items() if not url]
    try:
        return Engines(**(given | _started(missing) if missing else given))
    except EnginesMissing as error:
        return error


def _started(kinds: list[str]) -> dict[str, str]:
    only = [word for kind in kinds for word in ("--only", SERVERS[kind])]
    command = [sys.executable, "-m", "carillon.engines", "up", "--home", str(ROOT / ".engines"), *only]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=STARTING, check=False)
    if done.returncode:
        ways = ", ".join(VARIABLES.values())
        raise EnginesMissing(f"{done.stderr.strip()}\nGive running ones by URL instead: {ways}.")
    exports = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines() if line.startswith("export "))
    return {kind: exports[f"CARILLON_{kind.upper()}_URL"].strip("'") for kind in kinds}


def bootstrap(log_url: str) -> str:
    """`kafka://a:1,b:2` as the clients want it: `a:1,b:2`."""
    return log_url.removeprefix("kafka://").rstrip("/")


@contextlib.contextmanager
def database(server_url: str, migrated: float | None = None) -> Iterator[str]:
    """A PostgreSQL database of its own, dropped afterwards; its URL. Empty, or with the newest schema as it was `migrated` at a
    second of the clock: a copy of one that was migrated before takes a tenth of the time."""
    name = f"test_{os.getpid()}_{secrets.token_hex(6)}"
    template = "template0" if migrated is None else _template(server_url, migrated)
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'create database "{name}" template "{template}"')
    try:
        yield _named(server_url, name)
    finally:
        _drop(server_url, name)


@functools.cache
def _template(server_url: str, now: float) -> str:
    from backend.clock import HeldClock
    from backend.store.migrate import migrate

    name = f"test_{os.getpid()}_migrated_{int(now)}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'create database "{name}" template template0')
    atexit.register(_drop_if_there, server_url, name)
    migrate(_named(server_url, name), HeldClock(now))
    return name


def _named(server_url: str, name: str) -> str:
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def _drop(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f'drop database if exists "{name}" with (force)')


def _drop_if_there(server_url: str, name: str) -> None:
    with contextlib.suppress(psycopg.OperationalError):  # the server may have ended before us
        _drop(server_url, name)


@contextlib.contextmanager
def numbered_redis(server_url: str) -> Iterator[str]:
    """A Redis database number that no other run uses and that held nothing; emptied afterwards; its URL."""
    with redis.Redis.from_url(server_url) as server:
        number = _claim(server, server_url)
        url = urlunsplit(urlsplit(server_url)._replace(path=f"/{number}"))
        try:
            yield url
        finally:
            empty(url)
            server.hdel(CLAIMS, str(number))


def empty(redis_url: str) -> None:
    """Remove every key of this one database."""
    with redis.Redis.from_url(redis_url) as own:
        own.flushdb()


def _claim(server: redis.Redis, server_url: str) -> int:
    total = int(server.config_get("databases")["databases"])
    mine = int(urlsplit(server_url).path.strip("/") or 0)
    for number in (n for n in range(1, total) if n != mine):
        holder = server.hget(CLAIMS, str(number))
        left_behind = holder is not None and not _alive(int(holder))
        with redis.Redis.from_url(urlunsplit(urlsplit(server_url)._replace(path=f"/{number}"))) as own:
            if left_behind:  # a run that was killed: what is in there is its
                own.flushdb()
                server.hdel(CLAIMS, str(number))
            if own.dbsize() == 0 and server.hsetnx(CLAIMS, str(number), str(os.getpid())):
                return number
    raise EnginesMissing(f"Every database number of the Redis at {server_url} is in use. Give another one in {VARIABLES['cache']}.")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
