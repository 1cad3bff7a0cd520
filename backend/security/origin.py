"""Cookies go along with every request a browser makes, whoever's page asked for it: so a cookie counts only on our own pages' requests.

Fetch metadata decides where the browser sends it (all current ones do), else the Origin header. A request with a cookie and
with neither is refused unless it only reads. A bearer token needs none of this: no foreign page can send one unasked.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from backend.domain.errors import OriginForeign

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def check_origin(method: str, headers: Mapping[str, str], base_url: str, *, socket: bool = False) -> None:
    """Raise `OriginForeign` unless a request with a session's cookie comes from our own page. `socket`: a WebSocket's handshake,
    which is a GET that acts. `headers` by lower-case name."""
    reads = method.upper() in SAFE and not socket
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    if site is not None:
        if site == "same-origin" or (reads and site == "none"):  # none: typed, or a bookmark
            return
        raise OriginForeign(origin=origin or "", site=site)
    if origin is not None:
        if same_origin(origin, base_url, headers.get("host", "")):
            return
        raise OriginForeign(origin=origin)
    if not reads:
        raise OriginForeign


def same_origin(origin: str, base_url: str, host: str) -> bool:
    """True for BASE_URL's own origin, and for the host the request was sent to (a machine is often called by several names)."""
    asked = urlsplit(origin)
    own = urlsplit(base_url)
    if (asked.scheme, asked.netloc) == (own.scheme, own.netloc):
        return True
    return asked.scheme in ("http", "https") and bool(host) and asked.netloc == host
