"""What people changed of what they want, added up as engagement shows it: over time, by category, by channel, by the way it was said."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from backend.app.engagement_views import EngagementIn, ShiftPartView, ShiftsView
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER
from backend.domain.tally import SHIFT
from backend.store.shifts import Shifted

_NAMES = {kind: name for name, kind in SHIFT.items()}
_CELL = {SHIFT["turned_on"]: "cells_on", SHIFT["turned_off"]: "cells_off"}


class Shifting:
    """Adds one stretch of time up. `asked`: its category leaves out what is about no category or another one, its channel what is about another channel."""

    def __init__(self, rows: Iterable[Shifted], asked: EngagementIn) -> None:
        channel = CHANNEL_NUMBER.get(asked.channel, 0)
        self._rows = [row for row in rows if (not channel or row.channel in (0, channel)) and (not asked.category or row.category == asked.category)]

    def whole(self) -> ShiftsView:
        return _of(self._rows)

    def by_place(self, place: Mapping[int, int], slots: int) -> list[ShiftsView]:
        """Slot by slot of an axis; `place` says in which of them a number of its cut lies."""
        by: list[list[Shifted]] = [[] for _ in range(slots)]
        for row in self._rows:
            by[place[row.slot]].append(row)
        return [_of(some) for some in by]

    def by_category(self) -> list[ShiftPartView]:
        return self._by(lambda row: row.category)

    def by_channel(self) -> list[ShiftPartView]:
        return self._by(lambda row: CHANNEL_NAME.get(row.channel, ""))

    def by_way(self) -> list[ShiftPartView]:
        return self._by(lambda row: row.way)

    def _by(self, key_of: Callable[[Shifted], str]) -> list[ShiftPartView]:
        """The most changed first; what is about none of them is left out."""
        groups: dict[str, list[Shifted]] = defaultdict(list)
        for row in self._rows:
            if key := key_of(row):
                groups[key].append(row)
        ranked = sorted(groups.items(), key=lambda one: (-sum(row.n for row in one[1]), one[0]))
        return [ShiftPartView(key, _of(some)) for key, some in ranked]


def _of(rows: Iterable[Shifted]) -> ShiftsView:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[(row.category and _CELL.get(row.kind)) or _NAMES[row.kind]] += row.n
    return ShiftsView(**counts)

