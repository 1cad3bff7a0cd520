"""People who were there before there were summaries, or before a field was looked at: their profiles are read once, some at a time, beside everything
else. Where it stands is written with each part: a process that dies loses nothing, and the next one goes on from there."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from backend.domain.person import Profile
from backend.security.sealing import Unsealable
from backend.store import marks, summaries
from backend.store.port import Tx
from backend.store.tables import consents, people, spaces

if TYPE_CHECKING:
    from backend.app.app import App

log = logging.getLogger("carillon.line")

SOME = 500  # people of one transaction: opening their profiles takes about 5 ms
SHARE = 3.0  # so many times as long as a part took, the store is left alone before the next one: the line comes first
TOLD = 50_000  # people between two lines of the log
_profile = msgspec.json.Decoder(Profile).decode


class Summing:
    """The step of the rollup stage that fills summaries in."""

    def __init__(self, app: "App") -> None:
        self.app, self._stopping = app, False

    def stop(self) -> None:
        """Leave the rest for later."""
        self._stopping = True

    async def once(self) -> int:
        """Fill in everybody who is not filled in yet; how many people that were."""
        total = 0
        for space in await self.app.store.read(_unfinished):
            while not self._stopping:
                began = time.perf_counter()
                n = await self.app.store.write(lambda tx, space=space: _some(self.app, tx, space), turn="rollup")  # type: ignore[misc]
                if n is None:
                    break
                if (total + n) // TOLD > total // TOLD:
                    log.info("what rules look at was written down of %s people so far", f"{total + n:,}")
                total += n
                if n == SOME:
                    await asyncio.sleep(min(0.25, (time.perf_counter() - began) * SHARE))  # a turn that was waited for long is no reason to wait longer, nor to stop late
        if total and not self._stopping:
            log.info("what rules look at is written down of everybody: %s people were read", f"{total:,}")
        return total


def _unfinished(tx: Tx) -> list[int]:
    every = tx.conn.scalars(select(spaces.c.space).order_by(spaces.c.space)).all()
    return [space for space in every if marks.get(tx, summaries.mark_of(space)) != summaries.SUMMED]


def _some(app: "App", tx: Tx, space: int) -> int | None:
    """The next ones; None when there is nobody left. Two processes take turns, and whoever changes a person meanwhile waits for the part."""
    at = marks.held(tx, summaries.mark_of(space), "-1")
    if at == summaries.SUMMED:
        return None
    p = people.c
    asked = select(p.person, p.profile).where(p.space == space, p.person > int(at), p.erased.is_(None)).order_by(p.person).limit(SOME)
    found = tx.conn.execute(asked.with_for_update()).all()
    summaries.set_attributes(tx, space, {row.person: _attributes(app, bytes(row.profile)) for row in found}, app.clock.now())
    summaries.fill_reach(tx, space, [row.person for row in found])
    c = consents.c
    said = select(c.person, c.category, c.given).where(c.space == space, c.person.in_([row.person for row in found])).order_by(c.at)
    summaries.set_consents(tx, space, [(row.person, row.category, bool(row.given)) for row in tx.conn.execute(said)])
    marks.put(tx, summaries.mark_of(space), str(found[-1].person) if len(found) == SOME else summaries.SUMMED)
    return len(found)


def _attributes(app: "App", profile: bytes) -> dict[str, Any]:
    if not profile:
        return {}
    try:
        return _profile(app.sealer.unseal("profile", profile)).attributes
    except Unsealable:  # of another key: nothing of it can be seen
        log.warning("a profile cannot be opened: it was sealed with another SECRET_KEY. Rules see no attributes of this person.")
        return {}
