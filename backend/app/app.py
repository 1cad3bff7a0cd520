"""The facade as one value: the engines, the secrets and every aggregate of one process.

    async with open_app(settings, clock) as app:
        await app.people.put(actor, "mia", PersonIn(name="Mia"))

The schema must be there (`backend.store.migrate.migrate`); a new space gets its categories at the first start.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from backend.app import categories, first_start
from backend.app.about import About
from backend.app.accounts import MAIN, Accounts
from backend.app.alerts import Alerts
from backend.app.analytics import Analytics
from backend.app.audiences import Audiences
from backend.app.audit import Audit
from backend.app.browsers import Browsers
from backend.app.campaigns import Campaigns
from backend.app.captures import Captures
from backend.app.categories import Categories
from backend.app.chat import Chat
from backend.app.checklist import Checklist
from backend.app.clients import Clients
from backend.app.dead import DeadLetters
from backend.app.deliveries import Deliveries
from backend.app.demanded import Demanded
from backend.app.demo import Demo
from backend.app.engagement import Engagement
from backend.app.engine import EngineLook
from backend.app.events import Events
from backend.app.experiments import Experiments
from backend.app.forecasts import Forecasts
from backend.app.groups import Groups
from backend.app.halts import Halts
from backend.app.hooks import Hooks
from backend.app.hosted import Hosted
from backend.app.idempotency import Idempotency
from backend.app.images import Images
from backend.app.imports import Imports
from backend.app.inbox import Inbox
from backend.app.invitations import Invitations
from backend.app.links import Links
from backend.app.orders import Orders
from backend.app.overview import Overview
from backend.app.own_history import History
from backend.app.parts import Parts
from backend.app.people import People
from backend.app.providers import Providers
from backend.app.roster import Roster
from backend.app.saved_views import SavedViews
from backend.app.schedules import Schedules
from backend.app.search import Search
from backend.app.senders import Senders
from backend.app.spaces import Spaces
from backend.app.studio import Studio
from backend.app.suppressions import Suppressions
from backend.app.templates import Templates
from backend.app.wishes import Preferences
from backend.blobs.open import open_blobs
from backend.cache.open import open_cache
from backend.cache.port import Cache
from backend.clock import Clock
from backend.facts import FactsReader
from backend.live.hub import Hub
from backend.log.open import open_log
from backend.log.port import Log
from backend.security.jail import Jail
from backend.security.keys import Keyring
from backend.security.limits import Limits
from backend.security.links import Links as SignedLinks
from backend.security.pictures import Pictures
from backend.security.sealing import Sealer
from backend.security.tokens import Tokens
from backend.settings import Settings, make_home
from backend.store import space_rows
from backend.store.open import open_store
from backend.store.port import Store, Tx
from backend.store.sqlite import SqliteStore


class App:
    """Engines: `store`, `log`, `cache`. Secrets: `sealer`, `signed` (links), `keys`, `tokens`, `limits`. `jail` renders what was typed.

    Use it as `async with`, or `start` and `close`. Whoever builds one owns its engines.
    """

    def __init__(self, settings: Settings, clock: Clock, store: Store, log: Log, cache: Cache) -> None:
        self.settings, self.clock, self.store, self.log, self.cache = settings, clock, store, log, cache
        self.sealer = Sealer(settings.secret_key)
        self.signed = SignedLinks(self.sealer)
        self.keys = Keyring(store, self.sealer, settings.home, clock)
        self.tokens = Tokens(self.keys, store, clock, settings.base_url)
        self.limits = Limits(cache, clock)
        self.jail = Jail()
        self.pictures = Pictures()
        self.blobs = open_blobs(settings.blob_url, settings.home, clock)
        self.facts = FactsReader(store=store, cache=cache, sealer=self.sealer)
        self.demanded = Demanded(self)
        self.people = People(self)
        self.browsers = Browsers(self)
        self.preferences = Preferences(self)
        self.groups = Groups(self)
        self.categories = Categories(self)
        self.audiences = Audiences(self)
        self.imports = Imports(self)
        self.campaigns = Campaigns(self)
        self.experiments = Experiments(self)
        self.templates = Templates(self)
        self.senders = Senders(self)
        self.studio = Studio(self)
        self.parts = Parts(self)
        self.images = Images(self)
        self.suppressions = Suppressions(self)
        self.accounts = Accounts(self)
        self.invitations = Invitations(self)
        self.demo = Demo(self)
        self.checklist = Checklist(self)
        self.clients = Clients(self)
        self.idempotency = Idempotency(self)
        self.audit = Audit(self)
        self.links = Links(self)
        self.hosted = Hosted(self)
        self.events = Events(self)
        self.deliveries = Deliveries(self)
        self.history = History(self)
        self.captures = Captures(self)
        self.hub = Hub(log, clock)
        self.inbox = Inbox(self)
        self.chat = Chat(self)
        self.orders = Orders(self)
        self.alerts = Alerts(self)
        self.dead = DeadLetters(self)
        self.analytics = Analytics(self)
        self.engagement = Engagement(self)
        self.halts = Halts(self)
        self.engine = EngineLook(self)
        self.providers = Providers(self)
        self.hooks = Hooks(self)
        self.spaces = Spaces(self)
        self.schedules = Schedules(self)
        self.forecasts = Forecasts(self)
        self.search = Search(self)
        self.about = About(self)
        self.saved_views = SavedViews(self)
        self.overview = Overview(self)
        self.roster = Roster(self)
        self._pending: set[asyncio.Task[None]] = set()
        self._open = AsyncExitStack()

    async def start(self) -> None:
        """Open the engines and make what a new space needs. Errors: `StoreUnavailable`, `LogUnavailable`, `SecondWriter`, `Unsealable`.

        What was opened is closed again when a later part refuses.
        """
        make_home(self.settings.home)
        async with AsyncExitStack() as opened:
            for engine in (self.store, self.log, self.cache, self.blobs):
                await engine.start()
                opened.push_async_callback(engine.close)
            await self.log.create_topics()
            await self.keys.load()
            await self.hub.start()
            opened.push_async_callback(self.hub.close)
            opened.push_async_callback(self.jail.close)
            await self.store.write(self._seed)
            self._open = opened.pop_all()

    async def close(self) -> None:
        """End what runs and close the engines; nothing accepted is lost."""
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self._open.aclose()

    async def first_start(self) -> first_start.FirstStart:
        """What `carillon up` prints; see `first_start`."""
        return await first_start.first_start(self)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something end beside the request that began it; `close` cancels what is not done."""
        task = asyncio.create_task(work)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def _seed(self, tx: Tx) -> None:
        now = self.clock.now()
        space_rows.ensure(tx, MAIN, "main", now)
        for space in space_rows.every(tx):
            categories.seed(tx, space, now)


def open_app(settings: Settings, clock: Clock) -> App:
    """The facade on the engines that the settings name, not started yet. Raises `Invalid` for settings that do not fit together."""
    store = open_store(settings.database_url, clock, address=settings.base_url)
    log = open_log(settings.log_url, sqlite=store if isinstance(store, SqliteStore) else None, clock=clock)
    return App(settings, clock, store, log, open_cache(settings.cache_url, clock))
