"""How Twilio's own client reaches the network: one pool of connections of this process, with bounds, and every answer with its headers.

The library's own async client for HTTP has no time limit unless each call names one, drops the headers of an error and keeps the last request
(with its password) for its tests; so we give the library this one. It says who may be blamed: `NotSent` is safe to repeat, `Unsure` is not.
"""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

LARGEST = 1 << 20  # bytes of an answer; a page of fifty messages has some 50,000
IDLE = 10.0  # seconds after which an open connection is not used again: one that the other side closes just then leaves us unsure


class NotSent(Exception):
    """There was no connection: nobody outside has seen the request."""


class Unsure(Exception):
    """The request left, or part of it, and no answer came."""


class Turned(Exception):
    """Twilio answered, and not with success."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers

    @property
    def retry_after(self) -> float | None:
        """Seconds, when they are named (RFC 9110 10.2.3; Twilio names seconds)."""
        said = self.headers.get("Retry-After", "")
        return float(said) if said.isascii() and said.isdigit() and len(said) < 7 else None


class Wire(AsyncHttpClient):  # type: ignore[misc]  # the library has no types
    """For one event loop; made while it runs."""

    def __init__(self, *, connect: float, answer: float) -> None:
        super().__init__(logging.getLogger("carillon.channels"), True, None)
        # how many are open at once is bounded by whoever sends; each has a connection
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE, ttl_dns_cache=60)
        timeout = aiohttp.ClientTimeout(total=connect + answer, connect=connect)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=True)

    async def request(
        self, method: str, url: str, params: Mapping[str, object] | None = None, data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None, timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        allow_redirects: bool = False,
    ) -> Response:  # fmt: skip
        """Raises `NotSent`, `Unsure`, `Turned`. Follows no redirect: what we send has a password in it."""
        sent = dict(headers or {})
        if auth:
            sent["Authorization"] = "Basic " + b64encode(f"{auth[0]}:{auth[1]}".encode()).decode()
        body = urlencode(data, doseq=True).encode() if data else None
        try:
            async with self._session.request(
                method, url, params=[(name, str(value)) for name, value in (params or {}).items()], data=body, headers=sent, allow_redirects=False
            ) as answer:
                read = await answer.content.read(LARGEST)
                while not answer.content.at_eof():
                    more = await answer.content.read(LARGEST)
                    if len(read) + len(more) > LARGEST:
                        raise Unsure("The answer has no end.")
                    read += more
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(str(error)) from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            raise Unsure(f"{type(error).__name__} {error}".strip()) from None
        if not 200 <= answer.status < 300:
            raise Turned(answer.status, read, answer.headers)
        return Response(answer.status, read.decode("utf-8", "replace"), answer.headers)

    async def close(self) -> None:
        """Drop the connections."""
        await self._session.close()
