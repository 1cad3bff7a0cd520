"""Rate limits: token buckets in the cache, by token or by network address, told in RateLimit headers.

Headers after draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "default";q=100;w=60`, and on a refusal
`RateLimit: "default";r=0;t=seconds` with `Retry-After`. With the cache away nobody is refused: a limit protects the
house, and may not stop it.
"""

import math
from hashlib import blake2b

from msgspec import Struct

from backend.cache.port import Cache
from backend.clock import Clock
from backend.domain.errors import CacheUnavailable, TooManyRequests


class Policy(Struct, frozen=True):
    """`quota` requests within `window` seconds."""

    name: str
    quota: int
    window: int

    def header(self) -> str:
        """The value of RateLimit-Policy."""
        return f'"{self.name}";q={self.quota};w={self.window}'


REQUESTS = Policy("requests", 60_000, 60)  # of one token; an array of 500 events counts once
REFUSED = Policy("refused", 60, 60)  # failed tokens and secrets of one network address
SIGN_IN = Policy("sign-in", 10, 60)  # of one network address, and of one login
LINKS = Policy("links", 240, 60)  # of one network address on the public pages
STREAMS = Policy("streams", 600, 60)  # new sockets of one network address


class Limits:
    """`take` spends; `TooManyRequests` carries `retry_after` (whole seconds) and `policy` for the headers."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache, self._clock = cache, clock

    async def take(self, policy: Policy, who: str, cost: int = 1) -> None:
        """Spend `cost` of `who`'s quota, or raise `TooManyRequests`."""
        name = blake2b(who.encode(), digest_size=12).hexdigest()  # no address or token in the cache
        key = f"{{{name}}}limit:{policy.name}".encode()
        try:
            wait = await self._cache.take(key, policy.quota, policy.window, self._clock.now(), cost)
        except CacheUnavailable:
            return
        if wait > 0:
            raise TooManyRequests(policy=policy.name, quota=policy.quota, window=policy.window, retry_after=max(1, math.ceil(wait)))


def limit_headers(refused: TooManyRequests) -> dict[str, str]:
    """The headers of a 429."""
    facts = refused.facts
    wait = facts.get("retry_after", 1)
    headers = {"Retry-After": str(wait)}
    if "policy" in facts:
        headers["RateLimit-Policy"] = Policy(facts["policy"], facts["quota"], facts["window"]).header()
        headers["RateLimit"] = f'"{facts["policy"]}";r=0;t={wait}'
    return headers
