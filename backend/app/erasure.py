"""Erasing a person (GDPR, article 17): one transaction after which nothing here tells who they were.

The row stays as a tombstone without a name, so that records that are still on their way meet the gate `erased`; the same user
id does not come back. Suppressions stay: a hash that forbids is in the person's interest.
"""

from backend.domain.errors import Invalid
from backend.store import accounts, whole_person
from backend.store.persons import PersonRow
from backend.store.port import Tx


def erase(tx: Tx, row: PersonRow, now: float) -> str:
    """Erase; the name the tombstone bears. Raises `Invalid` for the last administrator, who would lock everybody out."""
    mine = accounts.of_person(tx, row.space, row.person)
    if any(a.role == "admin" and a.disabled is None for a in mine) and not whole_person.other_admins(tx, row.space, row.person):
        raise Invalid("This is the last administrator. Make another one first, then erase this one.")
    tombstone = f"erased {row.person:016x}"  # no user id holds a blank
    whole_person.wipe(tx, row.space, row.person, row.user_id, tombstone, now)
    return tombstone
