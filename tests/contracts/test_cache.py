"""The cache contract on both engines, and what only one of them can show: bounds of memory, a Redis that goes away."""

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backend.cache.memory import OVERHEAD, MemoryCache
from backend.cache.open import open_cache
from backend.cache.port import Cache
from backend.cache.redis import RedisCache
from backend.clock import HeldClock
from backend.domain.errors import CacheUnavailable, Invalid
from tests.contracts.cache_contract import HOUR, NOW, CacheContract


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock(NOW)


class TestMemoryCache(CacheContract):
    @pytest.fixture
    async def cache(self, clock: HeldClock) -> AsyncIterator[Cache]:
        cache = open_cache("memory:", clock)
        await cache.start()
        yield cache
        await cache.close()


class TestRedisCache(CacheContract):
    @pytest.fixture
    async def cache(self, clock: HeldClock, redis_url: str) -> AsyncIterator[Cache]:
        cache = open_cache(f"{redis_url}?prefix=contract.", clock)
        await cache.start()
        yield cache
        await cache.close()


class TestMemoryBounds:
    async def test_the_longest_unused_entry_goes_first(self, clock: HeldClock) -> None:
        cache = MemoryCache(clock, entries=3)
        await cache.put_many({b"a": b"1", b"b": b"2", b"c": b"3"}, HOUR)
        await cache.get_many([b"a"])
        await cache.put_many({b"d": b"4"}, HOUR)
        assert await cache.get_many([b"a", b"b", b"c", b"d"]) == [b"1", None, b"3", b"4"]

    async def test_bytes_are_bounded_whatever_is_overwritten_and_dropped(self, clock: HeldClock) -> None:
        cache = MemoryCache(clock, size=10 * (OVERHEAD + 101))
        for round_ in range(5):
            await cache.put_many({b"%d" % n: bytes([round_]) * 100 for n in range(10)}, HOUR)
            assert None not in await cache.get_many([b"%d" % n for n in range(10)])
            await cache.drop([b"0", b"1"])
        await cache.put_many({b"big": b"x" * 1_000}, HOUR)
        kept = await cache.get_many([b"%d" % n for n in range(2, 10)])
        assert kept[:1] == [None]
        assert kept[-1] is not None


class TestRedisItself:
    async def test_prefixes_keep_two_apart_in_one_database(self, clock: HeldClock, redis_url: str) -> None:
        one, two = open_cache(f"{redis_url}?prefix=one.", clock), open_cache(f"{redis_url}?prefix=two.", clock)
        await one.put_many({b"{1}a": b"1"}, HOUR)
        await one.claim(b"{1}k", b"us", HOUR)
        assert await two.get_many([b"{1}a"]) == [None]
        assert await two.claim(b"{1}k", b"them", HOUR) == b"them"
        await one.close()
        await two.close()


class TestRedisAway:
    """A server of this test's own is killed, frozen and brought back."""

    @pytest.fixture
    def port(self) -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return int(free.getsockname()[1])

    @pytest.fixture
    def server(self, port: int, tmp_path: Path) -> Iterator["Server"]:
        server = Server(port, tmp_path)
        yield server
        server.stop()

    async def test_killed_it_is_said_within_two_seconds_and_the_next_call_after_its_return_works(self, server: "Server", port: int) -> None:
        server.start()
        cache = RedisCache(f"redis://127.0.0.1:{port}/0")
        await cache.start()
        await asyncio.gather(*(cache.put_newer({b"{1}%d" % n: (1, b"one")}, HOUR) for n in range(20)))  # many pooled connections
        server.stop()
        began = time.monotonic()
        with pytest.raises(CacheUnavailable, match=f"127.0.0.1:{port}"):
            await cache.get_many([b"{1}a"])
        with pytest.raises(CacheUnavailable):
            await cache.reachable()
        assert time.monotonic() - began < 12
        server.start()
        await cache.reachable()
        for n in range(40):  # every dead connection of the pool is met; scripts are loaded again
            await cache.put_newer({b"{1}a": (n, b"%d" % n)}, HOUR)
        assert await cache.get_many([b"{1}a"]) == [b"39"]
        await cache.close()

    async def test_frozen_it_is_said_within_two_seconds_and_no_answer_reaches_the_wrong_caller(self, server: "Server", port: int) -> None:
        server.start()
        cache = RedisCache(f"redis://127.0.0.1:{port}/0")
        await cache.put_many({b"{1}%d" % n: b"%d" % n for n in range(30)}, HOUR)
        server.freeze()
        began = time.monotonic()
        answers = await asyncio.gather(*(cache.get_many([b"{1}%d" % n]) for n in range(30)), return_exceptions=True)
        assert all(isinstance(answer, CacheUnavailable) for answer in answers)
        assert time.monotonic() - began < 12
        server.thaw()
        assert await asyncio.gather(*(cache.get_many([b"{1}%d" % n]) for n in range(30))) == [[b"%d" % n] for n in range(30)]
        await cache.close()

    async def test_absent_at_the_start_it_is_said_with_the_address(self, port: int) -> None:
        cache = RedisCache(f"redis://user:secret@127.0.0.1:{port}/0")
        with pytest.raises(CacheUnavailable, match="CARILLON_CACHE_URL") as refusal:
            await cache.start()
        assert "secret" not in refusal.value.detail
        await cache.close()


class Server:
    """A redis-server without persistence."""

    def __init__(self, port: int, home: Path) -> None:
        self._port, self._home = port, home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self._home)]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.PIPE)
        assert self._process.stdout
        for line in self._process.stdout:
            if b"Ready to accept connections" in line:
                return
        raise AssertionError("redis-server ended before it was ready")

    def freeze(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None


@pytest.mark.parametrize(
    "url",
    [
        "", "memcached://x:1", "memory:x", "redis:", "redis://", "redis:///0", "redis://h:port/0", "redis://h:99999/0", "redis://h:0/0",
        "redis://h:1/zero", "redis://h:1/0/1", "redis://h:1/0?prefix=a b", "redis://h:1/0?size=1", "redis://u:hunter2@h:1/x",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_understood_is_refused_without_its_password(url: str, clock: HeldClock) -> None:
    with pytest.raises(Invalid) as refusal:
        open_cache(url, clock)
    assert "CARILLON_CACHE_URL" in refusal.value.detail
    assert "hunter2" not in refusal.value.detail
