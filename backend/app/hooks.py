"""What providers tell at their hooks: receipts go to the log, opt-outs suppress an address or lift that again. The signature is the permission.

A request that comes twice changes nothing: receipts are the same rows, a request whose name was remembered is answered as before, and one with
opt-outs is remembered in the table `seen`, so that an old "start" cannot lift a newer "stop".
"""

import contextlib
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from backend.app.base import Aggregate
from backend.app.provider_trials import parts_of
from backend.channels.fields import given_of
from backend.channels.kinds import Forged, Given, Heard, Hook, Kind, Late, OptOut
from backend.channels.registry import kinds
from backend.domain.delivery import CHANNEL_NUMBER
from backend.domain.errors import CacheUnavailable, Invalid, NotFound, Refusal
from backend.domain.known import owner_of
from backend.security.limits import Policy
from backend.security.roles import Actor
from backend.store import persons, seen, suppressions
from backend.store import providers as rows
from backend.store.port import Tx
from backend.store.suppress import count_turned, suppress
from backend.store.suppressions import STOP
from backend.telemetry import HOOKS

RATE = Policy("hooks", 600_000, 60)  # of one network address; a text has three receipts, and a thousand texts a second are sent
FORGED_COSTS = 10_000  # of that: sixty forged ones a minute, and the address is not listened to any more
SOURCE = 90  # of hooks in `seen`


class Hooks(Aggregate):
    """See the module."""

    async def hear(self, known: str, hook: Hook, address: str) -> Heard:
        """What is answered to a request at the hook of the provider that is known so; `address`: whose request it is. Errors: `NotFound`, `Forged`,
        `Invalid`, `TooManyRequests`, `Unavailable`."""
        await self.app.limits.take(RATE, address)
        space, kind, given = await self._found(known)
        assert kind.hear is not None
        now = self.app.clock.now()
        try:
            heard = await kind.hear(given, hook, space, now)
        except Forged as forged:
            HOOKS.labels(known, "late" if isinstance(forged, Late) else "forged").inc()
            await self.app.limits.take(RATE, address, FORGED_COSTS)
            raise
        except Refusal:
            HOOKS.labels(known, "unreadable").inc()
            raise
        name = b"{hook}" + f"{known}:{heard.once}".encode()
        if heard.once and await self._remembered(name):
            HOOKS.labels(known, "repeated").inc()
            return heard
        report = parts_of(self.app).report
        for receipt in heard.receipts:
            await report(msgspec.structs.replace(receipt, space=space, provider=known, raw=receipt.raw[:500]))
        if heard.opt_outs:
            digest = blake2b(f"{known}\n{hook.url}\n".encode() + hook.body, digest_size=16).digest()
            for out in heard.opt_outs:
                await self._opted(space, known, digest, out)
        if heard.once:
            with contextlib.suppress(CacheUnavailable):
                await self.app.cache.put_many({name: b"1"}, heard.keep)
        HOOKS.labels(known, "heard").inc()
        return heard

    async def _found(self, known: str) -> tuple[int, Kind, Given]:
        owner = owner_of(known)
        row = await self.app.store.read(lambda tx: rows.get(tx, *owner)) if owner else None
        kind = kinds().get(row.kind) if row else None
        if row is None or kind is None or kind.hear is None:
            raise NotFound("There is no provider that is heard at this address. Copy it again from the page Providers.")
        given = given_of(kind, known, row.fields, row.secrets, self.app.sealer, self.app.settings.base_url)
        return row.space, kind, given

    async def _remembered(self, name: bytes) -> bool:
        try:
            return (await self.app.cache.get_many([name]))[0] is not None
        except CacheUnavailable:
            return False  # the rows know it again

    async def _opted(self, space: int, known: str, digest: bytes, out: OptOut) -> None:
        """One address: suppressed as its owner asked, or let go of where it was they who had asked for it."""
        channel, now = CHANNEL_NUMBER[out.channel], self.app.clock.now()
        try:
            hashed = self.app.sealer.address_hash(channel, out.address)
        except Invalid:
            return  # no address that anything was ever sent to
        actor = Actor(space, known, via="hook")
        holders = await self.app.store.read(lambda tx: persons.holders(tx, space, channel, hashed))

        def write(tx: Tx) -> tuple[None, Sequence[int]]:
            if not seen.first(tx, space, SOURCE, digest + hashed[:16] + (b"-" if out.stop else b"+"), now):
                return None, ()
            if out.stop:
                changed: Sequence[int] = suppress(tx, space, channel, hashed, STOP, known, now)
                self.note(tx, actor, "suppression.put", f"suppression:{out.channel}:{hashed.hex()}", reason=STOP)
                return None, changed
            there = suppressions.get(tx, space, channel, hashed)
            if there is None or there.reason != STOP:
                return None, ()  # what bounced or complained stays
            left = suppressions.without_stop(there, now)
            if left is None:
                suppressions.remove(tx, space, channel, hashed)
            else:
                suppressions.put(tx, left)
            changed = persons.holders(tx, space, channel, hashed)
            persons.bump(tx, space, changed, now)
            count_turned(tx, space, channel, changed, now, on=True)
            self.note(tx, actor, "suppression.remove", f"suppression:{out.channel}:{hashed.hex()}")
            return None, changed

        await self.changing_many(space, holders, write)
