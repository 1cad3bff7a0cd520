"""`carillon check`: the settings and where each comes from, and whether engines and providers answer."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import click
import httpx
import msgspec

from backend.settings import Settings, described, hidden, load, make_home
from carillon.show import as_json, give, table

PATIENCE = 10.0  # seconds an engine may take


class Look(msgspec.Struct):
    """One thing that was looked at. `well` null: nothing is wrong, but it was not asked."""

    what: str
    well: bool
    said: str


@click.command()
@as_json
def check(as_json: bool) -> None:
    """Show the settings with their source, secrets hidden, and look at engines and providers. Exit 1 when one does not answer."""
    settings = load()
    looks = asyncio.run(_looks(settings))
    shown = [{"name": name, "value": value, "source": source} for name, value, source in described(settings)]
    value = {"settings": shown, "looks": msgspec.to_builtins(looks)}
    give(value, as_json, lambda: _lines(shown, looks))
    sys.exit(not all(look.well for look in looks))


def _lines(shown: list[dict[str, Any]], looks: list[Look]) -> Iterable[str]:
    yield from table(shown, {"name": "setting", "value": "value", "source": "from"})
    yield ""
    yield from table(
        ({"what": look.what, "well": "good" if look.well else "BAD", "said": look.said} for look in looks),
        {"what": "what", "well": "", "said": "answer"},
    )


async def _looks(settings: Settings) -> list[Look]:
    from carillon import local

    make_home(settings.home)
    if settings.embedded and (known := local.read(settings.home)) is not None:
        try:
            async with httpx.AsyncClient(base_url=known.address, timeout=PATIENCE, trust_env=False) as client:
                ready = (await client.get("/readyz")).json()
        except (httpx.TransportError, ValueError):
            pass  # left by one that was killed
        else:
            engines = [Look(name, said == "ready", said) for name, said in ready["engines"].items()]
            runs = Look("instance", True, f"runs, pid {known.pid}, {known.address}")
            return [runs, *engines, *await _providers(settings), *await _asked(known.address, known.token)]
    engines = await _engines(settings)
    added = await _added(settings) if next((one.well for one in engines if one.what == "store"), False) else []
    return [*engines, *await _providers(settings), *added]


async def _engines(settings: Settings) -> list[Look]:
    from backend.cache.open import open_cache
    from backend.clock import SystemClock
    from backend.log.open import open_log
    from backend.store.migrate import pending
    from backend.store.open import open_store

    clock, looks = SystemClock(), []

    async def schema() -> str:
        waiting = await asyncio.to_thread(pending, settings.database_url)
        return f"answers; {len(waiting)} revisions to apply: carillon migrate" if waiting else "answers; the schema is up to date"

    def engine(opened: Any) -> Callable[[], Awaitable[str]]:
        async def look() -> str:
            await opened.start()
            try:
                await opened.reachable()
            finally:
                await opened.close()
            return "answers"

        return look

    if settings.database_url.startswith("sqlite:"):
        looks.append(await _look("store", schema))
        if settings.log_url.startswith("embedded:"):
            looks.append(Look("log", looks[0].well, "in the same file"))
    else:
        store = await _look("store", engine(open_store(settings.database_url, clock)))
        looks.append(await _look("store", schema) if store.well else store)
    if not settings.log_url.startswith("embedded:"):
        looks.append(await _look("log", engine(open_log(settings.log_url, sqlite=None, clock=clock))))
    looks.append(await _look("cache", engine(open_cache(settings.cache_url, clock))))
    return looks


async def _providers(settings: Settings) -> list[Look]:
    from backend.channels.registry import providers
    from backend.clock import SystemClock
    from backend.security.sealing import Sealer

    made = providers(settings, shelf=_nowhere(), sealer=Sealer(settings.secret_key), clock=SystemClock(), report=_told)
    return [await _look(f"provider {one.key}", one.reachable) for one in made]


async def _asked(address: str, token: str) -> list[Look]:
    """Providers that were added in the portal, looked at by the instance that runs."""
    looks = []
    try:
        async with httpx.AsyncClient(base_url=address, timeout=2 * PATIENCE, trust_env=False, headers={"Authorization": f"Bearer {token}"}) as client:
            for one in (await client.get("/v1/providers")).json()["items"]:
                if one["origin"] == "portal" and one["used"]:
                    said = (await client.post(f"/v1/providers/{one['key']}/check")).json()
                    looks.append(Look(f"provider {one['known']}", said.get("well", False), said.get("said") or said.get("detail", "")))
    except (httpx.TransportError, ValueError, KeyError):
        looks.append(Look("providers", False, "the instance did not say"))
    return looks


async def _added(settings: Settings) -> list[Look]:
    """The same by ourselves, where none runs."""
    from backend.channels.fields import given_of
    from backend.channels.kinds import Parts
    from backend.channels.registry import kinds
    from backend.clock import SystemClock
    from backend.domain.known import known_as
    from backend.security.sealing import Sealer
    from backend.store import providers
    from backend.store.migrate import pending
    from backend.store.open import open_store

    if await asyncio.to_thread(pending, settings.database_url):
        return []
    clock, sealer = SystemClock(), Sealer(settings.secret_key)
    store = open_store(settings.database_url, clock)
    await store.start()
    try:
        rows = await store.read(providers.every)
    finally:
        await store.close()

    def reached(row: providers.ProviderRow, known: str) -> Callable[[], Awaitable[str]]:
        async def look() -> str:
            kind = kinds()[row.kind]
            made = kind.make(given_of(kind, known, row.fields, row.secrets, sealer, settings.base_url), Parts(clock, sealer, _nowhere(), _told, _Purse()))
            await made.start()
            try:
                return await made.reachable()
            finally:
                await made.close()

        return look

    used = [(row, known_as(row.space, row.key)) for row in rows if row.used and row.kind in kinds()]
    return [await _look(f"provider {known}", reached(row, known)) for row, known in used]


class _Purse:
    """A look costs nothing."""

    async def take(self, provider: str, day: int, amount: int, cap: int) -> int:
        return 0

    async def spent_out(self, provider: str) -> None:
        return None


async def _told(_: Any) -> None:
    return None


def _nowhere() -> Any:
    """A shelf that keeps nothing: nothing is kept by a look."""
    from backend.channels.capture import Shelf

    class Nowhere(Shelf):
        """See above."""

    return Nowhere()  # type: ignore[abstract]


async def _look(what: str, look: Callable[[], Awaitable[str]]) -> Look:
    from backend.domain.errors import Refusal

    try:
        said = await asyncio.wait_for(look(), PATIENCE)
    except Refusal as refusal:
        return Look(what, False, hidden(refusal.detail))
    except TimeoutError:
        return Look(what, False, f"no answer within {PATIENCE:g} s")
    return Look(what, True, said)
