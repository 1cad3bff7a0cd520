"""The whole house in one process: the facade, the providers and the line, put together from settings.

`carillon up` runs it beside the entrances; `carillon work` runs some of its stages; tests run it with a clock of their own.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from backend.app.accounts import MAIN
from backend.app.alerts import alarm
from backend.app.app import App, open_app
from backend.app.campaigning import Campaigning
from backend.app.captures import StoreShelf
from backend.app.firing import Firing
from backend.app.foreseeing import Foreseeing
from backend.app.importing import Importing
from backend.app.looking import Looking
from backend.app.provider_live import troubled, turned
from backend.app.spending import StorePurse
from backend.app.summing import Summing
from backend.channels.guard import Guard, Word
from backend.channels.kinds import Parts
from backend.channels.registry import providers
from backend.channels.router import Router
from backend.clock import Clock
from backend.domain.errors import Unavailable
from backend.domain.known import known_as
from backend.domain.receipt import Receipt
from backend.ending import ended
from backend.log import topics
from backend.log.codec import encode
from backend.log.port import Record
from backend.settings import Settings
from backend.store.migrate import migrate
from backend.store.providers import ProviderRow
from carillon.heart import Heart
from carillon.waiting import look, show_breakers
from workers.brake import Brake
from workers.decide import DecideStage
from workers.expand import ExpandStage
from workers.line import STAGES, Line
from workers.rendering import Rendering
from workers.roster import Roster

log = logging.getLogger("carillon")

WATCH = 30.0  # seconds between looks at what waits


class House:
    """`app` and `line`; `async with` starts and stops both. `names`: stages to run, none for the entrances alone."""

    def __init__(self, settings: Settings, clock: Clock, names: Sequence[str] = STAGES, app: App | None = None) -> None:
        self.settings, self.clock = settings, clock
        self.app = app or open_app(settings, clock)
        app = self.app
        parts = Parts(clock, app.sealer, StoreShelf(app.store), self.report, StorePurse(app))
        self.router = Router(providers(settings, shelf=parts.shelf, sealer=parts.sealer, clock=clock, report=parts.report))
        brake = Brake(store=app.store, cache=app.cache)
        self.guard = Guard(self.router, cache=app.cache, clock=clock, changed=self._provider_turned, halted=lambda space: brake.halted(space or MAIN))
        self.roster = Roster(store=app.store, router=self.router, guard=self.guard, parts=parts, base_url=settings.base_url, trouble=self._provider_troubled)
        renderer = Rendering(store=app.store, facts=app.facts, sealer=app.sealer, base_url=settings.base_url)
        self.line = Line(
            store=app.store, events=app.log, clock=clock, decide=DecideStage(clock=clock, facts=app.facts),
            expand=ExpandStage(clock=clock, store=app.store, events=app.log, brake=brake),
            facts=app.facts, renderer=renderer, router=self.router, cache=app.cache, brake=brake, alarm=self.alarm, fires=Firing(app), runs=Campaigning(app),
            fills=Summing(app), walks=Foreseeing(app), sees=Looking(app), takes=Importing(app), names=names,
        )  # fmt: skip
        self._names = names
        self.heart = Heart(app.store, self.line, clock)
        self._beating: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._guarding: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Migrate, open, and let the line run. Raises what `App.start` raises, having closed what was open."""
        await migrate_for(self.settings, self.clock)
        await self.app.start()
        try:
            await self.router.start()
            if "deliver" in self._names:
                await self.roster.look()
        except BaseException:
            await self.app.close()
            raise
        self.line.start()
        self._beating = asyncio.create_task(self.heart.run(), name="heart") if self._names else None
        self._watching = asyncio.create_task(self._watch(), name="watch") if self._names else None
        self._guarding = asyncio.create_task(self.guard.run(), name="guard") if "deliver" in self._names else None
        self._following = asyncio.create_task(self.roster.run(), name="roster") if "deliver" in self._names else None

    async def stop(self) -> None:
        """Finish what is in hand, then close."""
        for beside in (self._beating, self._watching, self._guarding, self._following):
            if beside:
                await ended(beside)
        await self.line.stop()
        if self._beating:
            await self.heart.end()
        await self.router.close()
        await self.roster.close()
        await self.app.close()

    async def _watch(self) -> None:
        """What /metrics shows of the line and nobody counts on the way."""
        while True:
            show_breakers(self.guard.words.values())
            with contextlib.suppress(Unavailable):
                await look(self.app.store, self.line, self.clock.now())
            await asyncio.sleep(WATCH)

    async def settle(self) -> None:
        """Return when nothing is left to do at this moment of the clock."""
        await self.line.settle()

    async def report(self, receipt: Receipt) -> None:
        """A provider's report joins the line."""
        partition = topics.partition_of(receipt.space, receipt.person)
        await self.app.log.append([Record(topics.RECEIPTS, partition, receipt.delivery, encode(receipt))])

    def _provider_turned(self, word: Word, others: bool) -> None:
        """A breaker opened or closed: operators learn of it, and what was parked behind it may be tried."""
        self.app.later(self._until_done(lambda: turned(self.app, word, others)))

    def _provider_troubled(self, row: ProviderRow, sentence: str) -> None:
        """No provider can be made of a row, or (no sentence) one can again."""
        if sentence:
            log.error(sentence)
        self.app.later(self._until_done(lambda: troubled(self.app, row.space, known_as(row.space, row.key), sentence)))

    def alarm(self, sentence: str) -> None:
        """Somebody should look at this."""
        log.error(sentence)
        self.app.later(self._until_done(lambda: alarm(self.app, sentence)))

    async def _until_done(self, say: Callable[[], Awaitable[None]]) -> None:
        """What is wrong may be said once only: it is kept as soon as that is possible."""
        while True:
            try:
                return await say()
            except Unavailable:
                await asyncio.sleep(WATCH)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()


async def migrate_for(settings: Settings, clock: Clock) -> list[str]:
    """Bring the schema up to date; the revisions that were applied."""
    return await asyncio.to_thread(migrate, settings.database_url, clock)
