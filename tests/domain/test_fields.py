"""What of a person's attributes rules may look at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.fields import kind_of, met, named, visible

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some))


@pytest.mark.parametrize(("value", "kind"), [
    ("pro", "text"), ("", "text"), ("2026-11-26", "date"), ("2026-11-26T09:00:00Z", "date"), ("2026-13-01", "text"), ("2026-11-26x", "text"), (7, "number"),
    (-0.5, "number"), (True, "flag"), (False, "flag"), (None, None), ([1], None), ({"a": 1}, None), ("x" * 200, "text"), ("x" * 201, None), ("a\0b", None),
    (float("nan"), None), (float("inf"), None), (10**400, None), (1e301, None), (10**20, None),
])  # fmt: skip
def test_the_kind_of_a_value(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize("name", ["", 'a"b', "a\\b", "a\nb", "a|b", "x" * 65, "user_id"])
def test_a_name_that_no_rule_can_write_is_no_field(name):
    assert not named(name)


@given(st.dictionaries(st.text(), JSON))
def test_whatever_is_given_only_short_scalars_are_looked_at(attributes):
    kept = visible(attributes, dict.fromkeys(attributes, True))
    assert set(kept) == set(met(attributes))
    assert all(isinstance(value, str | int | float) and len(str(value)) <= 320 for value in kept.values())
    assert visible(attributes, dict.fromkeys(attributes, False)) == {} == visible(attributes, {})
