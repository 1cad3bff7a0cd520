"""The cache in Redis 6.2 or later (or Valkey): every call is one trip, every decision one Lua script by its hash.

On the wire a value is its revision as eight bytes, a byte that tells a value from a floor, and the value; kinds differ by the
end of the key. Scripts touch the keys of one call only; a single server or a replicated one is meant, not a sharded cluster.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from backend.cache.port import Cache, check_bucket
from backend.domain.errors import CacheUnavailable

Answer = TypeVar("Answer")
Argument = bytes | str | int

PATIENCE = 1.5  # seconds from a call to `CacheUnavailable`
CONNECTIONS = 32  # of this process; further callers wait for one
TRIP = 1_000  # keys of one script: about a millisecond in which Redis does nothing else
HEAD = 9  # bytes before a value: revision, and 1 for a value or 0 for a floor
CLAIM, BUCKET, PLACES = b":claim", b":bucket", b":places"

PUT = "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1]) end"

# revisions stand big-endian in front, so the order of bytes is the order of numbers
PUT_NEWER = """
for i, key in ipairs(KEYS) do
  local held = redis.call('GETRANGE', key, 0, 7)
  if #held < 8 or held <= string.sub(ARGV[i + 1], 1, 8) then redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1]) end
end"""

DROP = r"""
for _, key in ipairs(KEYS) do
  local revision = redis.call('GETRANGE', key, 0, 7)
  if #revision < 8 or revision == string.rep('\0', 8) then redis.call('DEL', key)
  else redis.call('SET', key, revision .. '\0', 'KEEPTTL') end
end"""

CLAIM_IT = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end
return redis.call('GET', KEYS[1])"""

CLAIM_MANY = """
local held = {}
for i, key in ipairs(KEYS) do
  held[i] = redis.call('SET', key, ARGV[i + 1], 'NX', 'PX', ARGV[1]) and ARGV[i + 1] or redis.call('GET', key)
end
return held"""

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"

# now, seconds that the cost takes, window, time to live; Lua would round a moment to seconds when it becomes text
TAKE = """
local now, window = tonumber(ARGV[1]), tonumber(ARGV[3])
local held = math.max(tonumber(redis.call('GET', KEYS[1]) or ARGV[1]), now)
if held > now + 2 * window then held = now end
local full = held + tonumber(ARGV[2])
local late = full - now - window
if late > 0.000001 then return string.format('%.6f', late) end
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', ARGV[4])
return '0'"""

# now, window, limit, member, time to live
RESERVE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', tonumber(ARGV[1]) - tonumber(ARGV[2])))
if redis.call('ZSCORE', KEYS[1], ARGV[4]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1"""


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


def _framed(revision: int, value: bytes) -> bytes:
    return revision.to_bytes(8, "big") + b"\1" + value


class RedisCache(Cache):
    """The cache port on one Redis database. `prefix` stands before every key, so that several can share a database."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self._prefix = prefix.encode()
        pool: redis.BlockingConnectionPool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=PATIENCE,
            socket_connect_timeout=PATIENCE / 2,
            socket_timeout=PATIENCE / 2,
            retry=Retry(NoBackoff(), 1),  # a connection that died while it lay in the pool is replaced once
            health_check_interval=0,
        )
        self._redis = redis.Redis(connection_pool=pool)
        where = pool.connection_kwargs
        self._where = str(where.get("path") or f"{where.get('host', 'localhost')}:{where.get('port', 6379)}")
        scripts = (PUT, PUT_NEWER, DROP, CLAIM_IT, CLAIM_MANY, RELEASE, TAKE, RESERVE)
        self._put, self._put_newer, self._drop, self._claim, self._claim_many, self._release, self._take, self._reserve = map(
            self._redis.register_script, scripts
        )

    async def start(self) -> None:
        await self.reachable()

    async def close(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _ask(self, question: Awaitable[Answer]) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                return await question
        except (RedisError, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise CacheUnavailable(
                f"Redis at {self._where} does not answer ({reason}). Start it, or correct CARILLON_CACHE_URL."
            ) from error

    def _keys(self, keys: Sequence[bytes], kind: bytes = b"") -> list[bytes]:
        return [self._prefix + key + kind for key in keys]

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        if not keys:
            return []
        found: list[bytes | None] = await self._ask(self._redis.mget(self._keys(keys)))
        return [framed[HEAD:] if framed and framed[8:HEAD] == b"\1" else None for framed in found]

    async def put_many(self, items: Mapping[bytes, bytes], ttl: float) -> None:
        await self._write(self._put, {key: _framed(0, value) for key, value in items.items()}, ttl)

    async def put_newer(self, items: Mapping[bytes, tuple[int, bytes]], ttl: float) -> None:
        await self._write(self._put_newer, {key: _framed(*item) for key, item in items.items()}, ttl)

    async def _write(self, script: Any, framed: Mapping[bytes, bytes], ttl: float) -> None:
        items = list(framed.items())
        for start in range(0, len(items), TRIP):
            part = items[start : start + TRIP]
            keys = self._keys([key for key, _ in part])
            await self._ask(script(keys=keys, args=[_milliseconds(ttl), *(value for _, value in part)]))

    async def drop(self, keys: Sequence[bytes]) -> None:
        for start in range(0, len(keys), TRIP):
            await self._ask(self._drop(keys=self._keys(keys[start : start + TRIP])))

    async def claim(self, key: bytes, owner: bytes, ttl: float) -> bytes:
        holder: bytes = await self._ask(self._claim(keys=self._keys([key], CLAIM), args=[owner, _milliseconds(ttl)]))
        return holder

    async def claim_many(self, owners: Mapping[bytes, bytes], ttl: float) -> dict[bytes, bytes]:
        held: dict[bytes, bytes] = {}
        items = list(owners.items())
        for start in range(0, len(items), TRIP):
            part = items[start : start + TRIP]
            args: list[Argument] = [_milliseconds(ttl), *(owner for _, owner in part)]
            holders: list[bytes] = await self._ask(self._claim_many(keys=self._keys([key for key, _ in part], CLAIM), args=args))
            held.update(zip((key for key, _ in part), holders, strict=True))
        return held

    async def release(self, key: bytes, owner: bytes) -> None:
        await self._ask(self._release(keys=self._keys([key], CLAIM), args=[owner]))

    async def take(self, key: bytes, limit: int, window: float, now: float, cost: int = 1) -> float:
        check_bucket(limit, window, cost)
        keep = _milliseconds(max(2 * window, 60.0))
        args: list[Argument] = [f"{now:.6f}", f"{cost * window / limit:.9f}", f"{window:.6f}", keep]
        return float(await self._ask(self._take(keys=self._keys([key], BUCKET), args=args)))

    async def reserve(self, key: bytes, member: bytes, limit: int, window: float, now: float) -> bool:
        args: list[Argument] = [f"{now:.6f}", f"{window:.6f}", limit, member, _milliseconds(window + 60.0)]
        return bool(await self._ask(self._reserve(keys=self._keys([key], PLACES), args=args)))

    async def reachable(self) -> None:
        await self._ask(self._redis.ping())  # type: ignore[arg-type]  # declared for both kinds of client
