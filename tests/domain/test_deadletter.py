"""Failures of one cause stand together, those of two do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.deadletter import advice, fingerprint, normal_form, patch_of, patched

SAME = [
    ("550 5.1.1 <mia@example.com>: no such user", "550 5.1.1 <tom.b@mail.example.org>: no such user"),
    ("connection to 10.0.0.7:25 refused after 3 tries", "connection to 192.168.1.20:587 refused after 12 tries"),
    ("delivery 0193b2a4c1f07d3e9a5b6c7d8e9f0a1b has no variant", "delivery 0193ffffc1f07d3e9a5b6c7d8e9f0a1b has no variant"),
    ("no route for 6f1c2b9e-0d4c-4b1a-9a55-27b9b4f0a111", "no route for 11111111-2222-3333-4444-555555555555"),
    ("POST https://api.example.com/v1/a?x=1 answered 502", "POST https://other.example/b answered 503"),
    ("number +49 170 1234567 is invalid", "number 0170/7654321 is invalid"),
    ("line\n  broken", "Line broken"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_cause(one, other):
    assert fingerprint("deliver", "failed", one) == fingerprint("deliver", "failed", other)


def test_other_causes_stages_and_codes():
    prints = {
        fingerprint("deliver", "failed", "no such user"),
        fingerprint("deliver", "failed", "mailbox full"),
        fingerprint("decide", "failed", "no such user"),
        fingerprint("deliver", "refused", "no such user"),
    }
    assert len(prints) == 4


def test_it_is_the_same_on_every_machine_and_run():
    assert fingerprint("deliver", "no_variant", "template 7 has no text for sms") == fingerprint(
        "deliver", "no_variant", "template 12 has no text for sms"
    )
    assert len(fingerprint("a", "b", "")) == 16


def test_nothing_of_a_person_is_left():
    form = normal_form("To: Mia <mia@example.com> tel +1 (555) 010-9999 via https://x.example/u?t=abc at 2001:db8::1")
    assert "mia@" not in form
    assert "555" not in form
    assert "abc" not in form


def test_words_that_look_like_hexadecimal_stay():
    assert "decade" in normal_form("a decade of facade")


def test_a_long_cause_is_cut_first():
    assert fingerprint("a", "b", "x" * 5_000) == fingerprint("a", "b", "x" * 9_000)


@pytest.mark.parametrize(
    ("cause", "what"),
    [("retry_exhausted: 451", "retry"), ("unknown_category", "fix"), ("unreadable", "drop"), ("KeyError: 'x'", "look"), ("", "look")],
)
def test_advice_goes_by_the_kind_of_cause(cause, what):
    assert advice(cause) == what


JSON = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=10,
)
OBJECT = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


@given(OBJECT, OBJECT)
def test_a_patch_makes_the_new_of_the_old(old, new):
    assert patched(old, patch_of(old, new)) == new


def test_a_patch_is_as_small_as_the_change():
    old = {"title": "Hi", "data": {"order": {"id": 1, "total": 2}, "gone": True}}
    new = {"title": "Hi", "data": {"order": {"id": 1, "total": 3}, "coupon": {"code": "TEN"}}}
    assert patch_of(old, new) == {"data": {"order": {"total": 3}, "gone": None, "coupon": {"code": "TEN"}}}
    assert patch_of(old, old) == {}
    assert patch_of({"a": 1}, {"a": True}) == {"a": True}
