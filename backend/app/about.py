"""About this installation: its settings and where each comes from, which engines answer, its version, what is kept how long."""

import asyncio
import platform
from collections.abc import Awaitable, Callable
from importlib import metadata
from typing import Literal

import msgspec

from backend.app.base import Aggregate
from backend.domain.errors import Refusal
from backend.security.roles import Actor, need
from backend.settings import described
from backend.store import retention

PATIENCE = 3.0  # seconds an engine may take to answer
LICENCE = "Apache-2.0"


class SettingView(msgspec.Struct):
    """One setting. What is secret in a value is hidden; `source` is default, environment or home."""

    name: str
    value: str
    source: str


class EngineView(msgspec.Struct):
    """One engine: what stands behind the port, and whether it answered just now."""

    name: Literal["store", "log", "cache"]
    kind: str  # SQLite, PostgreSQL, embedded, Kafka, memory, Redis
    well: bool
    took: float  # seconds
    said: str = ""  # what is wrong


class KeptView(msgspec.Struct):
    """What is kept for how long (a key of `retention.KEPT`); `days` 0: for good."""

    what: str
    days: int


class AboutView(msgspec.Struct):
    """What the settings page shows. `purged`: when what is too old was last dropped, and how many rows beside whole days; None: not yet."""

    version: str
    python: str
    licence: str
    demo: bool
    settings: list[SettingView]
    engines: list[EngineView]
    kept: list[KeptView]
    purged: float | None = None
    purged_rows: int = 0
    purged_days: int = 0


class About(Aggregate):
    """Read only: settings are changed where they come from, and hold from the next start on."""

    async def describe(self, actor: Actor) -> AboutView:
        """For whoever runs it; asks every engine."""
        need(actor, "operate")
        app, settings = self.app, self.app.settings
        shown = [SettingView(*one) for one in described(settings)]
        engines = await asyncio.gather(
            self._look("store", _kind(settings.database_url), app.store.reachable),
            self._look("log", _kind(settings.log_url), app.log.reachable),
            self._look("cache", _kind(settings.cache_url), app.cache.reachable),
        )
        kept = [KeptView(what, round(seconds / retention.DAY)) for what, seconds in retention.KEPT.items()]
        view = AboutView(_version(), platform.python_version(), LICENCE, settings.demo, shown, list(engines), kept)
        done = await app.store.read(retention.last) if engines[0].well else None
        if done is not None:
            view.purged, view.purged_rows, view.purged_days = done.at, done.rows, done.days
        return view

    async def _look(self, name: Literal["store", "log", "cache"], kind: str, look: Callable[[], Awaitable[None]]) -> EngineView:
        loop = asyncio.get_running_loop()
        began, said = loop.time(), ""
        try:
            await asyncio.wait_for(look(), PATIENCE)
        except Refusal as refusal:
            said = refusal.detail
        except TimeoutError:
            said = f"No answer within {PATIENCE:g} s."
        return EngineView(name, kind, not said, loop.time() - began, said)


def _kind(url: str) -> str:
    kinds = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "embedded": "embedded", "kafka": "Kafka", "memory": "memory", "redis": "Redis", "rediss": "Redis"}
    scheme = url.partition(":")[0].partition("+")[0]
    return kinds.get(scheme, scheme)


def _version() -> str:
    try:
        return metadata.version("carillon")
    except metadata.PackageNotFoundError:  # run from a folder that was not installed
        return "0"
