"""What counts as a change of what somebody wants: by a table, and whatever is said, saying it again counts nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import shift
from backend.domain.delivery import CHANNEL_NUMBER, CHANNELS
from backend.domain.person import QuietHours, Wishes
from backend.domain.shift import Shift, shifts
from backend.domain.tally import SHIFT

NOW = 1_790_000_000.0
FIRST = {"offers": True, "orders": False}  # marketing asks first
EMAIL, SMS = CHANNEL_NUMBER["email"], CHANNEL_NUMBER["sms"]
NIGHT = (QuietHours("22:00", "08:00"),)


def changed(before=None, after=None, said=None, answers=None):
    found = shifts(before or Wishes(), after or Wishes(), said or {}, answers or {}, FIRST, NOW)
    names = {kind: name for name, kind in SHIFT.items()}
    return [(names[one.kind], one.category, one.channel) for one in found]


@pytest.mark.parametrize(("before", "after", "said", "answers", "wanted"), [
    (None, None, {}, {"offers": True}, ["opted_in offers"]),
    (None, None, {}, {"offers": False}, ["opted_out offers"]),
    (None, None, {"offers": True}, {"offers": True}, []),
    (None, None, {"offers": False}, {"offers": False}, []),
    (None, None, {"offers": True}, {"offers": False}, ["opted_out offers"]),
    (None, None, {}, {"orders": True}, []),  # it was on by itself
    (None, None, {}, {"orders": False}, ["opted_out orders"]),
    (Wishes(), Wishes(categories={"orders": False}), {}, {}, ["opted_out orders"]),
    (Wishes(categories={"orders": False}), Wishes(), {}, {}, ["opted_in orders"]),
    (Wishes(categories={"offers": True}), Wishes(), {}, {}, ["opted_out offers"]),
    (Wishes(categories={"orders": True}), Wishes(), {}, {}, []),
    (Wishes(), Wishes(categories={"offers": True}), {}, {"offers": True}, ["opted_in offers"]),  # one switch, one change
    (Wishes(categories={"offers": False}), Wishes(categories={"offers": False}), {}, {"offers": True}, []),  # the wish still says no
    (Wishes(), Wishes(channels={"email": False}), {}, {}, ["turned_off email"]),
    (Wishes(), Wishes(channels={"email": True}), {}, {}, []),
    (Wishes(channels={"email": False}), Wishes(channels={"email": True}), {}, {}, ["turned_on email"]),
    (Wishes(channels={"email": False}), Wishes(), {}, {}, ["turned_on email"]),
    (Wishes(), Wishes(matrix={"orders": {"sms": False}}), {}, {}, ["turned_off orders sms"]),
    (Wishes(matrix={"orders": {"sms": False}}), Wishes(), {}, {}, ["turned_on orders sms"]),
    (Wishes(channels={"sms": False}), Wishes(channels={"sms": False}, matrix={"orders": {"sms": True}}), {}, {}, ["turned_on orders sms"]),
    (Wishes(), Wishes(paused_until=0), {}, {}, ["paused"]),
    (Wishes(), Wishes(paused_until=NOW + 60), {}, {}, ["paused"]),
    (Wishes(paused_until=NOW + 60), Wishes(paused_until=NOW + 600), {}, {}, []),  # a longer one
    (Wishes(paused_until=NOW - 60), Wishes(), {}, {}, []),  # it had ended by itself
    (Wishes(paused_until=NOW + 60), Wishes(), {}, {}, ["resumed"]),
    (Wishes(), Wishes(paused_until=NOW - 1), {}, {}, []),
    (Wishes(), Wishes(quiet=NIGHT), {}, {}, ["quiet_set"]),
    (Wishes(quiet=NIGHT), Wishes(quiet=()), {}, {}, ["quiet_ended"]),
    (Wishes(quiet=NIGHT), Wishes(quiet=NIGHT), {}, {}, []),
    (Wishes(), Wishes(quiet=()), {}, {}, []),
    (Wishes(), Wishes(frequency="daily", tracking=False), {}, {}, []),
])  # fmt: skip
def test_what_counts(before, after, said, answers, wanted):
    name = {EMAIL: "email", SMS: "sms", 0: ""}
    assert [" ".join(filter(None, (kind, category, name[channel]))) for kind, category, channel in changed(before, after, said, answers)] == wanted


WISHES = st.builds(
    Wishes, channels=st.dictionaries(st.sampled_from(CHANNELS), st.booleans()), categories=st.dictionaries(st.sampled_from([*FIRST, "chat"]), st.booleans()),
    matrix=st.dictionaries(st.sampled_from([*FIRST]), st.dictionaries(st.sampled_from(CHANNELS), st.booleans())), quiet=st.sampled_from([None, (), NIGHT]),
    paused_until=st.sampled_from([None, 0, NOW - 5, NOW + 5]),
)  # fmt: skip
ANSWERS = st.dictionaries(st.sampled_from([*FIRST]), st.booleans())
OPPOSITE = {"turned_on": "turned_off", "paused": "resumed"}
BACK = {**OPPOSITE, **{off: on for on, off in OPPOSITE.items()}}


@given(WISHES, ANSWERS)
def test_the_same_again_counts_nothing(wishes, answers):
    assert changed(wishes, wishes, answers, answers) == []


@given(WISHES, WISHES)
def test_there_and_back_counts_channels_and_pauses_as_often_on_as_off(one, other):
    there = sorted((BACK[kind], *about) for kind, *about in changed(one, other) if kind in BACK)
    assert there == sorted((kind, *about) for kind, *about in changed(other, one) if kind in BACK)


@pytest.mark.parametrize(("via", "own", "way"), [
    ("portal", True, "portal"), ("portal", False, "staff"), ("api", False, "api"), ("graphql", True, "api"), ("link", True, "link"), ("line", False, "program"), ("moon", True, "program"),
])  # fmt: skip
def test_ways(via, own, way):
    assert shift.way_of(via, own=own) == way


def test_a_shift_about_nothing_names_nothing():
    assert Shift(SHIFT["paused"]) == (SHIFT["paused"], "", 0)
