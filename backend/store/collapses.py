"""Which event is the newest under a person's collapse key. Ids begin with their `born`, so the greatest is the newest."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from backend.store.port import Tx
from backend.store.tables import collapses
from backend.store.upsert import chunks

Key = tuple[int, int, str]  # space, person, collapse key


def newest(tx: Tx, keys: Iterable[Key]) -> dict[Key, bytes]:
    """The newest event of each key that is known."""
    asked = set(keys)
    found: dict[Key, bytes] = {}
    c = collapses.c
    for space in {space for space, _, _ in asked}:
        for some in chunks(sorted({person for of, person, _ in asked if of == space})):
            rows = tx.conn.execute(select(c.person, c.key, c.event).where(c.space == space, c.person.in_(some)))
            found.update(((space, person, key), event) for person, key, event in rows if (space, person, key) in asked)
    return found


def put(tx: Tx, events: Mapping[Key, bytes]) -> None:
    """Remember these, where they are newer than what is known."""
    if not events:
        return
    statement = (sqlite.insert if tx.dialect == "sqlite" else postgresql.insert)(collapses)
    statement = statement.on_conflict_do_update(
        index_elements=["space", "person", "key"], set_={"event": statement.excluded.event}, where=collapses.c.event < statement.excluded.event
    )
    rows = [{"space": space, "person": person, "key": key, "event": event} for (space, person, key), event in sorted(events.items())]
    tx.conn.execute(statement, rows)
