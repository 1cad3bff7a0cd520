"""Producers' ids: for 30 days the event that came first under (space, source, key) owns it."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from backend.store.port import Tx
from backend.store.tables import seen
from backend.store.upsert import CHUNK, insert_new

Key = tuple[int, int, bytes]  # space, source, the producer's id as `bytes_of` makes it


def bytes_of(key: str) -> bytes:
    """A producer's id as it is compared."""
    return key.encode("utf-8", "surrogatepass")


def owners(tx: Tx, keys: Iterable[Key]) -> dict[Key, bytes]:
    """The owning event of each key that has one."""
    asked = sorted(set(keys))
    found: dict[Key, bytes] = {}
    s = seen.c
    for space, source in sorted({key[:2] for key in asked}):
        mine = [key for of, by, key in asked if (of, by) == (space, source)]
        for n in range(0, len(mine), CHUNK):
            rows = tx.conn.execute(select(s.key, s.id).where(s.space == space, s.source == source, s.key.in_(mine[n : n + CHUNK])))
            found.update(((space, source, bytes(key)), event) for key, event in rows)
    return found


def claim(tx: Tx, events: Mapping[Key, bytes], at: float) -> dict[Key, bytes]:
    """Claim what is free; the owner of each key afterwards. `at`: seconds, from which the 30 days run."""
    insert_new(tx, seen, [{"space": s, "source": by, "key": key, "id": event, "at": at} for (s, by, key), event in sorted(events.items())])
    return owners(tx, events)


def first(tx: Tx, space: int, source: int, key: bytes, at: float) -> bool:
    """Whether something that is no event comes for the first time within 30 days; from now on it does not."""
    return bool(insert_new(tx, seen, [{"space": space, "source": source, "key": key, "id": key[:16].ljust(16, b"\0"), "at": at}]))
