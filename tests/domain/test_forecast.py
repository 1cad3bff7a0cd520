"""Codes of a forecast: a few bytes that say where each unit stands; sums that add up; differences that explain plan and fact to the unit."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import forecast, reasons
from backend.domain.decision import Decision, Reason, Unit
from backend.domain.forecast import JOINED, NONE, Difference, Sums

HOUR = 3_600
units = st.builds(
    lambda channel, outcome, code, hour, silent: Unit(
        channel, b"a", outcome, hour * HOUR + 59.0 if outcome == "hold" else 0.0, (Reason(code),) if outcome != "send" or silent else (), (), silent
    ),
    st.sampled_from(["web", "push", "email", "sms"]), st.sampled_from(["send", "hold", "skip"]),
    st.sampled_from(["quiet_hours", "no_address", "halted", "suppressed", "law", "holdout"]), st.integers(0, 900_000), st.booleans(),
)  # fmt: skip
decisions = st.lists(units, max_size=6).map(lambda some: Decision(tuple(some)))


def place(unit: Unit) -> tuple:
    held = unit.outcome == "hold"
    return unit.channel, unit.outcome, unit.reasons[0].code if unit.outcome != "send" else "", int(unit.until // HOUR) if held else 0


@given(decisions)
def test_a_code_is_read_as_it_was_written(decision):
    code = forecast.code_of(decision)
    assert [(one.channel, one.outcome, one.reason, one.hour) for one in forecast.decoded(code)] == [place(unit) for unit in decision.units]
    assert len(code) <= 1 + 5 * len(decision.units)


@given(st.binary(max_size=12))
def test_nobody_falls_over_bytes_that_are_no_code(code):
    Sums().add({code: 1})
    forecast.differences(code, JOINED)
    forecast.left(code)


def test_every_reason_a_gate_gives_has_a_number_that_stays():
    assert forecast.REASONS[:5] == ("", "erased", "expired", "superseded", "halted")
    assert forecast.REASONS.index("paused_by_person") == 21
    assert set(forecast.REASONS[1:]) <= set(reasons.CODES)
    assert len(set(forecast.REASONS)) == len(forecast.REASONS) < forecast.OTHER


def test_what_a_newer_version_says_is_another_reason():
    code = forecast.code_of(Decision((Unit("web", b"", "skip", 0.0, (Reason("of-tomorrow"),), ()),)))
    assert [one.word for one in forecast.decoded(code)] == ["skip:other"]


@given(st.lists(st.tuples(decisions, decisions, st.booleans()), max_size=8))
def test_plan_and_differences_are_the_fact_to_the_unit(people):
    plan, fact, found = Sums(), Sums(), Counter()
    for before, after, joined in people:
        was, now = JOINED if joined else forecast.code_of(before), forecast.code_of(after)
        plan.add({was: 1})
        fact.add({now: 1})
        found.update((one.channel, one.foreseen, one.fact) for one in forecast.differences(was, now))
    rows = {forecast.row_of(key): n for key, n in plan.rows.items()}
    moved = forecast.moved(rows, ((*key, n) for key, n in found.items()))
    assert {row: n for row, n in moved.items() if n} == {forecast.row_of(key): n for key, n in fact.rows.items()}
    assert sum(plan.rows.values()) == plan.units
    assert sum(plan.hours.values()) == sum(n for key, n in plan.rows.items() if forecast.row_of(key)[1] == "hold")


@given(decisions)
def test_what_came_as_foreseen_is_no_difference_and_without_a_forecast_nothing_is(decision):
    code = forecast.code_of(decision)
    assert forecast.differences(code, code) == forecast.differences(b"", code) == []


def code(*places: tuple[str, str, str, int]) -> bytes:
    return forecast.code_of(Decision(tuple(
        Unit(channel, b"a", outcome, hour * float(HOUR) if outcome == "hold" else 0.0, (Reason(why),) if why else (), ()) for channel, outcome, why, hour in places
    )))  # fmt: skip


@pytest.mark.parametrize(("was", "now", "said"), [
    ([("email", "send", "", 0)], [("email", "skip", "suppressed", 0)], [("send", "skip:suppressed", "suppressed")]),
    ([("email", "hold", "quiet_hours", 5)], [("email", "send", "", 0)], [("hold:quiet_hours", "send", "no_longer:quiet_hours")]),
    ([("email", "hold", "quiet_hours", 5)], [("email", "hold", "quiet_hours", 7)], [("hold:quiet_hours", "hold:quiet_hours", "quiet_hours")]),
    ([("email", "hold", "halted", 5)], [("email", "hold", "halted", 7)], []),
    ([("push", "send", "", 0), ("push", "send", "", 0)], [("push", "send", "", 0)], [("send", NONE, "address_gone")]),
    ([("push", "skip", "no_address", 0)], [("push", "send", "", 0), ("push", "send", "", 0)], [("skip:no_address", "send", "no_longer:no_address"), (NONE, "send", "address_new")]),
    ([], [("web", "send", "", 0)], [(NONE, "send", "joined_since")]),
])  # fmt: skip
def test_a_difference_names_where_it_was_where_it_went_and_why(was, now, said):
    found = forecast.differences(code(*was), code(*now))
    assert [(one.foreseen, one.fact, one.cause) for one in found] == said
    assert all(one.cause.partition(":")[0] in reasons.CODES for one in found)


def test_who_left_is_a_difference_for_each_unit():
    assert forecast.left(code(("web", "send", "", 0), ("sms", "skip", "no_address", 0))) == [
        Difference("web", "send", NONE, "left_since"), Difference("sms", "skip:no_address", NONE, "left_since"),
    ]  # fmt: skip


def test_who_cannot_be_decided_about_is_one_unit_that_failed():
    was = code(("web", "send", "", 0), ("sms", "skip", "no_address", 0))
    assert forecast.undecided(was, "web") == [Difference("sms", "skip:no_address", NONE, "dead_letter")]
    assert forecast.undecided(was, "sms") == [Difference("web", "send", NONE, "dead_letter"), Difference("sms", "skip:no_address", "send", "dead_letter")]
    assert forecast.undecided(JOINED, "web") == [Difference("web", NONE, "send", "dead_letter")]


def test_people_are_counted_by_what_reaches_them():
    sums = Sums()
    sums.add({code(("web", "send", "", 0), ("email", "skip", "no_address", 0)): 3, code(("web", "skip", "holdout", 0)): 2, code(("email", "hold", "law", 9)): 1})
    assert (sums.people, sums.reached, sums.held_out, sums.units) == (6, 4, 2, 9)
    assert (sums.hours, sums.last) == ({9: 1}, {"email hold law": 9})
