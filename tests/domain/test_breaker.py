"""The breaker and the points: a table, and a machine against a plain model that keeps every answer."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from backend.domain import balance
from backend.domain.balance import EVERY, PLACES, SHIFT, SLOW, WHOLE, Points, Share, moved, slow
from backend.domain.breaker import LEAST, PAUSES, TRIALS, WINDOW, Breaker, heard, mean

NOON = 1_795_608_000.0


def told(b, *steps):
    """Each step: (seconds later, good, bad)."""
    now = b.changed or NOON
    for later, good, bad in steps:
        now += later
        b = heard(b, good, bad, now)
    return b


def test_it_opens_when_half_of_enough_answers_are_bad():
    for good, bad, position in ((0, LEAST, "open"), (0, LEAST - 1, "closed"), (LEAST, LEAST, "open"), (LEAST + 1, LEAST, "closed"), (1_000, 100, "closed")):
        assert told(Breaker(), (0, good, bad)).position == position, (good, bad)


def test_what_was_long_ago_does_not_count():
    assert told(Breaker(), (0, 0, LEAST - 1), (2 * WINDOW, 0, 1)).position == "closed"
    assert told(Breaker(), (0, 0, LEAST - 1), (WINDOW, 0, 1)).position == "open"


def test_pauses_grow_while_trials_fail_and_are_short_again_after_it_was_well():
    b = told(Breaker(), (0, 0, LEAST))
    for n in range(1, 8):
        assert (b.position, b.until - b.changed, b.times) == ("open", PAUSES[min(n, len(PAUSES)) - 1], n)
        b = told(b, (b.until - b.changed - 0.1, 0, 50))
        assert b.position == "open", "late answers of what was begun before change nothing"
        b = told(b, (b.until - b.changed, 0, 0))
        assert b.position == "trying"
        b = told(b, (1, 0, 1))
    b = told(b, (60.0, 0, 0), (1, TRIALS - 1, 0))
    assert b.position == "trying"
    b = told(b, (1, 1, 0))
    assert (b.position, b.times) == ("closed", 8)
    assert told(b, (PAUSES[-1] + 1, 1, 0)).times == 0


class Machine(RuleBasedStateMachine):
    """The model keeps every answer and asks its rules in words: it never opens without enough bad answers of late, it leaves alone for
    exactly the pause, and only good trials close it."""

    def __init__(self):
        super().__init__()
        self.now, self.b, self.past = NOON, Breaker(), []

    @rule(later=st.floats(0.1, 30.0), good=st.integers(0, 30), bad=st.integers(0, 30))
    def answers(self, later, good, bad):
        self.now += later
        was, self.b = self.b, heard(self.b, good, bad, self.now)
        if was.position != "open":
            self.past.append((self.now, good, bad))
        recent = [(g, f) for at, g, f in self.past if at > self.now - 2 * WINDOW - 0.001]
        match was.position, self.b.position:
            case "closed", "open":
                assert sum(f for _, f in recent) >= LEAST
                assert self.b.until - self.now in PAUSES
            case "closed", "closed":
                last = [(g, f) for at, g, f in self.past if at == self.now]
                assert not (sum(f for _, f in last) >= LEAST and sum(g for _, g, _ in self.past) == 0), "nothing but failures, and still used"
            case "open", "trying":
                assert self.now >= was.until
            case "open", "open":
                assert self.now < was.until
            case "trying", "closed":
                assert bad == 0
            case "trying", "open":
                assert bad > 0
                assert self.b.times == was.times + 1
            case "trying", "trying":
                assert bad == 0
            case move:
                raise AssertionError(move)
        if self.b.position != was.position:
            self.past = []

    @invariant()
    def it_is_always_somewhere(self):
        assert self.b.position in ("closed", "open", "trying")
        assert (self.b.until > 0) == (self.b.position == "open")


Machine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestMachine = Machine.TestCase


def test_points_move_ten_at_a_time_and_not_more_often_than_every_minute():
    p = balance.moved(Points(), 3, 20, out=False, now=NOON)
    assert p.given == 10
    assert balance.moved(p, 20, 20, out=False, now=NOON + 59).given == 10
    assert balance.moved(p, 20, 20, out=False, now=NOON + 60).given == 20
    assert balance.moved(p, 2, 20, out=False, now=NOON + 60).given == 0, "back, for it is well"
    assert balance.moved(Points(), 10, 19, out=False, now=NOON).given == 0, "too few to say"
    assert balance.moved(Points(90), 20, 20, out=False, now=NOON).given == 90, "a little stays, so that one knows"


def test_one_that_was_out_comes_back_in_ten_minutes():
    p, now, course = balance.moved(Points(), 0, 0, out=True, now=NOON), NOON, []
    while p.given:
        now += 60
        p = balance.moved(p, 0, 100, out=False, now=now)
        course.append(p.given)
    assert course == [90, 80, 70, 60, 50, 40, 30, 20, 10, 0]


def test_people_move_over_with_the_points_and_the_others_stay():
    first, second, third = Share("a", 100), Share("b", 0), Share("c", 0)
    assert balance.spread([replace(first, given=50)]) == [(PLACES, "a")], "there is nobody to give it to"
    assert balance.spread([]) == balance.spread([replace(first, able=False)]) == []
    assert balance.spread([first, second, third]) == [(PLACES, "a")], "the others stand in only"
    assert balance.spread([replace(first, given=25), second, third]) == [(768, "a"), (PLACES, "b")]
    assert balance.spread([replace(first, given=100), second]) == [(PLACES, "b")]
    assert balance.spread([replace(first, able=False), replace(second, able=False), third]) == [(PLACES, "c")]
    assert balance.spread([second, third]) == [(PLACES, "b")], "where none has a weight the first takes everything"


def taken(shares):
    """Who takes each place."""
    row, low = [], 0
    for below, key in balance.spread(shares):
        assert below > low
        row += [key] * (below - low)
        low = below
    assert low == PLACES
    return row


def test_everyone_takes_what_its_weight_says():
    counts = Counter(taken([Share("a", 50), Share("b", 30), Share("c", 20), Share("d", 0)]))
    assert counts == {"a": 512, "b": 307, "c": 205}
    assert Counter(taken([Share("a", 1), Share("b", 1), Share("c", 1)])) == {"a": 341, "b": 341, "c": 342}


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 10), st.booleans()), min_size=1, max_size=5), st.integers(0, 4), st.integers(0, 10)
)
def test_who_does_not_go_by_the_one_that_changes_stays_where_they_are(some, which, tenths):
    shares = [Share(f"p{n}", weight, tenths * SHIFT, able) for n, (weight, tenths, able) in enumerate(some)]
    if not any(share.able for share in shares):
        return
    rest = [replace(share, given=0, able=True) for share in shares]
    which %= len(rest)
    before = taken(rest)
    after = taken([replace(share, given=tenths * SHIFT) if n == which else share for n, share in enumerate(rest)])
    stay = [place for place, key in enumerate(before) if key != f"p{which}"]
    assert [before[place] for place in stay] == [after[place] for place in stay], "only its own people move"
    able = {share.key for share in shares if share.able}
    assert set(taken(shares)) <= able, "nobody goes to one that is not able"


@given(st.lists(st.integers(1, 100), min_size=2, max_size=5), st.integers(0, 9))
def test_each_step_moves_a_tenth_and_nobody_twice(weights, tenths):
    shares = [Share(f"p{n}", weight) for n, weight in enumerate(weights)]
    less = taken([replace(shares[0], given=tenths * SHIFT), *shares[1:]])
    more = taken([replace(shares[0], given=(tenths + 1) * SHIFT), *shares[1:]])
    moved = [(one, other) for one, other in zip(less, more, strict=True) if one != other]
    assert all(one == "p0" for one, _ in moved)
    assert abs(len(moved) - taken(shares).count("p0") / 10) <= 1


def test_slow_is_who_answers_late_on_the_average_of_enough_of_late():
    for answers, seconds, is_slow in ((LEAST, SLOW, False), (LEAST, SLOW + 0.1, True), (LEAST - 1, 60.0, False), (100, 0.2, False)):
        b = heard(Breaker(), answers, 0, NOON, answers * seconds)
        assert slow(b) == is_slow, (answers, seconds)
    b = heard(Breaker(), LEAST, 0, NOON, LEAST * 10.0)
    assert mean(heard(b, LEAST, 0, NOON + WINDOW, LEAST * 2.0)) == 6.0
    assert not slow(heard(b, LEAST, 0, NOON + 2 * WINDOW, LEAST * 0.1)), "what was long ago does not count"
    assert not slow(heard(Breaker(), 0, LEAST, NOON, LEAST * 30.0)), "one that is open says more"


def test_a_slow_one_gives_points_away_and_keeps_some_to_be_judged_by():
    p, now = Points(), NOON
    for n in range(1, 20):
        p = moved(p, 0, 0, out=False, now=now, slow=True)
        assert p.given == min(n * SHIFT, WHOLE - SHIFT)
        assert moved(p, 0, 0, out=False, now=now + EVERY - 1, slow=True) == p
        now += EVERY
    assert moved(p, 0, 0, out=False, now=now).given == WHOLE - 2 * SHIFT
