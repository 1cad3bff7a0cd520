"""Connections to Apple: as many as are allowed, opened when there is something to send; what one gives back goes out on another.

A server that cannot be reached answers everything that waits with temporary, and is tried again after a pause that grows.
"""

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Collection

from backend.channels.apns_link import Ask, Link
from backend.channels.base import Answer
from backend.channels.inorder import CLOSING
from backend.channels.push import words

CONNECT = 10.0  # seconds for connection, TLS and settings
PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0)  # seconds after so many failures in a row, less up to a quarter
MOVES = 5  # connections that may give one request back before it waits for its retry
BATCH = 32  # requests written at once


class Unreachable(Exception):
    """There is no connection now; `answer` says what becomes of an attempt."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.answer = Answer("temporary", code, why)


class Pool:
    """Of one host. Every `Ask` is answered once."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, *, most: int, patience: float, connect: float = CONNECT) -> None:
        self._host, self._port, self._context, self._most, self._patience, self._connect = host, port, context, most, patience, connect
        self._waiting: deque[Ask] = deque()
        self._links: list[Link] = []
        self._leaving: set[Link] = set()
        self._opening: asyncio.Task[None] | None = None
        self._failed = 0
        self._closed = False

    def put(self, ask: Ask) -> None:
        """Send it as soon as there is room."""
        if self._closed:
            ask.done(CLOSING)
            return
        ask.begun = asyncio.get_running_loop().time()
        self._waiting.append(ask)
        self._pump()

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """Answer so those of these that were not begun."""
        back = [ask for ask in self._waiting if ask.delivery in deliveries]
        if back:
            self._waiting = deque(ask for ask in self._waiting if ask.delivery not in deliveries)
        for ask in back:
            ask.done(answer)

    async def close(self, patience: float) -> None:
        """Answer what waits, wait so many seconds for what is open."""
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        self._answer_all(CLOSING)
        links = [*self._links, *self._leaving]
        for link in links:
            link.quit()
        if links:
            await asyncio.wait([link.closed for link in links], timeout=patience)
        for link in links:
            link.abort("Carillon stopped before Apple answered.")
        if links:
            await asyncio.wait([link.closed for link in links], timeout=1.0)

    async def opened(self) -> Link:
        """A connection that is ready. Raises `Unreachable`."""
        where = f"{self._host}:{self._port}"
        link = Link(self._pump, self._gone, self._patience)
        try:
            async with asyncio.timeout(self._connect):
                transport, _ = await asyncio.get_running_loop().create_connection(lambda: link, self._host, self._port, ssl=self._context)
                over_tls = transport.get_extra_info("ssl_object")
                if over_tls is None or over_tls.selected_alpn_protocol() != "h2":
                    raise Unreachable("no_h2", f"{where} does not speak HTTP/2.")
                await link.ready
        except TimeoutError:
            link.abort("It did not open.")
            raise Unreachable("timeout", f"{where} did not open within {self._connect:g} seconds.") from None
        except ssl.SSLError as error:
            raise Unreachable("tls", words(f"TLS with {where} failed: {getattr(error, 'verify_message', '') or error.reason or error}")) from None
        except OSError as error:
            raise Unreachable("connection", words(f"{where} cannot be reached: {error.strerror or error}")) from None
        except BaseException:
            link.abort("It was not wanted any more.")
            raise
        if not link.open:
            raise Unreachable("connection", words(f"{where} closed the connection at once: {link.why}"))
        return link

    # ---- at work
    def _pump(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._waiting and self._links and now - self._waiting[0].begun > self._patience + self._connect:
            self._waiting.popleft().done(Answer("temporary", "busy", "Apple's connections had no room for it."))
        for link in self._links:
            while self._waiting:
                some: list[Ask] = []
                size = 0
                while self._waiting and len(some) < BATCH and link.room(size + len(self._waiting[0].body), len(some)):
                    some.append(self._waiting.popleft())
                    size += len(some[-1].body)
                if not some:
                    break
                link.send(some)
        if self._waiting and self._opening is None and len(self._links) < self._most and not self._closed:
            self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        try:
            if self._failed:
                await asyncio.sleep(PAUSES[min(self._failed, len(PAUSES)) - 1] * random.uniform(0.75, 1.0))  # noqa: S311 - processes shall not all knock at once
            link = await self.opened()
        except Unreachable as away:
            self._failed += 1
            if not self._links:
                self._answer_all(away.answer)
        else:
            self._links.append(link)
        finally:
            self._opening = None
        self._pump()

    def _gone(self, link: Link, back: list[Ask]) -> None:
        """It takes nothing more, or refused one; `back` was not looked at."""
        if not link.open and link in self._links:
            self._links.remove(link)
            self._leaving.add(link)
            link.closed.add_done_callback(lambda _: self._leaving.discard(link))
            self._failed = 0 if link.answers else self._failed + 1  # those that close at once are not opened again and again
        for ask in reversed(back):
            ask.moved += 1
            if ask.moved > MOVES:
                ask.done(Answer("temporary", "goaway", link.why))
            else:
                self._waiting.appendleft(ask)
        if self._closed:
            self._answer_all(CLOSING)
        else:
            asyncio.get_running_loop().call_soon(self._pump)

    def _answer_all(self, answer: Answer) -> None:
        waiting, self._waiting = self._waiting, deque()
        for ask in waiting:
            ask.done(answer)
