"""Providers as the processes that deliver see them: which there are, how well each does, and who stands in for whom.

What they see is told through the cache; a flushed one knows it again within seconds.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from backend.app.accounts import MAIN
from backend.app.alerts import resolve, say
from backend.app.base import Aggregate
from backend.app.views import Page, moment, moment_or_none
from backend.channels.guard import ALL, Word, word_key
from backend.channels.registry import kinds
from backend.domain.balance import WHOLE, slow
from backend.domain.breaker import failing, mean
from backend.domain.errors import NotFound
from backend.domain.halting import DOWN
from backend.domain.ids import make_id
from backend.security.roles import Actor, need
from backend.store import halts, parked, space_rows
from backend.store import providers as provider_rows
from backend.store.port import Tx

if TYPE_CHECKING:
    from backend.app.app import App


class ProviderView(msgspec.Struct):
    """One provider. `breaker`: closed (used), open (left alone until `until`) or trying. `points`: of a hundred, its part of the channel.
    `bad`, `answers`: of the last ten to twenty seconds. `rate`: attempts a second of all processes together, 0 for any number. `waiting`:
    deliveries parked because nobody of the channel can take them. `slow`: the mean time of an answer in seconds where it is above the bound, else 0."""

    key: str
    channel: str
    breaker: str
    points: int
    bad: int
    answers: int
    rate: int
    code: str
    halted: bool
    waiting: int
    since: datetime | None = None
    until: datetime | None = None
    slow: float = 0.0


class Providers(Aggregate):
    """See the module."""

    async def list(self, actor: Actor) -> Page[ProviderView]:
        """All, in order of preference within their channel; none while nobody delivers. Errors: `CacheUnavailable`."""
        need(actor, "operate")
        (raw,) = await self.app.cache.get_many([ALL])
        keys = msgspec.msgpack.decode(raw, type=list[str]) if raw else []
        raws = await self.app.cache.get_many([word_key(key) for key in keys])
        words = [msgspec.msgpack.decode(raw, type=Word) for raw in raws if raw is not None]

        def read(tx: Tx) -> tuple[set[str], dict[str, int]]:
            return {row.scope for row in halts.every(tx, actor.space)}, {
                channel: parked.count(tx, actor.space, DOWN + channel) for channel in {word.channel for word in words}
            }

        halted, waiting = await self.app.store.read(read)
        return Page([_view(word, words, halted, waiting.get(word.channel, 0)) for word in sorted(words, key=lambda word: (word.channel, word.order))])

    async def get(self, actor: Actor, key: str) -> ProviderView:
        """One. Raises `NotFound`."""
        need(actor, "operate")
        for view in (await self.list(actor)).items:
            if view.key == key:
                return view
        raise NotFound(f"There is no provider {key[:80]!r}, or nobody delivers now.")


async def turned(app: "App", word: Word, others: bool) -> None:
    """Its breaker turned: an alert while it is not closed; what waits behind a channel that was down goes on once somebody is able."""
    made, position, scope, now = breaker_alert(word.key), word.breaker.position, DOWN + (word.route or word.channel), app.clock.now()
    told = word.space or MAIN

    def write(tx: Tx) -> None:
        for space in _served(tx, word):
            if position == "open" and not others:
                parked.stop(tx, space, scope)
            else:
                parked.begin(tx, space, scope, now)

    await app.store.write(write)
    if position == "closed":
        await resolve(app, told, made)
    elif position == "open":
        way = "Others of the channel take over." if others else f"Nobody else sends {word.channel}: it waits, and goes on at a pace when it is well."
        code = f" ({word.code})" if word.code else ""
        await say(app, told, made, "error" if others else "critical", f"Provider {word.key} keeps failing{code} and is left alone. {way}")


def breaker_alert(known: str) -> bytes:
    """The id of the alert that a provider's breaker raises."""
    return make_id(0, b"breaker", known.encode())


def _served(tx: Tx, word: Word) -> list[int]:
    """The spaces whose messages go by this provider: its own, or all that have none of their own for its route."""
    if word.space:
        return [word.space]
    known, route = kinds(), word.route or word.channel
    have = {row.space for row in provider_rows.every(tx) if row.kind in known and known[row.kind].way == route}
    return [space for space in space_rows.every(tx) if space not in have]


def _view(word: Word, words: list[Word], halted: set[str], waiting: int) -> ProviderView:
    bad, answers = failing(word.breaker)
    return ProviderView(
        word.key, word.channel, word.breaker.position, _points(word, words), bad, answers, word.rate, word.code, f"provider:{word.key}" in halted,
        waiting, moment_or_none(word.breaker.changed or None), moment(word.breaker.until) if word.breaker.position == "open" else None,
        mean(word.breaker) if slow(word.breaker) else 0.0,
    )  # fmt: skip


def _points(word: Word, words: list[Word]) -> int:
    """Its part of the channel now."""
    mine = sorted((one for one in words if one.channel == word.channel), key=lambda one: one.order)
    sending = [one for one in mine if not one.key.startswith("capture-")] or mine
    able = [one for one in sending if one.breaker.position != "open"]
    if word not in able:
        return 0
    given = sending[0].points.given if able[0] is sending[0] and len(able) > 1 else 0
    return {0: WHOLE - given, 1: given}.get(able.index(word), 0)
