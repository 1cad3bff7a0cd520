"""`python -m carillon.bench [NAME]...` (line, peers, decide ...): measure on this machine; without a name everything, into its part of docs/benchmarks.md.

The engines are those of CARILLON_BENCH_{DATABASE,LOG,CACHE}_URL, else of CARILLON_TEST_*, else some started for the run. With
CARILLON_BENCH_PROTOTYPE=FOLDER the prototype runs in the same rounds, so that the ratio is one of neighbours.
"""

import asyncio
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import uvloop

from carillon.bench import (
    analytics,
    audiences,
    campaign,
    channels,
    decide,
    drain,
    entrance,
    forecast,
    latency,
    line,
    many,
    peers,
    prototype,
    sham,
    slow,
    stand,
)
from carillon.bench.figures import ROUNDS, Row, spread

COUNT = int(os.environ.get("CARILLON_BENCH_COUNT", "12000"))  # deliveries of one run of the line
MANY = int(os.environ.get("CARILLON_BENCH_MANY", "5000000"))  # deliveries behind the portal
NEED = {"audiences", "forecast", "line", "peers", "latency", "slow", "decide", "drain", "old", "many"}  # real engines
PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- made by make bench -->\n", "<!-- end of what make bench made -->\n"  # only what is between them is written anew; people wrote the rest
HEAD = """
Everything, sinks and engines included, on one machine ({machine}), begun on {day}. Medians; in brackets the least and the most.
The load average at the start was {load:.1f}: other work on the machine makes every figure worse.

| what | measured | goal |
|---|---|---|
"""


def bench_line() -> list[Row]:
    """Rounds of embedded, servers and the prototype, one after another."""
    ours: dict[str, list[line.Round]] = {"embedded": [], "servers": []}
    theirs: dict[str, list[float]] = {"embedded": [], "servers": []}
    source = prototype.folder()
    for _ in range(ROUNDS):
        for name, runs in ours.items():
            if source is not None:
                theirs[name].append((prototype.embedded if name == "embedded" else prototype.servers)(source, COUNT))
                print(f"prototype, {name}: {theirs[name][-1]:,.0f}/s", flush=True)
            runs.append(uvloop.run(line.embedded(COUNT) if name == "embedded" else line.servers(COUNT)))
            print(f"line, {name}: {runs[-1].rate:,.0f}/s", flush=True)
    rows: list[Row] = []
    for name, runs in ours.items():
        what = "one process, SQLite" if name == "embedded" else "three processes, Kafka, PostgreSQL, Redis"
        rows.append((f"whole line, HTML mail, deliveries a second ({what})", spread([run.rate for run in runs]), "more than 3,000"))
        if theirs[name]:
            ratios = [run.rate / other for run, other in zip(runs, theirs[name], strict=True)]
            rows.append((f"prototype beside it, mail only as ours, deliveries a second ({name})", spread(theirs[name]), ""))
            rows.append((f"whole line : prototype, in the same round ({name})", spread(ratios, "{:.2f}"), "at least 0.70"))
        for part in runs[0].cpu:
            rows.append((f"CPU of `{part}`, microseconds a delivery ({name})", spread([run.cpu[part] for run in runs]), ""))
        rows.append((f"CPU of all of them, microseconds a delivery ({name})", spread([sum(run.cpu.values()) for run in runs]), "at most 250"))
    return rows


def bench_ingest() -> list[Row]:
    """Arrays over HTTP."""
    rates = [uvloop.run(entrance.ingest(COUNT)) for _ in range(ROUNDS)]
    return [("events accepted a second, HTTP, arrays of 500, the line running", spread(rates), "at least 5,000")]


def bench_click() -> list[Row]:
    """What people feel meanwhile."""
    felt = uvloop.run(entrance.felt(COUNT))
    row = "while the embedded line makes {:,.0f} deliveries a second: {}, p95 of {} in milliseconds"
    return [
        (row.format(felt.rate, "a click (read and write)", len(felt.clicks)), f"{entrance.p95(felt.clicks) * 1000:,.0f}", "at most 300"),
        (row.format(felt.rate, "a bell after its request", len(felt.bells)), f"{entrance.p95(felt.bells) * 1000:,.0f}", "at most 500"),
    ]


def bench_idle() -> list[Row]:
    """The house at rest."""
    share, megabytes = asyncio.run(entrance.idle())
    return [
        ("`carillon up` at rest with CARILLON_DEMO=0, per cent of a core", f"{share:.1f}", "under 5"),
        ("the same, resident megabytes", f"{megabytes:,.0f}", "under 400"),
    ]


def bench_analytics() -> list[Row]:
    """Looks at a month: a demo's in SQLite, five million deliveries in PostgreSQL."""
    rows = []
    for count, servers, goal in ((50_000, False, "at most 700"), (5_000_000, True, "at most 1,000")):
        looked = uvloop.run(analytics.looks(count, servers=servers))
        engine = "PostgreSQL" if servers else "SQLite"
        for what, times in looked.looks.items():
            told = f"analytics of {what}, {looked.deliveries:,} messages in {looked.rows:,} tallies ({engine}), milliseconds"
            rows.append((told, spread([time * 1000 for time in times]), goal))
    return rows


GOALS = ("under 1.5", "under 450", "p95 under 700", "p95 under 700", "p95 under 150", "under 0.5")  # in the order of tests/portal/measure.py


def bench_front() -> list[Row]:
    """What a page, a click and an open tab cost in a real browser; it belongs to the tests' room, where the browser is."""
    done = subprocess.run([sys.executable, "-m", "tests.portal.measure"], cwd=PAGE.parents[1], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    said = [" and ".join(str(one) for one in figure) if isinstance(figure, list) else str(figure) for figure in figures.values()]
    return [(f"portal, {what}", figure, goal) for what, figure, goal in zip(figures, said, GOALS, strict=True)]


def bench_many() -> list[Row]:
    """Every page of staff, and the ledger, with millions of deliveries in PostgreSQL."""
    with many.filled(MANY, lambda text: print(text, flush=True)) as there:
        environment = os.environ | there.variables
        run = [sys.executable, "-m", "tests.portal.measure_many"]
        done = subprocess.run(run, cwd=PAGE.parents[1], env=environment, stdout=subprocess.PIPE, text=True, check=True)
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "carillon.cli", "ledger"], env=environment, stdout=subprocess.DEVNULL, check=True)
            times.append(time.perf_counter() - began)
    pages: dict[str, list[float]] = json.loads(done.stdout)
    title = f"with {there.deliveries:,} deliveries (PostgreSQL)"
    rooms: dict[str, dict[str, list[float]]] = {}
    for name, taken in pages.items():
        rooms.setdefault(name.partition(",")[0] if name.partition(",")[0] in ("deliveries", "events", "analytics", "people") else "other pages", {})[name] = taken
    rows = [_opened(f"portal {title}, warm navigation", pages)]
    rows += [_opened(f"the same, {room}", of) for room, of in rooms.items()]
    rows.append((f"`carillon ledger` {title}, everything, seconds", spread(times, "{:.1f}"), ""))
    return rows


def _opened(what: str, pages: dict[str, list[float]]) -> Row:
    every = [1000 * one for taken in pages.values() for one in taken]
    slowest = max(pages, key=lambda name: statistics.median(pages[name]))
    told = f"{what}: {len(pages)} addresses, {len(every)} openings, milliseconds (p50, p95; slowest by median: {slowest}, {1000 * statistics.median(pages[slowest]):,.0f})"
    return told, f"{statistics.median(every):,.0f} and {statistics.quantiles(every, n=20)[-1]:,.0f}", "p95 under 1,000"


BENCHES: dict[str, Callable[[], list[Row]]] = {
    "line": bench_line, "peers": peers.rows, "decide": decide.rows, "latency": latency.rows, "slow": slow.rows, "channels": channels.rows, "drain": drain.memory, "forecast": forecast.rows,
    "campaign": campaign.rows,
    "ingest": bench_ingest, "click": bench_click, "idle": bench_idle, "analytics": bench_analytics, "front": bench_front,
    "old": drain.old, "many": bench_many, "audiences": audiences.rows, "sham": sham.bench_sham,
}  # fmt: skip


def main(names: Sequence[str]) -> int:
    """Exit code."""
    if unknown := [name for name in names if name not in BENCHES]:
        print(f"There is no benchmark {unknown[0]!r}. There are {', '.join(BENCHES)}.", file=sys.stderr)
        return 2
    if not names:
        between(PAGE.read_text(), "")  # before hours of measuring, not after them
    asked = names or list(BENCHES)
    if NEED & set(asked) and not stand.find_engines():
        command = [sys.executable, "-m", "carillon.engines", "run", "--", sys.executable, "-m", "carillon.bench", *names]
        return subprocess.run(command, check=False).returncode
    load, day, rows = os.getloadavg()[0], time.strftime("%Y-%m-%d"), list[Row]()
    for name in asked:
        measured_now = BENCHES[name]()
        rows += measured_now
        for what, measured, goal in measured_now:
            print(f"{what}: {measured}" + (f"  [{goal}]" if goal else ""), flush=True)
    if not names:
        machine = f"{os.cpu_count()} cores, Linux, Python {platform.python_version()}"
        made = HEAD.format(machine=machine, load=load, day=day) + "".join(f"| {' | '.join(row)} |\n" for row in rows) + "\n"
        PAGE.write_text(between(PAGE.read_text(), made))
    return 0


def between(page: str, made: str) -> str:
    """The page with this in place of what an earlier run made. Raises `SystemExit` where it has no place for it."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no part for what is measured. Write these lines where it belongs:\n{BEGIN}{END}")
    return before + begin + made + end + after


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended as after a Ctrl-C
    sys.exit(main(sys.argv[1:]))
