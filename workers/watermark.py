"""How far a position may be marked when its records end in any order: up to the first one that has not ended."""

from collections import deque

from backend.log.port import Position, Record


def place_of(record: Record) -> tuple[str, int, int]:
    """Where a record stands: the same place is the same record, read again."""
    return record.topic, record.partition, record.offset


class Watermark:
    """Per position the offsets in hand, in order of reading; `upto` gives each position's mark and forgets what it covers."""

    def __init__(self) -> None:
        self._open: dict[Position, deque[int]] = {}
        self._ended: dict[Position, set[int]] = {}

    def add(self, record: Record) -> None:
        """A record was read."""
        position = (record.topic, record.partition)
        if position not in self._open:
            self._open[position], self._ended[position] = deque(), set()
        self._open[position].append(record.offset)

    def end(self, record: Record) -> None:
        """Its work is durable (or its position was lost, and it is somebody else's now)."""
        position = (record.topic, record.partition)
        row = self._open.get(position)
        if row and record.offset >= row[0]:  # what is not in hand (any more) is covered, or somebody else's
            self._ended[position].add(record.offset)

    def upto(self) -> dict[Position, int]:
        """The marks that moved since the last call."""
        moved: dict[Position, int] = {}
        for position, ended in self._ended.items():
            if not ended:
                continue
            row = self._open[position]
            while row and row[0] in ended:
                offset = row.popleft()
                ended.discard(offset)
                moved[position] = offset + 1
        return moved

    def forget(self, position: Position) -> None:
        """The position is no longer ours."""
        self._open.pop(position, None)
        self._ended.pop(position, None)

    def __len__(self) -> int:
        return sum(len(row) for row in self._open.values()) - sum(len(ended) for ended in self._ended.values())
