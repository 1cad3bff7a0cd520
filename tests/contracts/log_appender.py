"""A process that appends a hundred records to the log it is given, prints the batch's number once `append` returned, and goes on
until it is killed: what it printed must be found.   usage: log_appender.py URL [STORE URL]
"""

import asyncio
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.clock import SystemClock
from backend.log.open import open_log
from backend.log.port import Record
from backend.store.open import open_store
from tests.contracts.log_contract import LOW, TOPICS


async def main(url: str, of_rows: str = "") -> None:
    store = open_store(of_rows, SystemClock()) if of_rows else None
    if store:
        await store.start()
    log = open_log(url, sqlite=store, clock=SystemClock(), topics=TOPICS)
    await log.start()
    for batch in itertools.count():
        await log.append([Record(LOW, n % 3, b"k", f"{batch}/{n}".encode()) for n in range(100)])
        sys.stdout.write(f"{batch}\n")
        sys.stdout.flush()


asyncio.run(main(*sys.argv[1:]))
