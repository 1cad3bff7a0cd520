"""When a schedule fires, against PostgreSQL's own reading of the zones: whatever a wall clock skips or shows twice, once a day is once a day."""

import itertools
from datetime import datetime

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.errors import Invalid
from backend.domain.event import To
from backend.domain.recurrence import OWN, checked, ends, own_moment, planned, starts, wall_moment, zone_of
from backend.domain.schedule import LISTED, Schedule, firing_id, sort_out

ZONES = (
    "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "America/St_Johns", "Asia/Tehran", "Africa/Casablanca", "Antarctica/Troll",
)  # fmt: skip


def at(text):
    return datetime.fromisoformat(text).timestamp()


def times(cron, zone, after, n):
    return list(itertools.islice(planned(cron, zone, after), n))


def test_half_past_two_on_the_nights_of_the_clocks_change():
    spring = times("30 2 * * *", "Europe/Berlin", at("2026-03-28T00:00:00Z"), 3)
    assert spring == [at("2026-03-28T01:30:00Z"), at("2026-03-29T01:00:00Z"), at("2026-03-30T00:30:00Z")]  # skipped: when the clock has jumped
    autumn = times("30 2 * * *", "Europe/Berlin", at("2026-10-24T12:00:00Z"), 2)
    assert autumn == [at("2026-10-25T00:30:00Z"), at("2026-10-26T01:30:00Z")]  # shown twice: the first time
    assert times("30 2 * * *", "Europe/Berlin", at("2026-10-25T00:30:00Z"), 1) == [at("2026-10-26T01:30:00Z")]  # who asks in between: not again


def test_what_fires_every_half_hour_goes_by_what_has_passed():
    assert [b - a for a, b in itertools.pairwise(times("*/30 * * * *", "Europe/Berlin", at("2026-10-24T22:00:00Z"), 12))] == [1800.0] * 11


@pytest.fixture(scope="module")
def oracle(postgres_url):
    """PostgreSQL has the zones' history and its own code for it."""
    with psycopg.connect(postgres_url) as conn:
        yield conn


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("hour", "minute"), [(0, 15), (2, 30)])
def test_once_a_day_is_once_a_day(oracle, zone, hour, minute):
    """For two years: each local day fires once, at the first moment whose clock shows the time, or else at the moment of the jump over it."""
    begin, n = at("2022-12-31T12:00:00Z"), 730
    found = times(f"{minute} {hour} * * *", zone, begin, n)
    query = """
        with moments as (select m, m at time zone %(zone)s as wall from generate_series(to_timestamp(%(begin)s), to_timestamp(%(end)s), '15 minutes') as m),
        shown as (select m + (%(minute)s %% 15) * interval '1 minute' as m, m at time zone %(zone)s + (%(minute)s %% 15) * interval '1 minute' as wall from moments)
        select extract(epoch from min(m)) from shown
        where extract(hour from wall) = %(hour)s and extract(minute from wall) = %(minute)s group by wall::date order by 1"""
    rows = oracle.execute(query, {"zone": zone, "begin": begin, "end": found[-1] + 86_400, "hour": hour, "minute": minute})
    shown = [float(row[0]) for row in rows if begin < row[0] <= found[-1]]
    jumped = sorted(set(found) - set(shown))
    assert not set(shown) - set(found), "a shown time does not fire"
    for moment in jumped:  # nobody's clock showed the time: this is the first minute behind the gap
        before, after = (oracle.execute("select to_timestamp(%s) at time zone %s", (one, zone)).fetchone()[0] for one in (moment - 60, moment))
        assert ((after - before).total_seconds() > 60 and before.time() < after.time()) or before.date() < after.date()
        assert before.replace(hour=hour, minute=minute) > before or before.date() < after.date()
    assert len(jumped) <= 4


@pytest.mark.parametrize("zone", ZONES)
def test_the_moment_of_a_wall_time(oracle, zone):
    """Each quarter of an hour of a year: the first moment at which PostgreSQL's clock shows it, or the jump over it."""
    query = """select wall, extract(epoch from min(m)) from (
        select m, m at time zone %s as wall from generate_series(to_timestamp(%s), to_timestamp(%s), '15 minutes') as m) as s group by wall order by wall"""
    known = {wall: float(m) for wall, m in oracle.execute(query, (zone, at("2023-01-01T00:00:00Z"), at("2023-12-31T00:00:00Z")))}
    tz, walls = zone_of(zone), sorted(known)
    for wall in walls[200:-200]:
        assert wall_moment(wall, tz) == known[wall]
    for a, b in itertools.pairwise(walls):  # what lies between two walls that follow each other in time is never shown
        if (b - a).total_seconds() > 900:
            assert wall_moment(a + (b - a) / 2, tz) == known[b]


@pytest.mark.parametrize(
    ("cron", "zone", "word"),
    [
        ("0 0 30 2 *", "UTC", "never fires"), ("0 0 31 4,6 *", "UTC", "never fires"), ("* * */20 * 1L", "UTC", "never fires"), ("0 9 * *", "UTC", "five fields"),
        ("* * * * * *", "UTC", "five fields"), ("61 * * * *", "UTC", "bad minute"), ("0 24 * * *", "UTC", "bad hour"), ("0 9 * * 8", "UTC", "bad day-of-week"),
        ("0 9 * * *", "Mars/Olympus", "no time zone"), ("0 9 * * *", "", "no time zone"), ("0 9 * * *", "../../etc/passwd", "no time zone"),
        ("0 9 * * *", "/etc/localtime", "no time zone"), ("0 9 * * *", "Europe", "no time zone"), ("0 9 * * *", "Ünser/Dorf", "no time zone"),
        ("", "UTC", "five fields"), ("0 9 * * " + "1," * 5_000 + "1", "UTC", "at most 100"), ("@daily", "UTC", "five fields"), ("² 9 * * *", "UTC", "bad minute"),
        ("0 9 \u202e * *", "UTC", "bad day"), ("0/0 * * * *", "UTC", "bad minute"), ("0 9 L-3 * *", "UTC", "bad day"),
    ],
)  # fmt: skip
def test_a_line_that_never_fires_or_a_zone_that_is_none_is_refused_with_the_reason(cron, zone, word):
    with pytest.raises(Invalid) as refused:
        checked(cron, zone, at("2026-11-25T12:00:00Z"))
    assert word in refused.value.detail
    assert refused.value.facts["field"] in ("cron", "zone")


@given(line=st.text(alphabet="0123456789*/,-#LW ", max_size=40) | st.text(max_size=30), zone=st.sampled_from(ZONES) | st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_is_read_or_refused(line, zone):
    try:
        made = checked(line, zone, at("2026-11-25T12:00:00Z"))
    except Invalid:
        return
    found = times(made, zone, at("2026-11-25T12:00:00Z"), 3)
    assert found and found == sorted(set(found)) and found[0] > at("2026-11-25T12:00:00Z")


def test_at_nine_in_each_own_zone_begins_in_the_first_and_ends_in_the_last():
    (nine,) = times("0 9 * * *", OWN, at("2026-11-25T12:00:00Z"), 1)
    assert nine == at("2026-11-26T09:00:00Z")
    moments = {zone: own_moment(nine, zone) for zone in ("Pacific/Kiritimati", "Europe/Berlin", "Etc/GMT+12", "nonsense")}
    assert moments["Pacific/Kiritimati"] == starts(nine, OWN) and moments["Etc/GMT+12"] == ends(nine, OWN)
    assert moments["Europe/Berlin"] == at("2026-11-26T08:00:00Z") and moments["nonsense"] == nine


PLAN = Schedule("0 * * * *", "UTC", "orders", "t", To(user="mia"))


def test_after_a_time_away_the_newest_within_its_grace_fires_and_the_older_are_missed():
    noon = at("2026-11-25T12:00:00Z")
    late = sort_out(PLAN, noon, noon + 4 * 3600 + 120)
    assert late.fires == noon + 4 * 3600 and late.next == noon + 5 * 3600
    assert late.missed == tuple((noon + n * 3600, 1) for n in range(4))
    over = sort_out(Schedule("0 0 * * *", "UTC", "orders", "t", To(user="mia")), at("2026-11-25T00:00:00Z"), noon)
    assert over.fires is None and [t for t, _ in over.missed] == [at("2026-11-25T00:00:00Z")]


def test_a_month_away_is_told_in_few_rows():
    begin = at("2026-10-25T12:00:00Z")
    late = sort_out(Schedule("* * * * *", "UTC", "orders", "t", To(user="mia")), begin, begin + 30 * 86_400 + 5)
    assert late.fires == begin + 30 * 86_400 and late.next == late.fires + 60
    assert len(late.missed) == LISTED + 1 and late.missed[0][0] == begin and late.missed[-1] == (late.fires - 60, 1)


@given(st.integers(0, 200_000), st.integers(0, 7_200), st.sampled_from(["*/5 * * * *", "0 * * * *", "30 2 * * *"]), st.sampled_from(["UTC", "Europe/Berlin", OWN]))
@settings(max_examples=100, deadline=None)
def test_every_time_is_fired_or_missed_once_whenever_one_looks(away, grace, cron, zone):
    """However the looks fall, the times that they tell of are the times of the line, each once and in order."""
    plan = Schedule(cron, zone, "orders", "t", To(user="mia"), grace=grace)
    now = at("2026-10-23T00:00:00Z")
    first = next(planned(cron, zone, now))
    told, waits = [], first
    for step in (0, away, away // 3, away):
        now += step
        if starts(waits, zone) > now:
            continue
        late = sort_out(plan, waits, now)
        told += [t for t, n in late.missed for _ in range(n)] if all(n == 1 for _, n in late.missed) else [None] * sum(n for _, n in late.missed)
        told += [late.fires] if late.fires is not None else []
        waits = late.next
    want = list(itertools.takewhile(lambda t: t < waits, planned(cron, zone, starts(first, zone) - 1)))
    assert len(told) == len(want) and all(a in (None, b) for a, b in zip(told, want, strict=True))


def test_a_firing_has_one_id_whoever_makes_it():
    assert firing_id(1, "daily", 7.0) == firing_id(1, "daily", 7.0)
    assert len({firing_id(1, "daily", 7.0), firing_id(2, "daily", 7.0), firing_id(1, "weekly", 7.0), firing_id(1, "daily", 8.0)}) == 4
