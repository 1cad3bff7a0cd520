"""From CARILLON_CACHE_URL to a cache: `memory:` or `redis[s]://[user:password@]host:port/number[?prefix=x.]`."""

import re
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from backend.cache.memory import MemoryCache
from backend.cache.port import Cache
from backend.cache.redis import RedisCache
from backend.clock import Clock
from backend.domain.errors import Invalid

HOW = "Use memory: or redis://host:port/number."


def _server(parts: SplitResult) -> bool:
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # not a port
        return False


def open_cache(url: str, clock: Clock) -> Cache:
    """The cache that `url` names, not yet started. Errors: `Invalid`, which never repeats the URL: it may hold a password."""
    scheme, _, rest = url.partition(":")
    if scheme == "memory":
        if rest:
            raise Invalid(f"CARILLON_CACHE_URL takes nothing behind memory:. {HOW}")
        return MemoryCache(clock)
    if scheme not in ("redis", "rediss"):
        raise Invalid(f"CARILLON_CACHE_URL begins with {scheme!r}. {HOW}")
    parts = urlsplit(url)
    if not _server(parts) or not re.fullmatch(r"/?|/[0-9]{1,5}", parts.path):
        raise Invalid(f"CARILLON_CACHE_URL names no Redis server and database that can be understood. {HOW}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    prefix = options.pop("prefix", "")
    if options:
        raise Invalid(f"CARILLON_CACHE_URL has unknown options: {', '.join(sorted(options))}. Known is prefix.")
    if not re.fullmatch(r"[A-Za-z0-9._:-]{0,64}", prefix):
        raise Invalid("The prefix in CARILLON_CACHE_URL may hold letters, digits, dots, dashes, colons and underscores, 64 at most.")
    return RedisCache(urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), prefix)
