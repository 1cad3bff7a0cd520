"""The runner: one record that spoils a batch, in handling or in writing, costs the others nothing and is accounted for."""

import asyncio
import contextlib

import msgspec
import pytest

from backend.domain.errors import StoreUnavailable
from backend.log import topics
from backend.log.open import open_log
from backend.log.port import Record
from backend.store.tables import dead, marks
from backend.store.upsert import insert_new
from tests.stages.conftest import SPACE
from workers.commit import commit_for
from workers.stage import BATCH, FRESH, LESS_URGENT, URGENT, Batch, Runner, space_of

LANE = topics.events("low")


class Notes:
    """Writes each value as a row; "bad" cannot be written, "worse" cannot be handled."""

    name, lanes = "notes", [LANE]

    def __init__(self):
        self.given_up = []
        self.away = lambda values: False

    async def handle(self, records):
        values = [record.value.decode() for record in records]
        if self.away(values):
            raise StoreUnavailable
        if any("worse" in value for value in values):
            raise KeyError("worse")

        def write(tx):
            insert_new(tx, marks, [{"name": value, "value": ""} for value in values])
            if any("bad" in value for value in values):
                raise ValueError("bad")
            return ()

        return Batch(write)

    def give_up(self, tx, record, now):
        self.given_up.append(record.value.decode())


@pytest.fixture(params=[False, True], ids=["in turn", "early"])
async def runner(request, ground):
    if ground.store.dialect != "sqlite":
        pytest.fail("the embedded log needs SQLite")
    log = open_log("embedded:", sqlite=ground.store, clock=ground.clock)
    await log.start()
    yield Runner(Notes(), log, commit_for(ground.store, log), ground.clock, early=request.param)
    await log.close()


embedded = pytest.mark.parametrize("ground", ["sqlite"], indirect=True)


@contextlib.asynccontextmanager
async def running(runner):
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        runner.stop()
        await asyncio.wait_for(task, 20)


async def append(runner, *values):
    await runner._log.append([Record(LANE, 0, b"k", value.encode()) for value in values])


async def read(runner):
    async with running(runner), asyncio.timeout(20):
        while (await runner._log.lag("notes", [LANE]))[LANE]:
            await asyncio.sleep(0.005)


@embedded
async def test_one_that_cannot_be_written_or_handled_is_buried_and_the_others_go_on(ground, runner):
    spaced = '{"v":1,"space":7,"bad":1}'
    await append(runner, "a", "bad", "b", spaced, "c", "worse", "d")
    await read(runner)
    assert {name for (name,) in await ground.rows(marks, "name")} >= {"a", "b", "c", "d"}
    assert runner.stage.given_up == ["bad", spaced, "worse"]
    letters = await ground.rows(dead, "space", "cause", "stage")
    assert letters == [(SPACE, "KeyError: 'worse'", "notes"), (SPACE, "ValueError: bad", "notes"), (7, "ValueError: bad", "notes")]


@embedded
async def test_a_mark_never_passes_what_was_given_up_before_it(ground, runner):
    """Stopped while an engine is away for the first half of a batch that had to be divided; for the second half it is back."""
    await append(runner, "first", "worse", "second", "third")

    def away(values):
        if values[0] == "first" and "third" not in values:
            runner.stop()
            return True
        return False

    runner.stage.away = away
    await asyncio.wait_for(runner.run(), 20)
    assert (await runner._log.lag("notes", [LANE]))[LANE] == 4
    assert not {"second", "third"} & {name for (name,) in await ground.rows(marks, "name")}


def test_whose_letter_it_is():
    assert space_of(b'{"v":1,"space":3}') == 3
    assert space_of(b'{"v":1,"event":{"id":"","space":4},"group":"g"}') == 4
    for value in (b"", b"{", b"[]", b'{"space":"x"}', b'{"event":3}', msgspec.json.encode({"event": {}})):
        assert space_of(value) == 1


@embedded
async def test_the_lowest_lane_keeps_its_share_while_all_others_are_full(ground, runner):
    """At least one record in twenty, and of those behind the first lane, which has a loop of its own, the first stands before each of the others."""
    lanes = [topics.events(priority) for priority in topics.PRIORITIES]
    met = []

    class Counts:
        name = "counts"

        def __init__(self):
            self.lanes = lanes

        async def handle(self, records):
            met.extend(record.topic for record in records)
            if len(met) >= 140:
                saturated.stop()
            return Batch(lambda _: ())

    await runner._log.append([Record(lane, 0, b"k", b"{}") for lane in lanes for _ in range(200)])
    saturated = Runner(Counts(), runner._log, commit_for(ground.store, runner._log), ground.clock, batch=5, early=runner._early)
    await asyncio.wait_for(saturated.run(), 60)
    assert all(met.count(lane) < 200 for lane in lanes)  # none ran dry: that would give its share to the others
    assert met.count(lanes[-1]) >= 0.05 * len(met)
    others = [lane for lane in met if lane != lanes[0]]
    assert all(others[at - 1] == lanes[1] for at in range(1, len(others)) if others[at] not in (lanes[1], others[at - 1]))
    assert met.count(lanes[0]) >= 0.2 * len(met)


def test_the_lowest_lane_has_its_share_of_whole_batches_too():
    """In a round of two full batches of the second lane and a short one of each behind it; the first lane, in a loop of its own, has as long for full
    ones, in which a record takes three quarters of the time."""
    a_round = 2 * BATCH + 2 * LESS_URGENT
    first = 2 * BATCH + 2 * LESS_URGENT / 0.75
    assert LESS_URGENT / (a_round + first) >= 0.05


@embedded
@pytest.mark.parametrize("runner", [False], indirect=True)  # it moves the clock while it makes a batch
async def test_batches_are_short_while_urgent_ones_come(ground, runner):
    critical, first, low = (topics.events(priority) for priority in ("critical", "high", "low"))
    sizes = []

    class Sizes:
        name, lanes = "sizes", [critical, first, low]

        async def handle(self, records):
            sizes.append((records[0].topic, len(records)))
            if sizes[-2:] == [(low, LESS_URGENT)] * 2:
                ground.clock.move(URGENT)
            if sum(n for _, n in sizes) == expected:
                running.stop()
            return Batch(lambda _: ())

    lows = [Record(low, 0, b"k", b"{}")] * 820
    for records, found in (
        (lows, [(low, BATCH), (low, 820 - BATCH)]),
        ([Record(first, 0, b"k", b"{}"), *lows], [(first, 1), (low, LESS_URGENT), (low, LESS_URGENT), (low, BATCH), (low, 820 - BATCH - 2 * LESS_URGENT)]),
    ):
        await runner._log.append(records)
        expected = len(records)
        running = Runner(Sizes(), runner._log, commit_for(ground.store, runner._log), ground.clock, early=runner._early)
        await asyncio.wait_for(running.run(), 60)
        assert sizes == found
        sizes.clear()


class Slow:
    """Holds what is not critical until it may go on; notes what it was given."""

    name, lanes = "slow", [topics.events("critical"), topics.events("high"), topics.events("low")]

    def __init__(self):
        self.met, self.go, self.begun = [], asyncio.Event(), asyncio.Event()

    async def handle(self, records):
        self.met.append(records[0].topic)
        if records[0].topic != self.lanes[0]:
            self.begun.set()
            await self.go.wait()
        return Batch(lambda _: ())


@embedded
async def test_what_is_critical_waits_for_no_batch_of_another_lane(ground, runner):
    slow = Slow()
    both = Runner(slow, runner._log, commit_for(ground.store, runner._log), ground.clock, early=runner._early)
    async with running(both):
        await runner._log.append([Record(slow.lanes[2], 0, b"k", b"{}")])
        await asyncio.wait_for(slow.begun.wait(), 20)
        await runner._log.append([Record(slow.lanes[0], 0, b"k", b"{}")])
        async with asyncio.timeout(20):
            while (await runner._log.lag("slow", slow.lanes))[slow.lanes[0]]:
                await asyncio.sleep(0.005)
        assert slow.met == [slow.lanes[2], slow.lanes[0]]
        assert both.busy  # the other is in hand
        slow.go.set()
        async with asyncio.timeout(20):
            while (await runner._log.lag("slow", slow.lanes))[slow.lanes[2]]:
                await asyncio.sleep(0.005)


@embedded
async def test_a_mistake_in_one_loop_ends_the_other_with_its_batch_and_is_raised(ground, runner):
    """Whoever runs it says so and starts it again; a half that had gone on alone would be run twice then."""
    slow = Slow()
    both = Runner(slow, runner._log, commit_for(ground.store, runner._log), ground.clock, early=runner._early)
    both.carry_out, carry_out = _spoiled(both, slow.lanes[0]), both.carry_out
    task = asyncio.create_task(both.run())
    await runner._log.append([Record(slow.lanes[2], 0, b"k", b"{}")])
    await asyncio.wait_for(slow.begun.wait(), 20)
    await runner._log.append([Record(slow.lanes[0], 0, b"k", b"{}")])
    async with asyncio.timeout(20):
        while not both._fallen:
            await asyncio.sleep(0.005)
    assert not task.done()  # its batch is written first
    slow.go.set()
    with pytest.raises(RuntimeError, match="spoiled"):
        await asyncio.wait_for(task, 20)
    assert not both.busy
    assert await runner._log.lag("slow", slow.lanes) == {slow.lanes[0]: 1, slow.lanes[1]: 0, slow.lanes[2]: 0}
    both.carry_out = carry_out
    async with running(both), asyncio.timeout(20):
        while (await runner._log.lag("slow", slow.lanes))[slow.lanes[0]]:
            await asyncio.sleep(0.005)


def _spoiled(runner, lane):
    carry_out = runner.carry_out

    async def spoiled(reader, records, *early):
        if records[0].topic == lane:
            raise RuntimeError("spoiled")
        return await carry_out(reader, records, *early)

    return spoiled


class Told:
    """Notes what is made and written, in order; the values of `follows` cannot be made before their turn."""

    name, lanes = "told", [LANE]

    def __init__(self, follows=()):
        self.met, self.follows = [], follows

    async def handle(self, records):
        value = records[0].value.decode()
        self.met.append(f"made {value}")

        def write(tx):
            self.met.append(f"written {value}")
            return ()

        return Batch(write, follows=value in self.follows)


class Slowly:
    """A commit that is durable and says so only when it is let go; `away`: it fails behind its statements."""

    alone = True

    def __init__(self, commit):
        self.commit, self.durable, self.go, self.away = commit, asyncio.Event(), asyncio.Event(), False

    async def step(self, stage, write, *rest):
        def fails(tx):
            write(tx)
            raise StoreUnavailable

        await self.commit.step(stage, fails if self.away else write, *rest)
        self.durable.set()
        await self.go.wait()


@contextlib.asynccontextmanager
async def one_by_one(ground, runner, stage):
    """A runner that makes early, one record a batch; the first of "a", "b", "c" is durable and does not say so yet."""
    slowly = Slowly(commit_for(ground.store, runner._log))
    one = Runner(stage, runner._log, slowly, ground.clock, batch=1, early=True)
    await append(runner, "a", "b", "c")
    async with running(one), asyncio.timeout(20):
        await slowly.durable.wait()
        yield one, slowly
        slowly.go.set()


async def until(met, length):
    while len(met) < length:
        await asyncio.sleep(0.005)


@embedded
@pytest.mark.parametrize("runner", [True], indirect=True)
async def test_the_next_batch_is_made_while_one_is_committed_and_written_when_that_is_durable(ground, runner):
    told = Told()
    async with one_by_one(ground, runner, told) as (one, slowly):
        await until(told.met, 3)
        assert told.met == ["made a", "written a", "made b"]
        assert one.busy
        slowly.go.set()
        await until(told.met, 6)
    assert told.met == ["made a", "written a", "made b", "written b", "made c", "written c"]
    assert not one.busy
    assert (await runner._log.lag("told", [LANE]))[LANE] == 0


@embedded
@pytest.mark.parametrize("runner", [True], indirect=True)
@pytest.mark.parametrize(("follows", "seconds"), [(["b"], 0.0), ([], FRESH)], ids=["it follows from the one before", "it is too old"])
async def test_what_cannot_be_used_that_was_made_early_is_made_again(ground, runner, follows, seconds):
    told = Told(follows)
    async with one_by_one(ground, runner, told) as (_, slowly):
        await until(told.met, 3)
        ground.clock.move(seconds)
        slowly.go.set()
        await until(told.met, 7)
    assert told.met == ["made a", "written a", "made b", "made b", "written b", "made c", "written c"]


@embedded
@pytest.mark.parametrize("runner", [True], indirect=True)
async def test_what_was_made_behind_one_that_is_given_up_is_not_marked(ground, runner):
    """The store is away for "b" behind its statements, so "c" is made; then we stop, and "c" must not be written over its head."""
    told = Told()
    async with one_by_one(ground, runner, told) as (one, slowly):
        await until(told.met, 3)
        slowly.away = True
        slowly.go.set()
        while "made c" not in told.met:
            await asyncio.sleep(0.005)
        one.stop()
    assert "written c" not in told.met
    assert (await runner._log.lag("told", [LANE]))[LANE] == 2
    assert not one.busy
