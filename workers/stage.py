"""The runner: reads a stage's lanes, hands batches to the stage, writes what it returns, moves the mark.

The most urgent lane has a loop of its own, so that nothing in it waits for a batch of the others to be written; those are read in turn, again the
more urgent before the others. A loop may make its next batch while the one before is committed; they are written one after the other.

A stage does no I/O of its own choosing but reading facts: it returns a `Batch`, and the runner writes. When an engine is
away the batch is kept and tried again until it is back: the line pauses and resumes alone. A record that makes the stage
fail by itself goes to the dead letters, with its cause, and the others go on.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from backend.clock import Clock
from backend.domain.deadletter import fingerprint
from backend.domain.errors import Unavailable
from backend.domain.ids import make_id
from backend.log.port import Log, Position, Reader, Record
from backend.store import hot, letters
from backend.store.port import Tx
from backend.telemetry import DEAD
from workers.commit import Commit
from workers.faults import Faults

log = logging.getLogger("carillon.line")

BATCH = 500  # records; the measured start, 250 to 1,000 do alike
LESS_URGENT = 150  # records of the third lane and those behind it while the second has some; with all lanes full a twentieth of all is left to each
URGENT = 2.0  # seconds behind one of the second lane in which the next is expected
SHORT = 350  # events whose rows are written in less than 10 ms
IDLE = 0.5  # seconds a read waits for the first record
MAIN = 1  # the space that is there from the start
FRESH = 1.0  # seconds for which a batch that was made before its turn serves
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between tries while an engine is away


class Done(msgspec.Struct, frozen=True):
    """The record's work is in the rows of its batch."""


class Later(msgspec.Struct, frozen=True):
    """Append the record again when its time has come."""

    due: hot.Later


class Dead(msgspec.Struct, frozen=True):
    """Nobody can carry this record out as it is: it needs a person."""

    space: int
    cause: str
    detail: str = ""


Verdict = Done | Later | Dead
DONE = Done()


class Batch(msgspec.Struct):
    """What a stage makes of the records it was given.

    `write` is run inside the transaction and returns the records to append: those of every row still pending, new or not.
    `verdicts` answer the records in their order; an empty list says Done to all. `after` is awaited once all is durable, for
    what may be lost (cached facts to forget). `short`: as in `Store.write`. `follows`: from rows that the batch before may
    write, so that it cannot be made before those are durable.
    """

    write: Callable[[Tx], Sequence[Record]]
    verdicts: Sequence[Verdict] = ()
    after: Callable[[], Awaitable[None]] | None = None
    short: bool = False
    follows: bool = False


class Stage(Protocol):
    """`name` is the stage's and its group's; `lanes` its topics, most urgent first."""

    @property
    def name(self) -> str: ...

    @property
    def lanes(self) -> Sequence[str]: ...

    async def handle(self, records: Sequence[Record]) -> Batch: ...


def ends(records: Sequence[Record]) -> dict[Position, int]:
    """The mark that says these were carried out."""
    upto: dict[Position, int] = {}
    for record in records:
        position = (record.topic, record.partition)
        upto[position] = max(upto.get(position, 0), record.offset + 1)
    return upto


class Early(msgspec.Struct):
    """A batch whose turn has come. `made`: before that, and when; None: it is still to be made. `stated` is called when its statements have run."""

    made: Batch | None
    at: float
    stated: Callable[[], None]


class Writing:
    """What one loop is writing while it makes its next batch. Used on the loop."""

    def __init__(self) -> None:
        self.task: asyncio.Task[bool] | None = None
        self._loop, self._commits = asyncio.get_running_loop(), asyncio.Event()

    def begin(self, task: "asyncio.Task[bool]") -> None:
        """It is under way."""
        self.task = task
        self._commits.clear()
        task.add_done_callback(lambda _: self._commits.set())

    def stated(self) -> None:
        """Its statements have run, in whatever thread: what is left to wait for is the disk."""
        self._loop.call_soon_threadsafe(self._commits.set)

    async def committing(self) -> None:
        """Return when nothing is under way that still needs the loop: what is made earlier stands in its way and leaves nothing to do while it commits."""
        if self.task:
            await self._commits.wait()

    async def done(self) -> bool:
        """Return when nothing is under way; False when it was given up because we stop. Raises what it raised."""
        task, self.task = self.task, None
        return await task if task else True


class Runner:
    """Runs one stage until `stop`. `busy` is True from the read of a batch to its mark. `early`: the next batch is made while one is committed."""

    def __init__(
        self, stage: Stage, events: Log, commit: Commit, clock: Clock, faults: Faults | None = None, batch: int = BATCH, early: bool = False
    ) -> None:  # fmt: skip
        self.stage = stage
        self._early = early
        self._log, self._commit, self._clock, self._batch = events, commit, clock, batch
        self._faults = faults or Faults(stage.name)
        self._stopping = asyncio.Event()
        self._in_hand = 0  # batches
        self._fallen = False  # one of the loops: the other ends with its batch
        self._urgent = 0.0  # when the second lane last had something

    @property
    def busy(self) -> bool:
        """From the read of a batch to its mark."""
        return self._in_hand > 0

    def stop(self) -> None:
        """Finish what is in hand, then return from `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`. Raises only what is a mistake of ours."""
        self._fallen = False
        lanes = self.stage.lanes
        loops = [self._loop(some) for some in (lanes[:1], lanes[1:]) if some]
        for error in await asyncio.gather(*loops, return_exceptions=True):
            if error is not None:
                raise error

    async def _loop(self, lanes: Sequence[str]) -> None:
        try:
            reader = await self._join(lanes)
            if reader is None:
                return
            writing = Writing()
            try:
                while not self._ending:
                    if not await self._round(reader, lanes, writing):
                        await writing.done()
                        await self._take(reader, lanes, IDLE, self._less_urgent(), writing)
            finally:
                try:
                    await writing.done()
                finally:
                    with contextlib.suppress(Unavailable):
                        await reader.close()
        except BaseException:
            self._fallen = True
            raise

    @property
    def _ending(self) -> bool:
        return self._fallen or self._stopping.is_set()

    async def _join(self, lanes: Sequence[str]) -> Reader | None:
        tries = 0
        while not self._ending:
            try:
                return await self._log.reader(self.stage.name, lanes)
            except Unavailable:
                await self._pause(tries)
                tries += 1
        return None

    async def _round(self, reader: Reader, lanes: Sequence[str], writing: Writing) -> bool:
        """Each lane once, the first one before each other."""
        met = await self._first(reader, lanes, writing)
        for n, lane in enumerate(lanes[1:]):
            if n and met:
                await self._first(reader, lanes, writing)
            if self._ending:
                break
            met |= await self._take(reader, [lane], 0, self._less_urgent(), writing)
        return met

    async def _first(self, reader: Reader, lanes: Sequence[str], writing: Writing) -> bool:
        """What is most urgent of these."""
        met = await self._take(reader, lanes[:1], 0, BATCH, writing)
        if met and lanes[1:]:
            self._urgent = self._clock.now()
        return met

    def _less_urgent(self) -> int:
        """How many records of a third or fourth lane may be carried out at once: the larger a batch the cheaper is a record, and the longer waits one of the second."""
        return LESS_URGENT if abs(self._clock.now() - self._urgent) < URGENT else BATCH

    async def _take(self, reader: Reader, lanes: Sequence[str], wait: float, most: int, writing: Writing) -> bool:
        await writing.committing()
        try:
            records = await reader.read(min(most, self._batch), wait, lanes)
        except Unavailable:
            await self._pause(0)
            return False
        if not records:
            return False
        self._in_hand += 1
        try:
            self._faults.at("after_read")
            if self._early:
                return await self._begin(reader, records, writing)
            await self.carry_out(reader, records)
        finally:
            self._in_hand -= 1
        return True

    async def _begin(self, reader: Reader, records: Sequence[Record], writing: Writing) -> bool:
        """Make the batch while the one before is committed, then begin to write it."""
        early = Early(None, self._clock.now(), writing.stated)
        if writing.task:
            with contextlib.suppress(Exception):  # it is made again when its turn has come, and fails again if it must
                made = await self.stage.handle(records)
                early.made = None if made.follows else made
        if not await writing.done():
            return False  # no mark passes what was given up
        task = asyncio.create_task(self.carry_out(reader, records, early))
        self._in_hand += 1
        task.add_done_callback(self._ended)
        writing.begin(task)
        return True

    def _ended(self, _: object) -> None:
        self._in_hand -= 1

    async def carry_out(self, reader: Reader, records: Sequence[Record], early: Early | None = None) -> bool:
        """Handle and write one batch, however long an engine stays away; False when that was given up because we stop."""
        tries = 0
        while True:
            try:
                done = await self._attempt(reader, records, early)
            except Unavailable as away:
                if tries == 0:
                    log.warning("%s waits: %s", self.stage.name, away.detail)
                if self._stopping.is_set():
                    return False  # not marked: whoever comes next reads it again
                await self._pause(tries)
                tries += 1
            else:
                if tries:
                    log.warning("%s goes on after %d tries", self.stage.name, tries)
                return done

    async def _attempt(self, reader: Reader, records: Sequence[Record], early: Early | None) -> bool:
        try:
            await self._write(reader, records, self._still(early) or await self.stage.handle(records), early)
        except Unavailable:
            raise
        except Exception as error:
            if of_the_house(error):
                raise
            if len(records) > 1:  # find the one that spoils the batch; a mark never passes what was given up before it
                half = len(records) // 2
                return await self.carry_out(reader, records[:half]) and await self.carry_out(reader, records[half:])
            log.exception("%s cannot carry out one record", self.stage.name)
            try:
                await self._write(reader, records, self._give_up(records[0], error))
            except Unavailable:
                raise
            except Exception:  # noqa: BLE001 - logged above; not even that can be written of it
                await self._write(reader, records, Batch(lambda _: (), [Dead(0, cause_of(error), detail_of(error))]))
        return True

    def _still(self, early: Early | None) -> Batch | None:
        """What was made before its turn, once, and only while it is fresh."""
        if early is None or early.made is None:
            return None
        made, early.made = early.made, None
        return made if abs(self._clock.now() - early.at) < FRESH else None

    def _give_up(self, record: Record, error: Exception) -> Batch:
        """A letter, and what the stage itself has to write so that the ledger knows of it."""
        account = getattr(self.stage, "give_up", None)
        now = self._clock.now()

        def write(tx: Tx) -> Sequence[Record]:
            if account:
                account(tx, record, now)
            return ()

        return Batch(write, [Dead(0, cause_of(error), detail_of(error))])

    async def _write(self, reader: Reader, records: Sequence[Record], batch: Batch, early: Early | None = None) -> None:
        def write(tx: Tx) -> Sequence[Record]:
            out = list(batch.write(tx))
            later = [verdict.due for verdict in batch.verdicts if isinstance(verdict, Later)]
            if later:
                hot.write_due(tx, later)
            for record, verdict in zip(records, batch.verdicts, strict=False):
                if isinstance(verdict, Dead):
                    out.append(bury(tx, self.stage.name, record, verdict, self._clock.now()))
            if early:
                early.stated()
            return out

        await self._commit.step(self.stage.name, write, reader, self.stage.name, ends(records), self._faults, batch.short)
        if batch.after:
            with contextlib.suppress(Unavailable):
                await batch.after()

    async def _pause(self, tries: int) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), PAUSES[min(tries, len(PAUSES) - 1)])


def of_the_house(error: Exception) -> bool:
    """A statement that the database does not understand (a schema of another version) spoils every record alike: none is to blame."""
    origin = getattr(error, "orig", error)
    return any(kind.__name__ in ("OperationalError", "ProgrammingError") for kind in type(origin).__mro__)


def cause_of(error: Exception) -> str:
    """The kind of a mistake, which letters are grouped by, and its words."""
    return f"{type(error).__name__}: {error}"


def detail_of(error: Exception) -> str:
    """Where it came from."""
    return "".join(traceback.format_exception(error))[-4000:]


def space_of(value: bytes) -> int:
    """Whose letter it is. What cannot be read is the main space's, for its operators run the installation."""
    with contextlib.suppress(msgspec.DecodeError):
        found = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
        inner = found.get("event", msgspec.Raw(b""))
        if "space" not in found and bytes(inner)[:1] == b"{":
            found = msgspec.json.decode(inner, type=dict[str, msgspec.Raw])
        return msgspec.json.decode(found["space"], type=int) if "space" in found else MAIN
    return MAIN


def bury(tx: Tx, stage: str, record: Record, verdict: Dead, now: float) -> Record:
    """Keep a dead letter, and tell the `dead` topic its id and reason (no content)."""
    made = make_id(int(record.at * 1000), stage.encode(), record.topic.encode(), b"%d:%d" % (record.partition, record.offset))
    DEAD.labels(stage).inc()
    letters.insert(
        tx, space=verdict.space or space_of(record.value), id=made, at=now, topic=record.topic, stage=stage, cause=verdict.cause[:500],
        fingerprint=fingerprint(stage, verdict.cause.split(":")[0], verdict.cause), detail=verdict.detail, value=record.value,
    )  # fmt: skip
    value = msgspec.json.encode({"v": 1, "id": made.hex(), "stage": stage, "cause": verdict.cause[:500]})
    return Record("dead", record.partition, record.key, value)
