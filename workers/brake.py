"""The brake: halts as this process knows them, looked at twice a second, so that the last step before a provider costs no question.

The cache tells that something changed (the revision of content, which every halt raises), the store what. While the cache is away the
store is asked each time; while both are, what was known last holds.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from backend.cache.port import Cache
from backend.domain.delivery import CHANNEL_NAME, Delivery
from backend.domain.errors import CacheUnavailable, Unavailable
from backend.domain.halting import stopped_by
from backend.store import content, halts
from backend.store.port import Store

log = logging.getLogger("carillon.line")

LOOK = 0.5  # seconds: a halt is obeyed everywhere within 2, with what the providers had begun


class Brake:
    """`on` is False while nothing is halted: then nobody asks further. `watchers` are called when halts came."""

    def __init__(self, *, store: Store, cache: Cache) -> None:
        self._store, self._cache = store, cache
        self._revision = -1
        self._halted: dict[int, frozenset[str]] = {}
        self.watchers: list[Callable[[], None]] = []

    @property
    def on(self) -> bool:
        return bool(self._halted)

    def holds(self, delivery: Delivery, provider: str) -> str:
        """The scope that stops this delivery on its way to this provider, "" when none does."""
        halted = self._halted.get(delivery.space)
        if not halted:
            return ""
        return stopped_by(
            halted, channel=CHANNEL_NAME[delivery.channel], category=delivery.category, priority=delivery.priority, template=delivery.template,
            event=delivery.event, provider=provider, campaign=delivery.campaign,
        )  # fmt: skip

    def halted(self, space: int) -> frozenset[str]:
        """The scopes of a space."""
        return self._halted.get(space, frozenset())

    async def look(self) -> None:
        """See what is halted now. Errors: `StoreUnavailable`."""
        word: bytes | None = None
        with contextlib.suppress(CacheUnavailable):
            (word,) = await self._cache.get_many([content.KEY])
        if word is not None and int(word) == self._revision:
            return
        revision, halted = await self._store.read(lambda tx: (content.revision(tx), halts.scopes(tx)))
        if word is None:
            with contextlib.suppress(CacheUnavailable):
                await content.announce(self._cache, revision)
        self._revision, was, self._halted = revision, self._halted, halted
        if halted != was:
            for watcher in self.watchers:
                watcher()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.look()
            except Unavailable:
                log.debug("the brake cannot look at what is halted")
            except Exception:
                log.exception("the brake cannot look at what is halted")
            await asyncio.sleep(LOOK)
