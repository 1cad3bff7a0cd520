"""What every part of the facade does alike: who may, which revision, the audit row, and facts forgotten around a commit."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from backend.domain.errors import CacheUnavailable, CursorForeign, Forbidden, Invalid, Stale
from backend.domain.ids import facts_key, parse_id, person_id
from backend.security.roles import Actor, may, need
from backend.store import audit, content
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App

T = TypeVar("T")
_made = itertools.count()
PAGE = 50  # rows of a list, unless asked for fewer
PAGE_LIMIT = 200
FORGET_AGAIN = 1.0  # seconds between tries to drop facts after a commit, while the cache is away
FORGET_KEYS = 1_000  # keys dropped in one trip


def place_of(after: str | None) -> tuple[float, bytes] | None:
    """Where a list by time goes on: a moment and an id, as `cursor_of` wrote them. Raises `CursorForeign`."""
    if not after:
        return None
    at, _, shown = after.partition(" ")
    try:
        return float(at), parse_id(shown)
    except (ValueError, Invalid):
        raise CursorForeign from None


def cursor_of(at: float, made: bytes) -> str:
    """What `place_of` reads."""
    return f"{at!r} {made.hex()}"


class Aggregate:
    """One part of the facade. Its public methods take the actor first and refuse before they look at anything else."""

    def __init__(self, app: "App") -> None:
        self.app = app

    async def changing(self, space: int, persons: Iterable[int], fn: Callable[[Tx], T]) -> T:
        """Run a write that changes the facts of these persons: the cache forgets them before it and after it.

        Before, so that a cache that is away refuses the change instead of letting old facts outlive it; after, for
        whoever read the old facts in between. When the cache goes away in the meantime the second time is made up for.
        """
        before = list(persons)
        return await self.changing_many(space, before, lambda tx: (fn(tx), before))

    async def changing_many(self, space: int, persons: Iterable[int], fn: Callable[[Tx], tuple[T, Iterable[int]]]) -> T:
        """The same where the write itself finds out whose facts it changed: `fn` returns its answer and those persons."""
        await self._forget([facts_key(space, person) for person in persons])
        answer, changed = await self.app.store.write(fn)
        keys = [facts_key(space, person) for person in changed]
        try:
            await self._forget(keys)
        except CacheUnavailable:
            self.app.later(self._forget_again(keys))
        return answer

    async def changing_content(self, fn: Callable[[Tx], T]) -> T:
        """Run a write that changes categories, published versions, halts or the space's wishes: every process learns of it."""

        def write(tx: Tx) -> tuple[T, int]:
            return fn(tx), content.bump(tx)

        answer, revision = await self.app.store.write(write)
        with contextlib.suppress(CacheUnavailable):  # the store has it; processes look there again within seconds
            await content.announce(self.app.cache, revision)
        return answer

    async def _forget(self, keys: list[bytes]) -> None:
        for n in range(0, len(keys), FORGET_KEYS):
            await self.app.cache.drop(keys[n : n + FORGET_KEYS])

    async def _forget_again(self, keys: list[bytes]) -> None:
        while True:
            try:
                return await self._forget(keys)
            except CacheUnavailable:
                await asyncio.sleep(FORGET_AGAIN)

    def note(self, tx: Tx, actor: Actor, action: str, target: str, /, **detail: Any) -> None:
        """The audit row, in the transaction of the change. `detail` holds names and numbers, no personal data."""
        now = self.app.clock.now()
        row = audit.AuditRow(
            space=actor.space,
            id=_in_order(int(now * 1000)),
            at=now,
            actor=actor.subject,
            role=actor.role,
            action=action,
            object=target,
            detail=msgspec.json.encode(detail).decode(),
        )
        audit.add(tx, row)


def _in_order(now_ms: int) -> bytes:
    """An id that sorts behind those this process made before, within the same millisecond too."""
    return now_ms.to_bytes(6, "big") + (next(_made) & 0xFFFFFFFF).to_bytes(4, "big") + secrets.token_bytes(6)


def is_own(actor: Actor, user_id: str) -> bool:
    """True when the actor is this person; a program whose id happens to read the same is nobody's person."""
    return bool(actor.person) and actor.subject == user_id and actor.person == person_id(actor.space, user_id)


def need_or_own(actor: Actor, user_id: str, permission: str, own: str = "wishes.own") -> bool:
    """Refuse unless the actor has the permission, or has `own` and is this person. True when it is allowed as its own alone."""
    if may(actor, permission):
        return False
    if is_own(actor, user_id) and may(actor, own):
        return True
    need(actor, permission)
    raise Forbidden(permission=permission)  # pragma: no cover  (need has refused)


def check_revision(seen: int | None, current: int, what: str) -> None:
    """Stale, naming both, unless the caller saw the current revision or names none."""
    if seen is not None and seen != current:
        raise Stale(
            f"{what} is at revision {current}, you changed revision {seen}. Read it again and repeat your change on the newer one.",
            seen=seen,
            current=current,
        )


def page_size(limit: int) -> int:
    """A page is 1 to 200 rows. Raises `Invalid`."""
    if not 1 <= limit <= PAGE_LIMIT:
        raise Invalid(f"limit is {limit}; a page has 1 to {PAGE_LIMIT} rows.", limit=limit)
    return limit
