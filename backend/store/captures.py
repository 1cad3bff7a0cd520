"""Rows of captures: what the capture provider was given, and how it is told to behave."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, func, select

from backend.channels.capture import Behaviour, Kept
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.ids import born_of, make_id
from backend.store.port import Tx
from backend.store.tables import captures, marks
from backend.store.upsert import insert_new, upsert

MARK = "capture:"


class CaptureRow(msgspec.Struct):
    """A row of `captures`."""

    id: bytes
    delivery: bytes
    channel: int
    person: int
    at: float
    sealed: bytes


_COLUMNS = [captures.c[name] for name in CaptureRow.__struct_fields__]


def keep(tx: Tx, rows: Sequence[Kept]) -> None:
    """Insert them; the same attempt twice is one row."""
    insert_new(
        tx,
        captures,
        [
            {
                "space": row.space,
                "id": make_id(born_of(row.delivery), row.delivery, bytes((row.attempt % 256,))),
                "delivery": row.delivery,
                "channel": CHANNEL_NUMBER[row.channel],
                "person": row.person,
                "at": row.at,
                "sealed": row.sealed,
            }
            for row in rows
        ],
    )


def page(
    tx: Tx, space: int, *, channels: Sequence[int], delivery: bytes | None, before: tuple[float, bytes] | None, limit: int
) -> list[CaptureRow]:
    """The newest of these channels first, behind `before` (at, id)."""
    c = captures.c
    found: list[CaptureRow] = []
    for channel in channels:  # each by its index; what lies between is sorted here
        where = [c.space == space, c.channel == channel]
        if delivery is not None:
            where.append(c.delivery == delivery)
        if before is not None:
            where.append((c.at < before[0]) | ((c.at == before[0]) & (c.id < before[1])))
        statement = select(*_COLUMNS).where(*where).order_by(c.at.desc(), c.id.desc()).limit(limit)
        found += [CaptureRow(*row) for row in tx.conn.execute(statement)]
    found.sort(key=lambda row: (row.at, row.id), reverse=True)
    return found[:limit]


def newest(tx: Tx, space: int, channel: int) -> float:
    """When the newest of a channel was kept, 0 when there is none."""
    c = captures.c
    return float(tx.conn.scalar(select(func.max(c.at)).where(c.space == space, c.channel == channel)) or 0.0)


def count(tx: Tx, space: int) -> dict[int, int]:
    """How many of each channel there are."""
    c = captures.c
    rows = tx.conn.execute(select(c.channel, func.count()).where(c.space == space).group_by(c.channel))
    return {row[0]: row[1] for row in rows}


def clear(tx: Tx, space: int, channel: int, until: float, most: int) -> int:
    """Drop up to `most` of a channel that were kept by then; how many."""
    c = captures.c
    ids = tx.conn.scalars(select(c.id).where(c.space == space, c.channel == channel, c.at <= until).limit(most)).all()
    if ids:
        tx.conn.execute(delete(captures).where(c.space == space, c.id.in_(ids)))
    return len(ids)


def get(tx: Tx, space: int, made: bytes) -> CaptureRow | None:
    """One row."""
    row = tx.conn.execute(select(*_COLUMNS).where(captures.c.space == space, captures.c.id == made)).first()
    return None if row is None else CaptureRow(*row)


def behaviour(tx: Tx, channel: str) -> Behaviour:
    """How the provider of a channel behaves; well, unless it was told otherwise."""
    value = tx.conn.scalar(select(marks.c.value).where(marks.c.name == MARK + channel))
    return msgspec.json.decode(value, type=Behaviour) if value else Behaviour()


def behave(tx: Tx, channel: str, how: Behaviour) -> None:
    """Tell it."""
    upsert(tx, marks, {"name": MARK + channel, "value": msgspec.json.encode(how).decode()})
