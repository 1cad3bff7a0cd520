"""Whose write is next: people first, then one stage, then people again."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

PERSON = "person"
SHARED = 64  # writes of people that share one transaction, and so one wait for the disk


class Turns(Generic[T]):
    """Waiting writes in fair order. Not thread-safe: its owner holds a lock.

    Between two writes of stages everything people are waiting for is served (up to SHARED at once), and between two
    such groups one write of the stage whose turn has come: neither can starve the other, nor one stage another.
    """

    def __init__(self) -> None:
        self._people: deque[T] = deque()
        self._stages: dict[str, deque[T]] = {}  # in order of their turn
        self._people_last = False

    def __len__(self) -> int:
        return len(self._people) + sum(len(waiting) for waiting in self._stages.values())

    def put(self, turn: str, item: T) -> None:
        if turn == PERSON:
            self._people.append(item)
        else:
            self._stages.setdefault(turn, deque()).append(item)

    def take(self) -> list[T]:
        """What goes into the next transaction; empty when nothing waits."""
        if self._people and not (self._people_last and self._stages):
            self._people_last = True
            return [self._people.popleft() for _ in range(min(SHARED, len(self._people)))]
        self._people_last = False
        if not self._stages:
            return []
        turn = next(iter(self._stages))
        waiting = self._stages.pop(turn)
        item = waiting.popleft()
        if waiting:
            self._stages[turn] = waiting  # to the end of the round
        return [item]
