"""What people changed of what they want, added up as engagement shows it: over time, by category, by channel, by the way it was said."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from backend.app.engagement_views import EngagementIn, ShiftPartView, ShiftsView
from backend.domain.delivery import CHANNEL_NAME, CHANNEL_NUMBER
from backend.domain.tally import SHIFT
from backend.store.shifts import Shifted

GONE = "*"  # categories that are not there any more
_NAMES = {kind: name for name, kind in SHIFT.items()}
_CELL = {SHIFT["turned_on"]: "cells_on", SHIFT["turned_off"]: "cells_off"}


class Shifting:
    """Adds one stretch of time up. `asked`: its category leaves out what is about no category or another one, its channel what is about another channel."""

    def __init__(self, rows: Iterable[Shifted], asked: EngagementIn) -> None:
        channel = CHANNEL_NUMBER.get(asked.channel, 0)
        rows = [row for row in rows if not channel or row.channel in (0, channel)]
        named = [row for row in rows if row.category is not None]
        if asked.category:
            self._rows = [row for row in named if row.category == asked.category]
        else:
            self._rows = [*named, *_gone(rows)]

    def whole(self) -> ShiftsView:
        return _of(self._rows)

    def by_place(self, place: Mapping[int, int], slots: int) -> list[ShiftsView]:
        """Slot by slot of an axis; `place` says in which of them a number of its cut lies."""
        by: list[list[Shifted]] = [[] for _ in range(slots)]
        for row in self._rows:
            by[place[row.slot]].append(row)
        return [_of(some) for some in by]

    def by_category(self) -> list[ShiftPartView]:
        return self._by(lambda row: row.category or "")

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
        ranked = sorted(groups.items(), key=lambda one: (one[0] == GONE, -sum(row.n for row in one[1]), one[0]))
        return [ShiftPartView(key, _of(some)) for key, some in ranked]


def _of(rows: Iterable[Shifted]) -> ShiftsView:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[(row.category and _CELL.get(row.kind)) or _NAMES[row.kind]] += row.n
    return ShiftsView(**counts)


def _gone(rows: Sequence[Shifted]) -> list[Shifted]:
    """What is counted of all categories together and of none that is there."""
    left: Counter[tuple[int, int, str, int]] = Counter()
    for row in rows:
        left[row.slot, row.channel, row.way, row.kind] += row.n if row.category is None else -row.n
    return [Shifted(GONE, *key, n) for key, n in left.items() if n]
