"""Rows of suppressions: addresses nothing may be sent to, known by their keyed hash alone."""

import msgspec
from sqlalchemy import and_, delete, or_, select

from backend.store.port import Tx
from backend.store.tables import suppressions
from backend.store.upsert import upsert

STOP = "stop"  # reason of a suppression that its owner asked for at the provider, and may take back there


class SuppressionRow(msgspec.Struct, kw_only=True):
    """A row of `suppressions`; `until` None: for good."""

    space: int
    channel: int
    hash: bytes
    reason: str
    source: str
    since: float
    until: float | None = None
    beside: str = ""  # JSON of a `Beside`, or nothing


class Beside(msgspec.Struct, frozen=True, array_like=True):
    """For what else an address is suppressed whose owner said STOP: in force again once they say START."""

    reason: str
    source: str
    since: float
    until: float | None = None


_encode, _decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(Beside).decode


def kept_behind(row: SuppressionRow) -> str:
    """This one as it is kept behind a STOP."""
    return _encode(Beside(row.reason, row.source, row.since, row.until)).decode()


def beside_stop(there: SuppressionRow | None, row: SuppressionRow) -> SuppressionRow:
    """This one, or where its owner said STOP that one with this behind it: nobody's later word lets an address go that its owner closed."""
    if there is None or there.reason != STOP or row.reason == STOP or (there.until is not None and there.until <= row.since):
        return row
    return msgspec.structs.replace(there, beside=kept_behind(row))


def without_stop(row: SuppressionRow, now: float) -> SuppressionRow | None:
    """What is left of it once its owner takes the STOP back; None for nothing."""
    if not row.beside:
        return None
    left = _decode(row.beside)
    if left.until is not None and left.until <= now:
        return None
    return SuppressionRow(space=row.space, channel=row.channel, hash=row.hash, reason=left.reason, source=left.source, since=left.since, until=left.until)


def also(row: SuppressionRow) -> str:
    """The other reason, "" for none."""
    return _decode(row.beside).reason if row.beside else ""


def get(tx: Tx, space: int, channel: int, hashed: bytes) -> SuppressionRow | None:
    """The suppression of an address, lapsed or not."""
    key = (suppressions.c.space == space, suppressions.c.channel == channel, suppressions.c.hash == hashed)
    row = tx.conn.execute(select(suppressions).where(*key)).mappings().first()
    return None if row is None else SuppressionRow(**row)


def put(tx: Tx, row: SuppressionRow) -> None:
    """Insert or overwrite."""
    upsert(tx, suppressions, msgspec.structs.asdict(row))


def remove(tx: Tx, space: int, channel: int, hashed: bytes) -> bool:
    """False when there was none."""
    key = (suppressions.c.space == space, suppressions.c.channel == channel, suppressions.c.hash == hashed)
    return tx.conn.execute(delete(suppressions).where(*key)).rowcount > 0


def page(tx: Tx, space: int, channel: int, after: tuple[int, bytes], limit: int) -> list[SuppressionRow]:
    """Behind `after` (channel, hash), in the order of the key; `channel` 0: of every channel."""
    behind = or_(
        suppressions.c.channel > after[0], and_(suppressions.c.channel == after[0], suppressions.c.hash > after[1])
    )
    statement = select(suppressions).where(suppressions.c.space == space, behind)
    if channel:
        statement = statement.where(suppressions.c.channel == channel)
    rows = tx.conn.execute(statement.order_by(suppressions.c.channel, suppressions.c.hash).limit(limit)).mappings()
    return [SuppressionRow(**row) for row in rows]
