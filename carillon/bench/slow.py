"""What a slow mail server costs the line, and what one that never answers costs the other channels."""

import asyncio
import os
import time

import msgspec
import uvloop

from carillon.bench import line, stand
from carillon.bench.entrance import listening
from carillon.bench.figures import ROUNDS, Row, p99, spread, two
from carillon.bench.instance import Instance, instance

COUNT = int(os.environ.get("CARILLON_BENCH_COUNT", "12000"))
SECONDS = float(os.environ.get("CARILLON_BENCH_SECONDS", "60"))
DELAY = ("--delay", "0.05")
ASKED = "connections=400"  # what a server that takes 50 ms a mail needs for 4,000 a second: 200 at work, and as many more as wait for a window to be written
BELLS = 20  # a second
MAILS = 100  # a second, beside the bells
ARRAY = 10  # mails of one request
PATIENCE = 60.0  # seconds until the last bell must have come


def rows() -> list[Row]:
    """Rounds of a server that answers at once and one that takes 50 ms; then bells beside mails that nobody answers."""
    made: list[Row] = []
    kinds = {"one process, SQLite": line.embedded, "three processes, Kafka, PostgreSQL, Redis": line.servers}
    runs: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in kinds}
    for _ in range(ROUNDS):
        for name, run in kinds.items():
            for rates, manner, asked in zip(runs[name], ((), DELAY), ("", ASKED), strict=True):
                rates.append(uvloop.run(run(COUNT, *manner, asked=asked)).rate)
                print(f"{name} {' '.join(manner)}: {rates[-1]:,.0f}/s", flush=True)
    for name, (quick, slow) in runs.items():
        ratios = [late / soon for soon, late in zip(quick, slow, strict=True)]
        made.append((f"mail server that answers after 50 ms, with {ASKED} in its URL, deliveries a second ({name})", spread(slow), ""))
        made.append((f"the same : one that answers at once, in the same round ({name})", spread(ratios, "{:.2f}"), "at least 0.80"))
    well, hung = (uvloop.run(bells(SECONDS, *manner)) for manner in ((), ("--hang",)))
    told = f"bells at {BELLS}/s beside mails at {MAILS}/s, from the request to the stream, p50 and p99 in milliseconds (embedded)"
    made += [
        (f"{told}: the mail server answers", two(well), ""),
        ("the same: it takes mails and never answers", two(hung), ""),
        ("the same: p99 when it hangs : p99 when it answers", f"{p99(hung) / p99(well):.2f}", "at most 1.20"),
    ]
    return made


async def bells(seconds: float, *manner: str) -> list[float]:
    """How long each bell took, with mails going to a server of this manner."""
    with stand.home() as home, stand.sink(*manner) as smtp:
        variables = stand.environment(False, home, smtp)
        async with stand.facade(stand.settings_of(variables)) as app:
            await stand.furnish(app)
        async with instance(variables, home) as house:
            over = asyncio.Event()
            mails = asyncio.create_task(_mails(house, over))
            try:
                return await _bells(house, int(seconds * BELLS))
            finally:
                over.set()
                await mails


async def _mails(house: Instance, over: asyncio.Event) -> None:
    """Evenly, from before the first bell to after the last one."""
    began, n = time.monotonic(), 0
    while not over.is_set():
        body = msgspec.json.encode([stand.order(k, priority="normal") for k in range(n, n + ARRAY)])
        await _ask(house, body)
        n += ARRAY
        await asyncio.sleep(max(0.0, began + n / MAILS - time.monotonic()))


async def _bells(house: Instance, count: int) -> list[float]:
    """From each request to its item on the stream of the one it is for; they do not wait for each other."""
    rung: dict[str, float] = {}
    taken: list[float] = []
    async with listening(house) as lines:
        ringing = asyncio.create_task(_ring(house, count, rung))
        async with asyncio.timeout(count / BELLS + PATIENCE):
            async for text in lines:
                now = time.monotonic()
                if text.startswith("data:") and (title := _title(text)) in rung:
                    taken.append(now - rung.pop(title))
                    if len(taken) == count:
                        break
        await ringing
    return taken


async def _ring(house: Instance, count: int, rung: dict[str, float]) -> None:
    began, asking = time.monotonic() + 1.0, []
    for n in range(count):
        await asyncio.sleep(max(0.0, began + n / BELLS - time.monotonic()))
        title = f"bell {n}"
        event = {"type": "bell", "category": "system", "to": {"user": "listening"}, "title": title, "channels": ["web"], "priority": "normal"}
        rung[title] = time.monotonic()
        asking.append(asyncio.create_task(_ask(house, msgspec.json.encode(event))))
    await asyncio.gather(*asking)


async def _ask(house: Instance, body: bytes) -> None:
    answer = await house.client.post("/v1/events", content=body, headers={"content-type": "application/json"})
    if answer.status_code != 202:
        raise AssertionError(f"Events were answered {answer.status_code}: {answer.text[:300]}")


def _title(text: str) -> str:
    return text.partition('"title":"')[2].partition('"')[0] or text.partition('"title": "')[2].partition('"')[0]
