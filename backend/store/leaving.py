"""Leaving a category: one way for the link in a mail, the button of a mail program, and a provider that tells of either."""

from backend.store import persons
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
    return True
