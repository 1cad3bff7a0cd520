"""First-time stamps counted: opened, clicked, read and the like, in the transaction that writes them down.

A stamp moves no delivery, so in its delta `was` equals `now`: whoever adds up states finds it comes to nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import insert, select

from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.receipt import Receipt
from backend.domain.tally import STAMP, quarter_of
from backend.domain.touch import READ, Touch
from backend.store import hot
from backend.store.port import Tx
from backend.store.receipt_rows import Place
from backend.store.tables import deltas, notifications, receipts

WEB = CHANNEL_NUMBER["web"]
Counted = Counter[tuple[int, int, int, int]]  # (cohort, channel, born, kind)


def count_receipts(tx: Tx, space: int, kept: Sequence[Receipt], about: Mapping[bytes, Place], now: float) -> None:
    """Count of these receipts the first of each kind of a delivery. Call it before they are kept."""
    stamped = {(receipt.delivery, receipt.kind) for receipt in kept if receipt.kind in STAMP}
    if not stamped:
        return
    c = receipts.c
    known = {
        (row.delivery, row.kind)
        for row in tx.conn.execute(
            select(c.delivery, c.kind).where(c.space == space, c.delivery.in_({made for made, _ in stamped}), c.kind.in_(list(STAMP)))
        )
    }
    counted: Counted = Counter()
    for made, kind in stamped - known:
        place = about[made]
        counted[place.cohort, place.channel, quarter_of(made), STAMP[kind]] += 1
    _write(tx, space, counted, now)


def count_inbox(tx: Tx, space: int, changes: Iterable[tuple[bytes, str, int]], now: float) -> None:
    """Count what changed of rows of an inbox: (notification, seen or read, +1 or -1)."""
    made = list(changes)
    if not made:
        return
    n = notifications.c
    found = tx.conn.execute(select(n.id, n.cohort, n.person).where(n.space == space, n.id.in_({one for one, _, _ in made})))
    whose = {row.id: (row.cohort, row.person) for row in found}  # one that was dropped by age is counted no more
    counted: Counted = Counter()
    read = []
    for one, kind, change in made:
        if one in whose:
            cohort, person = whose[one]
            counted[cohort, WEB, quarter_of(one), STAMP[kind]] += change
            if kind == "read" and change > 0:
                read.append((space, Touch(READ, person, now, WEB, cohort)))
    _write(tx, space, counted, now)
    hot.write_touches(tx, read, now)


def _write(tx: Tx, space: int, counted: Counted, now: float) -> None:
    rows = [
        {"space": space, "cohort": cohort, "minute": int(now // 60), "channel": channel, "was": kind, "now": kind, "n": n, "born": born}
        for (cohort, channel, born, kind), n in counted.items()
        if n
    ]
    if rows:
        tx.conn.execute(insert(deltas), rows)
