"""What /metrics shows of what waits, in all spaces: lanes, deliveries, due rows and dead letters, by looks that stay small however much was sent."""

from collections.abc import Iterable

from backend.channels.guard import Word
from backend.domain.delivery import CHANNELS, PRIORITIES
from backend.store import engine_rows
from backend.store.port import Store, Tx
from backend.telemetry import BREAKER, DEAD_WAITING, DUE_LATE, DUE_LATE_SECONDS, LAG, LANE_LAG, LANE_OLDEST, OLDEST_WAITING, PARKED, WAITING
from workers.line import Line

POSITIONS = {"closed": 0, "trying": 1, "open": 2}

Found = tuple[engine_rows.ByLane, engine_rows.Bounded, float | None, engine_rows.Bounded, engine_rows.Bounded]


async def look(store: Store, line: Line, now: float) -> None:
    """Set every gauge of what waits. Raises `Unavailable` when an engine is away; the gauges then keep what they had."""

    def found(tx: Tx) -> Found:
        return engine_rows.waiting(tx, None), *engine_rows.late(tx, None, now), engine_rows.parked(tx, None), engine_rows.letters(tx, None)

    waiting, late, first, parked, letters = await store.read(found)
    for channel in CHANNELS:
        for priority in PRIORITIES:
            WAITING.labels(channel, priority).set(waiting.get((channel, priority), 0))
    DUE_LATE.set(late.n)
    DUE_LATE_SECONDS.set(0.0 if first is None else max(0.0, now - first))
    PARKED.set(parked.n)
    DEAD_WAITING.set(letters.n)
    lags, longest = await line.lanes(), 0.0
    oldest = await line.oldest(lags)
    for group, lanes in lags.items():
        LAG.labels(group).set(sum(lanes.values()))
        for lane, unread in lanes.items():
            LANE_LAG.labels(group, lane).set(unread)
            at = oldest[group].get(lane)
            waits = max(0.0, now - at) if at is not None and unread else 0.0
            LANE_OLDEST.labels(group, lane).set(waits)
            longest = max(longest, waits)
    OLDEST_WAITING.set(longest)


def show_breakers(words: Iterable[Word]) -> None:
    """The breaker of each provider as this process knows it."""
    for word in words:
        BREAKER.labels(word.key).set(POSITIONS[word.breaker.position])
