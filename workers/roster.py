"""The roster: makes the providers of the table `providers`, in each process that delivers, and changes them while it runs.

A counter tells that something changed; a look at it is one row, once a second. A provider whose row is the same stays the very object it is,
with its connections. One that changed is made and started before the old one is left: what waits there comes back and goes to the new
one, what flies there is awaited.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from backend.channels.base import Answer, Provider
from backend.channels.fields import given_of
from backend.channels.guard import Guard
from backend.channels.kinds import Parts
from backend.channels.registry import kinds
from backend.channels.router import Owned, Router
from backend.domain.errors import Refusal, Unavailable
from backend.domain.known import known_as
from backend.store import providers
from backend.store.port import Store, Tx
from backend.store.providers import ProviderRow

log = logging.getLogger("carillon.channels")

LOOK = 1.0  # seconds: a change is obeyed everywhere within two
GRACE = 60.0  # seconds for which one that was closed is still known to be retired: what was chosen for it just before finds that out


class Entry(msgspec.Struct):
    """A row as it was made; `provider` None: it is switched off, or could not be."""

    row: ProviderRow
    provider: Provider | None


def made_of(row: ProviderRow) -> tuple[str, str, bytes, bool]:
    """What a provider is made of: another one has to be made when any of it changes."""
    return row.kind, row.fields, row.secrets, row.used


class Roster:
    """Of one process. `trouble` is told of a row that no provider can be made of, and with an empty sentence when one
    can again."""

    def __init__(self, *, store: Store, router: Router, guard: Guard, parts: Parts, base_url: str, trouble: Callable[[ProviderRow, str], None]) -> None:
        self._store, self._router, self._guard, self._parts, self._base, self._trouble = store, router, guard, parts, base_url, trouble
        self._entries: dict[str, Entry] = {}
        self._tested: frozenset[int] = frozenset()
        self._revision = -1
        self._closing: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.look()
            except Unavailable:
                log.debug("the roster cannot look at the providers")
            except Exception:
                log.exception("the roster of the providers stumbled")
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Follow what changed. Errors: `StoreUnavailable`."""
        if await self._store.read(providers.revision) == self._revision:
            return

        def read(tx: Tx) -> tuple[int, list[ProviderRow], frozenset[int]]:
            return providers.revision(tx), providers.every(tx), providers.tested(tx)

        revision, rows, tested = await self._store.read(read)
        entries = {known: await self._entry(known, row) for known, row in ((known_as(row.space, row.key), row) for row in rows)}
        stays = {id(entry.provider) for entry in entries.values()}
        gone = [entry.provider for entry in self._entries.values() if entry.provider is not None and id(entry.provider) not in stays]
        left = [*gone, *self._of_tested(tested - self._tested, entries)]
        anew = {key for key, entry in entries.items() if key in self._entries and self._entries[key].provider is not entry.provider}
        self._router.retired.update(gone)
        owned = [Owned(entry.row.space, _route(entry), entry.row.weight, entry.provider) for entry in entries.values()]
        await self._guard.become(lambda: self._router.become(owned, tested), anew)
        self._entries, self._tested, self._revision = entries, tested, revision
        for provider in left:
            self._router.leave(provider, Answer("withheld", "provider_changed", provider.key))
        for provider in gone:
            self._begin(self._close(provider))

    async def close(self) -> None:
        """Wait for those that are still being closed. The router closes the others."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _entry(self, known: str, row: ProviderRow) -> Entry:
        before = self._entries.get(known)
        if before is not None and made_of(before.row) == made_of(row) and (before.provider is not None or not row.used):
            return Entry(row, before.provider)
        return Entry(row, await self._made(known, row) if row.used else None)

    async def _made(self, known: str, row: ProviderRow) -> Provider | None:
        """Made and started; None where that cannot be, and the alarm says why."""
        try:
            kind = kinds().get(row.kind)
            if kind is None:
                self._trouble(row, f"Provider {known} is of the kind {row.kind}, which this version does not know. Its messages wait: update, or remove it.")
                return None
            provider = kind.make(given_of(kind, known, row.fields, row.secrets, self._parts.sealer, self._base), self._parts)
            await provider.start()
        except Refusal as refusal:
            self._trouble(row, f"Provider {known} cannot be used, and its messages wait: {refusal.detail} Correct it on the page Providers.")
        except Exception:
            log.exception("a provider could not be made")
            self._trouble(row, f"Provider {known} cannot be used, and its messages wait. Look into the log of this process, and at its fields on the page Providers.")
        else:
            before = self._entries.get(known)
            if before is not None and before.row.used and before.provider is None:
                self._trouble(row, "")
            return provider
        return None

    def _of_tested(self, tested: frozenset[int], entries: dict[str, Entry]) -> Sequence[Provider]:
        """Providers at which messages wait that must not leave the house any more."""
        return [entry.provider for entry in entries.values() if entry.row.space in tested and entry.provider is not None]

    def _begin(self, closing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, provider: Provider) -> None:
        try:
            await provider.close()
        except Exception:
            log.exception("provider %s could not be closed", provider.key)
        await asyncio.sleep(GRACE)
        self._router.retired.discard(provider)


def _route(entry: Entry) -> str:
    kind = kinds().get(entry.row.kind)
    return kind.way if kind is not None else entry.row.channel
