"""What /metrics shows of what waits: lanes, deliveries, due rows and dead letters, by looks that stay small however much was sent."""

from backend.store import watch
from backend.store.port import Store, Tx
from backend.telemetry import DEAD_WAITING, DUE_LATE, DUE_LATE_SECONDS, LAG, LANE_LAG, OLDEST_WAITING
from workers.line import Line
from workers.stage import MAIN

Found = tuple[float | None, int, float | None, int]


async def look(store: Store, line: Line, now: float) -> None:
    """Set every gauge of what waits. Raises `Unavailable` when an engine is away; the gauges then keep what they had."""

    def found(tx: Tx) -> Found:
        return watch.longest_pending(tx, MAIN), *watch.overdue(tx, MAIN, now), watch.letters(tx, MAIN)[0]

    since, late, first, letters = await store.read(found)
    OLDEST_WAITING.set(0.0 if since is None else max(0.0, now - since))
    DUE_LATE.set(late)
    DUE_LATE_SECONDS.set(0.0 if first is None else max(0.0, now - first))
    DEAD_WAITING.set(letters)
    for group, lanes in (await line.lanes()).items():
        LAG.labels(group).set(sum(lanes.values()))
        for lane, unread in lanes.items():
            LANE_LAG.labels(group, lane).set(unread)
