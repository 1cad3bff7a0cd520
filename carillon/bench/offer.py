"""A producer that offers events evenly, whether or not the ones before were answered, and writes down when each was accepted.

`python -m carillon.bench.offer ADDRESS FILE` with the plan (`Plan` as JSON) on standard input and the token in CARILLON_BENCH_TOKEN.
A line of FILE: the number of the order, the second it was offered, the second of its 202 (of a clock that all processes of the machine share).
"""

import asyncio
import os
import sys
import time
from pathlib import Path

import httpx
import msgspec
import uvloop

from carillon.bench import stand

START = 1.0  # seconds until the first one


class Plan(msgspec.Struct, frozen=True):
    """`rate` events a second for `seconds`, `array` in one request, numbered from `first`."""

    rate: float
    seconds: float
    array: int = 1
    first: int = 0
    priority: str = "high"

    @property
    def count(self) -> int:
        return int(self.rate * self.seconds) // self.array * self.array


class Offered(msgspec.Struct, frozen=True):
    """One event: when it was offered and when it was accepted."""

    at: float
    accepted: float


async def offer(address: str, plan: Plan, file: Path) -> None:
    """All of it; raises when one is not accepted."""
    bodies = [
        msgspec.json.encode([stand.order(n, priority=plan.priority) for n in range(start, start + plan.array)])
        for start in range(plan.first, plan.first + plan.count, plan.array)
    ]
    head = {"Authorization": f"Bearer {os.environ['CARILLON_BENCH_TOKEN']}", "content-type": "application/json"}
    lines: list[str] = []
    async with httpx.AsyncClient(base_url=address, headers=head, timeout=120, trust_env=False, limits=httpx.Limits(max_connections=64)) as client:

        async def one(k: int) -> None:
            at = time.monotonic()
            answer = await client.post("/v1/events", content=bodies[k])
            accepted = time.monotonic()
            if answer.status_code != 202:
                raise AssertionError(f"Events were answered {answer.status_code}: {answer.text[:300]}")
            lines.extend(f"{plan.first + k * plan.array + n} {at:.6f} {accepted:.6f}\n" for n in range(plan.array))

        began = time.monotonic() + START
        asked = []
        for k in range(len(bodies)):
            await asyncio.sleep(max(0.0, began + k * plan.array / plan.rate - time.monotonic()))
            asked.append(asyncio.create_task(one(k)))
        await asyncio.gather(*asked)
    file.write_text("".join(lines))  # noqa: ASYNC240 - all is over


def read(file: Path) -> dict[int, Offered]:
    """By the order's number, which the mail's subject tells too."""
    base = int(str(stand.data(0)["order_id"]))
    found = {}
    for line in file.read_text().splitlines():
        n, at, accepted = line.split()
        found[base + int(n)] = Offered(float(at), float(accepted))
    return found


if __name__ == "__main__":
    uvloop.run(offer(sys.argv[1], msgspec.json.decode(sys.stdin.buffer.read(), type=Plan), Path(sys.argv[2])))
