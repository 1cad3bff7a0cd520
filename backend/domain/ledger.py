"""The ledger of an event or campaign: what was planned against what became of it, counted from different sources."""

from collections.abc import Mapping

import msgspec

from backend.domain.delivery import LEDGER_OF, SKIPPED


class Ledger(msgspec.Struct):
    """Units in each column of contracts.md. `planned` comes from acceptance and snapshots, the others from states."""

    planned: int = 0
    sent: int = 0
    held: int = 0
    skipped: int = 0
    failed: int = 0
    unknown: int = 0
    pending: int = 0
    folded: int = 0


def balance(ledger: Ledger) -> int:
    """planned minus all that is accounted for: 0 when it balances, positive when units are missing, negative when too many."""
    accounted = ledger.sent + ledger.held + ledger.skipped + ledger.failed + ledger.unknown + ledger.pending + ledger.folded
    return ledger.planned - accounted


def ledger_of(planned_units: int, states: Mapping[int, int], skipped: int, recipients: int, decided: int) -> Ledger:
    """The ledger of one event.

    `planned_units`: sum of the planned units of its decided notifications; `states`: deliveries by state; `skipped`: units
    without a delivery; `recipients`: of acceptance or snapshot; `decided`: notifications there are. A recipient not yet decided is one
    planned and one pending unit. More notifications than recipients is a fault and shows as a ledger that does not balance.
    """
    undecided = max(0, recipients - decided)
    ledger = Ledger(planned=planned_units + recipients - decided)
    for state, count in states.items():
        _add(ledger, state, count)
    ledger.skipped += skipped
    ledger.pending += undecided
    return ledger


def of_totals(planned: int, totals: Mapping[int, int]) -> Ledger:
    """The ledger of counters: units by state, `SKIPPED` among them."""
    ledger = Ledger(planned=planned)
    for state, count in totals.items():
        _add(ledger, state, count)
    return ledger


def joined(one: Ledger, other: Ledger) -> Ledger:
    """Column by column."""
    return Ledger(*(a + b for a, b in zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True)))


def _add(ledger: Ledger, state: int, count: int) -> None:
    column = LEDGER_OF.get(state)
    if column is None:
        raise ValueError(f"{state} is no state of a delivery and not {SKIPPED}")
    setattr(ledger, column, getattr(ledger, column) + count)
