"""Ground for the tests of deliver: a store, a log, the capture provider, and one `Deliver` for mail."""


import asyncio
import contextlib
import shutil

from backend.app.captures import StoreShelf
from backend.channels.capture import Behaviour, Capture
from backend.channels.router import Router
from backend.clock import HeldClock
from backend.domain.delivery import CHANNEL_NUMBER, State
from backend.log import topics
from backend.log.open import open_log
from backend.security.sealing import Sealer
from backend.store import captures, persons
from backend.store.open import open_store
from backend.store.persons import AddressRow
from backend.store.tables import attempts, deliveries
from tests.stages.conftest import NOON, SPACE, Ground, record_of
from workers.commit import commit_for
from workers.decide import DecideStage
from workers.deliver import Deliver
from workers.rendering import Rendering

SEALER = Sealer(b"k" * 32)
BODY = b'{"title":"Hi","message":"There"}'


class Stand:
    """Store, log, capture and one `Deliver` for mail."""

    def __init__(self, ground, log, receipts):
        self.ground, self.log, self.store, self.clock = ground, log, ground.store, ground.clock
        self.receipts = receipts
        self.capture = Capture("email", shelf=StoreShelf(self.store), sealer=SEALER, clock=self.clock, report=self._report)
        self.asked = []
        self.open_most = 0

    async def _report(self, receipt):
        self.receipts.append(receipt)

    async def behave(self, mode, **how):
        await self.store.write(lambda tx: captures.behave(tx, "email", Behaviour(mode, **how)))

    async def person(self, person, **more):
        address = b"m%d" % person
        await self.ground.person(person, addresses=(), **more)
        sealed = SEALER.seal("address", b"p%d@example.com" % person)
        await self.store.write(lambda tx: persons.put_address(tx, SPACE, AddressRow(person, 2, address, sealed, "", NOON)))
        await self.ground.facts.forget([(SPACE, person)])

    async def decide(self, *events):
        """The records of their mails, with rows that stand pending."""
        out = await self.ground.carry_out(DecideStage(clock=self.clock, facts=self.ground.facts), [record_of(event) for event in events])
        return [record for record in out if record.topic.startswith("deliveries.email.")]

    def deliver(self, limit=None):
        if limit:
            self.capture.open_limit = limit
        rendering = Rendering(store=self.store, facts=self.ground.facts, sealer=SEALER, base_url="https://x.example")
        return Deliver(
            "email", events=self.log, commit=commit_for(self.store, self.log), clock=self.clock, facts=self.ground.facts, router=Router([self.capture]),
            renderer=rendering, rnd=lambda: 0.5,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def running(self, **how):
        made = self.deliver(**how)
        task = asyncio.create_task(made.run())
        try:
            yield made
        finally:
            made.stop()
            await asyncio.wait_for(task, 20)

    async def left(self):
        return sum(
            (await self.log.lag("deliver.email", [topics.deliveries("email", p) for p in ("critical", "high", "normal", "low")])).values()
        )

    async def carry_out(self, *records, **how):
        """Append them and let the stage finish."""
        await self.log.append(records)
        async with self.running(**how):
            await until(self._settled)

    async def _settled(self):
        return not await self.left()

    async def states(self):
        return [
            State(state).name
            for channel, state in await self.ground.rows(deliveries, "channel", "state", order="id")
            if channel == CHANNEL_NUMBER["email"]
        ]

    async def tries(self):
        return [
            (n, State(outcome).name if outcome is not None else None) for n, outcome in await self.ground.rows(attempts, "n", "outcome")
        ]


async def until(so):
    async with asyncio.timeout(20):
        while not await so():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def open_stand(migrated, folder):
    """On a copy of a migrated file, at noon."""
    clock = HeldClock(NOON)
    shutil.copy(migrated, folder / "carillon.db")
    store = open_store(f"sqlite:///{folder}/carillon.db", clock)
    await store.start()
    log = open_log("embedded:", sqlite=store, clock=clock)
    await log.start()
    ground = Ground(store, clock)
    await ground.seed()
    made = Stand(ground, log, [])
    yield made
    await made.capture.close()
    await log.close()
    await store.close()
