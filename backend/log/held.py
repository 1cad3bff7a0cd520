"""What a reader of the embedded log is about to read, held in memory: most records are read moments after the same process wrote them.

The oldest unread ones are held, without a gap from the reader's place on, up to `MOST` bytes; what does not fit is read from the file
later. Nothing depends on it: a reader that holds nothing reads the file.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from backend.log.port import Position, Record

MOST = 4 * 1024 * 1024  # bytes of one reader
BESIDE = 300  # bytes of a record besides its value


def shares_of(unread: Sequence[int], limit: int) -> list[int]:
    """How many records a read of up to `limit` takes of each partition that has so many unread ones (at least one each): in proportion, so that those of
    one time are read together and their rows stand on the same pages; none less than a quarter of its equal share, so that a long one holds no other back.
    In sum at least `limit`: rounded up, for whoever comes last gets what is left."""
    total, least = sum(unread), max(1, limit // (4 * len(unread)))
    return [max(least, -(-limit * n // total)) for n in unread]


class Held:
    """Of one reader, on its loop. `cursors`: the reader's own, the next offset of each partition."""

    def __init__(self, cursors: Mapping[Position, int]) -> None:
        self._cursors = cursors
        self._rows: dict[Position, deque[Record]] = {}
        self._size = 0

    def offer(self, record: Record) -> None:
        """It is committed. It is held if it is what follows."""
        position = (record.topic, record.partition)
        row = self._rows.get(position)
        follows = row[-1].offset + 1 if row else self._cursors.get(position)
        if record.offset != follows or self._size >= MOST:
            return
        if row is None:
            row = self._rows[position] = deque()
        row.append(record)
        self._size += len(record.value) + BESIDE

    def take(self, ahead: Sequence[Position], limit: int) -> list[Record]:
        """Up to `limit` records, every partition in its turn; none at all unless each has some: one that must be read from the file
        would wait for those that need not."""
        rows = self._rows
        if not all(rows.get(position) for position in ahead):
            return []
        taken: list[Record] = []
        turn = [rows[position] for position in ahead]
        while turn and len(taken) < limit:
            for row, share in zip(turn, shares_of([len(row) for row in turn], limit - len(taken)), strict=True):
                for _ in range(min(share, len(row), limit - len(taken))):
                    taken.append(row.popleft())
            turn = [row for row in turn if row]
        self._size -= sum(len(record.value) + BESIDE for record in taken)
        return taken

    def skip(self) -> None:
        """The cursors moved: what lies behind them was read from the file."""
        for position, row in self._rows.items():
            upto = self._cursors[position]
            while row and row[0].offset < upto:
                self._size -= len(row.popleft().value) + BESIDE
