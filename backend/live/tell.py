"""Changing a row and telling open screens of it, outside the line.

On the embedded log both are one transaction; on Kafka the record follows the commit. It may be lost in a crash in between: streams
look at the store's cursor from time to time, and it knows.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from backend.domain.errors import LogUnavailable
from backend.log.embedded import EmbeddedLog
from backend.log.port import Log, Record
from backend.store.port import Store, Tx

T = TypeVar("T")


async def write_and_tell(store: Store, events: Log, fn: Callable[[Tx], tuple[T, Sequence[Record]]]) -> T:
    """Run `fn`; its answer, once committed, with its records appended."""
    if isinstance(events, EmbeddedLog):
        embedded = events

        def both(tx: Tx) -> tuple[T, Sequence[Record]]:
            answer, records = fn(tx)
            return answer, embedded.append_in(tx, records)

        async def write() -> T:
            answer, records = await store.write(both)
            embedded.published(records)
            return answer

        return await asyncio.shield(asyncio.ensure_future(write()))  # given up halfway, it would be durable and nobody told
    answer, records = await store.write(fn)
    if records:
        with contextlib.suppress(LogUnavailable):
            await events.append(records)
    return answer
