"""Experiments in which nothing differs, hour by hour for four weeks: how many of them find a winner anyway. Used by `make bench`, and in short by a test.

People arrive over time, or all are assigned at the start and what they do trickles in, most of it in the first days.
"""

import random
from collections.abc import Callable, Iterator

from backend.domain.statistics import ALPHA, always_valid_p, holm
from carillon.bench.figures import Row

HOURS = 28 * 24
LEAST = 500  # people a variant before anything is said: what an experiment begins with
RUNS = 20_000

Looks = Iterator[list[tuple[int, int]]]  # (hits, people) of each arm, hour by hour


def over_time(draw: random.Random, people: int, rate: float, arms: int = 2) -> Looks:
    """People join all the time, and do it or not at once."""
    hits = [0] * arms
    joined = 0
    for hour in range(1, HOURS + 1):
        now = people * hour // HOURS
        for arm in range(arms):
            hits[arm] += _binomial(draw, now - joined, rate)
        joined = now
        yield [(one, joined) for one in hits]


def at_once(draw: random.Random, people: int, rate: float, arms: int = 2) -> Looks:
    """All are there from the start; what they do comes later."""
    later = [[0] * HOURS for _ in range(arms)]
    for hours in later:
        for _ in range(_binomial(draw, people, rate)):
            hours[int(HOURS * draw.random() ** 3)] += 1
    hits = [0] * arms
    for hour in range(HOURS):
        for arm in range(arms):
            hits[arm] += later[arm][hour]
        yield [(one, people) for one in hits]


def _binomial(draw: random.Random, n: int, rate: float) -> int:
    """By the gaps between those who do it: as quick as there are few of them."""
    from math import log

    hits, at, step = 0, 0, log(1 - rate)
    while True:
        at += int(log(1 - draw.random()) / step) + 1
        if at > n:
            return hits
        hits += 1


def false_winners(make: Callable[[], Looks], runs: int, first: int = 0, least: int = LEAST) -> float:
    """The share of them in which some look, from the hour `first` on, is sure of a difference."""
    return sum(_found(make(), first, least) for _ in range(runs)) / runs


def _found(looks: Looks, first: int, least: int) -> bool:
    before = None
    for hour, look in enumerate(looks):
        if hour < first or look[0][1] < least or look == before:
            continue
        before = look
        (hits, people), *others = look
        if min(holm([always_valid_p(hits, people, *one) for one in others])) < ALPHA:
            return True
    return False


def bench_sham() -> list[Row]:
    """Rows for docs/benchmarks.md."""
    rows: list[Row] = []
    for name, make in (("people join over time", over_time), ("all assigned at the start", at_once)):
        for arms in (2, 4):
            draw = random.Random(20_261_126)
            runs = RUNS if arms == 2 else RUNS // 4
            share = false_winners(lambda make=make, draw=draw, arms=arms: make(draw, 4_000, 0.05, arms), runs)  # type: ignore[misc]
            rows.append((f"false winners of {runs:,} experiments without a difference, a look every hour for four weeks ({name}, {arms} variants)", f"{share:.2%}", "under 5 %"))
            print(*rows[-1], flush=True)
    return rows
