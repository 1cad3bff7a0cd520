"""The patches of `make sabotage` cannot rot: each fits the code, names a test that exists, and one is tried."""

import re

import pytest

from tests.house.broken import BREAKS
from tests.house.sabotage import ROOT, goes_red


@pytest.mark.parametrize("one", BREAKS, ids=[one.name for one in BREAKS])
def test_each_patch_fits_and_names_a_test(one):
    for file, old, new in one.edits:
        assert (ROOT / file).read_text().count(old) == 1, f"{file}: {old!r}"
        assert old != new
    file, _, name = one.test.partition("::")
    assert f"def {name.split('[')[0]}" in (ROOT / file).read_text()


def test_every_promise_is_broken_in_two_ways():
    ways = {promise: sum(one.promise == promise for one in BREAKS) for promise in range(1, 9)}
    assert min(ways.values()) >= 2, ways


def test_the_page_of_promises_names_tests_that_exist_and_each_way_to_break_them():
    page = (ROOT / "docs" / "promises.md").read_text()
    named = re.findall(r"`(tests/[^:`]+)::(\w+)`", page)
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / file).read_text()]
    assert missing == []
    assert {one.test.partition("[")[0] for one in BREAKS} <= {f"{file}::{name}" for file, name in named}
    assert [one.name for one in BREAKS if one.name not in page] == []
    assert re.findall(r"^\| (\d)\. ", page, re.MULTILINE) == [str(promise) for promise in range(1, 9)]


def test_a_broken_promise_turns_its_test_red():
    (one,) = [one for one in BREAKS if one.name == "a stop keeps no reason"]
    _, red, said = goes_red(one)
    assert red, said
    assert "IndexError" in said or "AssertionError" in said
