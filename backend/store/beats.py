"""What processes that run stages say of themselves every few seconds, in the table `marks`: a database that is there knows who lives."""

import msgspec
from sqlalchemy import delete, select

from backend.store import marks
from backend.store.port import Tx
from backend.store.tables import marks as marks_table

NAME = "beat "  # then the process
KEPT = 86_400.0  # seconds a beat is kept after its process fell silent: it says since when


class Beat(msgspec.Struct, frozen=True):
    """`stages`: parts of the line that run in it; `took`: by priority, how many deliveries of the last minutes were taken within each step of
    `telemetry.TAKEN`; `ended`: it was stopped."""

    process: str
    at: float
    stages: list[str]
    took: dict[str, list[int]] = {}
    ended: bool = False


def put(tx: Tx, beat: Beat) -> None:
    """Say it; what others said long ago goes."""
    marks.put(tx, NAME + beat.process, msgspec.json.encode(beat).decode())
    old = [NAME + one.process for one in every(tx) if beat.at - one.at > KEPT]
    if old:
        tx.conn.execute(delete(marks_table).where(marks_table.c.name.in_(old)))


def every(tx: Tx) -> list[Beat]:
    """The last one of each process, those of another version left out."""
    found = []
    for value in tx.conn.scalars(select(marks_table.c.value).where(marks_table.c.name.like(f"{NAME}%")).order_by(marks_table.c.name)):
        try:
            found.append(msgspec.json.decode(value, type=Beat))
        except msgspec.DecodeError:
            continue
    return found
