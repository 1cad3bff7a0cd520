"""The engine as operators see it: on rows that were really written, on both engine sets, and when a part is away."""

import msgspec
import pytest

from backend.app import engine
from backend.app.halts_views import HaltIn
from backend.app.views import PersonIn
from backend.channels.guard import ALL, Word, word_key
from backend.domain.breaker import Breaker
from backend.domain.engine import STAGES
from backend.domain.errors import CacheUnavailable, Forbidden, LogUnavailable, StoreUnavailable
from backend.domain.event import EventIn, To
from backend.domain.ids import make_id
from backend.log import topics
from backend.log.port import Record
from backend.security.roles import Actor
from backend.store import beats, engine_rows, letters, schedules, space_rows
from backend.store.beats import Beat
from backend.store.tables import cohorts, deltas, due, standing
from backend.telemetry import TAKEN
from tests.app.actors import actor, program
from tests.app.conftest import NOW

OPERATOR = actor("operator")


async def beat(app, *, at=NOW, stages=STAGES, process="1-a", **more):
    await app.store.write(lambda tx: beats.put(tx, Beat(process, at, list(stages), **more)))


async def look(app, who=OPERATOR):
    app.clock.move(engine.KEPT)
    await beat(app, at=app.clock.now())
    return await app.engine.now(who)


@pytest.mark.parametrize("who", [actor("marketer"), actor("analyst"), actor("member", "mia"), program("analytics:read")])
async def test_only_operators_see_it(app, who):
    with pytest.raises(Forbidden):
        await app.engine.now(who)


async def test_a_calm_engine_says_so_and_shows_every_lane_and_stage(app):
    view = await look(app)
    assert (view.sentence, view.well, view.findings, view.away) == ("Everything moves.", True, [], [])
    assert len(view.lanes) == 24
    assert {(lane.waiting, lane.oldest, lane.per_second) for lane in view.lanes} == {(0, None, 0.0)}
    assert [(stage.name, stage.processes) for stage in view.stages] == [(name, 1) for name in STAGES]
    assert (view.due.n, view.late.n, view.parked.n, view.dead.n) == (0, 0, 0, 0)
    assert all((one.n, one.p50) == (0, None) for one in view.took)


async def test_what_waits_before_decide_is_seen_lane_by_lane_with_its_age(each_app):
    await each_app.people.put(actor("admin"), "mia", PersonIn(name="Mia"))
    before = {(lane.stage, lane.priority): lane.waiting for lane in (await look(each_app)).lanes}  # the broker's topics are shared
    for n in range(3):
        item = EventIn(type="t", category="orders", to=To(user="mia"), id=str(n), title="x", priority="high")
        await each_app.events.accept(actor("admin"), [item])
    each_app.clock.move(31.0)
    view = await look(each_app)
    grown = {key: lane.waiting - before[key] for lane in view.lanes if lane.waiting > before[key := (lane.stage, lane.priority)]}
    assert grown == {("decide", "high"): 3}
    assert [lane.oldest is not None for lane in view.lanes if (lane.stage, lane.priority) == ("decide", "high")] == [True]


async def test_a_process_that_falls_silent_or_ends_runs_nothing(app):
    await beat(app)
    await beat(app, process="2-b", stages=["decide"])
    view = await app.engine.now(OPERATOR)
    assert {stage.name: stage.processes for stage in view.stages}["decide"] == 2
    await beat(app, process="1-a", ended=True)
    app.clock.move(5.0)
    view = await app.engine.now(OPERATOR)
    assert {stage.name: stage.processes for stage in view.stages} == {name: int(name == "decide") for name in STAGES}
    app.clock.move(100.0)
    view = await app.engine.now(OPERATOR)
    assert view.sentence.startswith("No process runs the line since 105 s, so nothing waits yet: start it")
    app.clock.move(200_000.0)
    await beat(app, at=app.clock.now())
    assert len(await app.store.read(beats.every)) == 1, "what fell silent long ago is forgotten"


async def test_what_other_spaces_hold_is_the_installations_and_nobody_elses(app):
    def write(tx):
        space_rows.ensure(tx, 2, "other", NOW)
        tx.conn.execute(cohorts.insert(), [{"space": s, "cohort": 9, "category": "orders", "priority": "low", "event": bytes(16), "created": NOW} for s in (1, 2)])
        tx.conn.execute(standing.insert(), [{"space": s, "cohort": 9, "channel": 3, "state": 0, "n": n} for s, n in ((1, 5), (2, 30_000))])
        tx.conn.execute(deltas.insert(), [{"space": 2, "cohort": 9, "minute": int(NOW // 60) - 1, "channel": 3, "was": 0, "now": 5, "n": 600, "born": 0}])

    await app.store.write(write)
    main, other = await look(app), await look(app, Actor(2, "ola", "operator"))
    channel = {view.channel for view in main.lanes if view.waiting}
    assert len(channel) == 1
    assert [lane.waiting for lane in main.lanes if lane.waiting] == [5 + 30_000 - 600]
    assert [lane.waiting for lane in other.lanes if lane.waiting] == [30_000 - 600]
    assert await app.store.read(lambda tx: engine_rows.waiting(tx, [1])) == {(*channel, "low"): 5}


async def test_rows_are_counted_up_to_a_bound_that_is_told(each_app, monkeypatch):
    monkeypatch.setattr(engine_rows, "BOUND", 3)
    now = each_app.clock.now()

    def write(tx):
        kinds = ["parked:space"] * 5 + ["retry"] * 4
        row = {"space": 1, "topic": topics.events("low"), "partition": 0, "key": b"", "value": b"{}", "ordered": ""}
        tx.conn.execute(due.insert(), [{**row, "id": make_id(n, b"due"), "kind": kind, "at": now - 100 + n} for n, kind in enumerate(kinds)])
        for n in range(2):
            made = make_id(int(now * 1000), b"%d" % n)
            letters.insert(tx, space=1, id=made, at=now, topic="x", stage="decide", cause="x", fingerprint="x", detail="", value=b"{}")
        letters.drop(tx, 1, [made], now)
        row = schedules.FiringRow(space=1, id=make_id(1, b"f"), schedule="s", planned=now, at=now, outcome="missed", event=bytes(16), n=4)
        schedules.add_firing(tx, row)

    await each_app.store.write(write)
    view = await look(each_app)
    assert [(one.n, one.more) for one in (view.due, view.parked, view.late, view.dead)] == [(3, True), (3, True), (3, True), (1, False)]
    assert [(one.kind, one.n, one.more) for one in view.findings] == [("overdue", 3, True), ("dead", 1, False), ("missed", 4, False)]
    assert view.sentence.startswith("more than 3 due rows should have gone before, the first")


async def test_a_halt_and_a_provider_that_fails_are_said_with_the_page_where_one_acts(app):
    words = [Word("smtp", "email", 0, Breaker("open", until=NOW + 60, changed=NOW), code="connect_failed"), Word("capture-email", "email", 1)]
    told = {ALL: msgspec.msgpack.encode([word.key for word in words])} | {word_key(word.key): msgspec.msgpack.encode(word) for word in words}
    await app.cache.put_many(told, 600)  # capture is there for the demo, and stands in for nobody
    await app.halts.put(OPERATOR, "channel:sms", HaltIn())
    view = await look(app)
    assert [(one.kind, one.link) for one in view.findings] == [("down", "/providers"), ("halted", "/providers")]
    assert view.sentence.startswith("Nobody can send e-mail because smtp keeps failing (connect_failed), so nothing waits yet")


async def test_how_long_it_took_is_added_up_over_processes_and_other_steps_are_left_out(app):
    app.clock.move(engine.KEPT)
    steps = [0] * (len(TAKEN) + 1)
    for n, process in enumerate(("1-a", "2-b")):
        some = list(steps)
        some[TAKEN.index(0.05) + n] = 50
        await beat(app, at=app.clock.now(), process=process, took={"critical": some})
    await beat(app, at=app.clock.now(), process="3-c", took={"critical": [7], "low": [7]})
    await beat(app, at=NOW - 1_000, process="4-d", took={"critical": [9_999, *steps[1:]]})
    took = {one.priority: one for one in (await app.engine.now(OPERATOR)).took}
    assert (took["critical"].n, took["critical"].p50, took["low"].n) == (100, pytest.approx(0.05), 0)
    assert took["critical"].p99 == pytest.approx(0.0745)


@pytest.mark.parametrize(("name", "error"), [("store", StoreUnavailable), ("log", LogUnavailable), ("cache", CacheUnavailable)])
async def test_a_part_that_is_away_is_named_and_the_rest_is_shown(app, monkeypatch, name, error):
    async def away(*_):
        raise error

    part = getattr(app, name)
    for method in ("reachable", "read", "lag", "oldest", "get_many"):
        if hasattr(part, method):
            monkeypatch.setattr(part, method, away)
    if name != "store":
        await beat(app)
    view = await app.engine.now(OPERATOR)
    assert view.findings[0].kind == f"away.{name}"
    assert view.away == [name] or name == "store"  # on one file the log is away with it
    assert view.sentence == view.findings[0].sentence


async def test_a_disk_that_is_nearly_full_is_said(app, monkeypatch):
    monkeypatch.setattr(engine, "free_of", lambda _: (20_000_000, 0.01))
    view = await look(app)
    assert view.sentence.startswith("The disk is nearly full, 20 MB (1 %) are free")
    assert engine.free_of("/nowhere at all") == (20_000_000, 0.01)


async def test_records_of_a_lane_make_it_late_only_beyond_its_target(app):
    await app.log.append([Record(topics.fanouts("critical"), 0, b"", b"{}")])
    app.clock.move(8.0)
    assert (await look(app)).well
    app.clock.move(3.0)
    view = await look(app)
    assert view.sentence.startswith("Fan-outs of priority critical are slow, one waits, the oldest for 15 s where 10 s is the aim")
