"""Some stages of the line in a process of their own, for benchmarks: `python -m carillon.bench.part decide expand due`. Ends at SIGTERM."""

import asyncio
import signal
import sys

import uvloop

from backend.clock import SystemClock
from backend.settings import load
from carillon import collector, heaps
from carillon.house import House


async def run(names: list[str]) -> None:
    """Until SIGTERM; prints `ready` once the stages run."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with House(load(), SystemClock(), names):
        collector.spare()
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    heaps.few()  # as `carillon work` does
    uvloop.run(run(sys.argv[1:]))
