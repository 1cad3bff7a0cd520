"""Preferences by level, and consent by kind."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.person import QuietHours, Wishes
from backend.domain.preference import Wish, opinion, quiet_ranges, resolve
from tests.domain import known
from tests.domain.known import a_person

ON, OFF = Wishes(categories={"orders": True}), Wishes(categories={"orders": False})


NOTHING = Wishes()


def asked(space=NOTHING, **more):
    return resolve(a_person(**more), space, "orders", "email")


def test_without_an_opinion_the_default_is_on():
    assert asked() == Wish(True, "default")


def test_the_nearest_level_with_an_opinion_decides():
    assert asked(wishes=ON, group_wishes=(("a", OFF),), space=OFF) == Wish(True, "person", "category")
    assert asked(group_wishes=(("a", ON),), space=OFF) == Wish(True, "group:a", "category")
    assert asked(space=OFF) == Wish(False, "space", "category")
    assert asked(wishes=Wishes(categories={"chat": False}), space=OFF).source == "space"


def test_a_cell_is_more_specific_than_its_row_and_column():
    wishes = Wishes({"email": False}, {"orders": False}, {"orders": {"email": True}})
    assert opinion(wishes, "orders", "email") == (True, "cell")
    assert opinion(wishes, "orders", "sms") == (False, "category")


def test_a_channel_turned_off_is_off_although_the_category_is_on():
    assert opinion(Wishes({"sms": False}, {"orders": True}), "orders", "sms") == (False, "channel")
    assert opinion(Wishes({"sms": True}), "orders", "sms") == (True, "channel")


@given(st.permutations([("a", ON), ("b", OFF), ("c", Wishes())]))
def test_between_groups_off_wins_in_any_order(groups):
    assert asked(group_wishes=tuple(groups), space=ON) == Wish(False, "group:b", "category")


@given(known.people, known.wishes)
def test_turning_more_off_never_turns_anything_on(person, space):
    before = resolve(person, space, "orders", "email").wanted
    off = Wishes(matrix={"orders": {"email": False}})
    assert not resolve(msgspec.structs.replace(person, wishes=off), space, "orders", "email").wanted
    with_group = msgspec.structs.replace(person, group_wishes=(*person.group_wishes, ("z", off)))
    assert resolve(with_group, space, "orders", "email").wanted <= before


def test_quiet_hours_of_the_nearest_level_and_of_all_groups():
    night, noon = (QuietHours("22:00", "08:00"),), (QuietHours("12:00", "13:00"),)
    groups = (("a", Wishes(quiet=night)), ("b", Wishes(quiet=noon)))
    assert quiet_ranges(a_person(group_wishes=groups), Wishes()) == (night + noon, "group:a")
    assert quiet_ranges(a_person(wishes=Wishes(quiet=()), group_wishes=groups), Wishes(quiet=night)) == ((), "person")
    assert quiet_ranges(a_person(), Wishes(quiet=night)) == (night, "space")
