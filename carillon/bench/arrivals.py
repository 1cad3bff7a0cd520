"""The bench's mail server with a file of when each mail came: `python -m carillon.bench.arrivals PORT FILE`. The port is the first line printed.

A line of FILE: the second (of a clock that all processes of the machine share), the order's number from the subject.
"""

import re
import sys
import time
from pathlib import Path

import uvloop

from carillon.bench.sink_smtp import Sink, serve

NUMBER = re.compile(rb"\r\nSubject: Your order (\d+) ")


class Arrivals(Sink):
    """A sink that says when."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._times = file.open("a", 1 << 16)

    def took(self, mail: bytes) -> None:
        self.count += 1
        found = NUMBER.search(mail)
        self._times.write(f"{time.monotonic():.6f} {int(found[1]) if found else -1}\n")

    def flush(self) -> None:
        self._times.flush()

    async def close(self) -> None:
        await super().close()
        self._times.close()


async def _open(port: int, file: Path) -> None:
    await serve(Arrivals(file), port)


def read(file: Path) -> dict[int, float]:
    """When each number came first."""
    came: dict[int, float] = {}
    for line in file.read_text().splitlines():
        at, number = line.split()
        came.setdefault(int(number), float(at))
    return came


if __name__ == "__main__":
    uvloop.run(_open(int(sys.argv[1]), Path(sys.argv[2])))
