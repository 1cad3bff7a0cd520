"""Erasing a person (GDPR, article 17): one transaction after which nothing here tells who they were.

The row stays as a tombstone without a name, so that records that are still on their way meet the gate `erased`; the same user
id does not come back. Suppressions stay: a hash that forbids is in the person's interest.
"""

import msgspec

from backend.domain.errors import Invalid
from backend.domain.schedule import Schedule
from backend.store import accounts, schedules, whole_person
from backend.store.persons import PersonRow
from backend.store.port import Tx

PAGE = 100  # schedules read at once


def erase(tx: Tx, row: PersonRow, now: float) -> str:
    """Erase; the name the tombstone bears. Raises `Invalid` for the last administrator, who would lock everybody out."""
    mine = accounts.of_person(tx, row.space, row.person)
    if any(a.role == "admin" and a.disabled is None for a in mine) and not whole_person.other_admins(tx, row.space, row.person):
        raise Invalid("This is the last administrator. Make another one first, then erase this one.")
    tombstone = f"erased {row.person:016x}"  # no user id holds a blank
    _leave_schedules(tx, row, now)
    whole_person.wipe(tx, row.space, row.person, row.user_id, tombstone, now)
    return tombstone


def _leave_schedules(tx: Tx, row: PersonRow, now: float) -> None:
    """Lists of users lose the id; a schedule for this person alone goes, for it would be about them and reach nobody."""
    after = ""
    while some := schedules.page(tx, row.space, after, PAGE):
        after = some[-1].key
        for found in some:
            plan = msgspec.json.decode(found.body, type=Schedule)
            if row.user_id != plan.to.user and row.user_id not in (plan.to.users or ()):
                continue
            others = [user for user in plan.to.users or () if user != row.user_id]
            if not others:
                schedules.remove(tx, row.space, found.key)
                continue
            left = msgspec.structs.replace(plan, to=msgspec.structs.replace(plan.to, users=others))
            found.body, found.revision, found.changed = msgspec.json.encode(left).decode(), found.revision + 1, now
            schedules.put(tx, found)
