"""The overview on both engines: a day in numbers that balance, this moment, what is wrong and what comes next."""

import msgspec

from backend.app.app import App
from backend.app.halts_views import HaltIn
from backend.app.overview_views import FlowView
from backend.app.views import AlertIn, PersonIn, PreferencesIn
from backend.domain.delivery import State
from backend.domain.event import Body, Event
from backend.domain.ids import cohort_id, delivery_id, make_id, notification_id, person_id
from backend.domain.latency import quantile, step_of
from backend.log.codec import encode
from backend.store import counted, fanouts, hot, letters, marks, rollup, tables
from backend.store.upsert import insert_new
from tests.app.actors import ADMIN, ANALYST, OPERATOR
from tests.app.line_rows import happened

DAY, EMAIL = 86_400.0, 2


def balances(flow: FlowView) -> bool:
    return flow.accepted == flow.sent + flow.skipped + flow.failed + flow.folded + flow.unknown + flow.held + flow.pending


async def cohort_of(app: App) -> int:
    return next(iter(await app.store.read(lambda tx: counted.now_standing(tx, 1, ("cohort", "state")))))[0]


async def test_a_new_installation_is_told_its_three_steps(each_app: App, clock) -> None:
    app = each_app
    day = await app.overview.day(ANALYST)
    assert [(step.key, step.done) for step in day.steps] == [("person", False), ("category", False), ("event", False)]
    assert (day.accepted.n, day.times.median, day.delivered.of, day.unsubscribed.of) == (0, None, 0, 0)
    now = await app.overview.now(ANALYST)
    assert (now.per_second, now.sends, now.problems, now.ahead) == (0.0, [], [], [])
    assert [lane.waiting for lane in now.lanes] == [0, 0, 0, 0]
    await app.people.put(ADMIN, "mia", PersonIn(email="mia@example.com"))
    assert (await app.overview.day(ANALYST)).steps[0].done is False  # a look is shared for a moment
    clock.move(30)
    assert (await app.overview.day(ANALYST)).steps[0].done is True


async def compacted(app: App, clock) -> None:
    """The rollup has run, and the look before is no longer shared."""
    await app.store.write(lambda tx: rollup.compact(tx, 1000))
    clock.move(30)


async def test_a_day_against_the_day_before_balances(each_app: App, clock) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(email="mia@example.com"))
    first = await happened(app, "mia", key="one")
    clock.move(DAY + 3600)
    second = await happened(app, "mia", key="two")
    await compacted(app, clock)
    day = await app.overview.day(ANALYST)
    assert (day.accepted.n, day.accepted.before, sum(day.accepted.series), day.steps) == (2, 2, 2, [])
    assert (day.flow.accepted, day.flow.held, day.flow.failed, day.flow.sent) == (2, 1, 1, 0)
    assert balances(day.flow)
    of_channels = [(c.channel, c.accepted, c.failed, c.waiting) for c in day.channels]
    assert [(sum(c.by_hour), len(c.by_hour)) for c in day.channels] == [(0, 24), (1, 24), (1, 24), (0, 24)]
    assert of_channels == [("web", 0, 0, 0), ("email", 1, 0, 2), ("push", 1, 1, 0), ("sms", 0, 0, 0)]
    cohort = await cohort_of(app)
    moves = [hot.Move(1, made["held"], cohort, EMAIL, 1, State.DELIVERED, provider="smtp", took=1.0) for made in (first, second)]
    await app.store.write(lambda tx: hot.write_moves(tx, moves, clock.now()))
    await app.preferences.put(ADMIN, "mia", PreferencesIn(consents={"marketing": False}))
    assert 0 < (await app.overview.now(ANALYST)).per_second <= 2 / 60
    await compacted(app, clock)
    day = await app.overview.day(ANALYST)
    assert (day.flow.accepted, day.flow.sent, day.flow.delivered, day.flow.held) == (2, 1, 1, 0)
    assert balances(day.flow)
    assert (day.delivered.n, day.delivered.of, day.delivered.before_n, day.delivered.before_of) == (1, 1, 1, 1)
    assert (day.unsubscribed.n, day.unsubscribed.of) == (1, 1)
    assert (day.times.measured, round(day.times.median or 0, 1)) == (1, round(quantile({step_of(1.0): 1}, 0.5) or 0, 1))
    mail = next(c for c in day.channels if c.channel == "email")
    assert (mail.sent, mail.delivered, mail.confirms, mail.measured, mail.waiting) == (1, 1, True, 1, 0)


def decided(tx, event: Event, now: float, *, cohort: int = 0, recipients: int = 1, root: bool = True) -> None:
    notification = notification_id(event.id, event.person)
    made = delivery_id(notification, event.person, EMAIL, b"a" * 16)
    row = hot.Decided(
        space=1, event=event.id, root=root, person=event.person, recipients=recipients, type=event.type, category=event.category, priority=1, source=1, key="",
        template="", version=0, cohort=cohort or cohort_id(1, "orders"), accepted=now, record=msgspec.msgpack.encode(event), notification=notification, planned=1,
        skipped=(), trace=b"", deliveries=(hot.NewDelivery(made, EMAIL, b"a" * 16, State.PENDING),),
    )  # fmt: skip
    hot.write_decided(tx, [row], now)


async def test_a_fan_out_on_its_way_shows_how_far_it_is(each_app: App, clock) -> None:
    app = each_app
    now = clock.now()
    event = Event(make_id(int(now * 1000), b"many"), 1, 0, "sale.opened", "marketing", "low", now, recipients=3, body=msgspec.json.encode(Body("Sale")))
    cohort = cohort_id(1, "marketing", event.id.hex())

    def write(tx) -> None:
        row = {"space": 1, "cohort": cohort, "category": "marketing", "priority": "low", "template": "", "version": 0, "event": event.id, "created": now}
        insert_new(tx, tables.cohorts, [row])
        fields = {"person": 0, "type": event.type, "category": event.category, "priority": "low", "source": 1, "key": "", "template": "", "version": 0}
        fanouts.put_event(
            tx,
            {"id": event.id, "space": 1, **fields, "recipients": 3, "duplicate_of": None, "cohort": cohort, "target": "group:club",
             "body": msgspec.msgpack.encode(event), "accepted": now},
        )  # fmt: skip
        for person in (5, 6):
            decided(tx, msgspec.structs.replace(event, person=person, root=False), now, cohort=cohort, root=False)
        rollup.compact(tx, 100)

    await app.store.write(write)
    look = await app.overview.now(ANALYST)
    (send,) = look.sends
    assert (send.title, send.to, send.recipients, send.told) == ("Sale", "club", 3, 2)
    assert (send.ledger.planned, send.ledger.pending) == (3, 3)  # two wait for their turn, one is not decided yet
    assert [(lane.priority, lane.waiting) for lane in look.lanes if lane.waiting] == [("low", 2)]
    assert look.problems == []
    clock.move(400)
    (problem,) = (await app.overview.now(ANALYST)).problems
    assert (problem.kind, problem.facts) == ("waiting", {"n": 2})


async def test_problems_and_what_comes_next(each_app: App, clock) -> None:
    app = each_app
    await app.people.put(ADMIN, "mia", PersonIn(email="mia@example.com"))
    for n in range(5):
        await happened(app, "mia", key=f"k{n}")
    now = clock.now()
    await app.halts.put(OPERATOR, "channel:sms", HaltIn("Too many complaints"))
    await app.alerts.raise_(OPERATOR, AlertIn("Disk is full", severity="critical"))
    event = Event(make_id(int(now * 1000), b"later"), 1, person_id(1, "mia"), "order.late", "orders", "high", now, body=msgspec.json.encode(Body("Sorry")))

    def write(tx) -> None:
        letters.insert(tx, space=1, id=make_id(0, b"l"), at=now, topic="events.high", stage="decide", cause="x", fingerprint="f", detail="", value=b"", replayed=None)
        hot.write_due(tx, [hot.Later(1, event.id, "scheduled", now + 900, "events.high", 0, b"k", encode(event))])
        marks.put(tx, "demo", "on")

    await app.store.write(write)
    look = await app.overview.now(ANALYST)
    assert [problem.kind for problem in look.problems] == ["provider_failing", "halted", "alert", "dead_letters", "demo"]
    assert look.problems[0].facts == {"provider": "capture", "n": 5, "of": 5, "code": "550"}
    assert look.problems[1].facts == {"scope": "channel:sms", "by": "the-operator", "reason": "Too many complaints"}
    kinds = [(one.kind, one.n, one.title) for one in look.ahead]
    assert sorted(kinds) == [("held", 5, ""), ("scheduled", 1, "Shipped"), ("scheduled", 1, "Sorry")]
    clock.move(500)
    assert "overdue" in [problem.kind for problem in (await app.overview.now(ANALYST)).problems]
    await app.store.write(lambda tx: tx.conn.execute(tables.standing.insert().values(space=1, cohort=1, channel=1, state=0, n=-1)))
    clock.move(5)
    assert (await app.overview.now(ANALYST)).problems[0].kind == "counts_off"
