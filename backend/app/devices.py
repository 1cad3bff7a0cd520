"""Devices of people: how many somebody has, what happens when one is registered again, or changes hands."""

from collections.abc import Sequence

from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.receipt import GONE
from backend.store import persons, suppressions
from backend.store.persons import AddressRow
from backend.store.port import Tx

PUSH = CHANNEL_NUMBER["push"]
DEVICES = 10  # of one person; more are old ones that nobody took away


def revive(tx: Tx, space: int, row: AddressRow) -> str:
    """The app has it again, so what a provider said of its token is over. The suppression that stays in force, "" for none."""
    there = suppressions.get(tx, space, PUSH, row.hash)
    if there is not None and there.reason == GONE:
        suppressions.remove(tx, space, PUSH, row.hash)
        return ""
    return there.reason if there and (there.until is None or there.until > row.created) else ""


def make_room(tx: Tx, space: int, others: Sequence[AddressRow]) -> None:
    """Let those go that are one too many with a new one: retired ones first, then the one registered longest ago."""
    mine = sorted((a for a in others if a.channel == PUSH), key=lambda a: (a.suppressed == "", a.created))
    for row in mine[: max(0, len(mine) + 1 - DEVICES)]:
        persons.remove_address(tx, space, row.person, PUSH, row.hash)


def leave_others(tx: Tx, space: int, row: AddressRow) -> list[int]:
    """A phone that changed hands must not get what is meant for those who had it before: who they were."""
    left = [person for person in persons.holders(tx, space, PUSH, row.hash) if person != row.person]
    for person in left:
        persons.remove_address(tx, space, person, PUSH, row.hash)
    return left
