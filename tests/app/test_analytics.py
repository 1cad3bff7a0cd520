"""Analytics: for any range, zone and filter what a recount of the rows says; nothing where nothing was reported; more than a month back."""

import random
from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from backend.app.analytics_views import AnalyticsIn
from backend.app.app import App
from backend.domain.delivery import LEDGER_OF, SKIPPED, State
from backend.domain.errors import Invalid, UnknownChannel
from backend.domain.ids import NO_ID, cohort_id, make_id
from backend.domain.latency import step_of
from backend.domain.ledger import Ledger
from backend.domain.measures import COLUMNS, Rate
from backend.domain.tally import ARRIVED, QUARTER, REFUSED, STAMP, STEP, TAKEN
from backend.store import hot, partitions, receipt_rows, rollup, seals, tables, tallies
from tests.app.actors import ADMIN
from tests.app.conftest import NOW

DAY = 86_400.0
WEB, EMAIL, PUSH, SMS = 1, 2, 3, 4
COHORTS = [("orders", "high", "shipped"), ("orders", "normal", ""), ("news", "low", "weekly")]


async def cohorts(app: App) -> list[int]:
    numbers = [cohort_id(1, *parts) for parts in COHORTS]
    rows = [
        {"space": 1, "cohort": number, "category": c, "priority": p, "template": t, "version": 1, "event": NO_ID, "created": NOW}
        for number, (c, p, t) in zip(numbers, COHORTS, strict=True)
    ]
    await app.store.write(lambda tx: tx.conn.execute(tables.cohorts.insert(), rows))
    return numbers


async def tallied(app: App, *rows: tuple[float, int, int, int, int], provider: str = "") -> None:
    """(born, cohort, channel, kind, n)"""
    net: Counter = Counter()
    for at, cohort, channel, kind, n in rows:
        net[1, int(at // QUARTER), cohort, channel, provider, int(kind)] += n
    await app.store.write(lambda tx: tallies.add(tx, net))


def asked(since: float = NOW - 7 * DAY, until: float = NOW + DAY, **also) -> AnalyticsIn:
    return AnalyticsIn(since, until, **also)


@pytest.mark.parametrize("seed", range(3))
async def test_totals_are_a_recount_of_the_rows(each_app: App, seed: int) -> None:
    chance, store = random.Random(seed), each_app.store
    numbers = await cohorts(each_app)
    rows: list[tuple[float, int, hot.Decided]] = []
    for n in range(40):
        born = int(NOW * 1000) - chance.randrange(2 * 86_400_000)
        event = make_id(born, bytes([n]))
        number = chance.choice(numbers)
        units = tuple(
            hot.NewDelivery(make_id(born, event, bytes([channel])), channel, b"a", chance.choice([State.PENDING, State.HELD])) for channel in (WEB, EMAIL)
        )
        rows.append((born / 1000, number, hot.Decided(
            1, event, True, n + 1, 1, "t", "c", 1, 1, "", "", 0, number, NOW, b"r", make_id(born, event), 2, (SMS,) * chance.randrange(2), b"t", units
        )))  # fmt: skip
    await store.write(lambda tx: hot.write_decided(tx, [row for *_, row in rows], NOW))
    moves = [
        hot.Move(1, unit.id, number, unit.channel, chance.randrange(2), int(chance.choice(list(State))))
        for _ in range(2) for _, number, row in rows for unit in row.deliveries if chance.random() < 0.7
    ]  # fmt: skip
    await store.write(lambda tx: hot.write_moves(tx, moves, NOW))
    while await store.write(lambda tx: rollup.compact(tx, chance.randrange(1, 60))):
        pass

    def states(tx):
        return {row.id: row.state for row in tx.conn.execute(tables.deliveries.select())}

    state = await store.read(states)
    for zone in ("UTC", "Asia/Kathmandu", "America/New_York"):
        day = datetime.fromtimestamp(NOW - DAY, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        since, until = day.timestamp(), day.timestamp() + DAY
        for category, channel in (("", ""), ("orders", ""), ("", "email")):
            true: Counter = Counter()
            for at, number, row in rows:
                if not since <= at < until or (category and COHORTS[numbers.index(number)][0] != category):
                    continue
                true.update(LEDGER_OF[state[unit.id]] for unit in row.deliveries if channel in ("", "email" if unit.channel == EMAIL else "web"))
                true["skipped"] += len(row.skipped) if not channel else 0
            report = await each_app.analytics.report(ADMIN, asked(since, until, zone=zone, category=category, channel=channel))
            ledger = report.whole.ledger
            assert {name: getattr(ledger, name) for name in COLUMNS} == {name: true[name] for name in COLUMNS}
            assert ledger.planned == true.total()
            assert sum(point.figures.ledger.planned for point in report.points) == ledger.planned
            assert sum(part.figures.ledger.planned for part in report.channels) == ledger.planned
            assert (report.points[0].start, report.points[-1].end) == (since, until)


async def test_a_rate_has_what_it_is_of_and_none_where_nobody_reports(app: App) -> None:
    orders, _, news = await cohorts(app)
    await tallied(
        app,
        (NOW, orders, WEB, State.DELIVERED, 10), (NOW, orders, WEB, STAMP["read"], 4),
        (NOW, orders, SMS, State.SENT, 50), (NOW, orders, SMS, State.FAILED, 2),
        (NOW, news, EMAIL, State.SENT, 80), (NOW, news, EMAIL, State.BOUNCED, 20), (NOW, news, EMAIL, STAMP["opened_human"], 8),
        (NOW, news, EMAIL, STAMP["opened_machine"], 30), (NOW, news, EMAIL, STAMP["clicked"], 2),
    )  # fmt: skip
    report = await app.analytics.report(ADMIN, asked())
    by = {part.key: part.figures for part in report.parts}
    assert by["web"].delivered == Rate(10, 10, "") and by["web"].opened == Rate(4, 10, "") and by["web"].clicked.why == "no_signal"
    assert by["sms"].delivered == Rate(0, 0, "no_signal") and by["sms"].opened.why == "no_signal" and by["sms"].failed == Rate(2, 52, "")
    assert by["email"].opened == Rate(8, 80, "") and by["email"].clicked == Rate(2, 80, "") and by["email"].failed == Rate(20, 100, "")
    whole = report.whole
    assert whole.delivered == Rate(10, 10, "")  # of the one channel that reports
    assert whole.opened == Rate(12, 90, "") and whole.opened_machine == 30
    assert [part.key for part in report.parts] == ["email", "sms", "web"]
    assert whole.half is None and whole.timed == 0


async def test_times_and_providers(app: App) -> None:
    orders, *_ = await cohorts(app)
    await tallied(app, (NOW, orders, EMAIL, State.SENT, 90), (NOW, orders, EMAIL, State.FAILED, 10))
    await tallied(
        app, (NOW, orders, EMAIL, TAKEN, 60), (NOW, orders, EMAIL, ARRIVED, 50), (NOW, orders, EMAIL, STEP + step_of(1.0), 59),
        (NOW, orders, EMAIL, STEP + step_of(600.0), 1), provider="alpha",
    )  # fmt: skip
    await tallied(app, (NOW, orders, EMAIL, TAKEN, 30), (NOW, orders, EMAIL, REFUSED, 10), (NOW, orders, EMAIL, STEP + step_of(8.0), 30), provider="beta")
    report = await app.analytics.report(ADMIN, asked(by="provider"))
    alpha, beta = report.parts
    assert (alpha.key, alpha.figures.delivered, alpha.figures.failed) == ("alpha", Rate(50, 60, ""), Rate(0, 60, ""))
    assert (beta.key, beta.figures.delivered.why, beta.figures.failed) == ("beta", "no_signal", Rate(10, 40, ""))
    assert 0.6 < alpha.figures.half < alpha.figures.most < 1.5 and 400 < alpha.figures.nearly_all < 900
    assert report.whole.timed == 90 and 5 < report.whole.most < 12 and report.whole.nearly_all < 900


async def test_one_provider_is_what_came_to_it(each_app: App) -> None:
    orders, _, news = await cohorts(each_app)
    await tallied(each_app, (NOW, orders, EMAIL, State.SENT, 90), (NOW, orders, EMAIL, State.HELD, 7), (NOW, news, SMS, State.SENT, 5))
    await tallied(each_app, (NOW, orders, EMAIL, TAKEN, 60), (NOW, orders, EMAIL, ARRIVED, 50), (NOW, orders, EMAIL, STEP + step_of(1.0), 60), provider="alpha")
    await tallied(each_app, (NOW - 8 * DAY, orders, EMAIL, TAKEN, 10), (NOW, news, EMAIL, TAKEN, 4), (NOW, news, EMAIL, REFUSED, 1), provider="alpha")
    await tallied(each_app, (NOW, orders, EMAIL, TAKEN, 30), provider="beta")
    await tallied(each_app, (NOW, news, SMS, TAKEN, 5), provider="gamma")
    report = await each_app.analytics.report(ADMIN, asked(provider="alpha", by="category"))
    assert (report.provider, report.providers) == ("alpha", ["alpha", "beta", "gamma"])
    assert report.whole.ledger == Ledger(planned=65, sent=64, failed=1)
    assert (report.whole.delivered, report.whole.failed, report.whole.timed) == (Rate(50, 65, ""), Rate(1, 65, ""), 60)
    assert report.whole.opened.share is None and report.whole.half is not None
    assert [(part.key, part.figures.ledger.planned) for part in report.parts] == [("orders", 60), ("news", 5)]
    assert [(part.key, part.figures.ledger.planned) for part in report.channels] == [("email", 65)]
    assert sum(point.figures.ledger.planned for point in report.points) == 65 and sum(hour.n for hour in report.hours) == 64
    both = await each_app.analytics.report(ADMIN, asked(NOW - 1 * DAY, NOW + 1 * DAY, provider="alpha", category="news", channel="email", against=NOW - 9 * DAY))
    assert both.whole.ledger.planned == 5 and both.before is None  # ten of alpha, but none of them of that category
    assert sum(point.figures.ledger.planned for point in both.points) == 5
    earlier = await each_app.analytics.report(ADMIN, asked(NOW - 1 * DAY, NOW + 1 * DAY, provider="alpha", against=NOW - 8 * DAY))
    assert earlier.before is not None and earlier.before.ledger.planned == 10
    assert (await each_app.analytics.report(ADMIN, asked(provider="nobody"))).whole.ledger.planned == 0


async def test_what_is_compared_is_as_long_and_was_counted(app: App) -> None:
    orders, *_ = await cohorts(app)
    await tallied(app, *((NOW - n * DAY, orders, EMAIL, State.SENT, 100 + n) for n in range(20)))
    midnight = NOW - NOW % DAY
    report = await app.analytics.report(ADMIN, asked(midnight - 6 * DAY, midnight + DAY))
    assert report.against == midnight - 13 * DAY
    assert report.elapsed < 7 * DAY  # today is not over
    assert report.whole.ledger.planned == sum(100 + n for n in range(7))
    assert report.before.ledger.planned == sum(100 + n for n in range(7, 14))
    chosen = await app.analytics.report(ADMIN, asked(midnight - 6 * DAY, midnight + DAY, against=midnight - 16 * DAY))
    assert chosen.before.ledger.planned == sum(100 + n for n in range(10, 17))
    assert chosen.channels[0].before == chosen.before
    assert (await app.analytics.report(ADMIN, asked(midnight - 6 * DAY, midnight + DAY, against=-1.0))).before is None
    longer = await app.analytics.report(ADMIN, asked(midnight - 19 * DAY, midnight + DAY))
    assert longer.before is None  # it was not counted then
    ahead = await app.analytics.report(ADMIN, asked(NOW + DAY, NOW + 2 * DAY))
    assert ahead.before is None and not any(point.known for point in ahead.points)


async def test_before_counting_began_and_after_now_nothing_is_known(app: App) -> None:
    orders, *_ = await cohorts(app)
    await tallied(app, (NOW - 2 * DAY, orders, EMAIL, State.SENT, 1))
    report = await app.analytics.report(ADMIN, asked(NOW - 5 * DAY, NOW + 5 * DAY))
    known = [point for point in report.points if point.known]
    assert known[0].end > report.counted_from >= known[0].start
    assert known[-1].start < NOW <= known[-1].end
    assert [point.figures.ledger.planned for point in known].count(0) == len(known) - 1


async def test_what_is_not_compacted_yet_is_said(app: App, clock) -> None:
    assert (await app.analytics.report(ADMIN, asked())).upto == NOW
    orders, *_ = await cohorts(app)
    event = make_id(int(NOW * 1000), b"e")
    row = hot.Decided(1, event, True, 1, 1, "t", "c", 1, 1, "", "", 0, orders, NOW, b"r", event, 1, (EMAIL,), b"t", ())
    await app.store.write(lambda tx: hot.write_decided(tx, [row], NOW))
    clock.move(300)
    stale = await app.analytics.report(ADMIN, asked())
    assert (stale.upto, stale.whole.ledger.planned) == (NOW // 60 * 60, 0)
    await app.store.write(lambda tx: rollup.compact(tx, 10))
    fresh = await app.analytics.report(ADMIN, asked())
    assert (fresh.upto, fresh.whole.ledger.skipped) == (NOW + 300, 1)


async def test_the_hours_of_a_week(app: App) -> None:
    orders, *_ = await cohorts(app)
    monday = datetime(2026, 9, 14, 23, 50, tzinfo=UTC).timestamp()
    await tallied(app, (monday, orders, EMAIL, State.SENT, 3), (monday, orders, EMAIL, State.HELD, 9), (monday + 7 * DAY, orders, WEB, State.DELIVERED, 4))
    span = (monday - DAY, monday + 8 * DAY)
    assert [msgspec.structs.astuple(h) for h in (await app.analytics.report(ADMIN, asked(*span))).hours] == [(0, 23, 7)]
    berlin = await app.analytics.report(ADMIN, asked(*span, zone="Asia/Kathmandu"))
    assert [msgspec.structs.astuple(h) for h in berlin.hours] == [(1, 5, 7)]


async def test_many_parts_are_fifty_and_the_rest(app: App) -> None:
    values = [
        {"space": 1, "cohort": n + 1, "category": f"c{n:03}", "priority": "low", "template": "", "version": 0, "event": NO_ID, "created": NOW} for n in range(70)
    ]
    await app.store.write(lambda tx: tx.conn.execute(tables.cohorts.insert(), values))
    await tallied(app, *((NOW, n + 1, EMAIL, State.SENT, 100 - n) for n in range(70)))
    report = await app.analytics.report(ADMIN, asked(by="category"))
    assert [part.key for part in report.parts[:2]] == ["c000", "c001"] and len(report.parts) == 51
    assert report.parts[-1].key == "*"
    assert sum(part.figures.ledger.planned for part in report.parts) == report.whole.ledger.planned
    assert (await app.analytics.choices(ADMIN)).categories[:2] == ["c000", "c001"]


async def test_another_space_is_not_counted(app: App) -> None:
    orders, *_ = await cohorts(app)
    await tallied(app, (NOW, orders, EMAIL, State.SENT, 5))
    other = msgspec.structs.replace(ADMIN, space=2)
    assert (await app.analytics.report(other, asked())).whole.ledger.planned == 0


async def test_totals_stay_when_history_is_gone(app: App) -> None:
    orders, *_ = await cohorts(app)
    born = int((NOW - 40 * DAY) * 1000)
    event = make_id(born, b"old")
    unit = hot.NewDelivery(make_id(born, event), EMAIL, b"a", State.PENDING)
    row = hot.Decided(1, event, True, 1, 1, "t", "c", 1, 1, "", "", 0, orders, NOW, b"r", event, 1, (), b"t", (unit,))

    def live(tx):
        hot.write_decided(tx, [row], NOW)
        hot.write_moves(tx, [hot.Move(1, unit.id, orders, EMAIL, 0, State.SENT, provider="alpha", took=1.0)], NOW)
        rollup.compact(tx, 100)
        seals.seal_day(tx, born // 86_400_000, NOW)
        partitions.drop_before(tx, born // 86_400_000 + 1)
        return receipt_rows.deliveries_of(tx, 1, [unit.id])

    assert await app.store.write(live) == {}
    report = await app.analytics.report(ADMIN, asked(NOW - 45 * DAY, NOW - 35 * DAY))
    assert (report.whole.ledger.planned, report.whole.ledger.sent, report.whole.timed) == (1, 1, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": "Mars/Olympus"}, {"zone": "x" * 10_000}, {"by": "person"}, {"priority": "urgent"}, {"until": NOW - 9 * DAY}, {"since": float("nan")},
        {"since": -1.0}, {"until": 1e18},
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_said(app: App, wrong: dict) -> None:
    with pytest.raises(Invalid) as refused:
        await app.analytics.report(ADMIN, msgspec.structs.replace(asked(), **wrong))
    assert refused.value.detail.endswith(".") and len(refused.value.detail) < 200


async def test_hostile_filters_find_nothing(app: App) -> None:
    with pytest.raises(UnknownChannel):
        await app.analytics.report(ADMIN, asked(channel="fax"))
    for text in ("' or 1=1 --", "%", "=cmd()", "\u202e" * 300, "x" * 10_000):
        assert (await app.analytics.report(ADMIN, asked(category=text, template=text))).whole.ledger.planned == 0


def test_skipped_is_a_state_of_the_sum() -> None:
    assert SKIPPED in LEDGER_OF and set(COLUMNS) == set(LEDGER_OF.values())
