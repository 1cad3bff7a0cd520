"""Fixtures of every room: the real engines, asked for by name and started only when a test needs them.

`engines` (all three URLs), `postgres_url` (the server's default database, read only by habit), `fresh_postgres_url`
(an empty database for one test), `class_postgres_url` (one for a class), `kafka_url`, `kafka_bootstrap`, `redis_url`
(an empty Redis database for one test).
"""

import asyncio
import contextlib
import gc
import io
import os
import signal
from collections.abc import Iterator
from types import AsyncGeneratorType, FrameType

import pytest
from hypothesis import HealthCheck, settings

from tests import engines as real

pytest.register_assert_rewrite("tests.line.lives", "tests.line.houses")  # or the asserts in what several rooms share say nothing

# how long an example takes says more about the machine than about the code
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# a developer's `. .engines/env` must not decide what the code under test connects to
for name in [n for n in os.environ if n.startswith("CARILLON_") and not n.startswith("CARILLON_TEST_")]:
    del os.environ[name]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the engines before the first test that needs them: a first download may take longer than any test is given."""
    if not session.config.option.collectonly and any("engines" in getattr(item, "fixturenames", ()) for item in session.items):
        with contextlib.suppress(real.EnginesMissing):  # each test that needs them says so itself
            real.engines()


@pytest.hookimpl(hookwrapper=True)
def pytest_timeout_set_timer(item: pytest.Item) -> Iterator[None]:
    """Say of a test that is stopped for taking too long where each of its tasks stands: no thread's stack shows it."""
    yield
    stop = signal.getsignal(signal.SIGALRM)

    def told(number: int, frame: FrameType | None) -> None:
        item.add_report_section("call", "tasks that still wait", _what_waits())
        if callable(stop):
            stop(number, frame)

    if callable(stop):
        signal.signal(signal.SIGALRM, told)


def _what_waits() -> str:
    told = io.StringIO()
    for one in gc.get_objects():  # by its type: a lazy object of a library answers isinstance with an error
        if issubclass(type(one), asyncio.Task) and not one.done():
            one.print_stack(file=told)
        elif issubclass(type(one), AsyncGeneratorType) and one.ag_await is not None:  # a fixture on its way out: its task does not show it
            inner = one.ag_await
            while inner is not None:
                told.write(f"{one.__qualname__}: {getattr(inner, 'cr_frame', None) or inner}\n")
                inner = getattr(inner, "cr_await", None)
    return told.getvalue()


@pytest.fixture(scope="session")
def engines() -> real.Engines:
    """URLs of the real PostgreSQL, Kafka and Redis: `.database`, `.log`, `.cache`."""
    return real.engines()


@pytest.fixture(scope="session")
def postgres_url(engines: real.Engines) -> str:
    """`postgresql://user:password@host:port/name` of the server; make no tables in it, use the fresh ones."""
    return engines.database


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> Iterator[str]:
    """An empty database for one test, dropped after it."""
    with real.database(postgres_url) as url:
        yield url


@pytest.fixture(scope="class")
def class_postgres_url(postgres_url: str) -> Iterator[str]:
    """An empty database for the tests of one class, dropped after them."""
    with real.database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def kafka_url(engines: real.Engines) -> str:
    """`kafka://host:port[,host:port]`, as CARILLON_LOG_URL wants it."""
    return engines.log


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_url: str) -> str:
    """`host:port[,host:port]`, as Kafka's clients want it. Topics are shared by all: use names or groups of your own."""
    return real.bootstrap(kafka_url)


@pytest.fixture(scope="session")
def _redis_database(engines: real.Engines) -> Iterator[str]:
    with real.numbered_redis(engines.cache) as url:
        yield url


@pytest.fixture
def redis_url(_redis_database: str) -> Iterator[str]:
    """`redis://host:port/N` of a database that is empty before and after the test."""
    real.empty(_redis_database)
    yield _redis_database
    real.empty(_redis_database)
