"""The ledger adds up, and shows when it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.delivery import LEDGER, SKIPPED, State
from backend.domain.gates import decide, planned_units
from backend.domain.ledger import Ledger, balance, joined, ledger_of, of_totals
from tests.domain import known

counts = st.dictionaries(st.sampled_from([int(s) for s in State]), st.integers(0, 50))


@given(counts, st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_it_balances_when_every_unit_is_somewhere(states, skipped, decided, undecided):
    ledger = ledger_of(sum(states.values()) + skipped, states, skipped, decided + undecided, decided)
    assert balance(ledger) == 0
    assert ledger.pending >= undecided


@given(counts, st.integers(1, 9))
def test_a_lost_and_a_doubled_unit_show(states, n):
    planned = sum(states.values())
    assert balance(ledger_of(planned + n, states, 0, 1, 1)) == n
    assert balance(ledger_of(planned, {**states, State.SENT: states.get(State.SENT, 0) + n}, 0, 1, 1)) == -n


def test_a_notification_for_nobody_shows():
    assert balance(ledger_of(2, {State.SENT: 2}, 0, recipients=1, decided=2)) == -1


def test_the_columns_of_the_contract():
    ledger = of_totals(len(State) + 1, {**{int(s): 1 for s in State}, SKIPPED: 1})
    assert ledger == Ledger(planned=15, sent=2, held=1, skipped=4, failed=3, unknown=1, pending=3, folded=1)
    assert balance(ledger) == 0
    assert Ledger.__struct_fields__ == LEDGER


def test_a_state_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no state"):
        of_totals(1, {99: 1})


def test_joined():
    assert joined(Ledger(1, 1), Ledger(2, 0, 2)) == Ledger(3, 1, 2)


@given(known.facts())
def test_planned_is_counted_apart_from_the_outcomes_and_agrees(facts):
    states = {"send": State.PENDING, "hold": State.HELD}
    units = decide(facts).units
    rows = [states[u.outcome] for u in units if u.outcome != "skip"]
    skipped = sum(u.outcome == "skip" for u in units)
    assert balance(ledger_of(planned_units(facts), {s: rows.count(s) for s in rows}, skipped, 1, 1)) == 0
