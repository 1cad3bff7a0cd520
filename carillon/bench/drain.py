"""A long row worked off at once: the memory of the processes that do it, and whether a store full of old deliveries slows them."""

import os
import statistics
from collections.abc import Mapping

import uvloop

from carillon.bench import line, many, stand
from carillon.bench.figures import ROUNDS, Row, spread

DRAIN = int(os.environ.get("CARILLON_BENCH_DRAIN", "500000"))  # deliveries in a row
COUNT = int(os.environ.get("CARILLON_BENCH_COUNT", "12000"))  # of one run beside the old ones
MANY = int(os.environ.get("CARILLON_BENCH_MANY", "5000000"))  # old deliveries
EARLY = 0.4  # of the row: memory is compared from there on
SLOWEST = 50.0  # deliveries a second; slower is taken for standing still


def memory() -> list[Row]:
    """Resident megabytes of decide and deliver on servers after two fifths and at the end."""
    found: dict[str, dict[str, float]] = {}

    def seen(sent: int, pids: Mapping[str, int]) -> None:
        for point, reached in (("early", DRAIN * EARLY), ("late", DRAIN)):
            if sent >= reached and point not in found:
                found[point] = {name: stand.resident(pid) for name, pid in pids.items()}
                print(f"{sent:,} sent: " + ", ".join(f"{name} {megabytes:,.0f} MB" for name, megabytes in found[point].items()), flush=True)

    run = uvloop.run(line.servers(DRAIN, seen=seen, limit=DRAIN / SLOWEST))
    made: list[Row] = [(f"{DRAIN:,} drained in a row, deliveries a second (three processes, Kafka, PostgreSQL, Redis)", f"{run.rate:,.0f}", "")]
    for name, early in found["early"].items():
        late = found["late"][name]
        what = f"the same, resident megabytes of `{name}` after {DRAIN * EARLY:,.0f} and at the end"
        made.append((what, f"{early:,.0f} and {late:,.0f} ({(late / early - 1) * 100:+.1f} %)", "within 5 %"))
    return made


def old() -> list[Row]:
    """The line in a PostgreSQL with millions of old deliveries and in an empty one, in turn.

    A first pair is shown and not counted: a purge begins with each start and looks through everything once an hour, and plans and pages are cold.
    """
    full: list[float] = []
    empty: list[float] = []
    with many.filled(MANY, lambda text: print(text, flush=True)) as there:
        database = there.variables["CARILLON_DATABASE_URL"]
        for n in range(ROUNDS + 1):
            one, other = uvloop.run(line.servers(COUNT)), uvloop.run(line.servers(COUNT, database=database, first=n * COUNT))
            print(f"empty {one.rate:,.0f}/s, with {there.deliveries:,} old ones {other.rate:,.0f}/s", flush=True)
            if n:
                empty.append(one.rate)
                full.append(other.rate)
    ratio = statistics.median(one / other for one, other in zip(full, empty, strict=True))
    what = f"whole line with {there.deliveries:,} old deliveries in PostgreSQL"
    return [
        (f"{what}, deliveries a second (servers)", spread(full), ""),
        ("the same with an empty one, in the same rounds", spread(empty), ""),
        ("the one : the other, median of the rounds", f"{ratio:.2f}", "at least 0.90"),
    ]
