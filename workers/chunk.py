"""One transaction of deliver: outcomes of what finished, starts of what may fly next, and what ended without either.

An entry that cannot be written (a value the database refuses) must not stop its channel: a chunk is split until the guilty one stands
alone, and that one becomes a letter.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from backend.domain.delivery import Delivery, State
from backend.domain.touch import BOUNCED, GOT, Touch
from backend.log.port import Record
from backend.store import hot
from backend.store.port import Tx
from backend.store.suppress import suppress
from backend.store.worn import worn_out
from workers import ordered
from workers.items import Item, start_of
from workers.outcomes import After, given_up
from workers.refusals import Refused, write_stops
from workers.stage import Dead, bury, cause_of, detail_of

_DID = {int(State.SENT): GOT, int(State.DELIVERED): GOT, int(State.BOUNCED): BOUNCED}


class Chunk:
    """`done` were answered, `go` may fly once this is durable, `stopped` a gate stopped, `broken` make us fail, `spoiled` nobody can read.

    After `write`: `fresh`, the deliveries whose attempt is newly on record; `changed`, persons whose facts a write changed. `lost`: items
    that could not be written and became letters.
    """

    def __init__(
        self, now: float, done: Sequence[tuple[Item, After]] = (), go: Sequence[Item] = (), stopped: Sequence[tuple[Item, Refused]] = (),
        broken: Sequence[tuple[Item, Exception]] = (), spoiled: Sequence[tuple[Record, Dead]] = (),
    ) -> None:  # fmt: skip
        self.now, self.done, self.go, self.stopped, self.broken, self.spoiled = now, done, go, stopped, broken, spoiled
        self.fresh: set[bytes] = set()
        self.changed: list[tuple[int, int]] = []
        self.lost: list[Item] = []

    def ended(self) -> Iterable[Record]:
        """Records whose work is in this chunk."""
        for entries in (self.done, self.stopped, self.broken):
            yield from (item.record for item, _ in entries)
        yield from (record for record, _ in self.spoiled)

    def write(self, tx: Tx) -> list[Record]:
        """The rows; the records to append. May be run again."""
        self.fresh.clear()
        self.changed.clear()
        outcomes = [after.outcome for _, after in self.done] + [_unwritten(item.delivery) for item, _ in self.broken if item.answer]
        self.fresh.update(hot.write_attempts(tx, outcomes, [start_of(item) for item in self.go], self.now))
        hot.write_touches(tx, [touch for item, after in self.done if (touch := _touch(item.delivery, after, self.now))], self.now)
        write_stops(tx, [refused for _, refused in self.stopped], self.now)
        hot.write_moves(tx, [given_up(item.delivery) for item, _ in self.broken if not item.answer], self.now)
        ordered.write(tx, self.done, self.stopped, self.now)
        later = [after.later for _, after in self.done if after.later]
        if later:
            hot.write_due(tx, later)
        letters = [*self.spoiled, *((item.record, _letter(item, error)) for item, error in self.broken)]
        for item, after in self.done:
            d = item.delivery
            if after.suppress:
                known = after.known or item.flew
                self.changed += [(d.space, p) for p in suppress(tx, d.space, d.channel, d.address, after.suppress, "provider", self.now, known)]
            if after.soft:
                self.changed += [(d.space, p) for p in worn_out(tx, d.space, d.person, d.channel, d.address, item.key, self.now)]
            if after.letter:
                letters.append((item.record, Dead(d.space, after.letter)))
        return [bury(tx, "deliver", record, dead, self.now) for record, dead in letters]

    # ---- when it cannot be written
    def parts(self) -> "list[Chunk]":
        """Two halves; of a single entry, the letter that takes its place. Empty when that cannot be written either."""
        entries: list[tuple[str, Any]] = [
            (name, entry) for name in ("done", "go", "stopped", "broken", "spoiled") for entry in getattr(self, name)
        ]
        half = len(entries) // 2
        return [self._of(part) for part in (entries[:half], entries[half:])] if half else []

    def instead(self, error: Exception) -> "Chunk | None":
        """What is written in place of the only entry; None when nothing is left that could be."""
        items = [*(item for item, _ in self.done), *self.go, *(item for item, _ in self.stopped)]
        if items:
            made = Chunk(self.now, broken=[(items[0], error)])
            made.lost.append(items[0])
            return made
        if self.broken:
            item, first = self.broken[0]
            return Chunk(self.now, spoiled=[(item.record, _letter(item, first))])
        return None

    def absorb(self, part: "Chunk") -> None:
        """The part was written."""
        self.fresh |= part.fresh
        self.changed += part.changed
        self.lost += part.lost

    def _of(self, entries: Sequence[tuple[str, Any]]) -> "Chunk":
        made: dict[str, list[Any]] = {}
        for name, entry in entries:
            made.setdefault(name, []).append(entry)
        return Chunk(self.now, **made)


def _touch(delivery: Delivery, after: After, now: float) -> tuple[int, Touch] | None:
    did = _DID.get(after.outcome.move.state)
    return (delivery.space, Touch(did, delivery.person, now, delivery.channel, delivery.cohort)) if did else None


def _letter(item: Item, error: Exception) -> Dead:
    return Dead(item.delivery.space, cause_of(error), detail_of(error))


def _unwritten(delivery: Delivery) -> hot.Outcome:
    """Its provider has answered, and the answer cannot be written."""
    return hot.Outcome(delivery.attempt, int(State.UNKNOWN), "", "", given_up(delivery))
