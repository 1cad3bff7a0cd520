"""People who were there before there were summaries: their profiles are read once, some at a time, beside everything else."""

import logging
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import select, update

from backend.domain.person import Profile
from backend.security.sealing import Unsealable
from backend.store import marks, persons, summaries
from backend.store.port import Tx
from backend.store.tables import people
from backend.store.tables import summaries as rows

if TYPE_CHECKING:
    from backend.app.app import App

log = logging.getLogger("carillon")

MARK = "people.summed"  # the last (space, person) that was read; "done" when all were
SOME = 200  # people of one transaction
DONE = "done"


async def sum_up(app: "App") -> int:
    """Fill the summaries of everybody who has none yet; how many people that were. Goes on where another process stopped."""
    total = 0
    while (n := await app.store.write(lambda tx: _some(app, tx), turn="summing")) is not None:
        total += n
        if n and total % 50_000 < SOME:
            log.info("what rules look at was written down of %s people so far", f"{total:,}")
    return total


def _some(app: "App", tx: Tx) -> int | None:
    """The next ones; None when there is nobody left."""
    at = marks.get(tx, MARK) or "0 -1"
    if at == DONE:
        return None
    space, person = (int(part) for part in at.split())
    p = people.c
    behind = (p.space > space) | ((p.space == space) & (p.person > person))
    found = tx.conn.execute(select(p.space, p.person, p.profile).where(behind, p.erased.is_(None)).order_by(p.space, p.person).limit(SOME)).all()
    for one in sorted({row.space for row in found}):
        known = {}
        for row in found:
            if row.space == one and row.profile:
                try:
                    known[row.person] = msgspec.json.decode(app.sealer.unseal("profile", bytes(row.profile)), type=Profile).attributes
                except Unsealable:  # of another key: nothing of it can be seen
                    continue
        summaries.set_attributes(tx, one, known, app.clock.now())
        for row in found:
            if row.space == one and (given := persons.latest_consents(tx, one, row.person)):
                where = (rows.c.space == one, rows.c.person == row.person)
                tx.conn.execute(update(rows).where(*where).values(consents={category: answer.given for category, answer in given.items()}))
    marks.put(tx, MARK, f"{found[-1].space} {found[-1].person}" if len(found) == SOME else DONE)
    return len(found)
