"""Leaving a category: one way for the link in a mail, the button of a mail program, and a provider that tells of either."""

import msgspec

from backend.domain.person import Wishes
from backend.domain.shift import Shift, stance
from backend.domain.tally import SHIFT
from backend.store import persons, shifts
from backend.store.persons import ConsentRow, PersonRow
from backend.store.port import Tx


def leave(tx: Tx, row: PersonRow, category: str, now: float, source: str, evidence: str, said: float | None = None) -> bool:
    """Record that the category is not wanted any more. False when that was known, or when it was asked for again since it was `said` (seconds, None for
    now); else drop the person's cached facts after the commit."""
    known = persons.latest_consents(tx, row.space, row.person).get(category)
    if known is not None and (not known.given or (said is not None and known.at > said)):
        return False
    persons.add_consent(tx, row.space, row.person, ConsentRow(category, now, False, source, evidence))
    persons.bump(tx, row.space, [row.person], now)
    if stance(msgspec.json.decode(row.wishes, type=Wishes), known.given if known else None, category) is not False:
        shifts.count(tx, row.space, [Shift(SHIFT["opted_out"], category)], _way(source), now, demo=row.demo)
    return True


def _way(source: str) -> str:
    """A source that is none of ours is the name of a provider."""
    return source if source in ("one_click", "link") else "provider"
