"""The line: its stages put together from the parts of one installation, started, settled and stopped as one.

In one process all stages run beside the entrances; with `carillon work <stage>...` each process runs some of them.
"""

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from typing import Protocol

from backend.cache.port import Cache
from backend.clock import Clock
from backend.domain.errors import Invalid
from backend.ending import ended
from backend.log.port import Log
from backend.store import due_rows
from backend.store.port import Store
from workers.brake import Brake
from workers.commit import Commit, commit_for
from workers.decide import DecideStage
from workers.deliver import Deliver
from workers.due import Due
from workers.expand import ExpandStage
from workers.filling import Filling, Fills
from workers.foresee import Foresee, Walks
from workers.looks import Looks, Sees
from workers.ordered import Ordered
from workers.ports import FactsOf, Renderer, Router
from workers.purge import Purge
from workers.receipts import Receipts
from workers.release import Release
from workers.rollup import Rollup
from workers.schedules import Fires, Schedules
from workers.stage import BATCH, SHORT, Runner
from workers.touched import Touched
from workers.web import Web

log = logging.getLogger("carillon.line")

STAGES = ("expand", "decide", "deliver", "receipts", "due", "rollup", "purge")
SENT = ("email", "push", "sms")  # channels with providers; web is a stage of its own
LANDING = 3.0  # seconds that providers are waited for when we stop, and the same once more while they are closed
ENDING = 20.0  # seconds for everything to be written after that, the store being away for a moment
LOOK = 0.002  # seconds between looks at whether the line is at rest


class Worker(Protocol):
    """Anything that runs until it is stopped."""

    @property
    def busy(self) -> bool: ...

    def stop(self) -> None: ...

    async def run(self) -> None: ...


class Line:
    """Stages as tasks of this loop. `names`: which, of `STAGES`."""

    def __init__(
        self, *, store: Store, events: Log, clock: Clock, decide: DecideStage, expand: ExpandStage, facts: FactsOf, renderer: Renderer,
        router: Router, cache: Cache, brake: Brake, alarm: "Alarm", fires: Fires, runs: Fires, fills: Fills, walks: Walks, sees: Sees, takes: Walks,
        names: Sequence[str] = STAGES,
    ) -> None:  # fmt: skip
        unknown = set(names) - set(STAGES)
        if unknown:
            raise Invalid(f"There is no stage {', '.join(sorted(unknown))}. The stages are {', '.join(STAGES)}.")
        self._store, self._log, self._clock, self._router = store, events, clock, router
        commit: Commit = commit_for(store, events)
        self.due = Due(store=store, events=events, commit=commit, clock=clock)
        self.schedules = Schedules(fires=fires, clock=clock)
        self.foresee = Foresee(walks=walks, clock=clock)
        self.imports = Foresee(walks=takes, clock=clock, name="imports")
        self.looks = Looks(sees=sees, clock=clock)
        self.campaigns = Schedules(fires=runs, clock=clock, name="campaigns")
        self.rollup = Rollup(store=store, clock=clock)
        self.filling = Filling(fills=fills, clock=clock)
        self.touched = Touched(store=store, clock=clock)
        self.brake = brake
        self.release = Release(store=store, cache=cache, clock=clock, behind=self._behind)
        self.purge = Purge(store=store, events=events, clock=clock, alarm=alarm)
        self.workers: dict[str, Worker] = {}
        self._groups: dict[str, Sequence[str]] = {}  # group -> its topics
        for stage in (expand, decide, Receipts(clock=clock, facts=facts, alarm=alarm), Web(clock=clock, facts=facts, renderer=renderer)):
            self._groups[stage.name] = stage.lanes
            if stage.name.split(".")[0] in names:
                here = stage is decide and store.dialect == "sqlite"  # on one file it writes on the loop, which would wait for each commit
                self.workers[stage.name] = Runner(stage, events, commit, clock, batch=SHORT if here else BATCH, early=here)
        for channel in SENT:
            deliver = Deliver(
                channel, events=events, commit=commit, clock=clock, facts=facts, router=router, renderer=renderer, rnd=random.random, brake=self.brake,
                ordered=Ordered(store),
            )  # fmt: skip
            self._groups[deliver.name] = deliver.lanes
            if "deliver" in names:
                self.workers[deliver.name] = deliver
        for name, worker in (("due", self.due), ("rollup", self.rollup), ("purge", self.purge)):
            if name in names:
                self.workers[name] = worker
        if "due" in names:
            self.workers["release"] = self.release
            self.workers["schedules"] = self.schedules
            self.workers["foresee"] = self.foresee
            self.workers["imports"] = self.imports
            self.workers["looks"] = self.looks
            self.workers["campaigns"] = self.campaigns
        if "rollup" in names:
            self.workers["filling"] = self.filling
            self.workers["touched"] = self.touched
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._braking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin. A worker that fails by a mistake of ours is reported and started again; its work is where it was."""
        self._braking = asyncio.create_task(self.brake.run(), name="brake")
        for name, worker in self.workers.items():
            self._tasks[name] = asyncio.create_task(self._keep(name, worker), name=name)

    async def _keep(self, name: str, worker: Worker) -> None:
        while True:
            try:
                await worker.run()
            except Exception:
                log.exception("%s fell over and starts again", name)
                await asyncio.sleep(1.0)
            else:
                return

    async def stop(self) -> None:
        """Finish what is in hand and return.

        A provider that hangs is not waited for until its time runs out: what it has not answered is, as then, one that goes again where nothing of it was
        taken, and one that nobody knows of where it may have been; both are written before this returns.
        """
        for worker in self.workers.values():
            worker.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=LANDING)
            if late:
                await asyncio.wait([*late, asyncio.create_task(self._router.close(LANDING), name="closing")], timeout=ENDING)
        await ended(*self._tasks.values(), *([self._braking] if self._braking else []))
        self._tasks.clear()

    @property
    def alive(self) -> list[str]:
        """Its parts that run now."""
        return [name for name, task in self._tasks.items() if not task.done()]

    async def lag(self) -> dict[str, int]:
        """Records each group has before it."""
        return {group: sum(lanes.values()) for group, lanes in (await self.lanes()).items()}

    async def lanes(self) -> dict[str, dict[str, int]]:
        """The same lane by lane."""
        behind = await asyncio.gather(*(self._log.lag(group, topics) for group, topics in self._groups.items()))
        return dict(zip(self._groups, behind, strict=True))

    async def oldest(self, lags: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, float]]:
        """When the oldest record of each lane was appended that its group has not carried out; asked of those alone that have some."""
        return {group: await self._log.oldest(group, behind) if (behind := [lane for lane, n in lags[group].items() if n]) else {} for group in self._groups}

    async def _behind(self) -> int:
        """Records that wait in the lanes of decide and of the channels."""
        return sum(n for group, n in (await self.lag()).items() if group == "decide" or group.startswith("deliver."))

    async def settle(self, seconds: float = 60.0) -> None:
        """Return when nothing is left to do at this moment of the clock: no record unread, nothing in hand, nothing due."""
        loop = asyncio.get_running_loop()
        until, calm = loop.time() + seconds, 0
        while calm < 2:
            await self.brake.look()
            await self.release.once()
            while await self.schedules.once() or await self.campaigns.once() or await self.foresee.once() or await self.imports.once():
                pass
            await self.due.once()
            await self.touched.once()
            now = self._clock.now()
            left = await self._store.read(lambda tx, now=now: due_rows.waiting(tx, now))  # type: ignore[misc]
            busy = [name for name, worker in self.workers.items() if worker.busy]
            lag = {group: n for group, n in (await self.lag()).items() if n} if not busy and not left else {}
            calm = 0 if busy or left or lag or await self.looks.once() else calm + 1
            if loop.time() > until:
                raise TimeoutError(f"The line did not come to rest: busy {busy}, due {left}, unread {lag}.")
            if calm < 2:
                await asyncio.sleep(LOOK)


class Alarm(Protocol):
    """Where a sentence goes that an operator must read."""

    def __call__(self, sentence: str) -> None:
        """Somebody should look at this."""
        ...
