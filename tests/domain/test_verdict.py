"""What an experiment says, by tables: too early, running, a winner, none, stopped, a bad split; and the words for it in both languages."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.campaign import Campaign, Experiment, Guardrails, Variant
from backend.domain.verdict import DAY, Count, Verdict, judged
from backend.domain.verdict_words import MONTHS, WORDS, said

START = 1_795_608_000.0


def campaign(weights=(50.0, 50.0), **plan) -> Campaign:
    return Campaign(variants=tuple(Variant("ABCDEFGH"[n], weight=weight) for n, weight in enumerate(weights)), experiment=Experiment(**{"least": 500, "window_days": 28, **plan}))


def at(counts, days, *, weights=None, stopped=(), **plan) -> Verdict:
    given_weights = weights or tuple(100 / len(counts) for _ in counts)
    return judged(campaign(given_weights, **plan), [one if isinstance(one, Count) else Count(*one, got=one[0]) for one in counts], START, START, START + days * DAY, stopped)


CLEAR = [(5_000, 250), (5_000, 400)]
CLOSE = [(5_000, 250), (5_000, 260)]


@pytest.mark.parametrize(
    ("counts", "days", "plan", "state", "winner"),
    [
        (CLEAR, 6.99, {}, "waiting", None),  # however clear it looks
        (CLEAR, 7, {}, "winner", 1),
        (CLEAR[::-1], 7, {}, "winner", 0),  # the first may win too
        (CLOSE, 7, {}, "running", None),
        (CLOSE, 28, {}, "none", None),
        ([(400, 10), (400, 90)], 7, {}, "waiting", None),  # fewer than the least
        ([(400, 10), (400, 90)], 28, {}, "none", None),  # and at the end that is no winner either
        ([(400, 10), (400, 90)], 7, {"least": 300}, "winner", 1),
        ([(5_000, 250), (4_000, 400)], 7, {}, "unhealthy", None),
        ([(5_000, 250), (5_000, 255), (5_000, 420)], 7, {}, "winner", 2),
        ([(5_000, 250), (5_000, 400), (5_000, 460)], 7, {}, "winner", 2),  # of those that beat the first, the best
        ([(5_000, 420), (5_000, 250), (5_000, 400)], 7, {}, "running", None),  # the first beats one of two: not yet a winner
        ([(5_000, 420), (5_000, 250), (5_000, 240)], 7, {}, "winner", 0),
        ([(0, 0), (0, 0)], 7, {}, "waiting", None),
        ([(5_000, 0), (5_000, 0)], 28, {}, "none", None),
    ],
)
def test_states(counts, days, plan, state, winner):
    found = at(counts, days, **plan)
    assert (found.state, found.winner) == (state, winner)


def test_several_variants_ask_for_more_than_one_alone():
    """The same difference wins alone and does not among eight: Holm."""
    alone = at([(5_000, 250), (5_000, 331)], 7)
    among = at([(5_000, 250), *[(5_000, 250)] * 6, (5_000, 331)], 7)
    assert (alone.state, among.state) == ("winner", "running")
    assert among.arms[7].high - among.arms[7].low > alone.arms[1].high - alone.arms[1].low


def test_a_guardrail_stops_a_variant_and_the_others_go_on():
    bad = Count(5_000, 400, got=5_000, unsubscribed=120)
    found = at([(5_000, 250), bad, (5_000, 400)], 7)
    assert [arm.stopped for arm in found.arms] == [False, True, False]
    assert (found.state, found.winner) == ("winner", 2)
    two = at([(5_000, 250), bad], 7)
    assert (two.state, two.winner) == ("stopped", None), "clicks do not make up for people who leave"
    assert at([(5_000, 250), bad], 7, guardrails=Guardrails(unsubscribed=0.0)).state == "winner", "0: not looked at"
    assert at([(5_000, 250), (5_000, 400)], 7, stopped=(1,)).state == "stopped", "what was stopped stays so"


def test_bounces_are_counted_of_those_it_was_sent_to():
    guard = at([Count(1_000, 10, got=900, bounced=100), (1_000, 10)], 1).arms[0].guards["bounced"]
    assert (guard.hits, guard.of, guard.over) == (100, 1_000, True)


counts = st.builds(
    lambda people, hits, got, bad: Count(people, min(hits, people), 0, min(got, people), min(bad, people), 0, 0),
    st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 300),
)  # fmt: skip


@given(st.lists(counts, min_size=2, max_size=8), st.floats(0, 60), st.booleans())
def test_whatever_is_counted_there_is_a_sentence_and_no_winner_where_none_may_be(arms, days, german):
    found = at(arms, days)
    if found.state != "winner":
        assert found.winner is None
    if found.winner is not None:
        assert found.split_ok and days >= 7 and not found.arms[found.winner].stopped
        assert all(arm.count.people >= 500 for arm in found.arms if not arm.stopped)
    for rest in (0, 12_000):
        sentence, why = said(campaign(tuple(100 / len(arms) for _ in arms)), found, rest=rest, locale="de" if german else "en", timezone="Europe/Oslo")
        assert sentence and "{" not in sentence + why
        assert not re.search(r"(?i)signifi|p-?(value|wert)|nan|inf\b", sentence + why)


def test_the_verdict_in_points_and_in_people():
    found = at([(61_204, 5_074), (61_388, 5_470)], 7)
    sentence, why = said(campaign(), found, rest=141_920, locale="en-GB", timezone="UTC")
    assert sentence == "Send message B to everyone else."
    low, high = found.arms[1].low, found.arms[1].high
    assert why == (
        f"It gets 0.62 percentage points more clicks than A: 8.91% against 8.29%. With 95% confidence the real gain is between {100 * low:.2f} and {100 * high:.2f} points, "
        f"about {round(low * 141_920):,} to {round(high * 141_920):,} more clicks on the 141,920 people left. Checking early does not weaken this result."
    )
    sentence, why = said(campaign(), found, rest=0, locale="de-AT", timezone="Europe/Vienna")
    assert sentence == "Nachricht B ist die bessere."
    assert "0,62 Prozentpunkte mehr Klicks als A: 8,91 % gegen 8,29 %" in why
    assert "auf je 10.000 Personen" in why


@pytest.mark.parametrize(("counts", "gain", "sentence"), [
    ([(200_000, 10_000), (200_000, 10_040)], 0.01, "No winner: the messages do about equally well."),  # all that is possible is less than a gain worth acting on
    ([(5_000, 250), (5_000, 260)], 0.01, "No winner: it cannot be told which does better."),
    ([(200_000, 10_000), (200_000, 10_040), (5_000, 260)], 0.01, "No winner: it cannot be told which does better."),
])  # fmt: skip
def test_alike_is_said_only_of_what_was_seen_to_be(counts, gain, sentence):
    weights = tuple(100 * people / sum(one[0] for one in counts) for people, _ in counts)
    found = at(counts, 28, weights=weights, gain=gain)
    assert found.state == "none"
    assert said(campaign(weights, gain=gain), found, rest=0, locale="en", timezone="UTC")[0] == sentence


def test_times_are_in_the_readers_zone_and_language():
    waits = at(CLEAR, 1)
    assert "on 2 Dec 2026, 21:00" not in said(campaign(), waits, rest=0, locale="en", timezone="UTC")[1]
    assert said(campaign(), waits, rest=0, locale="en", timezone="Asia/Tokyo")[1].endswith("It comes on 2 Dec 2026, 21:00 at the earliest.")
    assert said(campaign(), waits, rest=0, locale="de", timezone="UTC")[1].endswith("Frühestens steht es am 2. Dez. 2026, 12:00 fest.")


def test_both_languages_say_the_same_things():
    holes = {lang: {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in words.items()} for lang, words in WORDS.items()}
    assert holes["en"] == holes["de"]
    assert [len(months) for months in MONTHS.values()] == [12, 12]


def test_a_verdict_is_kept_as_json():
    found = at([(5_000, 250), Count(5_000, 400, got=5_000, unsubscribed=120)], 7)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Verdict) == found
