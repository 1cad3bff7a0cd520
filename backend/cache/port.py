"""The cache port: shared facts that may vanish at any moment without harm. Engines: `memory` and `redis`.

Everything in it can be made again from the store; nobody may rely on a key being there. Keys are bytes and begin with
the Redis hash tag `{bucket}`, so that all keys of a person share a cluster slot. Times to live are in seconds.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Cache(Protocol):
    """See the module's docstring. Errors: `CacheUnavailable` when the engine is away."""

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """One trip; the values in order, None where absent or expired."""
        ...

    async def put_many(self, items: Mapping[bytes, bytes], ttl: float) -> None:
        """One trip; overwrite, and forget a revision."""
        ...

    async def put_newer(self, items: Mapping[bytes, tuple[int, bytes]], ttl: float) -> None:
        """One trip; write each (revision, value) unless the key holds a higher revision. Values are read back without it."""
        ...

    async def drop(self, keys: Sequence[bytes]) -> None:
        """Forget values; a revision written by `put_newer` is kept as a floor until its time to live ends."""
        ...

    async def claim(self, key: bytes, owner: bytes, ttl: float) -> bytes:
        """First come, first served: the owner that holds the key after the call (ours, or the earlier one)."""
        ...

    async def claim_many(self, owners: Mapping[bytes, bytes], ttl: float) -> dict[bytes, bytes]:
        """`claim` for many keys in one trip: key -> the owner that holds it after the call."""
        ...

    async def release(self, key: bytes, owner: bytes) -> None:
        """Give a claim back if it is still ours."""
        ...

    async def take(self, key: bytes, limit: int, window: float, now: float, cost: int = 1) -> float:
        """Token bucket of `limit` per `window` seconds: 0.0 when `cost` was taken, else seconds until it could be.

        A bucket from before the clock was set back, by more than a window, begins anew.
        `ValueError` when `limit`, `window` or `cost` is not positive, or `cost` is above `limit`: it could never be taken.
        """
        ...

    async def reserve(self, key: bytes, member: bytes, limit: int, window: float, now: float) -> bool:
        """Sliding cap: True when `member` holds one of `limit` places of the last `window` seconds; a repeat is free."""
        ...

    async def reachable(self) -> None:
        """Return when the engine answers now, else raise `CacheUnavailable`."""
        ...


def check_bucket(limit: int, window: float, cost: int) -> None:
    """What every engine's `take` refuses."""
    if limit <= 0 or window <= 0 or not 0 < cost <= limit:
        raise ValueError(f"A bucket of {limit} per {window} seconds cannot give {cost}.")
