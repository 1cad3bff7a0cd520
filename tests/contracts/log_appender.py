"""A process that appends a hundred records to the log it is given, prints the batch's number once `append` returned, and goes on
until it is killed: what it printed must be found.   usage: log_appender.py URL [SQLITE FILE]
"""

import asyncio
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.clock import SystemClock
from backend.log.open import open_log
from backend.log.port import Record
from tests.contracts.log_contract import LOW, TOPICS
from tests.contracts.sqlite_file import PlainSqliteFile


async def main(url: str, file: str = "") -> None:
    log = open_log(url, sqlite=PlainSqliteFile(Path(file)) if file else None, clock=SystemClock(), topics=TOPICS)
    await log.start()
    for batch in itertools.count():
        await log.append([Record(LOW, n % 3, b"k", f"{batch}/{n}".encode()) for n in range(100)])
        sys.stdout.write(f"{batch}\n")
        sys.stdout.flush()


asyncio.run(main(*sys.argv[1:]))
