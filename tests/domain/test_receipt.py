"""Receipts against a plain model of the states."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.delivery import State
from backend.domain.receipt import STAMPS, STATE_BY_KIND, SUPPRESSES, Receipt, moves

D = bytes(16)
kinds = st.sampled_from([*STATE_BY_KIND, *STAMPS])
receipts = st.builds(Receipt, st.just(1), st.just(D), kinds, st.just(0.0), st.integers(0, 2))


def model(place, receipt):
    """Said another way: a table of what each kind may follow within one generation."""
    generation, state = place
    open_states = set(range(State.DELIVERED))
    may_follow = {
        "sent": open_states - {State.SENT},
        "delivered": open_states,
        "failed": open_states,
        "bounced_hard": open_states | {State.DELIVERED},
        "bounced_soft": open_states | {State.DELIVERED},
        "bounced_policy": open_states | {State.DELIVERED},
    }
    target = {"sent": 5, "delivered": 6, "failed": 7, "bounced_hard": 8, "bounced_soft": 8, "bounced_policy": 8}
    if receipt.kind not in target or receipt.generation < generation:
        return None
    if receipt.generation == generation and state not in may_follow[receipt.kind]:
        return None
    return receipt.generation, target[receipt.kind]


@given(st.tuples(st.integers(0, 2), st.sampled_from([int(s) for s in State])), receipts)
def test_each_step_is_the_models(place, receipt):
    assert moves(place, receipt) == model(place, receipt)


@given(st.lists(receipts, max_size=12))
def test_a_place_only_moves_forward_and_a_repeat_moves_nothing(several):
    places = [(0, int(State.SENT))]
    for receipt in several:
        places.append(moves(places[-1], receipt) or places[-1])
        assert moves(places[-1], receipt) is None
    assert all(a <= b for a, b in pairwise(places))


def test_a_late_bounce_follows_delivered_and_nothing_follows_the_bounce():
    bounced = moves((0, State.DELIVERED), Receipt(1, D, "bounced_hard", 0.0))
    assert bounced == (0, State.BOUNCED)
    assert moves(bounced, Receipt(1, D, "delivered", 0.0)) is None
    assert moves((0, State.DELIVERED), Receipt(1, D, "failed", 0.0)) is None


def test_a_receipt_of_an_earlier_generation_moves_nothing():
    assert moves((1, State.PENDING), Receipt(1, D, "delivered", 0.0, generation=0)) is None


def test_only_what_says_that_the_address_is_bad_suppresses_it():
    assert set(SUPPRESSES) == {"bounced_hard", "complained"}


def test_a_kind_nobody_knows_is_refused_at_the_door():
    try:
        msgspec.msgpack.decode(msgspec.msgpack.encode({"space": 1, "delivery": D, "kind": "x", "at": 0.0}), type=Receipt)
    except msgspec.ValidationError:
        return
    raise AssertionError("decoded")
