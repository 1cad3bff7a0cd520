"""The cache of one process: a dictionary with times to live by the clock, and bounds that drop the longest unused first."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from backend.cache.port import Cache, check_bucket
from backend.clock import Clock

ENTRIES = 200_000  # at most
BYTES = 256 * 1024 * 1024  # of keys and values, with OVERHEAD for each entry
OVERHEAD = 200  # bytes that Python takes for an entry beside its key and value, about

VALUE, CLAIM, BUCKET, PLACES = range(4)  # kinds never meet, even under the same key


class _Entry:
    """`data` is a value (None: a floor, only the revision is left), an owner, a moment or the places of a cap."""

    __slots__ = ("data", "expires", "revision", "size")

    def __init__(self, data: bytes | float | dict[bytes, float] | None, expires: float, revision: int, size: int) -> None:
        self.data, self.expires, self.revision, self.size = data, expires, revision, size


class MemoryCache(Cache):
    """The cache port in this process. Never away; lost with the process, which is what a cache may be."""

    def __init__(self, clock: Clock, entries: int = ENTRIES, size: int = BYTES) -> None:
        self._clock, self._most, self._most_bytes = clock, entries, size
        self._entries: OrderedDict[tuple[int, bytes], _Entry] = OrderedDict()
        self._bytes = 0

    async def start(self) -> None:
        """Nothing to connect."""

    async def close(self) -> None:
        self._entries.clear()
        self._bytes = 0

    def _get(self, kind: int, key: bytes) -> _Entry | None:
        entry = self._entries.get((kind, key))
        if entry is None:
            return None
        if entry.expires <= self._clock.now():
            self._remove(kind, key)
            return None
        self._entries.move_to_end((kind, key))
        return entry

    def _put(
        self, kind: int, key: bytes, data: bytes | float | dict[bytes, float] | None, expires: float, revision: int = 0, size: int = 0
    ) -> None:
        self._remove(kind, key)
        entry = _Entry(data, expires, revision, size + len(key) + OVERHEAD)
        self._entries[kind, key] = entry
        self._bytes += entry.size
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.size

    def _remove(self, kind: int, key: bytes) -> None:
        if entry := self._entries.pop((kind, key), None):
            self._bytes -= entry.size

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        found = [self._get(VALUE, key) for key in keys]
        return [entry.data if entry and isinstance(entry.data, bytes) else None for entry in found]

    async def put_many(self, items: Mapping[bytes, bytes], ttl: float) -> None:
        expires = self._clock.now() + ttl
        for key, value in items.items():
            self._put(VALUE, key, value, expires, size=len(value))

    async def put_newer(self, items: Mapping[bytes, tuple[int, bytes]], ttl: float) -> None:
        expires = self._clock.now() + ttl
        for key, (revision, value) in items.items():
            held = self._get(VALUE, key)
            if held is None or held.revision <= revision:
                self._put(VALUE, key, value, expires, revision, len(value))

    async def drop(self, keys: Sequence[bytes]) -> None:
        for key in keys:
            held = self._get(VALUE, key)
            if held and held.revision:
                self._put(VALUE, key, None, held.expires, held.revision)
            else:
                self._remove(VALUE, key)

    async def claim(self, key: bytes, owner: bytes, ttl: float) -> bytes:
        held = self._get(CLAIM, key)
        if held and isinstance(held.data, bytes):
            return held.data
        self._put(CLAIM, key, owner, self._clock.now() + ttl, size=len(owner))
        return owner

    async def claim_many(self, owners: Mapping[bytes, bytes], ttl: float) -> dict[bytes, bytes]:
        return {key: await self.claim(key, owner, ttl) for key, owner in owners.items()}

    async def release(self, key: bytes, owner: bytes) -> None:
        held = self._get(CLAIM, key)
        if held and held.data == owner:
            self._remove(CLAIM, key)

    async def take(self, key: bytes, limit: int, window: float, now: float, cost: int = 1) -> float:
        check_bucket(limit, window, cost)
        held = self._get(BUCKET, key)
        full = max(held.data, now) if held and isinstance(held.data, float) else now
        if full > now + 2 * window:  # written before the clock was set back by more: nobody is refused until it has caught up
            full = now
        full += cost * window / limit  # GCRA: the moment at which the bucket would be full again
        if (late := full - now - window) > 1e-6:
            return late
        self._put(BUCKET, key, full, self._clock.now() + max(2 * window, 60.0))
        return 0.0

    async def reserve(self, key: bytes, member: bytes, limit: int, window: float, now: float) -> bool:
        held = self._get(PLACES, key)
        places = held.data if held and isinstance(held.data, dict) else {}
        places = {name: at for name, at in places.items() if at > now - window}
        granted = member in places or len(places) < limit
        if granted:
            places.setdefault(member, now)
        self._put(PLACES, key, places, self._clock.now() + window + 60.0, size=sum(len(name) + 80 for name in places))
        return granted

    async def reachable(self) -> None:
        """A dictionary always answers."""
