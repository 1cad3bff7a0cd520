"""When a channel's marks are written: with its rows where they stand in the same file, on Kafka beside the work and seldom.

On Kafka a mark is a trip of its own to the broker, behind whatever the lane's thread is polling for: with one in each chunk of some
thirty deliveries, every window waited for it, and marks were most of what the broker did. A mark only saves reading again: what was
carried out is known by its rows.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping

from backend.domain.errors import Unavailable
from backend.log.port import Position, Reader

log = logging.getLogger("carillon.line")

EVERY = 0.25  # seconds between marks while there is more to do: so much is read again after a crash
AGAIN = 0.5  # the same after one that was not taken


class Marks:
    """Of one `Deliver`, on its loop. `with_rows`: a mark is a row of the transaction that carries out its records. `wake` is called when
    one was written."""

    def __init__(self, with_rows: bool, wake: Callable[[], None]) -> None:
        self._with_rows, self._wake = with_rows, wake
        self._new: dict[Position, int] = {}  # their rows are in no transaction yet
        self._safe: dict[Position, int] = {}  # their rows are durable
        self._writing: asyncio.Task[None] | None = None
        self._next = 0.0
        self._patient = False  # the last one was not taken: no hurry counts

    @property
    def busy(self) -> bool:
        """Some are not written."""
        return bool(self._safe or self._writing)

    def add(self, upto: Mapping[Position, int]) -> None:
        """The next transaction holds what they stand for."""
        self._new |= upto

    def row(self) -> Mapping[Position, int]:
        """What that transaction writes itself."""
        return self._new if self._with_rows else {}

    def written(self) -> None:
        """It is durable."""
        if not self._with_rows:
            self._safe |= self._new
        self._new = {}

    def lose(self, positions: Iterable[Position]) -> None:
        """They have another owner, whose marks are further by now."""
        for position in positions:
            self._new.pop(position, None)
            self._safe.pop(position, None)

    def begin_anew(self) -> None:
        """What is in no transaction is read again."""
        self._new = {}

    def turn(self, reader: Reader, hurry: bool) -> None:
        """Write them if it is time; `hurry`: nothing else is to do."""
        if not self._safe or self._writing:
            return
        if (self._patient or not hurry) and asyncio.get_running_loop().time() < self._next:
            return
        upto, self._safe = self._safe, {}
        self._writing = asyncio.create_task(self._write(reader, upto))

    async def _write(self, reader: Reader, upto: dict[Position, int]) -> None:
        self._patient = False
        try:
            await reader.mark(upto)
        except Exception as error:
            if not isinstance(error, Unavailable):
                log.exception("marks cannot be written")
            self._safe, self._patient = upto | self._safe, True
        finally:
            self._next = asyncio.get_running_loop().time() + (AGAIN if self._patient else EVERY)
            self._writing = None
            if not self._patient:
                self._wake()

    async def finish(self, reader: Reader) -> None:
        """Write what is left before the reader leaves."""
        while self._writing:
            await asyncio.wait([self._writing])
        upto, self._safe = self._safe, {}
        if upto:
            with contextlib.suppress(Unavailable):
                await reader.mark(upto)
