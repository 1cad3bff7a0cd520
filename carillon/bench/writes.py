"""Microseconds per row of the line's hot writes, on any store: `python -m carillon.bench.writes URL [ROUNDS]`.

The database at URL is used as it is and left with the rows: give an empty one. Wall is what a stage waits for its rows,
commit included; client is this process's own CPU, the rest is the engine's and the disk's.
"""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from backend.clock import SystemClock
from backend.domain.delivery import State
from backend.domain.event import API
from backend.domain.ids import bucket_of, cohort_id, make_id, person_id
from backend.store import hot
from backend.store.migrate import migrate
from backend.store.open import open_store
from backend.store.port import Store, Tx

BATCH = 500  # decided events of one transaction
CHUNKS = (32, 64, 128)  # attempts of one transaction
PEOPLE = 5_000
TRACE, RECORD = bytes(range(256))[:180], bytes(range(256)) * 2


def decided(serial: int, now: float) -> hot.Decided:
    """An event of the kind the line's figures are measured with: one person, one delivery, one skipped channel."""
    person = person_id(1, f"user-{serial % PEOPLE}")
    born = int(now * 1000)
    event = make_id(born, serial.to_bytes(8, "big"), random.randbytes(4))
    notification = make_id(born, event, person.to_bytes(8, "big"))
    delivery = make_id(born, notification, bucket_of(1, person).to_bytes(2, "big"))
    made = hot.NewDelivery(delivery, 2 + serial % 2, random.randbytes(32), int(State.PENDING))
    cohort = cohort_id(1, "orders", str(serial % 2))
    return hot.Decided(
        1, event, True, person, 1, "order_shipped", "orders", 2, API, event.hex(), "shipped", 3, cohort, now, RECORD, notification, 2, (4,), TRACE, (made,)
    )  # fmt: skip


def decide(rows: list[hot.Decided], now: float, tx: Tx) -> None:
    """One batch of the decide stage."""
    hot.write_decided(tx, rows, now)


def attempt(outcomes: list[hot.Outcome], starts: list[hot.Start], now: float, tx: Tx) -> None:
    """One chunk of the deliver stage."""
    hot.write_attempts(tx, outcomes, starts, now)


async def measure(store: Store, work: Iterator[tuple[int, Callable[[Tx], Any]]]) -> str:
    """Write one after another; median and range of wall, median of the client's CPU, per row."""
    walls, clients = [], []
    for rows, fn in work:
        wall, client = time.perf_counter(), time.process_time()
        await store.write(fn, turn="bench")
        walls.append((time.perf_counter() - wall) / rows * 1e6)
        clients.append((time.process_time() - client) / rows * 1e6)
    return f"{statistics.median(walls):6.1f} us wall ({min(walls):.1f}-{max(walls):.1f}), {statistics.median(clients):5.1f} us client"


async def run(url: str, rounds: int) -> None:
    """Decided batches new and repeated, then attempts by chunks of each size."""
    migrate(url)
    store = open_store(url, SystemClock())
    await store.start()
    try:
        rows = [decided(n, time.time()) for n in range(BATCH * rounds)]
        batches = [rows[n : n + BATCH] for n in range(0, len(rows), BATCH)]
        now = time.time()
        print("decided, new     ", await measure(store, ((BATCH, partial(decide, b, now)) for b in batches)))
        print("decided, repeated", await measure(store, ((BATCH, partial(decide, b, now)) for b in batches[:5])))
        share = len(rows) // len(CHUNKS)
        for k, chunk in enumerate(CHUNKS):
            print(f"attempts of {chunk:4}", await measure(store, attempts(rows[k * share : (k + 1) * share], chunk, now)))
    finally:
        await store.close()


def attempts(rows: list[hot.Decided], chunk: int, now: float) -> Iterator[tuple[int, Callable[[Tx], Any]]]:
    """The outcomes of the chunk before with the starts of the next, as the deliver stage writes them."""
    before: list[hot.Decided] = []
    for n in range(0, len(rows) - chunk + 1, chunk):
        after = rows[n : n + chunk]
        starts = [hot.Start(1, r.deliveries[0].id, 1, "capture") for r in after]
        outcomes = [
            hot.Outcome(1, int(State.SENT), "250", f"2.0.0 accepted as {r.event.hex()}",
                        hot.Move(1, r.deliveries[0].id, r.cohort, r.deliveries[0].channel, 0, int(State.SENT)))
            for r in before
        ]  # fmt: skip
        yield chunk, partial(attempt, outcomes, starts, now)
        before = after


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 40))
