"""One after another for each address, side by side for all: the order of a provider that answers every attempt by itself (HTTP)."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection

from backend.channels.base import Answer, Outgoing

log = logging.getLogger("carillon.channels")

Done = Callable[[Answer], None]
CLOSING = Answer("temporary", "closing", "Carillon stopped before this was sent.")
UNANSWERED = Answer("unknown", "closing", "Carillon stopped before the provider answered.")


class InOrder:
    """`send` answers one attempt and raises nothing. How many are open at once is bounded by `Provider.open_limit`."""

    def __init__(self, send: Callable[[Outgoing], Awaitable[Answer]]) -> None:
        self._send = send
        self._rows: dict[str, deque[tuple[Outgoing, Done]]] = {}  # address -> what waits behind the one that is open
        self._open: set[asyncio.Task[None]] = set()
        self._closed = False

    def put(self, outgoing: Outgoing, done: Done) -> None:
        """Send it behind those before it to the same address."""
        if self._closed:
            done(CLOSING)
        elif (row := self._rows.get(outgoing.address)) is not None:
            row.append((outgoing, done))
        else:
            self._rows[outgoing.address] = row = deque()
            task = asyncio.create_task(self._work(row, outgoing, done))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    def recall(self, deliveries: Collection[bytes], answer: Answer) -> None:
        """Answer so what of these waits; what was begun goes on."""
        for row in [row for row in self._rows.values() if row]:
            back = [done for outgoing, done in row if outgoing.delivery in deliveries]
            kept = [one for one in row if one[0].delivery not in deliveries]
            row.clear()
            row.extend(kept)
            for done in back:
                done(answer)

    async def close(self, patience: float) -> None:
        """Answer what waits, wait so many seconds for what is open."""
        self._closed = True
        for row in self._rows.values():
            while row:
                row.popleft()[1](CLOSING)
        if self._open:
            _, late = await asyncio.wait(self._open, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _work(self, row: deque[tuple[Outgoing, Done]], outgoing: Outgoing, done: Done) -> None:
        address = outgoing.address
        while True:
            try:
                answer = await self._send(outgoing)
            except asyncio.CancelledError:
                done(UNANSWERED)
                raise
            except Exception as error:  # a mistake of ours must not leave an attempt without an answer
                log.exception("an attempt could not be sent")
                answer = Answer("unknown", "failed", f"{type(error).__name__}: {error}")
            done(answer)
            if not row:
                del self._rows[address]
                return
            outgoing, done = row.popleft()
